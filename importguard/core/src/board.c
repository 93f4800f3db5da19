/* The board: a file that the processes of a guarded tree share with the supervisor of system calls, which reads in it who is
 * being imported by the thread that makes one. Native code can write here as well: what it gains is what a thread may that imports
 * nothing, never more than the ceilings leave (docs/explanation/limits.md).
 *
 * One slot a thread, found by its number; importguard/notified/board.py reads the same layout. */
#include "board.h"

#include "blame.h"
#include "methods.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLOTS = 4096, PROBES = 16, OFFSETS = 12, PHASE_BITS = 3 };

typedef struct {
    uint32_t thread, process, kind, writes; /* `writes` is odd while the rest is being written */
    uint64_t begun, state, code_type;       /* nanoseconds since boot; where the interpreter keeps its thread, and its type */
    uint16_t offsets[OFFSETS];
    char name[64], version[32], module[96];
} Slot;
_Static_assert(sizeof(Slot) == 256, "board.py reads slots of this size");

typedef struct {
    char magic[16];
    char free[4080];
    uint32_t states[SLOTS]; /* all that is asked of most calls: is anything being imported at all? */
    Slot slots[SLOTS];
} Board;

#if PY_VERSION_HEX < 0x030D0000
#define thread_state _PyThreadState_UncheckedGet
#else
#define thread_state PyThreadState_GetUnchecked
#endif

bool board_is_shared;
static Board *board;
static pthread_key_t ends; /* of threads */
static bool hears_of_ends;
static _Thread_local struct {
    Slot *slot;
    uint32_t number;
    unsigned passes;
    bool awaits_file;
    Work work;
} mine;

/* How the supervisor finds the Python frames of a thread; 0 at first where there is a structure in between. */
static const uint16_t offsets[OFFSETS] = {
#if PY_VERSION_HEX < 0x030D0000
    offsetof(PyThreadState, cframe), offsetof(_PyCFrame, current_frame), offsetof(_PyInterpreterFrame, f_code),
#else
    0, offsetof(PyThreadState, current_frame), offsetof(_PyInterpreterFrame, f_executable),
#endif
    offsetof(_PyInterpreterFrame, previous), offsetof(PyCodeObject, co_filename), offsetof(PyCodeObject, co_qualname),
    offsetof(PyCodeObject, co_firstlineno), offsetof(PyASCIIObject, length), sizeof(PyASCIIObject),
};

static uint64_t
now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_BOOTTIME, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint32_t *
state_of(const Slot *slot)
{
    return &board->states[slot - board->slots];
}

