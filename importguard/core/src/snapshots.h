/* What modules and classes held when their import was over, and what has become of it since. */
#ifndef IMPORTGUARD_SNAPSHOTS_H
#define IMPORTGUARD_SNAPSHOTS_H

#include "owners.h"

/* A name of a module or class that leads to something else now. All but `victim` are strong references; `old` is NULL
 * where it wasn't kept. */
typedef struct {
    PyObject *holder, *key, *old, *target;
    OwnerId victim;
} Change;

typedef struct {
    Change *all;
    size_t count, room;
    PyObject *waste; /* a list of what may be given back when nothing is compared any more */
} Changes;

#define NOBODY ((OwnerId)UINT32_MAX)

/* snapshots.c */
int snapshots_watch(PyObject *module, PyObject *name, OwnerId owner);
int snapshots_watch_library(void);
int snapshots_compare(OwnerId author, Changes *changes);
void changes_drop(Changes *changes);

/* snapshots_names.c */
typedef struct {
    uint32_t key, value;
} Held;

/* The names of one dictionary. `kept` is NULL, or has what each name led to. Of sys.modules, which each import changes, the first
 * entries of its table are there as they were, so that only those behind them need a look. */
typedef struct {
    Held *held;
    PyObject **kept;
    size_t count, room;
    uint64_t version;
    PyDictUnicodeEntry *copies;
    Py_ssize_t copied;
} Names;

/* Called with a name that leads to something else now; `old` may be NULL. Returns 0, or -1 with an exception set. */
typedef int (*OnChange)(void *context, PyObject *key, PyObject *value, PyObject *old);

/* PyDict_Next without a call: most dictionaries of modules and classes have nothing but texts for keys, in one table. */
static inline bool
next_name(PyObject *dict, Py_ssize_t *at, PyObject **key, PyObject **value)
{
    PyDictKeysObject *keys = ((PyDictObject *)dict)->ma_keys;
    if (((PyDictObject *)dict)->ma_values || !DK_IS_UNICODE(keys)) {
        return PyDict_Next(dict, at, key, value);
    }
    for (; *at < keys->dk_nentries; ++*at) {
        const PyDictUnicodeEntry *entry = &DK_UNICODE_ENTRIES(keys)[*at];
        if (entry->me_value) {
            *key = entry->me_key;
            *value = entry->me_value;
            ++*at;
            return true;
        }
    }
    return false;
}

int names_take(Names *names, PyObject *dict, bool of_modules);
int names_compare(Names *names, PyObject *dict, bool of_modules, PyObject *waste, OnChange on_change, void *context);
bool names_are_same(const Names *names, PyObject *dict);
void names_drop(Names *names, PyObject *waste);

#endif
