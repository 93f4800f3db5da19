"""`supervise.py FOLDER TARGET COMMAND...` supervises a command; a script of its own, since it takes signals over."""

import os
import sys

from importguard.kernel.syscalls_unsafe import become_subreaper
from importguard.launch import supervisor
from importguard.launch.directory import Directory, make_pipe
from importguard.launch.signals import die_of
from importguard.report.log import Log
from importguard.report.writer import open_writer


def main(folder, target, command):
    directory = Directory(folder, folder)
    pipe = make_pipe(directory)
    become_subreaper()
    environment = {**os.environ, "RECORDS": directory.pipe}
    supervised = supervisor.Supervisor(pipe=pipe, writer=open_writer(target) if target else None, log=Log(os.environ))
    status = supervised.run(command[0], command, environment)
    if status is None:
        return 86
    if os.WIFSIGNALED(status):
        die_of(os.WTERMSIG(status))
    return supervisor.exit_code(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
