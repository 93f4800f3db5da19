"""The system calls that Python doesn't offer, made through ctypes; nothing else in importguard touches ctypes."""

import ctypes
import os

PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def become_subreaper():
    """Make this process inherit every descendant whose own parent ends; raises OSError where that can't be had."""
    libc = ctypes.CDLL(None, use_errno=True)
    prctl = getattr(libc, "prctl", None)
    if prctl is None:
        raise OSError("this platform has no prctl")
    if prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
