// Our own executable as a child process: isolation, so that what crashes there costs itself alone.
#ifndef CLI_SPAWN_H
#define CLI_SPAWN_H

#include "base/context.h"

// Path of the program that runs (/proc/self/exe, else argv0 as the shell would find it), for
// struct child_request. ERR_IO: it is not known. Static.
MUST_CHECK enum status spawn_program(struct context *context, const char **out);
void spawn_set_argv0(const char *argv0);

#endif
