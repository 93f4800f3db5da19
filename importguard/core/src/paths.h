/* What the files about paths share. */
#ifndef IMPORTGUARD_PATHS_H
#define IMPORTGUARD_PATHS_H

#include "readers.h"

#include <limits.h>

/* What a walk comes to. TOO_LONG: a name on the way is longer than the kernel takes in one piece, or tells, so that where it leads
   was not to be seen; what is given then is a guess. */
enum { UNREADABLE = -2, NO_MEMORY, DONE, TOO_LONG, TOO_MANY_LINKS };

/* links.c */
bool is_callable(const Buffer *path);
mode_t kind_of(const Buffer *path);
const struct stat *looked_at(void);
void look_away(void);
int read_link(const char *path, Buffer *link);
int follow(Text path, Buffer *real, bool *passes);

/* long_paths.c */
int path_of_fd(int fd, Buffer *path);
int resolve_long(Text given, int dir_fd, bool by_name, Buffer *real);

/* folders.c: what is known of folders; the twin keeps it in a dict */
bool folders_find(Text folder, Buffer *real);
int folders_keep(Text folder, Text real);
void folders_forget(void);
void folders_forget_links(void);

#endif
