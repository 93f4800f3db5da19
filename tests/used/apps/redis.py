import socket
import threading

import redis

listener = socket.create_server(("127.0.0.1", 0))


def serve():
    while True:
        connection = listener.accept()[0]
        while data := connection.recv(4096):
            connection.sendall(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n" * data.count(b"*"))


threading.Thread(target=serve, daemon=True).start()
print(redis.Redis("127.0.0.1", listener.getsockname()[1], protocol=2).ping())
