// From the words on the line to a running command and an exit code.
#ifndef CLI_SHELL_H
#define CLI_SHELL_H

#include "base/context.h"
#include "base/text.h"

// 0 done, 1 failed, 2 usage, 3 a requirement was missed. Everything but ending by a signal.
int shell_main(int argc, char **argv);

// Writes a result to stdout, all of it: ERR_IO otherwise.
MUST_CHECK enum status print_result(struct context *context, const struct text *text);
// Writes it to a file, whole or not at all, or to stdout for `-`. Errors name the file.
MUST_CHECK enum status write_result(struct context *context, const struct text *text,
                                    const char *path);

#endif
