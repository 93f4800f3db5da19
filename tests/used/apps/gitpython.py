import pathlib

import git

repository = git.Repo.init("repository")
path = pathlib.Path("repository/file.txt")
path.write_text("text")
repository.index.add(["file.txt"])
who = git.Actor("somebody", "somebody@example.invalid")
repository.index.commit("first", author=who, committer=who)
print([commit.message for commit in repository.iter_commits()], repository.git.status("--short"))
