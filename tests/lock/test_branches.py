"""Two branches that each learned another program, merged by git."""

import pathlib
import subprocess
import tempfile

import hypothesis
import pytest
from hypothesis import strategies as st
from locks import locks

from importguard import errors
from importguard.lock import merge, model, read, write

ONE = "import acme_tool; print(acme_tool.python('print(1)').strip())"
OTHER = "import acme_tool; print(acme_tool.connect('/branch'))"


def git(folder, *words, status=0):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def learn_on(stage, branch, code):
    git(stage.world.project, "checkout", "-q", "-B", branch, "main")
    learnt = stage.learn(code)
    assert learnt.returncode == 0, learnt.stderr
    git(stage.world.project, "commit", "-q", "-a", "-m", branch)
    return read.read(stage.lock)


def begin(stage):
    git(stage.world.project, "init", "-q")
    assert stage.learn("pass").returncode == 0
    git(stage.world.project, "add", "importguard.lock")
    git(stage.world.project, "commit", "-q", "-m", "base")


def test_the_same_distribution_on_both_branches(stage):
    """Both learnt something of one distribution: git says so, nothing runs under that, and learn takes what both sides say."""
    begin(stage)
    one, other = learn_on(stage, "one", ONE), learn_on(stage, "other", OTHER)

    git(stage.world.project, "merge", "one", status=1)
    refused = stage.run(ONE)
    again = stage.learn(ONE)

    assert refused.returncode == 2 and "a merge that is not resolved: `importguard learn` takes what both sides say" in refused.stderr
    assert again.returncode == 0, again.stderr
    assert read.read(stage.lock).entries == merge.merge(one, other).entries
    assert stage.run(ONE).decisions() == stage.run(OTHER).decisions() == []


def unowned(*grants):
    return model.Entry("unowned", "", model.UNOWNED, grants=tuple(model.Grant(*grant, "") for grant in grants))


# Both put the same key behind the same table, and git takes both: the last lines of the base differ.
BASE = model.lock([unowned(("startup", "import"))])
ONE_MORE = model.lock([unowned(("import", "import"))])
ANOTHER_AS_WELL = model.lock([unowned(("startup", "net.connect"), ("import", "import"))])


def test_lock_that_was_cut_is_no_merge(tmp_path):
    """In the middle of its last list: what is missing is not made up for."""
    write.save(BASE, tmp_path / "lock")
    whole = (tmp_path / "lock").read_text()
    (tmp_path / "lock").write_text(whole.removesuffix("]\n"))

    with pytest.raises(errors.LockError):
        read.read_both(tmp_path / "lock")


@hypothesis.given(locks, locks, locks, st.sampled_from(["merge", "diff3"]))
@hypothesis.example(BASE, ONE_MORE, ANOTHER_AS_WELL, "merge")
@hypothesis.settings(max_examples=40, deadline=None)
def test_whatever_git_makes_of_two_branches(base, one, other, style):
    """Both sides are in what is read, whatever the branches have in common, and nothing else."""
    one, other = merge.merge(base, one), merge.merge(base, other)
    with tempfile.TemporaryDirectory() as folder:
        for name, lock in (("base", base), ("one", one), ("other", other)):
            write.save(lock, f"{folder}/{name}")
        done = subprocess.run(
            ["git", "merge-file", "-p", *(["--diff3"] if style == "diff3" else []), "one", "base", "other"], cwd=folder, capture_output=True
        )
        pathlib.Path(folder, "merged").write_bytes(done.stdout)

        assert read.read_both(f"{folder}/merged").entries == merge.merge(one, other).entries
