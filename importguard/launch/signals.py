"""Signals that reach the launcher and are meant for the command: passed on once, never twice."""

import os
import signal
import threading

FORWARDED = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "WINCH", "CONT", "TSTP", "TTIN", "TTOU")
SENT_BY_KERNEL = 128  # SI_KERNEL of <asm-generic/siginfo.h>: a key on the terminal, which has reached the whole group


class Forwarder:
    """Holds the forwarded signals back from this process from the start, and passes them on once there is a child."""

    def __init__(self):
        wanted = {getattr(signal, "SIG" + name) for name in FORWARDED}
        # What the caller ignores (nohup) the command ignores as well; blocked, it would be queued instead.
        self.signals = {number for number in wanted if signal.getsignal(number) is not signal.SIG_IGN}
        self.mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.signals)
        self.child = 0

    def forward_to(self, pid):
        """Start passing signals on to `pid`, from a thread of its own."""
        self.child = pid
        threading.Thread(target=self._forward, daemon=True).start()

    def _forward(self):
        while True:
            info = signal.sigwaitinfo(self.signals)
            if self.child == 0:
                return
            if info.si_code != SENT_BY_KERNEL and info.si_pid != self.child:
                _send(self.child, info.si_signo)
            if _stops(info):
                # The shell that started us waits for us, not for the command, to stop.
                os.kill(os.getpid(), signal.SIGSTOP)


def _stops(info):
    """Say whether a signal stops a job. The last two do when they come from the terminal; servers count workers by them."""
    from_terminal = info.si_code == SENT_BY_KERNEL
    return info.si_signo == signal.SIGTSTP or (from_terminal and info.si_signo in (signal.SIGTTIN, signal.SIGTTOU))


def _send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def die_of(number):
    """End this process by the signal that ended the command, so that a shell sees what it would have seen."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    # To this thread: the one that forwards signals waits for the same ones.
    signal.pthread_kill(threading.get_ident(), number)
