"""The table's rules are taken out of it."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    table = sys.modules["importguard.guard"].guard.table
    for name in dir(table):
        value = getattr(table, name, None)
        if type(value) in (dict, list, set):
            value.clear()
    type(table).watches = lambda *arguments: False
steal()
