"""`importguard report`: one page out of records, as a browser shows it."""

import gzip
import html
import json
import os
import re
import shutil
import stat
import subprocess
import threading

import pytest
from support import envs, guarded, wheels, worlds

from importguard.report import reader

HOSTILE = "1</script><img src=x onerror=document.title='owned'>\u202egpj"


def decision(number=0, **fields):
    owner = {"name": "litellm", "version": "1.82.8", "kind": "distribution"}
    return {
        "v": 1, "id": f"01J{number:06}", "time": f"2026-11-22T07:00:{number % 60:02}.000000Z", "event": "decision", "pid": 7,
        "verdict": "deny", "capability": "proc.spawn", "target": "/bin/sh", "argv": ["sh", "-c", "true"], "owner": owner,
        "via": [], "phase": "import", "module": "litellm", "rule": "preset:recommended#import.deny[1]", "layer": "audit",
        "stack": [{"owner": "litellm", "file": "/s/litellm.py", "line": 3, "function": "go"}], "count": 1, **fields,
    }  # fmt: skip


@pytest.fixture
def report(tmp_path):
    """A function that makes the page of records and returns (the CompletedProcess, the page's path)."""

    def make(*records, options=(), raw=""):
        path = tmp_path / "run.jsonl"
        path.write_text("".join(json.dumps(record) + "\n" for record in records) + raw)
        page = tmp_path / "out.html"
        return guarded.importguard("report", path, "-o", page, *options, seconds=240), page

    return make


def data_of(page):
    """Return what the page's script reads."""
    return json.loads(
        re.search(r'<script id="data" type="application/json">(.*?)</script>', page.read_text(), re.DOTALL)[1]
    )


