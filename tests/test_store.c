// A sweep's folder under many hands: claims, takeovers, entries that are whole or not there. What
// the other processes do is done by processes of their own.
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sweep/folder.h"
#include "sweep/lock.h"
#include "sweep/owner.h"
#include "sweep/share.h"
#include "sweep/store.h"
#include "sweep/workers.h"

Suite *store_suite(void);

static struct context context;
static struct arena *arena;
static char folder[64];
static char path_of[4][200];
static int next_path;

static const char *in(const char *name)
{
    char *path = path_of[next_path++ % 4];

    snprintf(path, sizeof path_of[0], "%s/%s", folder, name);
    return path;
}

static void setup(void)
{
    context_init(&context);
    arena = arena_new();
    snprintf(folder, sizeof folder, "/tmp/ecai-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    folder_remove(folder);
    arena_free(arena);
}

static struct locks *signed_in(void)
{
    struct locks *locks;

    ck_assert_msg(locks_open(&context, in("locks"), &locks) == OK, "%s", context.error);
    return locks;
}

static bool claim(struct locks *locks, const char *name)
{
    bool got;

    ck_assert_msg(locks_claim(&context, locks, name, &got) == OK, "%s", context.error);
    return got;
}

static bool count_one(void *count, const char *name)
{
    (void)name;
    ++*(long *)count;
    return true;
}

static long entries(const char *path)
{
    long count = 0;

    folder_each(path, count_one, &count);
    return count;
}

// A process that does `work` and ends without a word, as if killed.
static pid_t process(void (*work)(int argument), int argument)
{
    pid_t pid = fork();

    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        work(argument);
        kill(getpid(), SIGKILL);
    }
    return pid;
}

