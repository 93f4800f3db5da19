/* Files that readline opens by itself, named by its caller, by the environment, or by a line of another one. No twin. */
#include "methods.h"
#include "paths.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST_INCLUDE = 10 };
static const char SPACE[] = " \t";

/* Ask about a file by a name of C's; returns 0 or -1. */
static int
ask_about_file(const char *path, Capability capability)
{
    PyObject *name = PyUnicode_DecodeFSDefault(path), *target = name ? locate_at(name, WORKING_FOLDER) : NULL;
    int result = target ? judge_ask(capability, target, NULL) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(name);
    Py_XDECREF(target);
    return result;
}

/* Refuse a file of which can't be told what it is to readline; returns 0 where nothing may be refused, else -1. */
static int
is_unclear(const char *path)
{
    return refuse_unclear(core.enforcing, "can't tell what '%.200s' is to readline", path);
}

/* Give a name with the home in it that it begins with. readline has homes of others as well, and behind a blank in the middle of a name, which
 * nobody needs: these are refused. Returns 0 or -1. */
static int
expand(const char *path, Buffer *expanded)
{
    const char *home = path[0] == '~' && (path[1] == '/' || !path[1]) ? getenv("HOME") : NULL;
    path += home != NULL;
    bool has_others = (path[0] == '~' && !home) || strstr(path, " ~") || strstr(path, "\t~");
    if (has_others && is_unclear(path) < 0) {
        return -1;
    }
    if ((home && buffer_set(expanded, home, strlen(home)) < 0) || buffer_add(expanded, path, strlen(path)) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static int ask_about_settings(const char *path, int depth);

/* Ask about the file that a line of settings includes: `$include PATH`, to the end of the line. Returns 0 or -1. */
static int
ask_about_line(char *line, int depth)
{
    static const char include[] = "include";
    line += strspn(line, SPACE);
    if (*line != '$') {
        return 0;
    }
    line += 1 + strspn(line + 1, SPACE);
    if (strncasecmp(line, include, sizeof include - 1) != 0 || !strchr(SPACE, line[sizeof include - 1])) {
        return 0;
    }
    line += sizeof include - 1;
    line += strspn(line, SPACE);
    line[strcspn(line, "\n")] = '\0';
    return ask_about_settings(line, depth + 1);
}

/* Ask about a file of settings, and about what it includes: readline shows lines of it that it can't make sense of. Returns 0 or -1. */
static int
ask_about_settings(const char *path, int depth)
{
    struct stat status;
    char *line = NULL;
    size_t room = 0;
    Buffer name;
    buffer_start(&name);
    bool is_clear = depth < DEEPEST_INCLUDE || is_unclear(path) == 0;
    int result = !is_clear || expand(path, &name) < 0 || (name.size && ask_about_file(name.data, FS_READ) < 0) ? -1 : 0;
    int fd = result == 0 && depth < DEEPEST_INCLUDE ? open(name.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    FILE *file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    while (file && result == 0 && getline(&line, &room, file) >= 0) {
        result = ask_about_line(line, depth);
    }
    free(line);
    if (file) {
        fclose(file);
    }
    else if (fd >= 0) {
        close(fd);
    }
    buffer_end(&name);
    return result;
}

/* Ask about the settings that are read where none are named. Returns 0 or -1. */
static int
ask_about_usual_settings(void)
{
    const char *named = getenv("INPUTRC");
    return ask_about_settings(named && *named ? named : "~/.inputrc", 0);
}

static bool
is_missing(const Call *call, Py_ssize_t at)
{
    PyObject *value = call_value(call, at, NULL);
    return !value || value == Py_None;
}

/* Ask about a history: where none is named it is ~/.history. Returns 0 or -1. */
static int
ask_about_history(Call *call, Py_ssize_t at, int what)
{
    if (!is_missing(call, at)) {
        return ask_about_path(call, at, NULL, WORKING_FOLDER, what);
    }
    Buffer name;
    buffer_start(&name);
    int result = expand("~/.history", &name) < 0 ? -1 : ask_about_file(name.data, what == READS ? FS_READ : FS_WRITE);
    buffer_end(&name);
    return result;
}

/* read_history_file(filename=None) */
static int
ask_to_read_history(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_history(call, 0, READS);
}

/* write_history_file(filename=None) */
static int
ask_to_write_history(Call *call, const char *Py_UNUSED(name))
{
    return ask_about_history(call, 0, WRITES);
}

/* append_history_file(nelements, filename=None) */
static int
ask_to_append_history(Call *call, const char *Py_UNUSED(name))
{
    return call_settle(call, 0, NULL) < 0 ? -1 : ask_about_history(call, 1, WRITES);
}

/* read_init_file(filename=None) */
static int
ask_to_read_settings(Call *call, const char *Py_UNUSED(name))
{
    if (ask_is_free(FS_READ)) {
        return 0;
    }
    if (is_missing(call, 0)) {
        return ask_about_usual_settings();
    }
    PyObject *path = NULL;
    if (ask_about_path(call, 0, NULL, WORKING_FOLDER, READS) < 0) {
        return -1;
    }
    if (!PyUnicode_FSConverter(call_value(call, 0, NULL), &path)) {
        PyErr_Clear(); /* what is no path is the builtin's to complain of */
        return 0;
    }
    int result = ask_about_settings(PyBytes_AS_STRING(path), 0);
    Py_DECREF(path);
    return result;
}

/* parse_and_bind(string) */
static int
ask_to_bind(Call *call, const char *Py_UNUSED(name))
{
    PyObject *value = call_value(call, 0, NULL), *encoded = value && PyUnicode_Check(value) ? PyUnicode_EncodeFSDefault(value) : NULL;
    int result = 0;
    if (encoded && strchr(PyBytes_AS_STRING(encoded), '$') && !ask_is_free(FS_READ)) {
        result = ask_about_line(PyBytes_AS_STRING(encoded), 0);
    }
    else {
        PyErr_Clear(); /* what is no text is the builtin's to complain of */
    }
    Py_XDECREF(encoded);
    return result;
}

/* readline reads its settings while it is made. Returns 0 or -1. */
int
readline_is_made(PyObject *path)
{
    static const char file[] = "/readline.";
    const char *name = PyUnicode_AsUTF8(path), *slash = name ? strrchr(name, '/') : NULL;
    PyErr_Clear();
    bool is_it = slash && strncmp(slash, file, sizeof file - 1) == 0;
    return is_it && !ask_is_free(FS_READ) ? ask_about_usual_settings() : 0;
}

const Method methods_of_readline[] = {
    {"readline", NULL, "read_history_file", ask_to_read_history, NULL},
    {"readline", NULL, "write_history_file", ask_to_write_history, NULL},
    {"readline", NULL, "append_history_file", ask_to_append_history, NULL},
    {"readline", NULL, "read_init_file", ask_to_read_settings, NULL},
    {"readline", NULL, "parse_and_bind", ask_to_bind, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