@pytest.fixture(scope="session")
def browser():
    """A headless Chromium: a function that loads a page and returns its document as the script left it."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("this machine has no Chromium")

    def load(page, folder):
        quiet = ["--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
        options = ["--headless=new", "--no-sandbox", "--disable-gpu", *quiet, "--virtual-time-budget=60000", "--dump-dom"]
        command = [program, *options, f"--user-data-dir={folder}", f"file://{page}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    return load


def test_page_tells_what_was_refused_and_what_would_settle_it(report):
    """Repeats are one entry with a count, the stack and the line of policy that would allow it."""
    done, page = report(
        decision(1), decision(2, count=4), decision(3, verdict="allow", capability="fs.read", target="/x", argv=None)
    )

    assert done.returncode == 0, done.stderr
    (denial,) = data_of(page)["denials"]
    assert (denial["owner"], denial["target"], denial["count"]) == ("litellm 1.82.8", "/bin/sh -c true", 5)
    assert denial["settle"] == '[package.litellm] import.allow = ["proc.spawn:/bin/sh -c true"]'
    assert denial["stack"] == ["/s/litellm.py:3 go"]


def test_matrix_has_the_worst_verdict_of_each_cell(report):
    """A cell says how often, and the worst that came of it."""
    _done, page = report(
        decision(1, verdict="allow"),
        decision(2),
        decision(3, capability="net.connect", target="a:1", argv=None, verdict="log"),
    )

    matrix = data_of(page)["matrix"]

    assert matrix["owners"] == [["litellm 1.82.8", {"proc.spawn": ["deny", 2], "net.connect": ["log", 1]}]]


def test_browser_shows_text_and_never_markup(report, browser, tmp_path):
    """Names that hold tags, quotes and bidirectional marks are shown as text, and nothing of theirs runs."""
    owner = {"name": HOSTILE, "version": HOSTILE, "kind": "distribution"}
    _done, page = report(decision(1, owner=owner, target=HOSTILE, module=HOSTILE, argv=None, capability="fs.read"))

    document = browser(page, tmp_path / "profile")

    assert "data-ready" in document
    assert "<title>importguard report</title>" in document
    assert "<img" not in document
    shown = re.search(r'<div class="denial deny"><p><b>(.*?)</b>', document, re.DOTALL)[1]
    assert html.unescape(shown).startswith("1</script><img src=x") and "\u202e" not in shown


def imports(number=0, *modules, pid=7):
    """A record of imports: each module as (name, distribution, start, duration, self, depth), in milliseconds."""
    entries = [
        {
            "module": name, "owner": {"name": owner, "version": "1.0", "kind": "distribution"}, "start": 1_795_000_000_000_000 + 1000 * start,
            "duration": 1000 * duration, "self": 1000 * own, "depth": depth,
        }
        for name, owner, start, duration, own, depth in modules
    ]  # fmt: skip
    return {
        "v": 1, "id": f"01K{number:06}", "time": "2026-11-22T07:00:01.000000Z", "event": "imports", "pid": pid, "modules": entries,
    }  # fmt: skip


def test_waterfall_has_each_process_and_what_each_distribution_took(report):
    """Modules come in the order of their starts, distributions by their own time, processes by their total."""
    inner, outer = ("inner", "acme-b", 10, 20, 20, 1), ("outer", "acme-a", 0, 35, 15, 0)
    _done, page = report(imports(1, inner, outer), imports(2, ("small", "acme-c", 5, 1, 1, 0), pid=8))

    data = data_of(page)

    long, short = data["imports"]
    assert (long["pid"], long["total"], short["pid"]) == (7, 35_000, 8)
    assert [data["texts"][row[0]] for row in long["rows"]] == ["outer", "inner"]
    assert long["rows"][1][2:] == [10_000, 20_000, 20_000, 1]
    assert [(data["texts"][owner], own) for owner, own, _ in long["owners"]] == [("acme-b 1.0", 20_000), ("acme-a 1.0", 15_000)]


def test_browser_shows_the_waterfall(report, browser, tmp_path):
    """Bars, times and hostile names as text; a page without imports shows none of it."""
    _done, page = report(decision(1), imports(1, (HOSTILE, HOSTILE, 0, 40, 40, 0), ("inner", "acme-b", 10, 30, 30, 10**9)))
    document = browser(page, tmp_path / "profile")
    _done, other = report(decision(1))
    without = browser(other, tmp_path / "profile")

    assert "data-ready" in document and "<title>importguard report</title>" in document
    assert "<img" not in document and "\u202e" not in document
    assert "40.0 ms" in document and document.count('<div class="fall"') == 2
    assert 'hidden="" id="imports-section"' not in document
    assert 'hidden="" id="imports-section"' in without and '<div class="fall"' not in without


@pytest.mark.parametrize("modules", [5, [1], [{"module": "a"}], [{"module": "a", "owner": {}, "start": "x", "duration": 1, "self": 1, "depth": 1}]])
def test_imports_that_are_none_are_named(report, modules):
    """What poses as a record of imports is none, and the page has nothing of it."""
    done, page = report({**imports(1), "modules": modules})

    assert (done.returncode, data_of(page)["imports"]) == (2, [])
    assert "modules are no list of timed modules" in done.stderr


def test_browser_opens_a_large_file(report, browser, tmp_path):
    """A hundred thousand records open, and only those that can be seen are in the document."""
    records = [
        decision(number, verdict="allow" if number % 50 else "deny", target=f"/bin/p{number % 700}")
        for number in range(90_000)
    ]
    records += [imports(number, (f"m{number}", f"acme-{number % 300}", number, 2, 2, 0)) for number in range(10_000)]
    _done, page = report(*records)

    document = browser(page, tmp_path / "profile")

    assert "data-ready" in document
    assert "90,000 of 90,000" in document and "10,000 of 10,000" in document
    assert document.count("<tr>") < 400 and document.count('<div class="fall"') < 200


@pytest.mark.parametrize("raw", ["not a record\n", '{"v":1,"event":"decision"}\n', '{"v":2}\n'])
def test_line_that_is_no_record_is_named_and_the_page_is_made_of_the_rest(report, raw):
    """A line that can't be read: file, line and reason on standard error and ahead of all else that went wrong, exit 2."""
    done, page = report(decision(1), raw=raw)

    assert done.returncode == 2
    assert re.fullmatch(r"importguard IG140: \S+run\.jsonl:2: unreadable record: .+\n", done.stderr)
    data = data_of(page)
    assert len(data["rows"]) == 1 and "1 record, 1 line left out" in done.stdout
    assert data["events"][0]["event"] == "left out" and "run.jsonl:2: unreadable record" in data["events"][0]["reason"]


