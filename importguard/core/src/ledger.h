/* Which path is whose, as plain C memory that no Python object leads to: built in one go, and only read afterwards. */
#ifndef IMPORTGUARD_LEDGER_H
#define IMPORTGUARD_LEDGER_H

#include "readers.h"

/* An owner's number, for as long as the process lives; those of equal name, version and kind have the same. */
typedef uint32_t OwnerId;
enum { OWNER_UNOWNED, OWNER_STDLIB, OWNER_APP, OWNER_MAIN, FIRST_LISTED };

/* A path and the names that it belongs to as a file and as a folder, or a name; 0 for none. */
typedef struct {
    Text text;
    uint32_t hash;
    uint32_t file, prefix, name;
} Entry;

/* A PEP 503 name, its owner of now, and what an advisory says of it ("" for nothing). */
typedef struct {
    Text text, problem;
    OwnerId owner;
} Name;

typedef struct {
    Text folder;
    long long modified; /* in nanoseconds */
} Site;

/* What something is allocated in: whole pages that never move, so that they can be sealed where they are. */
typedef struct Pages Pages;

typedef struct Ledger {
    Pages *pages;
    const struct Ledger *before; /* whose texts it shares, or NULL */
    Entry *entries; /* a hash, of a power of two */
    uint32_t entry_count, mask;
    Name *names; /* from 1 on */
    uint32_t name_count, name_room;
    OwnerText *owners; /* by OwnerId */
    uint32_t owner_count, owner_room;
    Site *sites;
    uint32_t site_count, site_room;
    Text *stdlib, *roots; /* folders, each with its last slash */
    uint32_t stdlib_count, root_count;
    Text package; /* likewise */
} Ledger;

/* What Identity holds, as `holdings` of identity.py gives it; borrowed. */
typedef struct {
    PyObject *owners, *prefixes, *files, *sites, *problems; /* dicts */
} Holdings;

/* ledger.c */
uint32_t ledger_hash(Text text);
const Entry *ledger_entry(const Ledger *ledger, Text text, uint32_t hash);
uint32_t ledger_listed(const Ledger *ledger, Text path);
const Site *ledger_site(const Ledger *ledger, Text folder);
Text ledger_site_of(Text path);
bool text_has_prefix(Text text, Text prefix);
bool text_same(Text one, Text other);

/* ledger_build.c */
int holdings_read(PyObject *tuple, Holdings *holdings);
Ledger *ledger_build(const Holdings *holdings, PyObject *app_roots, PyObject *stdlib, PyObject *package);
Ledger *ledger_add(const Ledger *before, const Holdings *holdings);
void ledger_drop(Ledger *ledger);

#endif
