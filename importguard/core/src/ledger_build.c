/* Building a ledger from what Identity in identity.py holds, and building another when a site directory has changed. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#define PAGE ((size_t)4096)
#define SMALLEST ((size_t)65536)
#define MOST_SITES 1024 /* a path can name any number of them */

struct Pages {
    Pages *before;
    size_t size, used;
};

static void *
room(Pages **pages, size_t size)
{
    size = (size + 15) / 16 * 16;
    if (!*pages || (*pages)->size - (*pages)->used < size) {
        size_t whole = sizeof(Pages) + 16 + size;
        whole = ((whole < SMALLEST ? SMALLEST : whole) + PAGE - 1) / PAGE * PAGE;
        Pages *more = aligned_alloc(PAGE, whole);
        if (!more) {
            PyErr_NoMemory();
            return NULL;
        }
        *more = (Pages){*pages, whole, (sizeof(Pages) + 15) / 16 * 16};
        *pages = more;
    }
    void *start = (char *)*pages + (*pages)->used;
    (*pages)->used += size;
    return memset(start, 0, size);
}

/* Give back what a ledger lies in; not the one before it. */
void
ledger_drop(Ledger *ledger)
{
    for (Pages *pages = ledger ? ledger->pages : NULL, *before; pages; pages = before) {
        before = pages->before;
        free(pages);
    }
}

static int
copy(Ledger *ledger, Text text, Text *copied)
{
    char *data = room(&ledger->pages, text.size + 1);
    if (!data) {
        return -1;
    }
    memcpy(data, text.data, text.size);
    *copied = (Text){data, text.size};
    return 0;
}

/* Give the bytes of a str; returns 0, or -1 with an exception set. */
static int
view(PyObject *object, Text *text, PyObject **keeper)
{
    if (!PyUnicode_CheckExact(object)) {
        PyErr_SetString(PyExc_TypeError, "a ledger has nothing but str");
        return -1;
    }
    return text_of_name(object, text, keeper);
}

static int
copy_object(Ledger *ledger, PyObject *object, Text *copied)
{
    PyObject *keeper;
    Text text;
    if (view(object, &text, &keeper) < 0) {
        return -1;
    }
    int result = copy(ledger, text, copied);
    Py_XDECREF(keeper);
    return result;
}

/* Return the entry of a str, made where there is none; NULL with an exception set. */
static Entry *
entry_for(Ledger *ledger, PyObject *object)
{
    PyObject *keeper;
    Text text;
    if (view(object, &text, &keeper) < 0) {
        return NULL;
    }
    uint32_t hash = ledger_hash(text);
    Entry *entry = (Entry *)ledger_entry(ledger, text, hash);
    if (!entry->text.data) {
        if (copy(ledger, text, &entry->text) < 0) {
            entry = NULL;
        }
        else {
            entry->hash = hash;
            ledger->entry_count++;
        }
    }
    Py_XDECREF(keeper);
    return entry;
}

/* Return the number of a name, made where there is none, or 0 with an exception set. */
static uint32_t
name_for(Ledger *ledger, PyObject *object)
{
    Entry *entry = entry_for(ledger, object);
    if (entry && !entry->name) {
        entry->name = ++ledger->name_count;
        ledger->names[entry->name].text = entry->text;
    }
    return entry ? entry->name : 0;
}

/* Read (version, is it the application's); returns 0, or -1 with an exception set. */
static int
owner_fields(PyObject *owner, PyObject **version, int *is_app)
{
    if (!PyTuple_CheckExact(owner)) {
        PyErr_SetString(PyExc_TypeError, "an owner is (version, is_app)");
        return -1;
    }
    return PyArg_ParseTuple(owner, "Up", version, is_app) ? 0 : -1;
}

/* Number an owner and make it that of a name, unless it's what the name has already. */
static int
set_owner(Ledger *ledger, Name *name, PyObject *version, bool is_app)
{
    const OwnerText *known = &ledger->owners[name->owner];
    OwnerText owner = {name->text, {NULL, 0}, is_app ? KIND_APP : KIND_DISTRIBUTION};
    if (copy_object(ledger, version, &owner.version) < 0) {
        return -1;
    }
    if (name->owner >= FIRST_LISTED && known->kind == owner.kind && text_same(known->version, owner.version)) {
        return 0;
    }
    name->owner = ledger->owner_count++;
    ledger->owners[name->owner] = owner;
    return 0;
}

