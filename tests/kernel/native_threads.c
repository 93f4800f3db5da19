/* An extension that leaves its work to others while it is loaded: to a thread that no interpreter knows of, to a child, to a
   child whose parent has ended, and to the last of a long line of children; or goes on after a program that may be started
   couldn't be. Everything goes to loopback; `results` has the error of each attempt, 0 where it passed. */
#define _GNU_SOURCE
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int *shared; /* what children write their errors to */
enum { THREAD, CHILD, ORPHAN, LINE, UNSTARTED, MESSAGE, MESSAGES, NAMED, COUNT };
static const char *const names[COUNT] = {"thread", "child", "orphan", "line", "unstarted", "sendmsg", "sendmmsg", "flipped"};

static struct sockaddr_in
loopback(const char *variable)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(strrchr(getenv(variable), ':') + 1));
    return address;
}

static void
get(int what)
{
    struct sockaddr_in address = loopback("SINK");
    char text[64], answer[64];
    int size = snprintf(text, sizeof text, "GET /%s HTTP/1.0\r\n\r\n", names[what]);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int result = connect(fd, (struct sockaddr *)&address, sizeof address);
    shared[what] = result < 0 ? errno : 0;
    result = result < 0 ? result : write(fd, text, size);
    while (result >= 0 && read(fd, answer, sizeof answer) > 0) {
    }
    close(fd);
}

static void *
in_thread(void *nothing)
{
    get(THREAD);
    return nothing;
}

/* A datagram to the sink; `flips` has another thread change the family of the address meanwhile. */
static struct sockaddr_in flipped;
static volatile int stop;

static void *
flip(void *nothing)
{
    while (!stop) {
        *(volatile sa_family_t *)&flipped.sin_family = AF_UNSPEC;
        *(volatile sa_family_t *)&flipped.sin_family = AF_NETLINK;
        *(volatile sa_family_t *)&flipped.sin_family = AF_INET;
    }
    return nothing;
}

static void
send_message(int what)
{
    struct sockaddr_in address = loopback("SINK_UDP");
    struct iovec part = {(void *)names[what], strlen(names[what])};
    struct mmsghdr message = {.msg_hdr = {.msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &part, .msg_iovlen = 1}};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    long result = what == MESSAGE ? sendmsg(fd, &message.msg_hdr, 0) : sendmmsg(fd, &message, 1, 0);
    shared[what] = result < 0 ? errno : 0;
    close(fd);
}

static void
send_flipped(void)
{
    pthread_t thread;
    int fd = socket(AF_INET, SOCK_DGRAM, 0), result = -1;
    flipped = loopback("SINK_UDP");
    pthread_create(&thread, NULL, flip, NULL);
    time_t end = time(NULL) + 1;
    for (int at = 0; (at < 300 || time(NULL) < end) && at < 100000 && result < 0; at++) {
        sched_yield(); /* to the one who changes it, where there is one processor for both */
        result = sendto(fd, "flipped", 7, 0, (struct sockaddr *)&flipped, sizeof flipped);
    }
    stop = 1;
    pthread_join(thread, NULL);
    shared[NAMED] = result < 0 ? EACCES : 0;
    close(fd);
}

static void
in_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        get(CHILD);
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* More processes in a line than anybody goes up. */
static void
in_line(int left)
{
    pid_t child = fork();
    if (child == 0) {
        if (left) {
            in_line(left - 1);
        } else {
            get(LINE);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

/* The default policy lets anybody have ldconfig say what libraries there are; with such an environment nothing is executed. */
static void
after_no_start(void)
{
    char *const words[] = {"ldconfig", "-p", NULL};
    pid_t child = fork();
    if (child == 0) {
        syscall(SYS_execve, "/sbin/ldconfig", words, (char **)1);
        get(UNSTARTED);
        _exit(0);
    }
    waitpid(child, NULL, 0);
    syscall(SYS_execve, "/sbin/ldconfig", words, (char **)1);
    if (shared[UNSTARTED] > 0) {
        get(UNSTARTED);
    }
}

static void
in_orphan(void)
{
    int done[2];
    char end;
    if (pipe(done) < 0) {
        return;
    }
    pid_t child = fork();
    if (child == 0) {
        pid_t parent = getpid();
        if (fork() == 0) {
            while (getppid() == parent) {
                usleep(1000);
            }
            get(ORPHAN);
            _exit(0);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(done[1]);
    if (read(done[0], &end, 1) < 0) { /* until the orphan has ended as well */
        return;
    }
    close(done[0]);
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "acme_threads", NULL, -1, NULL};

PyMODINIT_FUNC
PyInit_acme_threads(void)
{
    pthread_t thread;
    shared = mmap(NULL, sizeof(int) * COUNT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
    in_child();
    in_orphan();
    in_line(80);
    after_no_start();
    send_message(MESSAGE);
    send_message(MESSAGES);
    send_flipped();
    PyObject *results = PyDict_New();
    for (int at = 0; at < COUNT; at++) {
        PyObject *value = PyLong_FromLong(shared[at]);
        PyDict_SetItemString(results, names[at], value);
        Py_DECREF(value);
    }
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddObject(module, "results", results);
    return module;
}
