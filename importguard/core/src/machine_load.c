/* From the nested tuples that policy/machine.py builds to the arrays that machine.c walks. */
#include "ruling.h"

/* Nodes are shared, and a broken table could even have a circle: each tuple gets one number, by its identity. */
typedef struct {
    Loader *loader;
    PyObject *nodes;   /* list of tuples, in the order of their numbers */
    PyObject *numbers; /* {address of a tuple: number, from 1} */
    size_t way_count;
    Machine machine;
} Numbering;

enum { NODE_LITERALS, NODE_GLOBS, NODE_ENDS, NODE_STAR, NODE_LOOPS, NODE_PARTS };

static int
check_node(const Loader *loader, PyObject *node)
{
    if (!PyTuple_CheckExact(node) || PyTuple_GET_SIZE(node) != NODE_PARTS
        || !PyDict_CheckExact(PyTuple_GET_ITEM(node, NODE_LITERALS))
        || !PyTuple_CheckExact(PyTuple_GET_ITEM(node, NODE_GLOBS)) || !PyBool_Check(PyTuple_GET_ITEM(node, NODE_ENDS))
        || !PyBool_Check(PyTuple_GET_ITEM(node, NODE_LOOPS))) {
        return malformed(loader, "a node of its machine");
    }
    return 0;
}

/* Return the number of a node, a new one for one that wasn't seen before, or 0 with an exception set. */
static uint32_t
number_of(Numbering *numbering, PyObject *node)
{
    PyObject *key = PyLong_FromVoidPtr(node);
    PyObject *known = key ? PyDict_GetItemWithError(numbering->numbers, key) : NULL;
    uint32_t number = 0;
    if (known) {
        number = (uint32_t)PyLong_AsUnsignedLong(known);
    } else if (key && !PyErr_Occurred() && check_node(numbering->loader, node) == 0) {
        PyObject *next = PyLong_FromSsize_t(PyList_GET_SIZE(numbering->nodes) + 1);
        if (next && PyList_Append(numbering->nodes, node) == 0 && PyDict_SetItem(numbering->numbers, key, next) == 0) {
            number = (uint32_t)PyList_GET_SIZE(numbering->nodes);
        }
        Py_XDECREF(next);
    }
    Py_XDECREF(key);
    return number;
}

/* Return the pattern and the node of a glob, or NULL with an exception set. */
static PyObject *
glob_at(const Loader *loader, PyObject *globs, Py_ssize_t at)
{
    PyObject *pair = PyTuple_GET_ITEM(globs, at);
    if (!PyTuple_CheckExact(pair) || PyTuple_GET_SIZE(pair) != 2) {
        malformed(loader, "a glob of its machine");
        return NULL;
    }
    return pair;
}

/* Give a number to every node that one leads to. */
static int
number_below(Numbering *numbering, PyObject *node)
{
    PyObject *component, *child, *globs = PyTuple_GET_ITEM(node, NODE_GLOBS);
    PyObject *star = PyTuple_GET_ITEM(node, NODE_STAR);
    Py_ssize_t at = 0;
    while (PyDict_Next(PyTuple_GET_ITEM(node, NODE_LITERALS), &at, &component, &child)) {
        numbering->way_count++;
        if (!number_of(numbering, child)) {
            return -1;
        }
    }
    for (at = 0; at < PyTuple_GET_SIZE(globs); at++) {
        PyObject *pair = glob_at(numbering->loader, globs, at);
        if (!pair || !number_of(numbering, PyTuple_GET_ITEM(pair, 1))) {
            return -1;
        }
    }
    return star == Py_None || number_of(numbering, star) ? 0 : -1;
}

static void
set_bit(uint64_t *bits, char byte)
{
    bits[(unsigned char)byte >> 6] |= (uint64_t)1 << ((unsigned char)byte & 63);
}

