/* Work that is arranged now and done later carries where it comes from. */
#ifndef IMPORTGUARD_CARRIER_H
#define IMPORTGUARD_CARRIER_H

#include "blame.h"
#include "board.h"

/* Where work comes from; Python can neither read, make nor change it. */
typedef struct {
    PyObject_HEAD
    Source source;
    int others; /* how many of its owners come before the application */
} Origin;
extern PyTypeObject OriginType;
extern PyTypeObject CarriedType;

/* A call on behalf of an origin that is under way in this thread; what runs above the frame `below` is part of it. */
typedef struct Errand Errand;
struct Errand {
    Errand *older, *newer;
    const void *below; /* where no frame is, the greenlet, and NULL in a thread of its own */
    Origin *origin;
    bool is_native; /* no call of anybody's, but a module in C that is made or executed */
    bool is_direct; /* called by the code of somebody, and not by the library or the interpreter */
    bool is_shown;  /* on the board; `before` is what was there */
    Work before;
};

/* carrier.c */
Errand *errand_of_module(OwnerId owner, PyObject *module);
void errand_ends(Errand *errand);
Origin *origin_new(const Source *source);
bool origin_is_the_application(const Origin *origin);
bool is_carried(PyObject *function);
PyObject *carried_new(Origin *origin, PyObject *function, bool interrupts);
Origin *carried_origin(PyObject *carried);
PyObject *carried_function(PyObject *function);
extern int errands_under_way; /* in all threads */
const Errand *errands_here(void);
const Errand *errand_above(const Errand *newest, const void *frame);
const Errand *errand_at_root(PyCodeObject *outermost);

/* greenlets.c */
extern bool greenlets_are_made; /* by somebody else than the application */
const void *greenlet_here(void);
const Errand *greenlet_errand(const void *root, PyCodeObject *outermost);
bool owner_is_a_loop(OwnerId owner);

/* Return the calls of this thread, newest first; NULL where there are none. */
static inline const Errand *
errands(void)
{
    return errands_under_way ? errands_here() : NULL;
}

/* capture.c */
typedef enum { HANDED_OVER, AT_FORK, HANDLING, ROOT, THREAD, CALLED_BACK } Manner;
void capture_start(void);
bool capture_is_the_application(void);
bool capture_was_the_application(uint64_t since);
extern uint64_t capture_answers;
int capture_origin(Origin **origin);
PyObject *carry(PyObject *function, Manner manner);
PyObject *carry_callable(PyObject *function, Manner manner);

/* doors.c */
PyObject *doors_watch(PyObject *self, PyObject *module);
bool doors_is_exit(PyObject *function);

/* handed_back.c */
PyObject *without_carried(PyObject *result);
Origin *handed_back_origin(PyObject *function);

/* callbacks.c */
int callbacks_divert(void);

/* deferral.c */
PyObject *carry_from_now_on(void);

#endif
