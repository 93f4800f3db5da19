/* Owners as Python reports with them, (name, version, kind); no verdict comes from them. */
#include "owners.h"

#define ROOM_AT_FIRST 64

/* What has been made so far: of listed owners, and of those that came up later. */
static struct {
    PyObject **objects;
    uint32_t room;
} made[2];

static PyObject *
new_object(OwnerId owner)
{
    OwnerText text = owner_text(owner);
    PyObject *name = text_object_of_name(text.name), *version = name ? text_object_of_name(text.version) : NULL, *object = NULL;
    if (version) {
        object = Py_BuildValue("OOs", name, version, kind_names[text.kind]);
    }
    Py_XDECREF(name);
    Py_XDECREF(version);
    return object;
}

static int
make_room(int list, uint32_t at)
{
    uint32_t room = made[list].room ? made[list].room : ROOM_AT_FIRST;
    while (room <= at) {
        room *= 2;
    }
    if (room == made[list].room) {
        return 0;
    }
    PyObject **moved = PyMem_RawRealloc(made[list].objects, room * sizeof(PyObject *));
    if (!moved) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t fresh = made[list].room; fresh < room; fresh++) {
        moved[fresh] = NULL;
    }
    made[list].objects = moved;
    made[list].room = room;
    return 0;
}

/* Return the owner of a number, a borrowed reference, or NULL with an exception set. */
PyObject *
owner_object(OwnerId owner)
{
    int list = owner >= LATE_OWNERS;
    uint32_t at = list ? owner - LATE_OWNERS : owner;
    if (make_room(list, at) < 0) {
        return NULL;
    }
    if (!made[list].objects[at]) {
        PyObject *object = new_object(owner);
        /* Another thread may have made it meanwhile; the array may have moved. */
        if (made[list].objects[at]) {
            Py_XDECREF(object);
        }
        else {
            made[list].objects[at] = object;
        }
    }
    return made[list].objects[at];
}

/* Read a field of an Owner, or of one as a tuple. */
static int
field(PyObject *object, Py_ssize_t at, Text *text, PyObject **keeper)
{
    static const char *const names[] = {"name", "version", "kind"};
    bool is_tuple = PyTuple_CheckExact(object) && PyTuple_GET_SIZE(object) == Py_ARRAY_LENGTH(names);
    PyObject *value = is_tuple ? Py_NewRef(PyTuple_GET_ITEM(object, at)) : PyObject_GetAttrString(object, names[at]);
    int result = value && PyUnicode_CheckExact(value) ? text_of_name(value, text, keeper) : -1;
    if (result == 0 && !*keeper) {
        *keeper = value;
        return 0;
    }
    Py_XDECREF(value);
    return result;
}

static int
kind_of(Text text)
{
    static const Text kinds[] = {{"distribution", 12}, {"app", 3}, {"stdlib", 6}, {"startup", 7}};
    for (int kind = 0; kind < KIND_UNOWNED; kind++) {
        if (text_same(text, kinds[kind])) {
            return kind;
        }
    }
    return KIND_UNOWNED;
}

/* Return the number of an Owner, or of one as a tuple, by its fields; UNOWNED, and no exception, for what is none. */
OwnerId
owner_of_object(Identity *identity, PyObject *object)
{
    Text kind;
    OwnerText owner = {{NULL, 0}, {NULL, 0}, KIND_UNOWNED};
    PyObject *keepers[3] = {NULL, NULL, NULL};
    OwnerId number = OWNER_UNOWNED;
    if (field(object, 0, &owner.name, &keepers[0]) == 0 && field(object, 1, &owner.version, &keepers[1]) == 0
        && field(object, 2, &kind, &keepers[2]) == 0) {
        owner.kind = kind_of(kind);
        number = identity_number(identity, owner);
    }
    PyErr_Clear();
    for (size_t at = 0; at < Py_ARRAY_LENGTH(keepers); at++) {
        Py_XDECREF(keepers[at]);
    }
    return number;
}
