/* What is in a folder that gets another name, by a rename or a link: the event names the folder alone. What is watched under
 * one of its names, and not under the other, is asked about. No twin: pycore sees the folder. */
#include "methods.h"
#include "readers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_ENTRIES 1000000
#define DEEPEST 256 /* a descriptor each */

/* A folder that has two names, the longest of which `text` is built in behind each. */
typedef struct {
    Text old, new;
    bool is_link; /* it keeps its old name */
    long entries;
} Names;

/* What makes something run, below folders that are to be had whole: a link in the place of one is filled afterwards. */
static const char *const TAILS[] = {
    "/systemd/user/x.service", "/user/x.service", "/share/systemd/user/x.service", "/autostart/x.desktop", "/cron.d/x",
    "/hooks/x", "/workflows/x", "/tasks.json", "/extensions/x", "/profile_default/startup/x.py", "/startup/x.py",
};

/* Ask about a path below the folder by one of its names; returns 0, or -1 with an error. */
static int
ask_below(Capability capability, Text folder, const char *rest)
{
    Buffer path;
    buffer_start(&path);
    bool is_whole = buffer_add(&path, folder.data, folder.size) == 0 && buffer_add(&path, rest, strlen(rest)) == 0;
    PyObject *target = is_whole ? text_object_of_name(buffer_text(&path)) : PyErr_NoMemory();
    int result = target ? judge_ask(capability, target, NULL) : -1;
    Py_XDECREF(target);
    buffer_end(&path);
    return result;
}

/* Say whether a rule speaks of what lies below a folder. */
static bool
is_watched(Capability capability, Text folder, const char *rest)
{
    char path[PATH_MAX];
    int size = PyOS_snprintf(path, sizeof path, "%s%s", folder.data, rest);
    return size < 0 || (size_t)size >= sizeof path || table_watches(core.table, capability, (Text){path, (size_t)size});
}

/* Ask about one entry, which is called `rest` below both names; returns 0, or -1 with an error. */
static int
ask_entry(const Names *names, const char *rest)
{
    bool was = is_watched(FS_WRITE, names->old, rest), is = is_watched(FS_WRITE, names->new, rest);
    if (is && !was && ask_below(FS_WRITE, names->new, rest) < 0) {
        return -1;
    }
    if (names->is_link) {
        return 0;
    }
    if (was && !is && ask_below(FS_WRITE, names->old, rest) < 0) {
        return -1;
    }
    bool is_hidden = is_watched(FS_READ, names->old, rest) && !is_watched(FS_READ, names->new, rest);
    return is_hidden ? ask_below(FS_READ, names->old, rest) : 0;
}

/* Refuse a folder of which not everything was seen; returns 0 where nothing may be refused, else -1 with an error. */
static int
cant_be_seen(const Names *names)
{
    return refuse_unclear(core.enforcing, "can't look at all that is in '%s'", names->old.data);
}

/* The same of a folder that wasn't opened: who is kept out of it may let himself in later. What is no folder, or isn't there, has nothing in
 * it. */
static int
cant_be_opened(const Names *names)
{
    bool has_nothing = errno == ENOENT || errno == ENOTDIR || errno == ELOOP || errno == ENAMETOOLONG;
    return has_nothing ? 0 : cant_be_seen(names);
}

static int ask_entries(Names *names, int folder, char *rest, size_t size, int depth);

/* Ask about an entry, and about what is in it where it is a folder; returns 0, or -1 with an error. */
static int
ask_entry_of(Names *names, int folder, const struct dirent *entry, char *rest, size_t size, int depth)
{
    size_t length = strlen(entry->d_name);
    if (size + length + 2 > PATH_MAX || ++names->entries > MOST_ENTRIES) {
        return cant_be_seen(names);
    }
    rest[size] = '/';
    memcpy(rest + size + 1, entry->d_name, length + 1);
    if (ask_entry(names, rest) < 0) {
        return -1;
    }
    if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN) {
        return 0;
    }
    int below = openat(folder, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return below < 0 ? cant_be_opened(names) : ask_entries(names, below, rest, size + 1 + length, depth + 1);
}

/* Ask about all that is in a folder, whose descriptor is closed; returns 0, or -1 with an error. */
static int
ask_entries(Names *names, int folder, char *rest, size_t size, int depth)
{
    DIR *entries = depth < DEEPEST ? fdopendir(folder) : NULL;
    if (!entries) {
        close(folder);
        return cant_be_seen(names);
    }
    int result = 0;
    const struct dirent *entry;
    while (result == 0 && (entry = readdir(entries))) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            result = ask_entry_of(names, dirfd(entries), entry, rest, size, depth);
        }
    }
    closedir(entries);
    return result;
}

/* Ask about what comes to lie under a link by and by; returns 0, or -1 with an error. */
static int
ask_tails(const Names *names)
{
    int result = 0;
    for (size_t at = 0; result == 0 && at < Py_ARRAY_LENGTH(TAILS); at++) {
        result = ask_entry(names, TAILS[at]);
    }
    return result;
}

