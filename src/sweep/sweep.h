// What a sweep asks of the program around it: the subcommands' tables, the keys of eval's report,
// and running one command line in a process of its own.
#ifndef SWEEP_SWEEP_H
#define SWEEP_SWEEP_H

#include "chain/chain.h"

enum sweep_verdict { SWEEP_HOLDS, SWEEP_MISSED, SWEEP_UNKNOWN }; // UNKNOWN: the report has null

struct sweep_host {
    void *self;
    const struct chain_rules *rules;
    const char *program;             // path of the executable that steps run
    const char *const *global_words; // given to every step beside its own, such as --isa; NULL last
    // Requirements and keys on ecai/eval/1. devices: the names in it, ends with NULL. ERR_USAGE
    // where the expression or the key makes no sense.
    enum status (*check_requirement)(void *self, struct context *context, const char *expression,
                                     const char *const *devices);
    enum status (*check_key)(void *self, struct context *context, const char *key,
                             const char *const *devices);
    enum sweep_verdict (*judge)(void *self, const char *expression, const char *const *devices,
                                const struct json *report);
};

#endif
