"""Vetting: every module of a distribution is imported guarded, whatever it does, and what it reached for is told."""

import json
import os
import re
import signal
import subprocess
import tarfile

import furnishing
import pytest
from support import envs, guarded, sinks, wheels

from importguard.cli import vet
from importguard.vet import executors, installing, looking, modules, page, result, vetting
from importguard.vet.store import ResultsError, Store

BY = "these conditions"


@pytest.fixture(scope="module")
def sink():
    with sinks.http_sink() as opened:
        yield opened


@pytest.fixture(scope="module")
def environment(interpreter, sink, tmp_path_factory):
    """An Environment with all the distributions, as `vet` would have made it."""
    folder = tmp_path_factory.mktemp("vetted")
    made = envs.create(folder / "env", interpreter)
    envs.install(made, furnishing.PLAIN, furnishing.SINGLE, furnishing.RUDE, furnishing.caller(sink.url), folder=folder)
    empty = installing.Environment(made.path, ())
    return installing.Environment(made.path, installing.pins_of(empty))


@pytest.fixture(scope="module")
def terms(interpreter):
    stdlib = f"{interpreter.path.parent.parent}/lib/python{interpreter.version}"
    return looking.Terms(str(interpreter.path), guarded.launcher(), stdlib, vet.HOW, patience=5)


@pytest.fixture(scope="module")
def found(environment, terms):
    """What this process itself finds out, by name."""
    jobs = vetting.jobs_in([environment])
    return {each.name: each for each in executors.here(jobs, terms, at_a_time=2)}


def test_plain_modules_are_imported_and_programs_left_alone(found):
    """Tests aren't imported unless that is asked for; a module that lacks something is no finding."""
    plain = found["acme-plain"]

    assert plain.errors.keys() == {"acme_plain", "acme_plain.inner", "acme_plain.lacking"}
    assert [name for name, error in plain.errors.items() if error] == ["acme_plain.lacking"]
    assert plain.programs == 1 and plain.is_clean


def test_what_is_allowed_is_told_and_no_finding(found):
    """Binding a port of loopback that nobody has asked for is what `recommended` lets everybody do."""
    single = found["acme-single"]

    assert [(reach.phase, reach.capability, reach.rule) for reach in single.reached] == [("import", "net.listen", "")]
    assert "reached import  net.listen   127.0.0.1:0" in page.block(single) and single.is_clean


def test_what_is_refused_is_a_finding_of_whom_it_belongs_to(found, environment, sink):
    """The one that calls is named with phase, target and rule, and the sink hears nothing that it hears otherwise."""
    (refused,) = found["acme-caller"].refused

    assert (refused.phase, refused.capability, refused.owner) == ("import", "net.connect", "acme-caller")
    assert refused.target == f"{sink.host}:{sink.port}" and refused.rule.startswith("preset:recommended#import.deny")
    assert "denied  import  net.connect" in page.block(found["acme-caller"])
    assert sink.received == []
    subprocess.run([environment.python, "-c", "import acme_caller.late"], check=True, timeout=60)
    assert [item.path for item in sink.received] == ["/called"]


def test_a_module_that_ends_or_blocks_the_process_stops_no_other(found):
    """Exits, signals, endless waits, closed descriptors and questions end with a reason; the rest is imported."""
    errors = {name.removeprefix("acme_rude."): error for name, error in found["acme-rude"].errors.items()}

    assert errors["a_exits"].startswith("SystemExit: 3")
    assert errors["b_ends"].startswith("ended the process: exit 7")
    assert errors["c_dies"].startswith("ended the process")
    assert errors["d_hangs"].startswith("took longer than")
    assert errors["e_closes"].startswith("ended the process")
    assert errors["g_asks"].startswith("EOFError")
    assert [errors[name] for name in ("acme_rude", "f_patches", "h_fine")] == ["", "", ""]


