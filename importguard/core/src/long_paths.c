/* Paths that are longer than the kernel takes in one piece: it is asked by descriptors. The twin takes a guess. */
#include "paths.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Give by what name the kernel knows what a descriptor stands for; return like read_link. */
int
name_of_fd(int fd, Buffer *name)
{
    char link[32];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    return read_link(link, name);
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
resolve_long(Text given, int dir_fd, Buffer *real)
{
    Buffer path, asked;
    int folder = dir_fd >= 0 ? dir_fd : AT_FDCWD;
    bool found;
    buffer_start(&path);
    buffer_start(&asked);
    int result = buffer_set(&path, given.data, given.size);
    Py_BEGIN_ALLOW_THREADS;
    found = result == DONE && is_callable(&path)
            && (ask_the_kernel(folder, path.data, &asked) || ask_for_the_folder(folder, given, &asked));
    Py_END_ALLOW_THREADS;
    if (found) {
        result = buffer_set(real, asked.data, asked.size);
    }
    buffer_end(&path);
    buffer_end(&asked);
    return result;
}
