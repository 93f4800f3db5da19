/* From an audit event to what it asks for. Twin: READERS and CODE_READERS in events.py. */
#include "reading.h"

#include <string.h>

#define PASSIVE (CAN(FS_READ) | CAN(FS_LIST) | CAN(ENV_READ) | CAN(CODE_RUN))

#define WRITE(event, takes, fd_at) {event, reads_write, CAN(FS_WRITE), 1, NULL, takes, {0, NOWHERE}, {fd_at, NOWHERE}, false, false}
#define PLAIN(event, read, asks, least) {event, read, asks, least, NULL, NAMES_A_PATH, {0, NOWHERE}, {NOWHERE, NOWHERE}, false, false}
#define LIST(event) {event, reads_list, CAN(FS_LIST), 1, NULL, NAMES_A_PATH_OR_DESCRIPTOR, {0, NOWHERE}, {NOWHERE, NOWHERE}, false, false}
#define NAMED(event, capability, name, code) {event, reads_named, CAN(capability), 0, name, NAMES_A_PATH, {NOWHERE, NOWHERE}, {NOWHERE, NOWHERE}, code, false}

static const Reader readers[] = {
    {"open", reads_open, CAN(FS_READ) | CAN(FS_WRITE), 3, NULL, NAMES_A_PATH_OR_DESCRIPTOR, {0, NOWHERE}, {NOWHERE, NOWHERE}, false, false},
    LIST("os.listdir"),
    LIST("os.scandir"),
    {"os.remove", reads_remove, CAN(FS_WRITE), 1, NULL, NAMES_A_PATH, {0, NOWHERE}, {1, NOWHERE}, false, true},
    {"os.rmdir", reads_write, CAN(FS_WRITE), 1, NULL, NAMES_A_PATH, {0, NOWHERE}, {1, NOWHERE}, false, true},
    {"os.mkdir", reads_mkdir, CAN(FS_WRITE), 3, NULL, NAMES_A_PATH, {0, NOWHERE}, {2, NOWHERE}, false, true},
    WRITE("os.truncate", NAMES_A_PATH_OR_DESCRIPTOR, NOWHERE),
    WRITE("os.chmod", NAMES_A_PATH_OR_DESCRIPTOR, 2),
    WRITE("os.chown", NAMES_A_PATH_OR_DESCRIPTOR, 3),
    WRITE("os.utime", NAMES_A_PATH_OR_DESCRIPTOR, 3),
    WRITE("os.setxattr", NAMES_A_PATH_OR_DESCRIPTOR, NOWHERE),
    WRITE("os.removexattr", NAMES_A_PATH_OR_DESCRIPTOR, NOWHERE),
    {"os.rename", reads_move, CAN(FS_WRITE), 4, NULL, NAMES_A_PATH, {0, 1}, {2, 3}, false, true},
    {"os.link", reads_link, CAN(FS_READ) | CAN(FS_WRITE), 2, NULL, NAMES_A_PATH, {0, 1}, {2, 3}, false, true},
    {"os.symlink", reads_symlink, CAN(FS_WRITE), 2, NULL, NAMES_A_PATH, {1, NOWHERE}, {2, NOWHERE}, false, true},
    PLAIN("sqlite3.connect", reads_database, CAN(FS_READ) | CAN(FS_WRITE), 1),
    PLAIN("sqlite3.load_extension", reads_load_extension, CAN(NATIVE_LOAD), 0),
    PLAIN("socket.connect", reads_connection, CAN(NET_CONNECT), 2),
    PLAIN("socket.sendto", reads_address, CAN(NET_CONNECT), 2),
    PLAIN("socket.sendmsg", reads_address, CAN(NET_CONNECT), 2),
    PLAIN("socket.bind", reads_address, CAN(NET_LISTEN), 2),
    PLAIN("socket.getaddrinfo", reads_text, CAN(NET_RESOLVE), 1),
    PLAIN("socket.gethostbyname", reads_text, CAN(NET_RESOLVE), 1),
    PLAIN("socket.gethostbyaddr", reads_text, CAN(NET_RESOLVE), 1),
    PLAIN("socket.getnameinfo", reads_getnameinfo, CAN(NET_RESOLVE), 1),
    PLAIN("os.posix_spawn", reads_spawn, CAN(PROC_SPAWN), 2),
    PLAIN("os.exec", reads_spawn, CAN(PROC_SPAWN), 2),
    PLAIN("os.system", reads_system, CAN(PROC_SPAWN), 1),
    {"os.fork", reads_fork, CAN(PROC_SPAWN), 0, "<fork>", NAMES_A_PATH, {NOWHERE, NOWHERE}, {NOWHERE, NOWHERE}, false, false},
    {"os.forkpty", reads_fork, CAN(PROC_SPAWN), 0, "<fork>", NAMES_A_PATH, {NOWHERE, NOWHERE}, {NOWHERE, NOWHERE}, false, false},
    PLAIN("os.kill", reads_kill, CAN(PROC_SIGNAL), 1),
    PLAIN("os.killpg", reads_kill, CAN(PROC_SIGNAL), 1),
    PLAIN("signal.pthread_kill", reads_kill, CAN(PROC_SIGNAL), 1),
    PLAIN("resource.prlimit", reads_limits, CAN(PROC_SIGNAL), 3),
    PLAIN("os.putenv", reads_text, CAN(ENV_WRITE), 1),
    PLAIN("os.unsetenv", reads_text, CAN(ENV_WRITE), 1),
    PLAIN("ctypes.dlopen", reads_dlopen, CAN(NATIVE_LOAD), 1),
    PLAIN("ctypes.dlsym", reads_dlsym, CAN(NATIVE_CALL), 1),
    PLAIN("ctypes.dlsym/handle", reads_dlsym, CAN(NATIVE_CALL), 1),
    PLAIN("pickle.find_class", reads_pickle, CAN(CODE_RUN), 2),
    NAMED("sys.addaudithook", RUNTIME_PATCH, "sys.addaudithook", false),
    NAMED("sys.settrace", RUNTIME_PATCH, "sys.settrace", false),
    NAMED("sys.setprofile", RUNTIME_PATCH, "sys.setprofile", false),
    NAMED("sys.monitoring.register_callback", RUNTIME_PATCH, "sys.monitoring", false),
    NAMED("exec", CODE_RUN, "exec", true),
    NAMED("marshal.loads", CODE_RUN, "marshal", true),
};

