// What the files of `ecai compress` share: from a teacher and a goal to candidates, their
// forecasts, and what they came to when they were run.
#ifndef CLI_STUDENT_SEARCH_H
#define CLI_STUDENT_SEARCH_H

#include "chain/chain.h"
#include "cli/cost.h"
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/model_args.h"
#include "compress/recipe_document.h"
#include "compress/search.h"
#include "data/preprocess.h"
#include "energy/estimate.h"
#include "measure/measure.h"

struct compress_line {
    struct target_options target;
    struct source_options source;
    struct json_options json;
    struct input_options input;
    struct preprocess_options preprocess;
    struct run_options run;
    struct cost_options cost;
    struct compress_own_options {
        const char *teacher, *recipe, *eval_data, *max_drop, *device;
        double energy_ratio, time_limit;
        int64_t holdout, tries, epochs;
        struct strings strategy, option;
        bool dry_run, keep_best;
    } own;
};

// A candidate that is run, or was run before: found in the work folder.
struct candidate {
    const struct json *chain; // every option explicit
    const char *key;          // names its files in the work folder
    const char *model;        // the file that its last step writes
    struct json *record;      // {"error", "seconds", "steps", "held_out"}; NULL: not run
    bool is_old;              // found in the work folder, and not run for this attempt
};

// The network that a width and a depth make of the teacher.
struct shape_counts {
    double width, depth;
    struct graph *graph;
    struct figures figures;
};

enum { SHAPES_MAX = 16 };

struct student_search {
    struct invocation *invocation;
    const struct compress_line *line;
    const char *program; // to run steps
    struct named_model teacher;
    struct figures teacher_figures;
    struct device device;
    struct cost_basis cost;
    struct meter *meter; // runs from the beginning, where the machine has one
    enum isa isa;
    const char *isa_given; // for the steps; NULL: their own choice
    int64_t seed;
    double max_drop; // NaN: none
    // Of --data: what is trained on, a few of them, what is judged on.
    struct recipe_data data;
    struct material material;
    struct shape_counts shape[SHAPES_MAX];
    int shape_count;
    struct search search;
    struct candidate candidate[SEARCH_ATTEMPTS_MAX]; // one each of search.attempt
    struct attempt *forecast;                        // of each family that may reach the goal
    int forecast_count;
    int chosen;                  // index of an attempt; -1: none
    struct contents *contents;   // hashes of files that results depend on
    const char *folder;          // OUT.work
    int lock;                    // descriptor; -1: none
    const char *teacher_outputs; // its answers to the held-out samples, saved
    struct json *teacher_eval;   // ecai/eval/1 of that run; NULL: none yet
    bool is_resumed;             // an earlier start did a part of the work
    const struct json *result;   // record of the one that was chosen; NULL: none
    struct json *test;           // the same on --eval-data; NULL: not asked for
    struct named_model written;  // path NULL: nothing was
    const struct recipe *recipe; // that is followed; NULL: none
    bool is_finished;            // the work folder may go
    struct text warnings;
};

// ---- student_inputs.c ---------------------------------------------------------------------------
// Checks the line and the outputs, reads teacher and device, looks at the data. *recipe: where the
// recipe goes, NULL for a dry run.
MUST_CHECK enum status search_open(struct student_search *search, const char **recipe);
const char *search_device(const struct student_search *search); // name of the goal's profile
// That the teacher's energy is known: otherwise there is nothing to compare candidates by.
MUST_CHECK enum status search_check_energy(const struct student_search *search);

// ---- student_candidates.c: candidates before they run -------------------------------------------
// Names, options and values of --option and --strategy. ERR_USAGE.
MUST_CHECK enum status search_check_options(struct student_search *search);
// Every family that the teacher allows, with its forecasts; search_begin is called.
MUST_CHECK enum status search_propose(struct student_search *search);
// The chain of an attempt with every option explicit; in the invocation's arena.
MUST_CHECK enum status search_chain(struct student_search *search, const struct attempt *attempt,
                                    const struct json **out);
// What the line says of preprocessing, running and the teacher's file, for every process that is
// started; not the names that are in `without` (NULL: none).
void search_line_options(const struct student_search *search, const struct field *without,
                         struct json *options);
// Energy of the teacher over the candidate's as it is forecast, with its factors; NaN: unknown.
struct energy_ratio search_forecast_ratio(struct student_search *search,
                                          const struct attempt *attempt);
// "student: width 0.25, sparsity 0.5, 8/8 bits".
const char *search_label(const struct student_search *search, const struct attempt *attempt);
void search_close_shapes(struct student_search *search);

// ---- student_key.c
// ------------------------------------------------------------------------------- The program, the
// teacher, the data, the options of the line, then the chain (NULL: what all candidates share),
// with what lies in the files that they name.
MUST_CHECK enum status work_key(struct student_search *search, const struct json *chain,
                                char hex[SHA256_HEX_BYTES]);

// ---- student_work.c: running, in the work folder ------------------------------------------------
MUST_CHECK enum status work_open(struct student_search *search);
// Takes what the folder has of the chain, or runs it and judges it on the held-out samples. A chain
// that fails is OK: the record says why. stage: for progress.
MUST_CHECK enum status work_run(struct student_search *search, const struct json *chain,
                                const char *stage, struct candidate *out);
// A model on data beside the teacher: an ecai/eval/1 document. baseline: the teacher, or its saved
// outputs on these data.
MUST_CHECK enum status work_eval(struct student_search *search, const char *model,
                                 const char *baseline, const char *data, const char *stage,
                                 struct json **out);
MUST_CHECK enum status read_document(struct context *context, const char *path, struct json **out);
void json_release(void *json);                                    // for arena_defer
void work_close(struct student_search *search, bool is_finished); // finished: the folder goes

// ---- student_report.c ---------------------------------------------------------------------------
// Loss of accuracy and ratio of energy out of a record.
double record_loss(const struct json *record);
double record_ratio(const struct json *record);
// Whether an earlier attempt of this start has run the attempt's chain: nothing ran for it.
bool search_was_run(const struct student_search *search, int number);
// What all candidates took, and when the student has paid it back.
struct cost search_cost(const struct student_search *search);
// recipe_path NULL: nothing was written.
struct json *search_json(struct student_search *search, const char *recipe_path);
// "goal": {energy_ratio, max_drop, device}.
void search_goal_json(const struct student_search *search, struct json *document);
// The figures that count out of an evaluation beside the teacher, into an empty object.
void eval_figures_json(const struct json *eval, struct json *out);
void search_forecast_table(const struct student_search *search, struct text *out);
// "energy ratio 103.2, top1 91.2 % (teacher 92.1 %, loss 0.9 points)" of an evaluation.
void text_add_result(struct text *out, const struct json *eval);

// ---- student_recipe.c ---------------------------------------------------------------------------
// OUT.recipe.json for a candidate that stands as OUT.
MUST_CHECK enum status recipe_write(struct student_search *search,
                                    const struct candidate *candidate,
                                    const struct named_model *written, const char *path);
// Reads --recipe, if there is one: its options become the line's, which must not contradict them,
// and its device the one to judge by, where the line names none.
MUST_CHECK enum status recipe_open(struct student_search *search);
// Looks whether teacher, data and program are those it speaks of. The chain with this line's names
// of files.
MUST_CHECK enum status recipe_take(struct student_search *search, const struct json **chain);
// Whether the bytes have to be those of the recipe: the same program, instructions and order.
bool recipe_binds(const struct student_search *search);

#endif
