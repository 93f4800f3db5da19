"""Folds repeats: the first of its kind goes out at once, those of the next second as one record with a `count`."""

WINDOW = 1.0
MOST = 4096


class Folder:
    """Takes records with the time of their arrival, gives back those that are due."""

    def __init__(self):
        self._open = {}  # key -> [deadline, last repeat or None, repeats]

    def take(self, record, now):
        """Return the records to write now that `record` has arrived."""
        due = self.due(now)
        key = _key(record)
        if key is None:
            return [*due, record]
        known = self._open.get(key)
        if known is not None:
            known[1] = record
            known[2] += record.get("count", 1)
            return due
        if len(self._open) >= MOST:
            due += self.due(float("inf"))
        self._open[key] = [now + WINDOW, None, 0]
        return [*due, record]

    def due(self, now):
        """Return the folded records whose second is over."""
        over = []
        for key, (deadline, last, repeats) in list(self._open.items()):
            # Windows open in the order of their deadlines.
            if deadline > now:
                break
            del self._open[key]
            if repeats:
                over.append({**last, "count": repeats})
        return over

    def deadline(self):
        """Return when the next record is due, or None."""
        return next((entry[0] for entry in self._open.values()), None)


def _key(record):
    if record["event"] == "tamper":
        return "tamper", record.get("pid"), record.get("reason")
    if record["event"] != "decision":
        return None
    names = ("pid", "capability", "target", "verdict", "phase")
    owner = record.get("owner", {})
    words = (tuple(record.get(name) or ()) for name in ("argv", "via"))
    return (*(record.get(name) for name in names), owner.get("name"), owner.get("version"), *words)
