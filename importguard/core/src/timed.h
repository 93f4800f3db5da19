/* In a build for the benchmarks, with -DIMPORTGUARD_TIMED, the time that is spent inside; in every other build nothing. */
#ifndef IMPORTGUARD_TIMED_H
#define IMPORTGUARD_TIMED_H

#ifdef IMPORTGUARD_TIMED
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    long long nanoseconds, calls;
    int depth; /* what is asked from within is part of what asks */
} Timed;
extern Timed timed_hook, timed_finder;

static inline long long
timed_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Count and time an int that is asked for, in the outermost call. */
#define TIMED(timed, answer)                                       \
    __extension__({                                                \
        long long start_ = (timed).depth++ ? 0 : timed_now();      \
        int answer_ = (answer);                                    \
        if (--(timed).depth == 0) {                                \
            (timed).nanoseconds += timed_now() - start_;           \
            (timed).calls++;                                       \
        }                                                          \
        answer_;                                                   \
    })
#else
#define TIMED(timed, answer) (answer)
#endif

#endif
