/* Brings the guard in ahead of a Python interpreter's first import; named in LD_PRELOAD of every guarded process.
 *
 * An interpreter finds the guard by PYTHONPATH, unless -I, -E, a ._pth file or the program that embeds it leaves
 * PYTHONPATH aside. This object adds an audit hook before the interpreter starts, and puts the guard's folder in front
 * of sys.path when `encodings` is imported, which comes before everything else that isn't frozen. From there on the two
 * ways are one: importguard/ahead/encodings.py takes its folder off the path again and arms.
 *
 * It is mapped into every process of the tree. In one that isn't Python, or was told of no session, its constructor
 * returns at once. It uses nothing of the interpreter but functions that are the same from 3.8 on, so that one object
 * serves all of them, and it is linked against none.
 */

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CANNOT_ARM 3
#define PLACE "/preload/igpreload.so"
#define FOLDER "/ahead"
#define LONGEST 4096
#define NODE_SIZE 64
#define RAW 0 /* PYMEM_DOMAIN_RAW */

typedef struct object object;
typedef struct {
    void *context;
    void *(*malloc)(void *context, size_t size);
    void *(*calloc)(void *context, size_t count, size_t size);
    void *(*realloc)(void *context, void *block, size_t size);
    void (*free)(void *context, void *block);
} allocator;
typedef int (*audit_hook)(const char *event, object *arguments, void *data);

/* Null in a process that has no interpreter. */
#define OF_PYTHON extern __attribute__((weak))
OF_PYTHON int Py_Main(int count, wchar_t **words);
OF_PYTHON int PySys_AddAuditHook(audit_hook hook, void *data);
OF_PYTHON void PyMem_GetAllocator(int domain, allocator *found);
OF_PYTHON void PyMem_SetAllocator(int domain, allocator *wanted);
OF_PYTHON void *PyInterpreterState_Get(void);
OF_PYTHON void *PyInterpreterState_Main(void);
OF_PYTHON object *PyTuple_GetItem(object *tuple, ptrdiff_t at);
OF_PYTHON const char *PyUnicode_AsUTF8(object *text);
OF_PYTHON void PyErr_Clear(void);
OF_PYTHON object *PyUnicode_DecodeFSDefault(const char *bytes);
OF_PYTHON int PyList_Insert(object *list, ptrdiff_t at, object *item);
OF_PYTHON int PyList_Append(object *list, object *item);
OF_PYTHON void Py_DecRef(object *item);

/* What the hook waits for: the import that it puts the guard in front of, then word from the guard, then the same import
 * in sub-interpreters; nothing where there is no guard. */
static enum { ENCODINGS, GUARD, INNER, NOTHING } awaited;
static char ahead[LONGEST];
static _Alignas(max_align_t) char node[NODE_SIZE];
static int node_is_taken;
static int is_between;
static allocator before;

/* Return whether the guard only observes: the mode is the last field of what the process was told. */
static int is_observing(void)
{
    const char *told = getenv("_IMPORTGUARD");
    const char *field = told ? told : "";
    for (; told && *told; told++)
        if (*told == '\x1f')
            field = told + 1;
    return strcmp(field, "observe") == 0;
}

/* End the process, or return where the guard only observes. */
static void refuse(const char *reason)
{
    awaited = NOTHING;
    if (is_observing())
        return;
    ssize_t written = write(STDERR_FILENO, reason, strlen(reason));
    (void)written;
    _exit(CANNOT_ARM);
}

/* Write the path of the guard's folder to `ahead`, from that of this object; return 0, -1 where LD_PRELOAD doesn't name it. */
static int find_ahead(void)
{
    const char *entry = getenv("LD_PRELOAD");
    while (entry && *entry) {
        size_t size = strcspn(entry, ": ");
        size_t root = size - strlen(PLACE);
        if (size > strlen(PLACE) && size < LONGEST && strncmp(entry + root, PLACE, strlen(PLACE)) == 0) {
            memcpy(ahead, entry, root);
            memcpy(ahead + root, FOLDER, sizeof(FOLDER));
            return 0;
        }
        entry += size + (entry[size] != 0);
    }
    return -1;
}

/* Put the guard's folder in front of the list that is the second of an import's paths; return 0, -1 on failure. */
static int go_ahead(object *arguments)
{
    object *path = PyTuple_GetItem(arguments, 2);
    object *folder = path ? PyUnicode_DecodeFSDefault(ahead) : NULL;
    if (folder == NULL)
        return -1;
    int failed = PyList_Insert(path, 0, folder);
    Py_DecRef(folder);
    return failed;
}

/* Return the node for the first block that is asked for, and what the interpreter's own allocator gives for others. */
static void *take(void *context, size_t size)
{
    (void)context;
    if (node_is_taken || size > NODE_SIZE)
        return before.malloc(before.context, size);
    node_is_taken = 1;
    return node;
}

