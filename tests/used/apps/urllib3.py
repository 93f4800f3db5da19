import os

import urllib3

pool = urllib3.PoolManager()
print(pool.request("GET", os.environ["SINK"] + "/urllib3").status)
