/* What code is tagged with: a place, which is a file or one of the few that are always there, and whose it is. */
#include "owners.h"
#include "paths.h"
#include "table.h"

#include <string.h>
#include <time.h>

#define SECONDS 1 /* that what the finder saw of a file counts: as long as what is known of folders */
#define REAL_BITS 65536 /* of hashes; a power of two */

/* A place by the path that a loader gave, whose real path is `real`: no place where it has been forgotten. */
typedef struct {
    Text text;
    uint32_t hash, real;
    size_t place;
} Known;

struct Places places;
static Known *known; /* a hash, of a power of two */
static uint32_t known_count, known_room;
static uint8_t real_seen[REAL_BITS / 8];
/* Whether an owner runs other people's code: 0 where nobody has been asked yet. */
enum { NOT_ASKED, RUNS_OWN, RUNS_OTHERS };
static uint8_t *runners;
static uint32_t runner_room;
/* What the finder has just resolved: the code of that file is loaded next, unless something is written in between. */
static PyObject *expected;
static Buffer expected_real;
static OwnerId expected_owner;
static time_t expected_since;
static struct stat expected_status; /* of the path itself: no regular file where that was a link, or nothing */

/* Return the number of a new place, or 0 with an exception set. */
size_t
place_new(Meaning meaning, PyObject *path, uint32_t owner)
{
    if (places.count == places.room) {
        size_t room = places.room ? places.room * 2 : 256;
        Place *moved = PyMem_RawRealloc(places.all, room * sizeof(Place));
        if (!moved) {
            PyErr_NoMemory();
            return 0;
        }
        places.all = moved;
        places.room = room;
    }
    if (places.count == 0) {
        places.count = 1; /* the place of NO_TAG */
        places.all[0] = (Place){UNRESOLVED, OWNER_UNOWNED, NULL, 0, 0};
    }
    places.all[places.count] = (Place){meaning, owner, Py_XNewRef(path), 0, 0};
    return places.count++;
}

static uint32_t
hash_of(Text text)
{
    return (uint32_t)text_hash(text);
}

/* Return what is known of a path, or the free slot where it belongs. */
static Known *
find_known(Text text, uint32_t hash)
{
    uint32_t slot = hash & (known_room - 1);
    while (known[slot].text.data && (known[slot].hash != hash || !text_same(known[slot].text, text))) {
        slot = (slot + 1) & (known_room - 1);
    }
    return &known[slot];
}

static int
make_room(void)
{
    if (known && known_count < known_room / 2) {
        return 0;
    }
    Known *before = known;
    uint32_t size = known_room;
    Known *moved = PyMem_RawCalloc(size ? size * 2 : 1024, sizeof(Known));
    if (!moved) {
        PyErr_NoMemory();
        return -1;
    }
    known = moved;
    known_room = size ? size * 2 : 1024;
    for (uint32_t at = 0; at < size; at++) {
        if (before[at].text.data) {
            *find_known(before[at].text, before[at].hash) = before[at];
        }
    }
    PyMem_RawFree(before);
    return 0;
}

static Known *
known_for(Text text, uint32_t hash)
{
    Known *found = make_room() < 0 ? NULL : find_known(text, hash);
    if (found && !found->text.data) {
        char *data = PyMem_RawMalloc(text.size + 1);
        if (!data) {
            PyErr_NoMemory();
            return NULL;
        }
        memcpy(data, text.data, text.size);
        *found = (Known){{data, text.size}, hash, 0, 0};
        known_count++;
    }
    return found;
}

/* Return the number of the place of a file, which is looked up when code from there is first run. */
size_t
place_of_path(PyObject *path)
{
    PyObject *keeper;
    Text text;
    if (text_of_name(path, &text, &keeper) < 0) {
        return 0;
    }
    Known *found = known_for(text, hash_of(text));
    if (found && !found->place) {
        found->place = place_new(UNRESOLVED, path, OWNER_UNOWNED);
    }
    Py_XDECREF(keeper);
    return found ? found->place : 0;
}

/* A file has been written: what comes from there now is not what was seen there. Code that is there keeps its owner. */
void
place_forget(Text real_path)
{
    Py_CLEAR(expected);
    uint32_t hash = hash_of(real_path), bit = hash & (REAL_BITS - 1);
    if (!(real_seen[bit / 8] >> bit % 8 & 1)) {
        return;
    }
    for (uint32_t at = 0; at < known_room; at++) {
        if (known[at].place && known[at].real == hash) {
            known[at].place = 0;
        }
    }
}