/* Note what a component must look like for a glob to match it. */
static void
expect(Globs *globs, Text pattern)
{
    const char *star = memrchr(pattern.data, '*', pattern.size);
    if (pattern.size && pattern.data[0] != '*') {
        set_bit(globs->first, pattern.data[0]);
    } else if (star && star + 1 < pattern.data + pattern.size) {
        set_bit(globs->last, pattern.data[pattern.size - 1]);
    } else {
        globs->any = true;
    }
}

/* Load the globs of a node; return where they are, or 0 with an exception set. */
static Ref
load_globs(Numbering *numbering, PyObject *globs)
{
    Loader *loader = numbering->loader;
    uint32_t count = (uint32_t)PyTuple_GET_SIZE(globs);
    Ref made = arena_room(&loader->arena, sizeof(Globs)), ways = arena_room(&loader->arena, count * sizeof(GlobWay));
    if (!made || !ways) {
        PyErr_NoMemory();
        return 0;
    }
    BUILT(loader, Globs, made)->ways = (List){ways, count};
    for (uint32_t at = 0; at < count; at++) {
        PyObject *pair = PyTuple_GET_ITEM(globs, at);
        GlobWay way = {.child = number_of(numbering, PyTuple_GET_ITEM(pair, 1))};
        if (load_name(loader, PyTuple_GET_ITEM(pair, 0), "a glob of its machine", &way.pattern) < 0) {
            return 0;
        }
        BUILT(loader, GlobWay, ways)[at] = way;
        expect(BUILT(loader, Globs, made), text_at(loader->arena.data, way.pattern));
    }
    return made;
}

static int
load_way(Numbering *numbering, uint32_t node, PyObject *component, PyObject *child)
{
    Loader *loader = numbering->loader;
    uint32_t mask = numbering->machine.ways.count - 1;
    Way way = {.node = node, .child = number_of(numbering, child)};
    if (load_name(loader, component, "a component of its machine", &way.component) < 0) {
        return -1;
    }
    way.hash = (uint32_t)text_hash(text_at(loader->arena.data, way.component));
    Way *ways = BUILT(loader, Way, numbering->machine.ways.at);
    uint32_t slot = way_slot(node, way.hash) & mask;
    while (ways[slot].node) {
        slot = (slot + 1) & mask;
    }
    ways[slot] = way;
    return 0;
}

static int
load_node(Numbering *numbering, uint32_t number)
{
    PyObject *from = PyList_GET_ITEM(numbering->nodes, number - 1), *component, *child;
    PyObject *star = PyTuple_GET_ITEM(from, NODE_STAR), *literals = PyTuple_GET_ITEM(from, NODE_LITERALS);
    Node node = {
        .ends = PyTuple_GET_ITEM(from, NODE_ENDS) == Py_True,
        .loops = PyTuple_GET_ITEM(from, NODE_LOOPS) == Py_True,
        .has_ways = PyDict_GET_SIZE(literals) > 0,
        .star = star == Py_None ? 0 : number_of(numbering, star),
    };
    Py_ssize_t at = 0;
    while (PyDict_Next(literals, &at, &component, &child)) {
        if (load_way(numbering, number, component, child) < 0) {
            return -1;
        }
    }
    if (PyTuple_GET_SIZE(PyTuple_GET_ITEM(from, NODE_GLOBS))) {
        node.globs = load_globs(numbering, PyTuple_GET_ITEM(from, NODE_GLOBS));
        if (!node.globs) {
            return -1;
        }
    }
    BUILT(numbering->loader, Node, numbering->machine.nodes.at)[number - 1] = node;
    return 0;
}

