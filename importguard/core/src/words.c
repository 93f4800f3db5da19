/* The words of the contract, in the order of their numbers. */
#include "judge.h"

const char *const capability_names[CAPABILITY_COUNT] = {
    "import",      "net.connect", "net.listen", "net.resolve", "fs.read",     "fs.write", "fs.list",       "proc.spawn",
    "proc.signal", "env.read",    "env.write",  "native.load", "native.call", "code.run", "runtime.patch",
};
const char *const kind_names[KIND_COUNT] = {"distribution", "app", "stdlib", "startup", "unowned"};
const char *const phase_names[PHASE_COUNT] = {"startup", "import", "run"};
const char *const door_names[DOOR_COUNT] = {"finder", "audit", "wrap", "scan"};