/* Ask about a folder that gets a second name; what is no folder is the event's business. Returns 0, or -1 with an error. */
static int
ask_about(Names *names)
{
    char rest[PATH_MAX] = "";
    int folder = open(names->old.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return cant_be_opened(names) < 0 ? -1 : names->is_link ? ask_tails(names) : 0;
    }
    int result = ask_entries(names, folder, rest, 0, 0);
    names->is_link = true; /* what is moved may be a link itself */
    return result == 0 ? ask_tails(names) : result;
}

/* The same for both names as they are: one that is no UTF-8 is a name to the kernel, whatever the other one is. */
static int
ask_about_names(PyObject *old, PyObject *new, bool is_link)
{
    Names names = {.is_link = is_link};
    PyObject *old_keeper, *new_keeper;
    if (text_of_name(old, &names.old, &old_keeper) < 0) {
        return -1;
    }
    int result = text_of_name(new, &names.new, &new_keeper);
    if (result == 0) {
        bool are_names = strlen(names.old.data) == names.old.size && strlen(names.new.data) == names.new.size;
        result = are_names ? ask_about(&names) : 0;
        Py_XDECREF(new_keeper);
    }
    Py_XDECREF(old_keeper);
    return result;
}

/* Return where the name of an argument lies (new reference), read once; NULL with an error, or without one for what is no path. */
static PyObject *
place_of(Call *call, Py_ssize_t at, const char *name, int folder)
{
    PyObject *value = call_value(call, at, name), *once = value ? argument_once(value) : NULL;
    PyObject *place = once && call_give(call, at, name, once) == 0 ? locate_name_at(once, folder) : NULL;
    Py_XDECREF(once);
    return place;
}

static int
folder_of(Call *call, const char *name)
{
    long fd;
    return call_number(call, -1, name, &fd) == 1 && fd >= 0 && fd <= INT_MAX ? (int)fd : WORKING_FOLDER;
}

/* Say whether nobody has to be asked: it is the application's doing, or no rule speaks of files. */
static bool
is_free(void)
{
    return ask_is_free(FS_WRITE) && ask_is_free(FS_READ);
}

/* Ask about what is moved: a link takes along what it leads to, which keeps its old name. Returns 0, or -1 with an error. */
static int
ask_about_moved(PyObject *old, PyObject *new)
{
    Asked place = {0};
    int result = asked_take(&place, Py_NewRef(old));
    if (result == 0) {
        bool is_link = asked_kind(&place, false) == S_IFLNK;
        PyObject *aim = is_link ? locate_at(old, WORKING_FOLDER) : Py_NewRef(old);
        result = aim ? ask_about_names(aim, new, is_link) : -1;
        Py_XDECREF(aim);
    }
    asked_clear(&place, 1);
    return result;
}

/* rename(src, dst, *, src_dir_fd, dst_dir_fd) and replace */
static int
ask_to_move(Call *call, const char *Py_UNUSED(name))
{
    if (is_free()) {
        return 0;
    }
    PyObject *old = place_of(call, 0, "src", folder_of(call, "src_dir_fd"));
    PyObject *new = old ? place_of(call, 1, "dst", folder_of(call, "dst_dir_fd")) : NULL;
    int result = new ? ask_about_moved(old, new) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(old);
    Py_XDECREF(new);
    return result;
}

/* Return where a link leads that is made in a place (new reference); NULL with an error, or without one for what is no path. */
static PyObject *
aim_of(Call *call, PyObject *place)
{
    PyObject *value = call_value(call, 0, "src"), *once = value ? argument_once(value) : NULL, *aim = NULL;
    if (once && PyBytes_Check(once)) {
        Py_SETREF(once, PyUnicode_DecodeFSDefaultAndSize(PyBytes_AS_STRING(once), PyBytes_GET_SIZE(once)));
    }
    if (once && PyUnicode_Check(once) && call_give(call, 0, "src", once) == 0) {
        bool is_whole = PyUnicode_GET_LENGTH(once) && PyUnicode_READ_CHAR(once, 0) == '/';
        PyObject *path = is_whole ? Py_NewRef(once) : PyUnicode_FromFormat("%U/../%U", place, once);
        aim = path ? locate_at(path, WORKING_FOLDER) : NULL;
        Py_XDECREF(path);
    }
    Py_XDECREF(once);
    return aim;
}

/* symlink(src, dst, target_is_directory, *, dir_fd) */
static int
ask_to_link(Call *call, const char *Py_UNUSED(name))
{
    if (is_free()) {
        return 0;
    }
    PyObject *place = place_of(call, 1, "dst", folder_of(call, "dir_fd"));
    PyObject *aim = place ? aim_of(call, place) : NULL;
    int result = aim ? ask_about_names(aim, place, true) : PyErr_Occurred() ? -1 : 0;
    Py_XDECREF(place);
    Py_XDECREF(aim);
    return result;
}

const Method methods_of_folders[] = {
    {"posix", NULL, "rename", ask_to_move, NULL},
    {"posix", NULL, "replace", ask_to_move, NULL},
    {"posix", NULL, "symlink", ask_to_link, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
