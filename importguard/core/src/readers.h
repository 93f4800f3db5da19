/* From an audit event to what it asks for, and where that lies. Twins: core/events.py, paths.py and written.py. */
#ifndef IMPORTGUARD_READERS_H
#define IMPORTGUARD_READERS_H

#include "text.h"

#include <sys/types.h>

/* Bytes that grow, on the stack while they are few. Needs no interpreter lock. */
typedef struct {
    char *data; /* with a NUL behind them */
    size_t size, room;
    char inside[512];
} Buffer;

/* text.c */
void buffer_start(Buffer *buffer);
int buffer_add(Buffer *buffer, const char *data, size_t size);
int buffer_set(Buffer *buffer, const char *data, size_t size);
void buffer_end(Buffer *buffer);
Text buffer_text(const Buffer *buffer);
bool text_is(Text text, const char *other);
bool text_starts(Text text, const char *start);
bool text_ends(Text text, const char *end);
size_t text_last(Text text, char wanted);
int text_of(PyObject *object, Text *text, PyObject **keeper);
int text_of_name(PyObject *object, Text *text, PyObject **keeper);
PyObject *text_object_of_name(Text name);

/* arguments_text.c */
typedef enum { NAMES_A_PATH, NAMES_A_PATH_OR_DESCRIPTOR } Takes;
typedef struct {
    PyObject *text; /* exact str, or NULL for a descriptor or nothing */
    bool certain;   /* no code of a package's was asked for it, which could answer the operation otherwise */
    bool is_buffers; /* of a bytearray or its like, which may have held something else when the operation read it */
} Argument;
int argument_read(PyObject *value, Takes takes, bool strict, Argument *read);
PyObject *argument_once(PyObject *value);
PyObject *argv_text(PyObject *argv);
int refuse_unclear(bool strict, const char *format, ...);
int argument_cant_be_read(PyObject *value, bool strict);
bool argument_is_both(PyObject *value);

/* paths.c */
#define WORKING_FOLDER (-1)
#define OPENED_UNLESS_A_LINK (-2) /* as well, and the kernel will say whether there is a link at the end */
int paths_resolve(Text path, int dir_fd, Buffer *real);
int paths_resolve_name(Text path, int dir_fd, Buffer *place);
int paths_real_folder(Text folder, Buffer *real);
int paths_working_folder(Buffer *folder);
int paths_folder_of_fd(int fd, Buffer *folder);
mode_t paths_kind(Text path, bool through_links);
void paths_forget(void);

/* programs.c */
int program_read(PyObject *path, PyObject *folder, bool strict, Argument *read);
PyObject *program_path(PyObject *path, PyObject *folder);
Py_ssize_t first_executable(PyObject *candidates, PyObject *folder);

/* sockets.c */
int address_read(PyObject *address, bool strict, Argument *read);
PyObject *address_text(PyObject *address);

/* written.c */
int written_note(Text path);
int written_move(Text source, Text target);
bool written_holds(Text path);
bool written_reaches(Text path);

/* database.c */
int database_path(Text uri, Buffer *path);

/* locate.c */
typedef struct {
    Capability capability;
    PyObject *target; /* exact str */
    Text text;        /* of the target; lives as long as this does */
    PyObject *argv;   /* tuple of exact str, or NULL */
    PyObject *keeper; /* of the text; NULL where the target itself holds it */
    bool certain;     /* see Argument */
    uint64_t held;    /* the socket that it goes by, 0 for none: who has opened that was asked before */
    bool by_name;     /* what lies there is meant, be it a link; said before the target is located */
} Asked;
int asked_take(Asked *asked, PyObject *target);
void asked_clear(Asked *asked, int count);
mode_t asked_kind(const Asked *asked, bool through_links);
int locate_text(PyObject *path, int dir_fd, Asked *asked);
int locate(PyObject *value, Takes takes, int dir_fd, bool strict, Asked *asked);
PyObject *locate_at(PyObject *path, int dir_fd);
PyObject *locate_name_at(PyObject *path, int dir_fd);

/* readers.c */
#define MOST_ASKED 6
typedef struct Reading Reading;
typedef struct Reader {
    const char *event;
    int (*read)(Reading *reading, PyObject *args);
    uint32_t asks;     /* a bit for each capability: 1u << capability */
    Py_ssize_t least;  /* how many arguments there are at least */
    const char *name;  /* the target, where it's always the same */
    Takes takes;       /* what its path may be */
    signed char place[2], dir_fd[2]; /* where these are among the arguments; NOWHERE where there is none */
    bool of_code;      /* of every import: read only where a rule could refuse it */
    bool by_name;      /* the operation is done to what lies at the path, be it a link */
} Reader;
const Reader *readers_find(const char *event);
const Reader *readers_all(size_t *count);
bool reader_acts(const Reader *reader);
uint32_t reader_asks(const Reader *reader, PyObject *args);
int readers_read(const Reader *reader, PyObject *args, Asked *asked, int *count);
int readers_read_as(const Reader *reader, PyObject *args, bool strict, Asked *asked, int *count);

/* readers_shown.c */
extern PyMethodDef readers_methods[];

#endif
