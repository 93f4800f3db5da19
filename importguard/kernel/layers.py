"""Puts what a Plan says over the calling thread and everything that it starts; there's no way back."""

import threading

from importguard.kernel import landlock, machine, syscalls_unsafe

LAYERS = ("landlock", "seccomp")


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


def rehearse(plan):
    """Return the Plan with what this machine really takes: a thread takes it and ends."""
    for layer in LAYERS:
        if problem := _problem(plan, layer):
            plan = plan.without(layer, f"the kernel refuses it: {problem}")
    return plan


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


def call_beneath(plan, function):
    """Return what a function gives that is called beneath a Plan, in a thread that ends: nothing stays over this one."""
    answer = []

    def body():
        try:
            take(plan)
            answer.append((function(), None))
        except BaseException as error:
            answer.append((None, error))

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    result, error = answer[0]
    if error is not None:
        raise error
    return result
