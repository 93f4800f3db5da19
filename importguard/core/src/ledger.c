/* Looking things up in a ledger, without allocating anything. Twin: Identity._listed and site_of in identity.py. */
#include "ledger.h"

#include <string.h>

#define HASH_START 0xCBF29CE484222325u
#define HASH_STEP(hash, piece) (((hash) ^ text_hash(piece)) * 0x100000001B3u + 1)
#define HASH_END(hash) ((uint32_t)((hash) ^ (hash) >> 32))

bool
text_same(Text one, Text other)
{
    return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

/* Say whether a text begins with another. */
bool
text_has_prefix(Text text, Text prefix)
{
    return text.size >= prefix.size && memcmp(text.data, prefix.data, prefix.size) == 0;
}

/* Return a hash of a text, made component by component: that of a folder is on the way to that of a file in there. */
uint32_t
ledger_hash(Text text)
{
    uint64_t hash = HASH_START;
    do {
        Text piece = text_before(text, '/', &text);
        hash = HASH_STEP(hash, piece);
    } while (text.data);
    return HASH_END(hash);
}

/* Return the entry of a text, or the free one where it belongs. */
const Entry *
ledger_entry(const Ledger *ledger, Text text, uint32_t hash)
{
    uint32_t slot = hash & ledger->mask;
    const Entry *entry = &ledger->entries[slot];
    while (entry->text.data && (entry->hash != hash || !text_same(entry->text, text))) {
        slot = (slot + 1) & ledger->mask;
        entry = &ledger->entries[slot];
    }
    return entry;
}

/* Return the number of the name that a path is listed under, by itself or by the innermost folder, or 0. */
uint32_t
ledger_listed(const Ledger *ledger, Text path)
{
    uint32_t found = 0;
    uint64_t hash = HASH_START;
    Text rest = path, piece = text_before(path, '/', &rest);
    for (; rest.data; piece = text_before(rest, '/', &rest)) {
        Text folder = {path.data, (size_t)(rest.data - path.data) - 1};
        hash = HASH_STEP(hash, piece);
        uint32_t prefix = folder.size ? ledger_entry(ledger, folder, HASH_END(hash))->prefix : 0;
        found = prefix ? prefix : found;
    }
    const Entry *whole = ledger_entry(ledger, path, HASH_END(HASH_STEP(hash, piece)));
    if (whole->file) {
        return whole->file;
    }
    return whole->prefix && path.size ? whole->prefix : found;
}

/* Return what is known of a site directory, or NULL. */
const Site *
ledger_site(const Ledger *ledger, Text folder)
{
    for (uint32_t at = 0; at < ledger->site_count; at++) {
        if (text_same(ledger->sites[at].folder, folder)) {
            return &ledger->sites[at];
        }
    }
    return NULL;
}

/* Return the site directory that a path lies in by its name, as site.py builds it, or no data. */
Text
ledger_site_of(Text path)
{
    static const char *const names[] = {"/site-packages/", "/dist-packages/"};
    for (size_t at = 0; at < Py_ARRAY_LENGTH(names); at++) {
        size_t size = strlen(names[at]);
        const char *found = path.size ? memmem(path.data, path.size, names[at], size) : NULL;
        if (found) {
            return (Text){path.data, (size_t)(found - path.data) + size - 1};
        }
    }
    return (Text){NULL, 0};
}
