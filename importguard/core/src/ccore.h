/* What the files of the C core share. Its specification is pycore.py; what only C can do is said where it is done. */
#ifndef IMPORTGUARD_CCORE_H
#define IMPORTGUARD_CCORE_H

#define PY_SSIZE_T_CLEAN
#define Py_BUILD_CORE_MODULE 1
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <Python.h>
#include "internal/pycore_dict.h"
#include "internal/pycore_frame.h"
#if PY_VERSION_HEX >= 0x030D0000
#include "internal/pycore_sysmodule.h"
#endif
#pragma GCC diagnostic pop
#include "interned.h"
#include "sealed.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#ifdef Py_GIL_DISABLED
#error "the C core is for builds of CPython with a global interpreter lock"
#endif
#if PY_VERSION_HEX < 0x030B0000 || PY_VERSION_HEX >= 0x030E0000
#error "the C core knows CPython 3.11, 3.12 and 3.13"
#endif

/* What a busy server goes through with each request lies side by side: between one event and the next the kernel and the interpreter
 * take the caches for themselves. */
#define OFTEN __attribute__((hot))

/* Built as true for the tests: take the public API even where the interpreter keeps frames and tags as expected. */
#ifndef PUBLIC_API
#define PUBLIC_API false
#endif

/* An owner as code objects carry it: an index into the places, and whether the code was made at run time. */
typedef uintptr_t Tag;
#define NO_TAG ((Tag)0)
#define MADE ((Tag)1)
#define TAG_OF(place) ((Tag)(place) << 1)
#define PLACE_OF(tag) ((size_t)((tag) >> 1))

/* The places that are always there. */
enum { UNOWNED_PLACE = 1, STDLIB_PLACE, GUARD_PLACE, MAIN_PLACE, FIRST_FREE_PLACE };

/* What a place means to a walk; ctags.py has the same numbers. */
typedef enum { OWNED, STDLIB, APPLICATION, RUNNER, GUARD, MAIN, STARTUP_FILE, UNRESOLVED } Meaning;

typedef struct {
    Meaning meaning;
    uint32_t number; /* of its owner, see owners.h */
    PyObject *path;  /* str, or NULL */
    dev_t device;    /* of the file that was proven to lie there, and its inode; 0 for none */
    ino_t inode;
} Place;

/* How a walk ends; blame.py has the same numbers. */
enum { GOES_ON = -1, END, BODY, CARRIED, STARTUP_LINE };

/* What an event is to the hook. */
typedef enum { NOTHING, READ, IMPORT, PROGRAM, CANARY, EXEC, NEW_FUNCTION, SET_ATTRIBUTE } Role;

struct Reader; /* readers.h */

typedef struct {
    Role role;
    const struct Reader *reader; /* NULL where nothing is read */
} Event;

/* Who is asked about what is refused, see question.c: the launcher, by the path of its socket and its number. */
typedef struct {
    char path[108];
    char started[24]; /* when, as /proc/PID/stat has it */
    int pid, seconds; /* 0 for nobody; how long to wait */
} Asker;

/* Hooks outlive their module and even the interpreter's modules, so the core has one state a process. Nothing of it changes
 * once the process is armed: it is sealed then. */
typedef struct {
    bool armed;
    bool enforcing;
    bool public_frames, public_tags; /* what is asked for by the public API, since the interpreter keeps it otherwise than expected */
    bool refuses_startup_files, examines_bytecode;
    bool undoes_patches; /* some rule may refuse a change that only comparison finds */
    enum { BLOCKS_MALICIOUS, WARNS_OF_MALICIOUS, IGNORES_MALICIOUS } malicious;
    Py_ssize_t tag_index; /* of what code objects carry */
    PyInterpreterState *interpreter;
    PyThreadState *main_thread;
    const struct Table *table; /* table.h */
    const struct Table *candidate; /* what is only tried out, or NULL */
    /* What is left to Python: see attendant.py. */
    PyObject *report, *look, *patch, *on_path, *startup_file, *tampered, *adopt, *noticed;
    PyObject *learn; /* NULL where nobody wants to know what was allowed */
    PyObject *imported; /* NULL where nobody wants to know how long modules take */
    PyObject *parts; /* dict of the guard's parts that are loaded later; nobody else holds it, the collector included */
    const char *parts_data; /* where these lie, sealed; NULL where there is no bundle */
    size_t parts_size;
    PyObject *finder, *wheel_bytecode, *pycache_prefix;
    PyObject *records; /* bytes: where records go to, NULL for standard error, which is for denials */
    Asker asker;
} SEALED_IN_PLACE Core;
extern Core core;

