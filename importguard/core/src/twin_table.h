/* What the tests of the table call. */
#ifndef IMPORTGUARD_TWIN_TABLE_H
#define IMPORTGUARD_TWIN_TABLE_H

#include "ccore.h"

extern PyMethodDef twin_table_methods[];

#endif
