// Two reports compared: the second is the model, the first its baseline, so that the document
// answers to the same keys as a report of `ecai eval --baseline`.
#include <math.h>
#include <string.h>

#include "base/json_check.h"
#include "cli/diff.h"
#include "cli/json_common.h"
#include "energy/device.h"
#include "energy/energy_json.h"

static double number_at(const struct diff_side *side, const char *path)
{
    return json_number(json_at(side->report, path));
}

// A figure of the energy on a device, whose name may hold dots.
static const struct json *energy_at(const struct diff_side *side, const char *device,
                                    const char *path)
{
    return json_at(json_member(json_at(side->report, "energy_by_device"), device), path);
}

static struct interval interval_of(const struct diff_side *side)
{
    return (struct interval){number_at(side, "accuracy.ci95.0"),
                             number_at(side, "accuracy.ci95.1")};
}

// Whether answers can be paired; diff->unpaired says why not.
static bool pair_answers(struct diff *diff)
{
    const struct diff_side *a = &diff->baseline, *b = &diff->model;
    struct invocation *invocation = diff->invocation;
    const char *metric = json_text(json_at(b->report, "accuracy.metric"));

    diff->unpaired = !a->has_outputs ? a->no_outputs : !b->has_outputs ? b->no_outputs : NULL;
    if (diff->unpaired)
        return false;
    if (comparison_of(invocation->context, &a->outputs, &b->outputs, diff->gate.margin,
                      &diff->answers) != OK) {
        diff->unpaired = arena_copy_text(invocation->arena, invocation->context->error);
        return false;
    }
    diff->difference.answers = &diff->answers;
    if (!metric)
        diff->unpaired = "the reports have no accuracy";
    else if (strcmp(metric, "top1") != 0 || !diff->answers.is_labelled)
        diff->unpaired = "only top1 is paired";
    return !diff->unpaired;
}

void diff_compare(struct diff *diff)
{
    struct difference *out = &diff->difference;
    const char *metric = json_text(json_at(diff->model.report, "accuracy.metric"));
    double was = number_at(&diff->baseline, "accuracy.value");
    double is = number_at(&diff->model, "accuracy.value");
    bool holds;

    *out = (struct difference){.margin = diff->gate.margin, .non_inferior = VERDICT_UNKNOWN};
    if (pair_answers(diff)) {
        out->is_paired = true;
        out->value = diff->answers.difference;
        out->ci95 = diff->answers.difference_ci95;
        holds = diff->answers.is_non_inferior;
    } else {
        out->value = is - was;
        out->ci95 =
            unpaired_interval(was, interval_of(&diff->baseline), is, interval_of(&diff->model));
        holds = unpaired_is_non_inferior(out->value, out->ci95, out->margin);
    }
    if (metric && strcmp(metric, "top1") == 0 && !isnan(out->ci95.low))
        out->non_inferior = holds ? VERDICT_HOLDS : VERDICT_MISSED;
}

// "changes": one figure of both, which may not be alike. unit "": none.
static void add_change(struct json *list, const char *name, const char *unit, double was, double is,
                       bool are_alike)
{
    struct json *item = json_add_object(list, NULL);

    json_add_name(item, "name", name);
    json_add_text(item, "unit", *unit ? unit : NULL);
    json_add_count(item, "baseline", was);
    json_add_count(item, "model", is);
    json_add_count(item, "difference", are_alike ? is - was : NAN);
    json_add_number(item, "change", are_alike && was > 0 ? is / was - 1 : (double)NAN);
}

// Energy on every device that both reports have, the one that "energy" is of first.
static void add_energies(struct json *list, const struct diff *diff)
{
    const struct json *devices = json_at(diff->model.report, "energy_by_device");

    for (size_t i = 0; i < json_count(devices); i++) {
        const char *device = json_key(json_child(devices, i));
        if (energy_at(&diff->baseline, device, ""))
            add_change(list, arena_format(diff->invocation->arena, "energy, %s", device), "J",
                       json_number(energy_at(&diff->baseline, device, "joules")),
                       json_number(energy_at(&diff->model, device, "joules")), !diff->batches);
    }
}

static void add_changes(struct json *document, const struct diff *diff)
{
    static const struct {
        const char *name, *key, *unit;
    } rows[] = {{"bytes", "model.bytes", "B"},
                {"parameters", "model.parameters", ""},
                {"non-zero", "model.nonzero", ""},
                {"MACs", "model.macs", ""},
                {"inferences/s", "timing.inferences_per_second", ""},
                {"cost of making", "cost.joules", "J"}};
    const char *metric = json_text(json_at(diff->model.report, "accuracy.metric"));
    struct json *list = json_add_array(document, "changes");

    add_change(list, metric ? metric : "accuracy", "", number_at(&diff->baseline, "accuracy.value"),
               number_at(&diff->model, "accuracy.value"), true);
    add_energies(list, diff);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        add_change(list, rows[i].name, rows[i].unit, number_at(&diff->baseline, rows[i].key),
                   number_at(&diff->model, rows[i].key), true);
}

static void add_copy(struct json *parent, const char *key, const struct json *value)
{
    if (value)
        json_add(parent, key, json_copy(value));
    else
        json_add_null(parent, key);
}

static void copy(struct json *document, const struct diff_side *side, const char *path,
                 const char *key)
{
    add_copy(document, key, json_at(side->report, path));
}

