/* Memory that is written once: built as an arena, then sealed so that nobody in the process can write it again. */
#ifndef IMPORTGUARD_SEALED_H
#define IMPORTGUARD_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A place in an arena, counted from its start: what is built moves when it is sealed, so nothing in it is a pointer
   into it. At 0 is whatever was put first. */
typedef uint32_t Ref;

typedef struct {
    char *data;
    size_t size, room;
} Arena;

/* A piece of an open file. */
typedef struct {
    int fd;
    off_t start;
    size_t size;
} Piece;

Ref arena_room(Arena *arena, size_t size);
Ref arena_bytes(Arena *arena, size_t size);
Ref arena_copy(Arena *arena, const void *data, size_t size);
void arena_drop(Arena *arena);

/* A static that is to be sealed in place: aligned so, and as large as a multiple of it. */
#define SEALED_PAGE 4096
#define SEALED_IN_PLACE __attribute__((aligned(SEALED_PAGE)))

const void *sealed_copy(const void *data, size_t size);
const void *sealed_pair(const void *data, size_t size, const void *more, size_t more_size);
const void *sealed_piece(const void *data, size_t size, const Piece *more);
int sealed_in_place(void *start, size_t size);
const char *sealed_strength(void);
bool sealed_is_pinned(void);

#endif
