/* What this process has written lately: code and programs that come from there are nobody's. Twin: written.py. */
#include "readers.h"

#include <string.h>
#include <sys/stat.h>

#define MOST 4096    /* paths; the oldest goes first */
#define BUCKETS 4096 /* a power of two */

typedef struct Path {
    struct Path *next; /* in its bucket */
    uint32_t hash;
    size_t size;
    char data[];
} Path;

static Path *buckets[BUCKETS];
static Path *oldest_first[MOST]; /* a ring */
static size_t first, count;

static uint32_t
hash_of(Text text)
{
    uint32_t hash = 2166136261u;
    for (size_t at = 0; at < text.size; at++) {
        hash = (hash ^ (unsigned char)text.data[at]) * 16777619u;
    }
    return hash;
}

/* Return the link that leads to a path, or that would. */
static Path **
link_to(Text text, uint32_t hash)
{
    Path **link = &buckets[hash & (BUCKETS - 1)];
    while (*link
           && ((*link)->hash != hash || (*link)->size != text.size || memcmp((*link)->data, text.data, text.size) != 0)) {
        link = &(*link)->next;
    }
    return link;
}

static void
drop_oldest(void)
{
    Path *oldest = oldest_first[first];
    *link_to((Text){oldest->data, oldest->size}, oldest->hash) = oldest->next;
    PyMem_RawFree(oldest);
    first = (first + 1) % MOST;
    count--;
}

/* Take note that a path was opened for writing, created, moved or made executable. Return 0, or -1 with an error. */
int
written_note(Text path)
{
    uint32_t hash = hash_of(path);
    if (*link_to(path, hash)) {
        return 0;
    }
    Path *noted = PyMem_RawMalloc(sizeof(Path) + path.size);
    if (!noted) {
        PyErr_NoMemory();
        return -1;
    }
    if (count == MOST) {
        drop_oldest();
    }
    Path **bucket = &buckets[hash & (BUCKETS - 1)];
    *noted = (Path){*bucket, hash, path.size};
    memcpy(noted->data, path.data, path.size);
    *bucket = noted;
    oldest_first[(first + count++) % MOST] = noted;
    return 0;
}

/* Give the names that what was written in a folder gets by a move: sizes, each with its text behind it. Noting one may
   drop another. Return 0, or -1 when there is no memory left. */
static int
names_after(Text source, Text target, Buffer *names, size_t *found)
{
    for (size_t at = 0; at < count; at++) {
        const Path *path = oldest_first[(first + at) % MOST];
        bool is_inside = path->size > source.size && path->data[source.size] == '/'
                         && memcmp(path->data, source.data, source.size) == 0;
        size_t size = is_inside ? target.size + path->size - source.size : 0;
        if (is_inside
            && (buffer_add(names, (const char *)&size, sizeof size) < 0
                || buffer_add(names, target.data, target.size) < 0
                || buffer_add(names, path->data + source.size, path->size - source.size) < 0)) {
            return -1;
        }
        *found += is_inside;
    }
    return 0;
}

/* Take note that a folder gets another name, and what was written in it with it. Return 0, or -1 with an error. */
int
written_move(Text source, Text target)
{
    Buffer names;
    size_t found = 0, size;
    buffer_start(&names);
    int result = names_after(source, target, &names, &found);
    const char *at = names.data;
    if (result < 0) {
        PyErr_NoMemory();
    }
    for (; result == 0 && found; found--, at += size) {
        memcpy(&size, at, sizeof size);
        at += sizeof size;
        result = written_note((Text){at, size});
    }
    buffer_end(&names);
    return result;
}

static bool
is_noted(Text path)
{
    return count && *link_to(path, hash_of(path)) != NULL;
}

/* Say whether a path leads into an archive that was written; a folder that was made says nothing of its files. */
static bool
lies_in_a_file(Text path)
{
    do {
        size_t at = text_last(path, '/');
        path.size = at && count ? at - 1 : 0;
    } while (path.size && !is_noted(path));
    return path.size && paths_kind(path, true) != S_IFDIR;
}

/* Say whether a path was written by this process, lies in what was, or lies in memory only. */
bool
written_holds(Text path)
{
    return is_noted(path) || text_starts(path, "/memfd:") || text_starts(path, "/dev/fd/")
           || text_ends(path, " (deleted)") || lies_in_a_file(path);
}

/* Say whether this process has written a file, by its own name or by one that leads to it: programs are named as people
   start them. What can't be found out for want of memory was. Twin: is_written in corridor.py. */
bool
written_reaches(Text path)
{
    if (written_holds(path) || !memchr(path.data, '/', path.size)) {
        return written_holds(path);
    }
    Asked asked = {0};
    PyObject *object = PyUnicode_DecodeUTF8(path.data, (Py_ssize_t)path.size, "surrogateescape");
    bool result = !object || locate_text(object, WORKING_FOLDER, &asked) < 0 || written_holds(asked.text);
    PyErr_Clear();
    asked_clear(&asked, 1);
    Py_XDECREF(object);
    return result;
}
