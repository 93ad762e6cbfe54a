// Whether the data that trials are made and chosen on have samples of the test data among them.
#include <string.h>
#include <sys/stat.h>

#include "data/spec.h"
#include "sweep/run.h"

static bool is_same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

// Whether one of the folders that a path lies in is that one.
static bool lies_in(const char *path, const struct stat *folder)
{
    const char *slash = strrchr(path, '/');
    struct stat here, below = {0};
    struct text up;
    bool answer = false;

    text_init(&up);
    if (slash)
        text_add_bytes(&up, path, (size_t)(slash - path) + 1);
    text_add(&up, ".");
    while (!answer && stat(up.at, &here) == 0 && !is_same_file(&here, &below)) {
        answer = is_same_file(&here, folder);
        below = here;
        text_add(&up, "/..");
    }
    text_clear(&up);
    return answer;
}

// Whether two paths lead to one file or folder, or one of them into the other.
static bool is_same_place(const char *a, const char *b)
{
    struct stat one, other;

    return stat(a, &one) == 0 && stat(b, &other) == 0 &&
           (is_same_file(&one, &other) || lies_in(a, &other) || lies_in(b, &one));
}

static bool is_same_part(const struct data_spec *left, int l, const struct data_spec *right, int r)
{
    if (left->source->finds_files || right->source->finds_files)
        return left->source == right->source && strcmp(left->path[l], right->path[r]) == 0;
    return is_same_place(left->path[l], right->path[r]);
}

static bool share_a_part(const struct data_spec *left, const struct data_spec *right)
{
    for (int l = 0; l < left->path_count; l++)
        for (int r = 0; r < right->path_count; r++)
            if (is_same_part(left, l, right, r))
                return true;
    return false;
}

// Of one source, sample by sample: slices of them can be told apart.
static bool count_alike(const struct data_spec *left, const struct data_spec *right)
{
    bool alike = left->source == right->source && left->path_count == right->path_count;

    for (int i = 0; alike && i < left->path_count; i++)
        alike = is_same_part(left, i, right, i);
    return alike && (left->path_count > 0 || strcmp(left->source_text, right->source_text) == 0);
}

// A --samples draw is taken for all of its source.
static bool slices_meet(const struct data_spec *left, const struct data_spec *right)
{
    return (!left->has_slice || left->end < 0 || !right->has_slice || right->first < left->end) &&
           (!right->has_slice || right->end < 0 || !left->has_slice || left->first < right->end);
}

bool data_may_overlap(const char *a, const char *b)
{
    struct arena *arena = arena_new();
    struct data_spec left, right;
    struct context silent;
    bool answer = strcmp(a, b) == 0;

    context_init(&silent);
    if (!answer && data_spec_parse(&silent, a, arena, &left) == OK &&
        data_spec_parse(&silent, b, arena, &right) == OK)
        answer =
            count_alike(&left, &right) ? slices_meet(&left, &right) : share_a_part(&left, &right);
    arena_free(arena);
    return answer;
}

// Whether the two hold the same samples, whatever they are called.
static enum status compare_samples(struct sweep *sweep, const char *a, const char *b, bool *equal)
{
    char left[SHA256_HEX_BYTES], right[SHA256_HEX_BYTES];

    TRY(contents_data(sweep->contents, sweep->context, a, left));
    TRY(contents_data(sweep->contents, sweep->context, b, right));
    *equal = strcmp(left, right) == 0;
    return OK;
}

// Sets the warning where the step's data are test data.
static enum status look_at_step(struct sweep *sweep, const struct chain_step *step,
                                const char *data)
{
    const char *test = sweep->spec->test_data;
    bool overlaps = data_may_overlap(data, test), equal = false;

    if (!overlaps)
        TRY(compare_samples(sweep, data, test, &equal));
    if (overlaps || equal)
        sweep->warning =
            arena_format(sweep->arena, "step '%s' works with '%s', which %s test_data '%s'",
                         step->name, data, overlaps ? "overlaps" : "holds the samples of", test);
    return OK;
}

static enum status look_at_steps(struct sweep *sweep)
{
    const char *seen = "";

    for (long i = 0; i < sweep->trials.count; i++)
        for (int s = 0; s < sweep->trials.at[i].chain.count && !sweep->warning; s++) {
            const struct chain_step *step = &sweep->trials.at[i].chain.step[s];
            const char *data = json_text(chain_find_option(step, "data"));

            if (!data || strcmp(data, seen) == 0)
                continue;
            seen = data;
            TRY(look_at_step(sweep, step, data));
        }
    return OK;
}

enum status sweep_look_for_overlap(struct sweep *sweep)
{
    const struct sweep_spec *spec = sweep->spec;
    bool equal = false;

    sweep->selected_on = "test";
    sweep->warning = NULL;
    if (!spec->test_data) {
        sweep->warning = "there is no test_data: what search_data chose is marked \"selected on "
                         "test\"";
        return OK;
    }
    if (data_may_overlap(spec->search_data, spec->test_data))
        sweep->warning = arena_format(sweep->arena, "search_data '%s' overlaps test_data '%s'",
                                      spec->search_data, spec->test_data);
    else
        TRY(look_at_steps(sweep));
    if (!sweep->warning) {
        TRY(compare_samples(sweep, spec->search_data, spec->test_data, &equal));
        if (equal)
            sweep->warning = "search_data and test_data hold the same samples";
    }
    if (!sweep->warning)
        sweep->selected_on = "search";
    else
        sweep->warning = arena_format(sweep->arena, "%s: results are marked \"selected on test\"",
                                      sweep->warning);
    return OK;
}
