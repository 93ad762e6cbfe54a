// Signals.
#include "cli/interrupt.h"

#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t arrived;
static void (*clean_up_outputs)(void);

static void end_by(int number)
{
    struct sigaction plain;
    sigset_t only;

    if (clean_up_outputs)
        clean_up_outputs();
    memset(&plain, 0, sizeof plain);
    plain.sa_handler = SIG_DFL;
    sigaction(number, &plain, NULL);
    sigemptyset(&only);
    sigaddset(&only, number);
    sigprocmask(SIG_UNBLOCK, &only, NULL); // in a handler its own signal is blocked
    raise(number);
    _exit(128 + number); // not reached
}

static void on_stop(int number)
{
    if (arrived)
        end_by(number);
    arrived = number;
}

static void on_pipe(int number)
{
    end_by(number);
}

static void catch_one(int number, void (*handler)(int))
{
    struct sigaction action, before;

    if (number != SIGPIPE && sigaction(number, NULL, &before) == 0 && before.sa_handler == SIG_IGN)
        return;
    memset(&action, 0, sizeof action); // no SA_RESTART: a read that waits gives up
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void interrupt_catch(void (*clean_up)(void))
{
    clean_up_outputs = clean_up;
    catch_one(SIGINT, on_stop);
    catch_one(SIGTERM, on_stop);
    catch_one(SIGHUP, on_stop);
    catch_one(SIGPIPE, on_pipe);
}

volatile sig_atomic_t *interrupt_flag(void)
{
    return &arrived;
}

void interrupt_finish(void)
{
    if (arrived)
        end_by(arrived);
}
