import pathlib

import virtualenv

virtualenv.cli_run(
    ["made", "--no-download", "--no-periodic-update", "--seeder", "app-data", "--app-data", "kept", "--quiet"]
)
print(pathlib.Path("made/bin/python").exists())
