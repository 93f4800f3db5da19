/* From the rules that policy/compile.py lines up to what decide.c reads, in the order in which they decide. */
#include "ruling.h"

#define PLAIN 32 /* characters of an ordinary version */

enum {
    RULE_LAYER,
    RULE_RANK,
    RULE_EFFECT,
    RULE_CAPABILITY,
    RULE_KIND,
    RULE_PATTERNS,
    RULE_PACKAGE,
    RULE_SPECIFIER,
    RULE_PHASES,
    RULE_TEXT,
    RULE_PARTS
};

static const struct {
    const char *name;
    int kind;
} reserved[] = {{"application", KIND_APP}, {"python", KIND_STDLIB}, {"unowned", KIND_UNOWNED}};

/* Return the number of a capability, or -1 for what is none. */
int
capability_of(PyObject *name)
{
    for (int at = 0; at < CAPABILITY_COUNT; at++) {
        if (is_word(name, capability_names[at])) {
            return at;
        }
    }
    return -1;
}

/* Set the bits of the capabilities that a pattern covers; return 0, or -1 with an exception set where it is no text. */
int
load_capabilities(Loader *loader, PyObject *pattern, uint32_t *bits)
{
    Name name;
    if (load_name(loader, pattern, "a capability", &name) < 0) {
        return -1;
    }
    *bits = 0;
    for (int at = 0; at < CAPABILITY_COUNT; at++) {
        Text capability = {capability_names[at], strlen(capability_names[at])};
        *bits |= (uint32_t)glob_matches(text_at(loader->arena.data, name), capability) << at;
    }
    return 0;
}

static int
load_phases(const Loader *loader, PyObject *phases, uint32_t *bits)
{
    if (!PyTuple_CheckExact(phases)) {
        return malformed(loader, "phases");
    }
    *bits = 0;
    for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(phases); at++) {
        int phase = 0;
        while (phase < PHASE_COUNT && !is_word(PyTuple_GET_ITEM(phases, at), phase_names[phase])) {
            phase++;
        }
        if (phase == PHASE_COUNT) {
            return malformed(loader, "a phase");
        }
        *bits |= 1u << phase;
    }
    return 0;
}

/* Load a specifier, which must be a valid one. */
int
load_specifier(Loader *loader, PyObject *text, Name *specifier)
{
    if (load_name(loader, text, "a specifier", specifier) < 0) {
        return -1;
    }
    return specifier_is_valid(text_at(loader->arena.data, *specifier)) ? 0 : malformed(loader, "a specifier");
}

/* Return how many signs stand in a specifier before a version that it is for alone, digits between dots, as in those of a lock: then
 * nothing has to be compared but the text. 0 for any other. */
static uint8_t
signs_of(Text specifier)
{
    uint8_t signs = 0;
    bool after_digit = false;
    while (signs < 3 && signs < specifier.size && specifier.data[signs] == '=') {
        signs++;
    }
    for (size_t at = signs; at < specifier.size; at++) {
        bool is_digit = specifier.data[at] >= '0' && specifier.data[at] <= '9';
        if (!is_digit && !(after_digit && specifier.data[at] == '.')) {
            return 0;
        }
        after_digit = is_digit;
    }
    return signs > 1 && after_digit && specifier.size - signs <= PLAIN ? signs : 0;
}

/* Read whom a rule is for; a specifier counts only beside a package. */
static int
load_package(Loader *loader, PyObject *parts, Rule *rule)
{
    Name specifier;
    if (load_name(loader, PyTuple_GET_ITEM(parts, RULE_PACKAGE), "a package", &rule->package) < 0
        || load_specifier(loader, PyTuple_GET_ITEM(parts, RULE_SPECIFIER), &specifier) < 0) {
        return -1;
    }
    Text package = text_at(loader->arena.data, rule->package);
    rule->reach = !package.size ? FOR_ALL : memchr(package.data, '*', package.size) ? FOR_GLOB : FOR_NAME;
    for (size_t at = 0; at < Py_ARRAY_LENGTH(reserved); at++) {
        if (text_equals(package, (Text){reserved[at].name, strlen(reserved[at].name)})) {
            rule->reach = FOR_KIND;
            rule->owner_kind = reserved[at].kind;
        }
    }
    if (rule->reach == FOR_NAME || rule->reach == FOR_GLOB) {
        rule->specifier = specifier;
        rule->signs = signs_of(text_at(loader->arena.data, specifier));
    }
    return 0;
}

