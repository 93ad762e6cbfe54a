// The report of `ecai eval` for people.
#include <math.h>
#include <string.h>

#include "cli/eval_report.h"
#include "cli/fits.h"
#include "cli/table.h"

static void add_title(struct text *out, const char *title)
{
    text_format(out, "%-12s ", title);
}

static void add_name(struct text *out, const char *name)
{
    text_add_escaped(out, name, strlen(name));
}

static void add_interval(struct text *out, struct interval interval, bool as_share)
{
    if (isnan(interval.low) || isnan(interval.high))
        return;
    if (as_share)
        text_format(out, " (95 %%: %.2f .. %.2f)", 100 * interval.low, 100 * interval.high);
    else
        text_format(out, " (95 %%: %.4g .. %.4g)", interval.low, interval.high);
}

static bool is_share(const struct eval_report *report)
{
    return eval_metric_is(report, METRIC_TOP1) || eval_metric_is(report, METRIC_TOP5) ||
           eval_metric_is(report, METRIC_BALANCED);
}

static void add_value(struct text *out, const struct eval_report *report, double value)
{
    if (is_share(report))
        text_add_percent(out, value);
    else
        text_format(out, "%.6g", value);
}

static void add_model(const struct eval_report *report, struct text *out)
{
    const struct counts *counts = &report->model->figures.counts;

    add_title(out, "model");
    add_name(out, report->model->file.name);
    text_format(out, ", %lld bytes, ", (long long)report->model->file.bytes);
    text_add_number(out, counts->parameters, " weights, ");
    text_add_percent(out, counts->nonzero / counts->parameters);
    text_add(out, " of them not zero, ");
    text_add_number(out, counts->macs, "MAC");
    if (counts->weight_bits)
        text_format(out, ", %d/%d bits", counts->weight_bits, counts->activation_bits);
    text_format(out, ", %s executor\n", report->model->executor);
}

static void add_preprocess(const struct preprocess *preprocess, struct text *out)
{
    struct json *record = preprocess_json(preprocess, false);
    struct text text;

    text_init(&text);
    json_print(record, false, &text);
    json_free(record);
    if (preprocess->from == FROM_NONE)
        text_add(out, "numbers as they are");
    else
        text_format(out, "%s (from the %s)", text.at,
                    preprocess->from == FROM_OTHER ? "other model"
                                                   : preprocess_from_name(preprocess->from));
    text_clear(&text);
}

static void add_data(const struct eval_report *report, struct text *out)
{
    add_title(out, "data");
    add_name(out, report->data->name);
    text_format(out, ", %lld samples", (long long)report->data->count);
    if (report->data->is_labelled)
        text_format(out, ", %lld classes", (long long)report->model->data->classes);
    text_add(out, "\n");
    add_title(out, "preprocess");
    add_preprocess(&report->model->preprocess, out);
    text_add(out, "\n");
    if (report->baseline && report->baseline->file.graph) {
        add_title(out, "  baseline");
        add_preprocess(&report->baseline->preprocess, out);
        text_add(out, "\n");
    }
}

static void add_accuracy(const struct eval_report *report, struct text *out)
{
    const struct eval_subject *model = report->model;

    if (!model->has_accuracy)
        return;
    add_title(out, eval_metric_name(report));
    add_value(out, report, model->value);
    add_interval(out, model->ci95, is_share(report));
    if (eval_metric_is(report, METRIC_TOP1) && model->per_class)
        text_format(out, ", %lld of %lld", (long long)model->accuracy.correct,
                    (long long)model->accuracy.samples);
    text_add(out, "\n");
}

static void add_difference(const struct eval_report *report, struct text *out)
{
    const struct comparison *c = &report->comparison;

    add_title(out, "difference");
    text_format(out, is_share(report) ? "%+.2f points" : "%+.6g",
                (is_share(report) ? 100 : 1) * report->difference);
    add_interval(out, report->difference_ci95, is_share(report));
    if (report->has_comparison && c->is_labelled)
        text_format(out, ", %lld lost, %lld gained, McNemar p = %.3g", (long long)c->lost,
                    (long long)c->gained, c->mcnemar_p);
    text_add(out, "\n");
    if (report->has_comparison && c->is_labelled && eval_metric_is(report, METRIC_TOP1)) {
        add_title(out, "no loss");
        text_format(out, "%s by a margin of %.4g points\n",
                    c->is_non_inferior ? "yes" : "not shown", 100 * report->gate.margin);
    }
}

