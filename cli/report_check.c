// What may stand in one report: points over the same data, device and metric. The rest is refused.
#include <math.h>
#include <string.h>

#include "cli/json_common.h"
#include "cli/report_view.h"
#include "cli/table.h"
#include "energy/cost.h"

static void release_json(void *json)
{
    json_free(json);
}

static const char *device_names_of(struct arena *arena, const struct json *by_device)
{
    const char *names = "";

    for (size_t i = 0; i < json_count(by_device); i++)
        names = arena_format(arena, "%s%s'%s'", names, i ? ", " : "",
                             json_key(json_child(by_device, i)));
    return names;
}

// What compressing cost stays, but it is paid back by what an inference on this device saves.
static void pay_back(struct json *eval, double before, double after, const char *device)
{
    struct cost cost = {.joules = json_number(json_at(eval, "cost.joules")),
                        .inferences = (double)NAN};
    struct json *object;

    if (!json_is_object(json_at(eval, "cost")))
        return;
    object = json_replace(eval, "cost", json_copy(json_at(eval, "cost")));
    if (isnan(cost.joules))
        return; // the reason stands there
    cost_pay_back(&cost, before, after, device);
    json_set_number(object, "inferences_to_pay_back", cost.inferences);
    if (json_member(object, "inferences_per_day"))
        json_set_number(object, "days_to_pay_back",
                        cost.inferences / json_number(json_member(object, "inferences_per_day")));
    json_remove(eval, "cost", "reason");
    json_add_text(object, "reason", cost.reason[0] ? cost.reason : NULL);
}

// Grams of an inference are of the device that was named first: of another one they are not known.
static void drop_carbon(struct json *eval)
{
    struct json *unknown;

    if (!json_is_object(json_at(eval, "carbon")))
        return;
    unknown = json_object();
    json_add_null(unknown, "carbon");
    json_replace(eval, "carbon", json_copy(json_at(unknown, "carbon")));
    json_free(unknown);
}

// Compressing is not paid back by other hardware.
static double on_one_device(const struct json *eval, const struct json *by_device, double before)
{
    return json_is_text(json_at(eval, "baseline.device"))
               ? before / json_number(json_at(by_device, "factors.hardware"))
               : before;
}

// energy, ratio and the baseline's joules as they would be with that device named first.
static struct json *with_device(const struct json *eval, const char *device)
{
    static const char *const of_device[] = {"energy",           "energy_interval", "factors",
                                            "factors_measured", "measured",        "reason"};
    struct json *out = json_copy(eval);
    const struct json *energy = json_member(json_at(eval, "energy_by_device"), device);
    const struct json *by_device = json_member(json_at(eval, "ratio_by_device"), device);
    double joules = json_number(json_at(energy, "joules"));
    double before = json_number(json_member(by_device, "energy")) * joules;
    struct json *ratio, *baseline;

    json_replace(out, "energy", json_copy(energy));
    drop_carbon(out);
    pay_back(out, on_one_device(eval, by_device, before), joules, device);
    if (!json_is_object(json_at(eval, "ratio")) || !json_is_object(by_device))
        return out;
    ratio = json_replace(out, "ratio", json_copy(json_at(eval, "ratio")));
    for (size_t i = 0; i < sizeof of_device / sizeof *of_device; i++)
        if (json_member(by_device, of_device[i]))
            json_replace(ratio, of_device[i], json_copy(json_member(by_device, of_device[i])));
    if (!json_is_object(json_at(eval, "baseline")))
        return out;
    baseline = json_replace(out, "baseline", json_copy(json_at(eval, "baseline")));
    json_set_number(baseline, "joules", before);
    return out;
}

static enum status use_device(struct report_view *view, const struct report_point *point,
                              const struct json **eval)
{
    struct arena *arena = view->invocation->arena;
    const char *device = view->options->device;
    const struct json *by_device = json_at(*eval, "energy_by_device");
    struct json *changed;

    if (strcmp(json_text(json_at(*eval, "energy.device")), device) == 0)
        return OK;
    if (!json_is_text(json_at(json_member(by_device, device), "profile.sha256")))
        return context_fail(view->invocation->context, ERR_FORMAT,
                            "%s: no energy on '%s'; it has %s", point->file, device,
                            device_names_of(arena, by_device));
    if (point->trial)
        view->judged_on = json_text(json_at(*eval, "energy.device"));
    changed = with_device(*eval, device);
    arena_defer(arena, release_json, changed);
    *eval = changed;
    return OK;
}

static const struct {
    const char *key, *words, *hint;
} must_equal[] = {
    {"data.sha256", "data", ""},
    {"accuracy.metric", "metric", ""},
    {"energy.device", "device", "; '--device' chooses where several were asked for"},
    {"energy.profile.sha256", "energy profile", ""},
};

// What the difference is called: data by name, a profile that has changed by its hash.
static const char *words_of(struct arena *arena, const struct json *eval, const char *key)
{
    const char *text = json_text(json_at(eval, key)), *name;

    if (strcmp(key, "data.sha256") == 0) {
        name = json_text(json_at(eval, "data.name"));
        return arena_format(arena, "'%s' (sha256 %.8s)", name ? name : "?", text);
    }
    if (strcmp(key, "energy.profile.sha256") == 0)
        return arena_format(arena, "'%s' of sha256 %.8s", json_text(json_at(eval, "energy.device")),
                            text);
    return text ? arena_format(arena, "'%s'", text) : "none";
}

