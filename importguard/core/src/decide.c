/* What the policy says to a request: the first layer with a matching rule, in there the more specific target. Twins:
   policy/decide.py, and what policy/table.py answers. */
#include "ruling.h"

#include <string.h>

static const Text reserved[] = {{"application", 11}, {"python", 6}, {"unowned", 7}};

/* Return a text that has data, be it empty. */
static Text
plain(Text text)
{
    return text.data ? text : (Text){"", 0};
}

static bool
has_bit(uint32_t bits, unsigned number)
{
    return number < 32 && bits >> number & 1;
}

/* Return whether a rule could deny this target to anybody; where not, there's nobody to look for. */
bool
table_watches(const Table *table, Capability capability, Text target)
{
    if ((unsigned)capability >= CAPABILITY_COUNT) {
        return true;
    }
    const Watch *watch = &table->watch[capability];
    switch (watch->kind) {
    case NEVER:
        return false;
    case IN_SET:
        return machine_matches(table, watch->machine, plain(target));
    case IF_WRITTEN:
        return table->asks.is_written(table->asks.context, plain(target)) != 0;
    default:
        return true;
    }
}

/* Return whether there is any target of a capability that a rule could deny. */
OFTEN bool
table_watches_any(const Table *table, Capability capability)
{
    return (unsigned)capability >= CAPABILITY_COUNT || table->watch[capability].kind != NEVER;
}

/* Return whether a rule could deny one of some capabilities, a bit each, to the application, or to a distribution that is the
 * application's own. */
OFTEN bool
table_may_refuse_app(const Table *table, uint32_t capabilities)
{
    return table->may_refuse_app & capabilities;
}

/* Return whether answers about a capability depend on the target or the arguments at all. */
bool
table_looks_at_target(const Table *table, Capability capability)
{
    return has_bit(table->looks_at_target, capability);
}

/* Return whether answers about a capability depend on what is_written or owner_name_of say. */
bool
table_asks_back(const Table *table, Capability capability)
{
    return has_bit(table->asks_back, capability);
}

/* Return whether the mode is `enforce`. */
bool
table_enforces(const Table *table)
{
    return table->enforces;
}

/* Return whether a violation ends the process. */
bool
table_kills(const Table *table)
{
    return table->kills;
}

/* Return the text of the rule that has a number in the content, no characters for -1. */
Text
table_rule_text(const Table *table, int rule)
{
    if (rule < 0 || (uint32_t)rule >= table->order.count) {
        return plain((Text){NULL, 0});
    }
    uint32_t place = AT(table, uint32_t, table->order.at)[rule];
    return text_at(table, AT(table, Rule, table->rules.at)[place].text);
}

/* Return whether the policy names a distribution as the application's own. */
bool
table_is_app(const Table *table, Text name)
{
    const Name *apps = AT(table, Name, table->apps.at);
    for (uint32_t at = 0; at < table->apps.count; at++) {
        if (glob_matches(text_at(table, apps[at]), plain(name))) {
            return true;
        }
    }
    return false;
}

static int
acts_for(const Question *question, const DeputyName *entry, const OwnerText *owner)
{
    const Table *table = question->table;
    const Deputy *deputy = AT(table, Deputy, entry->deputy);
    Text specifier = text_at(table, deputy->specifier);
    if (!has_bit(deputy->capabilities, question->wanted->capability)
        || !text_equals(text_at(table, entry->name), owner->name) || !target_matches(question, &deputy->target)) {
        return 0;
    }
    return specifier.size ? specifier_matches(specifier, owner->version) : 1;
}

/* Return whether a distribution acts for its caller in this, so that the blame goes further out: 1, 0, or -1 without
   memory. */
int
table_is_deputy(const Table *table, const OwnerText *owner, const Wanted *wanted)
{
    List run = index_find(table, &table->deputy_index, text_hash(owner->name));
    const uint32_t *numbers = AT(table, uint32_t, run.at);
    const DeputyName *names = AT(table, DeputyName, table->deputy_names.at);
    Question question;
    if (run.count == 0) {
        return 0;
    }
    int answer = question_begin(&question, table, NULL, wanted);
    for (uint32_t at = 0; at < run.count && answer == 0; at++) {
        answer = acts_for(&question, &names[numbers[at]], owner);
    }
    question_end(&question);
    return answer;
}

