"""Work that is arranged now and done later is done for whoever arranged it, though no frame says so any more."""

import deferring
import pytest
from support import envs, guarded, worlds

WAYS = pytest.mark.parametrize("way", deferring.WAYS, ids=lambda way: way.name)


@pytest.fixture(scope="session")
def plays():
    """The outcomes that were had before: all the ways are tried in one run."""
    return {}


@pytest.fixture
def play_all(plays, tmp_path, any_interpreter, twin_environments, core):
    """Return a function that has everything arranged by one; returns the Outcome and the folders that are left."""

    def play(who, mode=guarded.RECOMMENDED):
        key = (who, any_interpreter.tag, core, mode)
        if key not in plays:
            evil, app = deferring.PACKAGES[who]
            environment = envs.copy(twin_environments(any_interpreter), tmp_path / "env")
            (environment.site_packages / "acme_evil.py").write_text(evil)
            with worlds.furnished(tmp_path / "world", environment) as world:
                for way in deferring.WAYS:
                    (world.home / f"doomed-{way.name}").mkdir()
                (world.project / "app.py").write_text(app)
                outcome = guarded.run(
                    world, [environment.python, "app.py"], mode=mode, policy=deferring.POLICY, options=("--core", core)
                )
                plays[key] = outcome, {path.name for path in world.home.glob("doomed-*")}
        return plays[key]

    return play


def blamed(outcome, way):
    """Return {(owner, phase)} of the denials that name a way's folder."""
    return {
        (record["owner"]["name"], record["phase"])
        for record in outcome.decisions(capability="fs.write", target=f"*/doomed-{way.name}")
    }


@WAYS
@pytest.mark.parametrize("who", deferring.PACKAGES)
def test_unguarded_each_way_works(who, way, play_all):
    """The control: nothing is left of the folder."""
    outcome, left = play_all(who, guarded.UNGUARDED)

    assert "app done" in outcome.stdout, outcome.story()
    assert f"doomed-{way.name}" not in left, outcome.story()


@WAYS
@pytest.mark.parametrize("phase", ["import", "run"])
def test_a_package_that_arranges_work_is_blamed_for_it(phase, way, play_all, core):
    """The folder stays; the package is on record, with the phase in which it arranged the work."""
    outcome, left = play_all(phase)
    is_missed = core == "py" and (way.python == "always" or way.python == phase)

    assert "app done" in outcome.stdout, outcome.story()
    assert blamed(outcome, way) == (set() if is_missed else {("acme-evil", phase)}), outcome.story()
    assert (f"doomed-{way.name}" in left) == (not is_missed), outcome.story()


@WAYS
def test_what_the_application_arranges_is_done(way, play_all):
    """Nobody is blamed, and nothing is left of the folder."""
    outcome, left = play_all("application")

    assert not outcome.decisions(), outcome.story()
    assert f"doomed-{way.name}" not in left, outcome.story()