/* events.c */
int events_add(const char *name, Event event);
const Event *events_find(const char *name);
void events_seal(void);

#include "outwards.h"

/* loaded.c */
int loaded_sweep(PyObject *base);

/* places.c */
size_t place_new(Meaning meaning, PyObject *path, uint32_t owner);
size_t place_of_path(PyObject *path);
size_t place_of_file(PyObject *path, const struct stat *status);
bool place_is_expected(PyObject *path, struct stat *status);
size_t place_in_archive(PyObject *path);
void place_resolve(Place *place);

/* pinned.c */
typedef struct {
    PyCodeObject *exec_body, *load_unlocked, *find_and_load, *find_spec, *call_removed, *compile_bytecode, *source_to_code, *get_data, *exec_module;
    PyCodeObject *zip_unmarshal, *zip_compile, *zip_find;
    PyObject *source_loader;
    PyObject *import_globals[2], *zip_globals;
} Pinned;
extern Pinned pinned;
int pinned_start(void);
bool pinned_has(const PyCodeObject *code);

/* creation.c */
int creation_watch(void);

/* execution.c */
int execution_start(void);
int execution_on_exec(PyObject *args);
int execution_on_function(PyObject *args);
int execution_on_set_attribute(PyObject *args);
bool execution_program_starts(const char *event);
bool execution_site_reads(void);

/* program.c */
int program_starts(const char *event, PyObject *args);
bool program_is_typed(PyObject *path);

/* proof.c */
Tag proof_of_loaded(PyObject *data, PyObject *code);
Tag proof_of_compiled(PyObject *data);

/* file.c */
void file_note_start(double since);
bool file_is_fresh(const struct stat *status);
bool file_or_link_status(PyObject *path, struct stat *status, bool *is_link);
bool file_status(PyObject *path, struct stat *status);
PyObject *file_content(PyObject *path, struct stat *status);
bool file_holds(PyObject *path, size_t skip, const char *data, size_t length, struct stat *status);
bool file_same(int fd, size_t skip, const char *data, size_t length);

/* pycache.c */
bool is_cache_of(PyObject *bytecode, PyObject *source);
bool cache_lies_there(PyObject *bytecode, PyObject *source, bool is_by_hash);

/* contents.c */
int contents_watch(void);
void contents_saw(PyObject *path, const struct stat *status);
bool contents_are_read(void);
PyObject *contents_at_once(int fd, struct stat *status);
void contents_note(PyObject *content, int fd);
bool contents_are_of(PyObject *content, PyObject *path, struct stat *status);

/* opening.c */
int opening_watch(PyObject *io);
bool opening_sees_links(PyObject *args);

/* walk.c */
bool is_import_system(const Cursor *cursor);
PyObject *owner_at(PyObject *module, PyObject *frame);
PyObject *is_own(PyObject *module, PyObject *frame);
bool guard_is_running(void);
Tag maker_of_code(bool skip_runners);

/* busy.c */
extern PyTypeObject BusyType;
int busy_enter(void);
void busy_leave(int before);
const void *busy_since(void);
int busy_suspend(void);
bool busy_here(void);

/* hook.c */
int hook(const char *event, PyObject *args, void *data);
int deny(PyObject *text);
int refuse(const char *event);
bool heartbeat(void);
int without_our_frames(void);

#endif
