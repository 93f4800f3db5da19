"""`importguard report`: makes one page out of records."""

import argparse
import os
import sys

TEXT = "make one page out of records: who did what, when, in which phase"
EPILOG = """The page is one file that asks nothing of anybody: denials first, each with the line that would settle it, then who
reached for what, when, and every decision with a search.

A line that is no record is named, here and on the page, which is made of the rest; with such lines a page that is there
already stays as it is, unless --skip-unreadable says that the rest will do.

exit status: 0 written; 2 a file or a line of it can't be read, with one line for each problem.

example:
  importguard report run.jsonl -o report.html"""


def add(subparsers):
    """Register the parser of `report`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("report", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument(
        "records", metavar="RECORDS", nargs="+", help="files of records, as --records writes them or gzip packs them; - is standard input"
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default="report.html", help="the page (default: report.html); - is standard output"
    )
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="be content with the rest where lines are no records: exit 0, and write over a page that is there"
    )
    parser.set_defaults(run=run)


def run(args):
    """Write the page; raises RecordsError when a file can't be read or the page can't be written."""
    # Late, so that --help costs nothing.
    from importguard.errors import RecordsError
    from importguard.page import gather, model, write

    output = args.output
    if source := _same(args.records, output):
        raise RecordsError(f"{output}: the page would replace the records of {source}: give it another name by -o")
    records, problems = gather.gather(args.records)
    told = gather.told(problems)
    is_fault = bool(problems) and not args.skip_unreadable
    if is_fault and os.path.lexists(output) and not write.is_poured(output):
        raise RecordsError("\n".join([*told, f"{output} is left as it was: --skip-unreadable makes the page of the rest in its place"]))
    try:
        write.write(output, write.page(model.content(records, sources=args.records, left_out=told)))
    except OSError as error:
        raise RecordsError(f"{output}: can't be written: {error.strerror}") from error
    said = f"{output}: {_counted(len(records), 'record')}" + f", {_counted(len(problems), 'line')} left out" * bool(problems)
    lines = [said, *(f"left out: {problem}" for problem in told if not is_fault)]
    # Whoever takes the page from standard output is to get nothing else.
    aside = sys.stderr if write.is_poured(output) else sys.stdout
    if aside is not None:
        print("\n".join(lines), file=aside)
    if is_fault:
        raise RecordsError("\n".join(told))
    return 0


def _same(sources, output):
    """Return the file of records that the page would be written over, "" for none."""
    if not os.path.isfile(output):
        return ""
    there = [path for path in sources if path != "-" and os.path.exists(path)]
    return next((path for path in there if os.path.samefile(path, output)), "")


def _counted(number, noun):
    return f"{number} {noun}" + "s" * (number != 1)
