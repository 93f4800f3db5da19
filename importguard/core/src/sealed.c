/* Sealed memory: pages that no write reaches, be it through mprotect, /proc/self/mem or another process.

   A private page that is merely read-only can be made writable again, and /proc/self/mem writes to it all the same.
   A memfd that is sealed against writing before it is mapped has neither way in. Where the kernel has mseal, the
   mapping can't be taken away or replaced either. */
#include "sealed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#ifdef __linux__
#include <sys/sendfile.h>
#endif
#include <sys/syscall.h>
#include <unistd.h>

#define ALIGNMENT 16
#define FIRST_ROOM 4096
#define SEALS (F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)
#define NUMBER_OF_MSEAL 462 /* on every architecture; Linux 6.10 brought it */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U /* Linux 6.3; some systems refuse a memfd without it */
#endif

/* What is to be sealed: bytes that are in memory, or, where `data` is NULL, in a file at `start`. */
typedef struct {
    const void *data;
    size_t size;
    int fd;
    off_t start;
} Bytes;

/* What holds for everything that was sealed so far: the weakest counts. */
static enum { NOTHING_YET, SEALED, READ_ONLY } weakest;
static bool any_unpinned;

/* Return zeroed room in an arena from `start` on, or 0 when there is none left. */
static Ref
room_from(Arena *arena, size_t start, size_t size)
{
    if (size > UINT32_MAX - start) {
        return 0;
    }
    if (start + size > arena->room) {
        size_t room = arena->room ? arena->room : FIRST_ROOM;
        while (room < start + size) {
            room *= 2;
        }
        char *moved = realloc(arena->data, room);
        if (!moved) {
            return 0;
        }
        arena->data = moved;
        arena->room = room;
    }
    memset(arena->data + arena->size, 0, start + size - arena->size);
    arena->size = start + size;
    return (Ref)start;
}

