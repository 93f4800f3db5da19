"""Writes a table as Parquet and as CSV, reads both again, and sums them up."""

import tempfile
from pathlib import Path

import numpy
import pandas

ROWS, ROUNDS = 50_000, 12

chance = numpy.random.default_rng(0)
table = pandas.DataFrame({"key": chance.integers(0, 50, ROWS), "value": chance.random(ROWS), "name": ["a", "b"] * (ROWS // 2)})
with tempfile.TemporaryDirectory() as folder:
    for number in range(ROUNDS):
        file = Path(folder, f"table-{number}.parquet")
        table.to_parquet(file)
        pandas.read_parquet(file).groupby("key")["value"].agg(["mean", "sum"])
        table.to_csv(file.with_suffix(".csv"))
        pandas.read_csv(file.with_suffix(".csv")).groupby("name").size()
