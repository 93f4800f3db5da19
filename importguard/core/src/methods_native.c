/* Native code that Python itself calls: ctypes, cffi, Tcl, sub-interpreters, and the modules that CPython tests itself with.
 * The event of ctypes says which name is looked up; what is called here is known by its address, wherever it came from. */
#include "builtins.h"
#include "methods.h"
#include "readers.h"

#include <dlfcn.h>
#include <string.h>

/* What reads, writes, connects, starts, maps, loads or calls the kernel, or leaves work behind that has no frame: by the names
 * of the C library, what that has for itself included, and of the interpreter. */
static const char *const SYMBOLS[] = {
    "open", "open64", "openat", "openat64", "openat2", "creat", "creat64", "fopen", "fopen64", "freopen", "freopen64",
    "opendir", "unlink", "unlinkat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat",
    "write", "writev", "truncate", "chmod", "chown", "remove", "mount", "umount2", "chroot", "pivot_root", "setns", "unshare", "sendfile",
    "splice", "copy_file_range", "memfd_create", "shm_open", "socket", "connect", "bind", "send", "sendto", "sendmsg",
    "sendmmsg", "getaddrinfo", "gethostbyname", "gethostbyname2", "res_query", "res_search", "execve", "execv",
    "execvp", "execvpe", "execl", "execlp", "execle", "fexecve", "execveat", "system", "popen", "posix_spawn",
    "posix_spawnp", "fork", "vfork", "clone", "clone3", "wordexp", "pthread_create", "thrd_create", "kill", "ptrace",
    "process_vm_readv", "process_vm_writev", "syscall", "mmap", "mmap64", "mprotect", "pkey_mprotect", "mremap",
    "dlopen", "dlmopen", "dlsym", "dlvsym",
    "__open_2", "__open64_2", "__openat_2", "__openat64_2", "__open_nocancel", "__open64_nocancel",
    "__openat_nocancel", "__openat64_nocancel", "setmntent", "__nss_files_fopen", "__nss_files_data_open",
    "_IO_file_fopen", "_IO_file_open", "catopen", "open_by_handle_at", "open_tree", "fsopen", "fspick",
    "move_mount", "updwtmp", "updwtmpx", "ruserpass", "_Py_open_noraise", "getspnam", "getspnam_r", "getspent",
    "getspent_r", "_nss_files_getspnam_r", "_nss_files_getspent_r", "__write_nocancel", "_Py_write_noraise",
    "pwrite", "pwrite64", "pwritev", "pwritev2", "aio_write", "aio_write64", "lio_listio", "lio_listio64",
    "dprintf", "vdprintf", "__dprintf_chk", "__vdprintf_chk", "fdopen", "dup2", "dup3", "PyFile_NewStdPrinter",
    "getaddrinfo_a", "gethostbyname_r", "gethostbyname2_r", "gethostbyaddr", "gethostbyaddr_r", "getnameinfo",
    "getnetbyname", "getnetbyname_r", "getnetbyaddr", "getnetbyaddr_r", "res_nquery", "res_nsearch",
    "res_querydomain", "res_nquerydomain", "res_send", "res_nsend", "__res_context_query", "__res_context_search",
    "__res_context_send", "_nss_dns_gethostbyname_r", "_nss_dns_gethostbyname2_r", "_nss_dns_gethostbyname3_r",
    "_nss_dns_gethostbyname4_r", "_nss_dns_gethostbyaddr_r", "_nss_dns_gethostbyaddr2_r", "_nss_dns_getnetbyname_r",
    "_nss_dns_getnetbyaddr_r", "rcmd", "rcmd_af", "rexec", "rexec_af", "forkpty", "daemon", "_Fork", "pidfd_spawn",
    "pidfd_spawnp", "Py_Main", "Py_BytesMain", "Py_RunMain", "timer_create", "mq_notify", "Py_AddPendingCall",
    "Py_AtExit", "PyThread_start_new_thread", "PyThread_start_joinable_thread", "PyEval_SetTrace",
    "PyEval_SetProfile", "PyEval_SetTraceAllThreads", "PyEval_SetProfileAllThreads", "_PyEval_SetTrace",
    "_PyEval_SetProfile", "_PyInterpreterState_SetEvalFrameFunc", "killpg", "sigqueue", "tgkill",
    "pidfd_send_signal", "pidfd_getfd", "iconv_open", "__gconv_open", "setenv", "putenv", "clearenv",
    "PyDict_AddWatcher", "PyType_AddWatcher", "PyFunction_AddWatcher", "PyCode_AddWatcher", "PyCode_ClearWatcher",
    "PyRefTracer_SetTracer", "_PyEval_RequestCodeExtraIndex", "PyUnstable_Eval_RequestCodeExtraIndex", "_PyCode_SetExtra",
    "PyUnstable_Code_SetExtra",
    "aio_read", "aio_read64", "aio_fsync", "aio_fsync64", "pthread_key_create", "tss_create", "pthread_atfork",
    "__register_atfork", "signal", "bsd_signal", "sysv_signal", "__sysv_signal", "ssignal", "sigset", "sigaction",
    "__sigaction", "sigvec", "PyOS_setsig", "PyThreadState_SetAsyncExc",
};

