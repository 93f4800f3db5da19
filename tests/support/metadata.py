"""Serves a cloud's metadata address inside a private network: `unshare -rn python metadata.py LOG COMMAND...`.

It gives 169.254.169.254 to the loopback device of that network, answers there, writes what it is asked to LOG as JSON
lines, runs COMMAND and exits as it did. Nothing of it can leave the machine: the network has no other device.
"""

import contextlib
import fcntl
import http.server
import json
import shutil
import socket
import struct
import subprocess
import sys
import threading

ADDRESS = "169.254.169.254"
SET_ADDRESS, SET_FLAGS = 0x8916, 0x8914  # SIOCSIFADDR and SIOCSIFFLAGS of <linux/sockios.h>
UP = 1  # IFF_UP of <net/if.h>
UNSHARE = ("unshare", "--map-root-user", "--net")


def missing():
    """Return what keeps this machine from making a private network, or "" when nothing does."""
    if shutil.which("unshare") is None:
        return "needs the program unshare"
    if subprocess.run([*UNSHARE, "true"], capture_output=True, timeout=20).returncode:
        return "needs the right to make a network namespace"
    return ""


def main(log, command):
    if [name for _index, name in socket.if_nameindex()] != ["lo"]:
        sys.exit("metadata.py: this network has other devices than loopback")
    bring_up("lo", "127.0.0.1")
    bring_up("lo:1", ADDRESS)
    server = http.server.ThreadingHTTPServer((ADDRESS, 80), _Endpoint)
    server.log = log
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return subprocess.run(command).returncode


def bring_up(device, address):
    """Give an address to a device of this network, and start it."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as control:
        name = device.encode().ljust(16, b"\0")
        fcntl.ioctl(control, SET_ADDRESS, name + struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address)))
        fcntl.ioctl(control, SET_FLAGS, name + struct.pack("H14x", UP))


class _Endpoint(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(self.server.log, "a") as log:
            log.write(json.dumps({"path": self.path}) + "\n")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"canary role")

    do_PUT = do_GET

    def log_message(self, *_arguments):
        """Keep the tests' own output free of the access log."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
