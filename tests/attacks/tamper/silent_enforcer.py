"""What carries a decision out is replaced by something that does nothing."""

import sys

from acme_tamper.stage import steal, trying

with trying():
    sys.modules["importguard.enforce"].Enforcer.carry_out = lambda *arguments, **options: None
steal()
