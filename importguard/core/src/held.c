/* Sockets that somebody else has opened: sending by one, listening and accepting raise no event. Who has opened a socket was
 * asked by then, and isn't again; what stays on the machine by way of a file is a matter of connect() alone. No twin. */
#include "board.h"
#include "carrier.h"
#include "judge.h"
#include "methods.h"
#include "snapshots.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* How a socket of CPython 3.11 to 3.13 begins, and the one that speaks TLS over it (a weak reference to it, or NULL). */
typedef struct {
    PyObject_HEAD
    int fd;
} Socket;
typedef struct {
    PyObject_HEAD
    PyObject *socket;
} SecureSocket;

/* Who has opened which socket, by its number in the kernel; numbers follow each other, so that few share an entry. */
#define MOST_HELD 4096
static struct {
    uint64_t socket;
    OwnerId owner;
} held[MOST_HELD];

typedef int (*AskName)(int fd, struct sockaddr *address, socklen_t *size);

/* Return the kernel's number of a socket, 0 for what is none. */
static uint64_t
number_of(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode) ? status.st_ino : 0;
}

/* Say whether this is who has opened the socket that a request is about. */
bool
held_is_by(uint64_t socket, OwnerId owner)
{
    return held[socket % MOST_HELD].socket == socket && held[socket % MOST_HELD].owner == owner;
}

/* Return the address of one end of a socket as the contract writes it (new reference); NULL without an error where it is none
 * that leaves the machine. */
static PyObject *
end_text(const struct sockaddr_storage *address)
{
    char text[INET6_ADDRSTRLEN];
    const struct sockaddr_in *old = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *new = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET && inet_ntop(AF_INET, &old->sin_addr, text, sizeof text)) {
        return PyUnicode_FromFormat("%s:%d", text, ntohs(old->sin_port));
    }
    if (address->ss_family == AF_INET6 && inet_ntop(AF_INET6, &new->sin6_addr, text, sizeof text)) {
        return PyUnicode_FromFormat("[%s]:%d", text, ntohs(new->sin6_port));
    }
    return NULL;
}

/* Say whether it is the user's program that asks, and no rule could refuse it anything: a server sends with each answer. */
static bool
is_program_free(Capability capability)
{
    return !table_may_refuse_app(core.table, 1U << capability) && !core.candidate && judge_is_program(capability);
}

/* Most of what is asked about is none, as the kernel says soonest where it is asked for an address. */
static int
ask_about_address(Capability capability, int fd, AskName ask_name)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (ask_name(fd, (struct sockaddr *)&address, &size) < 0 || is_program_free(capability)) {
        return 0;
    }
    PyObject *target = end_text(&address);
    int result = target ? judge_held(capability, target, number_of(fd)) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(target);
    return result;
}

/* Ask about a socket by the address at one of its ends; returns 0, or -1 with an error. */
static OFTEN int
ask_about_socket(Capability capability, int fd, AskName ask_name)
{
    return ask_is_free(capability) ? 0 : ask_about_address(capability, fd, ask_name);
}

/* Ask about sending by a descriptor, if it is a socket's; returns 0, or -1 with an error. */
int
ask_to_send(int fd)
{
    return ask_about_socket(NET_CONNECT, fd, getpeername);
}

static OFTEN int
ask_send(Call *call, const char *Py_UNUSED(name))
{
    return ask_to_send(((Socket *)call->self)->fd);
}

/* sendmsg(buffers, ancdata, flags, address): the event asks where there is an address. */
static int
ask_send_message(Call *call, const char *name)
{
    PyObject *address = call_value(call, 3, NULL);
    return address && address != Py_None ? 0 : ask_send(call, name);
}

static int
ask_send_secure(Call *call, const char *Py_UNUSED(name))
{
    PyObject *reference = ((SecureSocket *)call->self)->socket;
    if (!reference || ask_is_free(NET_CONNECT) || !PyWeakref_CheckRef(reference)) {
        return 0;
    }
    PyObject *socket = PyObject_CallNoArgs(reference);
    int result = !socket ? -1 : socket == Py_None ? 0 : ask_to_send(((Socket *)socket)->fd);
    Py_XDECREF(socket);
    return result;
}

/* write(fd, data), writev(fd, buffers), eventfd_write(fd, value), and dup2(fd, fd2) or dup(fd): what is written to the second number
 * goes by the first one's socket, and it may be one that a file object has whose own was closed. */
static int
ask_write(Call *call, const char *Py_UNUSED(name))
{
    long fd;
    if (ask_is_free(NET_CONNECT)) {
        return 0;
    }
    int has_number = call_number(call, 0, "fd", &fd);
    return has_number == 1 && fd >= 0 && fd <= INT_MAX ? ask_to_send((int)fd) : has_number < 0 ? -1 : 0;
}

/* _wrap_socket(sock, server_side, server_hostname): the greeting says a name of the caller's choice. */
static int
ask_to_secure(Call *call, const char *Py_UNUSED(name))
{
    PyObject *socket = call_value(call, 0, "sock");
    if (!socket || ask_is_free(NET_CONNECT)) {
        return 0;
    }
    PyTypeObject *const *type = PyCapsule_Import("_socket.CAPI", 0); /* what it leads to begins with the type */
    if (!type) {
        return -1;
    }
    return PyObject_TypeCheck(socket, *type) ? ask_to_send(((Socket *)socket)->fd) : 0;
}

