/* From frame to frame outwards, and whose code runs in each: what every decision goes through, in place of calls. Part of ccore.h. */
#ifndef IMPORTGUARD_OUTWARDS_H
#define IMPORTGUARD_OUTWARDS_H

typedef struct {
    _PyInterpreterFrame *inner;
    PyFrameObject *outer; /* a strong reference, in public mode */
    PyCodeObject *code;   /* borrowed: its frame keeps it alive */
    bool is_public;
} Cursor;

/* frames.c */
void cursor_start(Cursor *cursor, PyFrameObject *frame);
void cursor_back_publicly(Cursor *cursor);
void cursor_end(Cursor *cursor);
PyObject *cursor_globals(const Cursor *cursor);
PyObject *cursor_local(const Cursor *cursor, PyObject *name);
bool cursor_imports(const Cursor *cursor);
const void *frame_here(void);
PyObject *frames_codes(bool is_public);
int frames_check(void);

/* Rest at a frame, or at the first one outwards that the public API shows as well. */
static inline void
cursor_rest(Cursor *cursor, _PyInterpreterFrame *frame)
{
    cursor->code = NULL;
    for (; frame; frame = frame->previous) {
#if PY_VERSION_HEX >= 0x030C0000
        if (frame->owner == FRAME_OWNED_BY_CSTACK) {
            continue;
        }
#endif
        if (!_PyFrame_IsIncomplete(frame)) {
#if PY_VERSION_HEX < 0x030D0000
            cursor->code = frame->f_code;
#else
            cursor->code = (PyCodeObject *)frame->f_executable;
#endif
            break;
        }
    }
    cursor->inner = frame;
}

static inline void
cursor_back(Cursor *cursor)
{
    if (cursor->is_public) {
        cursor_back_publicly(cursor);
    }
    else {
        cursor_rest(cursor, cursor->inner->previous);
    }
}

/* Tell one frame that is running from another. */
static inline void *
cursor_identity(const Cursor *cursor)
{
    return cursor->is_public ? (void *)cursor->outer : (void *)cursor->inner;
}

/* How CPython 3.11 to 3.13 keeps what others have put on a code object (_PyCodeObjectExtra in Objects/codeobject.c). */
typedef struct {
    Py_ssize_t size;
    void *values[1];
} CodeExtra;

/* tags.c */
int tags_start(void);
Tag tag_by_api(PyCodeObject *code);
int tag_set_all(PyCodeObject *code, Tag tag);
int tag_set_untagged(PyCodeObject *code, Tag tag);
int tags_sweep(PyObject *namespace, Tag tag);

static inline Tag
tag_get(PyCodeObject *code)
{
    const CodeExtra *extra = core.public_tags ? NULL : code->co_extra;
    Tag tag = extra && core.tag_index < extra->size ? (Tag)extra->values[core.tag_index] : NO_TAG;
    return tag != NO_TAG ? tag : tag_by_api(code);
}

/* places.c */
extern struct Places {
    Place *all;
    size_t count, room;
} places;

/* Return the place of a tag; that of NO_TAG is unresolved. The pointer holds until the next place is made. */
static inline Place *
place_at(Tag tag)
{
    return &places.all[PLACE_OF(tag) < places.count ? PLACE_OF(tag) : 0];
}

#endif