static struct measured measured_of(const struct diff_side *side)
{
    const struct json *measured = json_at(side->report, "energy.measured");
    struct measured out = measured_nothing;

    out.inference.joules = json_number(json_at(measured, "joules"));
    out.inference.low = json_number(json_at(measured, "interval.0"));
    out.inference.high = json_number(json_at(measured, "interval.1"));
    out.counter = json_text(json_at(measured, "counter"));
    out.scope = json_text(json_at(measured, "scope"));
    return out;
}

static void add_baseline(struct json *document, const struct diff *diff)
{
    const struct diff_side *side = &diff->baseline;
    const struct measured measured = measured_of(side);
    struct json *block = json_add_object(document, "baseline");

    copy(block, side, "model.file", "file");
    copy(block, side, "model.sha256", "sha256");
    copy(block, side, "model.bytes", "bytes");
    copy(block, side, "model.parameters", "parameters");
    copy(block, side, "model.macs", "macs");
    copy(block, side, "accuracy.value", "accuracy");
    json_add_number(block, "joules",
                    diff->batches ? (double)NAN
                                  : json_number(energy_at(side, diff->device, "joules")));
    copy(block, side, "data.preprocess", "preprocess");
    difference_to_json(block, &diff->difference);
    measured_to_json(json_add_object(block, "measured"), &measured);
    json_add_null(block, "device"); // both networks are told on one
    json_add_null(block, "profile");
}

// How far a ratio may be off: known if the profile that the reports were made with is still here.
static double ratio_error(const struct diff *diff, const char *name)
{
    const char *sha256 = json_text(energy_at(&diff->model, name, "profile.sha256"));
    struct context quiet;
    struct device device;
    double percent = NAN;

    context_init(&quiet);
    if (!strchr(name, '/') && device_read(&quiet, name, &device) == OK && sha256 &&
        strcmp(sha256, device.sha256) == 0)
        percent = device.ratio_error_percent;
    if (!strchr(name, '/'))
        device_clear(&device);
    return percent;
}

static double ratio_of(double was, double is)
{
    return is > 0 ? was / is : (double)NAN;
}

static double ratio_at(const struct diff *diff, const char *key)
{
    return ratio_of(number_at(&diff->baseline, key), number_at(&diff->model, key));
}

static struct energy_ratio energy_ratio(const struct diff *diff, const char *device)
{
    const struct diff_side *side[] = {&diff->baseline, &diff->model};
    struct energy_steps steps[2];
    struct energy_ratio ratio = energy_ratio_unknown;

    ratio.reason = diff->batches;
    if (ratio.reason)
        return ratio;
    for (int i = 0; i < 2; i++)
        steps[i] = energy_steps_from_json(energy_at(side[i], device, "steps"),
                                          json_number(energy_at(side[i], device, "joules")));
    energy_compare_steps(&steps[0], &steps[1], ratio_error(diff, device), &ratio);
    return ratio;
}

static void add_ratios(struct json *document, const struct diff *diff)
{
    const struct json *devices = json_at(diff->model.report, "energy_by_device");
    struct json *block = json_add_object(document, "ratio"), *by_device;
    struct energy_ratio ratio = energy_ratio(diff, diff->device);
    const struct measured was = measured_of(&diff->baseline), is = measured_of(&diff->model);
    const struct measured_ratio measured = measured_ratio_of(&was, &is);

    energy_ratio_to_json(block, &ratio);
    json_add_number(block, "bytes", ratio_at(diff, "model.bytes"));
    json_add_number(block, "parameters", ratio_at(diff, "model.parameters"));
    json_add_number(block, "macs", ratio_at(diff, "model.macs"));
    factors_to_json(block, &ratio, &measured);
    by_device = json_add_object(document, "ratio_by_device");
    for (size_t i = 0; i < json_count(devices); i++) {
        const char *name = json_key(json_child(devices, i));
        block = json_add_object(by_device, name);
        ratio = energy_ratio(diff, name);
        energy_ratio_to_json(block, &ratio);
        factors_to_json(block, &ratio, &measured);
    }
}

// Grams are of one device; beside the energy of another one they would be taken for its own.
static void add_carbon(struct json *document, const struct diff *diff)
{
    const char *device = json_text(json_at(diff->model.report, "carbon.device"));

    if (device && strcmp(device, diff->device) == 0)
        copy(document, &diff->model, "carbon", "carbon");
    else
        json_add_null(document, "carbon");
}

struct json *diff_json(const struct diff *diff)
{
    struct json *document = json_object();

    json_add_text(document, "schema", "ecai/diff/1");
    json_add_bool(document, "paired", !diff->unpaired);
    json_add_name(document, "unpaired_reason", diff->unpaired);
    add_changes(document, diff);
    copy(document, &diff->model, "model", "model");
    copy(document, &diff->model, "data", "data");
    copy(document, &diff->model, "accuracy", "accuracy");
    add_baseline(document, diff);
    add_copy(document, "energy", energy_at(&diff->model, diff->device, ""));
    copy(document, &diff->model, "energy_by_device", "energy_by_device");
    add_ratios(document, diff);
    copy(document, &diff->model, "cost", "cost");
    add_carbon(document, diff);
    copy(document, &diff->model, "timing", "timing");
    json_add_text(document, "headline", diff_headline(diff->invocation->arena, document));
    return document;
}
