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

enum { DEEPEST_INCLUDE = 10, LONGEST_LINE = 4096 };
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

/* Give a name with the home in it that it begins with, as readline does; "~user" stays as it is. Returns 0 or -1. */
static int
expand(const char *path, Buffer *expanded)
{
    const char *home = path[0] == '~' && (path[1] == '/' || !path[1]) ? getenv("HOME") : NULL;
    int result = home ? buffer_set(expanded, home, strlen(home)) : buffer_set(expanded, "", 0);
    result = result == 0 ? buffer_add(expanded, path + (home ? 1 : 0), strlen(path) - (home ? 1 : 0)) : -1;
    if (result < 0) {
        PyErr_NoMemory();
    }
    return result;
}

static int ask_about_settings(const char *path, int depth);

/* Ask about the file that a line of settings includes: `$include PATH`. Returns 0 or -1. */
static int
ask_about_line(const char *line, int depth)
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
    char path[LONGEST_LINE];
    PyOS_snprintf(path, sizeof path, "%s", line + strspn(line, SPACE));
    path[strcspn(path, "\r\n")] = '\0';
    return ask_about_settings(path, depth + 1);
}

/* Ask about a file of settings, and about what it includes: readline shows lines of it that it can't make sense of. Returns 0 or -1. */
static int
ask_about_settings(const char *path, int depth)
{
    struct stat status;
    char line[LONGEST_LINE];
    Buffer name;
    buffer_start(&name);
    int result = expand(path, &name) < 0 || (name.size && ask_about_file(name.data, FS_READ) < 0) ? -1 : 0;
    int fd = result == 0 && depth < DEEPEST_INCLUDE ? open(name.data, O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
    FILE *file = fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    while (file && result == 0 && fgets(line, sizeof line, file)) {
        result = ask_about_line(line, depth);
    }
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
    int result = ask_about_path(call, 0, NULL, WORKING_FOLDER, READS);
    if (result == 0 && PyUnicode_FSConverter(call_value(call, 0, NULL), &path)) {
        result = ask_about_settings(PyBytes_AS_STRING(path), 0);
    }
    else {
        PyErr_Clear(); /* what is no path is the builtin's to complain of */
    }
    Py_XDECREF(path);
    return result;
}

/* parse_and_bind(string) */
static int
ask_to_bind(Call *call, const char *Py_UNUSED(name))
{
    PyObject *value = call_value(call, 0, NULL), *once = value && PyUnicode_Check(value) ? PyUnicode_FromObject(value) : NULL;
    const char *line = once ? PyUnicode_AsUTF8(once) : NULL;
    bool is_asked = line && strchr(line, '$') && !ask_is_free(FS_READ);
    int result = line && (call_give(call, 0, NULL, once) < 0 || (is_asked && ask_about_line(line, 0) < 0)) ? -1 : 0;
    if (result == 0) {
        PyErr_Clear();
    }
    Py_XDECREF(once);
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
