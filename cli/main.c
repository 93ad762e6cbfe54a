// The program.
#include <fcntl.h>
#include <unistd.h>

#include "base/child.h"
#include "cli/interrupt.h"
#include "cli/shell.h"
#include "cli/spawn.h"
#include "io/file.h"

// A stream that the caller has closed must not become the number of a file that we open: it is
// held by something that refuses its use.
static void hold_streams(void)
{
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        if (fcntl(stream, F_GETFD) < 0 &&
            open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
            _exit(1);
}

static void abandon(void)
{
    children_abandon();
    outputs_abandon();
}

int main(int argc, char **argv)
{
    int code;

    hold_streams();
    interrupt_catch(abandon);
    spawn_set_argv0(argc > 0 ? argv[0] : NULL);
    code = shell_main(argc, argv);
    if (code == 1) // failed: because somebody interrupted?
        interrupt_finish();
    return code;
}
