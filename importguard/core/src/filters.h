/* Filters of the kernel over this process: see filters.c. */
#ifndef IMPORTGUARD_FILTERS_H
#define IMPORTGUARD_FILTERS_H

#include "ccore.h"

extern PyMethodDef filters_methods[];

#endif
