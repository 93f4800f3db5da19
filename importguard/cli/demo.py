"""`importguard demo`: shows an attack unguarded and guarded, in a throw-away environment."""

import signal
import sys

DESCRIPTION = """Builds throw-away environments with a harmless re-enactment of what litellm 1.82.7 and 1.82.8 did, runs an
application in them unguarded and guarded, and shows both. It needs no network, reads no credential but the
canaries that it made up, and leaves nothing behind."""
EPILOG = """exit status: 0 the attack happened unguarded and nothing of it happened guarded; 1 otherwise, saying what.

example:
  importguard demo"""


def add(subparsers):
    """Register the parser of `demo`."""
    parser = subparsers.add_parser(
        "demo", description=DESCRIPTION, epilog=EPILOG, help="show an attack unguarded and guarded"
    )
    parser.set_defaults(run=run)


def run(_options):
    """Play every scene, show it, and return 1 when one did not go as it must."""
    from importguard.demo import page, story  # late, so that --help costs nothing
    from importguard.launch import first

    first.require_first()
    # An orderly end, so that what was made is removed as well.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    shown = page.Page()
    shown.say(INTRODUCTION)
    wrong = []
    for number, played in enumerate(story.play(), 1):
        shown.scene(number, played.scene)
        shown.played(played)
        wrong += [f"{played.scene.title}: {problem}" for problem in story.problems(played)]
    shown.say("\n" + ("\n".join(wrong) if wrong else CONCLUSION), style="bold red" if wrong else "bold green")
    return 1 if wrong else 0


INTRODUCTION = (
    "An application with a poisoned dependency, run twice: as it is, and under importguard. acmellm is on no list; its "
    "behaviour alone gives it away. The credentials are canaries, the sink listens on loopback."
)
CONCLUSION = "The credentials went out unguarded, and nothing went out guarded."
