// What --tune found out, kept between runs: $XDG_CACHE_HOME/ecai/tuning, else ~/.cache/ecai/tuning.
#ifndef CLI_TUNING_FILE_H
#define CLI_TUNING_FILE_H

#include "base/context.h"

// Sets context->tuning, with what the file holds; a file that is no such file is ignored with a
// warning.
void tuning_file_open(struct context *context);
// Writes the file anew if something was found out since (whole or not at all; a failure is a
// warning), and clears context->tuning. Nothing where it is not set.
void tuning_file_close(struct context *context);

#endif
