// Requirements on a report: --require 'KEY >= VALUE', --min KEY=VALUE, --max KEY=VALUE. They are
// parsed and checked against the keys of the report before anything runs, and judged afterwards.
#ifndef CLI_REQUIREMENT_H
#define CLI_REQUIREMENT_H

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "base/json.h"
#include "base/text.h"

enum quantity {
    QUANTITY_NUMBER,   // takes no unit: counts, ratios
    QUANTITY_FRACTION, // takes %
    QUANTITY_BYTES,    // kB MB KiB MiB
    QUANTITY_JOULES,   // nJ uJ mJ J
    QUANTITY_SECONDS,  // us ms s
    QUANTITY_BOOL,     // true, false; only == and !=
};

enum relation { AT_LEAST, AT_MOST, GREATER, LESS, EQUAL, NOT_EQUAL };

struct requirement {
    const char *expression; // "accuracy.value >= 0.9", as it is reported
    const char *key;
    enum relation relation;
    enum quantity quantity;
    double value; // in the report's unit; 1 for true
};

// A row of a report's schema. In a key, `#` stands for the index of a list and `*` for the name
// of a device.
struct report_key {
    const char *key;
    enum quantity quantity;
};
extern const struct report_key eval_report_keys[]; // ends with key NULL
// The row of a dotted key, NULL: there is none. devices as below.
const struct report_key *report_key_find(const char *key, const char *const *devices);
// Adds " (did you mean 'KEY'?)", or nothing.
void report_key_suggest(const char *key, struct text *out);

// Parses one EXPR. devices: names that may stand for `*`, ends with NULL; "*" stands for any.
// ERR_USAGE for an unknown key, a missing comparison, a value of the wrong kind or unit, and for a
// bound on baseline.difference beyond 0.1 without %.
MUST_CHECK enum status requirement_parse(struct context *context, struct arena *arena,
                                         const char *expression, const char *const *devices,
                                         struct requirement *out);
// "KEY=V" of --min (AT_LEAST) or --max (AT_MOST).
MUST_CHECK enum status requirement_parse_bound(struct context *context, struct arena *arena,
                                               const char *bound, enum relation relation,
                                               const char *const *devices, struct requirement *out);

enum verdict { VERDICT_HOLDS, VERDICT_MISSED, VERDICT_UNKNOWN };

// Whether `value relation bound`.
bool relation_holds(double value, enum relation relation, double bound);
// The value of a dotted key, NULL: none; names of devices may hold dots. *parent (unless NULL): the
// object or list that it stands in.
const struct json *report_at(const struct json *report, const char *key,
                             const struct json **parent);

// *value: what the report says, NaN if it is null or not there (VERDICT_UNKNOWN).
enum verdict requirement_judge(const struct requirement *requirement, const struct json *report,
                               double *value);

// "40uJ", "64KiB", "0.5%", "1.5": a number with a unit of that quantity (or none), in joules,
// bytes, fractions, seconds. False: not one.
bool parse_quantity(const char *text, enum quantity quantity, double *out);

// A loss of accuracy as an option takes it: "0.5%", "0.005"; beyond 0.1 it must be written with %.
// ERR_USAGE otherwise.
MUST_CHECK enum status parse_loss(struct context *context, const char *option, const char *text,
                                  double *out);
// That a loss of this metric is a fraction: top1, top5, balanced, auc. metric NULL: the usual one.
// ERR_USAGE otherwise.
MUST_CHECK enum status check_loss_metric(struct context *context, const char *option,
                                         const char *metric);

#endif
