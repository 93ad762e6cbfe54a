// What `ecai sweep` gives src/sweep: the tables of the subcommands, the keys of eval's report, the
// program itself.
#ifndef CLI_SWEEP_HOST_H
#define CLI_SWEEP_HOST_H

#include "cli/command.h"
#include "sweep/run.h"

// Strings belong to the invocation's arena. ERR_IO where the program cannot be found.
MUST_CHECK enum status sweep_host_init(struct invocation *invocation, struct sweep_host *out);

// Warns of requirements that the chosen trial meets by less than the estimate's error; the warnings
// belong to the invocation's arena.
MUST_CHECK enum status sweep_doubts(struct invocation *invocation, struct sweep *sweep,
                                    struct strings *out);

#endif