/* What is installed while the program runs is nobody's application: a package could have written it there. */
static bool
may_be_app(const Ledger *ledger, const Name *name, bool is_late)
{
    return !is_late || ledger->owners[name->owner].kind == KIND_APP;
}

static int
take_owners(Ledger *ledger, PyObject *owners, bool is_late)
{
    PyObject *key, *owner, *version;
    Py_ssize_t at = 0;
    while (PyDict_Next(owners, &at, &key, &owner)) {
        int is_app;
        uint32_t number = name_for(ledger, key);
        if (!number || owner_fields(owner, &version, &is_app) < 0) {
            return -1;
        }
        Name *name = &ledger->names[number];
        if (set_owner(ledger, name, version, is_app && may_be_app(ledger, name, is_late)) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Take {path: name} as files or as folders; what the application had not listed before it doesn't get any more. */
static int
take_paths(Ledger *ledger, PyObject *paths, bool are_files, bool is_late)
{
    PyObject *key, *value, *last = NULL;
    uint32_t number = 0;
    Py_ssize_t at = 0;
    while (PyDict_Next(paths, &at, &key, &value)) {
        number = value == last ? number : name_for(ledger, value);
        last = value;
        Entry *entry = number ? entry_for(ledger, key) : NULL;
        if (!entry) {
            return -1;
        }
        if (!is_late || ledger->owners[ledger->names[number].owner].kind != KIND_APP) {
            *(are_files ? &entry->file : &entry->prefix) = number;
        }
    }
    return 0;
}

static int
take_problems(Ledger *ledger, PyObject *problems)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(problems, &at, &key, &value)) {
        uint32_t number = name_for(ledger, key);
        if (!number || copy_object(ledger, value, &ledger->names[number].problem) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Take {folder: when it was changed}. */
static int
take_sites(Ledger *ledger, PyObject *sites)
{
    PyObject *key, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(sites, &at, &key, &value)) {
        Site site = {{NULL, 0}, PyLong_AsLongLong(value)};
        if (PyErr_Occurred() || copy_object(ledger, key, &site.folder) < 0) {
            return -1;
        }
        Site *known = (Site *)ledger_site(ledger, site.folder);
        if (known) {
            known->modified = site.modified;
        }
        else if (ledger->site_count < MOST_SITES) {
            ledger->sites[ledger->site_count++] = site;
        }
    }
    return 0;
}

static int
take_holdings(Ledger *ledger, const Holdings *holdings, bool is_late)
{
    if (take_owners(ledger, holdings->owners, is_late) < 0
        || take_paths(ledger, holdings->prefixes, false, is_late) < 0
        || take_paths(ledger, holdings->files, true, is_late) < 0 || take_problems(ledger, holdings->problems) < 0
        || take_sites(ledger, holdings->sites) < 0) {
        return -1;
    }
    return 0;
}

/* Read what `holdings` gives; returns 0, or -1 with an exception set. */
int
holdings_read(PyObject *tuple, Holdings *holdings)
{
    if (!PyTuple_CheckExact(tuple)) {
        PyErr_SetString(PyExc_TypeError, "holdings are a tuple");
        return -1;
    }
    return PyArg_ParseTuple(tuple, "O!O!O!O!O!", &PyDict_Type, &holdings->owners, &PyDict_Type, &holdings->prefixes,
                            &PyDict_Type, &holdings->files, &PyDict_Type, &holdings->sites, &PyDict_Type,
                            &holdings->problems)
               ? 0
               : -1;
}

static uint32_t
entries_for(size_t count)
{
    uint32_t size = 64;
    while (size < count + count / 4) {
        size *= 2;
    }
    return size;
}

/* Return an empty ledger with room for what another has and for some more; NULL with an exception set. */
static Ledger *
with_room(const Ledger *before, const Holdings *more)
{
    Pages *pages = NULL;
    Ledger *ledger = room(&pages, sizeof(Ledger));
    size_t owners = (size_t)PyDict_GET_SIZE(more->owners), problems = (size_t)PyDict_GET_SIZE(more->problems);
    size_t paths = (size_t)PyDict_GET_SIZE(more->prefixes) + (size_t)PyDict_GET_SIZE(more->files);
    size_t sites = (size_t)PyDict_GET_SIZE(more->sites);
    if (!ledger) {
        return NULL;
    }
    /* At worst each path names a distribution that nothing else is known of. */
    ledger->name_room = (before ? before->name_count : 0) + 1 + (uint32_t)(owners + problems + paths);
    ledger->owner_room = (before ? before->owner_count : FIRST_LISTED) + (uint32_t)owners;
    ledger->site_room = (before ? before->site_count : 0) + (uint32_t)sites;
    ledger->mask = entries_for((before ? before->entry_count : 0) + owners + problems + 2 * paths) - 1;
    ledger->entries = room(&pages, (ledger->mask + 1) * sizeof(Entry));
    ledger->names = ledger->entries ? room(&pages, ledger->name_room * sizeof(Name)) : NULL;
    ledger->owners = ledger->names ? room(&pages, ledger->owner_room * sizeof(OwnerText)) : NULL;
    ledger->sites = ledger->owners ? room(&pages, ledger->site_room * sizeof(Site)) : NULL;
    ledger->pages = pages;
    if (!ledger->sites) {
        ledger_drop(ledger);
        return NULL;
    }
    return ledger;
}

#define TEXT(literal) {literal, sizeof(literal) - 1}

/* The owners that are always there: UNOWNED, STDLIB and APP of model.py and MAIN of blame.py. */
static const OwnerText standing[FIRST_LISTED] = {
    [OWNER_UNOWNED] = {TEXT("unowned"), TEXT(""), KIND_UNOWNED},
    [OWNER_STDLIB] = {TEXT("python"), TEXT(""), KIND_STDLIB},
    [OWNER_APP] = {TEXT("application"), TEXT(""), KIND_APP},
    [OWNER_MAIN] = {TEXT("__main__"), TEXT(""), KIND_APP},
};

static int
take_folders(Ledger *ledger, PyObject *folders, Text **texts, uint32_t *count)
{
    Py_ssize_t size = PyTuple_GET_SIZE(folders);
    *texts = room(&ledger->pages, (size_t)(size + 1) * sizeof(Text));
    for (Py_ssize_t at = 0; *texts && at < size; at++) {
        if (copy_object(ledger, PyTuple_GET_ITEM(folders, at), &(*texts)[at]) < 0) {
            return -1;
        }
    }
    *count = (uint32_t)size;
    return *texts ? 0 : -1;
}

/* Return a new ledger; NULL with an exception set. The folders are a tuple each. */
Ledger *
ledger_build(const Holdings *holdings, PyObject *app_roots, PyObject *stdlib, PyObject *package)
{
    Ledger *ledger = with_room(NULL, holdings);
    if (!ledger) {
        return NULL;
    }
    memcpy(ledger->owners, standing, sizeof standing);
    ledger->owner_count = FIRST_LISTED;
    if (take_folders(ledger, app_roots, &ledger->roots, &ledger->root_count) < 0
        || take_folders(ledger, stdlib, &ledger->stdlib, &ledger->stdlib_count) < 0
        || copy_object(ledger, package, &ledger->package) < 0 || take_holdings(ledger, holdings, false) < 0) {
        ledger_drop(ledger);
        return NULL;
    }
    return ledger;
}

static void
take_over(Ledger *ledger, const Ledger *before)
{
    memcpy(ledger->names, before->names, (before->name_count + 1) * sizeof(Name));
    memcpy(ledger->owners, before->owners, before->owner_count * sizeof(OwnerText));
    memcpy(ledger->sites, before->sites, before->site_count * sizeof(Site));
    ledger->name_count = before->name_count;
    ledger->owner_count = before->owner_count;
    ledger->site_count = before->site_count;
    ledger->entry_count = before->entry_count;
    for (uint32_t at = 0; at <= before->mask; at++) {
        const Entry *entry = &before->entries[at];
        if (entry->text.data) {
            *(Entry *)ledger_entry(ledger, entry->text, entry->hash) = *entry;
        }
    }
    ledger->roots = before->roots;
    ledger->root_count = before->root_count;
    ledger->stdlib = before->stdlib;
    ledger->stdlib_count = before->stdlib_count;
    ledger->package = before->package;
    ledger->before = before;
}

/* Return a new ledger that also has what a site directory holds by now, with the same numbers for the same owners; NULL
 * with an exception set. It shares the texts of the one before, which must stay. */
Ledger *
ledger_add(const Ledger *before, const Holdings *holdings)
{
    Ledger *ledger = with_room(before, holdings);
    if (!ledger) {
        return NULL;
    }
    take_over(ledger, before);
    if (take_holdings(ledger, holdings, true) < 0) {
        ledger_drop(ledger);
        return NULL;
    }
    return ledger;
}
