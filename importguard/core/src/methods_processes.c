/* Processes: starts, signals, and changes of what the process itself is, by ways that raise no event. */
#include "methods.h"
#include "owners.h"
#include "readers.h"
#include "snapshots.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ARGV = 0, CANDIDATES = 1, FOLDER = 4 };

/* Return the items of an argument as a tuple of paths that say the same however often they are asked (new reference), NULL
 * with an error. */
static PyObject *
paths_once(PyObject *value)
{
    PyObject *items = PySequence_Tuple(value), *once = items ? PyTuple_New(PyTuple_GET_SIZE(items)) : NULL;
    for (Py_ssize_t at = 0; once && at < PyTuple_GET_SIZE(items); at++) {
        PyObject *path = argument_once(PyTuple_GET_ITEM(items, at));
        if (!path) {
            Py_CLEAR(once);
            break;
        }
        PyTuple_SET_ITEM(once, at, path);
    }
    Py_XDECREF(items);
    return once;
}

/* Read an argument as a tuple of paths, and have the builtin see the same ones; returns it (new reference), NULL with an
 * error. */
static PyObject *
take_paths(Call *call, Py_ssize_t at)
{
    PyObject *once = paths_once(call->args[at]);
    if (once && call_give(call, at, NULL, once) < 0) {
        Py_CLEAR(once);
    }
    return once;
}

static bool
is_called_by_the_guard(void)
{
    Cursor cursor;
    cursor_start(&cursor, NULL);
    bool result = cursor.code && place_at(tag_get(cursor.code))->meaning == GUARD;
    cursor_end(&cursor);
    return result;
}

/* Say whether it is the application that starts something, and may start what it likes. */
static bool
is_the_application(void)
{
    OwnerId owner = judge_who(PROC_SPAWN);
    return owner != NOBODY && owner_text(owner).kind == KIND_APP;
}

/* Have the child start what was asked for and nothing else: its folder may be another one by then, and what `preexec_fn` has
 * made may come first on its way. Twin: Spawner.fork_exec. Returns 0, or -1 with an error. */
static int
bind_to(Call *call, PyObject *target)
{
    if (!core.enforcing || is_called_by_the_guard() || is_the_application()) {
        return 0;
    }
    PyObject *path = PyUnicode_EncodeFSDefault(target), *only = path ? PyTuple_Pack(1, path) : NULL;
    int result = only ? call_give(call, CANDIDATES, NULL, only) : -1;
    Py_XDECREF(path);
    Py_XDECREF(only);
    return result;
}

static int
ask_start(Call *call, PyObject *candidates, PyObject *argv, PyObject *folder)
{
    Py_ssize_t at = first_executable(candidates, folder);
    if (at < 0) {
        return at == -1 ? 0 : -1; /* a start of nothing fails by itself */
    }
    PyObject *target = program_path(PyTuple_GET_ITEM(candidates, at), folder), *texts = argv_text(argv);
    int result = PyErr_Occurred() ? -1 : target && texts ? judge_ask(PROC_SPAWN, target, texts) : 0;
    result = result == 0 && target ? bind_to(call, target) : result;
    Py_XDECREF(target);
    Py_XDECREF(texts);
    return result;
}

/* Every start goes through the guard's wraps, which tell the child. Whoever has dug out the builtin behind one would have a
 * child that isn't guarded, whatever he may start. A process that was armed late has others who hold them. */
static int
ask_untold(Call *Py_UNUSED(call), const char *name)
{
    if (!core.enforcing || core.adopt != Py_None || is_called_by_the_guard()) {
        return 0;
    }
    PyObject *args = Py_BuildValue("(sss)", "proc.spawn", name, "a start past the guard, whose child wouldn't be guarded");
    Py_XDECREF(attend(core.tampered, args));
    Py_XDECREF(args);
    PyErr_Clear();
    return deny(PyUnicode_FromFormat("importguard IG205: '%s' was called past the guard: nothing would guard the child", name));
}

/* fork_exec(argv, candidates, close_fds, pass_fds, folder, environment, ...). The guard's own wrap, which asks and tells the
 * child, calls it as well; here come those who have found their way around that. */
static int
ask_fork_exec(Call *call, const char *name)
{
    if (call->size <= FOLDER || guard_is_running()) {
        return 0;
    }
    PyObject *folder = argument_once(call->args[FOLDER]);
    PyObject *argv = folder ? take_paths(call, ARGV) : NULL;
    PyObject *candidates = argv ? take_paths(call, CANDIDATES) : NULL;
    int result = candidates && call_give(call, FOLDER, NULL, folder) == 0 ? ask_start(call, candidates, argv, folder) : -1;
    result = result == 0 ? ask_untold(call, name) : result;
    Py_XDECREF(folder);
    Py_XDECREF(argv);
    Py_XDECREF(candidates);
    return result;
}

