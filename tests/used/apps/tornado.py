import asyncio

from tornado import httpclient, httpserver, netutil, web


class Hello(web.RequestHandler):
    def get(self):
        self.write({"hello": "you"})


async def main():
    (listener,) = netutil.bind_sockets(0, "127.0.0.1")
    server = httpserver.HTTPServer(web.Application([("/", Hello)]))
    server.add_sockets([listener])
    answer = await httpclient.AsyncHTTPClient().fetch(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    print(answer.body)
    server.stop()


asyncio.run(main())
