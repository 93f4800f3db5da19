/* Builtins that raise no event and yet read, write, send, start or arm something: each asks before it is called. */
#ifndef IMPORTGUARD_METHODS_H
#define IMPORTGUARD_METHODS_H

#include "board.h"
#include "judge.h"

/* A module's body that is executed: whose it is, and its namespace (a strong
 * reference: greenlets end their bodies in any order). */
typedef struct {
    OwnerId owner;
    PyObject *globals;
} Body;

typedef struct Errand Errand;

/* A call that is under way. What `call_give` puts in the place of an argument is held until its end. */
typedef struct Call Call;
struct Call {
    PyObject *self;
    PyObject *const *args; /* the positional ones, and behind them the values of `names` */
    Py_ssize_t size;       /* how many are positional */
    PyObject *names;       /* tuple of str, or NULL */
    PyObject *options;     /* dict of what was given by name, or NULL; then `names` is NULL */
    PyObject **held;       /* NULL, or the array that `args` points to */
    bool has_own_options;
    bool is_body; /* of a module; `outer` is the one around it */
    Body outer;
    uint64_t since;  /* see capture_was_the_application */
    uint64_t socket; /* see opened.c */
    int64_t began, inside; /* see imported.c; nanoseconds, 0 where nobody wants to know */
    bool is_shown; /* on the board; `before` is what was there */
    Work before;
    Errand *errand; /* see making.c */
    Call *outer_making;
    const void *frame;
};

/* A builtin to divert. `ask` returns 0 to go on, -1 with an exception; `then` gets the result (NULL with an exception)
 * and returns what is given back in its place. Either may be NULL. */
typedef struct {
    const char *module, *type; /* `type` is NULL for a function of the module itself */
    const char *name;
    int (*ask)(Call *call, const char *name);
    PyObject *(*then)(Call *call, PyObject *result);
} Method;

/* methods.c */
int methods_divert(PyObject *builtin, const Method *method);

/* methods_load.c */
int methods_start(void);
int methods_loaded(PyObject *module);

/* making.c */
OwnerId making_owner(PyObject *path);
PyObject *making_file(PyObject *module);
void making_begins(Call *call);
int making_has_file(PyObject *name, PyObject *path);
int making_executes(Call *call, PyObject *module);
void making_ends(Call *call);

/* imported.c */
void imported_begin(Call *call);
void imported_end(const Call *call, OwnerText owner);

/* methods_call.c */
PyObject *call_value(const Call *call, Py_ssize_t at, const char *name);
int call_give(Call *call, Py_ssize_t at, const char *name, PyObject *value);
int call_add(Call *call, const char *name, PyObject *value);
int call_number(Call *call, Py_ssize_t at, const char *name, long *number);
int call_settle(Call *call, Py_ssize_t at, const char *name);
void call_end(Call *call);

/* methods_ask.c */
enum { READS = 1, WRITES = 2, BY_NAME = 4 }; /* by name: what lies there is meant, be it a link */
int ask_about_path(Call *call, Py_ssize_t at, const char *name, int dir_fd, int what);
int ask_about_descriptor(Call *call, Py_ssize_t at, const char *name, Capability capability);
bool ask_is_free(Capability capability);
bool ask_was_free(Capability capability, const Call *call);
int ask_about_name(Capability capability, const char *format, const char *name);

/* methods_readline.c */
int readline_is_made(PyObject *path);

/* methods_libraries.c */
void libraries_watch(PyObject *module);

/* held.c */
int ask_to_send(int fd);
int held_give_number(Call *call, Py_ssize_t at, const char *name, PyObject *file);
int sockets_watch(PyObject *module);

/* opened.c */
bool held_was_interrupted(const Method *method, Call *call, PyObject *result);

/* greenlets.c */
int greenlets_watch(PyObject *module);

/* methods_opener.c */
int opener_watch(PyObject *module);

/* environ.c */
int environ_watch(PyObject *module);

/* methods_sqlite.c */
void sqlite_watch(PyModuleDef *module);

/* methods_native.c */
bool native_is_asked_for(const char *name);
int native_watch(PyObject *module, const char *name);
PyObject *native_symbols(PyObject *module, PyObject *nothing);

/* Ends with a Method without a name. */
extern const Method methods_of_bodies[], methods_of_databases[], methods_of_dumps[], methods_of_files[], methods_of_folders[],
    methods_of_libraries[], methods_of_loading[], methods_of_native[], methods_of_processes[], methods_of_readline[],
    methods_of_sockets[];

#endif