/* set_wakeup_fd(fd): signals write their numbers there, which a package may choose. */
static int
ask_wakeup(Call *call, const char *Py_UNUSED(name))
{
    long fd;
    int has_number = ask_is_free(NET_CONNECT) ? 0 : call_number(call, 0, "fd", &fd);
    return has_number == 1 && fd >= 0 && fd <= INT_MAX ? ask_to_send((int)fd) : has_number < 0 ? -1 : 0;
}

/* Put the number of a file in its place: whose descriptor it is, is asked once. Returns 0, or -1 with an error. */
int
held_give_number(Call *call, Py_ssize_t at, PyObject *file)
{
    PyObject *number = PyLong_Check(file) ? Py_NewRef(file) : PyObject_CallMethod(file, "fileno", NULL);
    int result = number ? call_give(call, at, "file", number) : -1;
    Py_XDECREF(number);
    return result;
}

/* fcntl(fd, cmd, arg): a second number for a socket may be one that somebody's file object writes to. */
static int
ask_to_double(Call *call, const char *name)
{
    PyObject *file = call_value(call, 0, NULL);
    long command;
    if (!file || ask_is_free(NET_CONNECT)) {
        return 0;
    }
    int has_number = call_number(call, 1, NULL, &command);
    if (has_number != 1 || (command != F_DUPFD && command != F_DUPFD_CLOEXEC)) {
        return has_number < 0 ? -1 : 0;
    }
    return held_give_number(call, 0, file) < 0 ? -1 : ask_write(call, name);
}

/* listen() on a socket without an address takes a free port of all interfaces; else who has called bind() was asked. */
static OFTEN int
ask_listen(Call *call, const char *Py_UNUSED(name))
{
    if (ask_about_socket(NET_LISTEN, ((Socket *)call->self)->fd, getsockname) < 0) {
        return -1;
    }
    board_let_pass(PASS_LISTEN);
    return 0;
}

/* Remember who has opened a socket, where somebody could be refused something about it. */
static OFTEN void
remember(const Call *call, Capability capability, int fd)
{
    uint64_t socket = ask_was_free(capability, call) ? 0 : number_of(fd);
    OwnerId owner = socket ? judge_who(capability) : NOBODY;
    if (owner != NOBODY) {
        held[socket % MOST_HELD].socket = socket;
        held[socket % MOST_HELD].owner = owner;
    }
}

/* A connection that is under way is opened as well; one that was refused, or there before, isn't by this. */
static OFTEN PyObject *
note_connection(Call *call, PyObject *result)
{
    PyObject *type, *error, *traceback;
    if (!result && !PyErr_ExceptionMatches(PyExc_BlockingIOError)) {
        return NULL;
    }
    PyErr_Fetch(&type, &error, &traceback);
    remember(call, NET_CONNECT, ((Socket *)call->self)->fd);
    PyErr_Restore(type, error, traceback);
    return result;
}

/* connect_ex(address) -> errno */
static PyObject *
note_attempt(Call *call, PyObject *result)
{
    long number = result && PyLong_CheckExact(result) ? PyLong_AsLong(result) : -1;
    if (number == 0 || number == EINPROGRESS) {
        remember(call, NET_CONNECT, ((Socket *)call->self)->fd);
    }
    return result;
}

static PyObject *
note_listener(Call *call, PyObject *result)
{
    if (result) {
        remember(call, NET_LISTEN, ((Socket *)call->self)->fd);
    }
    return result;
}

/* _accept() -> (fd, address): who accepts may answer. */
static OFTEN PyObject *
note_accepted(Call *call, PyObject *result)
{
    PyObject *fd = result && PyTuple_CheckExact(result) && PyTuple_GET_SIZE(result) ? PyTuple_GET_ITEM(result, 0) : NULL;
    if (fd && PyLong_CheckExact(fd)) {
        remember(call, NET_CONNECT, (int)PyLong_AsLong(fd));
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
    bool connects = method->then == note_connection || method->then == note_attempt;
    if (!connects && method->then != note_listener) {
        return false;
    }
    if (!result) {
        return is_interrupted();
    }
    long number = PyLong_CheckExact(result) ? PyLong_AsLong(result) : 0; /* what connect_ex says */
    return connects && (number == EINTR || (number == 0 && is_untouched(((Socket *)call->self)->fd)));
}

const Method methods_of_sockets[] = {
    {"_socket", "socket", "send", ask_send, NULL},
    {"_socket", "socket", "sendall", ask_send, NULL},
    {"_socket", "socket", "sendmsg", ask_send_message, NULL},
    {"_socket", "socket", "listen", ask_listen, note_listener},
    {"_socket", "socket", "_accept", ask_listen, note_accepted},
    {"_socket", "socket", "bind", NULL, note_listener},
    {"_socket", "socket", "sendto", NULL, NULL}, /* these two for what the board shows: see board_call_ends */
    {"_socket", NULL, "getaddrinfo", NULL, NULL},
    {"_socket", "socket", "connect", NULL, note_connection},
    {"_socket", "socket", "connect_ex", NULL, note_attempt},
    {"_ssl", "_SSLSocket", "write", ask_send_secure, NULL},
    {"posix", NULL, "write", ask_write, NULL},
    {"posix", NULL, "writev", ask_write, NULL},
    {"posix", NULL, "dup2", ask_write, NULL},
    {"posix", NULL, "dup", ask_write, NULL},
    {"posix", NULL, "eventfd_write", ask_write, NULL},
    {"_socket", NULL, "dup", ask_write, NULL},
    {"fcntl", NULL, "fcntl", ask_to_double, NULL},
    {"_ssl", "_SSLContext", "_wrap_socket", ask_to_secure, NULL},
    {"_signal", NULL, "set_wakeup_fd", ask_wakeup, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
