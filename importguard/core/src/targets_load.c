/* From the targets that policy/patterns.py compiles to what targets.c reads. */
#include "ruling.h"

/* Set a ValueError that names what is wrong with a table and return -1; an exception that is set already stays. */
int
malformed(const Loader *loader, const char *what)
{
    if (PyErr_Occurred()) {
        return -1;
    }
    if (loader->index < 0) {
        PyErr_Format(PyExc_ValueError, "malformed policy table: '%s': %s", loader->field, what);
    } else {
        PyErr_Format(PyExc_ValueError, "malformed policy table: '%s', number %zd: %s", loader->field, loader->index,
                     what);
    }
    return -1;
}

/* Return whether an object is a str that says a word. */
bool
is_word(PyObject *text, const char *word)
{
    return PyUnicode_CheckExact(text) && PyUnicode_CompareWithASCIIString(text, word) == 0;
}

/* Write a character as Text has it and return its size: UTF-8, a byte that was none as itself. */
static size_t
write_character(Py_UCS4 character, char *into)
{
    if (character < 0x80 || (character >= 0xDC80 && character <= 0xDCFF)) {
        *into = (char)(character & 0xFF);
        return 1;
    }
    size_t more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
    static const unsigned char heads[] = {0, 0xC0, 0xE0, 0xF0};
    into[0] = (char)(heads[more] | character >> 6 * more);
    for (size_t at = 1; at <= more; at++) {
        into[at] = (char)(0x80 | (character >> 6 * (more - at) & 0x3F));
    }
    return more + 1;
}

/* Write a str as Text has it; `into` has MOST_BYTES for each character. Return the size. */
size_t
text_write(PyObject *text, char *into)
{
    char *start = into;
    Py_ssize_t length = PyUnicode_GET_LENGTH(text);
    if (PyUnicode_IS_ASCII(text)) {
        memcpy(into, PyUnicode_1BYTE_DATA(text), (size_t)length);
        return (size_t)length;
    }
    for (Py_ssize_t at = 0; at < length; at++) {
        into += write_character(PyUnicode_READ_CHAR(text, at), into);
    }
    return (size_t)(into - start);
}

/* Copy a text to the arena; returns 0, or -1 with an exception set. */
static int
put_name(Loader *loader, PyObject *text, Name *name)
{
    size_t most = (size_t)PyUnicode_GET_LENGTH(text) * (PyUnicode_IS_ASCII(text) ? 1 : MOST_BYTES);
    name->at = arena_bytes(&loader->arena, most);
    if (!name->at) {
        PyErr_NoMemory();
        return -1;
    }
    name->size = (uint32_t)text_write(text, BUILT(loader, char, name->at));
    loader->arena.size = name->at + name->size;
    return 0;
}

/* Keep where a text is; returns 0, or -1 with an exception set. */
static int
remember_name(const Loader *loader, PyObject *text, const Name *name)
{
    PyObject *place = Py_BuildValue("(II)", name->at, name->size);
    int result = place ? PyDict_SetItem(loader->names, text, place) : -1;
    Py_XDECREF(place);
    return result;
}

/* Find a text that is a str and nothing that pretends to be one, or copy it: the same ones come again and again. */
int
load_name(Loader *loader, PyObject *text, const char *what, Name *name)
{
    if (!PyUnicode_CheckExact(text)) {
        return malformed(loader, what);
    }
    PyObject *known = PyDict_GetItemWithError(loader->names, text);
    if (known) {
        return PyArg_ParseTuple(known, "II", &name->at, &name->size) ? 0 : -1;
    }
    return PyErr_Occurred() || put_name(loader, text, name) < 0 ? -1 : remember_name(loader, text, name);
}

