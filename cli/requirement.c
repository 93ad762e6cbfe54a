// The language of requirements: one KEY, one comparison, one VALUE; no arithmetic.
#include "cli/requirement.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/suggest.h"
#include "eval/metrics.h"

// clang-format off
#define ENERGY_KEYS(prefix)                                                                        \
    {prefix "batch", QUANTITY_NUMBER}, {prefix "joules", QUANTITY_JOULES},                         \
    {prefix "interval.#", QUANTITY_JOULES}, {prefix "fits", QUANTITY_BOOL},                        \
    {prefix "memory.flash_needed", QUANTITY_BYTES}, {prefix "memory.flash", QUANTITY_BYTES},       \
    {prefix "memory.ram_needed", QUANTITY_BYTES}, {prefix "memory.ram", QUANTITY_BYTES},           \
    {prefix "seconds", QUANTITY_SECONDS}, {prefix "seconds_interval.#", QUANTITY_SECONDS},         \
    {prefix "watts", QUANTITY_NUMBER}, {prefix "utilisation", QUANTITY_FRACTION},                  \
    {prefix "profile.error_percent", QUANTITY_NUMBER},                                             \
    {prefix "profile.mean_error_percent", QUANTITY_NUMBER},                                        \
    {prefix "breakdown.mac", QUANTITY_JOULES}, {prefix "breakdown.weights", QUANTITY_JOULES},      \
    {prefix "breakdown.activations", QUANTITY_JOULES},                                             \
    {prefix "breakdown.fixed", QUANTITY_JOULES}, {prefix "layers.#.macs", QUANTITY_NUMBER},        \
    {prefix "layers.#.bits", QUANTITY_NUMBER},                                                     \
    {prefix "layers.#.activation_bits", QUANTITY_NUMBER},                                          \
    {prefix "layers.#.bytes", QUANTITY_BYTES}, {prefix "layers.#.joules", QUANTITY_JOULES},        \
    {prefix "layers.#.nonzero", QUANTITY_NUMBER},                                                  \
    {prefix "layers.#.parameters", QUANTITY_NUMBER}, {prefix "layers.#.cycles", QUANTITY_NUMBER},  \
    {prefix "layers.#.utilisation", QUANTITY_FRACTION},                                            \
    {prefix "layers.#.dram_bytes", QUANTITY_BYTES},                                                \
    {prefix "steps.reference_bits", QUANTITY_NUMBER}, {prefix "steps.reference", QUANTITY_JOULES}, \
    {prefix "steps.dense", QUANTITY_JOULES}, {prefix "steps.on_chip", QUANTITY_JOULES},            \
    {prefix "steps.off_chip", QUANTITY_JOULES}, {prefix "steps.is_on_chip", QUANTITY_BOOL},        \
    {prefix "steps.nonzero", QUANTITY_NUMBER},                                                     \
    {prefix "measured.joules", QUANTITY_JOULES}, {prefix "measured.interval.#", QUANTITY_JOULES}
#define AMOUNT_KEYS(prefix)                                                                        \
    {prefix "joules", QUANTITY_JOULES}, {prefix "interval.#", QUANTITY_JOULES},                    \
    {prefix "grams", QUANTITY_NUMBER}, {prefix "grams_interval.#", QUANTITY_NUMBER}
#define FACTOR_KEYS(prefix)                                                                        \
    {prefix "energy", QUANTITY_NUMBER}, {prefix "energy_interval.#", QUANTITY_NUMBER},             \
    {prefix "factors.bits", QUANTITY_NUMBER}, {prefix "factors.sparsity", QUANTITY_NUMBER},        \
    {prefix "factors.architecture", QUANTITY_NUMBER},                                              \
    {prefix "factors.memory", QUANTITY_NUMBER}, {prefix "factors.hardware", QUANTITY_NUMBER},      \
    {prefix "measured.energy", QUANTITY_NUMBER},                                                   \
    {prefix "measured.energy_interval.#", QUANTITY_NUMBER}

