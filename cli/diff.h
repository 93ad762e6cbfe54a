// What `ecai diff` knows of two reports of `ecai eval`: read and checked by diff_read.c, compared
// by diff_compare.c, told by diff_text.c.
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "cli/command.h"
#include "cli/eval_report.h"

// One of the two reports.
struct diff_side {
    const char *path, *name; // as given; for messages
    struct json *report;
    bool has_outputs;
    struct outputs outputs;
    const char *no_outputs; // why not
};

struct diff {
    struct invocation *invocation;
    struct diff_side baseline, model;
    const char *batches; // why energies are not comparable; NULL: batches are alike
    const char *device;  // of "energy" and "ratio": the model's first that the baseline has too
    struct difference difference;
    struct comparison answers;
    const char *unpaired; // why the interval is not that of paired answers; NULL: it is
    struct gate gate;
};

// Reads a report of one model. Close it in any case.
MUST_CHECK enum status diff_open(struct diff *diff, const char *path, struct diff_side *side);
void diff_close(struct diff_side *side); // zeroed is fine

// Refuses reports of other data, other metrics, other energy profiles; sets diff->device.
MUST_CHECK enum status diff_check(struct diff *diff);
// Reads the outputs that the report names, found beside it or from here, if they are still those.
// OK without them too: side->no_outputs then says why.
MUST_CHECK enum status diff_open_outputs(struct diff *diff, struct diff_side *side);

// Fills difference, answers, unpaired.
void diff_compare(struct diff *diff);
// The document without "requirements", "warnings" and "provenance". The caller frees.
struct json *diff_json(const struct diff *diff);

// From the document. The headline is one line without its end.
const char *diff_headline(struct arena *arena, const struct json *document);
void diff_text(const struct diff *diff, const struct json *document, struct text *out);
void diff_markdown(const struct diff *diff, const struct json *document, struct text *out);

#endif
