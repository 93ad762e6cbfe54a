// Compressed bytes, whole pieces at a time: gzip files seen through, and raw zlib streams. The only
// user of zlib.
#ifndef IO_GZIP_H
#define IO_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/context.h"
#include "base/text.h"
#include "io/span.h"

bool gzip_probe(struct span head); // whether these are the first bytes of a gzip file

// Inflates a whole gzip file (several members one after the other too) into fresh heap memory (the
// caller frees). ERR_FORMAT: damaged or cut short; ERR_UNSUPPORTED: more than `limit` bytes.
MUST_CHECK enum status gzip_inflate(struct context *context, struct span bytes, size_t limit,
                                    unsigned char **out, size_t *count);

// A zlib stream (RFC 1950). inflate: out on the heap (the caller frees at), at most `limit` bytes.
MUST_CHECK enum status zlib_inflate(struct context *context, struct span bytes, size_t limit,
                                    struct span *out);
// Appends to out; the same bytes for the same input.
MUST_CHECK enum status zlib_deflate(struct context *context, struct span bytes, struct text *out);

// Raw deflate without any header, as .npz files hold it.
MUST_CHECK enum status deflate_inflate(struct context *context, struct span bytes, size_t limit,
                                       struct span *out);
unsigned long crc32_of(struct span bytes); // of zip and gzip

#endif
