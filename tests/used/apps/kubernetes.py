import os

from kubernetes import client

settings = client.Configuration(host=os.environ["SINK"])
settings.retries = 0
try:
    client.CoreV1Api(client.ApiClient(settings)).list_namespaced_pod("default")
except Exception as error:
    print(type(error).__name__)
print("asked")