/* Remember where what is known by a path really lies, so that it can be forgotten. */
static void
note_real(Text path, Text real)
{
    uint32_t given = hash_of(path), hash = text_same(path, real) ? given : hash_of(real), bit = hash & (REAL_BITS - 1);
    if (known) {
        find_known(path, given)->real = hash;
        real_seen[bit / 8] |= (uint8_t)(1 << bit % 8);
    }
}

/* Say whether an owner is a deputy for running code: then what it makes and runs is not its own. */
static bool
ask_runner(OwnerText owner)
{
    Wanted wanted = {CODE_RUN, {"exec", 4}, NULL, -1};
    bool result = table_is_deputy(core.table, &owner, &wanted) == 1;
    PyErr_Clear();
    return result;
}

static bool
is_runner(OwnerId owner)
{
    if (owner >= runner_room) {
        uint32_t room = (owner / 256 + 1) * 256;
        uint8_t *moved = owner < LATE_OWNERS ? PyMem_RawRealloc(runners, room) : NULL;
        if (!moved) {
            return false;
        }
        memset(moved + runner_room, NOT_ASKED, room - runner_room);
        runners = moved;
        runner_room = room;
    }
    if (runners[owner] == NOT_ASKED) {
        bool runs_others = ask_runner(owner_text(owner));
        runners[owner] = runs_others ? RUNS_OTHERS : RUNS_OWN;
    }
    return runners[owner] == RUNS_OTHERS;
}

/* Say whether an owner is a deputy for running code. */
bool
owner_runs_others(OwnerId owner)
{
    return owner != OWNER_STDLIB && owner_text(owner).kind != KIND_APP && is_runner(owner);
}

/* Return what code of an owner means to a walk. */
static Meaning
meaning_of(OwnerId owner)
{
    int kind = owner_text(owner).kind;
    if (owner == OWNER_STDLIB) {
        return STDLIB;
    }
    return kind == KIND_APP ? APPLICATION : is_runner(owner) ? RUNNER : OWNED;
}

/* The guard loads parts of itself when they are first needed, from its own folder where there is no bundle. */
static Meaning
meaning_at(Text real, OwnerId owner)
{
    return text_has_prefix(real, process_identity.ledger->package) ? GUARD : meaning_of(owner);
}

/* Make a place, known by a path, that of the owner of a real path; who is asked may make places of its own, and move them all. */
static void
settle(size_t number, Text path, Text real, OwnerId owner)
{
    Meaning meaning = meaning_at(real, owner);
    places.all[number].number = owner;
    places.all[number].meaning = meaning;
    note_real(path, real);
}

/* Return the number of the place of a module in an archive, 0 where there is none. It is looked up each time that code is made of it: by
 * the same name another one may be found later, when the code is run, or was before. */
size_t
place_in_archive(PyObject *path)
{
    static size_t latest;
    PyObject *keeper;
    Buffer real;
    Text text;
    size_t place = 0;
    if (text_of_name(path, &text, &keeper) < 0) {
        return 0;
    }
    buffer_start(&real);
    if (paths_resolve(text, WORKING_FOLDER, &real) == 0) {
        OwnerId owner = owner_of_path(buffer_text(&real));
        Meaning meaning = meaning_at(buffer_text(&real), owner);
        bool is_latest = latest && places.all[latest].path == path && places.all[latest].number == owner && places.all[latest].meaning == meaning;
        place = is_latest ? latest : place_new(meaning, path, owner);
        latest = place;
    }
    buffer_end(&real);
    Py_XDECREF(keeper);
    return place;
}

static time_t
seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

/* The module of this file is about to be loaded, which lies at `real`, as the kernel has told, and is its owner's. */
void
place_expect(PyObject *path, Buffer *real, const struct stat *status, OwnerId owner)
{
    Py_CLEAR(expected);
    if (PyUnicode_GET_LENGTH(path) && PyUnicode_READ_CHAR(path, 0) == '/' && buffer_set(&expected_real, real->data, real->size) == 0) {
        expected = Py_NewRef(path);
        expected_owner = owner;
        expected_status = *status;
        expected_since = seconds_now();
    }
}

