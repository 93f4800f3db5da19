/* From a path to the number of its owner. Nothing here allocates, save where a site directory has changed. */
#include "owners.h"

#include "readers.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

Identity process_identity;

/* Return the text of an owner, which holds for as long as the process lives. */
OwnerText
identity_text(const Identity *identity, OwnerId owner)
{
    if (owner >= LATE_OWNERS && owner - LATE_OWNERS < identity->late_count) {
        return identity->late[owner - LATE_OWNERS];
    }
    return identity->ledger->owners[owner < identity->ledger->owner_count ? owner : OWNER_UNOWNED];
}

static bool
same_owner(OwnerText one, OwnerText other)
{
    return one.kind == other.kind && text_same(one.name, other.name) && text_same(one.version, other.version);
}

static int
make_late_room(Identity *identity)
{
    if (identity->late_count < identity->late_room) {
        return 0;
    }
    uint32_t more = identity->late_room ? identity->late_room * 2 : 8;
    OwnerText *moved = PyMem_RawRealloc(identity->late, more * sizeof(OwnerText));
    if (!moved) {
        return -1;
    }
    identity->late = moved;
    identity->late_room = more;
    return 0;
}

static OwnerId
new_late(Identity *identity, OwnerText owner)
{
    char *data = identity->late_count < MOST_LATE && make_late_room(identity) == 0
                     ? PyMem_RawMalloc(owner.name.size + owner.version.size + 1)
                     : NULL;
    if (!data) {
        return OWNER_UNOWNED;
    }
    memcpy(data, owner.name.data, owner.name.size);
    memcpy(data + owner.name.size, owner.version.data, owner.version.size);
    owner.name.data = data;
    owner.version.data = data + owner.name.size;
    identity->late[identity->late_count] = owner;
    return LATE_OWNERS + identity->late_count++;
}

/* Return the number of an owner by its fields, a new one where there is none yet; UNOWNED when there are too many. */
OwnerId
identity_number(Identity *identity, OwnerText owner)
{
    const Ledger *ledger = identity->ledger;
    OwnerId number = 0;
    uint32_t name = ledger_entry(ledger, owner.name, ledger_hash(owner.name))->name;
    for (OwnerId standing = 0; standing < OWNER_MAIN; standing++) {
        if (same_owner(owner, ledger->owners[standing])) {
            return standing;
        }
    }
    if (name && same_owner(owner, ledger->owners[ledger->names[name].owner])) {
        return ledger->names[name].owner;
    }
    for (number = 0; number < identity->late_count; number++) {
        if (same_owner(owner, identity->late[number])) {
            return LATE_OWNERS + number;
        }
    }
    return new_late(identity, owner);
}

/* Say whether a site directory is not as it was scanned, without letting go of the interpreter. */
static bool
is_stale(const Ledger *ledger, Text folder)
{
    const Site *site = ledger_site(ledger, folder);
    char path[PATH_MAX];
    struct stat status;
    if (!site) {
        return true;
    }
    if (folder.size >= sizeof path || memchr(folder.data, '\0', folder.size)) {
        return false;
    }
    memcpy(path, folder.data, folder.size);
    path[folder.size] = '\0';
    return stat(path, &status) == 0
           && status.st_mtim.tv_sec * 1000000000LL + status.st_mtim.tv_nsec != site->modified;
}

static PyObject *
call_with_text(PyObject *function, Text text)
{
    int before = busy_enter();
    PyObject *argument = text_object_of_name(text);
    PyObject *answer = argument ? PyObject_CallOneArg(function, argument) : NULL;
    Py_XDECREF(argument);
    busy_leave(before);
    return answer;
}

/* Take in what a site directory holds by now. What can't be had leaves everything as it was. The ledger that was there
 * stays in memory: the new one has its texts, and others may have them as well. */
static void
scan_again(Identity *identity, Text folder)
{
    Holdings holdings;
    PyObject *answer = identity->rescan ? call_with_text(identity->rescan, folder) : NULL;
    const Ledger *fresh = answer && holdings_read(answer, &holdings) == 0 ? ledger_add(identity->ledger, &holdings) : NULL;
    if (fresh) {
        identity->ledger = fresh;
    }
    PyErr_Clear();
    Py_XDECREF(answer);
}

/* Say whether this process has written a file; when that can't be told, it has. */
static bool
is_written(const Identity *identity, Text path)
{
    if (!identity->is_written) {
        return written_holds(path);
    }
    PyObject *answer = call_with_text(identity->is_written, path);
    bool result = !answer || PyObject_IsTrue(answer) != 0;
    PyErr_Clear();
    Py_XDECREF(answer);
    return result;
}

/* A hidden folder is where payloads hide, below a home that is a project's root, say. */
static bool
is_hidden_below(Text path, Text root)
{
    return memmem(path.data + root.size - 1, path.size - root.size + 1, "/.", 2) != NULL;
}