static enum status check_pair(const struct report_view *view, const struct report_point *first,
                              const struct json *a, const struct report_point *point,
                              const struct json *b)
{
    struct arena *arena = view->invocation->arena;

    for (size_t i = 0; i < sizeof must_equal / sizeof *must_equal; i++) {
        const char *key = must_equal[i].key;
        const char *of_a = json_text(json_at(a, key)), *of_b = json_text(json_at(b, key));
        if (of_a ? of_b && strcmp(of_a, of_b) == 0 : !of_b)
            continue;
        return context_fail(view->invocation->context, ERR_FORMAT,
                            "%s and %s cannot be mixed: they differ in %s, %s and %s%s",
                            first->file, point->file == first->file ? point->id : point->file,
                            must_equal[i].words, words_of(arena, a, key), words_of(arena, b, key),
                            must_equal[i].hint);
    }
    return OK;
}

// The evaluations of a point.
enum which { SHOWN, ON_SEARCH, ON_TEST, WHICH };

static const struct json *const *evaluation(const struct report_point *point, enum which which)
{
    return which == SHOWN ? &point->eval : which == ON_SEARCH ? &point->search : &point->test;
}

// All with the first that has one; so that two that differ are named, whichever they are.
static enum status check_all(const struct report_view *view, enum which which)
{
    const struct report_point *first = NULL;

    for (int i = 0; i < view->count; i++) {
        const struct report_point *point = &view->point[i];
        const struct json *eval = *evaluation(point, which);
        if (!eval)
            continue;
        if (first)
            TRY(check_pair(view, first, *evaluation(first, which), point, eval));
        else
            first = point;
    }
    return OK;
}

// Two of one name get their id, or a number where even that is the same.
static void make_unique(struct report_view *view)
{
    struct arena *arena = view->invocation->arena;

    for (int i = 0; i < view->count; i++)
        for (int j = 0; j < i; j++) {
            struct report_point *point = &view->point[i];
            const struct report_point *other = &view->point[j];
            if (strcmp(point->id, other->id) == 0)
                point->id = arena_format(arena, "%s-%d", other->id, i + 1);
            if (strcmp(point->label, other->label) == 0)
                point->label = arena_format(arena, "%s (%s)", point->label,
                                            point->trial ? point->id : point->file);
        }
}

void report_warn(struct report_view *view, const char *words)
{
    if (!view->warnings) {
        view->warnings = json_array();
        arena_defer(view->invocation->arena, release_json, view->warnings);
    }
    for (size_t i = 0; i < json_count(view->warnings); i++)
        if (strcmp(json_text(json_child(view->warnings, i)), words) == 0)
            return;
    json_add_name(view->warnings, NULL, words);
    context_warn(view->invocation->context, "%s", words);
}

static void warn_of_baselines(struct report_view *view)
{
    const char *first = NULL;

    for (int i = 0; i < view->count; i++) {
        const char *sha256 = json_text(json_at(view->point[i].eval, "baseline.sha256"));
        if (first && sha256 && strcmp(first, sha256) != 0) {
            report_warn(view, arena_format(view->invocation->arena,
                                           "%s: another baseline than before: ratios and "
                                           "differences do not compare",
                                           view->point[i].file));
            return;
        }
        first = first ? first : sha256;
    }
}

bool report_on_test(const struct report_view *view)
{
    return strcmp(view->options->on, "test") == 0;
}

// A model beside a sweep's test data was evaluated on the same data, or is refused: on test data.
static enum status settle_point(struct report_view *view, struct report_point *point)
{
    bool is_test = point->eval && point->eval == point->test;

    if (view->options->device && point->search)
        TRY(use_device(view, point, &point->search));
    if (view->options->device && point->test)
        TRY(use_device(view, point, &point->test));
    if (!point->trial && view->has_sweep && report_on_test(view)) {
        point->test = point->search;
        point->search = NULL;
        is_test = true;
    }
    point->eval = !point->eval ? NULL : is_test ? point->test : point->search;
    return OK;
}

enum status report_settle(struct report_view *view)
{
    for (int i = 0; i < view->count; i++) {
        TRY(settle_point(view, &view->point[i]));
        if (!view->sample)
            view->sample = view->point[i].eval;
    }
    for (int which = 0; which < WHICH; which++)
        TRY(check_all(view, (enum which)which));
    if (!view->sample)
        return context_fail(view->invocation->context, ERR_FORMAT, "%s: %s", view->point[0].file,
                            report_on_test(view) ? "no trial was evaluated on test data"
                                                 : "no trial has an evaluation");
    make_unique(view);
    warn_of_baselines(view);
    if (view->judged_on)
        report_warn(view, arena_format(view->invocation->arena,
                                       "front and chosen are the sweep's, which judged on '%s', "
                                       "not on '%s'",
                                       view->judged_on, view->options->device));
    return OK;
}