/* Take a slot that is this thread's, nobody's, or of a thread that imports nothing. Returns whether there is one. */
static bool
take_slot(void)
{
    mine.number = (uint32_t)syscall(SYS_gettid);
    mine.slot = NULL;
    for (uint32_t at = 0; !mine.slot && at < PROBES; at++) {
        Slot *slot = &board->slots[(mine.number + at) % SLOTS];
        mine.slot = __atomic_load_n(&slot->thread, __ATOMIC_ACQUIRE) == mine.number ? slot : NULL;
    }
    for (uint32_t at = 0; !mine.slot && at < PROBES; at++) {
        Slot *slot = &board->slots[(mine.number + at) % SLOTS];
        uint32_t other = __atomic_load_n(&slot->thread, __ATOMIC_ACQUIRE);
        bool is_free = other == 0 || __atomic_load_n(state_of(slot), __ATOMIC_ACQUIRE) == 0;
        if (is_free && __atomic_compare_exchange_n(&slot->thread, &other, mine.number, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            mine.slot = slot;
        }
    }
    if (mine.slot && hears_of_ends) {
        pthread_setspecific(ends, mine.slot);
    }
    return mine.slot != NULL;
}

static bool
has_slot(void)
{
    return mine.slot && __atomic_load_n(&mine.slot->thread, __ATOMIC_ACQUIRE) == mine.number;
}

/* A thread ends: its number may be that of another one next, which must not be taken for it. */
static void
take_down(void *Py_UNUSED(slot))
{
    if (has_slot()) {
        __atomic_store_n(state_of(mine.slot), 0, __ATOMIC_RELEASE);
        __atomic_store_n(&mine.slot->thread, 0, __ATOMIC_RELEASE);
    }
    mine.slot = NULL;
}

static void
write_text(char *place, size_t room, const char *data, size_t size)
{
    size = size < room - 1 ? size : room - 1;
    memcpy(place, data, size);
    memset(place + size, 0, room - size);
}

/* Say whether a text is shown as it is: what would be cut off could leave another one's name. */
static bool
fits(Text text, size_t room)
{
    return text.size < room && !(text.size && memchr(text.data, '\0', text.size));
}

static void
write_words(Slot *slot)
{
    OwnerText owner = owner_text(mine.work.owner);
    Py_ssize_t size = 0;
    const char *module = mine.work.module ? PyUnicode_AsUTF8AndSize(mine.work.module, &size) : NULL;
    if (!fits(owner.name, sizeof slot->name)) {
        owner = owner_text(OWNER_UNOWNED);
    }
    if (!fits(owner.version, sizeof slot->version)) {
        owner.version.size = 0; /* of a version that isn't known, denials hold and grants don't */
    }
    slot->kind = (uint32_t)owner.kind;
    slot->begun = mine.work.begun;
    write_text(slot->name, sizeof slot->name, owner.name.data, owner.name.size);
    write_text(slot->version, sizeof slot->version, owner.version.data, owner.version.size);
    write_text(slot->module, sizeof slot->module, module ? module : "", module ? (size_t)size : 0);
}

/* Show what this thread does. The state comes last when it begins and stays until something else takes its place. */
static void
show(void)
{
    bool is_new = !has_slot();
    if (is_new && !take_slot()) {
        return; /* more threads import at once than there is room for: this one is as one that isn't known */
    }
    Slot *slot = mine.slot;
    __atomic_add_fetch(&slot->writes, 1, __ATOMIC_ACQ_REL);
    if (is_new) {
        slot->process = (uint32_t)getpid();
        slot->state = (uint64_t)(uintptr_t)thread_state();
        slot->code_type = (uint64_t)(uintptr_t)&PyCode_Type;
        memcpy(slot->offsets, offsets, sizeof offsets);
    }
    if (mine.work.phase != BOARD_RUN) {
        write_words(slot);
    }
    __atomic_add_fetch(&slot->writes, 1, __ATOMIC_ACQ_REL);
    __atomic_store_n(state_of(slot), (uint32_t)mine.work.phase | mine.passes, __ATOMIC_RELEASE);
}

/* Work begins; `before` gets what this thread has done until now, for board_leave. What is imported within an import has been
 * going on since that one began: threads that were made meanwhile may be anybody's. */
void
board_enter(Work *before, int phase, OwnerId owner, PyObject *module)
{
    *before = mine.work;
    if (!board_is_shared) {
        return;
    }
    if (module && !PyUnicode_AsUTF8(module)) { /* which is kept in the str: nothing goes wrong where it is shown again */
        PyErr_Clear();
        module = NULL;
    }
    uint64_t begun = phase == BOARD_RUN ? 0 : before->phase == BOARD_RUN ? now() : before->begun;
    mine.work = (Work){phase, owner, begun, Py_XNewRef(module)};
    mine.passes = 0;
    show();
}

void
board_leave(Work *before)
{
    PyObject *module = mine.work.module;
    if (!board_is_shared) {
        return;
    }
    bool is_same = mine.work.phase == BOARD_RUN && before->phase == BOARD_RUN;
    mine.work = *before;
    mine.passes = 0;
    mine.awaits_file = false;
    if (!is_same) {
        show();
    }
    Py_XDECREF(module);
}

/* Return the phase of what is imported now. */
int
board_phase(void)
{
    return blame_is_starting() ? BOARD_STARTUP : BOARD_IMPORT;
}

bool
board_is_importing(void)
{
    return mine.work.phase != BOARD_RUN;
}

/* An extension module is going to be made: whose it is, its file will tell. */
void
board_enter_file(Work *before)
{
    *before = mine.work;
    Py_XINCREF(mine.work.module);
    mine.awaits_file = board_is_shared;
}

/* Show the owner of a file as who is being imported; the standard library's count as part of whoever imports them. */
static void
show_owner_of(PyObject *name, PyObject *path)
{
    OwnerId owner = making_owner(path);
    int kind = owner_text(owner).kind;
    if (kind == KIND_STDLIB) {
        return;
    }
    Work before;
    board_enter(&before, kind == KIND_APP ? BOARD_RUN : board_phase(), owner, name && PyUnicode_CheckExact(name) ? name : NULL);
    Py_XDECREF(before.module);
}

/* The extension module that this thread is about to make has told its file. */
void
board_name_file(PyObject *name, PyObject *path)
{
    if (mine.awaits_file) {
        mine.awaits_file = false;
        show_owner_of(name, path);
    }
}

/* An extension module is executed: its file is that of its definition, whatever Python says of it. */
void
board_enter_library(Work *before, PyObject *module)
{
    *before = mine.work;
    Py_XINCREF(mine.work.module);
    PyObject *path = board_is_shared ? making_file(module) : NULL;
    if (path) {
        show_owner_of(PyDict_GetItemString(PyModule_GetDict(module), "__name__"), path);
    }
    Py_XDECREF(path);
    PyErr_Clear();
}

/* What the interpreter has decided is not decided again: the call that it is about to make may pass. */
OFTEN void
board_let_pass(unsigned passes)
{
    if (board_is_shared && (mine.passes != passes || !has_slot())) {
        mine.passes = passes;
        show();
    }
}

static unsigned
passes_of(const char *event)
{
    static const struct {
        const char *name;
        unsigned passes;
    } known[] = {
        {"connect", PASS_CONNECT | PASS_RESOLVE}, {"sendto", PASS_CONNECT | PASS_RESOLVE}, {"sendmsg", PASS_CONNECT},
        {"bind", PASS_LISTEN | PASS_RESOLVE},     {"getaddrinfo", PASS_RESOLVE},           {"gethostbyname", PASS_RESOLVE},
        {"gethostbyaddr", PASS_RESOLVE},          {"getnameinfo", PASS_RESOLVE},
    };
    if (strncmp(event, "socket.", 7) != 0) {
        return 0;
    }
    for (size_t at = 0; at < Py_ARRAY_LENGTH(known); at++) {
        if (strcmp(event + 7, known[at].name) == 0) {
            return known[at].passes;
        }
    }
    return 0;
}

/* An event was raised in this thread: what passed before is over, but a start, which ends by itself. */
void
board_hear(const char *event, bool is_let_pass)
{
    unsigned passes = is_let_pass ? passes_of(event) : 0;
    if (passes || (mine.passes & ~(unsigned)PASS_SPAWN)) {
        board_let_pass((mine.passes & PASS_SPAWN) | passes);
    }
}

/* A builtin that was asked about is over, and with it what it was let pass: native code that comes next isn't. */
OFTEN void
board_call_ends(void)
{
    if (board_is_shared && (mine.passes & ~(unsigned)PASS_SPAWN)) {
        board_let_pass(mine.passes & PASS_SPAWN);
    }
}

/* A thread of Python begins, and imports nothing. */
void
board_know_thread(void)
{
    if (board_is_shared && !has_slot()) {
        show();
    }
}

/* The slot is the parent's; its one thread goes on with what it was doing. */
static void
after_fork(void)
{
    mine.slot = NULL;
    mine.passes = 0;
    if (board_is_shared && mine.work.phase != BOARD_RUN) {
        show();
    }
}

/* share_board(path): once a process, and for as long as it lives. */
static PyObject *
share_board(PyObject *Py_UNUSED(module), PyObject *path)
{
    PyObject *encoded;
    struct stat status;
    if (board) {
        PyErr_SetString(PyExc_RuntimeError, "importguard: the board is shared already");
        return NULL;
    }
    if (!PyUnicode_FSConverter(path, &encoded)) {
        return NULL;
    }
    int fd = open(PyBytes_AS_STRING(encoded), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    Py_DECREF(encoded);
    bool is_whole = fd >= 0 && fstat(fd, &status) == 0 && status.st_size == sizeof(Board);
    void *found = is_whole ? mmap(NULL, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
    if (found == MAP_FAILED) {
        PyErr_SetFromErrno(PyExc_OSError);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (found == MAP_FAILED) {
        return NULL;
    }
    board = found;
    board_is_shared = true;
    pthread_atfork(NULL, NULL, after_fork);
    hears_of_ends = pthread_key_create(&ends, take_down) == 0;
    board_know_thread();
    Py_RETURN_NONE;
}

PyMethodDef board_methods[] = {
    {"share_board", share_board, METH_O, PyDoc_STR("share_board(path): write what each thread imports where the supervisor reads it")},
    {NULL, NULL, 0, NULL},
};
