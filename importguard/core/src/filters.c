/* Filters of the kernel, put over every thread of this process by itself: what native code does raises no audit event.

   The programs are made beforehand, and come with the session; there's nothing here that takes one away again. */
#include "filters.h"

#include <errno.h>
#include <stdint.h>

#ifdef __linux__
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_TSYNC
#define SECCOMP_FILTER_FLAG_TSYNC 1UL
#endif
#ifndef SECCOMP_FILTER_FLAG_SPEC_ALLOW
#define SECCOMP_FILTER_FLAG_SPEC_ALLOW 4UL
#endif

/* Return 0, or an error number. A thread that can't be taken along is told by a positive answer: then nothing is in place. */
static int
load(const char *data, size_t size)
{
    struct sock_fprog program = {
        .len = (unsigned short)(size / sizeof(struct sock_filter)),
        .filter = (struct sock_filter *)(uintptr_t)data,
    };
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        return errno;
    }
    /* Before Linux 5.16 a filter slows the whole process down, since who is filtered is taken for somebody else's code that
       spies on its own process (and what is guarded here may read all of its memory as it is). Linux before 4.17 lacks the flag. */
    unsigned long flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    long answer = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (answer < 0 && errno == EINVAL) {
        answer = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    }
    return answer < 0 ? errno : answer > 0 ? ECANCELED : 0;
}

static bool
is_over_us(unsigned long mark, int held)
{
    return prctl((int)mark, 0, 0, 0, 0) < 0 && errno == held;
}
#else
static int
load(const char *Py_UNUSED(data), size_t Py_UNUSED(size))
{
    return ENOSYS;
}

static bool
is_over_us(unsigned long Py_UNUSED(mark), int Py_UNUSED(held))
{
    return false;
}
#endif

static PyObject *
load_filter(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *data;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y#", &data, &size)) {
        return NULL;
    }
    int problem = load(data, (size_t)size);
    if (problem) {
        errno = problem;
        return PyErr_SetFromErrno(PyExc_OSError);
    }
    Py_RETURN_NONE;
}

static PyObject *
is_held(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long mark;
    int held;
    if (!PyArg_ParseTuple(args, "ki", &mark, &held)) {
        return NULL;
    }
    return PyBool_FromLong(is_over_us(mark, held));
}

PyMethodDef filters_methods[] = {
    {"load_filter", load_filter, METH_VARARGS, PyDoc_STR("load_filter(program): put a seccomp program over every thread of this process")},
    {"is_held", is_held, METH_VARARGS, PyDoc_STR("is_held(mark, answer) -> whether the filter is in place that answers a prctl called `mark` so")},
    {NULL, NULL, 0, NULL},
};
