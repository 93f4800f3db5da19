"""Asks a server again and again from a few threads until standard input ends: `visitor.py URL THREADS`.

Prints `ready` after the first answer, and at the end a JSON list of [status, body], 0 and the reason where there was none.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request

SECONDS = 30
PATIENCE = 90  # until the server listens


def ask(url):
    """Return (status, body) of one request; status 0 when it failed."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.reason
    except OSError as error:
        return 0, repr(error)


def main(url, threads):
    answers, over = [], threading.Event()
    deadline = time.monotonic() + PATIENCE
    while (first := ask(url))[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    answers.append(first)

    def visit():
        while not over.is_set():
            answers.append(ask(url))

    visitors = [threading.Thread(target=visit) for _ in range(threads)]
    for visitor in visitors:
        visitor.start()
    print("ready", flush=True)
    sys.stdin.read()
    over.set()
    for visitor in visitors:
        visitor.join()
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