def test_page_that_is_there_stays_as_it_was_where_a_line_is_no_record(report, tmp_path):
    """Nothing is overwritten by a page that lacks something, unless --skip-unreadable says so; what to do is said."""
    (tmp_path / "out.html").write_text("of yesterday")

    done, page = report(decision(1), raw="torn")

    assert (done.returncode, page.read_text()) == (2, "of yesterday")
    assert "run.jsonl:2: unreadable record" in done.stderr and "out.html is left as it was: --skip-unreadable" in done.stderr
    assert report(decision(1), raw="torn", options=("--skip-unreadable",))[0].returncode == 0
    assert len(data_of(page)["rows"]) == 1


def test_unreadable_lines_can_be_left_out(report):
    """With --skip-unreadable the rest makes the page, and what was left out is told."""
    done, page = report(decision(1), raw="torn", options=("--skip-unreadable",))

    assert done.returncode == 0
    assert "run.jsonl:2: unreadable record" in done.stdout
    assert len(data_of(page)["rows"]) == 1


def test_pipe_in_the_place_of_the_page_stays_one(tmp_path):
    """/dev/stdout, say, is written to: nothing is put in its place, though whoever may write there could."""
    (tmp_path / "run.jsonl").write_text("")
    os.mkfifo(tmp_path / "pipe")
    page = []
    taking = threading.Thread(target=lambda: page.append((tmp_path / "pipe").read_bytes()), daemon=True)
    taking.start()

    done = guarded.importguard("report", tmp_path / "run.jsonl", "-o", tmp_path / "pipe")
    taking.join(60)

    assert done.returncode == 0 and page[0].startswith(b"<!doctype html>")
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe").st_mode)


def test_page_and_records_by_standard_streams(tmp_path):
    """`-` is standard input and standard output, whole and alone, as /dev/stdout is; what is said goes aside."""
    (tmp_path / "run.jsonl").write_text(json.dumps(decision(1)) + "\n")
    for place in ("-", "/dev/stdout"):
        with open(tmp_path / "run.jsonl") as records:
            command = [*guarded.launcher(), "report", "-", "-o", place]
            done = subprocess.run(command, stdin=records, capture_output=True, text=True, cwd=tmp_path, timeout=60)

        assert (done.returncode, done.stderr) == (0, f"{place}: 1 record\n")
        assert done.stdout.startswith("<!doctype html>") and done.stdout.endswith("</html>\n")
    assert os.listdir(tmp_path) == ["run.jsonl"]


@pytest.mark.parametrize(("words", "said"), [("- -o out.html <&-", "standard input is closed"), ("/dev/null -o - >&-", "standard output is closed")])
def test_stream_that_is_closed_is_one_line(tmp_path, words, said):
    """Standard input or output that isn't there: one line, exit 2, and nothing is written elsewhere in its stead."""
    command = ["/bin/sh", "-c", f'"$@" report {words}', "sh", *guarded.launcher()]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1) and said in done.stderr
    assert os.listdir(tmp_path) == []