static OwnerId
owner_outside_sites(const Identity *identity, Text path)
{
    const Ledger *ledger = identity->ledger;
    for (uint32_t at = 0; at < ledger->stdlib_count; at++) {
        if (text_has_prefix(path, ledger->stdlib[at])) {
            return OWNER_STDLIB;
        }
    }
    for (uint32_t at = 0; at < ledger->root_count; at++) {
        Text root = ledger->roots[at];
        if (text_has_prefix(path, root) && !is_hidden_below(path, root) && !is_written(identity, path)) {
            return OWNER_APP;
        }
    }
    return OWNER_UNOWNED;
}

static OwnerId
owner_of_name(const Ledger *ledger, uint32_t name)
{
    return name ? ledger->names[name].owner : OWNER_UNOWNED;
}

/* Return the owner of an absolute path without links. Twin: Identity.owner_of_path, which remembers its answers. */
OwnerId
identity_owner_of_path(Identity *identity, Text path)
{
    if (text_has_prefix(path, identity->ledger->package)) {
        return OWNER_STDLIB;
    }
    uint32_t name = ledger_listed(identity->ledger, path);
    if (!name) {
        Text site = ledger_site_of(path);
        if (!site.data) {
            return owner_outside_sites(identity, path);
        }
        if (is_stale(identity->ledger, site)) {
            scan_again(identity, site);
            name = ledger_listed(identity->ledger, path);
        }
    }
    return owner_of_name(identity->ledger, name);
}

static uint32_t
listed_in_site(const Ledger *ledger, Text folder, Text top, const char *suffix)
{
    char path[PATH_MAX];
    size_t size = strlen(suffix), whole = folder.size + 1 + top.size + size;
    if (whole > sizeof path) {
        return 0;
    }
    memcpy(path, folder.data, folder.size);
    path[folder.size] = '/';
    memcpy(path + folder.size + 1, top.data, top.size);
    memcpy(path + folder.size + 1 + top.size, suffix, size);
    return ledger_listed(ledger, (Text){path, whole});
}

/* Return the owner of an installed module by its name, UNOWNED for one that no distribution lists. */
OwnerId
identity_owner_of_module(const Identity *identity, Text module)
{
    const Ledger *ledger = identity->ledger;
    const char *dot = module.size ? memchr(module.data, '.', module.size) : NULL;
    Text top = {module.data, dot ? (size_t)(dot - module.data) : module.size};
    for (uint32_t at = 0; at < ledger->site_count; at++) {
        OwnerId folder = owner_of_name(ledger, listed_in_site(ledger, ledger->sites[at].folder, top, ""));
        OwnerId file = folder ? folder : owner_of_name(ledger, listed_in_site(ledger, ledger->sites[at].folder, top, ".py"));
        if (file) {
            return file;
        }
    }
    return OWNER_UNOWNED;
}

/* Give back an identity that was made for a question. */
void
identity_drop(Identity *identity)
{
    for (uint32_t at = 0; at < identity->late_count; at++) {
        PyMem_RawFree((char *)identity->late[at].name.data);
    }
    PyMem_RawFree(identity->late);
    for (const Ledger *ledger = identity->ledger, *before; ledger; ledger = before) {
        before = ledger->before;
        ledger_drop((Ledger *)ledger);
    }
}

/* Read (holdings, app_roots, stdlib, package) and make this process's ledger of it; returns 0, or -1 with an exception. */
int
owners_start(PyObject *ledger, PyObject *rescan)
{
    process_identity = (Identity){identity_ledger(ledger), Py_NewRef(rescan), NULL, NULL, 0, 0};
    return process_identity.ledger ? 0 : -1;
}

/* Return a new ledger of (holdings, app_roots, stdlib, package), NULL with an exception set. */
Ledger *
identity_ledger(PyObject *parts)
{
    PyObject *roots, *stdlib, *package, *tuple;
    Holdings holdings;
    if (!PyArg_ParseTuple(parts, "O!O!O!U", &PyTuple_Type, &tuple, &PyTuple_Type, &roots, &PyTuple_Type, &stdlib, &package)
        || holdings_read(tuple, &holdings) < 0) {
        return NULL;
    }
    return ledger_build(&holdings, roots, stdlib, package);
}

OwnerId
owner_of_path(Text path)
{
    return identity_owner_of_path(&process_identity, path);
}

OwnerText
owner_text(OwnerId owner)
{
    return identity_text(&process_identity, owner);
}

/* Return the name of the distribution that owns a file, or no data. Twin: Identity.name_of_path. */
Text
owner_name_of_path(Text path)
{
    OwnerText owner = owner_text(owner_of_path(path));
    return owner.kind == KIND_DISTRIBUTION || owner.kind == KIND_APP ? owner.name : (Text){NULL, 0};
}

/* Say whether an advisory speaks of any distribution. */
bool
owners_have_problems(void)
{
    const Ledger *ledger = process_identity.ledger;
    for (uint32_t name = 1; name < ledger->name_count; name++) {
        if (ledger->names[name].problem.size) {
            return true;
        }
    }
    return false;
}

/* Return what an advisory says of a distribution, or no data. */
Text
owner_problem(Text name)
{
    const Ledger *ledger = process_identity.ledger;
    return ledger->names[ledger_entry(ledger, name, ledger_hash(name))->name].problem;
}
