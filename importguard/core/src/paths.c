/* Which file a path really means: absolute, with every symbolic link followed, at the price of one lstat.
   Twin: paths.py. The interpreter lock is let go around every call into the kernel: a file system may be served by a
   thread of this very process. */
#include "readers.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40

/* What a walk comes to. TOO_LONG: a name on the way is longer than the kernel takes in one piece, so that whether it is
   a link was not to be seen; what is given then is a guess. */
enum { NO_MEMORY = -1, DONE, TOO_LONG, TOO_MANY_LINKS };

static const Text ROOT = {"/", 1};

/* Say whether the kernel takes these bytes for a path. */
static bool
is_callable(const Buffer *path)
{
    return path->size < PATH_MAX && !memchr(path->data, '\0', path->size);
}

/* Return the kind of file at a path, its last link not followed; 0 where there is none. */
static mode_t
kind_of(const Buffer *path)
{
    struct stat status;
    return is_callable(path) && lstat(path->data, &status) == 0 ? status.st_mode & S_IFMT : 0;
}

/* Give where a link leads; say whether it is one. */
static bool
read_link(const char *path, Buffer *link)
{
    char data[PATH_MAX + 1];
    ssize_t size = readlink(path, data, sizeof data);
    return size >= 0 && buffer_set(link, data, (size_t)size) == 0;
}

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

/* A walk: what is real already, and what is left to do from `at` on. */
typedef struct {
    Buffer *done;
    Buffer todo;
    size_t at;
    int budget;
    bool is_guess;
} Walk;

/* Give the next component of a walk; say whether there was one. */
static bool
next_part(Walk *walk, Text *part)
{
    if (walk->at > walk->todo.size) {
        return false;
    }
    const char *start = walk->todo.data + walk->at, *slash = memchr(start, '/', walk->todo.size - walk->at);
    *part = (Text){start, slash ? (size_t)(slash - start) : walk->todo.size - walk->at};
    walk->at += part->size + 1;
    return true;
}

/* Put where a link leads in front of what is left to do; return 0, or -1 when there is no memory left. */
static int
take_link(Walk *walk, Buffer *link)
{
    Text rest = {walk->todo.data + walk->at, walk->at <= walk->todo.size ? walk->todo.size - walk->at : 0};
    if (walk->at <= walk->todo.size && (buffer_add(link, "/", 1) < 0 || buffer_add(link, rest.data, rest.size) < 0)) {
        return -1;
    }
    walk->at = 0;
    return buffer_set(&walk->todo, link->data, link->size);
}

/* "socket:[1]" and "/memfd:x (deleted)" behind /proc/self/fd are names, not paths. */
static bool
is_name_of_no_path(const Buffer *here, const Buffer *link)
{
    return link->data[0] != '/' && text_starts(buffer_text(here), "/proc/") && strstr(link->data, ":[");
}

/* Step into a component, `done` having its parent; return DONE, NO_MEMORY or TOO_MANY_LINKS. */
static int
step(Walk *walk, Text part, Buffer *link)
{
    size_t parent = walk->done->size;
    if (buffer_add(walk->done, "/", 1) < 0 || buffer_add(walk->done, part.data, part.size) < 0) {
        return NO_MEMORY;
    }
    walk->is_guess |= walk->done->size >= PATH_MAX;
    if (!is_callable(walk->done) || !read_link(walk->done->data, link)) {
        return DONE;
    }
    if (--walk->budget < 0) {
        return TOO_MANY_LINKS;
    }
    if (is_name_of_no_path(walk->done, link)) {
        return DONE;
    }
    walk->done->size = link->data[0] == '/' ? 0 : parent;
    walk->done->data[walk->done->size] = '\0';
    return take_link(walk, link);
}

/* Take a step of a walk; return like `step`. */
static int
walk_on(Walk *walk, Text part, Buffer *link)
{
    if (!part.size || text_is(part, ".")) {
        return DONE;
    }
    if (text_is(part, "..")) {
        size_t at = text_last(buffer_text(walk->done), '/');
        walk->done->size = at ? at - 1 : 0;
        walk->done->data[walk->done->size] = '\0';
        return DONE;
    }
    return step(walk, part, link);
}

/* Walk a path component by component, as the kernel does; give the path itself where it has too many links.
   Return DONE, NO_MEMORY or TOO_LONG. `real` may not hold the path. */
static int
follow(Text path, Buffer *real)
{
    Walk walk = {.done = real, .budget = MOST_LINKS};
    Buffer link;
    Text part;
    buffer_start(&walk.todo);
    buffer_start(&link);
    int result = buffer_set(&walk.todo, path.data, path.size);
    result = result == 0 ? buffer_set(real, "", 0) : result;
    while (result == DONE && next_part(&walk, &part)) {
        result = walk_on(&walk, part, &link);
    }
    if (result == TOO_MANY_LINKS) {
        result = buffer_set(real, path.data, path.size);
    }
    else if (result == DONE && !real->size) {
        result = buffer_set(real, ROOT.data, ROOT.size);
    }
    buffer_end(&walk.todo);
    buffer_end(&link);
    return result == DONE && walk.is_guess ? TOO_LONG : result;
}

/* Give the real path of a folder whose parent's is known and that is no link itself; say whether that is so. */
static bool
below_known(Text path, Buffer *real)
{
    Text parent, name;
    split(path, &parent, &name);
    if (is_special(name) || !folders_find(parent, real) || text_is(buffer_text(real), "/")
        || buffer_add(real, "/", 1) < 0 || buffer_add(real, name.data, name.size) < 0) {
        return false;
    }
    mode_t kind;
    Py_BEGIN_ALLOW_THREADS;
    kind = kind_of(real);
    Py_END_ALLOW_THREADS;
    return kind == S_IFDIR;
}