def test_what_rotation_packed_is_read(report, tmp_path):
    """A file of gzip is read as what it holds; one that was cut off is a line that says so."""
    packed = tmp_path / "run.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(decision(1)).encode() + b"\n"))
    done = guarded.importguard("report", packed, "-o", tmp_path / "out.html")
    assert (done.returncode, len(data_of(tmp_path / "out.html")["rows"])) == (0, 1), done.stderr

    whole = packed.read_bytes()
    for damaged in (whole[:-9], whole[:3], whole[:12] + b"\xff" * 20 + whole[32:], whole[:2] + b" no gzip"):
        packed.write_bytes(damaged)
        done = guarded.importguard("report", packed, "-o", tmp_path / "cut.html")
        assert (done.returncode, len(done.stderr.splitlines())) == (2, 1) and "run.jsonl.gz: can't be read: " in done.stderr


def test_page_without_room_leaves_nothing_behind(tmp_path):
    """Where a page finds no room, what was there stays, and nothing of the page lies beside it."""
    (tmp_path / "run.jsonl").write_text("")
    (tmp_path / "out.html").write_text("of yesterday")
    line = 'ulimit -f 4; exec "$@"'
    command = ["/bin/sh", "-c", line, "sh", *guarded.launcher(), "report", "run.jsonl", "-o", "out.html"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert done.returncode == 2 and "out.html: can't be written: File too large" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["out.html", "run.jsonl"]
    assert (tmp_path / "out.html").read_text() == "of yesterday"


@pytest.mark.parametrize("name", ["run.jsonl", "link", "./run.jsonl"])
def test_page_never_replaces_the_records(tmp_path, name):
    """A page by the name of the records that it is made of, or by a link to them, is a mistake: they stay."""
    text = json.dumps(decision(1)) + "\n"
    (tmp_path / "run.jsonl").write_text(text)
    (tmp_path / "link").symlink_to("run.jsonl")

    done = guarded.importguard("report", tmp_path / "run.jsonl", "-o", f"{tmp_path}/{name}")

    assert (done.returncode, (tmp_path / "run.jsonl").read_text()) == (2, text)
    assert "the page would replace the records" in done.stderr


def test_file_that_isnt_there_is_named(tmp_path):
    """A records file that doesn't exist: one line, exit 2."""
    done = guarded.importguard("report", tmp_path / "nothing.jsonl", "-o", tmp_path / "out.html")

    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "nothing.jsonl: can't be read" in done.stderr


def test_page_of_a_real_run(tmp_path, empty_environment):
    """What a run wrote makes a page: its own records of the end and of what went wrong are none of the unreadable ones."""
    made = envs.copy(empty_environment, tmp_path / "env")
    thief = wheels.Wheel(
        "acme-thief",
        "1.0",
        {"acme_thief.py": "import subprocess\ntry: subprocess.run(['/bin/true'])\nexcept OSError: pass\n"},
    )
    envs.install(made, thief, folder=tmp_path / "wheels")
    with worlds.furnished(tmp_path / "world", made) as world:
        outcome = guarded.run(world, [made.python, "-c", "import acme_thief"])
        path = world.root / "records.jsonl"
        # What the supervisor writes of a line that it couldn't read is a record like any other.
        path.write_text(path.read_text() + json.dumps(reader.unreadable(b"torn", "cut off")) + "\n")
        done = guarded.importguard("report", path, "-o", tmp_path / "out.html")

    assert {record["event"] for record in outcome.records} >= {"armed", "decision", "exit"}
    assert done.returncode == 0, done.stderr
    data = data_of(tmp_path / "out.html")
    assert [(denial["owner"], denial["capability"]) for denial in data["denials"]] == [("acme-thief 1.0", "proc.spawn")]
    assert [event["event"] for event in data["events"]] == ["tamper"]


def test_records_without_a_time_or_an_id_are_shown_all_the_same(report):
    """Any guarded process may have written them."""
    bare = {key: value for key, value in decision().items() if key not in ("time", "id")}

    made, page = report(bare, {"v": 1, "event": "armed", "argv": None}, {**decision(1), "time": "0001-01-01T00:00:00"})

    assert made.returncode == 0, made.stderr
    assert "litellm" in page.read_text()
