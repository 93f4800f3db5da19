"""`python -m importguard`: every command that doesn't have to be first."""

import sys

from importguard.cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