const struct report_key eval_report_keys[] = {
    {"model.bytes", QUANTITY_BYTES}, {"model.parameters", QUANTITY_NUMBER},
    {"model.nonzero", QUANTITY_NUMBER}, {"model.macs", QUANTITY_NUMBER},
    {"model.macs_nonzero", QUANTITY_NUMBER}, {"model.weight_bits", QUANTITY_NUMBER},
    {"model.activation_bits", QUANTITY_NUMBER},
    {"data.samples", QUANTITY_NUMBER}, {"data.labelled", QUANTITY_BOOL},
    {"data.classes", QUANTITY_NUMBER},
    {"accuracy.value", QUANTITY_FRACTION}, {"accuracy.ci95.#", QUANTITY_FRACTION},
    {"accuracy.top5", QUANTITY_FRACTION}, {"accuracy.balanced", QUANTITY_FRACTION},
    {"accuracy.per_class.#.samples", QUANTITY_NUMBER},
    {"accuracy.per_class.#.value", QUANTITY_FRACTION},
    {"baseline.bytes", QUANTITY_BYTES}, {"baseline.parameters", QUANTITY_NUMBER},
    {"baseline.macs", QUANTITY_NUMBER}, {"baseline.accuracy", QUANTITY_FRACTION},
    {"baseline.joules", QUANTITY_JOULES}, {"baseline.difference", QUANTITY_FRACTION},
    {"baseline.difference_ci95.#", QUANTITY_FRACTION}, {"baseline.lost", QUANTITY_NUMBER},
    {"baseline.gained", QUANTITY_NUMBER}, {"baseline.agreement", QUANTITY_FRACTION},
    {"baseline.kl", QUANTITY_NUMBER}, {"baseline.mcnemar_p", QUANTITY_NUMBER},
    {"baseline.non_inferior.margin", QUANTITY_FRACTION},
    {"baseline.non_inferior.holds", QUANTITY_BOOL},
    {"baseline.measured.joules", QUANTITY_JOULES},
    {"baseline.measured.interval.#", QUANTITY_JOULES},
    {"baseline.profile.error_percent", QUANTITY_NUMBER},
    {"baseline.profile.mean_error_percent", QUANTITY_NUMBER},
    ENERGY_KEYS("energy."), ENERGY_KEYS("energy_by_device.*."),
    {"ratio.bytes", QUANTITY_NUMBER}, {"ratio.parameters", QUANTITY_NUMBER},
    {"ratio.macs", QUANTITY_NUMBER},
    FACTOR_KEYS("ratio."), FACTOR_KEYS("ratio_by_device.*."),
    {"cost.macs", QUANTITY_NUMBER}, {"cost.joules", QUANTITY_JOULES},
    {"cost.interval.#", QUANTITY_JOULES}, {"cost.profile.error_percent", QUANTITY_NUMBER},
    {"cost.profile.mean_error_percent", QUANTITY_NUMBER}, {"cost.grams", QUANTITY_NUMBER},
    {"cost.grams_interval.#", QUANTITY_NUMBER},
    {"cost.grid.grams_per_kwh", QUANTITY_NUMBER}, {"cost.grid.year", QUANTITY_NUMBER},
    {"cost.pue", QUANTITY_NUMBER}, {"cost.inferences_to_pay_back", QUANTITY_NUMBER},
    {"cost.inferences_per_day", QUANTITY_NUMBER}, {"cost.days_to_pay_back", QUANTITY_NUMBER},
    {"cost.measured.joules", QUANTITY_JOULES},
    AMOUNT_KEYS("carbon."), AMOUNT_KEYS("carbon.per_day."), AMOUNT_KEYS("carbon.per_year."),
    {"carbon.inferences_per_day", QUANTITY_NUMBER}, {"carbon.grid.grams_per_kwh", QUANTITY_NUMBER},
    {"carbon.grid.year", QUANTITY_NUMBER}, {"carbon.pue", QUANTITY_NUMBER},
    {"timing.seconds", QUANTITY_SECONDS}, {"timing.inferences_per_second", QUANTITY_NUMBER},
    {"timing.threads", QUANTITY_NUMBER}, {"timing.tuned", QUANTITY_BOOL},
    {"timing.macs", QUANTITY_NUMBER},
    {NULL, QUANTITY_NUMBER},
};