/* Say whether the finder has just seen a file by a path without any link, and give what the kernel said of it. Whoever could put
 * something else in its place since could have done so before as well: what lies there is of the same owner. */
bool
place_is_expected(PyObject *path, struct stat *status)
{
    Text text;
    PyObject *keeper;
    bool is_it = expected && S_ISREG(expected_status.st_mode) && (expected == path || PyUnicode_Compare(expected, path) == 0)
                 && seconds_now() - expected_since < SECONDS && text_of_name(path, &text, &keeper) == 0;
    if (is_it) {
        is_it = text_same(text, buffer_text(&expected_real));
        Py_XDECREF(keeper);
        *status = expected_status;
    }
    PyErr_Clear();
    return is_it;
}

/* Give the real path that was found for this very file by the finder, and its owner, once; say whether there is one. */
static bool
take_expected(PyObject *path, Buffer *real, OwnerId *owner)
{
    *owner = expected_owner;
    bool is_it = expected && (expected == path || PyUnicode_Compare(expected, path) == 0)
                 && buffer_set(real, expected_real.data, expected_real.size) == 0;
    Py_CLEAR(expected);
    return is_it;
}

/* Look up who owns the file of a place. What can't be told stays unresolved, which a walk takes for unowned. */
void
place_resolve(Place *place)
{
    size_t number = (size_t)(place - places.all);
    PyObject *keeper;
    Buffer real;
    Text text;
    buffer_start(&real);
    if (text_of_name(place->path, &text, &keeper) == 0) {
        if (paths_resolve(text, WORKING_FOLDER, &real) == 0) {
            settle(number, text, buffer_text(&real), owner_of_path(buffer_text(&real)));
        }
        Py_XDECREF(keeper);
    }
    buffer_end(&real);
    PyErr_Clear();
}

static bool
is_same_file(const struct stat *status, const struct stat *other)
{
    return status->st_ino == other->st_ino && status->st_dev == other->st_dev;
}

/* Say whether a real path is that of a file: what was given itself, with no link on the way, or what the kernel says now. */
static bool
leads_to(Text given, const Buffer *real, const struct stat *status)
{
    struct stat now;
    return text_same(given, buffer_text(real)) || (is_callable(real) && lstat(real->data, &now) == 0 && is_same_file(&now, status));
}

/* Give the real path of a file that code was read from, and its owner; say whether there is one. */
static bool
find_file(PyObject *path, Text text, const struct stat *status, Buffer *real, OwnerId *owner)
{
    if (take_expected(path, real, owner) && S_ISREG(expected_status.st_mode) && is_same_file(&expected_status, status)) {
        return true;
    }
    if (buffer_set(real, "", 0) < 0) {
        return false;
    }
    bool result = paths_resolve(text, WORKING_FOLDER, real) == 0 && leads_to(text, real, status);
    if (!result) {
        paths_forget(); /* another process may have changed a link to a folder */
        result = paths_resolve(text, WORKING_FOLDER, real) == 0 && leads_to(text, real, status);
    }
    *owner = result ? owner_of_path(buffer_text(real)) : OWNER_UNOWNED;
    return result;
}

static size_t
place_of_known(PyObject *path, Text text, const struct stat *status)
{
    Buffer real;
    Known *found = known_for(text, hash_of(text));
    if (!found) {
        return 0;
    }
    const Place *before = &places.all[found->place];
    if (found->place && before->inode == status->st_ino && before->device == status->st_dev) {
        return found->place;
    }
    size_t number = found->place = place_new(UNRESOLVED, path, OWNER_UNOWNED);
    buffer_start(&real);
    OwnerId owner;
    bool is_there = number && find_file(path, text, status, &real, &owner);
    if (is_there) {
        settle(number, text, buffer_text(&real), owner);
        places.all[number].device = status->st_dev;
        places.all[number].inode = status->st_ino;
    }
    buffer_end(&real);
    return is_there ? number : 0;
}

/* Return the number of the place of a file that code was read from just now, 0 where the path leads elsewhere by now. By the file
 * and not by its path: a link leads elsewhere whenever somebody wants it to, and what lies behind it may be the application's. */
size_t
place_of_file(PyObject *path, const struct stat *status)
{
    PyObject *keeper;
    Text text;
    if (text_of_name(path, &text, &keeper) < 0) {
        return 0;
    }
    size_t number = place_of_known(path, text, status);
    Py_XDECREF(keeper);
    return number;
}
