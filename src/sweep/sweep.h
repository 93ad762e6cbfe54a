// What a sweep asks of the program around it: the subcommands' tables, and running one command line
// in a process of its own.
#ifndef SWEEP_SWEEP_H
#define SWEEP_SWEEP_H

#include "chain/chain.h"

// How a command line ended.
struct sweep_outcome {
    int code;     // exit code; -1: it did not exit
    int signal;   // that ended it; 0: none
    bool is_late; // it ran out of time and was stopped
    double seconds;
    const char *message; // the last line that it wrote to stderr, without "ecai: "; "" if none
};

struct sweep_host {
    void *self;
    const struct chain_rules *rules;
    const char *version;
    const char *executable; // to be hashed: another program is another cache
    // Runs `ecai WORDS` (argv[0] stands for the program) and waits. limit in seconds, 0: none.
    // Strings go to the arena. Fails only where it could not be started, or was interrupted.
    // Called from several threads.
    enum status (*run)(void *self, struct context *context, struct arena *arena, char *const *argv,
                       double limit, struct sweep_outcome *out);
};

#endif