// Factor and divisor are whole, so that 40uJ and 0.00004 become the same double.
static const struct {
    const char *name;
    enum quantity quantity;
    double factor, divisor;
} units[] = {
    {"%", QUANTITY_FRACTION, 1, 100},
    {"B", QUANTITY_BYTES, 1, 1}, {"kB", QUANTITY_BYTES, 1e3, 1}, {"MB", QUANTITY_BYTES, 1e6, 1},
    {"GB", QUANTITY_BYTES, 1e9, 1}, {"KiB", QUANTITY_BYTES, 1024, 1},
    {"MiB", QUANTITY_BYTES, 1048576, 1}, {"GiB", QUANTITY_BYTES, 1073741824, 1},
    {"nJ", QUANTITY_JOULES, 1, 1e9}, {"uJ", QUANTITY_JOULES, 1, 1e6},
    {"mJ", QUANTITY_JOULES, 1, 1e3}, {"J", QUANTITY_JOULES, 1, 1},
    {"us", QUANTITY_SECONDS, 1, 1e6}, {"ms", QUANTITY_SECONDS, 1, 1e3},
    {"s", QUANTITY_SECONDS, 1, 1},
};
static const struct {
    const char *sign;
    enum relation relation;
} comparisons[] = {{">=", AT_LEAST}, {"<=", AT_MOST}, {"==", EQUAL}, {"!=", NOT_EQUAL},
                   {">", GREATER}, {"<", LESS}};
static const char *const wants[] = {
    [QUANTITY_NUMBER] = "a number without unit", [QUANTITY_FRACTION] = "a number or %",
    [QUANTITY_BYTES] = "bytes, kB, MB, KiB or MiB", [QUANTITY_JOULES] = "nJ, uJ, mJ or J",
    [QUANTITY_SECONDS] = "us, ms or s", [QUANTITY_BOOL] = "true or false",
};
// clang-format on

enum {
    UNIT_COUNT = sizeof units / sizeof *units,
    COMPARISON_COUNT = sizeof comparisons / sizeof *comparisons
};

static bool key_matches(const char *pattern, const char *key, const char *const *devices);

// The rest of a key behind the name of a device, which may hold dots itself.
static bool device_matches(const char *pattern, const char *key, const char *const *devices)
{
    for (; devices && *devices; devices++) {
        size_t length = strlen(*devices);
        bool is_any = strcmp(*devices, "*") == 0;
        if (!is_any && strncmp(key, *devices, length) == 0 && key[length] == '.' &&
            key_matches(pattern, key + length + 1, devices))
            return true;
        for (const char *dot = strchr(key, '.'); is_any && dot; dot = strchr(dot + 1, '.'))
            if (key_matches(pattern, dot + 1, devices))
                return true;
    }
    return false;
}

// One step of a dotted key against one of a pattern.
static bool step_matches(const char *pattern, size_t pattern_length, const char *step,
                         size_t length)
{
    if (length == 0)
        return false;
    if (pattern_length == 1 && *pattern == '#')
        return strspn(step, "0123456789") == length;
    return pattern_length == length && memcmp(pattern, step, length) == 0;
}

static bool key_matches(const char *pattern, const char *key, const char *const *devices)
{
    for (;;) {
        size_t pattern_length = strcspn(pattern, "."), length = strcspn(key, ".");
        if (strncmp(pattern, "*.", 2) == 0)
            return length && device_matches(pattern + 2, key, devices);
        if (!step_matches(pattern, pattern_length, key, length))
            return false;
        pattern += pattern_length;
        key += length;
        if (*pattern == '\0' || *key == '\0')
            return *pattern == *key;
        pattern++;
        key++;
    }
}

const struct report_key *report_key_find(const char *key, const char *const *devices)
{
    for (const struct report_key *row = eval_report_keys; row->key; row++)
        if (key_matches(row->key, key, devices))
            return row;
    return NULL;
}

