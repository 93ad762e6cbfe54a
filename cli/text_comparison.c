// One table of a model beside its baseline: what it cost in accuracy and what it saved.
#include <math.h>

#include "cli/eval_report.h"
#include "cli/table.h"

static void add_ratio_cell(struct table *table, double ratio)
{
    if (isnan(ratio))
        table_add(table, "?");
    else
        table_format(table, "%.4g", ratio);
}

static void add_accuracy_cell(struct table *table, const struct eval_subject *subject,
                              bool is_share)
{
    double scale = is_share ? 100 : 1;

    if (!subject->has_accuracy)
        table_add(table, "?");
    else if (is_share)
        table_format(table, "%.2f %% [%.2f, %.2f]", scale * subject->value,
                     scale * subject->ci95.low, scale * subject->ci95.high);
    else
        table_format(table, "%.6g [%.4g, %.4g]", subject->value, subject->ci95.low,
                     subject->ci95.high);
}

static void add_accuracy_row(const struct eval_report *report, struct table *table)
{
    bool is_share = eval_metric_is(report, METRIC_TOP1) || eval_metric_is(report, METRIC_TOP5) ||
                    eval_metric_is(report, METRIC_BALANCED);
    double scale = is_share ? 100 : 1;

    table_format(table, "%s [95 %%]", eval_metric_name(report));
    add_accuracy_cell(table, report->baseline, is_share);
    add_accuracy_cell(table, report->model, is_share);
    if (isnan(report->difference))
        table_add(table, "?");
    else
        table_format(table, is_share ? "%+.2f points [%+.2f, %+.2f]" : "%+.4g [%+.4g, %+.4g]",
                     scale * report->difference, scale * report->difference_ci95.low,
                     scale * report->difference_ci95.high);
}

static void add_count_row(const struct eval_report *report, struct table *table, const char *title,
                          const char *figure, const char *unit)
{
    double baseline = eval_figure(report->baseline, figure);
    double model = eval_figure(report->model, figure);

    table_add(table, title);
    table_add_number(table, baseline, unit);
    table_add_number(table, model, unit);
    add_ratio_cell(table, baseline / model);
}

static void add_energy_row(const struct eval_report *report, struct table *table, int device)
{
    double baseline = eval_baseline_energy(report, device).joules;
    double model = eval_joules(report, report->model, device);
    const struct device *own = report->baseline_device;

    table_format(table, own ? "energy, %s (baseline: %s)" : "energy, %s",
                 report->device[device].name, own ? own->name : "");
    table_add_number(table, baseline, "J");
    table_add_number(table, model, "J");
    add_ratio_cell(table, eval_ratio(report, device).energy);
}

// Only where some device tells how much memory it has.
static void add_fits_row(const struct eval_report *report, struct table *table, int device)
{
    static const char *const words[] = {"no", "yes"};
    const struct eval_subject *subject[] = {report->baseline, report->model};
    const struct device *on = &report->device[device];

    if (isnan(on->flash_bytes) && isnan(on->ram_bytes))
        return;
    table_format(table, "fits, %s", on->name);
    for (int i = 0; i < 2; i++)
        if (subject[i]->energy && subject[i]->energy[device].fits != FITS_UNKNOWN)
            table_add(table, words[subject[i]->energy[device].fits == FITS]);
        else
            table_add(table, "?");
    table_add(table, "");
}

static void add_factors(const struct eval_report *report, int device, struct text *out)
{
    const struct measured_ratio measured = eval_measured_ratio(report);
    struct energy_ratio ratio = eval_ratio(report, device);

    if (isnan(ratio.energy) || isnan(ratio.bits))
        return;
    text_format(out, "%s: ", report->device[device].name);
    factors_text(&ratio, &measured, out);
    text_add(out, "\n");
}

void eval_comparison_table(const struct eval_report *report, struct text *out)
{
    struct table table;

    if (!report->baseline)
        return;
    table_init(&table, "lrrr");
    table_add(&table, "");
    table_add(&table, "baseline");
    table_add(&table, "model");
    table_add(&table, "difference, or baseline / model");
    if (report->has_metric)
        add_accuracy_row(report, &table);
    add_count_row(report, &table, "parameters", "parameters", "");
    add_count_row(report, &table, "non-zero", "nonzero", "");
    add_count_row(report, &table, "bytes", "bytes", "B");
    add_count_row(report, &table, "MACs", "macs", "");
    for (int i = 0; i < report->device_count; i++)
        add_energy_row(report, &table, i);
    for (int i = 0; i < report->device_count; i++)
        add_fits_row(report, &table, i);
    text_add(out, "\n");
    table_print(&table, out);
    table_clear(&table);
    for (int i = 0; i < report->device_count; i++)
        add_factors(report, i, out);
}
