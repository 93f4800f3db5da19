/* Finds the rules that could speak of a request among thousands, without looking at the others.

   A rule is filed under the capability, its package where that is one name, and its target where that is one text; in
   place of what it leaves open stands 0. A request has four such keys. What is found is still compared in full, so that
   two keys with the same hash cost time and nothing else. */
#include "ruling.h"

#include <stdlib.h>

#define FACTOR 0xD6E8FEB86659FD93u

static uint64_t
mixed(uint64_t value)
{
    value = (value ^ value >> 32) * FACTOR;
    return value ^ value >> 29;
}

/* Return the key of a capability, the hash of a package and that of a target, 0 where any will do. */
uint64_t
rule_key(Capability capability, uint64_t package, uint64_t target)
{
    return mixed(mixed((uint64_t)capability + 1 + package) + target);
}

static uint64_t
address_hash(const Address *address)
{
    return mixed(mixed(address->bits + address->high) + address->low);
}

static uint64_t
unix_hash(Text path)
{
    return mixed(text_hash(path));
}

static bool
is_net(Capability capability)
{
    return capability == NET_CONNECT || capability == NET_LISTEN || capability == NET_RESOLVE;
}

/* Return the hash of what is asked for; `peer` is read for the capabilities that have one. */
uint64_t
wanted_hash(const Wanted *wanted, const Peer *peer)
{
    if (!is_net(wanted->capability)) {
        return text_hash(wanted->target);
    }
    if (peer->is_unix) {
        return unix_hash(peer->host);
    }
    return peer->address.bits ? address_hash(&peer->address) : text_hash(peer->host);
}

/* Return whether requests for a capability are filed by what `peer_read` makes of their targets. */
bool
has_peer(Capability capability)
{
    return is_net(capability);
}

/* Add a number under a key; return 0, or -1 without memory. */
int
entries_add(Entries *entries, uint64_t key, uint32_t number)
{
    if (entries->count == entries->room) {
        size_t room = entries->room ? entries->room * 2 : 256;
        Entry *moved = PyMem_RawRealloc(entries->entries, room * sizeof(Entry));
        if (!moved) {
            PyErr_NoMemory();
            return -1;
        }
        entries->entries = moved;
        entries->room = room;
    }
    entries->entries[entries->count++] = (Entry){key, number};
    return 0;
}

static int
compare_entries(const void *one, const void *other)
{
    const Entry *first = one, *second = other;
    if (first->key != second->key) {
        return first->key < second->key ? -1 : 1;
    }
    return (first->number > second->number) - (first->number < second->number);
}

static bool
is_text(Text text)
{
    return !memchr(text.data, '*', text.size);
}

/* Set `hash` to that of a host pattern that stands for one peer alone; return whether it does. */
static bool
hash_host(const void *data, const Host *host, uint64_t *hash)
{
    Text name = text_at(data, host->name);
    switch (host->kind) {
    case HOST_BLOCK:
        *hash = address_hash(&host->network);
        return host->length == host->network.bits;
    case HOST_NAME:
        *hash = text_hash(name);
        return is_text(name) && !address_parse(name).bits;
    case HOST_UNIX:
        *hash = unix_hash(name);
        return is_text(name);
    default:
        return false;
    }
}

/* Set `hash` to that of one pattern of a target; return whether it stands for one text alone. */
static bool
hash_pattern(const void *data, const Target *target, Capability capability, uint32_t at, uint64_t *hash)
{
    Text text;
    switch (target->kind) {
    case NET_TARGET:
        return is_net(capability) && hash_host(data, AT(data, Host, target->patterns.at) + at, hash);
    case SPAWN_TARGET:
        text = text_at(data, AT(data, Program, target->patterns.at)[at].path);
        break;
    case PATHS_TARGET:
    case TEXT_TARGET:
        text = text_at(data, AT(data, Name, target->patterns.at)[at]);
        break;
    default:
        return false;
    }
    *hash = text_hash(text);
    return is_text(text) && !is_net(capability);
}

/* File a rule under one capability: once for each text that it is about, or once for all. */
static int
file_rule(Entries *entries, const void *data, const Rule *rule, uint32_t number, Capability capability)
{
    uint64_t package = rule->reach == FOR_NAME ? text_hash(text_at(data, rule->package)) : 0, target = 0;
    uint32_t count = rule->target.patterns.count, at = 0;
    while (at < count && hash_pattern(data, &rule->target, capability, at, &target)) {
        at++;
    }
    if (at < count || rule->target.kind == ANY_TARGET || count == 0) {
        return entries_add(entries, rule_key(capability, package, 0), number);
    }
    for (at = 0; at < count; at++) {
        hash_pattern(data, &rule->target, capability, at, &target);
        if (entries_add(entries, rule_key(capability, package, target), number) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Collect the entries of all rules, which lie in the order in which they decide. */
int
rules_file(Entries *entries, const void *data, List rules)
{
    for (uint32_t number = 0; number < rules.count; number++) {
        const Rule *rule = AT(data, Rule, rules.at) + number;
        for (int capability = 0; capability < CAPABILITY_COUNT; capability++) {
            if (rule->capabilities >> capability & 1
                && file_rule(entries, data, rule, number, (Capability)capability) < 0) {
                return -1;
            }
        }
    }
    return 0;
}

/* Put sorted entries into the room for their slots and numbers. */
static void
fill(char *data, const Entries *entries, const Index *index, Ref numbers)
{
    Slot *slots = (Slot *)(data + index->slots.at);
    uint32_t *into = (uint32_t *)(data + numbers), mask = index->slots.count - 1;
    Slot *slot = NULL;
    for (size_t at = 0; at < entries->count; at++) {
        const Entry *entry = &entries->entries[at];
        bool is_new = at == 0 || entry->key != entries->entries[at - 1].key;
        if (!is_new && entry->number == entries->entries[at - 1].number) {
            continue;
        }
        if (is_new) {
            uint32_t place = (uint32_t)entry->key & mask;
            while (slots[place].numbers.count) {
                place = (place + 1) & mask;
            }
            slot = &slots[place];
            *slot = (Slot){entry->key, {(Ref)((char *)into - data), 0}};
        }
        *into++ = entry->number;
        slot->numbers.count++;
    }
}

/* Make an index of entries, whose memory is given back; return 0, or -1 without memory. */
int
index_build(Arena *arena, Entries *entries, Index *index)
{
    uint32_t count = 2;
    while (count < 2 * entries->count) {
        count *= 2;
    }
    index->slots = (List){arena_room(arena, count * sizeof(Slot)), count};
    Ref numbers = arena_room(arena, entries->count * sizeof(uint32_t));
    bool has_room = index->slots.at && numbers;
    if (has_room) {
        if (entries->count) {
            qsort(entries->entries, entries->count, sizeof(Entry), compare_entries);
        }
        fill(arena->data, entries, index, numbers);
    }
    PyMem_RawFree(entries->entries);
    *entries = (Entries){0};
    if (!has_room) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* Return the numbers that are filed under a key, in ascending order. */
List
index_find(const Table *table, const Index *index, uint64_t key)
{
    const Slot *slots = AT(table, Slot, index->slots.at);
    uint32_t mask = index->slots.count - 1, place = (uint32_t)key & mask;
    while (slots[place].numbers.count && slots[place].key != key) {
        place = (place + 1) & mask;
    }
    return slots[place].numbers;
}