def test_a_run_is_taken_up_where_it_was_ended(environment, terms, tmp_path):
    """What was known stays as it was, a line that was cut off is made anew, and other conditions count for nothing."""
    jobs = [job for job in vetting.jobs_in([environment]) if job[1] in ("acme-caller", "acme-plain")]
    path = tmp_path / "results.jsonl"
    known = result.Result("acme-caller", "1.0", {"acme_caller": "as it was"})
    Store(path, BY).add(known)
    Store(path, "others").add(result.Result("acme-plain", "1.0", problem="of another run"))
    path.write_bytes(path.read_bytes() + b'{"alarms": ["these cond')

    results = list(vetting.vet(jobs, terms, vetting.Plan(), Store(path, BY)))

    assert results[0] == known and results[1].problem == "" and len(results[1].errors) == 3
    assert {name: found.errors for (name, _), found in Store(path, BY).known.items()} == {
        found.name: found.errors for found in results
    }
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize("content", [b'{"by": "x"}\n', b"a line without an end", b"\xff\x00", b'{"alarms": []}\nand more'])
def test_a_results_file_that_is_something_else_is_left_alone(tmp_path, content):
    """One line with file, line and reason; nothing is overwritten."""
    path = tmp_path / "results.jsonl"
    path.write_bytes(content)

    with pytest.raises(ResultsError, match=r"results\.jsonl:1: no result of vet"):
        Store(path, BY)

    assert path.read_bytes() == content


def test_a_cluster_finds_what_one_process_finds(environment, terms, found):
    """Two Dask workers, one of which is killed at its work once a first result is there: all results, and the same."""
    distributed = pytest.importorskip("distributed")
    jobs = [job for job in vetting.jobs_in([environment]) if job[1] != "acme-rude"]
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as workers,
        distributed.Client(workers) as client,
    ):
        pids = client.run(os.getpid)
        results, killed = {}, []
        for each in executors.on_dask(jobs, terms, client):
            results[each.name] = each
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            if busy and not killed:
                killed = [pids[busy[0]]]
                os.kill(killed[0], signal.SIGKILL)

    assert killed and results == {name: found[name] for _, name, _ in jobs}


def test_a_worker_elsewhere_makes_its_own_environment(environment, terms, interpreter, tmp_path, monkeypatch):
    """Where the environment isn't, the same pins are installed once, and the result is the same."""
    folder = tmp_path / "wheels"
    wheels.build(furnishing.PLAIN, folder, interpreter)
    offer(monkeypatch, folder)
    elsewhere = installing.Environment(tmp_path / "not here", (("acme-plain", "1.0"),))

    first = executors.work(elsewhere, "acme-plain", "1.0", terms)

    assert first == looking.look(environment, "acme-plain", "1.0", terms)
    assert list(executors.built) == [elsewhere.pins]


def test_the_command_installs_looks_and_keeps(interpreter, tmp_path):
    """A wheel is looked at with what it needs, what has only a source is skipped and not run, exit status 1."""
    folder = tmp_path / "wheels"
    needy = wheels.Wheel("acme-needy", "1.0", {"acme_needy.py": "import acme_plain\n"}, requires=("acme-plain",))
    for wheel in (furnishing.PLAIN, needy):
        wheels.build(wheel, folder, interpreter)
    canary = source_only(folder, tmp_path)
    variables = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull, "HOME": str(tmp_path)}
    command = ["vet", "acme-needy", "acme-source", "--python", interpreter.path, "--results", tmp_path / "kept.jsonl"]

    ended = guarded.importguard(*command, variables=variables, seconds=120)

    assert ended.returncode == 1, ended.stderr
    assert "native code is not contained" in ended.stderr
    assert "acme-needy 1.0: 1 module, 0 not importable" in ended.stdout
    assert "acme-plain 1.0: 3 modules, 1 not importable, 1 program left alone" in ended.stdout
    assert re.search(r"not installed  acme-source: .*No matching distribution", ended.stdout)
    assert {json.loads(line)["name"] for line in (tmp_path / "kept.jsonl").read_text().splitlines()} == {
        "acme-needy",
        "acme-plain",
    }
    assert not canary.exists()


def test_the_modules_of_a_distribution_are_read_off_its_record(environment):
    """Packages, single modules and tests are told apart; data with names that can't be imported is none."""
    found = modules.modules_of(environment.site, "acme.plain")

    assert found.plain == ("acme_plain", "acme_plain.inner", "acme_plain.lacking")
    assert found.tests == ("acme_plain.tests", "acme_plain.tests.test_inner")
    assert found.programs == ("acme_plain.__main__",)


def source_only(folder, tmp_path):
    """Put a source distribution into `folder` whose setup.py leaves a canary; returns where."""
    canary = tmp_path / "canary"
    root = tmp_path / "acme_source-1.0"
    root.mkdir()
    (root / "setup.py").write_text(f"open({str(canary)!r}, 'w')\nimport setuptools; setuptools.setup(name='acme-source')")
    (root / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: acme-source\nVersion: 1.0\n")
    with tarfile.open(folder / "acme_source-1.0.tar.gz", "w:gz") as archive:
        archive.add(root, root.name)
    return canary


def offer(monkeypatch, folder):
    """Have pip find the wheels of a folder and nothing else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
