// The program.
#include "cli/interrupt.h"
#include "cli/shell.h"
#include "io/file.h"

int main(int argc, char **argv)
{
    int code;

    interrupt_catch(outputs_abandon);
    code = shell_main(argc, argv);
    if (code == 1) // failed: because somebody interrupted?
        interrupt_finish();
    return code;
}
