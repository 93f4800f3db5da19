/* Which file a path really means: absolute, with every symbolic link followed, at the price of one lstat.
   Twin: paths.py. The interpreter lock is let go around every call into the kernel: a file system may be served by a
   thread of this very process. */
#include "paths.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEEPEST 64 /* folders within folders whose parents are asked for one by one */

static Text
part_of(Text text, size_t start, size_t end)
{
    return (Text){text.data + start, end - start};
}

/* Split a path behind its last slash, which is in neither part. */
static void
split(Text path, Text *parent, Text *name)
{
    size_t at = text_last(path, '/');
    *parent = part_of(path, 0, at ? at - 1 : 0);
    *name = part_of(path, at, path.size);
}

static bool
is_special(Text name)
{
    return !name.size || text_is(name, ".") || text_is(name, "..");
}

/* What hangs below /proc changes with the process and with every descriptor that is opened. */
static bool
lasts(Text path, Text real)
{
    return !text_starts(real, "/proc/") && !text_starts(path, "/proc") && !text_starts(path, "/dev/fd");
}

static int real_folder_at(Text path, Buffer *real, int depth, bool *passes);

/* Give the real path of a folder that is no link itself by that of its parent, which is likely to be known; say whether that is so. */
static bool
below_parent(Text path, Buffer *real, int depth, bool *passes)
{
    Text parent, name;
    split(path, &parent, &name);
    if (depth == DEEPEST || is_special(name)
        || (parent.size ? real_folder_at(parent, real, depth + 1, passes) : buffer_set(real, "", 0)) != DONE
        || (text_is(buffer_text(real), "/") && buffer_set(real, "", 0) < 0) || buffer_add(real, "/", 1) < 0
        || buffer_add(real, name.data, name.size) < 0) {
        return false;
    }
    mode_t kind;
    Py_BEGIN_ALLOW_THREADS;
    kind = kind_of(real);
    Py_END_ALLOW_THREADS;
    return kind == S_IFDIR;
}

/* What isn't there may become a link to anywhere, so that it `passes` as well. */
static int
real_folder_at(Text path, Buffer *real, int depth, bool *passes)
{
    if (folders_find(path, real)) {
        return DONE;
    }
    if (!below_parent(path, real, depth, passes)) {
        int result;
        Py_BEGIN_ALLOW_THREADS;
        result = follow(path, real, passes);
        *passes = *passes || kind_of(real) != S_IFDIR;
        Py_END_ALLOW_THREADS;
        if (result != DONE) {
            return result;
        }
    }
    return !*passes && lasts(path, buffer_text(real)) ? folders_keep(path, buffer_text(real)) : DONE;
}

/* Give a folder's absolute path without links; return DONE, NO_MEMORY or TOO_LONG. */
static int
real_folder(Text path, Buffer *real)
{
    bool passes = false;
    return real_folder_at(path, real, 0, &passes);
}

/* Give an absolute path without links; return DONE, NO_MEMORY or TOO_LONG. What `is_whole` needs no look whether it is a link itself. */
static int
resolve_absolute(Text path, Buffer *real, bool is_whole)
{
    Text parent, name;
    mode_t kind;
    split(path, &parent, &name);
    if (is_special(name)) {
        int result = real_folder(path, real);
        look_away();
        return result;
    }
    int result = parent.size ? real_folder(parent, real) : buffer_set(real, "", 0);
    if (result == DONE && text_is(buffer_text(real), "/")) {
        result = buffer_set(real, "", 0);
    }
    if (result == NO_MEMORY || buffer_add(real, "/", 1) < 0 || buffer_add(real, name.data, name.size) < 0) {
        return NO_MEMORY;
    }
    if (result == TOO_LONG || real->size >= PATH_MAX) {
        return TOO_LONG;
    }
    if (is_whole) {
        look_away();
        return DONE;
    }
    Py_BEGIN_ALLOW_THREADS;
    kind = kind_of(real);
    if (kind == S_IFLNK) {
        Buffer full;
        bool passes = false;
        buffer_start(&full);
        result = buffer_set(&full, real->data, real->size) < 0 ? NO_MEMORY : follow(buffer_text(&full), real, &passes);
        buffer_end(&full);
    }
    Py_END_ALLOW_THREADS;
    return result;
}

