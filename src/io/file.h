// Files in and out. Reading maps a file or takes all of standard input; writing makes a temporary
// file beside the target and renames it, so that a failure leaves what was there.
#ifndef IO_FILE_H
#define IO_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/context.h"
#include "base/sha256.h"
#include "base/text.h"
#include "io/span.h"

// The bytes of a file, read-only, with a count of holders: tensors share it (tensor_wrap).
struct mapped;

// path "-": all of standard input. A regular file is mapped, anything else is read to its end.
// One holder, the caller. ERR_IO: "cannot be opened: ...", "is a folder". An empty file is OK
// here and has a span of length 0. Errors do not name the file: the caller does.
MUST_CHECK enum status mapped_open(struct context *context, const char *path, struct mapped **out);
// Over bytes on the heap; takes them (free).
struct mapped *mapped_from_heap(void *bytes, size_t count);
void mapped_share(struct mapped *mapped);
void mapped_release(struct mapped *mapped); // NULL is fine
struct span mapped_bytes(const struct mapped *mapped);
bool mapped_is_file(const struct mapped *mapped); // pages may be dropped (base/spill.h)
void mapped_sha256(const struct mapped *mapped, char hex[SHA256_HEX_BYTES]);

struct output_options {
    bool no_clobber; // an existing target is an error
};

// Whether the target can be written, before any work: the folder is there and writable, the target
// is no folder, no_clobber. path "-" is fine. ERR_IO otherwise.
MUST_CHECK enum status output_check(struct context *context, const char *path,
                                    const struct output_options *options);

// One file being written. "-" is standard output, where nothing appears before output_close: hand
// over what is complete and verified. A device, FIFO or socket is written straight.
struct output;
MUST_CHECK enum status output_open(struct context *context, const char *path,
                                   const struct output_options *options, struct output **out);
MUST_CHECK enum status output_write(struct context *context, struct output *output,
                                    const void *bytes, size_t count);
// Flushes to the disk and puts the file in place (following links, keeping the mode of what was
// there). Frees the output in any case; on failure the target is as before.
MUST_CHECK enum status output_close(struct context *context, struct output *output);
void output_discard(struct output *output); // NULL is fine

// All at once.
MUST_CHECK enum status output_file(struct context *context, const char *path,
                                   const struct output_options *options, const void *bytes,
                                   size_t count);

// A folder being made beside its target and renamed at the end. A target that ecai made before is
// replaced (other files in it are kept); a non-empty one that it did not make is refused.
struct output_folder;
MUST_CHECK enum status output_folder_check(struct context *context, const char *path,
                                           const struct output_options *options);
MUST_CHECK enum status output_folder_open(struct context *context, const char *path,
                                          const struct output_options *options,
                                          struct output_folder **out);
// name: of a file directly in the folder; neither empty nor with '/' nor a leading '.'.
MUST_CHECK enum status output_folder_add(struct context *context, struct output_folder *folder,
                                         const char *name, const void *bytes, size_t count);
MUST_CHECK enum status output_folder_close(struct context *context, struct output_folder *folder);
void output_folder_discard(struct output_folder *folder); // NULL is fine

// Removes every temporary that is still there. For a program that ends at once, by a signal:
// async-signal-safe.
void outputs_abandon(void);

#endif
