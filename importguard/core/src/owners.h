/* Who owns a path, in this process: its ledger, and the few owners that no ledger lists. Twin: identity.py. */
#ifndef IMPORTGUARD_OWNERS_H
#define IMPORTGUARD_OWNERS_H

#include "ledger.h"

#define LATE_OWNERS ((OwnerId)1 << 30) /* numbers from here on are of owners that came up later */
#define MOST_LATE 4096

/* A ledger and whom it asks: `rescan(folder)` gives the holdings of a site directory that has changed, `is_written(path)`
 * says whether this process has written a file, as the core knows itself where it is NULL. */
typedef struct {
    const Ledger *ledger;
    PyObject *rescan, *is_written;
    OwnerText *late;
    uint32_t late_count, late_room;
} Identity;

/* owners.c: of any identity */
Ledger *identity_ledger(PyObject *parts);
OwnerId identity_owner_of_path(Identity *identity, Text path);
OwnerId identity_owner_of_module(const Identity *identity, Text name);
OwnerId identity_number(Identity *identity, OwnerText owner);
OwnerText identity_text(const Identity *identity, OwnerId owner);
void identity_drop(Identity *identity);

/* owners.c: of this process */
extern Identity process_identity;
int owners_start(PyObject *ledger, PyObject *rescan);
OwnerId owner_of_path(Text path);
OwnerText owner_text(OwnerId owner);
Text owner_name_of_path(Text path);
Text owner_problem(Text name);
bool owners_have_problems(void);

/* owners_objects.c: as Python reports with them */
PyObject *owner_object(OwnerId owner);
OwnerId owner_of_object(Identity *identity, PyObject *object);

/* twins_owners.c */
extern PyMethodDef owner_twins[];

/* places.c */
bool owner_runs_others(OwnerId owner);
void place_expect(PyObject *path, Buffer *real, const struct stat *status, OwnerId owner);
void place_forget(Text real_path);

#endif
