/* What a build for the benchmarks says when its process ends; empty in every other build. */
#include "timed.h"

#ifdef IMPORTGUARD_TIMED
Timed timed_hook, timed_finder;

/* Write the milliseconds and the calls as a line of JSON, to the file that the environment names. */
__attribute__((destructor)) static void
tell(void)
{
    const char *path = getenv("IMPORTGUARD_TIMES");
    FILE *file = path ? fopen(path, "ae") : NULL;
    if (file) {
        fprintf(file, "{\"hook_ms\": %.6f, \"events\": %lld, \"finder_ms\": %.6f, \"specs\": %lld}\n",
                (double)timed_hook.nanoseconds / 1e6, timed_hook.calls, (double)timed_finder.nanoseconds / 1e6,
                timed_finder.calls);
        fclose(file);
    }
}
#else
typedef int TimedNothing; /* C wants something in every file */
#endif
