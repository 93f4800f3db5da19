/* From the mapping that policy/compile.py makes to a table in sealed memory. Twin: Table of policy/table.py.

   Types are checked exactly, so that nobody's methods run here, and a malformed table is a ValueError that names the
   field. */
#include "ruling.h"

static const char WRITTEN[] = "$written";

/* Return a field of the content that is of a type, borrowed, or NULL with an exception set. */
static PyObject *
field(Loader *loader, const char *name, PyTypeObject *type)
{
    loader->field = name;
    loader->index = -1;
    PyObject *value = PyDict_GetItemString(loader->content, name);
    if (!value || !Py_IS_TYPE(value, type)) {
        malformed(loader, "its type");
        return NULL;
    }
    return value;
}

static int
load_deputy(Loader *loader, PyObject *parts, Deputy *deputy)
{
    if (!PyTuple_CheckExact(parts) || PyTuple_GET_SIZE(parts) != 4) {
        return malformed(loader, "a deputy");
    }
    if (load_capabilities(loader, PyTuple_GET_ITEM(parts, 0), &deputy->capabilities) < 0
        || load_target(loader, PyTuple_GET_ITEM(parts, 1), PyTuple_GET_ITEM(parts, 2), deputy->capabilities,
                       &deputy->target)
               < 0) {
        return -1;
    }
    return load_specifier(loader, PyTuple_GET_ITEM(parts, 3), &deputy->specifier);
}

/* Load what somebody is a deputy for and return where it is, or 0 with an exception set. */
static Ref
new_deputy(Loader *loader, PyObject *parts, Table *table)
{
    Deputy deputy = {0};
    if (load_deputy(loader, parts, &deputy) < 0) {
        return 0;
    }
    table->looks_at_target |= deputy.target.kind != ANY_TARGET ? deputy.capabilities : 0;
    table->asks_back |= deputy.target.asks_back ? deputy.capabilities : 0;
    Ref at = arena_copy(&loader->arena, &deputy, sizeof deputy);
    if (!at) {
        PyErr_NoMemory();
    }
    return at;
}

/* Return where an entry is, loaded now or, being the same object as one before, then; 0 with an exception set. */
static Ref
deputy_of(Loader *loader, PyObject *parts, Table *table)
{
    PyObject *key = PyLong_FromVoidPtr(parts);
    PyObject *known = key ? PyDict_GetItemWithError(loader->deputies, key) : NULL;
    Ref at = known ? (Ref)PyLong_AsUnsignedLong(known) : 0;
    if (key && !known && !PyErr_Occurred()) {
        at = new_deputy(loader, parts, table);
        PyObject *value = at ? PyLong_FromUnsignedLong(at) : NULL;
        if (!value || PyDict_SetItem(loader->deputies, key, value) < 0) {
            at = 0;
        }
        Py_XDECREF(value);
    }
    Py_XDECREF(key);
    return at;
}

/* Load what one distribution is a deputy for, behind those of the others. */
static int
load_deputies_of(Loader *loader, PyObject *name, PyObject *found, Table *table, Entries *entries)
{
    DeputyName entry;
    if (load_name(loader, name, "a name", &entry.name) < 0) {
        return -1;
    }
    uint64_t key = text_hash(text_at(loader->arena.data, entry.name));
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(found); at++) {
        entry.deputy = deputy_of(loader, PyTuple_GET_ITEM(found, at), table);
        if (!entry.deputy || entries_add(entries, key, table->deputy_names.count) < 0) {
            return -1;
        }
        BUILT(loader, DeputyName, table->deputy_names.at)[table->deputy_names.count++] = entry;
    }
    return 0;
}

