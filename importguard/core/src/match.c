/* Says whether a text matches a pattern. Twins: glob and path_matches of policy/targets.py.

   Texts are bytes here and code points there. UTF-8 makes that the same, but for names that aren't UTF-8: bytes that
   Python shows one by one (surrogateescape) and that spell a character together are that character here, as they are
   to the kernel. */
#include "ruling.h"

#include <stdlib.h>

/* Return a hash of a text that is the same for equal texts as long as the process lives. */
OFTEN uint64_t
text_hash(Text text)
{
    const uint64_t factor = 0x9E3779B97F4A7C15u;
    uint64_t hash = text.size * factor, piece;
    while (text.size >= sizeof piece) {
        memcpy(&piece, text.data, sizeof piece);
        hash = (hash ^ piece) * factor;
        hash ^= hash >> 29;
        text.data += sizeof piece;
        text.size -= sizeof piece;
    }
    for (piece = 0; text.size; text.size--) {
        piece = piece << 8 | (unsigned char)*text.data++;
    }
    hash = (hash ^ piece) * factor;
    return hash ^ hash >> 32;
}

/* Return what stands before the first separator, and set `rest` to what is behind it, with no data where none is. */
Text
text_before(Text text, char separator, Text *rest)
{
    const char *found = text.size ? memchr(text.data, separator, text.size) : NULL;
    if (!found) {
        *rest = (Text){NULL, 0};
        return text;
    }
    size_t size = (size_t)(found - text.data);
    *rest = (Text){found + 1, text.size - size - 1};
    return (Text){text.data, size};
}

/* Return a text without any of one character at its end. */
Text
text_stripped(Text text, char end)
{
    while (text.size && text.data[text.size - 1] == end) {
        text.size--;
    }
    return text;
}

/* Return whether pieces with stars between them are found in a text one behind the other. */
static bool
has_pieces(Text pieces, Text text)
{
    while (pieces.data) {
        Text piece = text_before(pieces, '*', &pieces);
        const char *found = piece.size ? memmem(text.data, text.size, piece.data, piece.size) : text.data;
        if (!found) {
            return false;
        }
        size_t skipped = (size_t)(found - text.data) + piece.size;
        text = (Text){text.data + skipped, text.size - skipped};
    }
    return true;
}

/* Return whether a pattern matches the whole of a text, where `*` stands for any characters. */
bool
glob_matches(Text pattern, Text text)
{
    size_t head = 0, tail = 0;
    for (; head < pattern.size && pattern.data[head] != '*'; head++) {
        if (head >= text.size || pattern.data[head] != text.data[head]) {
            return false;
        }
    }
    if (head == pattern.size) {
        return head == text.size;
    }
    for (; pattern.data[pattern.size - 1 - tail] != '*'; tail++) {
        if (tail >= text.size - head || pattern.data[pattern.size - 1 - tail] != text.data[text.size - 1 - tail]) {
            return false;
        }
    }
    size_t last_star = pattern.size - 1 - tail;
    if (head == last_star) {
        return true;
    }
    Text between = {text.data + head, text.size - head - tail};
    return has_pieces((Text){pattern.data + head + 1, last_star - head - 1}, between);
}

/* Where a walk through the components of a path is; `rest` has no data behind the last one. */
typedef struct {
    Text component, rest;
    bool is_over;
} Walk;

static void
walk_on(Walk *walk)
{
    walk->is_over = !walk->rest.data;
    if (!walk->is_over) {
        walk->component = text_before(walk->rest, '/', &walk->rest);
    }
}

static Walk
walk_from(Text path)
{
    Walk walk = {.rest = path};
    walk_on(&walk);
    return walk;
}

static bool
is_any_depth(const Walk *wanted)
{
    return !wanted->is_over && wanted->component.size == 2 && memcmp(wanted->component.data, "**", 2) == 0;
}

/* Return whether a path pattern matches: `*` stays within a component, `**` is any number of components. */
bool
path_matches(Text pattern, Text path)
{
    if (!memchr(pattern.data, '*', pattern.size)) {
        return text_equals(pattern, path);
    }
    Walk wanted = walk_from(pattern), given = walk_from(path), after_star = wanted, resume = given;
    bool has_star = false;
    while (!given.is_over) {
        if (is_any_depth(&wanted)) {
            walk_on(&wanted);
            has_star = true;
            after_star = wanted;
            resume = given;
        } else if (!wanted.is_over && glob_matches(wanted.component, given.component)) {
            walk_on(&wanted);
            walk_on(&given);
        } else if (has_star) {
            walk_on(&resume);
            given = resume;
            wanted = after_star;
        } else {
            return false;
        }
    }
    while (is_any_depth(&wanted)) {
        walk_on(&wanted);
    }
    return wanted.is_over;
}

static bool
is_ascii(Text text)
{
    for (size_t at = 0; at < text.size; at++) {
        if ((unsigned char)text.data[at] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* Make of a text what str.lower makes of it, through str itself; return 0, or -1 without memory. */
static int
lower_by_str(Text text, char **lowered, Text *answer)
{
    PyObject *string = PyUnicode_DecodeUTF8(text.data, (Py_ssize_t)text.size, "surrogateescape");
    PyObject *lower = PyObject_GetAttrString((PyObject *)&PyUnicode_Type, "lower");
    PyObject *made = string && lower ? PyObject_CallOneArg(lower, string) : NULL;
    PyObject *bytes = made ? PyUnicode_AsEncodedString(made, "utf-8", "surrogateescape") : NULL;
    int result = -1;
    if (bytes) {
        size_t size = (size_t)PyBytes_GET_SIZE(bytes);
        *lowered = PyMem_RawMalloc(size + 1);
        if (*lowered) {
            memcpy(*lowered, PyBytes_AS_STRING(bytes), size);
            *answer = (Text){*lowered, size};
            result = 0;
        }
    }
    PyErr_Clear();
    Py_XDECREF(string);
    Py_XDECREF(lower);
    Py_XDECREF(made);
    Py_XDECREF(bytes);
    return result;
}

/* Set `answer` to a text in lower case, which is in `room` or in `lowered`, which then must be freed; return 0, or -1
   without memory. */
int
text_lower(Text text, char *room, size_t size, char **lowered, Text *answer)
{
    *lowered = NULL;
    if (!is_ascii(text)) {
        return lower_by_str(text, lowered, answer);
    }
    char *into = text.size <= size ? room : (*lowered = PyMem_RawMalloc(text.size));
    if (!into) {
        return -1;
    }
    for (size_t at = 0; at < text.size; at++) {
        char byte = text.data[at];
        into[at] = byte >= 'A' && byte <= 'Z' ? (char)(byte + 32) : byte;
    }
    *answer = (Text){into, text.size};
    return 0;
}
