// What `ecai report` shows: points gathered from a sweep's folder and from reports of `ecai eval`,
// and how to show them.
#ifndef CLI_REPORT_VIEW_H
#define CLI_REPORT_VIEW_H

#include "base/json.h"
#include "chart/scatter.h"
#include "cli/command.h"

struct report_options {
    const char *format, *title, *device, *on;
    const char *x, *y;
    bool log_x, log_y, note;
    struct floats x_range, y_range; // two each, or none
    const char *chart, *group, *labels, *intervals;
    struct strings point;
    int64_t width, height;
};

// A trial of a sweep or one model that was evaluated. Strings and documents live as long as the
// invocation's arena.
struct report_point {
    const char *file;         // where it was read, for errors
    const char *id, *label;   // id is unique in a view
    const char *state;        // "done", "failed", "dropped"
    const char *error;        // NULL: none
    const struct json *trial; // ecai/trial/1; NULL: read from a report of eval
    const struct json *eval;  // ecai/eval/1 on the data shown; NULL: none
    // What `eval` is one of: on the sweep's search data, or the only data there is, and on its test
    // data. NULL: none.
    const struct json *search, *test;
    bool is_front, is_chosen;
    bool is_marked; // on the front that charts mark
};

// What an axis shows.
struct report_axis {
    const char *key, *title, *unit; // title and unit as in chart/frame.h
    const char *interval;           // key of a pair, NULL: none
    enum better better;
};

struct report_view {
    struct invocation *invocation;
    const struct report_options *options;
    struct report_point *point;
    int count, capacity;
    const struct json *sweep; // the sweep's own document where it is the only input, else NULL
    const char *selected_on;  // "search", "test"; NULL: nothing was selected
    bool has_sweep;           // fronts are the sweep's own
    const struct json
        *sample; // any evaluation: data, metric and device of all; NULL: there is none
    struct report_axis x, y;
    struct json *warnings; // texts: what the reader of any form must know; NULL: none yet
    bool marks_sweep;      // is_marked is what the sweep found, over all that it compared
    const char *judged_on; // device that the sweep judged on, where another is shown; else NULL
};

// --format, else by the ending of OUT. ERR_USAGE for an ending that no form has.
MUST_CHECK enum status report_find_format(struct context *context, const char *given,
                                          const char *out, const char **format);
// Refuses options that would do nothing with that format and chart, and bounds and sizes that are
// none. fields: the tables of report_options, ends with NULL.
MUST_CHECK enum status report_check_options(const struct report_view *view, const char *format,
                                            const struct field *const *fields);

// Reads a sweep's folder, or a file of ecai/eval/1 or ecai/evals/1. The file's name is in errors.
MUST_CHECK enum status report_read(struct report_view *view, const char *path);
// After all was read: --device and --on, then what differs between points. ERR_FORMAT names both.
MUST_CHECK enum status report_settle(struct report_view *view);
// Says it on stderr, in the document and in notes; once, however often it is said.
void report_warn(struct report_view *view, const char *words);
// Whether the test data of sweeps are shown.
bool report_on_test(const struct report_view *view);
// Finds what --x or --y names. ERR_USAGE with the nearest key for one that is unknown.
MUST_CHECK enum status report_find_axis(const struct report_view *view, const char *option,
                                        const char *key, struct report_axis *out);
// Whether it stands in charts: evaluated on the data shown, and done or on the front. Others stand
// in tables alone.
bool report_is_shown(const struct report_point *point);
// The point's value, NaN: null or none.
double report_value(const struct report_point *point, const char *key);
// A parameter of a trial by its whole name; NULL: none.
const struct json *report_parameter(const struct report_point *point, const char *name);
// Names of all trials' parameters, in the order they appear.
struct strings report_parameters(const struct report_view *view);
// A parameter's value as it is printed: 0.8, 4/8. NULL: "".
const char *report_words(const struct report_view *view, const struct json *value);
// Whether the values are all above zero and the largest is ten times the smallest.
bool report_spreads(const struct report_view *view, const char *key);

// Training curves of a trial: figures that its steps gave after every epoch.
enum { CURVES_MAX = 8 };
struct report_curve {
    const char *quantity; // "loss"
    const char *name;     // the same, where several steps have it "loss of step 2"
    int step;
    int count;
    double *value;
};
struct report_curves {
    int count;
    struct report_curve at[CURVES_MAX];
};
struct report_curves report_curves(const struct report_view *view,
                                   const struct report_point *point);

// Marks what charts show as front: the sweep's own where it is over both axes, else that of the two
// axes, which is also `is_front` of the models that no sweep judged.
void report_mark_front(struct report_view *view);

// The forms. All append to out.
struct json *report_data(const struct report_view *view); // ecai/report/1
void report_csv(const struct report_view *view, struct text *out);
void report_markdown(const struct report_view *view, struct text *out);
MUST_CHECK enum status report_svg(const struct report_view *view, struct text *out);
void report_page(const struct report_view *view, const struct json *data, struct text *out);

// The title: --title, the sweep's own, or one that says what is compared.
const char *report_title(const struct report_view *view);
// One line that names profile and data, what was selected on test data, and the warnings.
const char *report_note(const struct report_view *view);
const char *report_energy_note(const struct report_view *view); // its first half

#endif
