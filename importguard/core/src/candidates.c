/* The rules that could speak of a request, in the order in which they decide: runs of the index, merged on the way. */
#include "ruling.h"

#define MOST_STEMS 64

/* Add the run under a target's hash of rules for any package, the first one, or for the one that asks. */
static void
add_run(Candidates *candidates, int package, uint64_t target)
{
    uint64_t key = rule_key(candidates->capability, candidates->packages[package], target);
    List run = index_find(candidates->table, &candidates->table->rule_index, key);
    if (run.count && candidates->count == MOST_RUNS) {
        candidates->is_everything = true;
    } else if (run.count) {
        candidates->runs[candidates->count++] = run;
    }
}

static void
add_runs(Candidates *candidates, uint64_t target)
{
    add_run(candidates, 0, target);
    add_run(candidates, 1, target);
}

/* Add the runs under every stem of a host: what is left of it from each of its dots on. */
static void
add_host_stems(Candidates *candidates, Text host)
{
    int stems = 0;
    for (size_t at = 0; at < host.size && !candidates->is_everything; at++) {
        if (host.data[at] == '.') {
            add_runs(candidates, stem_hash((Text){host.data + at, host.size - at}));
            candidates->is_everything |= ++stems > MOST_STEMS;
        }
    }
}

/* Add the runs under every stem of a path: itself, and what is before each of its slashes. */
static void
add_path_stems(Candidates *candidates, Text path)
{
    int stems = 0;
    for (size_t at = 0; at <= path.size && !candidates->is_everything; at++) {
        if (at == path.size || path.data[at] == '/') {
            add_runs(candidates, stem_hash((Text){path.data, at}));
            candidates->is_everything |= ++stems > MOST_STEMS;
        }
    }
}

/* Begin to read the rules that could speak of a request; `name` is the one that packages are compared with. Those that name the
   very package and target come first: where one of them decides before all others, nobody looks for these. */
void
candidates_begin(Candidates *candidates, const Question *question, Text name)
{
    candidates->table = question->table;
    candidates->question = question;
    candidates->capability = question->wanted->capability;
    candidates->packages[0] = 0;
    candidates->packages[1] = text_hash(name);
    candidates->target = wanted_hash(question->wanted, &question->peer);
    candidates->count = 0;
    candidates->next = 0;
    candidates->is_everything = candidates->has_all = false;
    add_run(candidates, 1, 0);
    add_run(candidates, 1, candidates->target);
}

/* Add all others. What has more stems than anybody needs is compared with every rule. */
static __attribute__((noinline)) void
add_rest(Candidates *candidates)
{
    candidates->has_all = true;
    add_run(candidates, 0, 0);
    add_run(candidates, 0, candidates->target);
    bool by_stem = candidates->table->by_stem >> candidates->capability & 1;
    if (by_stem && has_peer(candidates->capability)) {
        add_host_stems(candidates, candidates->question->peer.host);
    } else if (by_stem) {
        add_path_stems(candidates, candidates->question->wanted->target);
    }
}

/* Return the next of all the rules about a capability. */
static const Rule *
next_of_all(Candidates *candidates)
{
    const Table *table = candidates->table;
    const Rule *rules = AT(table, Rule, table->rules.at);
    while (candidates->next < table->rules.count) {
        const Rule *rule = &rules[candidates->next++];
        if (rule->capabilities >> candidates->capability & 1) {
            return rule;
        }
    }
    return NULL;
}

/* Return the run whose next rule comes first, NULL where nothing is left. */
static List *
first_run(Candidates *candidates, uint32_t *least)
{
    List *from = NULL;
    *least = UINT32_MAX;
    for (List *run = candidates->runs, *end = run + candidates->count; run < end; run++) {
        if (run->count && *AT(candidates->table, uint32_t, run->at) < *least) {
            *least = *AT(candidates->table, uint32_t, run->at);
            from = run;
        }
    }
    return from;
}

/* Return the next rule, or NULL behind the last. */
const Rule *
candidates_next(Candidates *candidates)
{
    const Table *table = candidates->table;
    uint32_t least;
    List *from = first_run(candidates, &least);
    if (!candidates->has_all && least >= table->first_open[candidates->capability]) {
        add_rest(candidates);
        from = first_run(candidates, &least);
    }
    if (candidates->is_everything) {
        return next_of_all(candidates);
    }
    if (!from) {
        return NULL;
    }
    from->at += sizeof(uint32_t);
    from->count--;
    return AT(table, Rule, table->rules.at) + least;
}
