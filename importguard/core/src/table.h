/* The compiled policy in C: what policy/table.py, policy/decide.py and policy/targets.py say, in the same words.

   A table is loaded once and then sealed. Asking it allocates nothing and calls no Python, but for host names and
   start-up files that aren't ASCII. All of it is asked with the interpreter's lock held.

   A phase that is none of the three is judged as an import.

   For a cache of verdicts: an answer to table_decide depends on the rule's phase, the owner, the capability, and, where
   table_looks_at_target says so, on the target and the arguments. It also depends on what is_written and owner_name_of
   answered, which may change: keep nothing for a capability of which table_asks_back is true. */
#ifndef IMPORTGUARD_TABLE_H
#define IMPORTGUARD_TABLE_H

#include "text.h"

/* What a request asks beside its owner and phase: `argument_count` is -1 where the arguments aren't known. */
typedef struct {
    Capability capability;
    Text target;
    const Text *arguments;
    Py_ssize_t argument_count;
} Wanted;

/* What a table asks back. `is_written` says whether this process tree created a file, 1 or 0 (-1, it can't tell, is
   taken the strict way); `owner_name_of` gives the name of the distribution that owns a file, or no data. */
typedef struct {
    int (*is_written)(void *context, Text path);
    Text (*owner_name_of)(void *context, Text path);
    void *context;
} Asks;

/* `rule` is the number of the rule that decided, in the order of the content's "rules", or -1 for none. */
typedef struct {
    bool is_allowed;
    int rule;
} Verdict;

typedef struct Table Table;

const Table *table_load(PyObject *content, const Asks *asks);
PyObject *table_flat(PyObject *content);
bool table_watches(const Table *table, Capability capability, Text target);
bool table_watches_any(const Table *table, Capability capability);
int table_decide(const Table *table, const OwnerText *owner, int phase, const Wanted *wanted, Verdict *verdict);
int table_is_deputy(const Table *table, const OwnerText *owner, const Wanted *wanted);
bool table_may_refuse_app(const Table *table, uint32_t capabilities);
bool table_is_app(const Table *table, Text name);
Text table_rule_text(const Table *table, int rule);
bool table_looks_at_target(const Table *table, Capability capability);
bool table_asks_back(const Table *table, Capability capability);
bool table_enforces(const Table *table);
bool table_kills(const Table *table);

#endif
