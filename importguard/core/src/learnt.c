/* What a lock is learnt from: each thing that was allowed is reported once. Twin: _learn of corridor.py. */
#include "judge.h"

#define MOST_LEARNT 65536 /* things of one process; a lock of more is nothing that anybody could read */
#define SLOTS (4 * MOST_LEARNT)

/* Fingerprints of what was asked, by whom, through whom. Memory that nobody touches costs nothing. */
static uint64_t seen[SLOTS];
static int seen_count;

static uint64_t
mix(uint64_t sum, uint64_t value)
{
    sum = (sum ^ value) * 0x9e3779b97f4a7c15u;
    return sum ^ sum >> 29;
}

/* Texts by the interpreter's own hash: it has a key, so that nobody can make two things look the same. */
static uint64_t
fingerprint(const Asked *asked, Door door, const Walked *walked, const Blame *blame)
{
    uint64_t sum = mix((uint64_t)PyObject_Hash(asked->target), (uint64_t)asked->capability << 32 | (uint64_t)door);
    sum = mix(sum, asked->argv ? (uint64_t)PyObject_Hash(asked->argv) : 1);
    for (int at = 0; at < walked->count; at++) {
        sum = mix(sum, (uint64_t)walked->owners[at]);
    }
    sum = mix(sum, (uint64_t)walked->count << 32 | (uint64_t)blame->phase << 1 | blame->has_authority);
    return sum ? sum : 1;
}

/* Take a fingerprint for seen; return whether it was before. Where there is no more room nothing is seen, and each is looked
 * at again. */
static bool
was_seen(uint64_t sum)
{
    size_t at = sum % SLOTS;
    while (seen[at] && seen[at] != sum) {
        at = (at + 1) % SLOTS;
    }
    bool is_there = seen[at] == sum;
    if (!is_there && seen_count < MOST_LEARNT) {
        seen[at] = sum;
        seen_count++;
    }
    return is_there;
}

/* Say whether what was allowed is to be reported: the application needs no grant, so that of what it does only those count
 * that acted for it; and what the same chain has asked for is known. */
bool
learnt_is_new(const Asked *asked, Door door, const Walked *walked, const Blame *blame)
{
    int kind = blame_owner_text(blame).kind;
    if ((kind == KIND_APP || kind == KIND_STDLIB) && !blame->via_count) {
        return false;
    }
    return !was_seen(fingerprint(asked, door, walked, blame));
}

/* Return whether something was reported before, and take it for reported from now on; 1, 0, or -1 with an exception set. */
static int
is_reported(PyObject *key)
{
    static PyObject *reported;
    if (!reported) {
        if (!(reported = PySet_New(NULL))) {
            return -1;
        }
        PyObject_GC_UnTrack(reported); /* found by gc.get_objects(), it could be emptied, or hold what compares as it likes */
    }
    int found = PySet_Contains(reported, key);
    if (found == 0 && PySet_GET_SIZE(reported) >= MOST_LEARNT) {
        return 1;
    }
    return found == 0 ? PySet_Add(reported, key) : found;
}

/* Return the owner who is to blame as Python gets it, None for NULL. */
static PyObject *
owner_or_none(const Blame *blame)
{
    return blame ? report_owner(blame_owner_text(blame)) : Py_NewRef(Py_None);
}

/* Report what was allowed, each thing once: chains that differ may lead to the same. What goes wrong here loses a record and
 * nothing else. */
void
report_allowed(const Asked *asked, Door door, const Blame *blame, const Blame *caller)
{
    OwnerText text = blame_owner_text(blame);
    if ((text.kind == KIND_APP || text.kind == KIND_STDLIB) && !blame->via_count) {
        return;
    }
    PyObject *owner = report_owner(text), *via = owner ? report_via(blame) : NULL, *key = NULL;
    PyObject *other = via ? owner_or_none(caller) : NULL;
    if (other) {
        key = Py_BuildValue("sOOOOssO", capability_names[asked->capability], asked->target,
                            asked->argv ? asked->argv : Py_None, owner, via, phase_names[blame->phase], door_names[door], other);
    }
    if (key && is_reported(key) == 0) {
        Py_XDECREF(attend(core.learn, key));
    }
    PyErr_Clear();
    Py_XDECREF(key);
    Py_XDECREF(other);
    Py_XDECREF(via);
    Py_XDECREF(owner);
}
