// What `ecai devices` does: one file a verb (devices_NAME.c), one row each in devices.def.
#ifndef CLI_DEVICES_H
#define CLI_DEVICES_H

#include "cli/command.h"
#include "cli/groups.h"

struct devices_verb {
    const char *name;
    const char *operands;           // behind the verb, for messages: "NAME"; "": none
    int min_operands, max_operands; // -1: any number
    const struct field *fields;     // its own options; NULL: none
    size_t offset;                  // of their struct in struct devices_options
    bool takes_json;                // --json
    // operand: those behind the verb. The text left in the context on failure is printed.
    enum status (*run)(struct invocation *invocation, int operand_count,
                       const char *const *operand);
};

struct calibrate_options {
    const char *csv;
    struct strings where, target;
    const char *terms;
    bool all, in_sample;
    const char *device, *precision;
    const char *name, *summary, *scope, *boundary, *runtime;
    const char *out;
    bool no_clobber;
};
extern const struct field calibrate_fields[];

struct validate_options {
    const char *svg;
    bool markdown;
};
extern const struct field validate_fields[];

struct devices_options {
    struct json_options json;
    struct calibrate_options calibrate;
    struct validate_options validate;
};

#define DEVICES_VERB(name) extern const struct devices_verb devices_verb_##name;
#include "cli/devices.def"
#undef DEVICES_VERB

#endif
