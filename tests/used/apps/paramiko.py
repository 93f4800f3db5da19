import queue
import socket
import threading

import paramiko

paramiko.RSAKey.generate(2048).write_private_key_file("host_key")

asked = queue.SimpleQueue()


class Server(paramiko.ServerInterface):
    def check_auth_password(self, username, password):
        return paramiko.AUTH_SUCCESSFUL if (username, password) == ("user", "pass") else paramiko.AUTH_FAILED

    def check_channel_request(self, kind, number):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_exec_request(self, channel, command):
        asked.put((channel, command))
        return True


listener = socket.create_server(("127.0.0.1", 0))


def serve():
    transport = paramiko.Transport(listener.accept()[0])
    transport.add_server_key(paramiko.RSAKey(filename="host_key"))
    transport.start_server(server=Server())
    channel, command = asked.get(timeout=30)
    channel.sendall(command.upper())
    channel.send_exit_status(0)
    channel.close()
    transport.join(30)


threading.Thread(target=serve, daemon=True).start()
with paramiko.SSHClient() as client:
    client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
    client.connect("127.0.0.1", listener.getsockname()[1], "user", "pass", allow_agent=False, look_for_keys=False)
    print(client.exec_command("hello")[1].read())
