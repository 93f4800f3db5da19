/* The corridor from a request to a verdict. */
#ifndef IMPORTGUARD_JUDGE_H
#define IMPORTGUARD_JUDGE_H

#include "blame.h"
#include "readers.h"
#include "table.h"

/* The doors, as a record's `layer` names them. */
typedef enum { FINDER_DOOR, AUDIT_DOOR, WRAP_DOOR, SCAN_DOOR, DOOR_COUNT } Door;
extern const char *const door_names[DOOR_COUNT];

#define KILLED 86 /* the exit status of errors.KILLED */

/* What is known of an import before anybody has looked closely. */
enum { IMPORT_FINE, IMPORT_UNSURE, IMPORT_REFUSED };

/* judge.c */
int judge_start(PyObject *table, PyObject *candidate);
int judge(const Asked *asked, Door door, Blame *blame);
int judge_done(const Asked *asked, const Blame *blame);
int judge_ask(Capability capability, PyObject *target, PyObject *argv);
int judge_held(Capability capability, PyObject *target, uint64_t socket);
OwnerId judge_who(Capability capability);
bool judge_is_program(Capability capability);
void judge_grant(bool granted);
int judge_import(PyObject *name, OwnerText owner);

/* hearsay.c */
bool hearsay_is_heard(void);
bool hearsay_is_read(const Asked *asked, const Blame *blame);

/* opened.c */
bool held_is_by(uint64_t socket, OwnerId owner, Capability capability);

/* services.c */
PyObject *services(void);

/* report.c */
int report(const Asked *asked, Door door, const Blame *blame, const Verdict *verdict, const Verdict *tried);
int report_patch(const Asked *asked, const Blame *blame, OwnerText victim);
PyObject *report_owner(OwnerText owner);
PyObject *report_via(const Blame *blame);
int report_import(PyObject *name, PyObject *spec, bool is_refused);
PyObject *attend(PyObject *function, PyObject *args);

/* learnt.c */
bool learnt_is_new(const Asked *asked, Door door, const Walked *walked, const Blame *blame);
void report_allowed(const Asked *asked, Door door, const Blame *blame, const Blame *caller);

#endif