/* Make room for as many patterns as a tuple has; return 0, or -1 with an exception set. */
static int
load_list(Loader *loader, PyObject *patterns, size_t size, List *list)
{
    if (!PyTuple_CheckExact(patterns)) {
        return malformed(loader, "patterns");
    }
    list->count = (uint32_t)PyTuple_GET_SIZE(patterns);
    list->at = arena_room(&loader->arena, list->count * size);
    if (!list->at) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* Load a tuple of texts. */
int
load_names(Loader *loader, PyObject *texts, const char *what, List *list)
{
    if (load_list(loader, texts, sizeof(Name), list) < 0) {
        return -1;
    }
    for (uint32_t at = 0; at < list->count; at++) {
        Name name;
        if (load_name(loader, PyTuple_GET_ITEM(texts, at), what, &name) < 0) {
            return -1;
        }
        BUILT(loader, Name, list->at)[at] = name;
    }
    return 0;
}

static int
load_program(Loader *loader, PyObject *parts, Program *program)
{
    if (!PyTuple_CheckExact(parts) || PyTuple_GET_SIZE(parts) != 4 || !PyBool_Check(PyTuple_GET_ITEM(parts, 3))) {
        return malformed(loader, "a program");
    }
    program->takes_any = PyTuple_GET_ITEM(parts, 1) == Py_None;
    program->is_system = PyTuple_GET_ITEM(parts, 3) == Py_True;
    if (load_name(loader, PyTuple_GET_ITEM(parts, 0), "a program's path", &program->path) < 0
        || load_name(loader, PyTuple_GET_ITEM(parts, 2), "a program's name", &program->called) < 0) {
        return -1;
    }
    return program->takes_any ? 0 : load_names(loader, PyTuple_GET_ITEM(parts, 1), "an argument", &program->arguments);
}

static int
load_programs(Loader *loader, PyObject *patterns, Target *target)
{
    List *list = &target->patterns;
    if (load_list(loader, patterns, sizeof(Program), list) < 0) {
        return -1;
    }
    for (uint32_t at = 0; at < list->count; at++) {
        Program program = {0};
        if (load_program(loader, PyTuple_GET_ITEM(patterns, at), &program) < 0) {
            return -1;
        }
        BUILT(loader, Program, list->at)[at] = program;
        target->asks_back |= program.is_system;
    }
    return 0;
}

/* Read the number of an address of so many bits; return whether it fits. */
static bool
read_network(PyObject *number, uint32_t bits, Address *network)
{
    PyObject *width = PyLong_FromLong(64);
    PyObject *high = width ? PyNumber_Rshift(number, width) : NULL;
    network->bits = bits;
    network->high = high ? PyLong_AsUnsignedLongLong(high) : 0;
    bool is_read = high && !PyErr_Occurred();
    network->low = PyLong_AsUnsignedLongLongMask(number);
    Py_XDECREF(width);
    Py_XDECREF(high);
    PyErr_Clear();
    return is_read && (bits == 128 || (network->high == 0 && network->low >> 32 == 0));
}

/* Read (bits, network, length). */
static int
load_block(const Loader *loader, PyObject *data, Host *host)
{
    if (!PyTuple_CheckExact(data) || PyTuple_GET_SIZE(data) != 3) {
        return malformed(loader, "a block of addresses");
    }
    for (Py_ssize_t at = 0; at < 3; at++) {
        if (!PyLong_CheckExact(PyTuple_GET_ITEM(data, at))) {
            return malformed(loader, "a block of addresses");
        }
    }
    int is_huge;
    long bits = PyLong_AsLongAndOverflow(PyTuple_GET_ITEM(data, 0), &is_huge);
    long length = PyLong_AsLongAndOverflow(PyTuple_GET_ITEM(data, 2), &is_huge);
    if ((bits != 32 && bits != 128) || length < 0 || length > bits) {
        return malformed(loader, "a block of addresses");
    }
    host->length = (uint32_t)length;
    return read_network(PyTuple_GET_ITEM(data, 1), (uint32_t)bits, &host->network)
               ? 0
               : malformed(loader, "a block of addresses");
}

static int
load_host(Loader *loader, PyObject *parts, Host *host)
{
    static const char *const kinds[] = {
        [ANY_HOST] = "any", [HOST_NAME] = "host", [HOST_BLOCK] = "block", [HOST_UNIX] = "unix"};
    if (!PyTuple_CheckExact(parts) || PyTuple_GET_SIZE(parts) != 4) {
        return malformed(loader, "a host");
    }
    size_t kind = 0;
    while (kind < Py_ARRAY_LENGTH(kinds) && !is_word(PyTuple_GET_ITEM(parts, 0), kinds[kind])) {
        kind++;
    }
    if (kind == Py_ARRAY_LENGTH(kinds)) {
        return malformed(loader, "a kind of host");
    }
    host->kind = (HostKind)kind;
    PyObject *data = PyTuple_GET_ITEM(parts, 1);
    if (load_name(loader, PyTuple_GET_ITEM(parts, 2), "a port", &host->port) < 0
        || load_name(loader, PyTuple_GET_ITEM(parts, 3), "a port", &host->free_port) < 0) {
        return -1;
    }
    if (kind == HOST_BLOCK) {
        return load_block(loader, data, host);
    }
    return kind == ANY_HOST ? 0 : load_name(loader, data, "a host", &host->name);
}

static int
load_hosts(Loader *loader, PyObject *patterns, List *list)
{
    if (load_list(loader, patterns, sizeof(Host), list) < 0) {
        return -1;
    }
    for (uint32_t at = 0; at < list->count; at++) {
        Host host = {0};
        if (load_host(loader, PyTuple_GET_ITEM(patterns, at), &host) < 0) {
            return -1;
        }
        BUILT(loader, Host, list->at)[at] = host;
    }
    return 0;
}

/* Set the number of the set of paths that a name stands for. */
int
load_set_number(const Loader *loader, PyObject *name, uint32_t *number)
{
    PyObject *found = PyUnicode_CheckExact(name) ? PyDict_GetItemWithError(loader->set_numbers, name) : NULL;
    if (!found) {
        return malformed(loader, "the name of a set");
    }
    *number = (uint32_t)PyLong_AsUnsignedLong(found);
    return 0;
}

/* Hosts are for what goes over the network alone: nothing else is asked in their form. */
static int
check_hosts(const Loader *loader, uint32_t capabilities)
{
    for (int capability = 0; capability < CAPABILITY_COUNT; capability++) {
        if (capabilities >> capability & 1 && !has_peer((Capability)capability)) {
            return malformed(loader, "hosts for a capability that has none");
        }
    }
    return 0;
}

static int
load_patterns(Loader *loader, PyObject *patterns, uint32_t capabilities, Target *target)
{
    switch (target->kind) {
    case SET_TARGET:
        return load_set_number(loader, patterns, &target->machine);
    case SPAWN_TARGET:
        return load_programs(loader, patterns, target);
    case NET_TARGET:
        return check_hosts(loader, capabilities) < 0 ? -1 : load_hosts(loader, patterns, &target->patterns);
    case PATHS_TARGET:
    case TEXT_TARGET:
        return load_names(loader, patterns, "a pattern", &target->patterns);
    default:
        target->asks_back = target->kind != ANY_TARGET;
        return 0;
    }
}

/* Load a compiled target, (kind, patterns), of a line that is about some capabilities. */
int
load_target(Loader *loader, PyObject *kind, PyObject *patterns, uint32_t capabilities, Target *target)
{
    static const char *const kinds[] = {
        [ANY_TARGET] = "any", [SET_TARGET] = "set",         [PATHS_TARGET] = "paths",     [SPAWN_TARGET] = "spawn",
        [NET_TARGET] = "net", [WRITTEN_TARGET] = "written", [PACKAGE_TARGET] = "package", [TEXT_TARGET] = "text",
    };
    size_t found = 0;
    while (found < Py_ARRAY_LENGTH(kinds) && !is_word(kind, kinds[found])) {
        found++;
    }
    if (found == Py_ARRAY_LENGTH(kinds)) {
        return malformed(loader, "a kind of target");
    }
    target->kind = (TargetKind)found;
    return load_patterns(loader, patterns, capabilities, target);
}
