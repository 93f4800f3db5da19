/* Whether a version satisfies specifiers. Twin: versions.matches.

   It is worked out when a rule that has a specifier is otherwise the one that decides. To work it out beforehand, for
   the distributions of the launch, would need a second way for those that come later. */
#include "ruling.h"
#include "versions.h"

typedef enum { ARBITRARY, COMPATIBLE, EQUAL, NOT_EQUAL, AT_MOST, AT_LEAST, BELOW, ABOVE, OPERATOR_COUNT } Operator;
static const char *const operators[OPERATOR_COUNT] = {"===", "~=", "==", "!=", "<=", ">=", "<", ">"};

typedef struct {
    Operator operator;
    bool is_wild;
    Text literal;
    Version wanted;
} Clause;

static bool
ends_with_wildcard(Text text)
{
    return text.size >= 2 && memcmp(text.data + text.size - 2, ".*", 2) == 0;
}

/* Return whether a version may stand behind an operator. */
static bool
is_fitting(const Clause *clause)
{
    const Version *wanted = &clause->wanted;
    if (clause->is_wild) {
        return wanted->pre == NO_PRE && !wanted->has_post && !wanted->has_dev && !wanted->local.size;
    }
    if (wanted->local.size) {
        return clause->operator == EQUAL || clause->operator == NOT_EQUAL;
    }
    return clause->operator != COMPATIBLE || memchr(wanted->release.data, '.', wanted->release.size);
}

static bool
is_one_word(Text literal)
{
    for (size_t at = 0; at < literal.size; at++) {
        if (version_space((Text){literal.data + at, literal.size - at}) || literal.data[at] == ';'
            || literal.data[at] == ')') {
            return false;
        }
    }
    return literal.size;
}

/* Read one clause; return whether it is valid. */
static bool
read_clause(Text text, Clause *clause)
{
    size_t size = 0;
    int found = 0;
    for (; found < OPERATOR_COUNT; found++) {
        size = strlen(operators[found]);
        if (text.size >= size && memcmp(text.data, operators[found], size) == 0) {
            break;
        }
    }
    if (found == OPERATOR_COUNT) {
        return false;
    }
    clause->operator = (Operator)found;
    clause->literal = version_strip((Text){text.data + size, text.size - size});
    if (clause->operator == ARBITRARY) {
        return is_one_word(clause->literal);
    }
    Text version = clause->literal;
    clause->is_wild = ends_with_wildcard(version) && (clause->operator == EQUAL || clause->operator == NOT_EQUAL);
    version.size -= clause->is_wild ? 2 : 0;
    return version_read(version, &clause->wanted) && is_fitting(clause);
}

/* Read the next clause that isn't empty; return 1, 0 behind the last, or -1 for an invalid one. */
static int
next_clause(Text *specifiers, Clause *clause)
{
    while (specifiers->data) {
        Text part = version_strip(text_before(*specifiers, ',', specifiers));
        if (part.size) {
            return read_clause(part, clause) ? 1 : -1;
        }
    }
    return 0;
}

/* Return whether every clause is valid. */
bool
specifier_is_valid(Text specifiers)
{
    Clause clause;
    int found;
    do {
        found = next_clause(&specifiers, &clause);
    } while (found > 0);
    return found == 0;
}

/* Return whether a release begins with the first so many numbers of another, in the same epoch. */
static bool
has_prefix(const Version *version, const Version *wanted, bool but_the_last)
{
    Text given = version->release, prefix = wanted->release;
    if (version_compare_numbers(version->epoch, wanted->epoch) != 0) {
        return false;
    }
    while (prefix.data) {
        Text number = text_before(prefix, '.', &prefix);
        if (but_the_last && !prefix.data) {
            return true;
        }
        if (version_compare_numbers(version_next_number(&given), number) != 0) {
            return false;
        }
    }
    return true;
}

static Version
without_local(const Version *version)
{
    Version public = *version;
    public.local.size = 0;
    return public;
}

static bool
equals(const Clause *clause, const Version *version)
{
    if (clause->is_wild) {
        return has_prefix(version, &clause->wanted, false);
    }
    Version public = without_local(version);
    return version_compare(clause->wanted.local.size ? version : &public, &clause->wanted) == 0;
}

/* `<1.0` leaves out the pre-releases of 1.0, unless the bound is one itself. */
static bool
is_below(const Version *version, const Version *wanted)
{
    Version edge = *wanted;
    if (edge.pre == NO_PRE && !edge.has_dev) {
        edge.has_dev = true;
        edge.dev = (Text){"0", 1};
    }
    return version_compare(version, &edge) < 0;
}

/* `>1.0` leaves out the post-releases and the local versions of 1.0, unless the bound is a post-release itself. */
static bool
is_above(const Version *version, const Version *wanted)
{
    Version public = without_local(version);
    if (version_compare(&public, wanted) <= 0) {
        return false;
    }
    if (wanted->has_post || wanted->has_dev || !version->has_post) {
        return true;
    }
    return !version_has_same_base(version, wanted);
}

static bool
satisfies(const Clause *clause, const Version *version)
{
    const Version *wanted = &clause->wanted;
    Version public = without_local(version);
    switch (clause->operator) {
    case EQUAL:
        return equals(clause, version);
    case NOT_EQUAL:
        return !equals(clause, version);
    case AT_LEAST:
        return version_compare(version, wanted) >= 0;
    case AT_MOST:
        return version_compare(&public, wanted) <= 0;
    case COMPATIBLE:
        return version_compare(version, wanted) >= 0 && has_prefix(version, wanted, true);
    case BELOW:
        return is_below(version, wanted);
    default:
        return is_above(version, wanted);
    }
}

/* Return whether two texts are the same in lower case: 1, 0, or -1 without memory. */
static int
equals_lowered(Text one, Text other)
{
    char room[128], other_room[128], *lowered = NULL, *other_lowered = NULL;
    int result = -1;
    if (text_lower(one, room, sizeof room, &lowered, &one) == 0
        && text_lower(other, other_room, sizeof other_room, &other_lowered, &other) == 0) {
        result = text_equals(one, other);
    }
    PyMem_RawFree(lowered);
    PyMem_RawFree(other_lowered);
    return result;
}

/* Return whether a version satisfies all specifiers: 1, 0, or -1 without memory. An invalid version satisfies only
   `===`. */
int
specifier_matches(Text specifiers, Text version)
{
    Version given;
    bool is_version = version_read(version, &given);
    Clause clause;
    int result = 1;
    while (result == 1 && next_clause(&specifiers, &clause) > 0) {
        if (clause.operator == ARBITRARY) {
            result = equals_lowered(clause.literal, version_strip(version));
        } else if (!is_version || !satisfies(&clause, &given)) {
            result = 0;
        }
    }
    return result;
}
