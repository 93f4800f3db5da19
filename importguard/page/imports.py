"""From `imports` records to the waterfall: for each process its modules in the order of their starts, and time per distribution."""

LONGEST = 10**12  # microseconds: whoever writes more than eleven days means something else
DEEPEST = 100


def content(records, texts, owner):
    """Return a mapping for each process that recorded imports, the longest first.

    `texts` is a model.Texts and `owner` names whom a mapping is about. `rows` are [module, owner, start, duration, self, depth],
    with microseconds from the first start on; `owners` are [owner, self, modules], the longest first.
    """
    commands, modules = {}, {}
    for record in records:
        if record["event"] == "armed":
            commands.setdefault(record.get("pid", 0), " ".join(record.get("argv") or ()))
        elif record["event"] == "imports":
            modules.setdefault(record.get("pid", 0), []).extend(record["modules"])
    found = [_process(pid, commands.get(pid, ""), listed, texts, owner) for pid, listed in modules.items() if listed]
    return sorted(found, key=lambda process: -process["total"])


def _process(pid, command, modules, texts, owner):
    first = min(entry["start"] for entry in modules)
    rows = [_row(entry, first, texts, owner) for entry in modules]
    rows.sort(key=lambda row: (row[2], row[5]))
    shares = {}
    for row in rows:
        share = shares.setdefault(row[1], [0, 0])
        share[0] += row[4]
        share[1] += 1
    return {
        "pid": pid,
        "command": command,
        "total": sum(row[4] for row in rows),
        "owners": sorted(([number, *share] for number, share in shares.items()), key=lambda entry: -entry[1]),
        "rows": rows,
    }


def _row(entry, first, texts, owner):
    times = (entry["start"] - first, entry["duration"], entry["self"])
    depth = max(0, min(entry["depth"], DEEPEST))
    return [texts.number(entry["module"]), texts.number(owner(entry)), *(max(0, min(time, LONGEST)) for time in times), depth]