/* What hangs below /proc changes with the process and with every descriptor that is opened. */
static bool
lasts(Text path, Text real)
{
    return !text_starts(real, "/proc/") && !text_starts(path, "/proc") && !text_starts(path, "/dev/fd");
}

/* Give a folder's absolute path without links; return DONE, NO_MEMORY or TOO_LONG. */
static int
real_folder(Text path, Buffer *real)
{
    if (folders_find(path, real)) {
        return DONE;
    }
    if (!below_known(path, real)) {
        int result;
        Py_BEGIN_ALLOW_THREADS;
        result = follow(path, real);
        Py_END_ALLOW_THREADS;
        if (result != DONE) {
            return result;
        }
    }
    return lasts(path, buffer_text(real)) ? folders_keep(path, buffer_text(real)) : DONE;
}

/* Give an absolute path without links; return DONE, NO_MEMORY or TOO_LONG. */
static int
resolve_absolute(Text path, Buffer *real)
{
    Text parent, name;
    mode_t kind;
    split(path, &parent, &name);
    if (is_special(name)) {
        return real_folder(path, real);
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
    Py_BEGIN_ALLOW_THREADS;
    kind = kind_of(real);
    if (kind == S_IFLNK) {
        Buffer full;
        buffer_start(&full);
        result = buffer_set(&full, real->data, real->size) < 0 ? NO_MEMORY : follow(buffer_text(&full), real);
        buffer_end(&full);
    }
    Py_END_ALLOW_THREADS;
    return result;
}

/* Give by what name the kernel knows what a descriptor stands for; say whether it does. */
static bool
name_of_fd(int fd, Buffer *name)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return read_link(link, name);
}

/* Give the name of what the kernel finds at a path; say whether it finds something. */
static bool
ask_the_kernel(int folder, const char *path, Buffer *name)
{
    int fd = openat(folder, path, O_PATH | O_CLOEXEC);
    bool result = fd >= 0 && name_of_fd(fd, name);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Give the real path of a file that is not there yet; say whether its folder is. */
static bool
ask_for_the_folder(int folder, Text path, Buffer *real)
{
    Buffer parent;
    size_t at = text_last(path, '/');
    buffer_start(&parent);
    bool result = buffer_set(&parent, at ? path.data : ".", at ? at : 1) == 0 && is_callable(&parent)
                  && ask_the_kernel(folder, parent.data, real) && buffer_add(real, "/", 1) == 0
                  && buffer_add(real, path.data + at, path.size - at) == 0;
    buffer_end(&parent);
    return result;
}

/* A path below a folder whose own name is longer than the kernel takes reaches a file all the same: only the kernel
   can say which. Give its name, or leave the guess; return DONE or NO_MEMORY. */
static int
resolve_long(Text given, int dir_fd, Buffer *real)
{
    Buffer path, asked;
    int folder = dir_fd >= 0 ? dir_fd : AT_FDCWD;
    bool found;
    buffer_start(&path);
    buffer_start(&asked);
    int result = buffer_set(&path, given.data, given.size);
    Py_BEGIN_ALLOW_THREADS;
    found = result == DONE && is_callable(&path)
            && (ask_the_kernel(folder, path.data, &asked) || ask_for_the_folder(folder, given, &asked));
    Py_END_ALLOW_THREADS;
    if (found) {
        result = buffer_set(real, asked.data, asked.size);
    }
    buffer_end(&path);
    buffer_end(&asked);
    return result;
}

/* Give a relative path's beginning: the folder of a descriptor, or the working folder. Return 0 or -1. */
static int
start_of_path(int dir_fd, Buffer *start)
{
    if (dir_fd < 0 || paths_folder_of_fd(dir_fd, start) < 0 || !start->size) {
        return paths_working_folder(start);
    }
    return 0;
}

/* Give a path, relative to a folder's descriptor or to the working folder, as an absolute path without links.
   Return 0, or -1 with an error. */
int
paths_resolve(Text path, int dir_fd, Buffer *real)
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
    result = result == DONE ? resolve_absolute(whole, real) : result;
    result = result == TOO_LONG ? resolve_long(path, dir_fd, real) : result;
    buffer_end(&start);
    if (result == NO_MEMORY) {
        PyErr_NoMemory();
    }
    return result;
}

/* Give a folder's absolute path without links; return 0, or -1 with an error. */
int
paths_real_folder(Text folder, Buffer *real)
{
    int result = real_folder(folder, real);
    result = result == TOO_LONG ? resolve_long(folder, WORKING_FOLDER, real) : result;
    if (result == NO_MEMORY) {
        PyErr_NoMemory();
    }
    return result;
}

/* Give the working folder, by the name that it had where it was removed; return 0 or -1. */
int
paths_working_folder(Buffer *folder)
{
    char *data;
    bool is_named = true;
    Py_BEGIN_ALLOW_THREADS;
    data = getcwd(NULL, 0);
    is_named = data || read_link("/proc/self/cwd", folder);
    Py_END_ALLOW_THREADS;
    int result = data ? buffer_set(folder, data, strlen(data)) : is_named ? 0 : buffer_set(folder, "/", 1);
    free(data);
    return result;
}

/* Give the folder that a descriptor stands for, or nothing; return 0 or -1. */
int
paths_folder_of_fd(int fd, Buffer *folder)
{
    bool is_named;
    Py_BEGIN_ALLOW_THREADS;
    is_named = name_of_fd(fd, folder);
    Py_END_ALLOW_THREADS;
    return is_named ? 0 : buffer_set(folder, "", 0);
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
