/* The table of audit events: a hash that is filled at arming, sealed then, and only read afterwards. Twin: the dicts of
 * pycore. */
#include "ccore.h"
#include "text.h"

#include <string.h>

#define SLOTS 512 /* a power of two; about a hundred events are in it */
#define MOST_BYTES 4096

/* Names lie in the table itself: nobody can write them either. */
static struct {
    struct {
        uint32_t hash, name; /* where it is among the names; those begin at 1 */
        Event event;
    } slots[SLOTS];
    char names[MOST_BYTES];
} SEALED_IN_PLACE table;
static uint32_t filled, size = 1;

static OFTEN uint32_t
hash_of(const char *name)
{
    return (uint32_t)text_hash((Text){name, strlen(name)});
}

static OFTEN uint32_t
slot_of(const char *name, uint32_t hash)
{
    uint32_t slot = hash & (SLOTS - 1);
    while (table.slots[slot].name
           && (table.slots[slot].hash != hash || strcmp(table.names + table.slots[slot].name, name) != 0)) {
        slot = (slot + 1) & (SLOTS - 1);
    }
    return slot;
}

/* Add an event, or give one that is there a reader as well. */
int
events_add(const char *name, Event event)
{
    uint32_t hash = hash_of(name), slot = slot_of(name, hash);
    size_t length = strlen(name) + 1;
    if (table.slots[slot].name) {
        table.slots[slot].event.reader = event.reader;
        return 0;
    }
    if (filled == SLOTS / 2 || length > MOST_BYTES - size) {
        PyErr_SetString(PyExc_ValueError, "more events than there is room for");
        return -1;
    }
    memcpy(table.names + size, name, length);
    table.slots[slot].hash = hash;
    table.slots[slot].event = event;
    table.slots[slot].name = size;
    filled++;
    size += (uint32_t)length;
    return 0;
}

/* Return what an event is to the hook, or NULL for one that matters to nobody. */
OFTEN const Event *
events_find(const char *name)
{
    uint32_t slot = slot_of(name, hash_of(name));
    return table.slots[slot].name ? &table.slots[slot].event : NULL;
}

/* All events are there: nobody changes them any more. */
void
events_seal(void)
{
    sealed_in_place(&table, sizeof table);
}
