"""A sub-interpreter that CPython's own tests make does the deed."""

from acme_tamper.stage import COPY, steal

try:
    from _testcapi import run_in_subinterp
except ImportError:
    steal()
else:
    run_in_subinterp(COPY)
