import asyncio

import aiohttp
from aiohttp import web


async def main():
    app = web.Application()

    async def hello(request):
        return web.json_response({"hello": request.query["name"]})

    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/?name=you") as answer:
        print(await answer.json())
    await runner.cleanup()


asyncio.run(main())
