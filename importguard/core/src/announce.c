/* The record of this process's arming, written without Python: most processes have nothing else to record, and what records is loaded when
 * there is. Twin: to_line and open_target in report/sink.py, which also write this one where it isn't as short and plain as it mostly is. */
#include "announce.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define MOST_BYTES 4096 /* PIPE_BUF, as in report/sink.py */
#define DEEPEST 8

typedef struct {
    size_t size;
    bool is_plain; /* it fits, and nothing in it asks for more than is known here */
    char data[MOST_BYTES];
} Line;

static void
put(Line *line, const char *data, size_t size)
{
    line->is_plain = line->is_plain && size <= MOST_BYTES - line->size;
    if (line->is_plain) {
        memcpy(line->data + line->size, data, size);
        line->size += size;
    }
}

static void
put_text(Line *line, const char *text)
{
    put(line, text, strlen(text));
}

/* A text of ASCII; whatever else may need an escape is for Python to write. */
static void
put_string(Line *line, PyObject *text)
{
    static const char digits[] = "0123456789abcdef";
    if (!PyUnicode_IS_ASCII(text)) {
        line->is_plain = false;
        return;
    }
    put(line, "\"", 1);
    for (const unsigned char *at = PyUnicode_DATA(text), *end = at + PyUnicode_GET_LENGTH(text); line->is_plain && at < end; at++) {
        if (*at < ' ' || *at == 0x7F) {
            put(line, (const char[]){'\\', 'u', '0', '0', digits[*at >> 4], digits[*at & 15]}, 6);
            continue;
        }
        if (*at == '"' || *at == '\\') {
            put(line, "\\", 1);
        }
        put(line, (const char *)at, 1);
    }
    put(line, "\"", 1);
}

static void
put_number(Line *line, PyObject *number)
{
    char text[24];
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    line->is_plain = line->is_plain && !overflow;
    put(line, text, (size_t)PyOS_snprintf(text, sizeof text, "%lld", value));
}

static void put_value(Line *line, PyObject *value, int depth);

static void
put_items(Line *line, PyObject *items, int depth)
{
    bool is_list = PyList_CheckExact(items);
    Py_ssize_t size = is_list ? PyList_GET_SIZE(items) : PyTuple_GET_SIZE(items);
    put(line, "[", 1);
    for (Py_ssize_t at = 0; line->is_plain && at < size; at++) {
        put(line, ",", at ? 1 : 0);
        put_value(line, is_list ? PyList_GET_ITEM(items, at) : PyTuple_GET_ITEM(items, at), depth + 1);
    }
    put(line, "]", 1);
}

static void
put_fields(Line *line, PyObject *fields, int depth)
{
    PyObject *name, *value;
    bool is_first = true;
    for (Py_ssize_t at = 0; line->is_plain && PyDict_Next(fields, &at, &name, &value); is_first = false) {
        put(line, ",", is_first ? 0 : 1);
        line->is_plain = line->is_plain && PyUnicode_CheckExact(name);
        put_value(line, name, depth + 1);
        put(line, ":", 1);
        put_value(line, value, depth + 1);
    }
}

static void
put_value(Line *line, PyObject *value, int depth)
{
    if (depth > DEEPEST || !line->is_plain) {
        line->is_plain = false;
    }
    else if (PyUnicode_CheckExact(value)) {
        put_string(line, value);
    }
    else if (Py_IsNone(value)) {
        put_text(line, "null");
    }
    else if (PyBool_Check(value)) {
        put_text(line, Py_IsTrue(value) ? "true" : "false");
    }
    else if (PyLong_CheckExact(value)) {
        put_number(line, value);
    }
    else if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
        put_items(line, value, depth);
    }
    else if (PyDict_CheckExact(value)) {
        put(line, "{", 1);
        put_fields(line, value, depth);
        put(line, "}", 1);
    }
    else {
        line->is_plain = false;
    }
}

/* A ULID: 48 bits of milliseconds, 80 random bits, five to a character. */
static void
put_id(Line *line, const struct timespec *now)
{
    static const char crockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t milliseconds = (uint64_t)now->tv_sec * 1000 + (uint64_t)now->tv_nsec / 1000000;
    unsigned char random[16];
    char id[26];
    line->is_plain = line->is_plain && getrandom(random, sizeof random, GRND_NONBLOCK) == sizeof random;
    for (int at = 0; line->is_plain && at < 26; at++) {
        id[at] = crockford[at < 10 ? milliseconds >> (45 - 5 * at) & 31 : random[at - 10] & 31u];
    }
    put(line, id, sizeof id);
}

/* The time as RFC 3339 in UTC, to the microsecond. */
static void
put_time(Line *line, const struct timespec *now)
{
    struct tm parts;
    char text[40];
    size_t size = gmtime_r(&now->tv_sec, &parts) ? strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts) : 0;
    line->is_plain = line->is_plain && size;
    put(line, text, size);
    put(line, text, (size_t)PyOS_snprintf(text, sizeof text, ".%06ldZ", now->tv_nsec / 1000));
}

static void
put_record(Line *line, PyObject *fields)
{
    char text[24];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    put_text(line, "{\"v\":1,\"id\":\"");
    put_id(line, &now);
    put_text(line, "\",\"time\":\"");
    put_time(line, &now);
    put_text(line, "\",\"event\":\"armed\",\"pid\":");
    put(line, text, (size_t)PyOS_snprintf(text, sizeof text, "%ld,", (long)getpid()));
    put_fields(line, fields, 0);
    put_text(line, "}\n");
}

/* Write all of a line, or what a descriptor that doesn't wait takes at once; say whether that was all. */
static bool
write_line(int fd, const Line *line)
{
    size_t done = 0;
    ssize_t count = 0;
    while (done < line->size && (count >= 0 || errno == EINTR)) {
        count = write(fd, line->data + done, line->size - done);
        done += count > 0 ? (size_t)count : 0;
    }
    return done == line->size;
}

static bool
write_to_path(const char *path, int flags, const Line *line)
{
    int fd;
    do {
        fd = open(path, flags | O_WRONLY | O_CLOEXEC, 0600);
    } while (fd < 0 && errno == EINTR);
    bool is_written = fd >= 0 && write_line(fd, line);
    if (fd >= 0) {
        close(fd);
    }
    return is_written;
}

/* Write a line to "fd:N", "file:PATH" or a pipe's path. */
static bool
write_to(const char *target, const Line *line)
{
    if (strncmp(target, "fd:", 3) == 0) {
        return write_line(atoi(target + 3), line);
    }
    return strncmp(target, "file:", 5) == 0 ? write_to_path(target + 5, O_APPEND | O_CREAT, line) : write_to_path(target, O_NONBLOCK, line);
}

/* announce(fields) -> was the record of this process's arming written? Where it wasn't, Python's recorder knows what to do. */
PyObject *
announce(PyObject *Py_UNUSED(module), PyObject *fields)
{
    Line line = {.is_plain = core.records && PyDict_CheckExact(fields)};
    bool is_written = false;
    if (line.is_plain) {
        put_record(&line, fields);
    }
    if (line.is_plain) {
        const char *target = PyBytes_AS_STRING(core.records);
        int before = errno;
        Py_BEGIN_ALLOW_THREADS;
        is_written = write_to(target, &line);
        Py_END_ALLOW_THREADS;
        errno = before;
    }
    return PyBool_FromLong(is_written);
}