void report_key_suggest(const char *key, struct text *out)
{
    struct suggestion suggestion;

    suggestion_init(&suggestion, key);
    for (const struct report_key *row = eval_report_keys; row->key; row++)
        suggestion_offer(&suggestion, row->key);
    suggestion_add(&suggestion, "", out);
}

static enum status unknown_key(struct context *context, const char *expression, const char *key)
{
    struct text text;
    enum status status;

    text_init(&text);
    report_key_suggest(key, &text);
    status = context_fail(context, ERR_USAGE, "requirement '%s': unknown key '%s'%s", expression,
                          key, text.at);
    text_clear(&text);
    return status;
}

bool parse_quantity(const char *text, enum quantity quantity, double *out)
{
    char digits[64];
    size_t length = strlen(text), number = length;
    double factor = 1, divisor = 1;

    for (int i = 0; i < UNIT_COUNT; i++) {
        size_t unit = strlen(units[i].name);
        // "mJ" also ends in "J": the unit must follow a digit, a point or a space.
        if (units[i].quantity == quantity && length > unit &&
            strcmp(text + length - unit, units[i].name) == 0 &&
            strchr("0123456789. ", text[length - unit - 1])) {
            number = length - unit;
            factor = units[i].factor;
            divisor = units[i].divisor;
        }
    }
    while (number && text[number - 1] == ' ')
        number--;
    if (number == 0 || number >= sizeof digits)
        return false;
    memcpy(digits, text, number);
    digits[number] = '\0';
    // strtod would also take hexadecimal, "inf" and "nan".
    if (strspn(digits, "0123456789+-.eE") != number || !parse_number(digits, out))
        return false;
    *out = *out * factor / divisor;
    return true;
}

enum status parse_loss(struct context *context, const char *option, const char *text, double *out)
{
    if (!parse_quantity(text, QUANTITY_FRACTION, out) || *out < 0 || *out >= 1)
        return context_fail(context, ERR_USAGE, "'%s' wants a loss such as 0.5%%, got '%s'", option,
                            text);
    if (!strchr(text, '%') && *out > 0.1)
        return context_fail(context, ERR_USAGE,
                            "'%s %s': beyond 0.1 it must be written with %% (did you mean "
                            "'%s%%'?)",
                            option, text, text);
    return OK;
}

enum status check_loss_metric(struct context *context, const char *option, const char *metric)
{
    enum metric known;

    if (!metric || (metric_from_name(metric, &known) && metric_is_higher_better(known) &&
                    known != METRIC_COSINE))
        return OK;
    return context_fail(context, ERR_USAGE,
                        "'%s' wants '--metric' top1, top5, balanced or auc, got '%s'", option,
                        metric);
}

static enum status parse_value(struct context *context, const char *text, struct requirement *out)
{
    if (out->quantity != QUANTITY_BOOL) {
        if (parse_quantity(text, out->quantity, &out->value))
            return OK;
    } else if (out->relation != EQUAL && out->relation != NOT_EQUAL) {
        return context_fail(context, ERR_USAGE,
                            "requirement '%s': '%s' takes only == and !=", out->expression,
                            out->key);
    } else if (strcmp(text, "true") == 0 || strcmp(text, "false") == 0) {
        out->value = *text == 't';
        return OK;
    }
    return context_fail(context, ERR_USAGE, "requirement '%s': '%s' wants %s, got '%s'",
                        out->expression, out->key, wants[out->quantity], text);
}

// Points of accuracy are easily mistaken for fractions: -0.5 would allow half of all to be lost.
static enum status check_difference(struct context *context, const char *text,
                                    const struct requirement *requirement)
{
    if (strncmp(requirement->key, "baseline.difference", 19) != 0 || strchr(text, '%') ||
        fabs(requirement->value) <= 0.1)
        return OK;
    return context_fail(context, ERR_USAGE,
                        "requirement '%s': a bound beyond 0.1 on '%s' must be written with %% "
                        "(did you mean '%s%%'?)",
                        requirement->expression, requirement->key, text);
}

static enum status complete(struct context *context, const char *value, const char *const *devices,
                            struct requirement *out)
{
    const struct report_key *row = report_key_find(out->key, devices);