static int
load_rule(Loader *loader, PyObject *parts, Rule *rule)
{
    PyObject *effect = PyTuple_GET_ITEM(parts, RULE_EFFECT);
    rule->allows = is_word(effect, "allow");
    if (!rule->allows && !is_word(effect, "deny")) {
        return malformed(loader, "an effect");
    }
    if (load_capabilities(loader, PyTuple_GET_ITEM(parts, RULE_CAPABILITY), &rule->capabilities) < 0
        || load_target(loader, PyTuple_GET_ITEM(parts, RULE_KIND), PyTuple_GET_ITEM(parts, RULE_PATTERNS),
                       rule->capabilities, &rule->target)
               < 0
        || load_phases(loader, PyTuple_GET_ITEM(parts, RULE_PHASES), &rule->phases) < 0) {
        return -1;
    }
    return load_package(loader, parts, rule) < 0
               ? -1
               : load_name(loader, PyTuple_GET_ITEM(parts, RULE_TEXT), "its own text", &rule->text);
}

/* Return what a rule is sorted by, a new tuple, or NULL with an exception set. */
static PyObject *
precedence(const Loader *loader, PyObject *parts)
{
    if (!PyTuple_CheckExact(parts) || PyTuple_GET_SIZE(parts) != RULE_PARTS
        || !PyLong_CheckExact(PyTuple_GET_ITEM(parts, RULE_LAYER))
        || !PyLong_CheckExact(PyTuple_GET_ITEM(parts, RULE_RANK))
        || !PyUnicode_CheckExact(PyTuple_GET_ITEM(parts, RULE_TEXT))) {
        malformed(loader, "its parts");
        return NULL;
    }
    bool denies = is_word(PyTuple_GET_ITEM(parts, RULE_EFFECT), "deny");
    return Py_BuildValue("(ONiOn)", PyTuple_GET_ITEM(parts, RULE_LAYER),
                         PyNumber_Negative(PyTuple_GET_ITEM(parts, RULE_RANK)), !denies,
                         PyTuple_GET_ITEM(parts, RULE_TEXT), loader->index);
}

/* Return whether a rule could deny something to the application, or to a distribution that is the application's own. */
static bool
refuses_app(const Rule *rule)
{
    bool is_for_others = rule->reach == FOR_ALL || (rule->reach == FOR_KIND && rule->owner_kind != KIND_APP);
    return !rule->allows && !is_for_others;
}

/* Return the numbers of the rules behind what they are sorted by, in that order; NULL with an exception set. */
static PyObject *
sorted_rules(Loader *loader, PyObject *rules)
{
    PyObject *order = PyList_New(0);
    for (loader->index = 0; order && loader->index < PyTuple_GET_SIZE(rules); loader->index++) {
        PyObject *key = precedence(loader, PyTuple_GET_ITEM(rules, loader->index));
        if (!key || PyList_Append(order, key) < 0) {
            Py_CLEAR(order);
        }
        Py_XDECREF(key);
    }
    if (order && PyList_Sort(order) < 0) {
        Py_CLEAR(order);
    }
    return order;
}

static int
load_sorted(Loader *loader, PyObject *rules, PyObject *order, Table *table)
{
    uint32_t count = (uint32_t)PyList_GET_SIZE(order);
    table->rules = (List){arena_room(&loader->arena, count * sizeof(Rule)), count};
    table->order = (List){arena_room(&loader->arena, count * sizeof(uint32_t)), count};
    if (!table->rules.at || !table->order.at) {
        PyErr_NoMemory();
        return -1;
    }
    for (uint32_t at = 0; at < count; at++) {
        PyObject *number = PyTuple_GET_ITEM(PyList_GET_ITEM(order, at), 4);
        loader->index = PyLong_AsSsize_t(number);
        Rule rule = {.number = (int)loader->index};
        if (load_rule(loader, PyTuple_GET_ITEM(rules, loader->index), &rule) < 0) {
            return -1;
        }
        BUILT(loader, Rule, table->rules.at)[at] = rule;
        BUILT(loader, uint32_t, table->order.at)[rule.number] = at;
        table->looks_at_target |= rule.target.kind != ANY_TARGET ? rule.capabilities : 0;
        table->asks_back |= rule.target.asks_back ? rule.capabilities : 0;
        table->may_refuse_app |= refuses_app(&rule) ? rule.capabilities : 0;
    }
    return 0;
}

/* Load the rules, sorted and indexed. */
int
load_rules(Loader *loader, PyObject *rules, Table *table)
{
    PyObject *order = sorted_rules(loader, rules);
    int result = order ? load_sorted(loader, rules, order, table) : -1;
    Py_XDECREF(order);
    if (result < 0) {
        return -1;
    }
    Entries entries = {0};
    if (rules_file(&entries, loader->arena.data, table->rules) < 0) {
        PyMem_RawFree(entries.entries);
        return -1;
    }
    table->by_stem = entries.stems;
    memcpy(table->first_open, entries.first_open, sizeof table->first_open);
    return index_build(&loader->arena, &entries, &table->rule_index);
}
