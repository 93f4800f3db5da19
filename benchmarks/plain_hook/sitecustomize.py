"""The audit hook that people write themselves: twenty lines that refuse a few paths and programs."""

import sys

REFUSED = ("/etc/shadow", "/.ssh/", "/.aws/")
WATCHED = frozenset(("open", "os.listdir", "os.system", "os.posix_spawn", "socket.connect"))


def hook(event, args):
    if event not in WATCHED:
        return
    if event == "open" or event == "os.listdir":
        path = args[0]
        if isinstance(path, str) and any(part in path for part in REFUSED):
            raise PermissionError(f"refused: {event} {path}")
    elif event == "os.system":
        raise PermissionError(f"refused: {event}")


sys.addaudithook(hook)
