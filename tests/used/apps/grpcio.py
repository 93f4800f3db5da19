from concurrent import futures

import grpc


def serve(details):
    if details.method == "/echo/Say":
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request.upper())
    return None


class Handler(grpc.GenericRpcHandler):
    service = staticmethod(serve)


server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Handler()])
port = server.add_insecure_port("127.0.0.1:0")
server.start()
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    print(channel.unary_unary("/echo/Say")(b"hello", timeout=30))
server.stop(None).wait()
