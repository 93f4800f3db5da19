/* Texts as bytes: UTF-8, where a byte that is none of it stands for itself, as in the names of files. */
#include "readers.h"

#include <string.h>

void
buffer_start(Buffer *buffer)
{
    buffer->data = buffer->inside;
    buffer->size = 0;
    buffer->room = sizeof buffer->inside;
    buffer->inside[0] = '\0';
}

void
buffer_end(Buffer *buffer)
{
    if (buffer->data != buffer->inside) {
        PyMem_RawFree(buffer->data);
    }
    buffer_start(buffer);
}

/* Return 0, or -1 when there is no memory left. */
static int
buffer_reserve(Buffer *buffer, size_t wanted)
{
    if (wanted <= buffer->room) {
        return 0;
    }
    bool is_inside = buffer->data == buffer->inside;
    char *data = PyMem_RawRealloc(is_inside ? NULL : buffer->data, wanted * 2);
    if (!data) {
        return -1;
    }
    if (is_inside) {
        memcpy(data, buffer->inside, buffer->size + 1);
    }
    buffer->data = data;
    buffer->room = wanted * 2;
    return 0;
}

/* Add bytes, which may not be the buffer's own; return 0, or -1 when there is no memory left. */
int
buffer_add(Buffer *buffer, const char *data, size_t size)
{
    if (buffer_reserve(buffer, buffer->size + size + 1) < 0) {
        return -1;
    }
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
    return 0;
}

/* Put bytes in the place of what there is; return 0, or -1 when there is no memory left. */
int
buffer_set(Buffer *buffer, const char *data, size_t size)
{
    buffer->size = 0;
    return buffer_add(buffer, data, size);
}

/* Return what a buffer holds, for as long as it isn't changed. */
Text
buffer_text(const Buffer *buffer)
{
    return (Text){buffer->data, buffer->size};
}

/* Say whether a text is this one. */
bool
text_is(Text text, const char *other)
{
    size_t size = strlen(other);
    return text.size == size && memcmp(text.data, other, size) == 0;
}

/* Say whether a text begins so. */
bool
text_starts(Text text, const char *start)
{
    size_t size = strlen(start);
    return text.size >= size && memcmp(text.data, start, size) == 0;
}

/* Say whether a text ends so. */
bool
text_ends(Text text, const char *end)
{
    size_t size = strlen(end);
    return text.size >= size && memcmp(text.data + text.size - size, end, size) == 0;
}

/* Return the place behind the last of these characters; 0 where there is none. */
size_t
text_last(Text text, char wanted)
{
    const char *found = text.size ? memrchr(text.data, wanted, text.size) : NULL;
    return found ? (size_t)(found - text.data) + 1 : 0;
}

/* Return the bytes of one character: an escaped byte as itself, other lone surrogates as UTF-8 would have them. */
static size_t
encode(Py_UCS4 character, char *bytes)
{
    if (character < 0x80 || (character >= 0xDC80 && character <= 0xDCFF)) {
        bytes[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        bytes[0] = (char)(0xC0 | character >> 6);
        bytes[1] = (char)(0x80 | (character & 0x3F));
        return 2;
    }
    if (character < 0x10000) {
        bytes[0] = (char)(0xE0 | character >> 12);
        bytes[1] = (char)(0x80 | (character >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (character & 0x3F));
        return 3;
    }
    bytes[0] = (char)(0xF0 | character >> 18);
    bytes[1] = (char)(0x80 | (character >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (character >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (character & 0x3F));
    return 4;
}

/* Return a new bytes object of a str that has surrogates in it, NULL with an error when there is no memory left. */
static PyObject *
bytes_of(PyObject *object)
{
    Py_ssize_t length = PyUnicode_GET_LENGTH(object), size = 0;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, length * 4);
    for (Py_ssize_t at = 0; bytes && at < length; at++) {
        size += (Py_ssize_t)encode(PyUnicode_READ_CHAR(object, at), PyBytes_AS_STRING(bytes) + size);
    }
    if (bytes) {
        _PyBytes_Resize(&bytes, size);
    }
    return bytes;
}

static int
text_of_bytes(PyObject *bytes, Text *text, PyObject **keeper)
{
    if (!bytes) {
        return -1;
    }
    *text = (Text){PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)};
    *keeper = bytes;
    return 0;
}

/* Give the bytes of an exact str; `keeper` is a new reference that they hang on, NULL where the str itself holds them.
   Return 0, or -1 with an error. */
int
text_of(PyObject *object, Text *text, PyObject **keeper)
{
    Py_ssize_t size;
    *keeper = NULL;
    if (PyUnicode_IS_COMPACT_ASCII(object)) {
        *text = (Text){PyUnicode_DATA(object), (size_t)PyUnicode_GET_LENGTH(object)};
        return 0;
    }
    const char *data = PyUnicode_AsUTF8AndSize(object, &size);
    if (data) {
        *text = (Text){data, (size_t)size};
        return 0;
    }
    PyErr_Clear();
    return text_of_bytes(bytes_of(object), text, keeper);
}

/* Say whether the names of files are UTF-8 to this interpreter: nearly always, but a locale may say otherwise. */
static bool
names_are_utf8(void)
{
    static int answer = -1;
    if (answer < 0) {
        PyObject *text = PyUnicode_FromOrdinal(0xE9), *bytes = text ? PyUnicode_EncodeFSDefault(text) : NULL;
        if (bytes || PyErr_ExceptionMatches(PyExc_UnicodeError)) {
            answer = bytes && strcmp(PyBytes_AS_STRING(bytes), "\xC3\xA9") == 0;
        }
        PyErr_Clear(); /* without memory it is asked again */
        Py_XDECREF(text);
        Py_XDECREF(bytes);
    }
    return answer > 0;
}

/* Give the bytes by which the kernel knows a path; otherwise like text_of. What no file can be called keeps its text. */
int
text_of_name(PyObject *object, Text *text, PyObject **keeper)
{
    if (PyUnicode_IS_COMPACT_ASCII(object) || names_are_utf8()) {
        return text_of(object, text, keeper);
    }
    PyObject *bytes = PyUnicode_EncodeFSDefault(object);
    if (!bytes && PyErr_ExceptionMatches(PyExc_UnicodeError)) {
        PyErr_Clear();
        return text_of(object, text, keeper);
    }
    return text_of_bytes(bytes, text, keeper);
}

/* Return a new str of the bytes by which the kernel knows a path, NULL with an error. */
PyObject *
text_object_of_name(Text name)
{
    if (names_are_utf8()) {
        return PyUnicode_DecodeUTF8(name.data, (Py_ssize_t)name.size, "surrogateescape");
    }
    return PyUnicode_DecodeFSDefaultAndSize(name.data, (Py_ssize_t)name.size);
}
