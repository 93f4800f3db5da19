/* Says whether what is asked for matches a compiled target. Twin: matches of policy/targets.py. */
#include "ruling.h"

/* Begin to ask about what somebody wants; `owner` is NULL while nobody is to blame. Return 0, or -1 without memory. */
int
question_begin(Question *question, const Table *table, const OwnerText *owner, const Wanted *wanted)
{
    question->table = table;
    question->owner = owner;
    question->wanted = wanted;
    question->peer.lowered = NULL;
    return has_peer(wanted->capability) ? peer_read(&question->peer, wanted->capability, wanted->target) : 0;
}

void
question_end(Question *question)
{
    PyMem_RawFree(question->peer.lowered);
}

static bool
any_matches(const Question *question, const Target *target, bool (*compare)(Text, Text))
{
    const Name *patterns = AT(question->table, Name, target->patterns.at);
    for (uint32_t at = 0; at < target->patterns.count; at++) {
        if (compare(text_at(question->table, patterns[at]), question->wanted->target)) {
            return true;
        }
    }
    return false;
}

static bool
climbs(Text path)
{
    while (path.data) {
        Text component = text_before(path, '/', &path);
        if (component.size == 2 && memcmp(component.data, "..", 2) == 0) {
            return true;
        }
    }
    return false;
}

/* Return whether one argument matches; one that is a path can't climb out of its folder. */
static bool
argument_matches(Text pattern, Text given)
{
    if (pattern.size && pattern.data[0] == '/') {
        return !climbs(given) && path_matches(pattern, given);
    }
    return glob_matches(pattern, given);
}

/* Return whether arguments match one by one; a last pattern `**` takes any that are left. */
static bool
arguments_match(const Table *table, List patterns, const Text *given, Py_ssize_t count)
{
    const Name *names = AT(table, Name, patterns.at);
    uint32_t wanted = patterns.count;
    bool takes_more = wanted && text_equals(text_at(table, names[wanted - 1]), (Text){"**", 2});
    wanted -= takes_more;
    if (takes_more ? count < (Py_ssize_t)wanted : count != (Py_ssize_t)wanted) {
        return false;
    }
    for (uint32_t at = 0; at < wanted; at++) {
        if (!argument_matches(text_at(table, names[at]), given[at])) {
            return false;
        }
    }
    return true;
}

static Text
base_name(Text path)
{
    const char *slash = path.size ? memrchr(path.data, '/', path.size) : NULL;
    return slash ? (Text){slash + 1, (size_t)(path.data + path.size - slash - 1)} : path;
}

static bool
is_written(const Table *table, Text path)
{
    return table->asks.is_written(table->asks.context, path) != 0;
}

/* Return the name that a program is called by: a login shell's has a "-" before it. */
static Text
name_called(Text argument)
{
    Text name = base_name(argument);
    return name.size && name.data[0] == '-' ? (Text){name.data + 1, name.size - 1} : name;
}

/* `called` is the base name that argv[0] must have, for a program that has several names. */
static bool
program_matches(const Table *table, const Program *program, const Wanted *wanted)
{
    Py_ssize_t count = wanted->argument_count;
    if (!path_matches(text_at(table, program->path), wanted->target)) {
        return false;
    }
    if (program->called.size
        && (count < 1 || !text_equals(name_called(wanted->arguments[0]), text_at(table, program->called)))) {
        return false;
    }
    if (!program->takes_any
        && (count < 0
            || !arguments_match(table, program->arguments, wanted->arguments + (count > 0),
                                count > 0 ? count - 1 : 0))) {
        return false;
    }
    return !program->is_system || !is_written(table, wanted->target);
}

static bool
any_program_matches(const Question *question, const Target *target)
{
    const Program *programs = AT(question->table, Program, target->patterns.at);
    for (uint32_t at = 0; at < target->patterns.count; at++) {
        if (program_matches(question->table, &programs[at], question->wanted)) {
            return true;
        }
    }
    return false;
}

static bool
any_host_matches(const Question *question, const Target *target)
{
    const Host *hosts = AT(question->table, Host, target->patterns.at);
    bool hosts_only = question->wanted->capability == NET_RESOLVE;
    for (uint32_t at = 0; at < target->patterns.count; at++) {
        if (host_matches(question->table, &hosts[at], &question->peer, hosts_only)) {
            return true;
        }
    }
    return false;
}

/* Return whether a path is one of the owner's own files, which nobody's are when the owner is not known. */
static bool
owns(const Question *question)
{
    const OwnerText *owner = question->owner;
    const Asks *asks = &question->table->asks;
    if (!owner || (owner->kind != KIND_DISTRIBUTION && owner->kind != KIND_APP)) {
        return false;
    }
    Text name = asks->owner_name_of(asks->context, question->wanted->target);
    return name.data && text_equals(name, owner->name);
}

/* The kinds that are seldom asked about, kept apart: all in one function cost the others its registers. */
static __attribute__((noinline)) bool
listed(const Question *question, const Target *target)
{
    switch (target->kind) {
    case SET_TARGET:
        return machine_matches(question->table, target->machine, question->wanted->target);
    case PATHS_TARGET:
        return any_matches(question, target, path_matches);
    case SPAWN_TARGET:
        return any_program_matches(question, target);
    case WRITTEN_TARGET:
        return is_written(question->table, question->wanted->target);
    case PACKAGE_TARGET:
        return owns(question);
    default:
        return any_matches(question, target, glob_matches);
    }
}

/* Return whether what is asked for matches a target. */
bool
target_matches(const Question *question, const Target *target)
{
    if (target->kind == ANY_TARGET) {
        return true;
    }
    return target->kind == NET_TARGET ? any_host_matches(question, target) : listed(question, target);
}
