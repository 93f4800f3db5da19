/* adopter PROGRAM ARGUMENT...: runs a program, and adopts what its descendants leave behind, as some inits do. */
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int
main(int count, char **words)
{
    (void)count;
    int status = 0, result = 1;
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t child = fork();
    if (child == 0) {
        execv(words[1], words + 1);
        _exit(127);
    }
    for (pid_t ended; (ended = wait(&status)) > 0;) {
        result = ended == child ? WEXITSTATUS(status) : result;
    }
    return result;
}