static void add_baseline(const struct eval_report *report, struct text *out)
{
    const struct eval_subject *baseline = report->baseline;

    if (!baseline)
        return;
    add_title(out, "baseline");
    add_name(out, baseline->file.name);
    if (baseline->has_accuracy) {
        text_format(out, ", %s ", eval_metric_name(report));
        add_value(out, report, baseline->value);
        add_interval(out, baseline->ci95, is_share(report));
    }
    text_add(out, "\n");
    if (!isnan(report->difference))
        add_difference(report, out);
    if (report->has_comparison) {
        add_title(out, "agreement");
        text_add_percent(out, report->comparison.agreement);
        text_format(out, ", KL %.4g nat\n", report->comparison.kl);
    }
}

// Time follows from joules, or the other way round; both are estimated.
static void add_time(const struct energy *energy, struct text *out)
{
    if (isnan(energy->seconds))
        return;
    text_add(out, "; ");
    text_add_number(out, energy->seconds, "s");
    text_add(out, " at ");
    text_add_number(out, energy->watts, "W");
    if (!isnan(energy->utilisation))
        text_format(out, ", %.3g %% of the peak", 100 * energy->utilisation);
}

// Of accelerators, whose layers are mapped.
static void add_traffic(const struct energy *energy, struct text *out)
{
    double bytes = 0;
    bool is_mapped = false;

    for (uint32_t i = 0; i < energy->layer_count; i++)
        if (energy->layer[i].mapping) {
            bytes += energy->layer[i].mapping->dram_bytes / energy->batch;
            is_mapped = true;
        }
    if (!is_mapped || isnan(bytes))
        return;
    text_add(out, ", ");
    text_add_number(out, bytes, "B");
    text_add(out, " to and from DRAM");
}

static void add_energy(const struct eval_report *report, int i, struct text *out)
{
    const struct energy *energy = &report->model->energy[i];

    add_title(out, "energy");
    text_format(out, "%s%s, estimated: ", report->device[i].name,
                unverified_words(&report->device[i]));
    interval_text(energy->joules, energy->low, energy->high, "J", out);
    text_add(out, " an inference");
    if (energy->batch > 1)
        text_format(out, " in batches of %g", energy->batch);
    text_add(out, ": MACs ");
    text_add_number(out, energy->mac, "J");
    text_add(out, ", weights ");
    text_add_number(out, energy->weights, "J");
    text_add(out, ", activations ");
    text_add_number(out, energy->activations, "J");
    if (energy->fixed > 0) {
        text_add(out, ", fixed ");
        text_add_number(out, energy->fixed, "J");
    }
    add_time(energy, out);
    add_traffic(energy, out);
    fits_summary(energy, &report->device[i], out);
    text_add(out, "\n");
    if (energy->reason) {
        add_title(out, "");
        add_name(out, energy->reason);
        text_add(out, "\n");
    }
}

// Weights that come to fit on the chip cost much less a byte, all of them at once: a step, which a
// slightly larger network does not take. Told where the two networks lie on its two sides.
static void add_cliff(const struct eval_report *report, struct text *out)
{
    const struct energy *model = report->model->energy;
    const struct energy *baseline = report->baseline ? report->baseline->energy : NULL;

    if (!model || !baseline || model->weights_are_on_chip == baseline->weights_are_on_chip ||
        isnan(report->ratio.memory))
        return;
    add_title(out, "");
    text_format(out,
                "the %s's weights are kept on chip (up to %.0f bytes), the %s's are not: x %.4g "
                "of it is memory\n",
                model->weights_are_on_chip ? "model" : "baseline", report->device[0].on_chip_bytes,
                model->weights_are_on_chip ? "baseline" : "model", report->ratio.memory);
}

