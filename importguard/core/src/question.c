/* What is refused may be put to whoever sits at the terminal: the launcher asks them, and its answer counts. No twin: what
 * runs beside the core in Python could give itself any answer.
 *
 * Other threads go on meanwhile. So a thread of its own puts the question, with no descriptors but its own: nobody can put
 * another socket in the place of this one, and what is at its other end is known by the kernel's word. */
#include "question.h"

#include "board.h"
#include "owners.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#define MOST_BYTES 32768 /* of a question; what is longer nobody could read */
#define LONGEST_ANSWER 16
#define START_TIME 20 /* of the words behind the name of a process in /proc/PID/stat: field 22 */
#define UNSHARE_AND_CLOSE 2 /* CLOSE_RANGE_UNSHARE */
#define CLOSE_RANGE 436

static const char *const answers[] = {"once", "always", "no", "never", "timeout", "background", "unasked"};
#define GRANTING 2 /* of the answers, from the first */
#define UNASKED answers[6]

static _Thread_local unsigned granted;

/* One question under way: what is asked, and what comes back. Lies on the stack of who waits for it. */
typedef struct {
    Text question;
    char answer[LONGEST_ANSWER];
} Talk;

/* Say whether the launcher's number still stands for the launcher. */
static bool
has_started_then(void)
{
    char path[32], status[1024];
    PyOS_snprintf(path, sizeof path, "/proc/%d/stat", (int)core.asker.pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? -1 : read(fd, status, sizeof status - 1);
    if (fd >= 0) {
        close(fd);
    }
    if (size <= 0) {
        return false;
    }
    status[size] = '\0';
    char *rest = strrchr(status, ')'), *word = rest ? strtok_r(rest + 1, " ", &rest) : NULL;
    for (int at = 1; word && at < START_TIME; at++) {
        word = strtok_r(NULL, " ", &rest);
    }
    return word && strcmp(word, core.asker.started) == 0;
}

/* Return a socket to the launcher and nobody else, -1 where there is none. */
static int
reach(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval limit = {.tv_sec = core.asker.seconds};
    struct ucred peer;
    socklen_t size = sizeof peer;
    board_know_thread(); /* else it would be taken for one of whoever is being imported */
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    memcpy(address.sun_path, core.asker.path, sizeof address.sun_path);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0
        && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0
        && connect(fd, (struct sockaddr *)&address, sizeof address) == 0
        && getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.pid == core.asker.pid && has_started_then()) {
        return fd;
    }
    close(fd);
    return -1;
}

static bool
say(int fd, Text text)
{
    while (text.size) {
        ssize_t sent = send(fd, text.data, text.size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        text.data += sent;
        text.size -= (size_t)sent;
    }
    return shutdown(fd, SHUT_WR) == 0;
}

/* Hear an answer to its end; what isn't whole is none. */
static void
listen_for(int fd, char *answer)
{
    size_t size = 0;
    ssize_t more = 1;
    while (more > 0 && size < LONGEST_ANSWER - 1) {
        more = recv(fd, answer + size, LONGEST_ANSWER - 1 - size, 0);
        size += more > 0 ? (size_t)more : 0;
    }
    answer[more == 0 ? size : 0] = '\0';
}

static void *
talk(void *given)
{
    Talk *it = given;
    if (syscall(CLOSE_RANGE, 0U, ~0U, UNSHARE_AND_CLOSE) < 0) {
        return NULL;
    }
    int fd = reach();
    if (fd >= 0) {
        if (say(fd, it->question)) {
            listen_for(fd, it->answer);
        }
        close(fd);
    }
    return NULL;
}

/* Have a thread talk that no signal interrupts, and wait for it while other threads of Python's go on. */
static void
wait_for(Talk *it)
{
    sigset_t all, before;
    pthread_t thread;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&thread, NULL, talk, it);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) {
        Py_BEGIN_ALLOW_THREADS
        pthread_join(thread, NULL);
        Py_END_ALLOW_THREADS
    }
}

static int
add(Buffer *question, Text text)
{
    uint32_t size = (uint32_t)text.size;
    if (question->size + text.size > MOST_BYTES || buffer_add(question, (char *)&size, sizeof size) < 0) {
        return -1;
    }
    return text.size ? buffer_add(question, text.data, text.size) : 0;
}

static int
add_object(Buffer *question, PyObject *object)
{
    Text text;
    PyObject *keeper;
    if (!object || !PyUnicode_CheckExact(object)) {
        return add(question, (Text){"", 0});
    }
    if (text_of(object, &text, &keeper) < 0) {
        return -1;
    }
    int result = add(question, text);
    Py_XDECREF(keeper);
    return result;
}

/* Write a question: each part with its length before it, so that no part can pose as another. 0, or -1 where it can't be. */
static int
write_question(Buffer *question, const Asked *asked, const Blame *blame, PyObject *rule)
{
    const char *capability = capability_names[asked->capability], *phase = phase_names[blame->phase];
    OwnerText owner = blame_owner_text(blame);
    const char *kind = kind_names[owner.kind];
    if (add(question, (Text){capability, strlen(capability)}) < 0 || add_object(question, asked->target) < 0
        || add(question, owner.name) < 0 || add(question, owner.version) < 0 || add(question, (Text){kind, strlen(kind)}) < 0
        || add(question, (Text){phase, strlen(phase)}) < 0 || add_object(question, blame->module) < 0
        || add_object(question, rule) < 0) {
        return -1;
    }
    for (Py_ssize_t at = 0; asked->argv && at < PyTuple_GET_SIZE(asked->argv); at++) {
        if (add_object(question, PyTuple_GET_ITEM(asked->argv, at)) < 0) {
            return -1;
        }
    }
    return 0;
}

static const char *
put(const Asked *asked, const Blame *blame, PyObject *rule)
{
    Talk it = {.answer = ""};
    Buffer question;
    buffer_start(&question);
    if (write_question(&question, asked, blame, rule) == 0) {
        it.question = buffer_text(&question);
        wait_for(&it);
    }
    PyErr_Clear();
    buffer_end(&question);
    for (size_t at = 0; at < Py_ARRAY_LENGTH(answers); at++) {
        if (strcmp(it.answer, answers[at]) == 0) {
            return answers[at];
        }
    }
    return UNASKED;
}

/* Put what a rule refuses to the launcher, and return its answer: "" where there is nobody to ask, "unasked" where it can't
 * be had. Raises nothing. */
const char *
question_put(const Asked *asked, const Blame *blame, PyObject *rule)
{
    if (!core.asker.pid || !table_enforces(core.table) || table_kills(core.table)) {
        return "";
    }
    const char *answer = put(asked, blame, rule);
    granted += question_grants(answer);
    return answer;
}

bool
question_grants(const char *answer)
{
    return answer == answers[0] || answer == answers[GRANTING - 1];
}

/* Return how often something was granted to this thread: time has passed then, and others have run. */
unsigned
question_granted(void)
{
    return granted;
}

/* Take over who is to be asked: (path, pid, when it has started, seconds), or None. Returns 0, or -1 with an exception set. */
int
question_start(PyObject *asker, Asker *taken)
{
    const char *path, *started;
    if (Py_IsNone(asker)) {
        return 0;
    }
    if (!PyArg_ParseTuple(asker, "sisi", &path, &taken->pid, &started, &taken->seconds)) {
        return -1;
    }
    if (strlen(path) >= sizeof taken->path || strlen(started) >= sizeof taken->started) {
        PyErr_SetString(PyExc_ValueError, "a name that is too long");
        return -1;
    }
    strcpy(taken->path, path);
    strcpy(taken->started, started);
    return 0;
}
