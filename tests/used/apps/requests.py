import os

import requests

answer = requests.post(os.environ["SINK"] + "/requests", json={"one": 1})
print(answer.status_code, requests.Session().get(os.environ["SINK"] + "/again").ok)