static void add_ratio(const struct eval_report *report, struct text *out)
{
    const struct energy_ratio *ratio = &report->ratio;
    const struct measured_ratio measured = eval_measured_ratio(report);

    if (!report->baseline)
        return;
    add_title(out, "ratio");
    text_add(out, "energy ");
    if (ratio->reason)
        text_add(out, "unknown");
    else
        factors_text(ratio, &measured, out);
    text_format(out, "; bytes %.4g, weights %.4g, MACs %.4g\n", report->ratio_bytes,
                report->ratio_parameters, report->ratio_macs);
    add_cliff(report, out);
    if (!measured.counter)
        return;
    add_title(out, "");
    measured_ratio_text(ratio, &measured, out);
    text_add(out, "\n");
}

static void add_measured(const struct eval_report *report, struct text *out)
{
    if (!report->model->measured.counter)
        return;
    add_title(out, "measured");
    measured_text(&report->model->measured, out);
    text_add(out, "\n");
    if (!report->baseline || !report->baseline->measured.counter)
        return;
    add_title(out, "  baseline");
    measured_text(&report->baseline->measured, out);
    text_add(out, "\n");
}

static void add_cost(const struct eval_report *report, struct text *out)
{
    struct cost cost;

    if (!eval_cost(report, &cost))
        return;
    add_title(out, "cost");
    cost_text(&cost, out);
    if (report->baseline && cost.macs != 0)
        cost_pay_back_text(&cost, report->device[0].name, out);
    text_add(out, "\n");
}

static void add_carbon(const struct eval_report *report, struct text *out)
{
    const struct carbon carbon = eval_carbon(report);

    if (!report->cost.asks_for_grams)
        return;
    add_title(out, "carbon");
    carbon_text(&carbon, out);
    text_add(out, "\n");
}

void eval_text(const struct eval_report *report, struct text *out)
{
    add_model(report, out);
    add_data(report, out);
    add_accuracy(report, out);
    add_baseline(report, out);
    for (int i = 0; i < report->device_count; i++)
        add_energy(report, i, out);
    add_measured(report, out);
    add_ratio(report, out);
    add_cost(report, out);
    add_carbon(report, out);
    add_title(out, "time");
    text_format(out, "%.3g s, %.4g inferences/s, %d threads, %s\n", report->model->seconds,
                (double)report->data->count / report->model->seconds,
                report->invocation->context->threads, isa_name(report->isa));
    eval_comparison_table(report, out);
    gate_text(&report->gate, out);
}

void eval_table(const struct eval_report *report, const struct eval_subject *subject, int count,
                struct text *out)
{
    const char *const heads[] = {
        "model",   report->has_metric ? eval_metric_name(report) : "accuracy",
        "95 %",    "bytes",
        "weights", "non-zero",
        "MACs",    "bits",
        "energy"};
    struct table table;

    table_init(&table, "lrrrrrrrr");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (int i = 0; i < count; i++) {
        const struct eval_subject *one = &subject[i];
        const struct counts *counts = &one->figures.counts;
        double scale = is_share(report) ? 100 : 1;
        struct text energy;
        table_add(&table, one->file.name);
        if (one->has_accuracy) {
            table_format(&table, "%.4g", scale * one->value);
            table_format(&table, "%.4g .. %.4g", scale * one->ci95.low, scale * one->ci95.high);
        } else {
            table_add(&table, "?");
            table_add(&table, "?");
        }
        table_format(&table, "%lld", (long long)one->file.bytes);
        table_add_number(&table, counts->parameters, "");
        table_add_number(&table, counts->nonzero, "");
        table_add_number(&table, counts->macs, "");
        table_format(&table, "%d/%d", counts->weight_bits, counts->activation_bits);
        text_init(&energy);
        text_add_number(&energy, one->energy[0].joules, "J");
        text_add(&energy, one->energy[0].fits == FITS_NOT ? ", does not fit" : "");
        table_add(&table, energy.at);
        text_clear(&energy);
    }
    table_print(&table, out);
    table_clear(&table);
    text_format(out, "energy: %s%s, estimated, one inference; data: ", report->device[0].name,
                unverified_words(&report->device[0]));
    add_name(out, report->data->name);
    text_format(out, ", %lld samples\n", (long long)report->data->count);
}
