/* Finds the rules that could speak of a request among thousands, without looking at the others.

   A rule is filed under the capability, its package where that is one name, and its target where that is one text; in
   place of what it leaves open stands 0. Where there are many rules, a pattern that is open at one end, such as a domain
   with all below it or a folder with all within, is filed under the rest of it, its stem. What is found is still
   compared in full, so that two keys with the same hash cost time and nothing else. */
#include "ruling.h"

#include <stdlib.h>

#define FACTOR 0xD6E8FEB86659FD93u
#define MANY 256 /* rules: with fewer, looking at all that are open costs less than looking up every stem */

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

/* Return the hash of a stem, which is not that of the same text. */
uint64_t
stem_hash(Text stem)
{
    return mixed(text_hash(stem) + 1);
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

static Text
pattern_text(const void *data, const Target *target, uint32_t at)
{
    switch (target->kind) {
    case NET_TARGET:
        return text_at(data, AT(data, Host, target->patterns.at)[at].name);
    case SPAWN_TARGET:
        return text_at(data, AT(data, Program, target->patterns.at)[at].path);
    default:
        return text_at(data, AT(data, Name, target->patterns.at)[at]);
    }
}

/* Set `stem` to that of a host pattern or a path pattern; return whether it has one. */
static bool
stem_of(const void *data, const Target *target, uint32_t at, Text *stem)
{
    Text text = pattern_text(data, target, at);
    if (target->kind == NET_TARGET) {
        *stem = (Text){text.data + 1, text.size ? text.size - 1 : 0};
        return AT(data, Host, target->patterns.at)[at].kind == HOST_NAME && text.size > 1 && text.data[0] == '*'
               && text.data[1] == '.' && is_text(*stem);
    }
    *stem = (Text){text.data, text.size > 3 ? text.size - 3 : 0};
    return target->kind != TEXT_TARGET && text.size >= 3 && memcmp(text.data + text.size - 3, "/**", 3) == 0
           && is_text(*stem);
}

/* Set `hash` to that of what one pattern of a target is filed under; return whether there is such a thing. */
static bool
hash_pattern(const void *data, const Target *target, uint32_t at, bool by_stem, uint64_t *hash)
{
    Text stem;
    if (by_stem && stem_of(data, target, at, &stem)) {
        *hash = stem_hash(stem);
        return true;
    }
    if (target->kind == NET_TARGET) {
        return hash_host(data, AT(data, Host, target->patterns.at) + at, hash);
    }
    Text text = pattern_text(data, target, at);
    *hash = text_hash(text);
    return is_text(text);
}

/* Return whether requests for a capability are filed by what a target has patterns of. */
static bool
has_patterns(const Target *target, Capability capability)
{
    return target->patterns.count && is_net(capability) == (target->kind == NET_TARGET);
}

/* Note that what speaks of one package and one target isn't all that comes before a rule, where that is so. */
static void
note_open(Entries *entries, Capability capability, bool is_open, uint32_t number)
{
    if (is_open && number < entries->first_open[capability]) {
        entries->first_open[capability] = number;
    }
}

/* File a rule under one capability: once for each text that it is about, or once for all. */
static int
file_rule(Entries *entries, const void *data, const Rule *rule, uint32_t number, Capability capability)
{
    uint64_t package = rule->reach == FOR_NAME ? text_hash(text_at(data, rule->package)) : 0, target = 0;
    const Target *about = &rule->target;
    uint32_t count = has_patterns(about, capability) ? about->patterns.count : 0, at = 0;
    while (at < count && hash_pattern(data, about, at, entries->by_stem, &target)) {
        at++;
    }
    note_open(entries, capability, package == 0, number);
    if (at < count || count == 0) {
        return entries_add(entries, rule_key(capability, package, 0), number);
    }
    for (at = 0; at < count; at++) {
        Text stem;
        bool has_stem = entries->by_stem && stem_of(data, about, at, &stem);
        entries->stems |= has_stem ? 1u << capability : 0;
        note_open(entries, capability, has_stem, number);
        hash_pattern(data, about, at, entries->by_stem, &target);
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
    entries->by_stem = rules.count > MANY;
    memset(entries->first_open, 0xFF, sizeof entries->first_open);
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