static void await(pid_t pid)
{
    ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

// As if last touched so many seconds ago.
static void age(const char *path, long seconds)
{
    struct timespec times[2];

    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= seconds;
    times[1] = times[0];
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(a_claim_is_for_one_until_it_is_given_back)
{
    struct locks *one = signed_in(), *other = signed_in();

    ck_assert(claim(one, "trial_1"));
    ck_assert(!claim(one, "trial_1"));
    ck_assert(!claim(other, "trial_1"));
    ck_assert(claim(other, "trial_2"));
    locks_release(one, "trial_1");
    ck_assert(claim(other, "trial_1"));
    locks_close(one);
    locks_close(other);
    ck_assert_int_eq(entries(in("locks")), 0);
}
END_TEST

// Names that begin alike, or hold dots and digits, are different names.
START_TEST(claims_are_told_apart_by_their_whole_name)
{
    struct locks *one = signed_in(), *other = signed_in();

    ck_assert(claim(one, "a"));
    ck_assert(claim(other, "a.0"));
    ck_assert(claim(other, "ab"));
    ck_assert(!claim(one, "a.0"));
    locks_close(other);
    ck_assert(claim(one, "a.0"));
    locks_close(one);
}
END_TEST

static void claim_and_die(int argument)
{
    (void)argument;
    claim(signed_in(), "trial_1");
}

static void claim_and_live(int argument)
{
    (void)argument;
    claim(signed_in(), "trial_1");
    pause();
}

START_TEST(what_the_dead_have_is_taken_over)
{
    struct locks *locks;
    pid_t pid = process(claim_and_die, 0);

    await(pid);
    locks = signed_in();
    ck_assert_int_eq(entries(in("locks")), 1); // ours: leftovers are gone
    ck_assert(claim(locks, "trial_1"));
    locks_close(locks);
}
END_TEST

START_TEST(a_zombie_is_dead)
{
    struct locks *locks = signed_in();
    pid_t pid = process(claim_and_die, 0);
    siginfo_t about;

    ck_assert_int_eq(waitid(P_PID, (id_t)pid, &about, WEXITED | WNOWAIT), 0);
    ck_assert(claim(locks, "trial_1"));
    locks_close(locks);
    await(pid);
}
END_TEST

START_TEST(what_the_living_have_is_left)
{
    pid_t pid = process(claim_and_live, 0);
    struct locks *locks;

    for (int i = 0; i < 500 && entries(in("locks")) < 2; i++)
        pause_ms(10);
    age(in("locks/trial_1.0"), 3600); // stopped, perhaps, but there
    locks = signed_in();
    ck_assert_int_eq(entries(in("locks")), 3);
    ck_assert(!claim(locks, "trial_1"));
    kill(pid, SIGKILL);
    await(pid);
    ck_assert(claim(locks, "trial_1"));
    locks_close(locks);
}
END_TEST

// An owner as a process of the same number that started at another time wrote it.
START_TEST(a_number_used_again_is_no_owner)
{
    struct locks *locks = signed_in();
    struct owner owner;
    struct text text;

    owner_init(&owner);
    if (owner.started) {
        owner.started--;
        text_init(&text);
        owner_print(&owner, &text);
        write_file(in("locks/trial_1.0"), text.at);
        text_clear(&text);
        ck_assert(claim(locks, "trial_1"));
    }
    locks_close(locks);
}
END_TEST

START_TEST(on_another_machine_silence_for_a_minute_is_death)
{
    static const char foreign[] = "{\"host\":\"far\",\"space\":\"far\",\"pid\":1,\"started\":1}";
    struct locks *locks = signed_in();

    write_file(in("locks/trial_1.3"), foreign);
    ck_assert(!claim(locks, "trial_1"));
    age(in("locks/trial_1.3"), 50);
    ck_assert(!claim(locks, "trial_1"));
    age(in("locks/trial_1.3"), 70);
    ck_assert(claim(locks, "trial_1"));
    ck_assert_int_ne(access(in("locks/trial_1.3"), F_OK), 0);
    ck_assert_int_eq(access(in("locks/trial_1.4"), F_OK), 0);
    locks_close(locks);
}
END_TEST

START_TEST(what_says_nothing_counts_by_its_age)
{
    struct locks *locks = signed_in();

    write_file(in("locks/trial_1.0"), "");
    ck_assert(!claim(locks, "trial_1"));
    age(in("locks/trial_1.0"), 70);
    ck_assert(claim(locks, "trial_1"));
    locks_close(locks);
}
END_TEST

enum { HANDS = 6, NAMES = 60 };

// Claims every name once; what it gets it says in a file of its own, then lives on a while.
static void grab(int number)
{
    struct locks *locks = signed_in();
    char name[40];
    FILE *log;

    snprintf(name, sizeof name, "got-%d", number);
    log = fopen(in(name), "w");
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "name_%d", (i * 7 + number * 11) % NAMES);
        if (claim(locks, name))
            fprintf(log, "%s\n", name);
    }
    fclose(log);
    pause();
}

static void leave_claims(int argument)
{
    struct locks *locks = signed_in();
    char name[40];

    (void)argument;
    for (int i = 0; i < NAMES; i++) {
        snprintf(name, sizeof name, "name_%d", i);
        claim(locks, name);
    }
}

static void add_names(int number, int seen[NAMES])
{
    char line[64];
    FILE *log;

    snprintf(line, sizeof line, "got-%d", number);
    log = fopen(in(line), "r");
    ck_assert_ptr_nonnull(log);
    while (fgets(line, sizeof line, log))
        seen[strtol(line + sizeof "name_" - 1, NULL, 10)]++;
    fclose(log);
}

// Six processes at once on claims that a dead one had: each is taken over by exactly one.
START_TEST(of_many_that_take_over_one_does)
{
    int seen[NAMES] = {0};
    struct locks *locks = signed_in(); // so that nobody tidies before all are there
    pid_t dead = process(leave_claims, 0), pid[HANDS];

    await(dead);
    for (int i = 0; i < HANDS; i++)
        pid[i] = process(grab, i);
    pause_ms(1500);
    for (int i = 0; i < HANDS; i++)
        kill(pid[i], SIGKILL);
    for (int i = 0; i < HANDS; i++) {
        await(pid[i]);
        add_names(i, seen);
    }
    for (int i = 0; i < NAMES; i++)
        ck_assert_msg(seen[i] == 1, "name_%d: taken %d times", i, seen[i]);
    locks_close(locks);
}
END_TEST

