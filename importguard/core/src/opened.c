/* Who has opened which socket: whoever has connected or accepted it may send by it, whoever has bound it may listen, and isn't asked again.
 * The kernel says whether one was opened, and not what a call has answered. No twin. */
#include "snapshots.h" /* NOBODY */
#include "sockets.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* By their numbers in the kernel, which follow each other, so that few share an entry. */
#define MOST_HELD 4096
static struct {
    uint64_t socket;
    OwnerId owner;
    Capability capability;
} held[MOST_HELD];

/* Return the kernel's number of a socket, 0 for what is none. */
uint64_t
socket_number(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

/* Say whether this is who has opened the socket that a request is about, for what it asks. */
bool
held_is_by(uint64_t socket, OwnerId owner, Capability capability)
{
    size_t at = socket % MOST_HELD;
    return held[at].socket == socket && held[at].owner == owner && held[at].capability == capability;
}

/* Say whether a socket is connected, or on its way. */
static bool
has_peer(int fd)
{
    struct tcp_info info = {0};
    struct sockaddr_storage address;
    socklen_t size = sizeof info;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0) {
        return info.tcpi_state != TCP_CLOSE;
    }
    size = sizeof address;
    return getpeername(fd, (struct sockaddr *)&address, &size) == 0;
}

/* The connecting that this thread does for somebody who could be refused it: by which object, from which frame, and the socket's number once
 * the kernel is about to be asked. Arguments are read before that, and may take their time. */
static _Thread_local struct {
    PyObject *self;
    const void *frame;
    uint64_t socket;
} connecting;

/* The event of a connection has come: nothing but the kernel is left to ask, if it is raised where the call was made. */
void
opened_is_announced(PyObject *socket)
{
    if (socket == connecting.self && frame_here() == connecting.frame) {
        int fd = ((Socket *)socket)->fd;
        connecting.socket = has_peer(fd) ? 0 : socket_number(fd);
    }
}

/* Say whether a call has done what it was asked to, or begun it. */
static bool
has_begun(PyObject *result)
{
    if (!result) {
        return PyErr_ExceptionMatches(PyExc_BlockingIOError) || PyErr_ExceptionMatches(PyExc_TimeoutError);
    }
    long number = PyLong_CheckExact(result) ? PyLong_AsLong(result) : 0; /* what connect_ex says */
    return number == 0 || number == EINPROGRESS || number == EAGAIN;
}

static OFTEN void
remember(uint64_t socket, Capability capability)
{
    OwnerId owner = socket ? judge_who(capability) : NOBODY;
    if (owner != NOBODY) {
        held[socket % MOST_HELD].socket = socket;
        held[socket % MOST_HELD].owner = owner;
        held[socket % MOST_HELD].capability = capability;
    }
}

/* connect(address), connect_ex(address): who could be refused something about it has to open it by this very call. */
OFTEN int
opened_before(Call *call, const char *Py_UNUSED(name))
{
    call->socket = ask_is_free(NET_CONNECT) ? 0 : socket_number(((Socket *)call->self)->fd);
    if (call->socket) {
        connecting.self = call->self;
        connecting.frame = frame_here();
        connecting.socket = 0;
    }
    return 0;
}

OFTEN PyObject *
opened_connection(Call *call, PyObject *result)
{
    PyObject *type, *error, *traceback;
    int fd = ((Socket *)call->self)->fd;
    bool is_its_own = call->socket && connecting.self == call->self && connecting.socket == call->socket && socket_number(fd) == call->socket;
    if (is_its_own && has_begun(result) && has_peer(fd)) {
        PyErr_Fetch(&type, &error, &traceback);
        remember(call->socket, NET_CONNECT);
        PyErr_Restore(type, error, traceback);
    }
    if (call->socket) {
        connecting.self = NULL;
    }
    return result;
}

OFTEN PyObject *
opened_listener(Call *call, PyObject *result)
{
    if (result && !ask_was_free(NET_LISTEN, call)) {
        remember(socket_number(((Socket *)call->self)->fd), NET_LISTEN);
    }
    return result;
}

/* _accept() -> (fd, address): who accepts may answer. */
OFTEN PyObject *
opened_by_accepting(Call *call, PyObject *result)
{
    PyObject *fd = result && PyTuple_CheckExact(result) && PyTuple_GET_SIZE(result) ? PyTuple_GET_ITEM(result, 0) : NULL;
    if (fd && PyLong_CheckExact(fd) && !ask_was_free(NET_CONNECT, call)) {
        remember(socket_number((int)PyLong_AsLong(fd)), NET_CONNECT);
    }
    return result;
}

/* Say whether a socket has been neither connected nor refused: the kernel was never asked to. */
static bool
is_untouched(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address, length = sizeof(int);
    int problem = 0, kind = 0;
    if (getpeername(fd, (struct sockaddr *)&address, &size) == 0 || errno != ENOTCONN) {
        return false;
    }
    size = sizeof address;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length) == 0 && problem == 0
           && getsockname(fd, (struct sockaddr *)&address, &size) == 0
           && getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &length) == 0 && (kind == SOCK_STREAM || kind == SOCK_DGRAM)
           && (address.ss_family == AF_INET || address.ss_family == AF_INET6 || address.ss_family == AF_UNIX);
}

/* Say whether the exception that is set is the kernel's EINTR, rather than what a handler has raised. */
static bool
is_interrupted(void)
{
    PyObject *type, *error, *traceback;
    if (!PyErr_ExceptionMatches(PyExc_InterruptedError)) {
        return false;
    }
    PyErr_Fetch(&type, &error, &traceback);
    PyErr_NormalizeException(&type, &error, &traceback);
    PyObject *number = error ? PyObject_GetAttrString(error, "errno") : NULL;
    bool is_so = number && PyLong_CheckExact(number) && PyLong_AsLong(number) == EINTR;
    Py_XDECREF(number);
    PyErr_Clear();
    PyErr_Restore(type, error, traceback);
    return is_so;
}

/* Say whether a signal has ended a call while it waited for the supervisor, before that had noticed it: the kernel says EINTR then,
 * of calls that it never interrupts otherwise, and CPython takes a connection for made. Such a call is to be made again; a
 * handler that has raised something has its way. */
bool
held_was_interrupted(const Method *method, Call *call, PyObject *result)
{
    bool connects = method->then == opened_connection;
    if (!connects && method->then != opened_listener) {
        return false;
    }
    if (!result) {
        return is_interrupted();
    }
    long number = PyLong_CheckExact(result) ? PyLong_AsLong(result) : 0; /* what connect_ex says */
    return connects && (number == EINTR || (number == 0 && is_untouched(((Socket *)call->self)->fd)));
}
