// Axes of a report: any number of ecai/eval/1 by its dotted key, or a trial's parameter.
#include <math.h>
#include <string.h>

#include "cli/report_view.h"
#include "cli/requirement.h"

// clang-format off
static const struct {
    const char *key, *title, *interval;
    enum better better;
} known[] = {
    {"accuracy.top5", "top-5 accuracy", NULL, BETTER_HIGHER},
    {"accuracy.balanced", "balanced accuracy", NULL, BETTER_HIGHER},
    {"baseline.agreement", "same answer as the baseline", NULL, BETTER_HIGHER},
    {"baseline.kl", "divergence from the baseline (nats)", NULL, BETTER_LOWER},
    {"energy.joules", "energy per inference", "energy.interval", BETTER_LOWER},
    {"energy.measured.joules", "measured energy per inference", "energy.measured.interval", BETTER_LOWER},
    {"energy.breakdown.mac", "energy of arithmetic", NULL, BETTER_LOWER},
    {"energy.breakdown.weights", "energy of reading weights", NULL, BETTER_LOWER},
    {"energy.breakdown.activations", "energy of moving activations", NULL, BETTER_LOWER},
    {"model.bytes", "size of the file", NULL, BETTER_LOWER},
    {"model.parameters", "parameters", NULL, BETTER_LOWER},
    {"model.nonzero", "parameters that are not zero", NULL, BETTER_LOWER},
    {"model.macs", "multiply-accumulates", NULL, BETTER_LOWER},
    {"model.macs_nonzero", "multiply-accumulates of weights that are not zero", NULL, BETTER_LOWER},
    {"model.weight_bits", "bits of weights", NULL, BETTER_LOWER},
    {"model.activation_bits", "bits of activations", NULL, BETTER_LOWER},
    {"ratio.energy", "times less energy than the baseline", "ratio.energy_interval", BETTER_HIGHER},
    {"ratio.bytes", "times smaller than the baseline", NULL, BETTER_HIGHER},
    {"ratio.parameters", "times fewer parameters than the baseline", NULL, BETTER_HIGHER},
    {"ratio.macs", "times fewer multiply-accumulates than the baseline", NULL, BETTER_HIGHER},
    {"timing.seconds", "time of the evaluation", NULL, BETTER_LOWER},
    {"timing.inferences_per_second", "inferences per second", NULL, BETTER_HIGHER},
    {"cost.joules", "energy of compressing", "cost.interval", BETTER_LOWER},
    {"cost.grams", "CO2e of compressing", NULL, BETTER_LOWER},
    {"cost.macs", "multiply-accumulates of compressing", NULL, BETTER_LOWER},
    {"cost.inferences_to_pay_back", "inferences until compressing has paid", NULL, BETTER_LOWER},
};

static const char *const counts[] = {
    "model.parameters", "model.nonzero", "model.macs", "model.macs_nonzero", "baseline.parameters",
    "baseline.macs", "cost.macs", "cost.inferences_to_pay_back", NULL,
};
// clang-format on

static const char *unit_of(const char *key, enum quantity quantity)
{
    static const char *const units[] = {
        [QUANTITY_NUMBER] = "",  [QUANTITY_FRACTION] = "%", [QUANTITY_BYTES] = "B",
        [QUANTITY_JOULES] = "J", [QUANTITY_SECONDS] = "s",  [QUANTITY_BOOL] = ""};

    for (const char *const *count = counts; *count; count++)
        if (strcmp(*count, key) == 0)
            return "#";
    return strcmp(key, "cost.grams") == 0 ? "g" : units[quantity];
}

static bool is_fraction(const char *metric)
{
    return metric && (strcmp(metric, "top1") == 0 || strcmp(metric, "top5") == 0 ||
                      strcmp(metric, "balanced") == 0);
}

// Accuracy is called by its metric, and better where the metric says so.
static void fill_accuracy(const struct report_view *view, struct report_axis *axis)
{
    const char *metric = json_text(json_at(view->sample, "accuracy.metric"));
    const char *better = json_text(json_at(view->sample, "accuracy.better"));
    bool is_difference = strcmp(axis->key, "baseline.difference") == 0;
    const char *name = !metric                            ? "accuracy"
                       : strcmp(metric, "top1") == 0      ? "top-1 accuracy"
                       : strcmp(metric, "top5") == 0      ? "top-5 accuracy"
                       : strcmp(metric, "balanced") == 0  ? "balanced accuracy"
                       : strcmp(metric, "auc") == 0       ? "area under the ROC curve"
                       : strcmp(metric, "mse") == 0       ? "mean squared error"
                       : strcmp(metric, "mae") == 0       ? "mean absolute error"
                       : strncmp(metric, "exec:", 5) == 0 ? "accuracy"
                                                          : metric;

    axis->title = is_difference
                      ? arena_format(view->invocation->arena, "%s against the baseline", name)
                      : name;
    axis->interval = is_difference ? "baseline.difference_ci95" : "accuracy.ci95";
    axis->unit = is_fraction(metric) ? is_difference ? "points" : "%" : "";
    axis->better = !better                        ? BETTER_UNKNOWN
                   : strcmp(better, "lower") == 0 ? BETTER_LOWER
                                                  : BETTER_HIGHER;
}

