"""Row 7 behind conditions on platform, locale and machine: the guard's answer doesn't depend on them."""

import textwrap

from rows import row07_curl_pyz as plain

GATE = """
import locale, os, platform, uuid
wanted = platform.system() == "Linux" and not os.environ.get("LANG", "").startswith("ru") and uuid.getnode()
locale.setlocale(locale.LC_ALL, "C")
if wanted:
"""
PAYLOAD = GATE + textwrap.indent(plain.FETCH_AND_RUN, "    ")
COMMON = {
    "models": ("requests-darwin-lite", "durabletask 1.4.1", "mistralai 2.4.6"),
    "techniques": ("T1195.002", "T1480.001", "T1614.001", "T1082", "T1105"),
}

SCENARIOS = (
    plain.scenario(
        30, "the conditions hold: the payload fires, or is stopped", PAYLOAD, variant="open", **plain.STOPPED, **COMMON
    ),
    plain.scenario(
        30,
        "the conditions don't hold: nothing happens, and nothing is refused",
        PAYLOAD,
        variant="shut",
        variables={"LANG": "ru_RU.UTF-8"},
        **COMMON,
    ),
)
