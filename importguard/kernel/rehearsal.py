"""Tries out whether this kernel has a call wait and then go on, in a thread that ends."""

import os
import queue
import select
import socket
import threading

from importguard.kernel import notify

MILLISECONDS = 2000
SILENT = "the kernel takes the filter, and tells of no call"


def problem(listen):
    """Return why system calls can't be supervised here, or an empty text; `listen` puts the filter over its thread."""
    heard = queue.SimpleQueue()
    thread = threading.Thread(target=_try, args=(listen, heard), daemon=True)
    thread.start()
    listener = heard.get()
    if isinstance(listener, OSError):
        return listener.strerror or str(listener)
    try:
        return _answer_all(listener, heard)
    finally:
        os.close(listener)
        thread.join(MILLISECONDS / 1000)


def _try(listen, heard):
    """Make a socket and give it a name, which some of the filters ask about once, others twice."""
    try:
        heard.put(listen())
    except OSError as error:
        heard.put(error)
        return
    try:
        with socket.socket(socket.AF_UNIX) as ours:
            ours.bind("")  # the kernel finds an abstract name
            heard.put("" if ours.getsockname() else "the kernel doesn't let a call go on that has waited")
    except OSError as error:
        heard.put(f"the kernel doesn't let a call go on that has waited: {error.strerror}")


def _answer_all(listener, heard):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    while heard.empty():
        if not poll.poll(MILLISECONDS):
            return SILENT if heard.empty() else heard.get()
        if heard.empty():
            call = notify.receive(listener)
            if call is not None:
                try:
                    notify.go_on(listener, call)
                except OSError as error:
                    return f"the kernel doesn't let a call go on that has waited: {error.strerror}"
    return heard.get()
