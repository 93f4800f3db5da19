/* Symbolic links, followed as the kernel follows them. Twin: paths._walk. Nothing here needs the interpreter lock. */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40

static const Text ROOT = {"/", 1};

/* Say whether the kernel takes these bytes for a path. */
bool
is_callable(const Buffer *path)
{
    return path->size < PATH_MAX && !memchr(path->data, '\0', path->size);
}

static _Thread_local struct stat looked;

/* Return what the kernel has said of the path that this thread looked at last; no mode where there is nothing to be said. */
const struct stat *
looked_at(void)
{
    return &looked;
}

/* What a path leads to was found without a look at it: what was looked at before says nothing of that one. */
void
look_away(void)
{
    looked.st_mode = 0;
}

/* Return the kind of file at a path, its last link not followed; 0 where there is none. */
mode_t
kind_of(const Buffer *path)
{
    looked.st_mode = 0;
    return is_callable(path) && lstat(path->data, &looked) == 0 ? looked.st_mode & S_IFMT : 0;
}

/* Give where a link leads; return 1, 0 where there is none, NO_MEMORY, or UNREADABLE where the kernel follows it and can't say. */
int
read_link(const char *path, Buffer *link)
{
    char data[PATH_MAX + 1];
    ssize_t size = readlink(path, data, sizeof data);
    if (size < 0) {
        return errno == ENAMETOOLONG || errno == ENOMEM ? UNREADABLE : 0;
    }
    return buffer_set(link, data, (size_t)size) < 0 ? NO_MEMORY : 1;
}

/* A walk: what is real already, and what is left to do from `at` on. */
typedef struct {
    Buffer *done;
    Buffer todo;
    size_t at;
    int budget;
    bool is_guess, passes;
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

/* Say whether a path leads to the very file that a link of the kernel's leads to. */
static bool
is_its_name(const char *link, const char *path)
{
    struct stat there, here;
    return stat(link, &there) == 0 && lstat(path, &here) == 0 && there.st_ino == here.st_ino && there.st_dev == here.st_dev;
}

/* Go where a link of the kernel's leads, whose text is a name that has no links left in it: followed once more, it could be led to
   elsewhere by what has come to lie there. A file that was removed keeps the name that it had. */
static int
jump(Walk *walk, Buffer *link)
{
    static const char removed[] = " (deleted)";
    bool has_place = !text_starts(buffer_text(link), "/memfd:");
    if (has_place && text_ends(buffer_text(link), removed) && !is_its_name(walk->done->data, link->data)) {
        link->size -= sizeof removed - 1;
    }
    return buffer_set(walk->done, link->data, link->size == 1 ? 0 : link->size);
}

/* Step into a component, `done` having its parent; return DONE, NO_MEMORY, TOO_MANY_LINKS or UNREADABLE. */
static int
step(Walk *walk, Text part, Buffer *link)
{
    size_t parent = walk->done->size;
    if (buffer_add(walk->done, "/", 1) < 0 || buffer_add(walk->done, part.data, part.size) < 0) {
        return NO_MEMORY;
    }
    walk->is_guess |= walk->done->size >= PATH_MAX;
    int found = is_callable(walk->done) ? read_link(walk->done->data, link) : 0;
    if (found == UNREADABLE && !text_starts(buffer_text(walk->done), "/proc/")) {
        found = DONE; /* the name itself is too long for anything to be there */
    }
    if (found <= 0) {
        return found; /* DONE where there is no link */
    }
    if (--walk->budget < 0) {
        return TOO_MANY_LINKS;
    }
    if (is_name_of_no_path(walk->done, link)) {
        return DONE;
    }
    bool is_the_kernels = text_starts(buffer_text(walk->done), "/proc/");
    walk->passes |= is_the_kernels;
    if (is_the_kernels && link->data[0] == '/') {
        return jump(walk, link);
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
   Return DONE, NO_MEMORY or TOO_LONG. `real` may not hold the path. What was found by a link of /proc `passes`: it leads elsewhere
   as soon as a descriptor does, which raises no event. */
int
follow(Text path, Buffer *real, bool *passes)
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
    if (result == TOO_MANY_LINKS || result == UNREADABLE) {
        walk.is_guess |= result == UNREADABLE;
        result = buffer_set(real, path.data, path.size);
    }
    else if (result == DONE && !real->size) {
        result = buffer_set(real, ROOT.data, ROOT.size);
    }
    buffer_end(&walk.todo);
    buffer_end(&link);
    *passes |= walk.passes;
    return result == DONE && walk.is_guess ? TOO_LONG : result;
}
