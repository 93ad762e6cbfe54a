// Hashes of what a command reads, and stamps of the files that were read for them.
#ifndef SWEEP_CONTENT_HASH_H
#define SWEEP_CONTENT_HASH_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/sha256.h"

// Which file was meant by a path, and how it was, just before it was read.
struct stamp {
    const char *path;
    struct stat was;
    struct stamp *next;
};

struct stamps {
    struct arena *arena;
    struct stamp *first; // the latest
};

// ERR_IO "'PATH' changed while the sweep ran" for the first whose file is another by now, in size,
// time of change or place, or is gone.
MUST_CHECK enum status stamps_check(struct context *context, const struct stamps *stamps);

struct content_kind {
    const char *name;
    // stamps NULL: not wanted. Errors name the file.
    enum status (*hash)(struct context *context, const char *name, struct stamps *stamps,
                        char hex[SHA256_HEX_BYTES]);
};

extern const struct content_kind content_of_file; // with the external data that a model names
extern const struct content_kind content_of_data; // the samples, slice included
extern const struct content_kind content_of_device;
extern const struct content_kind content_of_folder; // all files in it, with their names

#endif
