/* What is known of folders: the path by which one was asked for, and the one without links. Twin: paths._folders. */
#include "paths.h"

#include <string.h>
#include <time.h>

#define FEWEST 256 /* slots; most processes know a few dozen folders, which lie close together */
#define MOST 8192
#define MOST_BYTES (1u << 20)
#define SECONDS 1 /* what another process does to a folder raises no event here: it is seen that much later */

typedef struct {
    uint64_t hash;
    size_t size, real_size;
    char data[]; /* the folder, then its real path */
} Known;

static Known **table; /* a hash, at least twice as large as what is in it */
static size_t slots; /* a power of two */
static size_t count, bytes;
static time_t since;
static bool has_links; /* some folder is kept by a way through a link */

static uint64_t
hash_of(Text text)
{
    uint64_t hash = text.size * 0x9E3779B97F4A7C15u, part;
    while (text.size >= sizeof part) {
        memcpy(&part, text.data, sizeof part);
        hash = (hash ^ part) * 0xFF51AFD7ED558CCDu;
        hash ^= hash >> 32;
        text.data += sizeof part;
        text.size -= sizeof part;
    }
    part = 0;
    memcpy(&part, text.data, text.size);
    hash = (hash ^ part) * 0xC4CEB9FE1A85EC53u;
    return hash ^ hash >> 29;
}

/* Return the slot of a folder, or the one that is free for it. */
static Known **
slot_of(Text folder, uint64_t hash)
{
    size_t slot = hash & (slots - 1);
    while (table[slot]
           && (table[slot]->hash != hash || table[slot]->size != folder.size
               || memcmp(table[slot]->data, folder.data, folder.size) != 0)) {
        slot = (slot + 1) & (slots - 1);
    }
    return &table[slot];
}

/* Drop what is known: a link, a rename or a removal may have changed it. */
OFTEN void
folders_forget(void)
{
    for (size_t at = 0; count && at < slots; at++) {
        count -= table[at] != NULL;
        PyMem_RawFree(table[at]);
        table[at] = NULL;
    }
    bytes = 0;
    has_links = false;
}

/* Drop what is known by way of links, one of which may have been removed. */
void
folders_forget_links(void)
{
    if (has_links) {
        folders_forget();
    }
}

/* Have twice as many slots; returns 0, or -1 where there is no memory. */
static int
grow(void)
{
    Known **before = table;
    size_t size = slots;
    Known **moved = PyMem_RawCalloc(size ? size * 2 : FEWEST, sizeof(Known *));
    if (!moved) {
        return -1;
    }
    table = moved;
    slots = size ? size * 2 : FEWEST;
    for (size_t at = 0; at < size; at++) {
        if (before[at]) {
            *slot_of((Text){before[at]->data, before[at]->size}, before[at]->hash) = before[at];
        }
    }
    PyMem_RawFree(before);
    return 0;
}

static void
forget_what_is_old(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec - since >= SECONDS) {
        folders_forget();
        since = now.tv_sec;
    }
}

/* Give a folder's real path; say whether it is known. */
bool
folders_find(Text folder, Buffer *real)
{
    forget_what_is_old();
    Known *known = count ? *slot_of(folder, hash_of(folder)) : NULL;
    return known && buffer_set(real, known->data + known->size, known->real_size) == 0;
}

/* Keep a folder's real path; return 0, or -1 when there is no memory left. */
int
folders_keep(Text folder, Text real)
{
    size_t size = sizeof(Known) + folder.size + real.size;
    if (count >= MOST || bytes + size > MOST_BYTES) {
        folders_forget();
    }
    Known *known = count * 2 >= slots && grow() < 0 ? NULL : PyMem_RawMalloc(size);
    if (!known) {
        return -1;
    }
    *known = (Known){hash_of(folder), folder.size, real.size};
    memcpy(known->data, folder.data, folder.size);
    memcpy(known->data + folder.size, real.data, real.size);
    Known **slot = slot_of(folder, known->hash);
    count += *slot == NULL;
    bytes += size - (*slot ? sizeof(Known) + (*slot)->size + (*slot)->real_size : 0);
    PyMem_RawFree(*slot);
    *slot = known;
    has_links = has_links || folder.size != real.size || memcmp(folder.data, real.data, real.size) != 0;
    return 0;
}
