/* The words of the contract, in the order of their numbers. */
#include "text.h"

const char *const capability_names[CAPABILITY_COUNT] = {
    "import",      "net.connect", "net.listen", "net.resolve", "fs.read",     "fs.write", "fs.list",       "proc.spawn",
    "proc.signal", "env.read",    "env.write",  "native.load", "native.call", "code.run", "runtime.patch",
};
const char *const kind_names[KIND_COUNT] = {"distribution", "app", "stdlib", "startup", "unowned"};
const char *const phase_names[PHASE_COUNT] = {"startup", "import", "run"};
