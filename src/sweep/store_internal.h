// Of the store alone.
#ifndef SWEEP_STORE_INTERNAL_H
#define SWEEP_STORE_INTERNAL_H

#include "base/context.h"

// Makes FOLDER unless it is there, and FOLDER/spec.json with the text, or makes sure that it holds
// that. Exactly one of several that race makes it. Errors name the folder. ERR_USAGE: it holds
// another spec, by its first difference, or files that no sweep made.
MUST_CHECK enum status store_spec_keep(struct context *context, const char *folder,
                                       const char *spec);

#endif