// A line of a file that all append to: whole, and after all that were there.
static void note(int fd, char what)
{
    char line[32];
    int length = snprintf(line, sizeof line, "%c %ld\n", what, (long)getpid());

    ck_assert_int_eq(write(fd, line, (size_t)length), length);
}

// In and out of one claim as fast as it goes, every now and then dying in it.
static void rush(int number)
{
    struct locks *locks = signed_in();
    unsigned random = (unsigned)number * 7919 + 1;
    int fd = open(in("log"), O_WRONLY | O_CREAT | O_APPEND, 0666), entered = 0;

    for (int i = 0; i < 100000 && entered < 200; i++) {
        if (!claim(locks, "door"))
            continue;
        entered++;
        note(fd, 'i');
        random = random * 1664525 + 1013904223;
        if ((random >> 16) % 40 == 0) {
            note(fd, 'o');
            return; // dies inside
        }
        note(fd, 'o');
        locks_release(locks, "door");
    }
}

// Every "i" is followed by the same process's "o".
static void assert_one_at_a_time(int *count)
{
    FILE *log = fopen(in("log"), "r");
    char what, last = 'o';
    long pid, inside = 0;

    ck_assert_ptr_nonnull(log);
    for (*count = 0; fscanf(log, "%c %ld\n", &what, &pid) == 2; ++*count) {
        ck_assert_msg(what != last && (what == 'i' || pid == inside), "line %d: %c %ld", *count,
                      what, pid);
        last = what;
        inside = pid;
    }
    fclose(log);
}

START_TEST(nobody_is_in_with_another_even_when_some_die)
{
    enum { RUSHES = 40 };
    pid_t pid[HANDS];
    int started = 0, count;

    for (int i = 0; i < HANDS; i++)
        pid[i] = process(rush, started++);
    while (started < RUSHES) {
        pid_t ended = waitpid(-1, NULL, 0);
        for (int i = 0; i < HANDS; i++)
            if (pid[i] == ended)
                pid[i] = process(rush, started++);
    }
    for (int i = 0; i < HANDS; i++)
        await(pid[i]);
    assert_one_at_a_time(&count);
    ck_assert_int_ge(count, 2 * RUSHES);
}
END_TEST

static const char spec_a[] = "{\"model\":\"m\",\"chain\":[{\"sparsity\":0.5}]}";
static const char spec_b[] = "{\"model\":\"m\",\"chain\":[{\"sparsity\":0.6}]}";

static struct store *opened(void)
{
    struct store *store;

    ck_assert_msg(store_open(&context, in("sweep"), NULL, spec_a, &store) == OK, "%s",
                  context.error);
    return store;
}

START_TEST(a_folder_keeps_its_spec)
{
    struct store *store = opened(), *other;
    char want[300];

    ck_assert_int_eq(store_open(&context, in("sweep"), NULL, spec_b, &other), ERR_USAGE);
    snprintf(want, sizeof want,
             "'%s' was made with another spec: 'chain.0.sparsity' is 0.5 there, 0.6 here",
             in("sweep"));
    ck_assert_str_eq(context.error, want);
    ck_assert_int_eq(store_open(&context, in("sweep"), NULL, "{\"model\":\"m\"}", &other),
                     ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "'chain' is [{\"sparsity\":0.5}] there, nothing"));
    store_close(store);
    store_close(opened());
}
END_TEST

START_TEST(a_folder_that_no_sweep_made_is_refused)
{
    struct store *store;

    ck_assert_int_eq(mkdir(in("sweep"), 0777), 0);
    write_file(in("sweep/thesis.tex"), "years of work");
    ck_assert_int_eq(store_open(&context, in("sweep"), NULL, spec_a, &store), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "holds files that no sweep made"));
    ck_assert_int_eq(entries(in("sweep")), 1);
    ck_assert_int_eq(store_open(&context, in("none/sweep"), NULL, spec_a, &store), ERR_IO);
    ck_assert_ptr_nonnull(strstr(context.error, "cannot be made: No such file or directory"));
}
END_TEST

