// What steps read, by content: hashes of files and data sets, each taken once, and keys of the
// cache made of them.
#ifndef SWEEP_CONTENTS_H
#define SWEEP_CONTENTS_H

#include "base/sha256.h"
#include "sweep/sweep.h"

struct contents;

// Of a file, together with the external data that it names if it is a model.
MUST_CHECK enum status content_hash(struct context *context, const char *path,
                                    char hex[SHA256_HEX_BYTES]);

struct contents *contents_new(void);
void contents_free(struct contents *contents);

// Safe to call from several threads. Errors name the file.
MUST_CHECK enum status contents_file(struct contents *contents, struct context *context,
                                     const char *path, char hex[SHA256_HEX_BYTES]);
// Of the samples of a source of data, slice included.
MUST_CHECK enum status contents_data(struct contents *contents, struct context *context,
                                     const char *spec, char hex[SHA256_HEX_BYTES]);

// Whether every file that was hashed is still the one that it was then. ERR_IO "'model.onnx'
// changed while the sweep ran": what was made meanwhile has no right to the keys that those hashes
// gave.
MUST_CHECK enum status contents_check(struct contents *contents, struct context *context);

// The key of a step: the program, the command, its options in any order (files, data and energy
// profiles by content), the seed, and the model that it reads (its sha256; NULL: none).
MUST_CHECK enum status contents_key(struct contents *contents, struct context *context,
                                    const struct sweep_host *host, const struct chain_step *step,
                                    const char *model, uint64_t seed, char key[SHA256_HEX_BYTES]);

#endif
