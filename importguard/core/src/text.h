/* The words of a request, as C has them. */
#ifndef IMPORTGUARD_TEXT_H
#define IMPORTGUARD_TEXT_H

#include "ccore.h"

/* In the order of CAPABILITIES in model.py; a twin test holds the two equal. */
typedef enum {
    IMPORT_MODULE,
    NET_CONNECT,
    NET_LISTEN,
    NET_RESOLVE,
    FS_READ,
    FS_WRITE,
    FS_LIST,
    PROC_SPAWN,
    PROC_SIGNAL,
    ENV_READ,
    ENV_WRITE,
    NATIVE_LOAD,
    NATIVE_CALL,
    CODE_RUN,
    RUNTIME_PATCH,
    CAPABILITY_COUNT
} Capability;

/* UTF-8, with lone surrogates as surrogateescape and surrogatepass write them; not ended by a zero. */
typedef struct {
    const char *data;
    size_t size;
} Text;

/* In the order of KINDS in model.py. */
enum { KIND_DISTRIBUTION, KIND_APP, KIND_STDLIB, KIND_STARTUP, KIND_UNOWNED, KIND_COUNT };

/* In the order of PHASES in model.py. */
enum { PHASE_STARTUP, PHASE_IMPORT, PHASE_RUN, PHASE_COUNT };

/* An Owner: `kind` one of the above. */
typedef struct {
    Text name, version;
    int kind;
} OwnerText;

/* words.c */
extern const char *const capability_names[CAPABILITY_COUNT], *const kind_names[KIND_COUNT], *const phase_names[PHASE_COUNT];

/* match.c */
uint64_t text_hash(Text text);
Text text_before(Text text, char separator, Text *rest);

#endif