/* Return a block of zeros of the interpreter's own allocator. */
static void *take_zeroed(void *context, size_t count, size_t size)
{
    (void)context;
    return before.calloc(before.context, count, size);
}

/* Return a block of another size of the interpreter's own allocator. */
static void *take_resized(void *context, void *block, size_t size)
{
    (void)context;
    return before.realloc(before.context, block, size);
}

/* Give the interpreter its own allocator back. */
static void step_aside(void)
{
    PyMem_SetAllocator(RAW, &before);
    is_between = 0;
}

/* Free a block; the node is nobody's to free, and is the last that has to be caught. */
static void give_back(void *context, void *block)
{
    (void)context;
    if (block == node)
        step_aside();
    else
        before.free(before.context, block);
}

/* Have the interpreter take the hook's node from here, or give it back to here.
 *
 * A node that is allocated before the interpreter has chosen its allocators is freed by another one than it came from:
 * PYTHONMALLOC=debug, -X dev and PYTHONDEVMODE=1 abort at exit (CPython 3.8 to 3.13).
 */
static void stand_between(void)
{
    allocator own = {NULL, take, take_zeroed, take_resized, give_back};
    if (is_between)
        return;
    is_between = 1;
    PyMem_GetAllocator(RAW, &before);
    PyMem_SetAllocator(RAW, &own);
}

/* Return whether a sub-interpreter is running. */
static int is_inner(void)
{
    return PyInterpreterState_Get && PyInterpreterState_Get() != PyInterpreterState_Main();
}

/* Return whether a module comes after the guard in every interpreter: standard streams need `io`, with -S as well. */
static int is_after_the_guard(const char *name)
{
    return strcmp(name, "io") == 0 || strcmp(name, "site") == 0;
}

/* Read an import: go ahead of an interpreter's first module, and end it when the guard is not there by the next ones. */
static void on_import(const char *name, object *arguments)
{
    int is_first = strcmp(name, "encodings") == 0;
    if (awaited == ENCODINGS && is_first) {
        awaited = GUARD;
        if (go_ahead(arguments))
            refuse("importguard IG301: the guard can't go ahead of this interpreter; nothing was started\n");
    } else if (awaited == GUARD && is_after_the_guard(name)) {
        refuse("importguard IG301: this interpreter has passed the guard over; nothing was started\n");
    } else if (awaited == INNER && is_first && is_inner()) {
        go_ahead(arguments);
    }
}

/* Return the first argument of an event as text, NULL where it is none. */
static const char *first_text(object *arguments)
{
    object *first = PyTuple_GetItem(arguments, 0);
    return first ? PyUnicode_AsUTF8(first) : NULL;
}

/* The audit hook. Return 0 for every event of the interpreter's own; the guard's own adds its word to its list. */
static int on_event(const char *event, object *arguments, void *data)
{
    (void)data;
    if (event[0] == 'c' && strcmp(event, "cpython._PySys_ClearAuditHooks") == 0)
        stand_between();
    if (event[0] != 'i')
        return 0;
    if (strcmp(event, "importguard.armed") == 0) {
        awaited = INNER;
        return PyList_Append(PyTuple_GetItem(arguments, 0), PyTuple_GetItem(arguments, 1));
    }
    if (strcmp(event, "import") == 0) {
        const char *name = first_text(arguments);
        if (name)
            on_import(name, arguments);
        PyErr_Clear();
    }
    return 0;
}

/* Return whether an interpreter's options have it overlook PYTHONPATH. */
static int is_deaf(int count, char **words)
{
    for (int at = 1; at < count && words[at][0] == '-' && words[at][1] != '-'; at++) {
        const char *options = words[at] + 1;
        size_t plain = strcspn(options, "cmWXQ");
        if (strcspn(options, "IE") < plain)
            return 1;
        if (options[plain] == 'c' || options[plain] == 'm' || !*options)
            return 0;
        at += options[plain] && !options[plain + 1]; /* the option's value is the next word */
    }
    return 0;
}

/* Add the hook in a process that has an interpreter and was told of a session. */
__attribute__((constructor)) static void wait_for_the_interpreter(int count, char **words)
{
    if ((!PySys_AddAuditHook && !Py_Main) || !getenv("_IMPORTGUARD") || find_ahead())
        return;
#ifndef __GLIBC__
    count = 0; /* no other C library gives a constructor the arguments of the program */
#endif
    if (!PySys_AddAuditHook) {
        /* Before 3.8 there are no audit hooks; by PYTHONPATH such an interpreter comes to the same refusal. */
        if (is_deaf(count, words))
            refuse("importguard IG302: a Python older than 3.8 can't be guarded (CPython 3.11 and later can); not started\n");
        return;
    }
    stand_between();
    int failed = PySys_AddAuditHook(on_event, NULL);
    step_aside();
    if (failed)
        refuse("importguard IG301: the audit hook can't be added; nothing was started\n");
}
