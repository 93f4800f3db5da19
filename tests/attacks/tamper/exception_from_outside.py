"""ctypes raises in the guard's thread while it is at work."""

import ctypes
import threading

from acme_tamper.stage import steal


class Outside(BaseException):
    pass


def throw():
    while not done:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(Outside))


def surely(function):
    while True:
        try:
            return function()
        except Outside:
            pass


main, done = threading.main_thread().ident, []
thread = threading.Thread(target=throw)
surely(lambda: thread.ident or thread.start())
for _ in range(100):
    try:  # noqa: SIM105
        steal()
    except (Outside, OSError):
        pass
surely(lambda: done.append(True))
is_over = False
while not is_over:
    try:
        thread.join()
        steal()
        is_over = True
    except Outside:
        continue
