// Requirements from the line to their verdicts, for every command that judges what it reports.
#ifndef CLI_GATE_H
#define CLI_GATE_H

#include "cli/certainty.h"
#include "cli/command.h"
#include "cli/groups.h"
#include "cli/requirement.h"

struct gate_result {
    enum verdict verdict;
    double value; // as the report has it; NaN: it does not
    enum certainty certainty;
    const char *doubt; // why it is uncertain, a sentence; NULL: it is not, or nothing is known
};

struct gate {
    double margin; // --margin, a fraction
    int count;
    struct requirement *requirement; // [count]
    struct gate_result *result;      // [count]; NULL: not judged yet
};

// Parses --require, --min, --max and --margin before anything runs. devices: names that may stand
// in a key, ends with NULL; "*" among them stands for any. ERR_USAGE says what is wrong.
MUST_CHECK enum status gate_parse(struct context *context, struct arena *arena,
                                  const struct require_options *options, const char *const *devices,
                                  struct gate *out);

// Judges all requirements by the report and sets invocation->requirement_missed. ERR_NUMERIC if
// the report has null for one: it cannot be judged. Warns of each verdict on energy that the
// estimate's interval leaves open.
MUST_CHECK enum status gate_judge(struct invocation *invocation, struct gate *gate,
                                  const struct json *report);

// "requirements": expression, value, holds, certain. An empty list while nothing is judged.
void gate_to_json(struct json *document, const struct gate *gate);
// "requirement  missed: accuracy.value >= 0.9 (0.87)", a line each.
void gate_text(const struct gate *gate, struct text *out);
// The same through a function that adds a line of a title and a text.
void gate_each(const struct gate *gate,
               void (*add_line)(struct text *out, const char *title, const char *text),
               struct text *out);

#endif
