import asyncio
import socket

import fastapi
import httpx
import pydantic
import uvicorn

app = fastapi.FastAPI()


class Item(pydantic.BaseModel):
    name: str


@app.post("/items")
async def create(item: Item):
    return {"made": item.name}


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    task = asyncio.create_task(server.serve(sockets=[listener]))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5)) as client:
        answer = await client.post(f"http://127.0.0.1:{listener.getsockname()[1]}/items", json={"name": "one"})
    print(answer.json())
    server.should_exit = True
    await task


asyncio.run(main())
