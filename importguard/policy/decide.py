"""What the policy says to a request: the first layer with a matching rule, in there the more specific target."""

from importguard.model import Decision
from importguard.policy import targets
from importguard.policy.table import EFFECT, KIND, PATTERNS, PHASES, RULE

ALLOWED = Decision("allow", "")
ALL_PHASES = ("startup", "import", "run")


def decide(table, request):
    """Return the Decision of a table on a request, "allow" or "deny", whatever the mode is.

    Pure but for the two questions that the table's hooks answer (whose file, written by this process tree), and
    total: a phase that nobody knows is treated as the strictest one, `import`.
    """
    phase = request.phase if request.phase in ALL_PHASES else "import"
    for rule in table.rules_for(request.capability, request.owner):
        if phase in rule[PHASES] and targets.matches(rule[KIND], rule[PATTERNS], request, table):
            return Decision(rule[EFFECT], rule[RULE])
    return ALLOWED
