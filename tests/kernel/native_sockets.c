/* An extension that uses sockets in every way that programs do while it is loaded: to one port that it may reach and one that
   it may not. `results` has the error of each, 0 where it passed; `later()` connects what it made then. */
#define _GNU_SOURCE
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 300 };
static PyObject *results;
static int kept;

static void
note(const char *name, int problem)
{
    PyObject *value = PyLong_FromLong(problem);
    PyDict_SetItemString(results, name, value);
    Py_DECREF(value);
}

static struct sockaddr_in
at(const char *variable)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(getenv(variable)));
    return address;
}

static int
reach(int fd, const char *variable)
{
    struct sockaddr_in address = at(variable);
    return connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
}

static int
get(int fd, const char *name)
{
    char text[64], answer[64];
    int size = snprintf(text, sizeof text, "GET /%s HTTP/1.0\r\n\r\n", name);
    int problem = write(fd, text, size) < 0 ? errno : 0;
    while (!problem && read(fd, answer, sizeof answer) > 0) {
    }
    return problem;
}

static void
streams(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), next = socket(AF_INET, SOCK_STREAM, 0), dead = open("/dev/null", O_RDONLY);
    note("lowest numbers", !(next == fd + 1 && dead == next + 1));
    note("flags", !(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(next, F_GETFD) == 0 && !(fcntl(fd, F_GETFL) & O_NONBLOCK)));
    note("stream", reach(fd, "ALLOWED") ?: get(fd, "stream"));
    note("again", reach(fd, "ALLOWED"));
    note("forbidden", reach(next, "FORBIDDEN"));
    note("after that", reach(next, "ALLOWED") ?: get(next, "after"));
    close(fd);
    close(next);
    close(dead);
}

static void
not_waiting(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), problem = reach(fd, "ALLOWED");
    struct pollfd ready = {fd, POLLOUT, 0};
    socklen_t size = sizeof problem;
    note("begun", problem);
    poll(&ready, 1, 10000);
    note("not waiting", getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) < 0 ? errno : problem);
    close(fd);
}

static void
shared(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), other = dup(fd), inherited = socket(AF_INET, SOCK_STREAM, 0), status = 0;
    close(fd);
    note("duplicate", reach(other, "ALLOWED") ?: get(other, "duplicate"));
    close(other);
    pid_t child = fork();
    if (child == 0) {
        _exit(reach(inherited, "ALLOWED") ?: get(inherited, "inherited"));
    }
    waitpid(child, &status, 0);
    note("inherited", WEXITSTATUS(status));
    close(inherited);
}

static void
datagrams(void)
{
    struct sockaddr_in address = at("ALLOWED_UDP"), other = at("FORBIDDEN");
    struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    struct iovec part = {"message", 7};
    struct mmsghdr two[2] = {{.msg_hdr = {&address, sizeof address, &part, 1}}, {.msg_hdr = {&address, sizeof address, &part, 1}}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    note("sendto", sendto(fd, "datagram", 8, 0, (struct sockaddr *)&address, sizeof address) == 8 ? 0 : errno);
    note("sendto forbidden", sendto(fd, "x", 1, 0, (struct sockaddr *)&other, sizeof other) == 1 ? 0 : errno);
    other.sin_family = AF_UNSPEC;
    note("sendto without a family", sendto(fd, "x", 1, 0, (struct sockaddr *)&other, sizeof other) == 1 ? 0 : errno);
    note("sendmsg", sendmsg(fd, &two[0].msg_hdr, 0) == 7 ? 0 : errno);
    note("sendmmsg", sendmmsg(fd, two, 2, 0) == 2 && two[0].msg_len == 7 && two[1].msg_len == 7 ? 0 : errno);
    note("connected", reach(fd, "ALLOWED_UDP"));
    note("connected again", reach(fd, "ALLOWED_UDP"));
    note("disconnected", connect(fd, &nobody, sizeof nobody) < 0 ? errno : 0);
    close(fd);
}

static void
local(void)
{
    struct {
        struct nlmsghdr head;
        struct rtgenmsg body;
    } ask = {{sizeof ask, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {AF_UNSPEC}};
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK}, own = {.nl_family = AF_NETLINK};
    struct iovec part = {"x", 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    char answer[4096];
    int both[2], fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    int problem = bind(fd, (struct sockaddr *)&own, sizeof own) < 0 ? errno : 0;
    problem = problem ?: sendto(fd, &ask, sizeof ask, 0, (struct sockaddr *)&kernel, sizeof kernel) < 0 ? errno : 0;
    note("netlink", problem ?: recv(fd, answer, sizeof answer, 0) > 0 ? 0 : errno);
    close(fd);
    note("pair", socketpair(AF_UNIX, SOCK_DGRAM, 0, both) < 0 || sendmsg(both[0], &message, 0) != 1 ? errno : 0);
    close(both[0]);
    close(both[1]);
}

static void
many(void)
{
    int made[MANY];
    for (int at = 0; at < MANY; at++) {
        made[at] = socket(AF_INET, SOCK_STREAM, 0);
    }
    note("last of many", reach(made[MANY - 1], "ALLOWED"));
    for (int at = 0; at < MANY; at++) {
        close(made[at]);
    }
    struct rlimit before, none;
    getrlimit(RLIMIT_NOFILE, &before);
    none = (struct rlimit){3, before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    note("no room", socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0);
    setrlimit(RLIMIT_NOFILE, &before);
    note("no such kind", socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) < 0 ? errno : 0);
}

static PyObject *
later(PyObject *module, PyObject *nothing)
{
    int problem = reach(kept, "ALLOWED");
    return PyLong_FromLong(problem ?: get(kept, "later"));
}

static PyMethodDef methods[] = {{"later", later, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "acme_sockets", NULL, -1, methods};

PyMODINIT_FUNC
PyInit_acme_sockets(void)
{
    results = PyDict_New();
    streams();
    not_waiting();
    shared();
    datagrams();
    local();
    many();
    kept = socket(AF_INET, SOCK_STREAM, 0);
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddObject(module, "results", results);
    return module;
}
