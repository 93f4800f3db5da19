/* The table of audit events: a hash that is filled at arming and only read afterwards. Twin: the dicts of pycore. */
#include "ccore.h"

#include <string.h>

#define SLOTS 512 /* a power of two; about a hundred events are in it */

static struct {
    uint32_t hash;
    const char *name;
    Event event;
} table[SLOTS];
static int filled;

static uint32_t
hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return hash;
}

static uint32_t
slot_of(const char *name, uint32_t hash)
{
    uint32_t slot = hash & (SLOTS - 1);
    while (table[slot].name && (table[slot].hash != hash || strcmp(table[slot].name, name) != 0)) {
        slot = (slot + 1) & (SLOTS - 1);
    }
    return slot;
}

/* Add an event, or give one that is there a reader as well. */
int
events_add(const char *name, Event event)
{
    uint32_t hash = hash_of(name), slot = slot_of(name, hash);
    if (table[slot].name) {
        table[slot].event.reader = event.reader;
        return 0;
    }
    char *copy = filled < SLOTS / 2 ? strdup(name) : NULL;
    if (!copy) {
        PyErr_NoMemory();
        return -1;
    }
    filled++;
    table[slot].hash = hash;
    table[slot].event = event;
    table[slot].name = copy;
    return 0;
}

/* Return what an event is to the hook, or NULL for one that matters to nobody. */
const Event *
events_find(const char *name)
{
    uint32_t slot = slot_of(name, hash_of(name));
    return table[slot].name ? &table[slot].event : NULL;
}
