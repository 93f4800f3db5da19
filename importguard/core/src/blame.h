/* Who is to blame for what the innermost code asks for. Twin: blame.py. */
#ifndef IMPORTGUARD_BLAME_H
#define IMPORTGUARD_BLAME_H

#include "owners.h"

#define MOST_OWNERS 64 /* in a chain: whoever is behind so many deputies is nobody that a policy knows */

/* Where deferred work comes from. Twin: Origin. */
typedef struct {
    OwnerId owners[MOST_OWNERS];
    int count, phase;
    PyObject *module; /* str, or NULL */
} Source;

/* What a walk has found: the owners, innermost first, each once, how it ended, and what belongs to that end: the globals of
 * a BODY, the path of a STARTUP_LINE, the source of CARRIED work. */
typedef struct {
    OwnerId owners[MOST_OWNERS];
    int count, end;
    PyObject *detail; /* a new reference, or NULL */
    const Source *source, *lent; /* `lent` is of work that somebody there has called by himself, or NULL */
} Walked;

#define NOBODY_ASKED (-1)

/* The outcome: the owner to blame, those that it went through, the phase (NOBODY_ASKED where no walk was needed), and the
 * module at the boundary. */
typedef struct {
    OwnerId owner;
    bool has_authority; /* of the application: the program whose command the user typed */
    OwnerId via[MOST_OWNERS];
    int via_count, phase;
    PyObject *module; /* str, a new reference, or NULL */
} Blame;

/* On whose behalf a process runs, and whether its program has begun. Twin: MainOrigin, and Walker's own state. */
typedef struct {
    Identity *identity;
    OwnerId owner;
    int phase;
    bool is_app, is_starting;
    Text program;     /* the distribution whose command the user typed */
    PyObject *module; /* str */
} Process;

/* Says whether an owner acts for its caller in what is asked: 1, 0, or -1 with an exception set. */
typedef int (*AskDeputy)(const void *wanted, const OwnerText *owner);

/* blame.c: of any process */
int process_read(PyObject *main_origin, Identity *identity, Process *process);
void process_drop(Process *process);
int process_learn_program(Process *process, OwnerId owner);
void conclude(const Process *process, bool on_main_thread, Walked *walked, Blame *blame);
int choose(const Process *process, const Walked *walked, AskDeputy is_deputy, const void *wanted, Blame *blame);
int beyond(const Process *process, const Walked *walked, const Blame *blame, AskDeputy is_deputy, const void *wanted, Blame *other);

/* blame.c: of this one */
extern Process process;
int blame_start(PyObject *main_origin);
OwnerText blame_owner_text(const Blame *blame);
bool blame_is_starting(void);
int blame_learn_program(OwnerId owner);
Text blame_program(void);
void blame_end(Blame *blame);

/* walk.c */
int walk_here(Walked *walked);
OwnerId walk_innermost(void);
bool is_end_of_threading(const PyCodeObject *code);

/* twins_blame.c */
extern PyMethodDef blame_twins[];

#endif
