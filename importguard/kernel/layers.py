"""Puts what a Plan says over the calling thread and everything that it starts; there's no way back."""

import errno
import os
import queue
import threading

from importguard.kernel import landlock, machine, syscalls_unsafe

LAYERS = ("landlock", "seccomp")
BUSY = "something else that supervises system calls is over this process already (EBUSY): an outer guard, or a container's"


def take(plan):
    """Put every layer of a Plan over this thread; raises OSError where one is refused."""
    for layer in LAYERS:
        take_one(plan, layer)


def take_one(plan, layer):
    """Put one layer over this thread: before it starts anything, since other threads aren't reached."""
    if layer == "landlock" and plan.has_landlock:
        syscalls_unsafe.promise_no_new_privileges()
        landlock.restrict(plan.ceiling, plan.abi, plan.own)
    if layer == "seccomp" and plan.filters:
        syscalls_unsafe.promise_no_new_privileges()
        for name in plan.filters:
            syscalls_unsafe.load_filter(machine.program(name, plan.kind))


def listen(plan):
    """Have this thread and what it starts ask about some system calls, and return the descriptor that hears of them."""
    syscalls_unsafe.promise_no_new_privileges()
    try:
        return syscalls_unsafe.load_asking_filter(machine.program(plan.asking, plan.kind))
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise OSError(error.errno, BUSY) from error
        raise


def rehearse(plan):
    """Return the Plan with what this machine really takes: a thread takes it and ends."""
    for layer in LAYERS:
        if problem := _problem(plan, layer):
            plan = plan.without(layer, f"the kernel refuses it: {problem}")
    if plan.asking and (problem := _problem_of_asking(plan)):
        plan = plan.without("supervisor", problem)
    return plan


def _problem_of_asking(plan):
    from importguard.kernel import rehearsal  # most runs have no call asked about

    return rehearsal.problem(lambda: listen(plan))


def _problem(plan, layer):
    found = []
    thread = threading.Thread(target=_try, args=(plan, layer, found))
    thread.start()
    thread.join()
    return found[0] if found else ""


def _try(plan, layer, found):
    try:
        take_one(plan, layer)
    except OSError as error:
        found.append(error.strerror or str(error))


def call_beneath(plan, function, hear=None):
    """Return what a function gives that is called beneath a Plan, in a thread that ends: nothing stays over this one.

    Where a Plan asks, `hear` is called in this thread, beneath nothing, with the descriptor that hears, before the function
    is: whoever answers must be there by then.
    """
    answer, listeners, heard = [], queue.SimpleQueue(), queue.SimpleQueue()

    def body():
        try:
            take(plan)
            if hear is not None:
                listeners.put(listen(plan))
                if problem := heard.get():
                    raise problem
            answer.append((function(), None))
        except BaseException as error:
            answer.append((None, error))
        finally:
            listeners.put(None)

    thread = threading.Thread(target=body)
    thread.start()
    if hear is not None and (listener := listeners.get()) is not None:
        heard.put(_told(hear, listener))
    thread.join()
    result, error = answer[0]
    if error is not None:
        raise error
    return result


def _told(hear, listener):
    """Tell who hears, and return what went wrong; its copy of the descriptor is the only one from then on."""
    try:
        hear(listener)
    except OSError as error:
        return error
    finally:
        os.close(listener)
    return None
