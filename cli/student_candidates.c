// Candidates of `ecai compress` before they run: chains with every option explicit, and forecasts
// of what they will make, from counts alone.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json_check.h"
#include "base/suggest.h"
#include "cli/chain_rules.h"
#include "cli/json_common.h"
#include "cli/student_search.h"
#include "distill/recipe.h"
#include "energy/count_change.h"
#include "pass/pass.h"

// ---- chains with every option explicit ----------------------------------------------------------

// --option STEP.NAME=VALUE, taken apart.
struct override {
    const char *step, *name, *value;
};

static enum status parse_override(struct student_search *search, const char *text,
                                  struct override *out)
{
    struct arena *arena = search->invocation->arena;
    const char *dot = strchr(text, '.'), *equals = dot ? strchr(dot, '=') : NULL;

    if (!dot || dot == text || !equals || equals == dot + 1)
        return context_fail(search->invocation->context, ERR_USAGE,
                            "'--option' wants STEP.NAME=VALUE such as distill.flip=true, got '%s'",
                            text);
    out->step = arena_copy_bytes(arena, text, (size_t)(dot - text));
    out->name = arena_copy_bytes(arena, dot + 1, (size_t)(equals - dot - 1));
    out->value = equals + 1;
    return OK;
}

static const struct pass *method_of(const struct chain_step *step)
{
    const struct command *command = command_find(step->verb)->command;

    return step->method ? command_method(command, step->method) : NULL;
}

static enum status override_fail(const struct student_search *search, enum status status,
                                 const struct override *override)
{
    return context_fail_in(search->invocation->context, status, "'--option %s.%s'", override->step,
                           override->name);
}

// Puts what --option says of this step over its method's options. *is_ours: it names this step.
static enum status override_step(struct student_search *search, const struct chain_step *step,
                                 const struct override *override, void *options, bool *is_ours)
{
    const struct pass *method = method_of(step);
    const struct field *field;
    struct suggestion suggestion;
    struct text text;
    enum status status;

    if (strcmp(override->step, step->name) != 0 || !method || !method->option)
        return OK;
    *is_ours = true;
    field = field_find(method->option, override->name);
    if (field)
        status = field_parse(search->invocation->context, field, override->value, options,
                             search->invocation->arena);
    else {
        suggestion_init(&suggestion, override->name);
        for (field = method->option; field->name; field++)
            suggestion_offer(&suggestion, field->name);
        text_init(&text);
        suggestion_add(&suggestion, "", &text);
        status = context_fail(search->invocation->context, ERR_USAGE,
                              "'%s %s' has no such option%s", step->verb, method->name, text.at);
        text_clear(&text);
    }
    return status == OK ? OK : override_fail(search, status, override);
}

static void add_given(const struct field *field, const void *at, struct json *options)
{
    const struct strings *list = (const void *)((const char *)at + field->offset);
    struct json *items;

    if (field->type != FIELD_STRINGS) {
        json_add_field(options, field, at);
        return;
    }
    items = json_add_array(options, field->name);
    for (int64_t i = 0; i < list->count; i++)
        json_add_text(items, NULL, list->at[i]);
}

void search_line_options(const struct student_search *search, const struct field *without,
                         struct json *options)
{
    const struct compress_line *line = search->line;
    const struct {
        const struct field *fields;
        const void *at;
    } sets[] = {{preprocess_fields, &line->preprocess},
                {run_fields, &line->run},
                {input_fields, &line->input}};

    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        for (const struct field *field = sets[i].fields; field->name; field++)
            if (!field_is_preset(field, sets[i].at) &&
                !(without && field_find(without, field->name)))
                add_given(field, sets[i].at, options);
}

static enum status make_explicit(struct student_search *search, const struct chain_step *step,
                                 struct json *into, unsigned *used)
{
    struct invocation *invocation = search->invocation;
    const struct strings *overrides = &search->line->own.option;
    const struct pass *method = method_of(step);
    struct json *out = json_add_object(into, NULL), *options;
    void *values = arena_alloc(invocation->arena, method->option_bytes);