/* Make room for the names of all deputies; return 0, or -1 with an exception set. */
static int
make_room_for_deputies(Loader *loader, PyObject *deputies, Table *table)
{
    PyObject *name, *found;
    size_t count = 0;
    for (Py_ssize_t at = 0; PyDict_Next(deputies, &at, &name, &found);) {
        if (!PyTuple_CheckExact(found)) {
            return malformed(loader, "deputies");
        }
        count += (size_t)PyTuple_GET_SIZE(found);
    }
    table->deputy_names.at = arena_room(&loader->arena, count * sizeof(DeputyName));
    if (!table->deputy_names.at) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static int
load_deputies(Loader *loader, PyObject *deputies, Table *table)
{
    PyObject *name, *found;
    Entries entries = {0};
    int result = make_room_for_deputies(loader, deputies, table);
    for (Py_ssize_t at = 0; result == 0 && PyDict_Next(deputies, &at, &name, &found);) {
        loader->index++;
        result = load_deputies_of(loader, name, found, table, &entries);
    }
    if (result < 0) {
        PyMem_RawFree(entries.entries);
        return -1;
    }
    return index_build(&loader->arena, &entries, &table->deputy_index);
}

static int
load_watch(Loader *loader, PyObject *value, Watch *watch)
{
    if (value == Py_True) {
        watch->kind = ALWAYS;
        return 0;
    }
    if (is_word(value, WRITTEN)) {
        watch->kind = IF_WRITTEN;
        return 0;
    }
    watch->kind = IN_SET;
    return load_set_number(loader, value, &watch->machine);
}

/* Load {capability: what is watched}; a capability without an entry is not watched at all. */
static int
load_watches(Loader *loader, PyObject *watches, Table *table)
{
    PyObject *name, *value;
    for (Py_ssize_t at = 0; PyDict_Next(watches, &at, &name, &value);) {
        Watch watch = {0};
        int capability = capability_of(name);
        loader->index++;
        if (capability < 0) {
            return malformed(loader, "a capability");
        }
        if (load_watch(loader, value, &watch) < 0) {
            return -1;
        }
        table->watch[capability] = watch;
    }
    return 0;
}

/* Set `holds` to whether a field is one word, and not the other ones that it may be. */
static int
load_choice(Loader *loader, const char *name, const char *word, const char *const *others, bool *holds)
{
    PyObject *value = field(loader, name, &PyUnicode_Type);
    if (!value) {
        return -1;
    }
    *holds = is_word(value, word);
    for (; !*holds && *others; others++) {
        if (is_word(value, *others)) {
            return 0;
        }
    }
    return *holds ? 0 : malformed(loader, "its value");
}

static int
load_settings(Loader *loader, Table *table)
{
    static const char *const modes[] = {"observe", "off", NULL}, *const violations[] = {"deny", NULL};
    int is_huge;
    PyObject *format = field(loader, "v", &PyLong_Type);
    if (!format) {
        return -1;
    }
    if (PyLong_AsLongAndOverflow(format, &is_huge) != FORMAT) {
        PyErr_Format(PyExc_ValueError, "policy table of format %R, not %d", format, FORMAT);
        return -1;
    }
    return load_choice(loader, "mode", "enforce", modes, &table->enforces) < 0
                   || load_choice(loader, "on_violation", "kill", violations, &table->kills) < 0
               ? -1
               : 0;
}

/* Load the fields in the order in which they need each other. */
static int
load_fields(Loader *loader, Table *table)
{
    PyObject *value;
    if (load_settings(loader, table) < 0 || !(value = field(loader, "sets", &PyDict_Type))
        || load_machines(loader, value, table) < 0 || !(value = field(loader, "rules", &PyTuple_Type))
        || load_rules(loader, value, table) < 0 || !(value = field(loader, "deputies", &PyDict_Type))
        || load_deputies(loader, value, table) < 0 || !(value = field(loader, "watch", &PyDict_Type))
        || load_watches(loader, value, table) < 0 || !(value = field(loader, "app", &PyTuple_Type))
        || load_names(loader, value, "a name", &table->apps) < 0) {
        return -1;
    }
    return 0;
}

/* Allocate what machines are walked with; it says nothing and is not sealed. Returns 0, or -1 with an exception set. */
int
table_make_scratch(Table *table)
{
    table->scratch = PyMem_RawCalloc(2 * (size_t)table->most_nodes + 2, sizeof(uint32_t));
    if (!table->scratch) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* Build the table of a content in an arena, at its start; return 0, or -1 with an exception set. */
int
table_build(PyObject *content, const Asks *asks, Arena *arena)
{
    Table table = {.asks = *asks};
    Loader loader = {.content = content, .field = "", .index = -1};
    if (!PyDict_CheckExact(content)) {
        return malformed(&loader, "not a mapping");
    }
    arena_room(&loader.arena, sizeof table);
    loader.set_numbers = loader.arena.data ? PyDict_New() : PyErr_NoMemory();
    loader.deputies = loader.set_numbers ? PyDict_New() : NULL;
    loader.names = loader.deputies ? PyDict_New() : NULL;
    int result = loader.names ? load_fields(&loader, &table) : -1;
    if (result == 0) {
        result = table_make_scratch(&table);
    }
    Py_XDECREF(loader.set_numbers);
    Py_XDECREF(loader.deputies);
    Py_XDECREF(loader.names);
    if (result < 0) {
        arena_drop(&loader.arena);
        return -1;
    }
    *BUILT(&loader, Table, 0) = table;
    *arena = loader.arena;
    return 0;
}

/* Return the sealed table of a content that policy/compile.py made, or that table_flat has given, in a file or not, for as long as
   the process lives; NULL with a ValueError for a malformed one, or with a MemoryError. */
const Table *
table_load(PyObject *content, const Asks *asks)
{
    Arena arena = {0};
    if (PyBytes_CheckExact(content)) {
        return table_take(content, asks);
    }
    if (PyTuple_CheckExact(content)) {
        return table_take_piece(content, asks);
    }
    if (table_build(content, asks, &arena) < 0) {
        return NULL;
    }
    const Table *table = sealed_copy(arena.data, arena.size);
    if (!table) {
        PyErr_NoMemory();
    }
    arena_drop(&arena);
    return table;
}