static void fill(const struct report_view *view, enum quantity quantity, struct report_axis *axis)
{
    if (strcmp(axis->key, "accuracy.value") == 0 || strcmp(axis->key, "baseline.difference") == 0) {
        fill_accuracy(view, axis);
        return;
    }
    axis->unit = unit_of(axis->key, quantity);
    axis->better =
        quantity == QUANTITY_BYTES || quantity == QUANTITY_JOULES || quantity == QUANTITY_SECONDS
            ? BETTER_LOWER
            : BETTER_UNKNOWN;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].key, axis->key) == 0) {
            axis->title = known[i].title;
            axis->interval = known[i].interval;
            axis->better = known[i].better;
        }
}

static const struct report_key *find_key(const struct report_view *view, const char *key)
{
    const struct json *by_device = json_at(view->sample, "energy_by_device");
    size_t count = json_count(by_device);
    const char **devices = arena_array(view->invocation->arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++)
        devices[i] = json_key(json_child(by_device, i));
    return report_key_find(key, devices);
}

enum status report_find_axis(const struct report_view *view, const char *option, const char *key,
                             struct report_axis *out)
{
    const struct report_key *row = find_key(view, key);
    struct strings parameters;
    struct text text;
    enum status status;

    *out = (struct report_axis){.key = key, .title = key, .unit = ""};
    if (row) {
        fill(view, row->quantity, out);
        return OK;
    }
    parameters = report_parameters(view);
    for (int64_t i = 0; i < parameters.count; i++)
        if (strcmp(parameters.at[i], key) == 0)
            return OK;
    text_init(&text);
    report_key_suggest(key, &text);
    status = context_fail(view->invocation->context, ERR_USAGE, "'%s': unknown key '%s'%s", option,
                          key, text.at);
    text_clear(&text);
    return status;
}

const struct json *report_parameter(const struct report_point *point, const char *name)
{
    return json_member(json_at(point->trial, "parameters"), name);
}

bool report_is_shown(const struct report_point *point)
{
    // A front may hold a trial that was dropped: it was not trained on, but what it is counts.
    return point->eval &&
           (strcmp(point->state, "done") == 0 || point->is_front || point->is_chosen);
}

double report_value(const struct report_point *point, const char *key)
{
    const struct json *at = json_at(point->eval, key);
    double value;

    if (!at)
        at = report_parameter(point, key);
    value = json_is_number(at) || json_is_bool(at) ? json_number(at) : NAN;
    return isfinite(value) ? value : NAN;
}

bool report_spreads(const struct report_view *view, const char *key)
{
    double low = INFINITY, high = 0;

    for (int i = 0; i < view->count; i++) {
        double value =
            report_is_shown(&view->point[i]) ? report_value(&view->point[i], key) : (double)NAN;
        low = fmin(low, value); // NaN changes neither
        high = fmax(high, value);
    }
    return low > 0 && high >= 10 * low;
}

struct strings report_parameters(const struct report_view *view)
{
    enum { PARAMETERS_MAX = 256 };
    const char **names = arena_array(view->invocation->arena, const char *, PARAMETERS_MAX);
    int64_t count = 0;

    for (int i = 0; i < view->count; i++) {
        const struct json *parameters = json_at(view->point[i].trial, "parameters");
        for (size_t j = 0; j < json_count(parameters); j++) {
            const char *name = json_key(json_child(parameters, j));
            int64_t at = 0;
            while (at < count && strcmp(names[at], name) != 0)
                at++;
            if (at == count && count < PARAMETERS_MAX)
                names[count++] = name;
        }
    }
    return (struct strings){count, names};
}

const char *report_words(const struct report_view *view, const struct json *value)
{
    struct text text;
    const char *words, *list = "";

    if (json_is_null(value))
        return "";
    if (json_is_text(value))
        return json_text(value);
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_count(value); i++)
            list = arena_format(view->invocation->arena, "%s%s%s", list, i ? "," : "",
                                report_words(view, json_child(value, i)));
        return list;
    }
    text_init(&text);
    json_print(value, false, &text);
    words = arena_copy_text(view->invocation->arena, text.at);
    text_clear(&text);
    return words;
}

// Whether the only input is a sweep whose front was over this key, on the device shown.
static bool is_judged(const struct report_view *view, const char *key)
{
    const struct json *front = json_at(view->sweep, "spec.front");

    for (size_t i = 0; i < json_count(front) && !view->judged_on; i++) {
        const char *name = json_text(json_child(front, i));
        if (name && strcmp(name, key) == 0)
            return true;
    }
    return false;
}

void report_mark_front(struct report_view *view)
{
    struct chart_point *point;
    int *index, *order, count = 0, front;
    struct arena *arena = view->invocation->arena;

    view->marks_sweep = is_judged(view, view->x.key) && is_judged(view, view->y.key);
    point = arena_array(arena, struct chart_point, (size_t)view->count);
    index = arena_array(arena, int, (size_t)view->count);
    order = arena_array(arena, int, (size_t)view->count);
    for (int i = 0; i < view->count; i++) {
        view->point[i].is_marked = view->marks_sweep && view->point[i].is_front;
        point[count].x = report_value(&view->point[i], view->x.key);
        point[count].y = report_value(&view->point[i], view->y.key);
        index[count] = i;
        if (report_is_shown(&view->point[i]) && !isnan(point[count].x) && !isnan(point[count].y))
            count++;
    }
    front = scatter_front(point, count, view->x.better, view->y.better, order);
    for (int i = 0; i < front && !view->marks_sweep; i++) {
        struct report_point *of_front = &view->point[index[order[i]]];
        of_front->is_marked = true;
        of_front->is_front |= !of_front->trial;
    }
}
