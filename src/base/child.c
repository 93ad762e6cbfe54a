// Child processes: fork and exec, pipes read until they close, groups ended in two steps.
#include "base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include "base/clock.h"

enum { KEEP_BYTES = 1 << 16, POLL_MS = 50, GRACE_SECONDS = 5, LOST = 127 };

// Groups that run, for children_abandon: a signal handler can reach nothing else. 0: free.
static volatile pid_t groups[CHILDREN_MAX];

// From a pipe to the fork that shall inherit it no other thread may fork: its child would hold the
// pipe open.
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

static void group_exchange(pid_t from, pid_t to)
{
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (__sync_bool_compare_and_swap(&groups[i], from, to))
            return;
}

void children_abandon(void)
{
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (groups[i] > 0)
            kill(-groups[i], SIGKILL);
}

static void close_end(int *end)
{
    if (*end >= 0)
        close(*end);
    *end = -1;
}

static bool make_pipe(int end[2])
{
    if (pipe(end) != 0) {
        end[0] = end[1] = -1;
        return false;
    }
    fcntl(end[0], F_SETFD, FD_CLOEXEC);
    fcntl(end[1], F_SETFD, FD_CLOEXEC);
    fcntl(end[0], F_SETFL, O_NONBLOCK);
    return true;
}

// The parent's handlers would swallow a signal that comes before exec. What is ignored stays so.
static void drop_handlers(const sigset_t *mask)
{
    static const int caught[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE};

    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        struct sigaction action;
        if (sigaction(caught[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN) {
            memset(&action, 0, sizeof action);
            action.sa_handler = SIG_DFL;
            sigaction(caught[i], &action, NULL);
        }
    }
    pthread_sigmask(SIG_SETMASK, mask, NULL);
}

// In the child: nothing but what is safe after a fork among threads. Does not return.
static void become(const struct child_request *request, const int *out, const int *err,
                   pid_t parent, const sigset_t *mask)
{
    int nothing = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    drop_handlers(mask);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    if (getppid() != parent) // it died before we asked to be told
        _exit(LOST);
    if (nothing >= 0 && dup2(nothing, STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0 &&
        dup2(err[1], STDERR_FILENO) >= 0) {
        char *const *argv;
        memcpy(&argv, &request->argv, sizeof argv); // exec takes, but does not change them
        execv(request->program, argv);
    }
    _exit(LOST);
}

// Who starts us may have SIGCHLD ignored, and then nobody learns how a child ended.
static void hear_of_ends(void)
{
    struct sigaction action;

    if (sigaction(SIGCHLD, NULL, &action) == 0 && action.sa_handler == SIG_IGN) {
        action.sa_handler = SIG_DFL;
        sigaction(SIGCHLD, &action, NULL);
    }
}

static enum status start(struct context *context, const struct child_request *request, int out[2],
                         int err[2], pid_t *child)
{
    pid_t parent = getpid();
    sigset_t all, mask;

    out[0] = out[1] = err[0] = err[1] = -1;
    if (access(request->program, X_OK) != 0)
        return context_fail(context, ERR_IO, "'%s' cannot be run: %s", request->program,
                            strerror(errno));
    pthread_mutex_lock(&forking);
    hear_of_ends();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &mask);
    *child = make_pipe(out) && make_pipe(err) ? fork() : -1;
    if (*child == 0)
        become(request, out, err, parent, &mask);
    if (*child > 0) {
        setpgid(*child, *child); // as the child does: whoever is first
        group_exchange(0, *child);
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    close_end(&out[1]);
    close_end(&err[1]);
    pthread_mutex_unlock(&forking);
    return *child > 0
               ? OK
               : context_fail(context, ERR_IO, "cannot start a process: %s", strerror(errno));
}

// Takes what is there; keeps the end of it. Closes at the stream's end.
static void drain(int *end, struct text *to, size_t keep, bool *cut)
{
    char bytes[4096];
    ssize_t count = 0;

    while (*end >= 0 && (count = read(*end, bytes, sizeof bytes)) > 0) {
        text_add_bytes(to, bytes, (size_t)count);
        if (to->length > 2 * keep) {
            *cut = true;
            memmove(to->at, to->at + to->length - keep, keep + 1);
            to->length = keep;
        }
    }
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR))
        close_end(end);
}

