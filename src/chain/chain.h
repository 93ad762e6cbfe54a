// Chains of subcommands as JSON: [{"run": "prune magnitude", "name": "prune", "input": "STEP",
// "options": {"sparsity": 0.8, "only": ["conv*"]}}, ...]. A step reads what the one before it
// wrote, or what "input" names. Options are the long options' names without "--": number or text
// gives
// --name value, true --name, false --no-name, null nothing, a list the option again and again.
#ifndef CHAIN_CHAIN_H
#define CHAIN_CHAIN_H

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "base/json.h"

struct chain_option {
    const char *name;         // as on the line: "learning-rate"
    const struct json *value; // borrowed from the document
};

struct chain_step {
    const char *verb, *method; // method NULL: none
    const char *name;          // how it is addressed; the verb unless the document says otherwise
    int input;                 // index of the step whose output is read; -1: the chain's own input
    int option_count;
    const struct chain_option *option;
};

struct chain {
    int count;
    const struct chain_step *step; // as written; the last one's output is the chain's
    const int *order;              // indices of steps, each after what it reads
};

// What the program knows of its commands. Both fail with ERR_USAGE and a text that suggests the
// nearest name, without a path.
struct chain_rules {
    void *self;
    // Whether there is such a command, and it reads a model and writes one.
    enum status (*check_command)(void *self, struct context *context, const char *verb,
                                 const char *method);
    // The row of the option's table; name as on the line.
    enum status (*find_option)(void *self, struct context *context, const char *verb,
                               const char *method, const char *name, const struct field **out);
};

// Reads a list of steps: shapes of the document, names, who reads whom. Everything is in the arena,
// values are borrowed from the document. path names the list in errors ("chain"). ERR_USAGE naming
// the path and what is wrong, a cycle by the names of its steps.
MUST_CHECK enum status chain_parse(struct context *context, struct arena *arena,
                                   const struct json *list, const char *path, struct chain *out);
// Its parts, for a list whose steps say more than one thing. First each step, under its own path;
// run is "verb method".
MUST_CHECK enum status chain_parse_step(struct context *context, struct arena *arena,
                                        const struct json *step, const char *run, const char *path,
                                        struct chain_step *out);
// Then who reads whom, step by step, once all names are known; then the order.
MUST_CHECK enum status chain_connect(struct context *context, struct arena *arena,
                                     const struct json *list, const char *path, int index,
                                     struct chain_step *step);
MUST_CHECK enum status chain_order(struct context *context, struct arena *arena,
                                   const struct chain_step *step, int count, const char *path,
                                   struct chain *out);

// Commands, options and values against the rules, before anything runs.
MUST_CHECK enum status chain_check(struct context *context, const struct chain *chain,
                                   const struct chain_rules *rules, const char *path);
// Its parts; path is the step's, or the option's own. Then one value as --name would take it, where
// the error has no path: a list is one only for an option that repeats.
MUST_CHECK enum status chain_check_command(struct context *context, const struct chain_step *step,
                                           const struct chain_rules *rules, const char *path);
MUST_CHECK enum status chain_check_option(struct context *context, const struct chain_step *step,
                                          const struct chain_rules *rules, const char *path,
                                          const char *name, const struct field **out);
MUST_CHECK enum status chain_check_value(struct context *context, const struct field *field,
                                         const struct json *value);
// Whether the step's command has an option of that name.
bool chain_has_option(const struct chain_rules *rules, const struct chain_step *step,
                      const char *name);
// Whether it has one that the step does not set itself.
bool chain_takes_option(const struct chain_rules *rules, const struct chain_step *step,
                        const char *name);
// Whether it is given by whoever runs the steps ("out", "json" ...), and by no document.
bool chain_option_is_reserved(const char *name);
bool chain_option_repeats(const struct field *field);

// The step's option under that name ('-' and '_' are the same), NULL: not given.
const struct json *chain_find_option(const struct chain_step *step, const char *name);

// A command line, ends with NULL. Zeroed: empty.
struct chain_line {
    int count, capacity;
    char **word;
};
// "ecai verb method OPTIONS INPUT -o OUTPUT". input NULL: the step reads no model. A distill step
// has its input as --teacher; as --student, where its options name the teacher or its logits.
void chain_arguments(struct arena *arena, const struct chain_step *step, const char *input,
                     const char *output, struct chain_line *out);
void chain_line_add(struct arena *arena, struct chain_line *line, const char *word);
void chain_line_add_option(struct arena *arena, struct chain_line *line, const char *name,
                           const struct json *value);

// A scalar as it is typed: "0.8", "conv*", "true".
const char *chain_value_text(struct arena *arena, const struct json *value);

// The path as a word of a line that is no option: "./-m.onnx".
const char *chain_operand(struct arena *arena, const char *path);

#endif
