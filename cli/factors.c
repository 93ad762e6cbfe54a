// The factors of a ratio of energies, told.
#include "cli/factors.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/json_common.h"
#include "energy/energy_json.h"

const struct measured_ratio measured_ratio_nothing = {NAN, NAN, NAN, NULL};

// hardware last: both readings are of one machine, which says nothing of another.
static const struct {
    const char *name;
    size_t at;
} factors[] = {{"bits", offsetof(struct energy_ratio, bits)},
               {"sparsity", offsetof(struct energy_ratio, sparsity)},
               {"architecture", offsetof(struct energy_ratio, architecture)},
               {"memory", offsetof(struct energy_ratio, memory)},
               {"hardware", offsetof(struct energy_ratio, hardware)}};
enum { FACTOR_COUNT = sizeof factors / sizeof *factors, HARDWARE = FACTOR_COUNT - 1 };

static double factor_of(const struct energy_ratio *ratio, int factor)
{
    return *(const double *)((const char *)ratio + factors[factor].at);
}

// Whether the readings cover it: a factor in which the networks differ.
static bool is_measured(const struct energy_ratio *estimated, const struct measured_ratio *measured,
                        int factor)
{
    double value = factor_of(estimated, factor);

    return measured->counter && factor != HARDWARE && fabs(value - 1) > 1e-9;
}

struct measured_ratio measured_ratio_of(const struct measured *baseline,
                                        const struct measured *model)
{
    const struct measured_inference *a = &baseline->inference, *b = &model->inference;
    struct measured_ratio out = measured_ratio_nothing;
    double half_a = a->high - a->joules, half_b = b->high - b->joules, inner;

    if (!baseline->counter || !model->counter || strcmp(baseline->counter, model->counter) != 0 ||
        !baseline->scope || !model->scope || strcmp(baseline->scope, model->scope) != 0 ||
        !(a->joules > 0) || !(b->joules > 0))
        return out;
    out.energy = a->joules / b->joules;
    out.counter = model->counter;
    if (!(half_a < a->joules) || !(half_b < b->joules))
        return out;
    inner = pow(a->joules * b->joules, 2) -
            (pow(a->joules, 2) - pow(half_a, 2)) * (pow(b->joules, 2) - pow(half_b, 2));
    out.low = (a->joules * b->joules - sqrt(inner)) / (pow(b->joules, 2) - pow(half_b, 2));
    out.high = (a->joules * b->joules + sqrt(inner)) / (pow(b->joules, 2) - pow(half_b, 2));
    return out;
}

const char *batches_words(struct arena *arena, double baseline, double model)
{
    return arena_format(arena, "the baseline's joules are of batches of %g, the model's of %g",
                        baseline, model);
}

void energy_steps_to_json(struct json *object, const struct energy_steps *steps)
{
    json_add_int(object, "reference_bits", steps->reference_bits);
    json_add_number(object, "reference", steps->reference);
    json_add_number(object, "dense", steps->dense);
    json_add_number(object, "on_chip", steps->on_chip);
    json_add_number(object, "off_chip", steps->off_chip);
    json_add_bool(object, "is_on_chip", steps->is_on_chip);
    json_add_count(object, "nonzero", steps->nonzero);
}

struct energy_steps energy_steps_from_json(const struct json *object, double joules)
{
    return (struct energy_steps){json_number(json_at(object, "reference_bits")) == 8 ? 8 : 32,
                                 joules,
                                 json_number(json_at(object, "reference")),
                                 json_number(json_at(object, "dense")),
                                 json_number(json_at(object, "on_chip")),
                                 json_number(json_at(object, "off_chip")),
                                 json_number(json_at(object, "is_on_chip")) == 1,
                                 json_number(json_at(object, "nonzero"))};
}

void factors_to_json(struct json *ratio, const struct energy_ratio *estimated,
                     const struct measured_ratio *measured)
{
    struct json *list, *object;

    energy_factors_to_json(json_add_object(ratio, "factors"), estimated);
    list = json_add_array(ratio, "factors_measured");
    for (int i = 0; i < FACTOR_COUNT; i++)
        if (is_measured(estimated, measured, i))
            json_add_text(list, NULL, factors[i].name);
    object = json_add_object(ratio, "measured");
    json_add_number(object, "energy", measured->energy);
    json_add_interval(object, "energy_interval", measured->low, measured->high);
    json_add_text(object, "counter", measured->counter);
    json_add_text(ratio, "reason", estimated->reason);
}

void factors_text(const struct energy_ratio *estimated, const struct measured_ratio *measured,
                  struct text *out)
{
    text_format(out, "%.4g", estimated->energy);
    if (isnan(estimated->bits))
        return;
    for (int i = 0; i < FACTOR_COUNT; i++)
        text_format(out, " %s %s %.4g%s", i ? "x" : "=", factors[i].name, factor_of(estimated, i),
                    is_measured(estimated, measured, i) ? "*" : "");
}

void measured_ratio_text(const struct energy_ratio *estimated,
                         const struct measured_ratio *measured, struct text *out)
{
    int marked = 0;

    if (!measured->counter)
        return;
    for (int i = 0; i < FACTOR_COUNT; i++)
        marked += is_measured(estimated, measured, i);
    text_format(out, "%smeasured%s: %.4g", marked ? "* " : "", marked > 1 ? ", together" : "",
                measured->energy);
    if (!isnan(measured->low))
        text_format(out, " (95 %%: %.4g .. %.4g)", measured->low, measured->high);
    text_add(out, ", ");
    text_add(out, measured->counter);
}