// Whether it has ended; says how. It is not reaped: until then its number is nobody else's, and its
// group can be killed.
static bool has_ended(pid_t child, struct child_result *result)
{
    siginfo_t end = {0};
    int answer = waitid(P_PID, (id_t)child, &end, WEXITED | WNOHANG | WNOWAIT);

    if (answer == 0 ? end.si_pid == 0 : errno == EINTR)
        return false;
    result->signal = answer == 0 && end.si_code != CLD_EXITED ? end.si_status : 0;
    result->code = answer != 0 ? LOST : end.si_code == CLD_EXITED ? end.si_status : 0;
    return true;
}

static void reap(pid_t child)
{
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

// Waits for what is printed; once both streams are closed, a little for the end itself.
static void wait_a_little(const int *out, const int *err, int *pause_ms)
{
    struct pollfd ends[2] = {{*out, POLLIN, 0}, {*err, POLLIN, 0}};

    if (*out >= 0 || *err >= 0) {
        poll(ends, 2, POLL_MS); // a negative number is passed over
        return;
    }
    poll(NULL, 0, *pause_ms);
    *pause_ms = *pause_ms < POLL_MS ? *pause_ms * 2 : POLL_MS;
}

// Until the child has ended, which is asked for when its time is over or the context cancelled.
static void follow(struct context *context, const struct child_request *request, pid_t child,
                   int *out, int *err, struct child_result *result)
{
    double begun = clock_seconds(), asked = 0;
    size_t keep = request->keep ? request->keep : KEEP_BYTES;
    bool is_cut = false, has_killed = false;
    int pause_ms = 1;

    while (!has_ended(child, result)) {
        bool is_late = request->timeout > 0 && clock_seconds() - begun > request->timeout;
        if (asked == 0 && (is_late || (context->cancelled && *context->cancelled))) {
            result->timed_out = is_late;
            asked = clock_seconds();
            kill(-child, SIGTERM);
            kill(-child, SIGCONT); // if it was stopped
        }
        if (asked > 0 && !has_killed && clock_seconds() - asked > GRACE_SECONDS) {
            kill(-child, SIGKILL);
            has_killed = true;
        }
        wait_a_little(out, err, &pause_ms);
        drain(out, &result->out, keep, &result->cut);
        drain(err, &result->err, keep, &is_cut);
        if (request->watch)
            request->watch(request->self, result);
    }
    result->seconds = clock_seconds() - begun;
    drain(out, &result->out, keep, &result->cut);
    drain(err, &result->err, keep, &is_cut);
}

enum status child_run(struct context *context, const struct child_request *request,
                      struct child_result *result)
{
    enum status status;
    int out[2], err[2];
    pid_t child = -1;

    memset(result, 0, sizeof *result);
    text_init(&result->out);
    text_init(&result->err);
    status = start(context, request, out, err, &child);
    if (status == OK) {
        follow(context, request, child, &out[0], &err[0], result);
        kill(-child, SIGKILL); // what it has left behind in its group
        group_exchange(child, 0);
        reap(child);
        if (!result->timed_out && context->cancelled && *context->cancelled)
            status = context_fail(context, ERR_CANCELLED, "interrupted");
    }
    close_end(&out[0]);
    close_end(&err[0]);
    return status;
}

void child_result_clear(struct child_result *result)
{
    text_clear(&result->out);
    text_clear(&result->err);
}

// The last line that is not empty, without the program's name before it.
static void add_last_line(const struct text *from, struct text *out)
{
    static const char name[] = "ecai: ";
    size_t end = from->length, begin;

    while (end > 0 && (from->at[end - 1] == '\n' || from->at[end - 1] == '\r'))
        end--;
    begin = end;
    while (begin > 0 && from->at[begin - 1] != '\n')
        begin--;
    if (end - begin > sizeof name - 1 && strncmp(from->at + begin, name, sizeof name - 1) == 0)
        begin += sizeof name - 1;
    text_add_escaped(out, from->at + begin, end - begin);
}

void child_result_explain(const struct child_request *request, const struct child_result *result,
                          struct text *out)
{
    size_t before = out->length;

    if (result->timed_out) {
        text_add(out, "took longer than ");
        text_add_double(out, request->timeout);
        text_add(out, " s");
    } else if (result->signal) {
        text_format(out, "ended by signal %d (%s)", result->signal, strsignal(result->signal));
    } else if (result->code == LOST && !result->err.length) {
        text_format(out, "'%s' cannot be run", request->program);
    } else if (result->code) {
        add_last_line(&result->err, out);
        if (out->length == before)
            text_format(out, "exit code %d", result->code);
    }
}
