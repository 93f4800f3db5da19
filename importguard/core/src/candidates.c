/* The rules that could speak of a request, in the order in which they decide: runs of the index, merged on the way. */
#include "ruling.h"

#define MOST_STEMS 64

/* Add the runs under a target's hash: of rules for any package, and of rules for one. */
static void
add_runs(Candidates *candidates, uint64_t target)
{
    for (int at = 0; at < 2; at++) {
        uint64_t key = rule_key(candidates->capability, candidates->packages[at], target);
        List run = index_find(candidates->table, &candidates->table->rule_index, key);
        if (run.count && candidates->count == MOST_RUNS) {
            candidates->is_everything = true;
        } else if (run.count) {
            candidates->runs[candidates->count++] = run;
        }
    }
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

/* Begin to read the rules that could speak of a request; `name` is the one that packages are compared with. What has
   more stems than anybody needs is compared with every rule. */
void
candidates_begin(Candidates *candidates, const Question *question, Text name)
{
    candidates->table = question->table;
    candidates->capability = question->wanted->capability;
    candidates->packages[0] = 0;
    candidates->packages[1] = text_hash(name);
    candidates->count = 0;
    candidates->next = 0;
    candidates->is_everything = false;
    add_runs(candidates, 0);
    add_runs(candidates, wanted_hash(question->wanted, &question->peer));
    bool by_stem = candidates->table->by_stem >> candidates->capability & 1;
    if (by_stem && has_peer(candidates->capability)) {
        add_host_stems(candidates, question->peer.host);
    } else if (by_stem) {
        add_path_stems(candidates, question->wanted->target);
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

/* Return the next rule, or NULL behind the last. */
const Rule *
candidates_next(Candidates *candidates)
{
    const Table *table = candidates->table;
    uint32_t least = UINT32_MAX;
    List *from = NULL;
    if (candidates->is_everything) {
        return next_of_all(candidates);
    }
    for (int at = 0; at < candidates->count; at++) {
        List *run = &candidates->runs[at];
        if (run->count && *AT(table, uint32_t, run->at) < least) {
            least = *AT(table, uint32_t, run->at);
            from = run;
        }
    }
    if (!from) {
        return NULL;
    }
    from->at += sizeof(uint32_t);
    from->count--;
    return AT(table, Rule, table->rules.at) + least;
}
