/* Versions as they are compared; see versions.c. */
#ifndef IMPORTGUARD_VERSIONS_H
#define IMPORTGUARD_VERSIONS_H

#include "text.h"

enum { NO_PRE = -1 };

/* Texts are digits, but for `release` (digits with dots) and `local` (labels with separators, no size for none). */
typedef struct {
    Text epoch, release;
    int pre; /* 0 alpha, 1 beta, 2 candidate */
    Text pre_number;
    bool has_post, has_dev;
    Text post, dev;
    Text local;
} Version;

size_t version_space(Text text);
Text version_strip(Text text);
bool version_read(Text text, Version *version);
int version_compare(const Version *one, const Version *other);
int version_compare_numbers(Text one, Text other);
Text version_next_number(Text *release);
bool version_has_same_base(const Version *one, const Version *other);

#endif
