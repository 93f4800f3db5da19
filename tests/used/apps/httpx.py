import asyncio
import os

import httpx

url = os.environ["SINK"] + "/httpx"


async def ask():
    async with httpx.AsyncClient() as client:
        return (await client.get(url)).status_code


print(httpx.get(url).status_code, asyncio.run(ask()))