#define ADDRESSES 1024 /* a power of two, several times as many as there are symbols */
static struct {
    const void *address;
    const char *name;
} addresses[ADDRESSES];

static size_t
slot_of(const void *address)
{
    size_t at = ((uintptr_t)address >> 4) & (ADDRESSES - 1);
    while (addresses[at].address && addresses[at].address != address) {
        at = (at + 1) & (ADDRESSES - 1);
    }
    return at;
}

static void
add_address(const void *address, const char *name)
{
    size_t at = slot_of(address);
    if (address && !addresses[at].address) {
        addresses[at].address = address;
        addresses[at].name = name;
    }
}

/* Learn where the symbols are: in the C library, and where something in the process stands in their place. That takes a millisecond,
 * and many a process imports ctypes and calls nothing. */
static void
learn_addresses(void)
{
    static bool is_learnt;
    if (is_learnt) {
        return;
    }
    is_learnt = true;
    void *library = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    for (size_t at = 0; at < Py_ARRAY_LENGTH(SYMBOLS); at++) {
        add_address(dlsym(RTLD_DEFAULT, SYMBOLS[at]), SYMBOLS[at]);
        if (library) {
            add_address(dlsym(library, SYMBOLS[at]), SYMBOLS[at]);
        }
    }
    if (library) {
        dlclose(library);
    }
}

/* Ask about a call of native code by its address; returns 0 or -1. */
static int
ask_about_address(const void *address)
{
    if (!core.armed) {
        return 0;
    }
    learn_addresses();
    const char *name = addresses[slot_of(address)].name;
    return name ? ask_about_name(NATIVE_CALL, "%s", name) : 0;
}

/* Return the names that are known by their address, as a new tuple. */
PyObject *
native_symbols(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(nothing))
{
    PyObject *names = PyTuple_New(Py_ARRAY_LENGTH(SYMBOLS));
    for (size_t at = 0; names && at < Py_ARRAY_LENGTH(SYMBOLS); at++) {
        PyObject *name = PyUnicode_FromString(SYMBOLS[at]);
        if (!name) {
            Py_CLEAR(names);
            break;
        }
        PyTuple_SET_ITEM(names, (Py_ssize_t)at, name);
    }
    return names;
}

/* How a function of ctypes begins, and a value of cffi. */
typedef struct {
    PyObject_HEAD
    void **pointer;
} CtypesValue;
typedef struct {
    PyObject_HEAD
    PyObject *type;
    void *pointer;
} CffiValue;
static ternaryfunc call_ctypes, call_cffi;

static PyObject *
ask_and_call_ctypes(PyObject *function, PyObject *args, PyObject *options)
{
    void **pointer = ((CtypesValue *)function)->pointer;
    return pointer && ask_about_address(*pointer) < 0 ? NULL : call_ctypes(function, args, options);
}

static PyObject *
ask_and_call_cffi(PyObject *function, PyObject *args, PyObject *options)
{
    return ask_about_address(((CffiValue *)function)->pointer) < 0 ? NULL : call_cffi(function, args, options);
}

/* Put a function in the place of a type's own way to be called: in the type, and in its `__call__`, which a subclass that is
 * made later takes it from. Returns 0 (for a module without the type as well), or -1 with an error. */
static int
divert_calls(PyObject *module, const char *name, ternaryfunc ask, ternaryfunc *real)
{
    PyObject *type;
    if (entry_of(PyModule_GetDict(module), name, &type) < 0) {
        return -1;
    }
    if (!type || !PyType_Check(type) || !((PyTypeObject *)type)->tp_call) {
        return 0;
    }
    PyObject *wrapper = PyObject_GetAttrString(type, "__call__");
    ternaryfunc call = wrapper ? ((PyTypeObject *)type)->tp_call : NULL;
    if (call && call != ask && (!*real || call == *real)) {
        *real = call;
        ((PyTypeObject *)type)->tp_call = ask;
        if (Py_IS_TYPE(wrapper, &PyWrapperDescr_Type) && ((PyWrapperDescrObject *)wrapper)->d_wrapped == (void *)call) {
            ((PyWrapperDescrObject *)wrapper)->d_wrapped = (void *)ask;
        }
    }
    Py_XDECREF(wrapper);
    return wrapper ? 0 : -1;
}

