"""`importguard report`: makes one page out of records."""

import argparse
import os

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
    parser.add_argument("records", metavar="RECORDS", nargs="+", help="files of records, as --records writes them")
    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the page (default: report.html)")
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="be content with the rest where lines are no records: exit 0, and write over a page that is there"
    )
    parser.set_defaults(run=run)


def run(args):
    """Write the page; raises RecordsError when a file can't be read or the page can't be written."""
    # Late, so that --help costs nothing.
    from importguard.errors import RecordsError
    from importguard.page import gather, model, write

    records, problems = gather.gather(args.records)
    told = gather.told(problems)
    is_fault = bool(problems) and not args.skip_unreadable
    if is_fault and os.path.lexists(args.output):
        raise RecordsError("\n".join([*told, f"{args.output} is left as it was: --skip-unreadable makes the page of the rest in its place"]))
    try:
        write.write(args.output, write.page(model.content(records, sources=args.records, left_out=told)))
    except OSError as error:
        raise RecordsError(f"{args.output}: can't be written: {error.strerror}") from error
    print(f"{args.output}: {len(records)} records" + f", {len(problems)} lines left out" * bool(problems))
    if is_fault:
        raise RecordsError("\n".join(told))
    for problem in told:
        print(f"left out: {problem}")
    return 0