/* Return zeroed room at the end of an arena, or 0 when there is none left; the first room of all is at 0 as well. */
Ref
arena_room(Arena *arena, size_t size)
{
    return room_from(arena, (arena->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, size);
}

/* The same for what may lie anywhere, as texts do: most are short, and there are thousands of them. */
Ref
arena_bytes(Arena *arena, size_t size)
{
    return room_from(arena, arena->size, size);
}

/* Return where in an arena a copy of some bytes is, or 0 when there is no room for it. */
Ref
arena_copy(Arena *arena, const void *data, size_t size)
{
    Ref at = arena_room(arena, size);
    if (at && size) {
        memcpy(arena->data + at, data, size);
    }
    return at;
}

void
arena_drop(Arena *arena)
{
    free(arena->data);
    *arena = (Arena){0};
}

static size_t
whole_pages(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

/* Read all of what is in a file to memory; returns 0 or -1. */
static int
read_all(char *data, Bytes bytes)
{
    while (bytes.size) {
        ssize_t count = pread(bytes.fd, data, bytes.size, bytes.start);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return -1;
        }
        data += count;
        bytes.start += count;
        bytes.size -= (size_t)count;
    }
    return 0;
}

/* Put bytes where memory for them is; returns 0 or -1. */
static int
put(char *at, Bytes bytes)
{
    if (!bytes.data) {
        return read_all(at, bytes);
    }
    memcpy(at, bytes.data, bytes.size);
    return 0;
}

#ifdef MFD_ALLOW_SEALING
/* Write bytes to a file: those of another one without having them in this process's memory. Returns 0 or -1. */
static int
write_all(int fd, Bytes bytes)
{
    while (bytes.size) {
        ssize_t count = bytes.data ? write(fd, bytes.data, bytes.size) : sendfile(fd, bytes.fd, &bytes.start, bytes.size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return -1;
        }
        bytes.data = bytes.data ? (const char *)bytes.data + count : NULL;
        bytes.size -= (size_t)count;
    }
    return 0;
}

/* Return a file in memory that holds some bytes and can't be written any more, or -1. */
static int
sealed_file(Bytes first, Bytes rest)
{
    int fd = memfd_create("importguard", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    if (fd < 0 && errno == EINVAL) {
        fd = memfd_create("importguard", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    }
    if (fd < 0) {
        return -1;
    }
    if (write_all(fd, first) < 0 || write_all(fd, rest) < 0
        || ftruncate(fd, (off_t)whole_pages(first.size + rest.size)) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Return where a sealed file with some bytes is mapped, at `start` if that is given, or MAP_FAILED. */
static void *
map_sealed(void *start, Bytes first, Bytes rest)
{
    int fd = sealed_file(first, rest);
    if (fd < 0) {
        return MAP_FAILED;
    }
    void *mapped = mmap(start, whole_pages(first.size + rest.size), PROT_READ, MAP_SHARED | (start ? MAP_FIXED : 0), fd, 0);
    close(fd);
    return mapped;
}
#else
static void *
map_sealed(void *start, Bytes first, Bytes rest)
{
    (void)start, (void)first, (void)rest;
    return MAP_FAILED;
}
#endif

/* Return where some bytes are in pages of their own that are read-only, or MAP_FAILED. */
static void *
map_read_only(Bytes first, Bytes rest)
{
    size_t size = first.size + rest.size;
    void *mapped = mmap(NULL, whole_pages(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) {
        return MAP_FAILED;
    }
    if (put(mapped, first) < 0 || put((char *)mapped + first.size, rest) < 0
        || mprotect(mapped, whole_pages(size), PROT_READ) < 0) {
        munmap(mapped, whole_pages(size));
        return MAP_FAILED;
    }
    return mapped;
}

/* Keep what holds for a mapping, and pin it where the kernel can. */
static void
settle(void *mapped, size_t size, bool is_sealed)
{
    if (weakest != READ_ONLY) {
        weakest = is_sealed ? SEALED : READ_ONLY;
    }
    if (syscall(NUMBER_OF_MSEAL, mapped, whole_pages(size), 0) != 0) {
        any_unpinned = true;
    }
}

/* Return a copy of some bytes that nobody can write, for as long as the process lives; NULL where not even memory that
   is merely read-only is to be had. */
const void *
sealed_copy(const void *data, size_t size)
{
    return sealed_pair(data, size, "", 0);
}

static const void *
sealed(Bytes first, Bytes rest)
{
    void *mapped = map_sealed(NULL, first, rest);
    bool is_sealed = mapped != MAP_FAILED;
    if (!is_sealed) {
        mapped = map_read_only(first, rest);
    }
    if (mapped == MAP_FAILED) {
        return NULL;
    }
    settle(mapped, first.size + rest.size, is_sealed);
    return mapped;
}

/* Return the like of some bytes and others behind them. */
const void *
sealed_pair(const void *data, size_t size, const void *more, size_t more_size)
{
    return sealed((Bytes){.data = data, .size = size}, (Bytes){.data = more, .size = more_size});
}

/* Return the like of some bytes and a piece of a file behind them. */
const void *
sealed_piece(const void *data, size_t size, const Piece *more)
{
    return sealed((Bytes){.data = data, .size = size}, (Bytes){.size = more->size, .fd = more->fd, .start = more->start});
}

/* Seal a static where it is, so that there's no pointer to it that could be bent: return 0, or -1 when it stays as it
   was. It starts at a page and fills whole ones. */
int
sealed_in_place(void *start, size_t size)
{
    if ((uintptr_t)start % (size_t)sysconf(_SC_PAGESIZE) || whole_pages(size) != size) {
        return -1;
    }
    bool is_sealed = map_sealed(start, (Bytes){.data = start, .size = size}, (Bytes){.data = ""}) != MAP_FAILED;
    if (!is_sealed && mprotect(start, size, PROT_READ) < 0) {
        return -1;
    }
    settle(start, size, is_sealed);
    return 0;
}

/* Return the name of what holds for all that was sealed: "sealed", "read-only", or "nothing" before the first. */
const char *
sealed_strength(void)
{
    return weakest == SEALED ? "sealed" : weakest == READ_ONLY ? "read-only" : "nothing";
}

/* Return whether all that was sealed so far also stays mapped where it is. */
bool
sealed_is_pinned(void)
{
    return weakest != NOTHING_YET && !any_unpinned;
}
