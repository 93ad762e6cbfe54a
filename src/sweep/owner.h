// Who works on a folder: a process, named so that others on this machine can tell whether it still
// runs. Numbers of processes are used again, so its start time is part of the name; they mean
// something only within one boot of one kernel and one namespace of processes (its "space").
#ifndef SWEEP_OWNER_H
#define SWEEP_OWNER_H

#include <stdbool.h>

#include "base/text.h"

struct owner {
    char name[17]; // 16 hex digits that nobody else has
    char host[256], space[128];
    long pid;
    long long started; // clock ticks since boot; 0: not known
};

enum owner_state {
    OWNER_RUNS,
    OWNER_ENDED,   // for certain: looked for on this machine
    OWNER_UNKNOWN, // of another machine, or the text says nothing
};

void owner_init(struct owner *owner);                           // of this process
void owner_print(const struct owner *owner, struct text *text); // a line of JSON
// text: as printed, read from a file. self: who asks.
enum owner_state owner_judge(const struct owner *self, const char *text);

#endif
