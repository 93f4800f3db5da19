"""Allocations of the interpreter fail one after the other while the deed is tried."""

from acme_tamper.stage import steal, tampered

try:
    from _testcapi import remove_mem_hooks, set_nomemory
except ImportError:
    steal()
else:
    tampered()
    for start in range(300):
        try:
            set_nomemory(start, start + 1)
            steal()
            break
        except (OSError, MemoryError):
            pass
        finally:
            remove_mem_hooks()