    fields_preset(method->option, values, invocation->arena);
    for (int o = 0; o < step->option_count; o++) {
        const struct field *field = field_find(method->option, step->option[o].name);
        if (field)
            TRY(field_parse(invocation->context, field,
                            chain_value_text(invocation->arena, step->option[o].value), values,
                            invocation->arena));
    }
    for (int64_t i = 0; i < overrides->count; i++) {
        struct override override;
        bool is_ours = false;
        TRY(parse_override(search, overrides->at[i], &override));
        TRY(override_step(search, step, &override, values, &is_ours));
        if (is_ours && used)
            *used |= 1u << i;
    }
    json_add_text(out, "run", arena_format(invocation->arena, "%s %s", step->verb, method->name));
    json_add_text(out, "name", step->name);
    options = json_add_object(out, "options");
    for (const struct field *field = method->option; field->name; field++)
        json_add_field(options, field, values);
    for (int o = 0; o < step->option_count; o++)
        if (!field_find(method->option, step->option[o].name))
            json_add(options, step->option[o].name, json_copy(step->option[o].value));
    search_line_options(search, method->option, options);
    return OK;
}

// used: bit i for every --option that a step has taken; NULL: nobody asks.
static enum status explicit_chain(struct student_search *search, const struct family *family,
                                  double sparsity, unsigned *used, const struct json **out)
{
    struct invocation *invocation = search->invocation;
    struct json *proposed = family->strategy->chain(family->variant, sparsity, &search->material);
    struct json *list = json_array();
    struct chain chain;

    arena_defer(invocation->arena, json_release, proposed);
    arena_defer(invocation->arena, json_release, list);
    *out = list;
    TRY(chain_parse(invocation->context, invocation->arena, proposed, "chain", &chain));
    for (int i = 0; i < chain.count; i++)
        TRY(make_explicit(search, &chain.step[i], list, used));
    return OK;
}

enum status search_chain(struct student_search *search, const struct attempt *attempt,
                         const struct json **out)
{
    struct invocation *invocation = search->invocation;
    struct chain chain;

    TRY(explicit_chain(search, &search->search.family[attempt->family], attempt->sparsity, NULL,
                       out));
    TRY(chain_parse(invocation->context, invocation->arena, *out, "chain", &chain));
    return chain_check(invocation->context, &chain, &command_rules, "chain");
}

