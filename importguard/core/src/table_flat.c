/* A table as bytes: the launcher makes them, and the guarded process takes them over without reading a mapping. */
#include "ruling.h"

/* What stands before a flat table, so that one which isn't whole, or of another core, is refused: its places are believed. */
typedef struct {
    char made_by[8];
    uint64_t size, sum;
} Head;
static const char MADE_BY[sizeof((Head *)0)->made_by] = {'i', 'g', 't', 'a', 'b', 'l', 'e', FORMAT};

/* Return a number that any other bit in a table, or a change in one place, makes another. */
static uint64_t
sum_of(const char *data, size_t size)
{
    uint64_t sum = size + ((uint64_t)sizeof(Table) << 40), part;
    for (; size >= sizeof part; data += sizeof part, size -= sizeof part) {
        memcpy(&part, data, sizeof part);
        sum = (sum ^ part) * 0xFF51AFD7ED558CCDu;
        sum ^= sum >> 32;
    }
    part = 0;
    memcpy(&part, data, size);
    return (sum ^ part) * 0xC4CEB9FE1A85EC53u;
}

/* Return a table as bytes that table_unflat takes, in this process or another; NULL with an exception set. */
PyObject *
table_flat(PyObject *content)
{
    static const Asks nobody;
    Arena arena = {0};
    if (table_build(content, &nobody, &arena) < 0) {
        return NULL;
    }
    Table *table = (Table *)(void *)arena.data;
    PyMem_RawFree(table->scratch);
    table->scratch = NULL;
    Head head = {.size = arena.size, .sum = sum_of(arena.data, arena.size)};
    memcpy(head.made_by, MADE_BY, sizeof head.made_by);
    PyObject *flat = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(sizeof head + arena.size));
    if (flat) {
        memcpy(PyBytes_AS_STRING(flat), &head, sizeof head);
        memcpy(PyBytes_AS_STRING(flat) + sizeof head, arena.data, arena.size);
    }
    arena_drop(&arena);
    return flat;
}

/* Give where the table lies in what table_flat has given; return its size, or 0 with an exception set. */
static size_t
content_of(PyObject *flat, const char **data)
{
    Head head = {0};
    size_t size = (size_t)PyBytes_GET_SIZE(flat);
    *data = PyBytes_AS_STRING(flat) + sizeof head;
    memcpy(&head, PyBytes_AS_STRING(flat), size < sizeof head ? size : sizeof head);
    if (memcmp(head.made_by, MADE_BY, sizeof MADE_BY) != 0 || size < sizeof head + sizeof(Table)
        || head.size != size - sizeof head || head.sum != sum_of(*data, size - sizeof head)) {
        PyErr_SetString(PyExc_ValueError, "no flat policy table, or one that isn't whole");
        return 0;
    }
    return head.size;
}

/* Return the sealed table that table_flat has given, NULL with an exception set. */
const Table *
table_take(PyObject *flat, const Asks *asks)
{
    const char *data;
    size_t size = content_of(flat, &data);
    Table first;
    if (!size) {
        return NULL;
    }
    memcpy(&first, data, sizeof first);
    first.asks = *asks;
    if (table_make_scratch(&first) < 0) {
        return NULL;
    }
    const Table *table = sealed_pair(&first, sizeof first, data + sizeof first, size - sizeof first);
    if (!table) {
        PyMem_RawFree(first.scratch);
        PyErr_NoMemory();
    }
    return table;
}

/* Put the table that table_flat has given in an arena; return 0, or -1 with an exception set. */
int
table_unflat(PyObject *flat, const Asks *asks, Arena *arena)
{
    const char *data;
    size_t size = content_of(flat, &data);
    if (!size) {
        return -1;
    }
    *arena = (Arena){0};
    arena_room(arena, size);
    if (!arena->data) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(arena->data, data, size);
    Table *table = (Table *)(void *)arena->data;
    table->asks = *asks;
    if (table_make_scratch(table) < 0) {
        arena_drop(arena);
        return -1;
    }
    return 0;
}
