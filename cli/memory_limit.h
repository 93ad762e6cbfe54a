// --max-memory: ends the program when it holds more memory than it may.
#ifndef CLI_MEMORY_LIMIT_H
#define CLI_MEMORY_LIMIT_H

#include <stdint.h>

#include "base/context.h"

// From now on: exit code 1, with a message and without leftovers, once the process holds more than
// `bytes` of memory of its own (mapped files do not count). Looked at many times a second.
MUST_CHECK enum status memory_limit_start(struct context *context, int64_t bytes);

#endif