/* Load the nodes of one machine once all have numbers. */
static int
load_nodes(Numbering *numbering)
{
    Arena *arena = &numbering->loader->arena;
    Machine *machine = &numbering->machine;
    machine->nodes.count = (uint32_t)PyList_GET_SIZE(numbering->nodes);
    machine->nodes.at = arena_room(arena, machine->nodes.count * sizeof(Node));
    for (machine->ways.count = 2; machine->ways.count < numbering->way_count * 2;) {
        machine->ways.count *= 2;
    }
    machine->ways.at = arena_room(arena, machine->ways.count * sizeof(Way));
    if (!machine->nodes.at || !machine->ways.at) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *star = PyTuple_GET_ITEM(PyList_GET_ITEM(numbering->nodes, 0), NODE_STAR);
    machine->floating = star == Py_None ? 0 : number_of(numbering, star);
    for (uint32_t number = 1; number <= machine->nodes.count; number++) {
        if (load_node(numbering, number) < 0) {
            return -1;
        }
    }
    return 0;
}

static int
load_root(Numbering *numbering, PyObject *root)
{
    if (!number_of(numbering, root)) {
        return -1;
    }
    for (Py_ssize_t at = 0; at < PyList_GET_SIZE(numbering->nodes); at++) {
        if (number_below(numbering, PyList_GET_ITEM(numbering->nodes, at)) < 0) {
            return -1;
        }
    }
    return load_nodes(numbering);
}

/* Load one machine, but for what it leaves out. */
static int
load_machine(Loader *loader, PyObject *content, Machine *machine)
{
    PyObject *root = PyDict_CheckExact(content) ? PyDict_GetItemString(content, "root") : NULL;
    if (!root) {
        return malformed(loader, "a machine without a root");
    }
    Numbering numbering = {.loader = loader, .nodes = PyList_New(0), .numbers = PyDict_New()};
    int result = numbering.nodes && numbering.numbers ? load_root(&numbering, root) : -1;
    *machine = numbering.machine;
    machine->unless = -1;
    Py_XDECREF(numbering.nodes);
    Py_XDECREF(numbering.numbers);
    return result;
}

/* Load a machine as the one of a number, and what it leaves out, if anything, as the one behind the last so far. */
static int
load_set(Loader *loader, PyObject *content, uint32_t number, uint32_t *count, List machines)
{
    Machine machine, other;
    if (load_machine(loader, content, &machine) < 0) {
        return -1;
    }
    PyObject *unless = PyDict_GetItemString(content, "unless");
    if (unless && unless != Py_None) {
        if (load_machine(loader, unless, &other) < 0) {
            return -1;
        }
        PyObject *more = PyDict_GetItemString(unless, "unless");
        if (more && more != Py_None) {
            return malformed(loader, "what a machine leaves out leaves something out itself");
        }
        machine.unless = (int32_t)*count;
        BUILT(loader, Machine, machines.at)[(*count)++] = other;
    }
    BUILT(loader, Machine, machines.at)[number] = machine;
    return 0;
}

/* Keep the number of a set under its name. */
static int
number_set(Loader *loader, PyObject *name, uint32_t number)
{
    if (!PyUnicode_CheckExact(name)) {
        return malformed(loader, "a name that is no text");
    }
    PyObject *value = PyLong_FromUnsignedLong(number);
    int result = value ? PyDict_SetItem(loader->set_numbers, name, value) : -1;
    Py_XDECREF(value);
    return result;
}

/* Load all sets of paths, {name: machine}. */
int
load_machines(Loader *loader, PyObject *sets, Table *table)
{
    uint32_t count = (uint32_t)PyDict_GET_SIZE(sets), number = 0;
    List machines = {arena_room(&loader->arena, 2 * count * sizeof(Machine)), 0};
    PyObject *name, *content;
    if (!machines.at) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t at = 0; PyDict_Next(sets, &at, &name, &content); number++) {
        loader->index = number;
        if (number_set(loader, name, number) < 0 || load_set(loader, content, number, &count, machines) < 0) {
            return -1;
        }
    }
    machines.count = count;
    table->machines = machines;
    for (number = 0; number < count; number++) {
        uint32_t nodes = BUILT(loader, Machine, machines.at)[number].nodes.count;
        table->most_nodes = nodes > table->most_nodes ? nodes : table->most_nodes;
    }
    return 0;
}
