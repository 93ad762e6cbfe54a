// Child processes: how they end is told apart, nothing of them is left behind.
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"

Suite *child_suite(void);

static struct context context;
static struct child_result result;
static struct text said;

static void setup(void)
{
    context_init(&context);
    text_init(&said);
}

static void teardown(void)
{
    child_result_clear(&result);
    text_clear(&said);
}

static enum status shell(const char *line, double timeout)
{
    const char *argv[] = {"sh", "-c", line, NULL};
    struct child_request request = {.program = "/bin/sh", .argv = argv, .timeout = timeout};
    enum status status = child_run(&context, &request, &result);

    child_result_explain(&request, &result, &said);
    return status;
}

START_TEST(exit_code_and_streams_are_told_apart)
{
    ck_assert_int_eq(shell("echo to out; echo 'ecai: to err' >&2; exit 3", 0), OK);
    ck_assert_int_eq(result.code, 3);
    ck_assert_int_eq(result.signal, 0);
    ck_assert_str_eq(result.out.at, "to out\n");
    ck_assert_str_eq(result.err.at, "ecai: to err\n");
    ck_assert_str_eq(said.at, "to err");
}
END_TEST

START_TEST(success_explains_nothing)
{
    ck_assert_int_eq(shell("echo noise >&2", 0), OK);
    ck_assert_int_eq(result.code, 0);
    ck_assert_str_eq(said.at, "");
}
END_TEST

START_TEST(a_signal_is_named)
{
    ck_assert_int_eq(shell("kill -SEGV $$", 0), OK);
    ck_assert_int_eq(result.signal, SIGSEGV);
    ck_assert_ptr_nonnull(strstr(said.at, "ended by signal 11"));
}
END_TEST

// The shell and what it started: TERM reaches the whole group.
START_TEST(what_hangs_is_ended_with_its_group)
{
    pid_t pid;

    ck_assert_int_eq(shell("sleep 1000 & echo $!; wait", 0.3), OK);
    ck_assert(result.timed_out);
    ck_assert_double_lt(result.seconds, 4);
    ck_assert_str_eq(said.at, "took longer than 0.3 s");
    pid = (pid_t)strtol(result.out.at, NULL, 10);
    ck_assert_int_gt(pid, 0);
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) // until init has reaped it
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    ck_assert(kill(pid, 0) != 0 || getppid() == 1);
}
END_TEST

START_TEST(what_ignores_to_be_ended_is_killed)
{
    ck_assert_int_eq(shell("trap '' TERM; while :; do sleep 0.1; done", 0.2), OK);
    ck_assert(result.timed_out);
    ck_assert_int_eq(result.signal, SIGKILL);
    ck_assert_double_ge(result.seconds, 5);
}
END_TEST

START_TEST(what_is_left_behind_in_the_group_is_killed_and_the_child_reaped)
{
    pid_t pid;

    ck_assert_int_eq(shell("sleep 1000 >/dev/null 2>&1 & echo $!", 0), OK);
    ck_assert_int_eq(result.code, 0);
    pid = (pid_t)strtol(result.out.at, NULL, 10);
    ck_assert_int_gt(pid, 0);
    for (int i = 0; i < 100 && kill(pid, 0) == 0; i++) // until init has reaped it
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    ck_assert(kill(pid, 0) != 0 || getppid() == 1);
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}
END_TEST

START_TEST(stdin_is_empty)
{
    ck_assert_int_eq(shell("cat; echo end", 0), OK);
    ck_assert_str_eq(result.out.at, "end\n");
}
END_TEST

START_TEST(of_much_the_end_is_kept)
{
    ck_assert_int_eq(shell("i=0; while [ $i -lt 40000 ]; do echo 0123456789; i=$((i+1)); done; "
                           "echo last",
                           0),
                     OK);
    ck_assert(result.cut);
    ck_assert_uint_le(result.out.length, 2 << 16);
    ck_assert_str_eq(result.out.at + result.out.length - 5, "last\n");
}
END_TEST

START_TEST(what_cannot_be_run_is_named)
{
    const char *argv[] = {"none", NULL};
    struct child_request request = {.program = "/nowhere/none", .argv = argv};

    ck_assert_int_eq(child_run(&context, &request, &result), ERR_IO);
    ck_assert_str_eq(context.error, "'/nowhere/none' cannot be run: No such file or directory");
}
END_TEST

START_TEST(an_interrupt_ends_the_child)
{
    static volatile sig_atomic_t cancelled = SIGINT;

    context.cancelled = &cancelled;
    ck_assert_int_eq(shell("sleep 1000", 0), ERR_CANCELLED);
    ck_assert_double_lt(result.seconds, 4);
}
END_TEST

static void *run_many(void *failed)
{
    struct context own;
    const char *argv[] = {"sh", "-c", "echo $0; exit 7", "word", NULL};
    struct child_request request = {.program = "/bin/sh", .argv = argv};

    context_init(&own);
    for (int i = 0; i < 25; i++) {
        struct child_result one;
        if (child_run(&own, &request, &one) != OK || one.code != 7 ||
            strcmp(one.out.at, "word\n") != 0)
            *(int *)failed += 1;
        child_result_clear(&one);
    }
    return NULL;
}

START_TEST(threads_run_children_side_by_side)
{
    pthread_t thread[4];
    int failed[4] = {0};

    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_many, &failed[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        ck_assert_int_eq(failed[i], 0);
    }
}
END_TEST

#ifdef __linux__
// A parent that is killed with -9 cannot clean up: the kernel does.
START_TEST(a_killed_parent_takes_its_child_along)
{
    int ends[2];
    char byte;
    pid_t parent;

    ck_assert_int_eq(pipe(ends), 0);
    parent = fork();
    if (parent == 0) {
        close(ends[0]);
        // The child holds the pipe open as long as it lives.
        _exit(shell("exec sleep 1000", 0) == OK ? 0 : 1);
    }
    close(ends[1]);
    nanosleep(&(struct timespec){0, 300000000}, NULL);
    ck_assert_int_eq(kill(parent, SIGKILL), 0);
    ck_assert_int_eq(waitpid(parent, NULL, 0), parent);
    while (read(ends[0], &byte, 1) > 0) // ends when the last holder is gone
        continue;
    close(ends[0]);
}
END_TEST
#endif

Suite *child_suite(void)
{
    Suite *suite = suite_create("child");
    TCase *tests = tcase_create("child");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 30);
    tcase_add_test(tests, exit_code_and_streams_are_told_apart);
    tcase_add_test(tests, success_explains_nothing);
    tcase_add_test(tests, a_signal_is_named);
    tcase_add_test(tests, what_hangs_is_ended_with_its_group);
    tcase_add_test(tests, what_ignores_to_be_ended_is_killed);
    tcase_add_test(tests, what_is_left_behind_in_the_group_is_killed_and_the_child_reaped);
    tcase_add_test(tests, stdin_is_empty);
    tcase_add_test(tests, of_much_the_end_is_kept);
    tcase_add_test(tests, what_cannot_be_run_is_named);
    tcase_add_test(tests, an_interrupt_ends_the_child);
    tcase_add_test(tests, threads_run_children_side_by_side);
#ifdef __linux__
    tcase_add_test(tests, a_killed_parent_takes_its_child_along);
#endif
    suite_add_tcase(suite, tests);
    return suite;
}
