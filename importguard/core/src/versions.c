/* Versions and specifiers as PEP 440 says. Twin: versions.py. A version is kept as pieces of its own text, so that
   nothing is allocated and no number is too long; letters are compared whatever their case. */
#include "versions.h"

#include "ruling.h"

#define LONGEST 4000 /* as versions.py has it */

typedef struct {
    const char *word;
    int rank;
} Word;

/* `separator` is whether one may stand here; longer words come before the shorter ones that begin them. */
static const Word PRE_WORDS[] = {{"alpha", 0}, {"a", 0}, {"beta", 1}, {"b", 1}, {"preview", 2},
                                 {"pre", 2},   {"c", 2}, {"rc", 2},   {NULL, 0}};
static const Word POST_WORDS[] = {{"post", 0}, {"rev", 0}, {"r", 0}, {NULL, 0}};
static const Word DEV_WORDS[] = {{"dev", 0}, {NULL, 0}};

static const Text ZERO = {"0", 1};

static char
small(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
}

static bool
is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool
is_separator(char byte)
{
    return byte == '.' || byte == '_' || byte == '-';
}

/* Return the length of the white space (str.isspace) that a text begins with, 0 for none. */
size_t
version_space(Text text)
{
    static const char *const wide[] = {"\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\xA8",
                                       "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    unsigned char first = text.size ? (unsigned char)text.data[0] : 0;
    if (first == ' ' || (first >= 0x09 && first <= 0x0D) || (first >= 0x1C && first <= 0x1F)) {
        return 1;
    }
    for (size_t at = 0; first >= 0x80 && at < Py_ARRAY_LENGTH(wide); at++) {
        size_t size = strlen(wide[at]);
        if (text.size >= size && memcmp(text.data, wide[at], size) == 0) {
            return size;
        }
    }
    bool is_quad = text.size >= 3 && memcmp(text.data, "\xE2\x80", 2) == 0 && (unsigned char)text.data[2] >= 0x80
                   && (unsigned char)text.data[2] <= 0x8A;
    return is_quad ? 3 : 0;
}

/* Return a text without the white space around it. */
Text
version_strip(Text text)
{
    for (size_t size = version_space(text); size; size = version_space(text)) {
        text.data += size;
        text.size -= size;
    }
    for (size_t size = 1; size <= 3 && size <= text.size;) {
        Text last = {text.data + text.size - size, size};
        if (version_space(last) == size) {
            text.size -= size;
            size = 1;
        } else {
            size++;
        }
    }
    return text;
}

static size_t
digits_end(Text text, size_t at)
{
    while (at < text.size && is_digit(text.data[at])) {
        at++;
    }
    return at;
}

static Text
slice(Text text, size_t from, size_t to)
{
    return (Text){text.data + from, to - from};
}

static size_t
after_separator(Text text, size_t at)
{
    return at < text.size && is_separator(text.data[at]) ? at + 1 : at;
}

static bool
has_word(Text text, size_t at, const char *word)
{
    for (; *word; word++, at++) {
        if (at >= text.size || small(text.data[at]) != *word) {
            return false;
        }
    }
    return true;
}

/* Read `[separator] word [separator] [number]`; return the rank of the word and go behind it, or -1. */
static int
read_suffix(Text text, size_t *at, const Word *words, Text *number)
{
    size_t start = after_separator(text, *at);
    for (; words->word; words++) {
        if (has_word(text, start, words->word)) {
            start = after_separator(text, start + strlen(words->word));
            *at = digits_end(text, start);
            *number = *at > start ? slice(text, start, *at) : ZERO;
            return words->rank;
        }
    }
    return -1;
}

static bool
read_post(Text text, size_t *at, Text *number)
{
    size_t end = digits_end(text, *at + 1);
    if (*at < text.size && text.data[*at] == '-' && end > *at + 1) {
        *number = slice(text, *at + 1, end);
        *at = end;
        return true;
    }
    return read_suffix(text, at, POST_WORDS, number) >= 0;
}

/* Read epoch and release; return whether there is a release. */
static bool
read_release(Text text, size_t *at, Version *version)
{
    size_t start = *at, end = digits_end(text, start);
    version->epoch = ZERO;
    if (end > start && end < text.size && text.data[end] == '!') {
        version->epoch = slice(text, start, end);
        start = end + 1;
        end = digits_end(text, start);
    }
    if (end == start) {
        return false;
    }
    size_t next = end + 1;
    while (end < text.size && text.data[end] == '.' && digits_end(text, next) > next) {
        end = digits_end(text, next);
        next = end + 1;
    }
    version->release = slice(text, start, end);
    *at = end;
    return true;
}

/* Return whether a local label is one: letters and digits, with single separators. */
static bool
is_label(Text label)
{
    bool is_inside = false;
    for (size_t at = 0; at < label.size; at++) {
        char byte = small(label.data[at]);
        if (is_separator(byte) ? !is_inside : !is_digit(byte) && (byte < 'a' || byte > 'z')) {
            return false;
        }
        is_inside = !is_separator(byte);
    }
    return is_inside;
}

static bool
is_plain(Text text)
{
    for (size_t at = 0; at < text.size; at++) {
        if ((unsigned char)text.data[at] >= 0x80) {
            return false;
        }
    }
    return text.size <= LONGEST;
}

/* Read a version; return whether the text is one. */
bool
version_read(Text text, Version *version)
{
    Text label;
    text = version_strip(text);
    if (!is_plain(text)) {
        return false;
    }
    text = text_before(text, '+', &label);
    version->local = label.data ? label : (Text){text.data, 0};
    size_t at = text.size && small(text.data[0]) == 'v' ? 1 : 0;
    if ((label.data && !is_label(label)) || !read_release(text, &at, version)) {
        return false;
    }
    version->pre = read_suffix(text, &at, PRE_WORDS, &version->pre_number);
    version->has_post = read_post(text, &at, &version->post);
    version->has_dev = read_suffix(text, &at, DEV_WORDS, &version->dev) >= 0;
    return at == text.size;
}

/* Return less than, equal to or more than 0 as one number, of any length, is to another. */
int
version_compare_numbers(Text one, Text other)
{
    for (; one.size > 1 && *one.data == '0'; one.data++, one.size--) {
    }
    for (; other.size > 1 && *other.data == '0'; other.data++, other.size--) {
    }
    if (one.size != other.size) {
        return one.size < other.size ? -1 : 1;
    }
    return memcmp(one.data, other.data, one.size);
}

/* Return the next number of a release, which is zero behind its end. */
Text
version_next_number(Text *release)
{
    return release->data ? text_before(*release, '.', release) : ZERO;
}

/* Trailing zeros count nothing, so the shorter release is as good as padded with them. */
static int
compare_releases(Text one, Text other)
{
    int order = 0;
    while (order == 0 && (one.data || other.data)) {
        Text first = version_next_number(&one), second = version_next_number(&other);
        order = version_compare_numbers(first, second);
    }
    return order;
}

static int
pre_rank(const Version *version)
{
    if (version->pre != NO_PRE) {
        return version->pre;
    }
    return !version->has_post && version->has_dev ? -1 : 3;
}

/* Return the next part of a local label. */
static Text
next_part(Text *label)
{
    size_t size = 0;
    while (size < label->size && !is_separator(label->data[size])) {
        size++;
    }
    Text part = slice(*label, 0, size);
    *label = size < label->size ? slice(*label, size + 1, label->size) : (Text){label->data, 0};
    return part;
}

/* Numbers come after letters; letters by their code. */
static int
compare_parts(Text one, Text other)
{
    bool is_number = digits_end(one, 0) == one.size, is_other_number = digits_end(other, 0) == other.size;
    if (is_number || is_other_number) {
        return is_number && is_other_number ? version_compare_numbers(one, other) : is_number ? 1 : -1;
    }
    for (size_t at = 0; at < one.size && at < other.size; at++) {
        if (small(one.data[at]) != small(other.data[at])) {
            return small(one.data[at]) < small(other.data[at]) ? -1 : 1;
        }
    }
    return (one.size > other.size) - (one.size < other.size);
}

static int
compare_locals(Text one, Text other)
{
    while (one.size && other.size) {
        Text first = next_part(&one), second = next_part(&other);
        int order = compare_parts(first, second);
        if (order) {
            return order;
        }
    }
    return (one.size > 0) - (other.size > 0);
}

static int
compare_optional(bool has_one, Text one, bool has_other, Text other)
{
    return has_one && has_other ? version_compare_numbers(one, other) : (int)has_one - (int)has_other;
}

/* Development < pre-releases < final < post-releases < local ones. */
int
version_compare(const Version *one, const Version *other)
{
    int order = version_compare_numbers(one->epoch, other->epoch);
    order = order ? order : compare_releases(one->release, other->release);
    order = order ? order : pre_rank(one) - pre_rank(other);
    if (!order && one->pre != NO_PRE && other->pre != NO_PRE) {
        order = version_compare_numbers(one->pre_number, other->pre_number);
    }
    order = order ? order : compare_optional(one->has_post, one->post, other->has_post, other->post);
    if (!order) {
        /* What is not in development comes after what is. */
        order = one->has_dev && other->has_dev ? version_compare_numbers(one->dev, other->dev)
                                               : (int)other->has_dev - (int)one->has_dev;
    }
    return order ? order : compare_locals(one->local, other->local);
}

/* Return whether two versions are the same but for what comes after a pre-release. */
bool
version_has_same_base(const Version *one, const Version *other)
{
    return version_compare_numbers(one->epoch, other->epoch) == 0 && compare_releases(one->release, other->release) == 0
           && one->pre == other->pre
           && (one->pre == NO_PRE || version_compare_numbers(one->pre_number, other->pre_number) == 0);
}

/* Return whether a text is a version. */
bool
version_is_valid(Text text)
{
    Version version;
    return version_read(text, &version);
}
