/* The board: what each thread is importing, where the supervisor of system calls can read it. */
#ifndef IMPORTGUARD_BOARD_H
#define IMPORTGUARD_BOARD_H

#include "ledger.h"

/* What a thread does, for whom, and since when; a phase of BOARD_RUN is that of the program. */
typedef struct {
    int phase;
    OwnerId owner;
    uint64_t begun;
    PyObject *module; /* str, or NULL; a strong reference */
} Work;

/* The state of a thread: its phase, and what the interpreter itself has let pass just now. */
enum { BOARD_RUN, BOARD_STARTUP, BOARD_IMPORT };
enum { PASS_CONNECT = 4, PASS_LISTEN = 8, PASS_RESOLVE = 16, PASS_SPAWN = 32 };

extern bool board_is_shared;

void board_enter(Work *before, int phase, OwnerId owner, PyObject *module);
void board_leave(Work *before);
void board_enter_file(Work *before);
void board_name_file(PyObject *name, PyObject *path);
void board_enter_library(Work *before, PyObject *module);
int board_phase(void);
bool board_is_importing(void);
void board_let_pass(unsigned passes);
void board_hear(const char *event, bool is_let_pass);
void board_call_ends(void);
void board_know_thread(void);

extern PyMethodDef board_methods[];

#endif
