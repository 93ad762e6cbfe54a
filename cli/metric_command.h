// --metric exec:CMD: accuracy as a command of the user's sees it.
#ifndef CLI_METRIC_COMMAND_H
#define CLI_METRIC_COMMAND_H

#include "eval/outputs.h"

// Saves the outputs to a temporary .npz (keys outputs, labels or targets), runs `command FILE` in a
// shell and takes the number that it prints first. ERR_IO if it fails, ERR_FORMAT if it prints
// none.
MUST_CHECK enum status metric_by_command(struct context *context, const char *command,
                                         const struct outputs *outputs, double *value);

#endif
