/* Sockets that somebody else has opened: sending by one, listening and accepting raise no event. Who has opened a socket was
 * asked by then, and isn't again; what stays on the machine by way of a file is a matter of connect() alone. No twin. */
#include "board.h"
#include "builtins.h"
#include "judge.h"
#include "readers.h"
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#define PEER_NAME 28 /* SO_PEERNAME of Linux: who is at the other end, or will be */

typedef struct {
    PyObject_HEAD
    PyObject *socket; /* a weak reference, or NULL */
} SecureSocket;

typedef int (*AskName)(int fd, struct sockaddr *address, socklen_t *size);

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
    int result = target ? judge_held(capability, target, socket_number(fd)) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(target);
    return result;
}

/* Ask about a socket by the address at one of its ends; returns 0, or -1 with an error. */
static OFTEN int
ask_about_socket(Capability capability, int fd, AskName ask_name)
{
    return ask_is_free(capability) ? 0 : ask_about_address(capability, fd, ask_name);
}

/* Find the name of a peer, of one that is still being connected to as well: what is sent waits for it. */
static int
peer_name(int fd, struct sockaddr *address, socklen_t *size)
{
    int result = getpeername(fd, address, size);
    if (result < 0 && errno == ENOTCONN) {
        *size = sizeof(struct sockaddr_in6); /* no more than the address has */
        result = getsockopt(fd, SOL_SOCKET, PEER_NAME, address, size);
    }
    if (result < 0 && errno == EINVAL) {
        *size = sizeof(struct sockaddr_in);
        result = getsockopt(fd, SOL_SOCKET, PEER_NAME, address, size);
    }
    return result;
}

/* Ask about sending by a descriptor, if it is a socket's; returns 0, or -1 with an error. */
int
ask_to_send(int fd)
{
    return ask_about_socket(NET_CONNECT, fd, peer_name);
}

/* Ask about the socket of a call; returns 0, or -1 with an error. */
static OFTEN int
ask_send_by(const Call *call)
{
    return ask_about_address(NET_CONNECT, ((Socket *)call->self)->fd, peer_name);
}

/* send(data, flags), sendall(data, flags) */
static OFTEN int
ask_send(Call *call, const char *Py_UNUSED(name))
{
    if (ask_is_free(NET_CONNECT)) {
        return 0;
    }
    return freeze_data(call, 0) < 0 || freeze_number(call, 1) < 0 ? -1 : ask_send_by(call);
}

