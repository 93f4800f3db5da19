/* An extension that does its work while it is loaded, by system calls of its own: CPython raises no audit event at all.
   Everything goes to loopback and to the world of the test. `results` has the error of each attempt, 0 where it passed. */
#define _GNU_SOURCE
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static PyObject *results;

static long
call(long number, long a, long b, long c, long d, long e, long f)
{
#ifdef __x86_64__
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
    return result;
#else
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
#endif
}

static void
note(const char *name, long result)
{
    PyObject *value = PyLong_FromLong(result < 0 ? -result : 0);
    PyDict_SetItemString(results, name, value);
    Py_DECREF(value);
}

static struct sockaddr_in
loopback(const char *variable)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(atoi(strrchr(getenv(variable), ':') + 1));
    return address;
}

static void
stream(const char *name, int protocol, int is_fast)
{
    struct sockaddr_in address = loopback("SINK");
    char text[64], answer[64];
    int size = snprintf(text, sizeof text, "GET /%s HTTP/1.0\r\n\r\n", name);
    long fd = call(SYS_socket, AF_INET, SOCK_STREAM, protocol, 0, 0, 0);
    long result = fd;
    if (fd >= 0 && is_fast) {
        result = call(SYS_sendto, fd, (long)text, size, MSG_FASTOPEN, (long)&address, sizeof address);
    } else if (fd >= 0) {
        result = call(SYS_connect, fd, (long)&address, sizeof address, 0, 0, 0);
        result = result < 0 ? result : call(SYS_write, fd, (long)text, size, 0, 0, 0);
    }
    while (result >= 0 && call(SYS_read, fd, (long)answer, sizeof answer, 0, 0, 0) > 0) {
    }
    note(name, result);
    call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void
datagram(void)
{
    struct sockaddr_in address = loopback("SINK_UDP");
    long fd = call(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
    note("udp", fd < 0 ? fd : call(SYS_sendto, fd, (long)"udp", 3, 0, (long)&address, sizeof address));
    call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void
abstract_socket(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = getenv("ABSTRACT");
    strcpy(address.sun_path + 1, name);
    long fd = call(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
    note("abstract", call(SYS_connect, fd, (long)&address, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name), 0, 0, 0));
    call(SYS_close, fd, 0, 0, 0, 0, 0);
}

static void
touch_by(const char *name, int is_in_memory)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.mark", getenv("HOME"), name);
    char *words[] = {"touch", path, NULL}, *none[] = {NULL};
    int fd = -1;
    if (is_in_memory) {
        char block[1 << 16];
        fd = (int)call(SYS_memfd_create, (long)"x", 0, 0, 0, 0, 0);
        int source = open("/usr/bin/touch", O_RDONLY);
        for (ssize_t size; (size = read(source, block, sizeof block)) > 0;) {
            if (write(fd, block, (size_t)size) != size) {
                break;
            }
        }
        close(source);
    }
    pid_t child = fork();
    if (child == 0) {
        long result = is_in_memory ? call(SYS_execveat, fd, (long)"", (long)words, (long)none, AT_EMPTY_PATH, 0)
                                   : call(SYS_execve, (long)"/usr/bin/touch", (long)words, (long)none, 0, 0, 0);
        _exit((int)-result);
    }
    int status = 0;
    waitpid(child, &status, 0);
    note(name, -WEXITSTATUS(status));
}

static void
spawn_by_libc(void)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/spawn.mark", getenv("HOME"));
    char *words[] = {"touch", path, NULL}, *none[] = {NULL};
    pid_t child;
    int problem = posix_spawn(&child, "/usr/bin/touch", NULL, NULL, words, none);
    note("spawn", -problem);
    if (!problem) {
        waitpid(child, NULL, 0);
    }
}

static void
files(void)
{
    char path[4096], text[8192];
    snprintf(path, sizeof path, "%s/write.mark", getenv("HOME"));
    long fd = call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT, 0600, 0, 0);
    note("write", fd);
    call(SYS_close, fd, 0, 0, 0, 0, 0);
    snprintf(path, sizeof path, "%s/.ssh/id_ed25519", getenv("HOME"));
    note("chmod", call(SYS_fchmodat, AT_FDCWD, (long)path, 0640, 0, 0, 0));
    fd = call(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0, 0);
    long size = fd < 0 ? fd : call(SYS_read, fd, (long)text, sizeof text, 0, 0, 0);
    note("secret", size);
    snprintf(path, sizeof path, "%s/loot", getenv("TMPDIR"));
    fd = call(SYS_openat, AT_FDCWD, (long)path, O_WRONLY | O_CREAT, 0600, 0, 0);
    if (fd >= 0 && size > 0) {
        call(SYS_write, fd, (long)text, size, 0, 0, 0);
        call(SYS_close, fd, 0, 0, 0, 0, 0);
    }
}

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "acme_native", NULL, -1, NULL};

PyMODINIT_FUNC
PyInit_acme_native(void)
{
    char nothing[128] = {0};
    results = PyDict_New();
    stream("tcp", 0, 0);
    stream("mptcp", 262, 0);
    stream("fastopen", 0, 1);
    datagram();
    abstract_socket();
    files();
    spawn_by_libc();
    touch_by("exec", 0);
    touch_by("memory", 1);
    note("io_uring", call(SYS_io_uring_setup, 1, (long)nothing, 0, 0, 0, 0));
    note("ptrace", call(SYS_ptrace, 0x4206 /* PTRACE_SEIZE */, atoi(getenv("OUTSIDE")), 0, 0, 0, 0));
    note("signal", call(SYS_kill, atoi(getenv("OUTSIDE")), SIGTERM, 0, 0, 0, 0));
    PyObject *module = PyModule_Create(&definition);
    PyModule_AddObject(module, "results", results);
    return module;
}