static bool
is_reserved(Text name)
{
    for (size_t at = 0; at < Py_ARRAY_LENGTH(reserved); at++) {
        if (text_equals(name, reserved[at])) {
            return true;
        }
    }
    return false;
}

/* Return whether a rule is for this very version, which is an ordinary one. */
static bool
is_that_version(const Rule *rule, Text specifier, Text version)
{
    return rule->signs && specifier.size == version.size + rule->signs && memcmp(specifier.data + rule->signs, version.data, version.size) == 0;
}

/* Return whether a rule's specifier holds; of a version that is not known, denials hold and grants don't. Without
   memory that is how it is too. */
static bool
fits(const Table *table, const Rule *rule, Text version)
{
    Text specifier = text_at(table, rule->specifier);
    if (!specifier.size || is_that_version(rule, specifier, version)) {
        return true;
    }
    int answer = version_is_valid(version) ? specifier_matches(specifier, version) : -1;
    return answer < 0 ? !rule->allows : answer;
}

/* Return whether a rule is for an owner, but for its version; `name` is the one that a package is compared with. */
static bool
speaks_of(const Table *table, const Rule *rule, const OwnerText *owner, Text name)
{
    Text package = text_at(table, rule->package);
    if (rule->reach == FOR_KIND) {
        return owner->kind == rule->owner_kind;
    }
    if (owner->kind == KIND_APP || owner->kind == KIND_STDLIB) {
        /* Full authority, unless a rule names that very distribution. */
        return rule->reach != FOR_ALL && text_equals(package, owner->name);
    }
    if (rule->reach == FOR_ALL) {
        return true;
    }
    return rule->reach == FOR_NAME ? text_equals(package, name) : !is_reserved(name) && glob_matches(package, name);
}

static void
judge(const Question *question, int phase, Text name, Verdict *verdict)
{
    const Table *table = question->table;
    Candidates left;
    candidates_begin(&left, question, name);
    for (const Rule *rule; (rule = candidates_next(&left));) {
        if (has_bit(rule->phases, (unsigned)phase) && speaks_of(table, rule, question->owner, name)
            && target_matches(question, &rule->target) && fits(table, rule, question->owner->version)) {
            *verdict = (Verdict){rule->allows, rule->number};
            return;
        }
    }
    *verdict = (Verdict){true, -1};
}

/* Set the name that a package is compared with, for a start-up file the one that a distribution would have (twin:
   versions.canonical_name); return 0, or -1 without memory. */
static int
canonical_name(const OwnerText *owner, char *room, size_t size, char **lowered, Text *name)
{
    *lowered = NULL;
    *name = owner->name;
    if (owner->kind != KIND_STARTUP) {
        return 0;
    }
    if (text_lower(owner->name, room, size, lowered, name) < 0) {
        return -1;
    }
    char *into = *lowered ? *lowered : room;
    size_t length = 0;
    for (size_t at = 0; at < name->size; at++) {
        char byte = name->data[at] == '_' || name->data[at] == '.' ? '-' : name->data[at];
        if (byte != '-' || length == 0 || into[length - 1] != '-') {
            into[length++] = byte;
        }
    }
    name->size = length;
    return 0;
}

/* Decide on a request; return 0, or -1 where it can't be told, which must be taken for a denial. */
int
table_decide(const Table *table, const OwnerText *owner, int phase, const Wanted *wanted, Verdict *verdict)
{
    char room[256], *lowered = NULL;
    Text name;
    Question question;
    *verdict = (Verdict){false, -1};
    if ((unsigned)wanted->capability >= CAPABILITY_COUNT) {
        return -1;
    }
    if (canonical_name(owner, room, sizeof room, &lowered, &name) < 0) {
        return -1;
    }
    int result = question_begin(&question, table, owner, wanted);
    if (result == 0) {
        judge(&question, phase >= 0 && phase < PHASE_COUNT ? phase : PHASE_IMPORT, name, verdict);
    }
    question_end(&question);
    PyMem_RawFree(lowered);
    return result;
}
