/* How a table lies in sealed memory, for the files that build it and the files that read it. */
#ifndef IMPORTGUARD_RULING_H
#define IMPORTGUARD_RULING_H

#include <string.h>

#include "sealed.h"
#include "table.h"

typedef struct {
    Ref at;
    uint32_t size;
} Name;

typedef struct {
    Ref at;
    uint32_t count;
} List;

/* A hash of keys to runs of numbers; `slots` is a power of two of them, an empty one has no numbers. */
typedef struct {
    uint64_t key;
    List numbers; /* of uint32_t */
} Slot;

typedef struct {
    List slots;
} Index;

/* Path patterns as one machine: see targets.Paths. A way is what a literal component leads to, all ways of a machine
   being one hash; `node` and `star` count from 1, so that 0 is none. */
typedef struct {
    uint32_t node, child;
    uint32_t hash;
    Name component;
} Way;

typedef struct {
    Name pattern;
    uint32_t child;
} GlobWay;

/* The globs of a node, and which first or last bytes a component has that one of them could match. */
typedef struct {
    List ways;
    uint64_t first[4], last[4];
    bool any;
} Globs;

typedef struct {
    Ref globs; /* or 0 */
    uint32_t star;
    bool ends, loops, has_ways;
} Node;

typedef struct {
    List nodes;
    List ways;
    uint32_t floating; /* a node, or 0 */
    int32_t unless;    /* the number of a machine, or -1 */
} Machine;

typedef enum {
    ANY_TARGET,
    SET_TARGET,
    PATHS_TARGET,
    SPAWN_TARGET,
    NET_TARGET,
    WRITTEN_TARGET,
    PACKAGE_TARGET,
    TEXT_TARGET
} TargetKind;

typedef struct {
    TargetKind kind;
    uint32_t machine; /* of a set */
    List patterns;    /* of Name, of Program or of Host */
    bool asks_back;   /* is_written or owner_name_of */
} Target;

typedef struct {
    Name path;
    List arguments; /* of Name */
    bool takes_any, is_system;
    Name called;
} Program;

typedef enum { ANY_HOST, HOST_NAME, HOST_BLOCK, HOST_UNIX } HostKind;

/* An address, as two halves of 128 bits; of an IPv4 one only the last 32 count. */
typedef struct {
    uint32_t bits; /* 32, 128, or 0 for no address */
    uint64_t high, low;
} Address;

typedef struct {
    HostKind kind;
    Name name;
    Address network;
    uint32_t length;
    Name port, free_port;
} Host;

/* Whom a rule is for, beside its specifier. */
typedef enum { FOR_ALL, FOR_NAME, FOR_GLOB, FOR_KIND } Reach;

typedef struct {
    uint32_t capabilities; /* a bit each */
    uint32_t phases;       /* a bit each */
    bool allows;
    uint8_t signs; /* before a plain version that the specifier is for alone, or 0 */
    Reach reach;
    int owner_kind; /* FOR_KIND */
    Name package, specifier;
    Target target;
    Name text;
    int number; /* in the content */
} Rule;

/* What somebody is a deputy for; many share one. */
typedef struct {
    Name specifier;
    uint32_t capabilities;
    Target target;
} Deputy;

/* The index leads to these. */
typedef struct {
    Name name;
    Ref deputy;
} DeputyName;

typedef enum { NEVER, ALWAYS, IF_WRITTEN, IN_SET } WatchKind;

typedef struct {
    WatchKind kind;
    uint32_t machine;
} Watch;

struct Table {
    Asks asks;
    uint32_t *scratch; /* for the states of a machine: two halves of `most_nodes` */
    uint32_t most_nodes;
    List rules; /* the one that decides first coming first */
    List order; /* where in `rules` the rule of a number in the content is */
    List deputy_names, apps, machines;
    Index rule_index, deputy_index;
    Watch watch[CAPABILITY_COUNT];
    uint32_t looks_at_target, asks_back; /* a bit a capability */
    uint32_t by_stem;                    /* bits of capabilities of which rules are filed so */
    uint32_t first_open[CAPABILITY_COUNT]; /* the first rule that isn't filed under one package and, at most, one target */
    uint32_t may_refuse_app;             /* bits of capabilities that a rule could deny to the application */
    bool enforces, kills;
};

#define AT(table, Type, ref) ((const Type *)((const char *)(table) + (ref)))

/* A network target, taken apart; `lowered` must be freed. */
typedef struct {
    bool is_unix;
    Text host, port;
    Address address;
    char room[256];
    char *lowered;
} Peer;

