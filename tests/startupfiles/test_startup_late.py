"""Start-up files that the application has `site` read later on are refused like those of the start, where a policy says so."""

from support import envs, guarded, worlds

APP = """
import site
site.addsitedir("extra")
print("end")
"""
REFUSING = 'version = 1\nstartup-files = "refuse"\n'


def run(tmp_path, interpreter, **options):
    """Run an application that adds a folder with a start-up file; returns the Outcome."""
    environment = envs.create(tmp_path / "env", interpreter)
    with worlds.furnished(tmp_path, environment) as world:
        (world.project / "app.py").write_text(APP)
        (world.project / "extra").mkdir()
        (world.project / "extra" / "late.pth").write_text('import sys; print("line")\n')
        return guarded.run(world, [environment.python, "app.py"], **options)


def test_a_start_up_file_runs_where_the_application_adds_its_folder(tmp_path, interpreter):
    """The control."""
    assert run(tmp_path, interpreter, mode=guarded.UNGUARDED).stdout.split() == ["line", "end"]


def test_a_start_up_file_that_is_read_late_is_refused(tmp_path, any_interpreter):
    outcome = run(tmp_path, any_interpreter, policy=REFUSING, options=("--core", "c"))

    assert outcome.stdout.split() == ["end"], outcome.story()
    assert [record["rule"] for record in outcome.decisions(verdict="deny", capability="code.run")] == ["startup-files:refuse"]
