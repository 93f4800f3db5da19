"""Writes the evidence down as a page: nothing on it that isn't in what it is given."""

import re

import alarms
from reenacting import OWN, PLAIN

LIMITS = "explanation/"
VERSION = re.compile(r"(3\.\d+)-")
RUNGS = {
    "py": "the core in Python alone",
    "c": "the core in C alone",
    "c + kernel": "the core in C, and all that the kernel can hold, the supervisor of system calls included (`--kernel require`)",
}
HEAD = """# Evidence

What importguard catches, what it refuses wrongly, what it costs and what it misses. Everything here was measured or read by
one command, `make evidence`, which writes [evidence.json](evidence.json) beside this page; each section says where it
comes from. The README quotes this page and nothing else.
"""


def page(known):
    """Return the Markdown page of what is known."""
    return "\n".join([HEAD, *_attacks(known["attacks"]), *_challenges(known["challenges"]), *_alarms(known["alarms"], known["programs"]), *_costs(known["costs"])])


def _from(about):
    words = [about["date"], f"`{about['by']}`", f"commit {about['commit']}"]
    words += [f"read from [{about['read_from']}]({_link(about['read_from'])})"] if "read_from" in about else []
    words += [about["machine"]] if "machine" in about else []
    return f"*{', '.join(words)}.*"


def _link(path):
    return path.removeprefix("docs/") if path.startswith("docs/") else f"../{path}"


def _attacks(known):
    versions = ", ".join(known["pythons"].values())
    rungs = list(next(iter(known["stopped"].values())))
    unguarded = "every one does what it is there for" if not known["happen_not"] else "; ".join(known["happen_not"])
    return [
        "## Attacks that are stopped",
        "",
        f"{len(known['attacks'])} re-enactments of real incidents (`tests/attacks/rows`), each in a world of its own with canaries and "
        f"sinks, on CPython {versions}. Without the guard {unguarded}. *Stopped* means by the ground truth: no canary left, no "
        "file was written, no program ran. *On record* means that the record names distribution, phase and target as well. "
        f"Some attacks look like ordinary work to the preset `recommended`; with *{OWN}* each is run under the rule that closes it.",
        "",
        *(f"- `{rung}`: {RUNGS[rung]}; layers {', '.join(known['layers'][rung])}" for rung in rungs),
        "",
        f"| CPython | rung | attacks | stopped by `{PLAIN}` | of these on record | stopped with {OWN} |",
        "|---|---|---|---|---|---|",
        "| all | unguarded | " + f"{len(known['attacks'])} | 0 | | |",
        *(_row(version, rung, count) for version, rungs in known["stopped"].items() for rung, count in rungs.items()),
        "",
        *(f"- stopped, and not on record with all that it is: `{name}`" for name in known.get("unnamed", ())),
        *(f"- not tried: `{name}` {reason}" for name, reason in known["lacking"].items()),
        *_from_line(known),
        "### Those that are not",
        "",
        "| attack | policy | not stopped by | why |",
        "|---|---|---|---|",
        *map(_miss, known["missed"]),
        "",
    ]


def _from_line(known):
    return [_from(known["provenance"]), ""]


def _row(version, rung, count):
    return f"| {version} | {rung} | {count['tried']} | {count[PLAIN]} | {count['named']} | {count[OWN]} |"


def _miss(miss):
    where = "; ".join(f"{rung} ({', '.join(versions)})" for rung, versions in miss["where"].items())
    return f"| `{miss['attack']}`: {miss['story']} | {miss['policy']} | {where} | {_why(miss)} |"


def _why(miss):
    reason = miss["reason"] or "not explained"
    return f"[{reason}]({LIMITS}{miss['page']}#{miss['section']})" if miss["section"] else reason


def _challenges(known):
    ways = ways_in(known)
    return [
        "## Attacks on the guard itself",
        "",
        "What tampers with the guard, evades it, or was thought up against its code (`tests/attacks`, `tests/docs/test_limits.py`), "
        "each an installed package that tries to copy a canary. "
        f"{known['stopped']} runs were stopped or are checks that hold, {len(known['open'])} are known misses of {len(ways)} kinds, "
        f"{len(known['broken'])} failed unexpectedly.",
        "",
        *_from_line(known),
        "Each known miss is a strict expected failure: when it closes, its test says so.",
        "",
        *(
            f"- [{section}]({LIMITS}{page}#{section}): `{name}`" + (f" ({', '.join(versions)})" if versions else "")
            for (page, section, name), versions in sorted(ways.items(), key=lambda way: way[0][1:])
        ),
        *(f"- failed: `{name}`" for name in known["broken"]),
        "",
    ]


def ways_in(known):
    """Return {(page, section, way): [versions]} of what is open; a way that is tried on one version alone has none."""
    found = {}
    for miss in known["open"]:
        function, _, parameters = miss["test"].partition("::")[2].partition("[")
        whole = parameters.rstrip("]") or function.removeprefix("test_")
        version = VERSION.match(whole)
        way = whole.removeprefix(version[0]) if version else whole
        found.setdefault((miss["page"], miss["section"], way), []).extend([version[1]] if version else [])
    return dict(sorted(found.items()))


def _alarms(known, programs):
    compat, strict, used, cpython, suites = (known[name] for name in alarms.NAMES)
    lines = [
        f"| harmless programs that do what attacks do (row 32) | {programs['tried']} runs | {len(programs['broken'])} | all of the above | "
        f"{_from(programs['provenance'])} |",
        _imported(compat, "recommended"),
        _imported(strict, "strict"),
        f"| popular distributions in use, under `recommended` and under a lock | {used['uses']} uses | {used['alarms']} | {used['python']} | "
        f"{_from(used['provenance'])} |",
        f"| the tests of {suites['suites']} well-known projects, observed and under a lock that was learnt from them | {suites['tests']} tests | "
        f"{suites['alarms']} | {suites['python']} | {_from(suites['provenance'])} |",
        f"| CPython's own tests as the application ({cpython['guarded']} of {cpython['guarded_whole']} guarded runs) | {cpython['tests']} tests | "
        f"{cpython['alarms']} | {cpython['python']} | {_from(cpython['provenance'])} |",
    ]
    return [
        "## False alarms",
        "",
        "What ends otherwise under the guard than without, or has anything refused.",
        "",
        "| what | of | differs | CPython | from |",
        "|---|---|---|---|---|",
        *lines,
        "",
    ]


def _imported(found, preset):
    return (
        f"| every module of {found['distributions']} distributions ({found['listed']} of the 300 most downloaded), imported under `{preset}` | "
        f"{found['modules']} modules | {found['alarms']} | {found['python']} | {_from(found['provenance'])} |"
    )


def _costs(known):
    return [
        "## Costs",
        "",
        f"CPU time guarded / bare, the median of paired rounds with its 95 % bootstrap interval, CPython {known['python']}. What the workloads "
        "are is in [benchmarks](../benchmarks/results.md).",
        "",
        "| workload | pairs | guarded / bare | interval |",
        "|---|---|---|---|",
        *(_cost(workload, ratio) for workload, ratio in known["ratios"].items()),
        "",
        *_from_line(known),
    ]


def _cost(workload, ratio):
    return f"| {workload} | {ratio['pairs']} | {ratio['median']:.3f} | {ratio['lower']:.3f} to {ratio['upper']:.3f} |"