/* What is asked of one target after another. */
typedef struct {
    const Table *table;
    const Wanted *wanted;
    const OwnerText *owner; /* NULL while nobody is to blame yet */
    Peer peer;              /* for a capability that has one */
} Question;

static inline Text
text_at(const void *table, Name name)
{
    return (Text){(const char *)table + name.at, name.size};
}

static inline bool
text_equals(Text one, Text other)
{
    return one.size == other.size && memcmp(one.data, other.data, one.size) == 0;
}

/* The rules that could speak of a request; those of all runs, or every rule there is. */
#define MOST_RUNS 16
typedef struct {
    const Table *table;
    const Question *question;
    Capability capability;
    uint64_t packages[2], target;
    bool has_all; /* not only what speaks of the very package */
    List runs[MOST_RUNS];
    int count;
    bool is_everything;
    uint32_t next;
} Candidates;

/* Where to look first for what a component of some hash leads to from a node. */
static inline uint32_t
way_slot(uint32_t node, uint32_t hash)
{
    return hash ^ (node * 0x9E3779B1u) >> 7;
}

/* match.c */
Text text_stripped(Text text, char end);
bool glob_matches(Text pattern, Text text);
bool path_matches(Text pattern, Text path);
int text_lower(Text text, char *room, size_t size, char **lowered, Text *answer);

/* addresses.c */
Address address_parse(Text host);
int peer_read(Peer *peer, Capability capability, Text target);
bool host_matches(const Table *table, const Host *host, const Peer *peer, bool hosts_only);

/* machine.c */
bool machine_matches(const Table *table, uint32_t number, Text path);

/* versions.c */
bool specifier_is_valid(Text specifiers);
bool version_is_valid(Text version);
int specifier_matches(Text specifiers, Text version);

/* targets.c */
int question_begin(Question *question, const Table *table, const OwnerText *owner, const Wanted *wanted);
void question_end(Question *question);
bool target_matches(const Question *question, const Target *target);

/* index.c */
typedef struct {
    uint64_t key;
    uint32_t number;
} Entry;
typedef struct {
    Entry *entries;
    size_t count, room;
    bool by_stem;
    uint32_t stems; /* bits of the capabilities of which something is */
    uint32_t first_open[CAPABILITY_COUNT];
} Entries;
bool has_peer(Capability capability);
uint64_t rule_key(Capability capability, uint64_t package, uint64_t target);
uint64_t stem_hash(Text stem);
uint64_t wanted_hash(const Wanted *wanted, const Peer *peer);
int entries_add(Entries *entries, uint64_t key, uint32_t number);
int rules_file(Entries *entries, const void *data, List rules);
int index_build(Arena *arena, Entries *entries, Index *index);
List index_find(const Table *table, const Index *index, uint64_t key);

/* candidates.c */
void candidates_begin(Candidates *candidates, const Question *question, Text name);
const Rule *candidates_next(Candidates *candidates);

/* Loading: what is read goes into the arena; a malformed table is a ValueError that names the field. */
typedef struct {
    Arena arena;
    PyObject *content;     /* a dict */
    PyObject *set_numbers; /* {name: number} */
    PyObject *deputies;    /* {address of an entry: where it was put} */
    PyObject *names;       /* {text: where it was put} */
    const char *field;
    Py_ssize_t index; /* in the field, or -1 */
} Loader;
#define BUILT(loader, Type, ref) ((Type *)((loader)->arena.data + (ref)))
#define MOST_BYTES 4 /* of a character of a Text */
size_t text_write(PyObject *text, char *into);
int malformed(const Loader *loader, const char *what);
bool is_word(PyObject *text, const char *word);
int load_name(Loader *loader, PyObject *text, const char *what, Name *name);
int load_names(Loader *loader, PyObject *texts, const char *what, List *list);
int capability_of(PyObject *name);
int load_capabilities(Loader *loader, PyObject *pattern, uint32_t *bits);
int load_specifier(Loader *loader, PyObject *text, Name *specifier);
int load_set_number(const Loader *loader, PyObject *name, uint32_t *number);
int load_target(Loader *loader, PyObject *kind, PyObject *data, uint32_t capabilities, Target *target);
int load_machines(Loader *loader, PyObject *sets, Table *table);
int load_rules(Loader *loader, PyObject *rules, Table *table);
#define FORMAT 1 /* of a compiled policy */
int table_build(PyObject *content, const Asks *asks, Arena *arena);
int table_make_scratch(Table *table);

/* table_flat.c */
int table_unflat(PyObject *flat, const Asks *asks, Arena *arena);
const Table *table_take(PyObject *flat, const Asks *asks);
const Table *table_take_piece(PyObject *place, const Asks *asks);

#endif