/* Say whether a socket sends to its peer whatever address is given. */
static bool
goes_to_its_peer(const Call *call)
{
    int kind = 0;
    socklen_t size = sizeof kind;
    return getsockopt(((Socket *)call->self)->fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
}

/* sendto(data, address), sendto(data, flags, address): the event asks about the address. */
static int
ask_send_to(Call *call, const char *Py_UNUSED(name))
{
    if (ask_is_free(NET_CONNECT)) {
        return 0;
    }
    if (freeze_data(call, 0) < 0 || (call->size > 2 && freeze_number(call, 1) < 0)) {
        return -1;
    }
    return goes_to_its_peer(call) ? ask_send_by(call) : 0;
}

/* sendmsg(buffers, ancdata, flags, address) */
static int
ask_send_message(Call *call, const char *Py_UNUSED(name))
{
    if (ask_is_free(NET_CONNECT)) {
        return 0;
    }
    if (freeze_data_of_all(call, 0) < 0 || freeze_messages(call, 1) < 0 || freeze_number(call, 2) < 0) {
        return -1;
    }
    PyObject *address = call_value(call, 3, NULL);
    return address && address != Py_None && !goes_to_its_peer(call) ? 0 : ask_send_by(call);
}

/* sendmsg_afalg(buffers, *, op, iv, assoclen, flags): an object that says it is of that family may be any socket. */
static int
ask_send_by_any(Call *call, const char *Py_UNUSED(name))
{
    if (ask_is_free(NET_CONNECT)) {
        return 0;
    }
    return freeze_data_of_all(call, 0) < 0 ? -1 : ask_send_by(call);
}

static int
ask_send_secure(Call *call, const char *Py_UNUSED(name))
{
    PyObject *reference = ((SecureSocket *)call->self)->socket;
    if (!reference || ask_is_free(NET_CONNECT) || !PyWeakref_CheckRef(reference)) {
        return 0;
    }
    PyObject *socket = PyObject_CallNoArgs(reference);
    if (!socket || socket == Py_None) {
        Py_XDECREF(socket);
        return socket ? 0 : -1;
    }
    /* What is written goes by the number that it had when it was wrapped, whoever has let go of it. */
    int fd = ((Socket *)socket)->fd, result = fd < 0 ? argument_cant_be_read(socket, core.enforcing) : ask_to_send(fd);
    Py_DECREF(socket);
    return result;
}

/* Ask about the socket of a number among the arguments; returns 0, or -1 with an error. */
static int
ask_by_number(Call *call)
{
    long fd;
    int has_number = call_number(call, 0, "fd", &fd);
    return has_number == 1 && fd >= 0 && fd <= INT_MAX ? ask_to_send((int)fd) : has_number < 0 ? -1 : 0;
}

/* dup2(fd, fd2) and dup(fd): what is written to the second number goes by the first one's socket, and it may be one that a file object has
 * whose own was closed. set_wakeup_fd(fd): signals write their numbers there, which a package may choose. */
static int
ask_number(Call *call, const char *Py_UNUSED(name))
{
    return ask_is_free(NET_CONNECT) ? 0 : ask_by_number(call);
}

/* write(fd, data) */
static int
ask_write(Call *call, const char *Py_UNUSED(name))
{
    return ask_is_free(NET_CONNECT) ? 0 : freeze_data(call, 1) < 0 ? -1 : ask_by_number(call);
}

/* writev(fd, buffers) */
static int
ask_write_all(Call *call, const char *Py_UNUSED(name))
{
    return ask_is_free(NET_CONNECT) ? 0 : freeze_data_of_all(call, 1) < 0 ? -1 : ask_by_number(call);
}

static initproc real_init;

/* An object that is a socket already would be another one from here on, in the midst of a call as well: nobody but the application does that. */
static int
init(PyObject *self, PyObject *args, PyObject *names)
{
    const Socket *socket = (Socket *)self;
    bool was_one = socket->fd >= 0 || socket->family || socket->type || socket->protocol;
    if (was_one && core.armed && !ask_is_free(NET_CONNECT) && argument_cant_be_read(self, core.enforcing) < 0) {
        return -1;
    }
    return real_init(self, args, names);
}

/* Say whether an object is a socket, of whichever copy of their module. */
static bool
is_socket(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    while (type && type->tp_init != init) {
        type = type->tp_base;
    }
    return type != NULL;
}

/* Watch the type of sockets, and no other one that has been put in its place; returns 0, or -1 with an error. */
int
sockets_watch(PyObject *module)
{
    PyObject *type;
    if (entry_of(PyModule_GetDict(module), "SocketType", &type) < 0) {
        return -1;
    }
    initproc its_own = type && PyType_Check(type) ? ((PyTypeObject *)type)->tp_init : NULL;
    PyObject *caller = its_own ? PyObject_GetAttrString(type, "__init__") : NULL;
    if (caller && its_own != init && (!real_init || its_own == real_init)) {
        real_init = its_own;
        ((PyTypeObject *)type)->tp_init = init;
        if (Py_IS_TYPE(caller, &PyWrapperDescr_Type) && ((PyWrapperDescrObject *)caller)->d_wrapped == (void *)its_own) {
            ((PyWrapperDescrObject *)caller)->d_wrapped = (void *)init;
        }
    }
    Py_XDECREF(caller);
    return its_own && !caller ? -1 : 0;
}

/* _wrap_socket(sock, server_side, server_hostname): the greeting says a name of the caller's choice. */
static int
ask_to_secure(Call *call, const char *Py_UNUSED(name))
{
    PyObject *socket = call_value(call, 0, "sock");
    if (!socket || ask_is_free(NET_CONNECT)) {
        return 0;
    }
    return is_socket(socket) ? ask_to_send(((Socket *)socket)->fd) : 0; /* what is none, the builtin refuses */
}

/* Put the number of a file in its place: whose descriptor it is, is asked once. Returns 0, or -1 with an error. */
int
held_give_number(Call *call, Py_ssize_t at, const char *name, PyObject *file)
{
    PyObject *number = PyLong_Check(file) ? Py_NewRef(file) : PyObject_CallMethod(file, "fileno", NULL);
    if (number && !PyLong_Check(number)) {
        PyErr_SetString(PyExc_TypeError, "fileno() returned a non-integer");
        Py_CLEAR(number);
    }
    int result = number ? call_give(call, at, name, number) : -1;
    Py_XDECREF(number);
    return result;
}

/* eventfd_write(fd, value) takes a file as well. */
static int
ask_count(Call *call, const char *Py_UNUSED(name))
{
    PyObject *file = call_value(call, 0, "fd");
    if (!file || ask_is_free(NET_CONNECT)) {
        return 0;
    }
    return held_give_number(call, 0, "fd", file) < 0 ? -1 : ask_by_number(call);
}

/* fcntl(fd, cmd, arg): a second number for a socket may be one that somebody's file object writes to. */
static int
ask_to_double(Call *call, const char *Py_UNUSED(name))
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
    return held_give_number(call, 0, NULL, file) < 0 ? -1 : ask_by_number(call);
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

const Method methods_of_sockets[] = {
    {"_socket", "socket", "send", ask_send, NULL},
    {"_socket", "socket", "sendall", ask_send, NULL},
    {"_socket", "socket", "sendmsg", ask_send_message, NULL},
    {"_socket", "socket", "sendmsg_afalg", ask_send_by_any, NULL},
    {"_socket", "socket", "sendto", ask_send_to, NULL},
    {"_socket", "socket", "listen", ask_listen, opened_listener},
    {"_socket", "socket", "_accept", ask_listen, opened_by_accepting},
    {"_socket", "socket", "bind", NULL, opened_listener},
    {"_socket", NULL, "getaddrinfo", NULL, NULL}, /* for what the board shows: see board_call_ends */
    {"_socket", "socket", "connect", opened_before, opened_connection},
    {"_socket", "socket", "connect_ex", opened_before, opened_connection},
    {"_socket", NULL, "dup", ask_number, NULL},
    {"_ssl", "_SSLSocket", "write", ask_send_secure, NULL},
    {"_ssl", "_SSLContext", "_wrap_socket", ask_to_secure, NULL},
    {"posix", NULL, "write", ask_write, NULL},
    {"posix", NULL, "writev", ask_write_all, NULL},
    {"posix", NULL, "dup2", ask_number, NULL},
    {"posix", NULL, "dup", ask_number, NULL},
    {"posix", NULL, "eventfd_write", ask_count, NULL},
    {"fcntl", NULL, "fcntl", ask_to_double, NULL},
    {"_signal", NULL, "set_wakeup_fd", ask_number, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