START_TEST(a_shared_cache_is_no_other_folder)
{
    struct store *store;

    ck_assert_int_eq(mkdir(in("cache"), 0777), 0);
    write_file(in("cache/photo.jpg"), "dear");
    ck_assert_int_eq(store_open(&context, in("sweep"), in("cache"), spec_a, &store), ERR_USAGE);
    ck_assert_ptr_nonnull(strstr(context.error, "holds files that no sweep made"));
}
END_TEST

static void race_to_open(int number)
{
    struct store *store;

    _exit((int)store_open(&context, in("sweep"), NULL, number % 2 ? spec_b : spec_a, &store));
}

START_TEST(of_two_specs_that_race_for_a_folder_one_has_it)
{
    for (int round = 0; round < 20; round++) {
        int count[2] = {0};
        pid_t pid[HANDS];
        for (int i = 0; i < HANDS; i++)
            pid[i] = process(race_to_open, i);
        for (int i = 0; i < HANDS; i++) {
            int state;
            ck_assert_int_eq(waitpid(pid[i], &state, 0), pid[i]);
            ck_assert(WIFEXITED(state));
            ck_assert(WEXITSTATUS(state) == OK || WEXITSTATUS(state) == ERR_USAGE);
            count[i % 2] += WEXITSTATUS(state) == OK;
        }
        ck_assert_int_eq(count[0] + count[1], HANDS / 2);
        ck_assert(count[0] == 0 || count[1] == 0);
        folder_remove(in("sweep"));
    }
}
END_TEST

static const char key[] = "0123456789abcdef";

static void make_entry(struct store *store, const char *content)
{
    const char *at;
    char *file;

    ck_assert_int_eq(store_cache_begin(&context, store, arena, key, &at), OK);
    file = folder_path(at, "model.onnx");
    write_file(file, content);
    free(file);
    ck_assert_msg(store_cache_commit(&context, store, key, at) == OK, "%s", context.error);
}

START_TEST(an_entry_is_found_once_it_is_whole)
{
    struct store *store = opened();
    const char *path, *at;
    char *text;

    ck_assert(!store_cache_find(store, arena, key, &path));
    ck_assert_int_eq(store_cache_begin(&context, store, arena, key, &at), OK);
    ck_assert(!store_cache_find(store, arena, key, &path));
    store_cache_discard(store, at);
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 0);
    make_entry(store, "first");
    ck_assert(store_cache_find(store, arena, key, &path));
    make_entry(store, "again"); // lost the race: what is there stays
    text = folder_read(in("sweep/cache/0123456789abcdef/model.onnx"));
    ck_assert_str_eq(text, "first");
    free(text);
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 0);
    store_close(store);
}
END_TEST

START_TEST(a_damaged_entry_is_made_anew)
{
    struct store *store = opened();
    const char *path;

    make_entry(store, "first");
    ck_assert_int_eq(truncate(in("sweep/cache/0123456789abcdef/model.onnx"), 2), 0);
    ck_assert(!store_cache_find(store, arena, key, &path));
    make_entry(store, "again");
    ck_assert(store_cache_find(store, arena, key, &path));
    ck_assert_int_eq(unlink(in("sweep/cache/0123456789abcdef/entry.json")), 0);
    ck_assert(!store_cache_find(store, arena, key, &path));
    make_entry(store, "third");
    ck_assert(store_cache_find(store, arena, key, &path));
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 0);
    store_close(store);
}
END_TEST

static void begin_and_die(int argument)
{
    struct store *store = opened();
    const char *at;

    (void)argument;
    if (store_cache_begin(&context, store, arena, key, &at) == OK)
        write_file(folder_path(at, "half"), "hal");
}

static void begin_and_live(int argument)
{
    begin_and_die(argument);
    pause();
}

