"""ctypes raises in the guard's thread while it is at work."""

import ctypes
import os
import threading

from acme_tamper.stage import steal, trying


class Outside(BaseException):
    pass


def throw():
    for _ in range(300):
        os.sched_yield()
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(Outside))


def surely(function):
    while True:
        try:
            return function()
        except Outside:
            pass


def attempts():
    for _ in range(100):
        with trying():
            steal()


main = threading.main_thread().ident
thread = threading.Thread(target=throw)


def everything():
    if not thread.ident:
        thread.start()
    attempts()
    thread.join()
    steal()


# One that comes while another one is caught is caught further out.
surely(lambda: surely(lambda: surely(lambda: surely(everything))))
