// INT, TERM and HUP: the first one only asks the work to stop, a second ends at once; either way
// the program cleans up and ends by that signal. PIPE cleans up and ends quietly.
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <signal.h>

// clean_up is called before ending; it must be safe in a signal handler. What the parent ignores
// (nohup) stays ignored.
void interrupt_catch(void (*clean_up)(void));

// 0, or the signal that asked to stop; for context.cancelled.
volatile sig_atomic_t *interrupt_flag(void);

// Ends the process by the signal that arrived, if one did.
void interrupt_finish(void);

#endif
