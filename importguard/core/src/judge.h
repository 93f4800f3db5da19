/* The corridor from a request to a verdict. */
#ifndef IMPORTGUARD_JUDGE_H
#define IMPORTGUARD_JUDGE_H

#include "text.h"

int judge_start(void);
int judge_ask(Capability capability, PyObject *target, PyObject *argv);

#endif
