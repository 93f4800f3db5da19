/* A table as bytes: the launcher makes them, and the guarded process takes them over without reading a mapping. */
#include "piece.h"
#include "ruling.h"

#define FLAT_FORMAT 3 /* of what stands before a flat table */

/* What stands before a flat table, so that one which isn't whole, or of another core, is refused: its places are believed. */
typedef struct {
    char made_by[8];
    uint64_t size, sum;
} Head;
static const char MADE_BY[sizeof((Head *)0)->made_by] = {'i', 'g', 't', 'a', 'b', 'l', 'e', FLAT_FORMAT};

static uint64_t
stirred(uint64_t sum, const char *data)
{
    uint64_t part;
    memcpy(&part, data, sizeof part);
    sum = (sum ^ part) * 0xFF51AFD7ED558CCDu;
    return sum ^ sum >> 32;
}

/* Return a number that any other bit, or a change in one place, makes another: of four sums side by side, which don't wait for each
 * other. */
static uint64_t
sum_of_bytes(const char *data, size_t size)
{
    enum { LANES = 4, STEP = LANES * sizeof(uint64_t) };
    uint64_t sums[LANES] = {size, 1, 2, 3};
    char rest[STEP] = {0};
    for (; size >= STEP; data += STEP, size -= STEP) {
        for (size_t lane = 0; lane < LANES; lane++) {
            sums[lane] = stirred(sums[lane], data + lane * sizeof(uint64_t));
        }
    }
    memcpy(rest, data, size);
    for (size_t lane = 0; lane < LANES; lane++) {
        sums[lane] = stirred(sums[lane], rest + lane * sizeof(uint64_t));
        sums[0] = (sums[0] ^ (lane ? sums[lane] : 0)) * 0xC4CEB9FE1A85EC53u;
    }
    return sums[0];
}

/* Return the sum of a table, which begins with its own Table. */
static uint64_t
sum_of(const void *table, const char *rest, size_t rest_size)
{
    return (sum_of_bytes(table, sizeof(Table)) ^ sizeof(Table)) * 0xFF51AFD7ED558CCDu ^ sum_of_bytes(rest, rest_size);
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
    Head head = {.size = arena.size, .sum = sum_of(table, arena.data + sizeof *table, arena.size - sizeof *table)};
    memcpy(head.made_by, MADE_BY, sizeof head.made_by);
    PyObject *flat = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(sizeof head + arena.size));
    if (flat) {
        memcpy(PyBytes_AS_STRING(flat), &head, sizeof head);
        memcpy(PyBytes_AS_STRING(flat) + sizeof head, arena.data, arena.size);
    }
    arena_drop(&arena);
    return flat;
}

static int
not_whole(void)
{
    PyErr_SetString(PyExc_ValueError, "no flat policy table, or one that isn't whole");
    return 0;
}

/* Say whether a table of so many bytes follows. */
static bool
is_head(const Head *head, size_t size)
{
    return memcmp(head->made_by, MADE_BY, sizeof MADE_BY) == 0 && head->size == size && size >= sizeof(Table);
}

/* Give where the table lies in what table_flat has given; return its size, or 0 with an exception set. */
static size_t
content_of(PyObject *flat, const char **data)
{
    Head head = {0};
    size_t size = (size_t)PyBytes_GET_SIZE(flat);
    *data = PyBytes_AS_STRING(flat) + sizeof head;
    memcpy(&head, PyBytes_AS_STRING(flat), size < sizeof head ? size : sizeof head);
    if (size < sizeof head || !is_head(&head, size - sizeof head)
        || head.sum != sum_of(*data, *data + sizeof(Table), head.size - sizeof(Table))) {
        return not_whole();
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

/* Return the sealed table of a piece of a file, NULL with an exception set: the kernel copies it, and it's looked through afterwards. */
static const Table *
seal_piece(Piece *piece, const Asks *asks)
{
    Head head;
    Table given, first;
    size_t whole = piece->size;
    if (!piece_read(piece, &head, sizeof head) || !is_head(&head, whole - sizeof head) || !piece_read(piece, &given, sizeof given)) {
        not_whole();
        return NULL;
    }
    first = given;
    first.asks = *asks;
    if (table_make_scratch(&first) < 0) {
        return NULL;
    }
    const Table *table = sealed_piece(&first, sizeof first, piece);
    if (table && head.sum == sum_of(&given, (const char *)(table + 1), piece->size)) {
        return table;
    }
    PyMem_RawFree(first.scratch);
    not_whole();
    return NULL;
}

/* The same for one that lies in a file: (path, start, size). */
const Table *
table_take_piece(PyObject *place, const Asks *asks)
{
    Piece piece;
    if (piece_open(place, &piece) < 0) {
        return NULL;
    }
    const Table *table = seal_piece(&piece, asks);
    piece_close(&piece);
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
