"""`importguard report`: makes one page out of records."""

import argparse

TEXT = "make one page out of records: who did what, when, in which phase"
EPILOG = """The page is one file that asks nothing of anybody: denials first, each with the line that would settle it, then who
reached for what, when, and every decision with a search.

exit status: 0 written; 2 a file can't be read, with one line for each problem, and nothing was written.

example:
  importguard report run.jsonl -o report.html"""


def add(subparsers):
    """Register the parser of `report`."""
    formatter = argparse.RawDescriptionHelpFormatter
    parser = subparsers.add_parser("report", help=TEXT, description=TEXT, epilog=EPILOG, formatter_class=formatter)
    parser.add_argument("records", metavar="RECORDS", nargs="+", help="files of records, as --records writes them")
    parser.add_argument("-o", "--output", metavar="FILE", default="report.html", help="the page (default: report.html)")
    parser.add_argument(
        "--skip-unreadable", action="store_true", help="leave out lines that are no records, and say so"
    )
    parser.set_defaults(run=run)


def run(args):
    """Write the page; raises RecordsError when a file can't be read or the page can't be written."""
    # Late, so that --help costs nothing.
    from importguard.errors import RecordsError
    from importguard.page import gather, model, write

    records, problems = gather.gather(args.records, skip=args.skip_unreadable)
    for problem in problems:
        print(f"left out: {problem}")
    try:
        write.write(args.output, write.page(model.content(records, sources=args.records)))
    except OSError as error:
        raise RecordsError(f"{args.output}: can't be written: {error.strerror}") from error
    print(f"{args.output}: {len(records)} records")
    return 0
