// numpy's arrays: .npy of versions 1 to 3, and .npz, a zip of them (stored or deflated).
// Fortran order and big-endian numbers are converted when read.
#ifndef IO_NPY_H
#define IO_NPY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/text.h"
#include "io/file.h"
#include "io/span.h"
#include "ir/tensor.h"

int npy_probe(struct span head); // 0 or 100
int npz_probe(struct span head);

// The caller releases the tensor. Data that are aligned and in C order stay in the mapped file.
// Errors do not name the file. ERR_FORMAT: no .npy, cut short; ERR_UNSUPPORTED: types such as
// complex, text and records.
MUST_CHECK enum status npy_read(struct context *context, const char *path, struct tensor *out);
// holder NULL: the data are copied.
MUST_CHECK enum status npy_read_bytes(struct context *context, struct span bytes,
                                      struct mapped *holder, struct tensor *out);
// Appends a .npy. What numpy does not have is widened: bf16 to f32, i4 and u4 to i8 and u8.
MUST_CHECK enum status npy_put(struct context *context, const struct tensor *tensor,
                               struct text *out);
MUST_CHECK enum status npy_write(struct context *context, const char *path,
                                 const struct output_options *options, const struct tensor *tensor);

struct npz_entry {
    const char *name; // without ".npy"
    struct tensor tensor;
};

struct npz {
    struct arena *arena; // of names and list
    struct npz_entry *entry;
    size_t count;
};

// In the order of the file. The caller clears it in any case of OK.
MUST_CHECK enum status npz_read(struct context *context, const char *path, struct npz *out);
MUST_CHECK enum status npz_read_bytes(struct context *context, struct span bytes,
                                      struct mapped *holder, struct npz *out);
const struct tensor *npz_find(const struct npz *npz, const char *name); // NULL: not there
void npz_clear(struct npz *npz);

// Stored, with a fixed time, so that the same arrays give the same bytes. ERR_UNSUPPORTED from
// 4 GB on. NAME.npy for each; names are unique.
MUST_CHECK enum status npz_put(struct context *context, const struct npz_entry *entry, size_t count,
                               struct text *out);
MUST_CHECK enum status npz_write(struct context *context, const char *path,
                                 const struct output_options *options,
                                 const struct npz_entry *entry, size_t count);

#endif