// What candidates differ in: their labels and forecasts speak of it.
static bool is_searched(const char *name)
{
    static const char *const names[] = {"sparsity", "global", "bits", "width", "depth"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (option_names_equal(name, names[i]))
            return true;
    return false;
}

enum status search_check_options(struct student_search *search)
{
    const struct compress_own_options *own = &search->line->own;
    struct context *context = search->invocation->context;
    struct suggestion suggestion;
    struct text text;

    for (int64_t i = 0; i < own->strategy.count; i++) {
        if (strategy_find(own->strategy.at[i]))
            continue;
        suggestion_init(&suggestion, own->strategy.at[i]);
        text_init(&text);
        for (int k = 0; strategy_at(k); k++) {
            suggestion_offer(&suggestion, strategy_at(k)->name);
            text_format(&text, "%s%s", k ? ", " : "", strategy_at(k)->name);
        }
        context_fail(context, ERR_USAGE, "unknown strategy '%s': there are %s", own->strategy.at[i],
                     text.at);
        text_clear(&text);
        return ERR_USAGE;
    }
    if (own->option.count > 32)
        return context_fail(context, ERR_USAGE, "more than 32 '--option'");
    for (int64_t i = 0; i < own->option.count; i++) {
        struct override override;
        TRY(parse_override(search, own->option.at[i], &override));
        if (is_searched(override.name))
            return override_fail(search,
                                 context_fail(context, ERR_USAGE, "is what the search looks for"),
                                 &override);
    }
    return OK;
}

// ---- forecasts ----------------------------------------------------------------------------------

// The network of that width and depth as it will be stored: batch norms are folded.
static enum status make_shape(struct student_search *search, double width, double depth,
                              struct graph **out)
{
    struct context *context = search->invocation->context;

    *out = NULL;
    if (width < 1 || depth < 1)
        TRY(student_derive(context, search->teacher.graph, width, depth, out));
    else
        *out = graph_clone(search->teacher.graph);
    return pipeline_run(context, &pass_simplify, (struct pass_run){.context = context}, out);
}

// The teacher's own shape, or that of a student derived from it, once each.
static enum status shape_of(struct student_search *search, double width, double depth,
                            struct shape_counts **out)
{
    struct context *context = search->invocation->context;
    struct infer_options infer = run_infer(&search->line->run);
    struct shape_counts *shape = search->shape;
    enum status status;

    for (int i = 0; i < search->shape_count; i++, shape++)
        if (shape->width == width && shape->depth == depth) {
            *out = shape;
            return OK;
        }
    if (search->shape_count == SHAPES_MAX)
        return context_fail(context, ERR_INTERNAL, "more than %d shapes of students", SHAPES_MAX);
    *shape = (struct shape_counts){.width = width, .depth = depth};
    status = make_shape(search, width, depth, &shape->graph);
    if (status == OK)
        status = figures_init(context, shape->graph, &infer, false, &shape->figures);
    if (status != OK) {
        graph_free(shape->graph);
        return status;
    }
    search->shape_count++;
    *out = shape;
    return OK;
}

void search_close_shapes(struct student_search *search)
{
    for (int i = 0; i < search->shape_count; i++) {
        figures_clear(&search->shape[i].figures);
        graph_free(search->shape[i].graph);
    }
}

static double option_number(const struct json *options, const char *name, double otherwise)
{
    const struct json *value = json_member(options, name);

    return json_is(value, JSON_NUMBER | JSON_BOOL) ? json_number(value) : otherwise;
}

// Biases that are zero before a training are not behind it.
static void fill_biases(struct counts *counts)
{
    for (uint32_t i = 0; i < counts->weight_count; i++)
        if (counts->weight[i].is_parameter && counts->weight[i].nonzero == 0)
            counts->weight[i].nonzero = counts->weight[i].elements;
}

// What the steps' options say of zeros and bits, put on the counts.
static void apply_steps(const struct json *chain, struct counts *counts)
{
    int weight_bits, activation_bits;

    for (size_t i = 0; i < json_count(chain); i++) {
        const struct json *options = json_member(json_child(chain, i), "options");
        const struct json *bits = json_member(options, "bits");
        double sparsity = option_number(options, "sparsity", 0);
        double keep_ends = option_number(options, "keep_ends", 0);
        double keep = json_member(options, "keep_ends") ? option_number(options, "keep", 0) : 0;

        if (sparsity > 0)
            counts_prune(counts, sparsity, keep, keep_ends);
        if (json_is(bits, JSON_TEXT) &&
            sscanf(json_text(bits), "%d/%d", &weight_bits, &activation_bits) == 2)
            counts_quantize(counts, weight_bits, activation_bits);
    }
    counts_sum_up(counts);
}

// What the candidate will count. False: it cannot be said; else they are to be cleared.
static bool forecast_counts(struct student_search *search, const struct family *family,
                            double sparsity, struct counts *out)
{
    struct shape_counts *shape;
    const struct json *chain;

    if (explicit_chain(search, family, sparsity, NULL, &chain) != OK ||
        shape_of(search, family->variant->width, family->variant->depth, &shape) != OK)
        return false;
    counts_copy(&shape->figures.counts, out);
    if (family->strategy->is_trained)
        fill_biases(out);
    apply_steps(chain, out);
    return true;
}

struct energy_ratio search_forecast_ratio(struct student_search *search,
                                          const struct attempt *attempt)
{
    struct energy_ratio ratio = energy_ratio_unknown;
    struct counts counts;

    if (!forecast_counts(search, &search->search.family[attempt->family], attempt->sparsity,
                         &counts))
        return ratio;
    energy_compare(&search->teacher_figures.counts, &search->device, &counts, &search->device,
                   &ratio);
    counts_clear(&counts);
    return ratio;
}

static struct forecast forecast(void *self, const struct family *family, double sparsity)
{
    struct student_search *search = self;
    struct forecast out = {NAN, NAN, NAN};
    const struct counts *teacher = &search->teacher_figures.counts;
    struct energy_ratio ratio;
    struct energy energy;
    struct outlook outlook;
    struct counts counts;

    if (!forecast_counts(search, family, sparsity, &counts))
        return out;
    energy_compare(teacher, &search->device, &counts, &search->device, &ratio);
    energy_init(&energy, &counts, &search->device);
    outlook = (struct outlook){counts.parameters / teacher->parameters,
                               counts.nonzero / teacher->parameters};
    out = (struct forecast){energy.joules, ratio.energy,
                            family->strategy->expected_loss(family->variant, sparsity, &outlook)};
    energy_clear(&energy);
    counts_clear(&counts);
    return out;
}

// ---- families -----------------------------------------------------------------------------------

static bool is_wanted(const struct student_search *search, const struct strategy *strategy)
{
    const struct strings *wanted = &search->line->own.strategy;

    for (int64_t i = 0; i < wanted->count; i++)
        if (strcmp(wanted->at[i], strategy->name) == 0)
            return true;
    return wanted->count == 0;
}

// Whether an earlier family comes to the same: widths and depths that are rounded away.
static bool is_double(const struct student_search *search, const struct family *family,
                      const struct shape_counts *shape)
{
    for (int i = 0; i < search->search.family_count; i++) {
        const struct family *other = &search->search.family[i];
        const struct variant *a = family->variant, *b = other->variant;
        if (other->strategy != family->strategy || a->weight_bits != b->weight_bits ||
            a->activation_bits != b->activation_bits || a->is_global != b->is_global)
            continue;
        for (int k = 0; k < search->shape_count; k++)
            if (search->shape[k].width == b->width && search->shape[k].depth == b->depth &&
                search->shape[k].figures.counts.parameters == shape->figures.counts.parameters &&
                search->shape[k].figures.counts.macs == shape->figures.counts.macs)
                return true;
    }
    return false;
}

// In multiply-accumulates: training takes three passes over every sample, and the teacher's answers
// one. 10 epochs, where the line does not say.
static double work_of(const struct student_search *search, const struct family *family,
                      const struct shape_counts *shape)
{
    double teacher = search->teacher_figures.counts.macs, own = shape->figures.counts.macs;
    double epochs = search->line->own.epochs ? (double)search->line->own.epochs : 10;
    double judged = (double)(search->data.samples - search->data.train_samples) * own;

    if (!family->strategy->is_trained)
        return judged + (double)search->data.few_samples * own;
    return judged + (double)search->data.train_samples * (3 * epochs * own + teacher);
}

// Teachers of which no student can be derived have the other strategies left.
static enum status add_families(struct student_search *search, const struct strategy *strategy)
{
    struct context *context = search->invocation->context;

    for (const struct variant *variant = strategy->variant; variant->weight_bits; variant++) {
        struct family family = {strategy, variant, 0};
        struct shape_counts *shape;
        enum status status = shape_of(search, variant->width, variant->depth, &shape);

        if (status == ERR_INTERNAL || status == ERR_MEMORY || status == ERR_CANCELLED)
            return status;
        if (status != OK) {
            context_note(context, "no '%s': %s", strategy->name, context->error);
            return OK;
        }
        family.work = work_of(search, &family, shape);
        if (!is_double(search, &family, shape) && search->search.family_count < SEARCH_FAMILIES_MAX)
            search->search.family[search->search.family_count++] = family;
    }
    return OK;
}

// Every --option has to be one of some step's.
static enum status check_overrides(struct student_search *search)
{
    const struct strings *overrides = &search->line->own.option;
    const struct json *chain;
    unsigned used = 0;

    for (int i = 0; i < search->search.family_count; i++)
        TRY(explicit_chain(search, &search->search.family[i],
                           search->search.family[i].variant->most, &used, &chain));
    for (int64_t i = 0; i < overrides->count; i++) {
        struct override override;
        TRY(parse_override(search, overrides->at[i], &override));
        if (!(used & 1u << i))
            return override_fail(search,
                                 context_fail(search->invocation->context, ERR_USAGE,
                                              "no candidate has a step of that name"),
                                 &override);
    }
    return OK;
}

enum status search_propose(struct student_search *search)
{
    struct search *inner = &search->search;

    for (int i = 0; strategy_at(i); i++)
        if (is_wanted(search, strategy_at(i)))
            TRY(add_families(search, strategy_at(i)));
    TRY(check_overrides(search));
    inner->goal = (struct goal){search->line->own.energy_ratio, search->max_drop};
    inner->trainings_max = (int)search->line->own.tries;
    inner->forecast = forecast;
    inner->self = search;
    search->forecast = arena_array(search->invocation->arena, struct attempt, SEARCH_FAMILIES_MAX);
    search->forecast_count = search_begin(inner, search->forecast);
    return OK;
}

const char *search_label(const struct student_search *search, const struct attempt *attempt)
{
    const struct family *family = &search->search.family[attempt->family];
    const struct variant *variant = family->variant;
    const char *label;
    struct text text;

    text_init(&text);
    text_format(&text, "%s:", family->strategy->name);
    if (variant->width < 1)
        text_format(&text, " width %g,", variant->width);
    if (variant->depth < 1)
        text_format(&text, " depth %g,", variant->depth);
    if (attempt->sparsity > 0)
        text_format(&text, " sparsity %.4g%s,", attempt->sparsity,
                    variant->is_global ? " over all layers" : "");
    text_format(&text, " %d/%d bits", variant->weight_bits, variant->activation_bits);
    label = arena_copy_text(search->invocation->arena, text.at);
    text_clear(&text);
    return label;
}