/* Look at how a module that was just executed calls native code; returns 0, or -1 with an error. */
int
native_watch(PyObject *module, const char *name)
{
    static const char *const cffi_types[] = {
        "_CDataBase", "__CDataOwn", "__CDataOwnGC", "__CDataFromBuf", "__CDataGCP",
    };
    bool is_cffi = strcmp(name, "_cffi_backend") == 0;
    if (!is_cffi && strcmp(name, "_ctypes") != 0) {
        return 0;
    }
    int result = is_cffi ? 0 : divert_calls(module, "CFuncPtr", ask_and_call_ctypes, &call_ctypes);
    for (size_t at = 0; is_cffi && result == 0 && at < Py_ARRAY_LENGTH(cffi_types); at++) {
        result = divert_calls(module, cffi_types[at], ask_and_call_cffi, &call_cffi);
    }
    return result;
}

/* Modules that can do what no event tells of: whoever has them made must be allowed to. */
bool
native_is_asked_for(const char *name)
{
    static const char *const names[] = {
        "_ctypes",       "_cffi_backend",      "_tkinter",        "_interpreters",   "_xxsubinterpreters",
        "_testcapi",     "_testinternalcapi",  "_testlimitedcapi", "_testclinic",    "_testmultiphase",
    };
    for (size_t at = 0; at < Py_ARRAY_LENGTH(names); at++) {
        if (strcmp(names[at], name) == 0) {
            return true;
        }
    }
    return false;
}

/* _ctypes.call_function(address, arguments) and call_cdeclfunction */
static int
ask_call_function(Call *call, const char *Py_UNUSED(name))
{
    PyObject *address = call_value(call, 0, NULL);
    void *pointer = address && PyLong_Check(address) ? PyLong_AsVoidPtr(address) : NULL;
    PyErr_Clear();
    return ask_about_address(pointer);
}

/* load_library(path, flags) and FFI.dlopen(path, flags) of cffi. Twin: events.read_dlopen. */
static int
ask_library(Call *call, const char *Py_UNUSED(name))
{
    PyObject *value = call_value(call, 0, NULL);
    if (!value || !PyUnicode_Check(value)) {
        return 0;
    }
    PyObject *once = PyUnicode_FromObject(value), *target = NULL;
    int result = once ? call_give(call, 0, NULL, once) : -1;
    if (result == 0) {
        bool is_path = PyUnicode_FindChar(once, '/', 0, PyUnicode_GET_LENGTH(once), 1) >= 0;
        target = is_path ? locate_at(once, WORKING_FOLDER) : Py_NewRef(once);
        result = target ? judge_ask(NATIVE_LOAD, target, NULL) : PyErr_Occurred() ? -1 : 0;
    }
    Py_XDECREF(target);
    Py_XDECREF(once);
    return result;
}

/* load_function(type, name) and its like */
static int
ask_symbol(Call *call, const char *Py_UNUSED(name))
{
    PyObject *value = call_value(call, 1, NULL);
    PyObject *once = value && PyUnicode_Check(value) ? PyUnicode_FromObject(value) : NULL;
    int result = once && call_give(call, 1, NULL, once) == 0 ? judge_ask(NATIVE_CALL, once, NULL) : 0;
    Py_XDECREF(once);
    return PyErr_Occurred() ? -1 : result;
}

static int
ask_tcl(Call *Py_UNUSED(call), const char *name)
{
    return ask_about_name(NATIVE_CALL, "_tkinter.%s", name);
}

/* What an interpreter that is there already is told: a script can be in any of them, and do what create() could. */
static int
ask_tcl_script(Call *Py_UNUSED(call), const char *Py_UNUSED(name))
{
    return ask_is_free(NATIVE_CALL) ? 0 : ask_about_name(NATIVE_CALL, "_tkinter.%s", "eval");
}

static int
ask_interpreter(Call *Py_UNUSED(call), const char *name)
{
    return ask_about_name(NATIVE_CALL, "_interpreters.%s", name);
}

const Method methods_of_native[] = {
    {"_ctypes", NULL, "call_function", ask_call_function, NULL},
    {"_ctypes", NULL, "call_cdeclfunction", ask_call_function, NULL},
    {"_cffi_backend", NULL, "load_library", ask_library, NULL},
    {"_cffi_backend", "FFI", "dlopen", ask_library, NULL},
    {"_cffi_backend", "CLibrary", "load_function", ask_symbol, NULL},
    {"_cffi_backend", "CLibrary", "read_variable", ask_symbol, NULL},
    {"_cffi_backend", "CLibrary", "write_variable", ask_symbol, NULL},
    {"_tkinter", NULL, "create", ask_tcl, NULL},
    {"_tkinter", "TkappType", "call", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "eval", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "evalfile", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "record", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "exprstring", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "exprlong", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "exprdouble", ask_tcl_script, NULL},
    {"_tkinter", "TkappType", "exprboolean", ask_tcl_script, NULL},
    {"_interpreters", NULL, "create", ask_interpreter, NULL},
    {"_xxsubinterpreters", NULL, "create", ask_interpreter, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
