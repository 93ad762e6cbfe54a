// Parts that all JSON documents share; docs/json.md describes them.
#ifndef CLI_JSON_COMMON_H
#define CLI_JSON_COMMON_H

#include "base/json.h"
#include "cli/command.h"
#include "cli/figures.h"
#include "cli/model_args.h"

// "provenance": {ecai, command, seed, inputs}; returns it, for what a document adds of its own.
struct json *json_add_provenance(struct json *document, const struct invocation *invocation);
// "model": the block of ecai/eval/1. executor NULL: null.
void json_add_model(struct json *document, const char *key, const struct named_model *model,
                    const struct counts *counts, const char *executor);
// "warnings": those that the console has kept.
void json_add_warnings(struct json *document, const struct invocation *invocation);

// "threads", "isa", "conv", "tuned": what the speed and the last bits depend on.
void json_add_running(struct json *parent, const struct invocation *invocation, enum isa isa);

// A number that is a count: whole if it is known, else null.
void json_add_count(struct json *parent, const char *key, double count);
void json_add_bits(struct json *parent, const char *key, int bits); // 0: null
// A name out of a file or off the line: what is not printable UTF-8 becomes \xNN. NULL: null.
void json_add_name(struct json *parent, const char *key, const char *name);
// The option under its name; nothing for one that is not given.
void json_add_field(struct json *parent, const struct field *field, const void *at);
void json_add_shape(struct json *parent, const char *key, const struct shape *shape,
                    const char *const *dim_name); // open dims by name or null

// --json FILE|- before work starts: takes the stream or looks whether the file can be written. path
// NULL: nothing to do.
MUST_CHECK enum status json_check_output(struct invocation *invocation, const char *path);
// Writes the document to FILE or `-`.
MUST_CHECK enum status json_write(struct invocation *invocation, const struct json *document,
                                  const char *path);

#endif
