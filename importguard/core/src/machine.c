/* A set of path patterns that is asked about one path after another. Twin: Paths of policy/targets.py.

   The patterns are walked all at once, component by component. Python keeps what a folder leaves alive; here a walk
   from the root costs less than such a memory would, and nothing that could be bent is kept. */
#include "ruling.h"

/* The nodes that are alive, of which there's room for as many as a machine has. */
typedef struct {
    uint32_t *nodes;
    uint32_t count;
} States;

typedef struct {
    const Table *table;
    const Machine *machine;
    Text component;
    uint32_t hash;
    States *reached;
} Step;

static const Node *
node_at(const Step *step, uint32_t number)
{
    return AT(step->table, Node, step->machine->nodes.at) + (number - 1);
}

/* Note that a node is reached, and what its `**` leads to. */
static void
reach(const Step *step, uint32_t number)
{
    States *reached = step->reached;
    for (; number; number = node_at(step, number)->star) {
        for (uint32_t at = 0; at < reached->count; at++) {
            if (reached->nodes[at] == number) {
                return;
            }
        }
        reached->nodes[reached->count++] = number;
    }
}

static void
follow_way(const Step *step, uint32_t number)
{
    const Way *ways = AT(step->table, Way, step->machine->ways.at);
    uint32_t mask = step->machine->ways.count - 1;
    for (uint32_t slot = way_slot(number, step->hash) & mask; ways[slot].node; slot = (slot + 1) & mask) {
        if (ways[slot].node == number && ways[slot].hash == step->hash
            && text_equals(text_at(step->table, ways[slot].component), step->component)) {
            reach(step, ways[slot].child);
            return;
        }
    }
}

static bool
has_bit(const uint64_t *bits, char byte)
{
    return bits[(unsigned char)byte >> 6] >> ((unsigned char)byte & 63) & 1;
}

static void
follow_globs(const Step *step, const Globs *globs)
{
    Text component = step->component;
    bool is_worth_it =
        globs->any
        || (component.size
            && (has_bit(globs->first, component.data[0]) || has_bit(globs->last, component.data[component.size - 1])));
    const GlobWay *ways = AT(step->table, GlobWay, globs->ways.at);
    for (uint32_t at = 0; is_worth_it && at < globs->ways.count; at++) {
        if (glob_matches(text_at(step->table, ways[at].pattern), component)) {
            reach(step, ways[at].child);
        }
    }
}

static void
follow(const Step *step, uint32_t number)
{
    const Node *node = node_at(step, number);
    if (node->has_ways) {
        follow_way(step, number);
    }
    if (node->globs) {
        follow_globs(step, AT(step->table, Globs, node->globs));
    }
}

/* Go from the states that are alive to those that a component leaves. */
static void
take_step(Step *step, const States *alive, States *reached, Text component)
{
    step->component = component;
    step->hash = (uint32_t)text_hash(component);
    step->reached = reached;
    reached->count = 0;
    if (step->machine->floating) {
        follow(step, step->machine->floating);
    }
    for (uint32_t at = 0; at < alive->count; at++) {
        follow(step, alive->nodes[at]);
        if (node_at(step, alive->nodes[at])->loops) {
            reach(step, alive->nodes[at]);
        }
    }
}

static bool
accepts(const Step *step, const States *states)
{
    for (uint32_t at = 0; at < states->count; at++) {
        if (node_at(step, states->nodes[at])->ends) {
            return true;
        }
    }
    return step->machine->floating && node_at(step, step->machine->floating)->ends;
}

/* Return whether one machine, without what it leaves out, takes a path. */
static bool
takes(const Table *table, const Machine *machine, Text path)
{
    Step step = {.table = table, .machine = machine};
    States halves[2] = {{table->scratch, 1}, {table->scratch + table->most_nodes, 0}};
    int now = 0;
    halves[0].nodes[0] = 1;
    if (!memchr(path.data, '/', path.size)) {
        /* A path that has no folder is in the one without a name. */
        take_step(&step, &halves[now], &halves[!now], (Text){path.data, 0});
        now = !now;
    }
    while (path.data) {
        Text component = text_before(path, '/', &path);
        take_step(&step, &halves[now], &halves[!now], component);
        now = !now;
    }
    return accepts(&step, &halves[now]);
}

/* Return whether a path, absolute and without symlinks, is in a set. */
bool
machine_matches(const Table *table, uint32_t number, Text path)
{
    const Machine *machines = AT(table, Machine, table->machines.at);
    if (!takes(table, &machines[number], path)) {
        return false;
    }
    return machines[number].unless < 0 || !takes(table, &machines[machines[number].unless], path);
}
