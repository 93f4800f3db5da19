"""What the processes below this one were refused, read off the file that the whole tree writes its records to."""

import json
import os

FILE = "file:"


class Children:
    """Reads the records of this process's descendants; `target` is where the guard of this process writes."""

    def __init__(self, target):
        self._path = target.removeprefix(FILE) if target.startswith(FILE) else ""
        self._family = {os.getpid()}
        self._offset = 0
        self._rest = b""

    def refused(self):
        """Return what descendants were refused since the last call; nothing where an outer run has the records."""
        return [record for record in self._new() if self._is_refusal_below(record)]

    def _new(self):
        if not self._path:
            return []
        try:
            with open(self._path, "rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [json.loads(line) for line in lines if line]

    def _is_refusal_below(self, record):
        if record["event"] == "armed" and record.get("ppid") in self._family:
            self._family.add(record["pid"])
        own = os.getpid()
        return record.get("verdict") in ("deny", "kill") and record["pid"] != own and record["pid"] in self._family
