/* Paths that are longer than the kernel takes in one piece: it is asked by descriptors. The twin takes a guess. */
#include "paths.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Give by what name the kernel knows what a descriptor stands for; return like read_link. */
static int
name_of_fd(int fd, Buffer *name)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return read_link(link, name);
}

/* Give a path to what a descriptor stands for: its name, or the link that leads to it where the name is of no use as a path, being
   longer than the kernel tells or that of a folder which was removed. Return 1, 0 where there is no such descriptor, NO_MEMORY. */
int
path_of_fd(int fd, Buffer *path)
{
    int found = name_of_fd(fd, path);
    if (found == UNREADABLE || (found > 0 && text_ends(buffer_text(path), " (deleted)"))) {
        char link[32];
        int size = snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        found = buffer_set(path, link, (size_t)size) < 0 ? NO_MEMORY : 1;
    }
    return found;
}

/* Give the name of what the kernel finds at a path; say whether it finds something. */
static bool
ask_the_kernel(int folder, const char *path, Buffer *name)
{
    int fd = openat(folder, path, O_PATH | O_CLOEXEC);
    bool result = fd >= 0 && name_of_fd(fd, name) > 0;
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

/* Give the real path of a file that is not there yet; say whether its folder is. */
static bool
ask_for_the_folder(int folder, Text path, Buffer *real)
{
    Buffer parent;
    size_t at = text_last(path, '/');
    buffer_start(&parent);
    bool result = buffer_set(&parent, at ? path.data : ".", at ? at : 1) == 0 && is_callable(&parent)
                  && ask_the_kernel(folder, parent.data, real) && buffer_add(real, "/", 1) == 0
                  && buffer_add(real, path.data + at, path.size - at) == 0;
    buffer_end(&parent);
    return result;
}

/* A path below a folder whose own name is longer than the kernel takes reaches a file all the same: only the kernel
   can say which. Give its name, or leave the guess; return DONE or NO_MEMORY. */
int
resolve_long(Text given, int dir_fd, bool by_name, Buffer *real)
{
    Buffer path, asked;
    int folder = dir_fd >= 0 ? dir_fd : AT_FDCWD;
    bool found;
    buffer_start(&path);
    buffer_start(&asked);
    int result = buffer_set(&path, given.data, given.size);
    Py_BEGIN_ALLOW_THREADS;
    found = result == DONE && is_callable(&path)
            && ((!by_name && ask_the_kernel(folder, path.data, &asked)) || ask_for_the_folder(folder, given, &asked));
    Py_END_ALLOW_THREADS;
    if (found) {
        result = buffer_set(real, asked.data, asked.size);
    }
    buffer_end(&path);
    buffer_end(&asked);
    return result;
}
