"""What a lock says of a launch, in a value of its own: a launch without a lock loads nothing else of locks."""

import os
import typing

DISTRIBUTION = "distribution"  # as in lock/model.py


class Locked(typing.NamedTuple):
    """A lock in force: `rules` for the table and `deputies` by its word, the names that are `quarantined`, and a record for
    whoever is.

    `vouched` are the start-up files that it knows with their content, as (distribution or "", file name).
    """

    rules: tuple = ()
    deputies: tuple = ()
    quarantined: tuple[str, ...] = ()
    records: tuple[dict, ...] = ()
    vouched: frozenset = frozenset()

    def vouches(self, record):
        """Say whether a record of the preflight is about a start-up file that the lock knows."""
        owner = record["owner"]
        name = owner["name"] if owner["kind"] == DISTRIBUTION else ""
        return record["rule"] == "start-up files" and (name, os.path.basename(record["target"])) in self.vouched
