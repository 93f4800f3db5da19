import pathlib
import threading

import watchfiles

stop = threading.Event()


def change():
    pathlib.Path("watched/file").write_text("text")


pathlib.Path("watched").mkdir()
for changes in watchfiles.watch("watched", stop_event=stop, rust_timeout=100, yield_on_timeout=True):
    if changes:
        print(sorted(kind.name for kind, _ in changes)[:1])
        break
    change()
