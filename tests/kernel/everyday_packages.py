"""Workloads of popular distributions beside those of `everyday`: what they import is part of the work."""

import asyncio
import concurrent.futures
import json
import sys

from everyday import run, server, workload

PACKAGES = {
    "numpy_use": "numpy", "pandas_use": "pandas", "forest": "scikit-learn", "loky": "joblib", "requests_use": "requests",
    "requests_session": "requests", "aiohttp_use": "aiohttp", "uvloop_use": "uvloop", "psutil_use": "psutil",
    "grpc_use": "grpcio", "boto3_use": "boto3", "scipy_late": "scipy", "torch_use": "torch",
}  # fmt: skip


@workload
def numpy_use():
    import numpy

    numbers = numpy.random.rand(300, 300)
    numpy.linalg.svd(numbers @ numbers)
    numpy.save("t.npy", numbers)
    assert numpy.load("t.npy", mmap_mode="r")[0, 0] == numbers[0, 0]


@workload
def pandas_use():
    import pandas

    frame = pandas.DataFrame({"a": range(1000), "b": list("xy") * 500})
    frame.groupby("b").a.sum()
    frame.to_csv("t.csv")
    assert len(pandas.read_csv("t.csv")) == 1000
    pandas.date_range("2020", "2021", tz="Europe/Paris")


@workload
def forest():
    import numpy
    from sklearn.ensemble import RandomForestClassifier

    numbers = numpy.random.rand(200, 4)
    RandomForestClassifier(10, n_jobs=2).fit(numbers, numbers[:, 0] > 0.5).predict(numbers)


@workload
def loky():
    import joblib

    assert joblib.Parallel(n_jobs=2)(joblib.delayed(abs)(number) for number in (-1, -2)) == [1, 2]


@workload
def requests_use():
    import requests

    with server() as url:
        assert requests.get(url, timeout=5).ok and requests.get(url.replace("127.0.0.1", "localhost"), timeout=5).ok


@workload
def requests_session():
    import requests

    with server() as url, requests.Session() as session:
        assert all(session.get(url, timeout=5).ok for _ in range(3))


@workload
def aiohttp_use():
    import aiohttp

    async def main(url):
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            assert answer.status == 200

    with server() as url:
        asyncio.run(main(url))


@workload
def uvloop_use():
    import uvloop

    async def main():
        await asyncio.sleep(0.001)
        process = await asyncio.create_subprocess_exec("/bin/true")
        assert await process.wait() == 0

    uvloop.run(main())


@workload
def psutil_use():
    import psutil

    psutil.Process().memory_info(), psutil.net_if_addrs(), psutil.cpu_percent()
    psutil.Process().rlimit(psutil.RLIMIT_NOFILE)
    assert [process.name() for process in psutil.process_iter()]


@workload
def grpc_use():
    import grpc

    serving = grpc.server(concurrent.futures.ThreadPoolExecutor(1))
    port = serving.add_insecure_port("127.0.0.1:0")
    serving.start()
    grpc.channel_ready_future(grpc.insecure_channel(f"127.0.0.1:{port}")).result(timeout=10)
    serving.stop(0)


@workload
def boto3_use():
    import boto3

    client = boto3.client("s3", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="y")
    client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})


@workload
def scipy_late():
    import scipy.linalg
    import scipy.sparse

    scipy.sparse.eye(3).tocsr()


@workload
def torch_use():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    torch.nn.Linear(10, 10)(torch.rand(4, 10)).sum().backward()
    assert len(list(DataLoader(TensorDataset(torch.rand(8, 2)), batch_size=4, num_workers=1))) == 2


if __name__ == "__main__":
    print(json.dumps({name: run(name) for name in sys.argv[1:]}))