/* Return the reader of an event, NULL for one that is not read. */
const Reader *
readers_find(const char *event)
{
    for (size_t at = 0; at < Py_ARRAY_LENGTH(readers); at++) {
        if (strcmp(readers[at].event, event) == 0) {
            return &readers[at];
        }
    }
    return NULL;
}

/* Return all readers, and how many there are. */
const Reader *
readers_all(size_t *count)
{
    *count = Py_ARRAY_LENGTH(readers);
    return readers;
}

/* Say whether an event changes or reaches something: it is refused where nobody can be asked. */
bool
reader_acts(const Reader *reader)
{
    return reader->asks & ~PASSIVE;
}

/* Return what an event with these arguments may ask for, a bit for each capability. */
OFTEN uint32_t
reader_asks(const Reader *reader, PyObject *args)
{
    return reader->read == reads_open ? open_asks(args) : reader->asks;
}

/* Read what an event asks for, at most MOST_ASKED requests, which asked_clear gives back; an argument that can't be
   read for certain is refused if `strict`. Return 0, or -1 with an error and nothing asked. */
int
readers_read_as(const Reader *reader, PyObject *args, bool strict, Asked *asked, int *count)
{
    Reading reading = {reader, asked, 0, strict};
    *count = 0;
    if (PyTuple_GET_SIZE(args) < reader->least) {
        if (strict) {
            PyErr_Format(PyExc_TypeError, "importguard: '%s' with %zd arguments", reader->event, PyTuple_GET_SIZE(args));
        }
        return strict ? -1 : 0;
    }
    int result = reader->read(&reading, args);
    if (result < 0) {
        asked_clear(asked, reading.count);
        return -1;
    }
    *count = reading.count;
    return 0;
}

/* Read an event as this process was armed: where it only observes, nothing is refused. Otherwise like
   readers_read_as. */
int
readers_read(const Reader *reader, PyObject *args, Asked *asked, int *count)
{
    return readers_read_as(reader, args, core.enforcing, asked, count);
}
