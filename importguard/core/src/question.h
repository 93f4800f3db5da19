/* Asking the launcher about what is refused. */
#ifndef IMPORTGUARD_QUESTION_H
#define IMPORTGUARD_QUESTION_H

#include "judge.h"

int question_start(PyObject *asker, Asker *taken);
const char *question_put(const Asked *asked, const Blame *blame, PyObject *rule);
bool question_grants(const char *answer);
unsigned question_granted(void);

#endif