/* Ask the kernel where a path leads that is too long to be told by its parts: by_name, where its folder does. */
static int
ask_for_long(Text path, int dir_fd, bool by_name, Buffer *real)
{
    int result = resolve_long(path, dir_fd, by_name, real);
    look_away();
    return result;
}

/* Give a relative path's beginning: the folder of a descriptor, or the working folder. Return 0 or -1. */
static int
start_of_path(int dir_fd, Buffer *start)
{
    if (dir_fd >= 0 && paths_folder_of_fd(dir_fd, start) < 0) {
        return NO_MEMORY;
    }
    return start->size ? 0 : paths_working_folder(start);
}

/* Give a path, relative to a folder's descriptor or to the working folder, as an absolute path without links; what lies there
   `by_name` may be a link itself. Return 0, or -1 with an error. */
static int
resolve(Text path, int dir_fd, bool by_name, Buffer *real)
{
    Buffer start;
    Text whole = path;
    int result = DONE;
    buffer_start(&start);
    if (!path.size || path.data[0] != '/') {
        result = start_of_path(dir_fd, &start);
        if (result == DONE && (buffer_add(&start, "/", 1) < 0 || buffer_add(&start, path.data, path.size) < 0)) {
            result = NO_MEMORY;
        }
        whole = buffer_text(&start);
    }
    result = result == DONE ? resolve_absolute(whole, real, by_name || dir_fd == OPENED_UNLESS_A_LINK) : result;
    result = result == TOO_LONG ? ask_for_long(path, dir_fd, by_name, real) : result;
    buffer_end(&start);
    if (result == NO_MEMORY) {
        PyErr_NoMemory();
    }
    return result;
}

int
paths_resolve(Text path, int dir_fd, Buffer *real)
{
    return resolve(path, dir_fd, false, real);
}

/* Give where a name lies, to whatever the link leads that it may be: what is renamed and removed is the link. */
int
paths_resolve_name(Text path, int dir_fd, Buffer *place)
{
    return resolve(path, dir_fd, true, place);
}

/* Give a folder's absolute path without links; return 0, or -1 with an error. */
int
paths_real_folder(Text folder, Buffer *real)
{
    int result = real_folder(folder, real);
    result = result == TOO_LONG ? resolve_long(folder, WORKING_FOLDER, false, real) : result;
    if (result == NO_MEMORY) {
        PyErr_NoMemory();
    }
    return result;
}

/* Give the working folder where its name is longer than is usual, or the link that leads to it where it has none; return 0 or -1. */
static int
unusual_working_folder(Buffer *folder)
{
    static const char link[] = "/proc/self/cwd";
    char *data;
    Py_BEGIN_ALLOW_THREADS;
    data = getcwd(NULL, 0);
    Py_END_ALLOW_THREADS;
    int result = data ? buffer_set(folder, data, strlen(data)) : buffer_set(folder, link, sizeof link - 1);
    free(data);
    return result;
}

/* Give the working folder, by a link of the kernel's where it was removed; return 0 or -1. */
int
paths_working_folder(Buffer *folder)
{
    char data[512]; /* the kernel asks no file system for it */
    return getcwd(data, sizeof data) ? buffer_set(folder, data, strlen(data)) : unusual_working_folder(folder);
}

/* Give a path to the folder that a descriptor stands for, or nothing; return 0 or -1. */
int
paths_folder_of_fd(int fd, Buffer *folder)
{
    int found;
    Py_BEGIN_ALLOW_THREADS;
    found = path_of_fd(fd, folder);
    Py_END_ALLOW_THREADS;
    return found > 0 ? 0 : found < 0 ? found : buffer_set(folder, "", 0);
}

/* Return the kind of file at a path now (S_IFDIR and its like), 0 where there is none. */
mode_t
paths_kind(Text path, bool through_links)
{
    struct stat status;
    Buffer name;
    mode_t kind = 0;
    buffer_start(&name);
    if (buffer_set(&name, path.data, path.size) == 0 && is_callable(&name)) {
        Py_BEGIN_ALLOW_THREADS;
        int failed = through_links ? stat(name.data, &status) : lstat(name.data, &status);
        kind = failed ? 0 : status.st_mode & S_IFMT;
        Py_END_ALLOW_THREADS;
    }
    buffer_end(&name);
    return kind;
}

/* Drop what is known of folders; called when a link, a rename or a removal may have changed it. */
void
paths_forget(void)
{
    folders_forget();
}
