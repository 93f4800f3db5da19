/* The path in a `file:` address as SQLite reads it. Twin: path_of_uri in events.py. */
#include "readers.h"

#include <string.h>

/* Return what a hexadecimal digit stands for, -1 for what is none. */
static int
value_of_digit(const char *at, const char *end)
{
    if (at >= end) {
        return -1;
    }
    if (*at >= '0' && *at <= '9') {
        return *at - '0';
    }
    char lower = (char)(*at | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Return where the path of an address begins: behind the scheme, and behind a machine's name. */
static const char *
start_of_path(const char *at, const char *end)
{
    if (end - at < 2 || at[0] != '/' || at[1] != '/') {
        return at;
    }
    const char *slash = memchr(at + 2, '/', (size_t)(end - at - 2));
    return slash ? slash : at + 1; /* the root, where only a machine is named */
}

/* Return where the path of an address ends. */
static const char *
end_of_path(const char *at, const char *end)
{
    while (at < end && *at != '?' && *at != '#') {
        at++;
    }
    return at;
}

/* Give the path in an address that begins with `file:`; return 0, or -1 when there is no memory left. */
int
database_path(Text uri, Buffer *path)
{
    const char *end = end_of_path(uri.data + 5, uri.data + uri.size), *at = start_of_path(uri.data + 5, end);
    bool is_root = end - (uri.data + 5) >= 2 && at == uri.data + 6;
    if (is_root) {
        return buffer_set(path, "/", 1);
    }
    int result = buffer_set(path, "", 0);
    while (result == 0 && at < end) {
        int high = *at == '%' ? value_of_digit(at + 1, end) : -1, low = high >= 0 ? value_of_digit(at + 2, end) : -1;
        char byte = low >= 0 ? (char)(high << 4 | low) : *at;
        at += low >= 0 ? 3 : 1;
        if (!byte) {
            break;
        }
        result = buffer_add(path, &byte, 1);
    }
    return result;
}