/* Return the process behind a descriptor, -1 where there is none. */
static long
process_of(long fd)
{
    char path[64], line[256];
    long process = -1;
    PyOS_snprintf(path, sizeof path, "/proc/self/fdinfo/%ld", fd);
    FILE *file = fopen(path, "re");
    while (file && process < 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, "Pid:", 4) == 0) {
            process = strtol(line + 4, NULL, 10);
        }
    }
    if (file) {
        fclose(file);
    }
    return process;
}

static int
ask_signal(long process)
{
    PyObject *target = PyUnicode_FromFormat("%ld", process);
    int result = target ? judge_ask(PROC_SIGNAL, target, NULL) : -1;
    Py_XDECREF(target);
    return result;
}

/* pidfd_send_signal(pidfd, signalnum, siginfo=None, flags=0) */
static int
ask_to_signal_descriptor(Call *call, const char *Py_UNUSED(name))
{
    long fd;
    int has_number = call_number(call, 0, NULL, &fd);
    return has_number == 1 ? ask_signal(process_of(fd)) : has_number;
}

/* Now or later, once or again and again. */
static int
ask_to_signal_oneself(Call *Py_UNUSED(call), const char *Py_UNUSED(name))
{
    return ask_signal((long)getpid());
}

/* Say whether a number is that of this process or of a thread of it. */
static bool
is_our_own(long number)
{
    return number == 0 || syscall(SYS_tgkill, (long)getpid(), number, 0) == 0;
}

static int
ask_unless_our_own(Call *call, Py_ssize_t at, const char *name)
{
    long number;
    int has_number = call_number(call, at, name, &number);
    return has_number != 1 ? has_number : is_our_own(number) ? 0 : ask_signal(number);
}

/* setpriority(which, who, priority): of a process, a group of them, or all of a user's */
static int
ask_to_set_priority(Call *call, const char *Py_UNUSED(name))
{
    long which, who;
    int has_number = call_number(call, 0, "which", &which);
    if (has_number == 1 && which != PRIO_PROCESS) {
        has_number = call_number(call, 1, "who", &who);
        return has_number == 1 ? ask_signal(who) : has_number;
    }
    return has_number == 1 ? ask_unless_our_own(call, 1, "who") : has_number;
}

/* sched_setaffinity(pid, mask) and its like: on a processor that is busy, or behind all others, a process comes to nothing. */
static int
ask_to_schedule(Call *call, const char *Py_UNUSED(name))
{
    return ask_unless_our_own(call, 0, NULL);
}

/* Who the process is, and what it takes for the root: no rule about paths means the same afterwards. */
static int
ask_to_change_process(Call *Py_UNUSED(call), const char *name)
{
    return ask_about_name(RUNTIME_PATCH, "os.%s", name);
}

const Method methods_of_processes[] = {
    {"_posixsubprocess", NULL, "fork_exec", ask_fork_exec, NULL},
    {"_signal", NULL, "pidfd_send_signal", ask_to_signal_descriptor, NULL},
    {"_signal", NULL, "raise_signal", ask_to_signal_oneself, NULL},
    {"_signal", NULL, "alarm", ask_to_signal_oneself, NULL},
    {"_signal", NULL, "setitimer", ask_to_signal_oneself, NULL},
    {"posix", NULL, "setpriority", ask_to_set_priority, NULL},
    {"posix", NULL, "sched_setaffinity", ask_to_schedule, NULL},
    {"posix", NULL, "sched_setparam", ask_to_schedule, NULL},
    {"posix", NULL, "sched_setscheduler", ask_to_schedule, NULL},
    {"posix", NULL, "execv", ask_untold, NULL},
    {"posix", NULL, "execve", ask_untold, NULL},
    {"posix", NULL, "posix_spawn", ask_untold, NULL},
    {"posix", NULL, "posix_spawnp", ask_untold, NULL},
    {"posix", NULL, "system", ask_untold, NULL},
    {"posix", NULL, "chroot", ask_to_change_process, NULL},
    {"posix", NULL, "setuid", ask_to_change_process, NULL},
    {"posix", NULL, "seteuid", ask_to_change_process, NULL},
    {"posix", NULL, "setreuid", ask_to_change_process, NULL},
    {"posix", NULL, "setresuid", ask_to_change_process, NULL},
    {"posix", NULL, "setgid", ask_to_change_process, NULL},
    {"posix", NULL, "setegid", ask_to_change_process, NULL},
    {"posix", NULL, "setregid", ask_to_change_process, NULL},
    {"posix", NULL, "setresgid", ask_to_change_process, NULL},
    {"posix", NULL, "setgroups", ask_to_change_process, NULL},
    {"posix", NULL, "initgroups", ask_to_change_process, NULL},
    {"posix", NULL, "unshare", ask_to_change_process, NULL},
    {"posix", NULL, "setns", ask_to_change_process, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