START_TEST(leftovers_of_the_dead_go_those_of_the_living_stay)
{
    pid_t living = process(begin_and_live, 0), dead;

    for (int i = 0; i < 500 && entries(in("sweep/cache/tmp")) < 1; i++)
        pause_ms(10);
    dead = process(begin_and_die, 0);
    await(dead);
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 2);
    store_close(opened());
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 1);
    ck_assert_int_eq(entries(in("sweep/cache/locks")), 1);
    kill(living, SIGKILL);
    await(living);
    store_close(opened());
    ck_assert_int_eq(entries(in("sweep/cache/tmp")), 0);
    ck_assert_int_eq(entries(in("sweep/tmp")), 0);
    ck_assert_int_eq(entries(in("sweep/locks")), 0);
    ck_assert_int_eq(entries(in("sweep/cache/locks")), 0);
}
END_TEST

START_TEST(files_are_written_read_and_removed_by_name)
{
    struct store *store = opened();
    struct text text;
    bool exists;

    text_init(&text);
    ck_assert_int_eq(store_read(&context, store, "trials/1.json", &text, &exists), OK);
    ck_assert(!exists);
    ck_assert_int_eq(store_write(&context, store, "trials/1.json", "{}", 2), OK);
    ck_assert_int_eq(store_read(&context, store, "trials/1.json", &text, &exists), OK);
    ck_assert(exists);
    ck_assert_str_eq(text.at, "{}");
    ck_assert_int_eq(store_remove(&context, store, "trials/1.json"), OK);
    ck_assert_int_eq(store_remove(&context, store, "trials/1.json"), OK);
    ck_assert_int_ne(access(in("sweep/trials/1.json"), F_OK), 0);
    text_clear(&text);
    store_close(store);
}
END_TEST

// A disk that is full, as far as a process can bring one about for itself alone.
static void write_too_much(int argument)
{
    struct store *store = opened();
    struct rlimit limit = {1000, 1000};
    char large[5000];
    enum status status;

    (void)argument;
    memset(large, 'x', sizeof large);
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    status = store_write(&context, store, "trials/1.json", large, sizeof large);
    store_close(store);
    _exit(status == ERR_IO && strstr(context.error, "trials/1.json': cannot be written: File too")
              ? 7
              : 1);
}

START_TEST(a_write_that_fails_leaves_what_was_there)
{
    struct store *store = opened();
    pid_t pid;
    char *text;
    int state;

    ck_assert_int_eq(store_write(&context, store, "trials/1.json", "old", 3), OK);
    pid = process(write_too_much, 0);
    ck_assert_int_eq(waitpid(pid, &state, 0), pid);
    ck_assert(WIFEXITED(state));
    ck_assert_int_eq(WEXITSTATUS(state), 7);
    text = folder_read(in("sweep/trials/1.json"));
    ck_assert_str_eq(text, "old");
    free(text);
    ck_assert_int_eq(entries(in("sweep/trials")), 1);
    ck_assert_int_eq(entries(in("sweep/tmp")), 0);
    store_close(store);
}
END_TEST

START_TEST(claims_on_a_shared_cache_hold_between_sweeps)
{
    struct store *one, *other;
    bool got;

    ck_assert_int_eq(store_open(&context, in("one"), in("cache"), spec_a, &one), OK);
    ck_assert_int_eq(store_open(&context, in("other"), in("cache"), spec_b, &other), OK);
    ck_assert_int_eq(store_claim(&context, one, "cache/0123", &got), OK);
    ck_assert(got);
    ck_assert_int_eq(store_claim(&context, other, "cache/0123", &got), OK);
    ck_assert(!got);
    ck_assert_int_eq(store_claim(&context, one, "trials/0123", &got), OK);
    ck_assert(got);
    ck_assert_int_eq(store_claim(&context, other, "trials/0123", &got), OK);
    ck_assert(got);
    store_release_all(one);
    ck_assert_int_eq(store_claim(&context, other, "cache/0123", &got), OK);
    ck_assert(got);
    store_close(one);
    store_close(other);
}
END_TEST

static enum status work(void *self, struct context *own, int index)
{
    int *fails = self;

    if (index == *fails)
        return context_fail(own, ERR_FORMAT, "worker %d has had enough", index);
    while (*fails >= 0 && !*own->cancelled)
        pause_ms(5);
    return *fails >= 0 ? ERR_CANCELLED : OK;
}

