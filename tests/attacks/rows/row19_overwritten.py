"""A distribution that overwrites a file of another one when it is installed: transaction-utils."""

from payloads import STEAL_KEY, app, quietly
from scenario import Expected, Scenario
from support.wheels import Wheel

SCENARIOS = (
    Scenario(
        row=19,
        story="the second wheel brings its own copy of the first one's module, with a payload in it",
        models=("transaction-utils",),
        techniques=("T1195.001", "T1554", "T1552.004", "T1041"),
        wheels=(
            Wheel("acme-ledger", "6.2.0", {"acme_ledger/__init__.py": "", "acme_ledger/core.py": "RATE = 1\n"}),
            Wheel(
                "acme-transactions",
                "0.0.4",
                {"acme_transactions.py": "", "acme_ledger/core.py": "RATE = 1\n" + quietly(STEAL_KEY)},
            ),
        ),
        one_by_one=True,
        app=app("from acme_ledger import core", "assert core.RATE == 1"),
        achieves=("leaked:ssh", "POST:/key"),
        denied=(Expected("fs.read", "acme-*", "import", "*/.ssh/id_ed25519"),),
        then=(Expected("net.connect", "acme-*", "import", "127.0.0.1:*"),),
        flagged=("*/acme_ledger/core.py",),
    ),
)
