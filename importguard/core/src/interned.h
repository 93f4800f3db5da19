/* Names that Python's objects are asked by for each module: a text that is made for a question is hashed for it as well. */
#ifndef IMPORTGUARD_INTERNED_H
#define IMPORTGUARD_INTERNED_H

#define INTERNED_NAMES(NAME)                                                                                           \
    NAME(bytecode_path)                                                                                                \
    NAME(cached)                                                                                                       \
    NAME(cache_tag)                                                                                                    \
    NAME(find_spec)                                                                                                    \
    NAME(flags)                                                                                                        \
    NAME(fullname)                                                                                                     \
    NAME(implementation)                                                                                               \
    NAME(loader)                                                                                                       \
    NAME(meta_path)                                                                                                    \
    NAME(name)                                                                                                         \
    NAME(optimize)                                                                                                     \
    NAME(origin)                                                                                                       \
    NAME(path)                                                                                                         \
    NAME(pathname)                                                                                                     \
    NAME(pycache_prefix)                                                                                               \
    NAME(self)                                                                                                         \
    NAME(source_path)                                                                                                  \
    NAME(_cached)                                                                                                      \
    NAME(_set_fileattr)                                                                                                \
    NAME(__name__)

#define DECLARE(name) PyObject *name;
typedef struct {
    INTERNED_NAMES(DECLARE)
} Interned;
#undef DECLARE
extern Interned interned;
int interned_start(void);
PyObject *interned_in(PyObject *dict, PyObject *name);

#endif