START_TEST(the_first_failure_of_a_worker_stops_all)
{
    int fails = 2;

    ck_assert_int_eq(workers_run(&context, 4, work, NULL, &fails), ERR_FORMAT);
    ck_assert_str_eq(context.error, "worker 2 has had enough");
    fails = -1;
    ck_assert_int_eq(workers_run(&context, 4, work, NULL, &fails), OK);
}
END_TEST

START_TEST(an_interrupt_reaches_every_worker)
{
    static volatile sig_atomic_t cancelled = SIGTERM;
    int fails = 99;

    context.cancelled = &cancelled;
    ck_assert_int_eq(workers_run(&context, 4, work, NULL, &fails), ERR_CANCELLED);
}
END_TEST

static void assert_share(long index, long count)
{
    struct share share = share_of_slurm();

    ck_assert_int_eq(share.index, index);
    ck_assert_int_eq(share.count, count);
}

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

// As Slurm sets them for `sbatch --array=2-8:2` (tasks 2, 4, 6, 8) and `srun --ntasks=3` in it.
static void forget_slurm(void)
{
    static const char *const name[] = {"SLURM_NTASKS",         "SLURM_PROCID",
                                       "SLURM_ARRAY_TASK_ID",  "SLURM_ARRAY_TASK_COUNT",
                                       "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"};

    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        unsetenv(name[i]);
}

START_TEST(tasks_of_slurm_start_apart)
{
    forget_slurm();
    assert_share(0, 1);
    set("SLURM_ARRAY_TASK_ID", "6");
    set("SLURM_ARRAY_TASK_COUNT", "4");
    set("SLURM_ARRAY_TASK_MIN", "2");
    set("SLURM_ARRAY_TASK_STEP", "2");
    assert_share(2, 4);
    set("SLURM_NTASKS", "3");
    set("SLURM_PROCID", "1");
    assert_share(7, 12);
    ck_assert_int_eq(share_start((struct share){7, 12}, 200), 116);
    ck_assert_int_eq(share_start((struct share){0, 1}, 200), 0);
    set("SLURM_ARRAY_TASK_ID", "nonsense");
    set("SLURM_PROCID", "7");
    assert_share(0, 1);
    forget_slurm();
}
END_TEST

Suite *store_suite(void)
{
    Suite *suite = suite_create("store");
    TCase *tests = tcase_create("store");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_claim_is_for_one_until_it_is_given_back);
    tcase_add_test(tests, claims_are_told_apart_by_their_whole_name);
    tcase_add_test(tests, what_the_dead_have_is_taken_over);
    tcase_add_test(tests, a_zombie_is_dead);
    tcase_add_test(tests, what_the_living_have_is_left);
    tcase_add_test(tests, a_number_used_again_is_no_owner);
    tcase_add_test(tests, on_another_machine_silence_for_a_minute_is_death);
    tcase_add_test(tests, what_says_nothing_counts_by_its_age);
    tcase_add_test(tests, of_many_that_take_over_one_does);
    tcase_add_test(tests, nobody_is_in_with_another_even_when_some_die);
    tcase_add_test(tests, a_folder_keeps_its_spec);
    tcase_add_test(tests, a_folder_that_no_sweep_made_is_refused);
    tcase_add_test(tests, a_shared_cache_is_no_other_folder);
    tcase_add_test(tests, of_two_specs_that_race_for_a_folder_one_has_it);
    tcase_add_test(tests, an_entry_is_found_once_it_is_whole);
    tcase_add_test(tests, a_damaged_entry_is_made_anew);
    tcase_add_test(tests, leftovers_of_the_dead_go_those_of_the_living_stay);
    tcase_add_test(tests, files_are_written_read_and_removed_by_name);
    tcase_add_test(tests, a_write_that_fails_leaves_what_was_there);
    tcase_add_test(tests, claims_on_a_shared_cache_hold_between_sweeps);
    tcase_add_test(tests, the_first_failure_of_a_worker_stops_all);
    tcase_add_test(tests, an_interrupt_reaches_every_worker);
    tcase_add_test(tests, tasks_of_slurm_start_apart);
    suite_add_tcase(suite, tests);
    return suite;
}
