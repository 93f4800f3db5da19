/* Native code that knows of a supervisor of system calls, and tries to get past it. The file is compiled once for each ACT, into a
   module NAME; `result` has the error of the last try, 0 where it passed. Everything stays on loopback, and is bounded. */
#define _GNU_SOURCE
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 3000, MOST = 100000, PATIENCE = 20000 /* milliseconds */, STATES = 4096, SLOTS = 4096 };

static struct sockaddr_in
loopback(const char *variable)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(strrchr(getenv(variable), ':') + 1));
    return address;
}

static int
get(void)
{
    struct sockaddr_in address = loopback("SINK");
    char answer[64];
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int problem = connect(fd, (struct sockaddr *)&address, sizeof address) < 0 ? errno : 0;
    if (!problem && write(fd, "GET /gap HTTP/1.0\r\n\r\n", 21) == 21) {
        while (read(fd, answer, sizeof answer) > 0) {
        }
    }
    close(fd);
    return problem;
}

static void
wait_for(const char *variable)
{
    for (int at = 0; at < PATIENCE && access(getenv(variable), F_OK) < 0; at++) {
        usleep(1000);
    }
}

static void *
get_later(void *nothing)
{
    wait_for("IMPORTED");
    get();
    close(open(getenv("DONE"), O_CREAT | O_WRONLY, 0600));
    return nothing;
}

/* A thread that waits until nobody is imported any more. */
int
after_the_import(void)
{
    pthread_t thread;
    return pthread_create(&thread, NULL, get_later, NULL);
}

/* Everything that the process shows is taken down. */
int
forged_board(void)
{
    char line[4096];
    uintptr_t begin = 0;
    FILE *maps = fopen("/proc/self/maps", "r");
    while (maps && !begin && fgets(line, sizeof line, maps)) {
        char *name = strrchr(line, '/');
        begin = name && strcmp(name, "/board\n") == 0 ? strtoul(line, NULL, 16) : 0;
    }
    if (maps) {
        fclose(maps);
    }
    if (begin) {
        memset((void *)(begin + STATES), 0, SLOTS * sizeof(uint32_t));
    }
    return get();
}

/* A child that no handler of forks hears of. */
static pid_t
fork_silently(void)
{
    return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

/* A child whose parent has ended, and that somebody else than the launcher has adopted. */
int
adopted_orphan(void)
{
    int done[2];
    char end;
    if (pipe(done) < 0) {
        return errno;
    }
    pid_t child = fork_silently();
    if (child == 0) {
        pid_t parent = getpid();
        if (fork_silently() == 0) {
            for (int at = 0; at < PATIENCE && getppid() == parent; at++) {
                usleep(1000);
            }
            get();
            _exit(0);
        }
        _exit(0);
    }
    waitpid(child, NULL, 0);
    close(done[1]);
    int problem = read(done[0], &end, 1) < 0 ? errno : 0; /* until the orphan has ended as well */
    close(done[0]);
    return problem;
}

/* A datagram by a descriptor that is a local socket when it is looked at. */
static volatile int stop;
static int local, remote, shown;
static struct sockaddr_in target;
static struct msghdr message;

static void *
exchange(void *nothing)
{
    while (!stop) {
        *(void *volatile *)&message.msg_name = NULL;
        dup2(local, shown);
        sched_yield();
        *(void *volatile *)&message.msg_name = &target;
        dup2(remote, shown);
        sched_yield();
    }
    return nothing;
}

int
exchanged_descriptor(void)
{
    int both[2];
    pthread_t thread;
    struct iovec part = {"gap", 3};
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, both) < 0) {
        return errno;
    }
    local = both[0];
    fcntl(both[0], F_SETFL, O_NONBLOCK);
    remote = socket(AF_INET, SOCK_DGRAM, 0);
    shown = dup(local);
    target = loopback("SINK_UDP");
    message = (struct msghdr){NULL, sizeof target, &part, 1};
    pthread_create(&thread, NULL, exchange, NULL);
    time_t end = time(NULL) + 2;
    for (int at = 0; (at < TRIES || time(NULL) < end) && at < MOST; at++) {
        sched_yield(); /* to the one who exchanges it, where there is one processor for both */
        if (sendmsg(shown, &message, MSG_NOSIGNAL) < 0 && errno == EAGAIN) {
            char text[8];
            while (recv(both[1], text, sizeof text, MSG_DONTWAIT) > 0) {
            }
        }
    }
    stop = 1;
    pthread_join(thread, NULL);
    return 0;
}

/* A program in the place of the one that anybody may start; the path lies in memory that is shared. */
static char *path;

static void *
rename_it(void *script)
{
    while (!stop) {
        strcpy(path, "/sbin/ldconfig");
        sched_yield();
        strcpy(path, script);
        sched_yield();
    }
    return NULL;
}

int
exchanged_program(void)
{
    char script[2048], mark[2048];
    char *words[] = {"ldconfig", "-p", NULL}, *none[] = {NULL};
    pthread_t thread;
    snprintf(script, sizeof script, "%s/own", getenv("TMPDIR"));
    snprintf(mark, sizeof mark, "%s/gap.mark", getenv("HOME"));
    int fd = open(script, O_CREAT | O_WRONLY, 0700);
    dprintf(fd, "#!/bin/sh\n: > %s\n", mark);
    close(fd);
    path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_create(&thread, NULL, rename_it, script);
    for (int at = 0; at < TRIES / 10 && access(mark, F_OK) < 0; at++) {
        pid_t child = fork();
        if (child == 0) {
            dup2(open("/dev/null", O_WRONLY), 1);
            for (int again = 0; again < 10; again++) {
                execve(path, words, none);
            }
            _exit(1);
        }
        waitpid(child, NULL, 0);
    }
    stop = 1;
    pthread_join(thread, NULL);
    return 0;
}

/* A server, without saying where. */
int
listening_anywhere(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    int problem = listen(fd, 1) < 0 ? errno : 0;
    if (!problem) {
        close(open(getenv("DONE"), O_CREAT | O_WRONLY, 0600));
    }
    close(fd);
    return problem;
}

/* Nothing yet: `try()` is called when the interpreter has just let something pass. */
int
after_a_pass(void)
{
    return 0;
}

static PyObject *
try(PyObject *module, PyObject *nothing)
{
    return PyLong_FromLong(get());
}

static PyMethodDef methods[] = {{"try_it", try, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
#define TEXT(name) #name
#define NAMED(name) TEXT(name)
#define JOINED(name) PyInit_##name
#define INIT(name) JOINED(name)
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, NAMED(NAME), NULL, -1, methods};

PyMODINIT_FUNC
INIT(NAME)(void)
{
    int result = ACT();
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddIntConstant(module, "result", result);
    return module;
}
