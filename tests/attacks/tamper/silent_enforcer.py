"""What carries a decision out does nothing."""

import sys

from acme_tamper.stage import everything, steal, tampered

if everything():
    enforcer = sys.modules["importguard.enforce"].Enforcer
    enforcer.carry_out = enforcer.guarded = lambda *arguments, **options: None
    tampered()
steal()