    if (!row)
        return unknown_key(context, out->expression, out->key);
    out->quantity = row->quantity;
    TRY(parse_value(context, value, out));
    return check_difference(context, value, out);
}

// A copy without blanks at either end.
static const char *trimmed(struct arena *arena, const char *from, size_t length)
{
    while (length && isspace((unsigned char)*from)) {
        from++;
        length--;
    }
    while (length && isspace((unsigned char)from[length - 1]))
        length--;
    return arena_copy_bytes(arena, from, length);
}

// Its length, 0: none. A single = is a part of the key: a device may be named with what was
// changed.
static size_t find_comparison(const char *expression, size_t *at, enum relation *relation)
{
    for (*at = 0; expression[*at]; ++*at)
        for (int i = 0; i < COMPARISON_COUNT; i++) {
            size_t length = strlen(comparisons[i].sign);
            if (strncmp(expression + *at, comparisons[i].sign, length) == 0) {
                *relation = comparisons[i].relation;
                return length;
            }
        }
    return 0;
}

enum status requirement_parse(struct context *context, struct arena *arena, const char *expression,
                              const char *const *devices, struct requirement *out)
{
    size_t at, length;

    out->expression = trimmed(arena, expression, strlen(expression));
    length = find_comparison(expression, &at, &out->relation);
    out->key = trimmed(arena, expression, at);
    if (length) {
        const char *value = expression + at + length;
        return complete(context, trimmed(arena, value, strlen(value)), devices, out);
    }
    return context_fail(context, ERR_USAGE,
                        "requirement '%s' has no comparison (>=, <=, >, <, == or !=)",
                        out->expression);
}

enum status requirement_parse_bound(struct context *context, struct arena *arena, const char *bound,
                                    enum relation relation, const char *const *devices,
                                    struct requirement *out)
{
    const char *equals = strrchr(bound, '='), *sign = relation == AT_LEAST ? ">=" : "<=";

    if (!equals)
        return context_fail(context, ERR_USAGE, "'--%s' wants KEY=VALUE, got '%s'",
                            relation == AT_LEAST ? "min" : "max", bound);
    out->key = trimmed(arena, bound, (size_t)(equals - bound));
    const char *value = trimmed(arena, equals + 1, strlen(equals + 1));
    out->expression = arena_format(arena, "%s %s %s", out->key, sign, value);
    out->relation = relation;
    return complete(context, value, devices, out);
}

bool relation_holds(double value, enum relation relation, double bound)
{
    switch (relation) {
    case AT_LEAST:
        return value >= bound;
    case AT_MOST:
        return value <= bound;
    case GREATER:
        return value > bound;
    case LESS:
        return value < bound;
    case EQUAL:
        return value == bound;
    case NOT_EQUAL:
        return value != bound;
    }
    return false;
}

const struct json *report_at(const struct json *report, const char *key, const struct json **parent)
{
    size_t digits = strspn(key, "0123456789");

    if (parent)
        *parent = report;
    if (json_is_array(report) && digits && digits < 10 && (key[digits] == '.' || !key[digits])) {
        const struct json *child = json_child(report, (size_t)strtoul(key, NULL, 10));
        return child && key[digits] ? report_at(child, key + digits + 1, parent) : child;
    }
    for (size_t i = 0; json_is_object(report) && i < json_count(report); i++) {
        const struct json *child = json_child(report, i), *found = child;
        size_t length = strlen(json_key(child));
        if (strncmp(key, json_key(child), length) != 0 || (key[length] && key[length] != '.'))
            continue;
        if (key[length])
            found = report_at(child, key + length + 1, parent);
        if (found)
            return found;
    }
    return NULL;
}

enum verdict requirement_judge(const struct requirement *requirement, const struct json *report,
                               double *value)
{
    const struct json *at = report_at(report, requirement->key, NULL);

    *value = at && (json_is_number(at) || json_is_bool(at)) ? json_number(at) : NAN;
    if (isnan(*value))
        return VERDICT_UNKNOWN;
    return relation_holds(*value, requirement->relation, requirement->value) ? VERDICT_HOLDS
                                                                             : VERDICT_MISSED;
}
