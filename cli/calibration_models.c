// Models in the place of counts: what a table of `model` and `joules` means for a calibration.
// Counts are those that the estimate itself goes by: each is the joules that a profile gives in
// which one coefficient is 1 and all others are 0.
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "cli/calibration_report.h"
#include "cli/figures.h"
#include "cli/model_args.h"
#include "energy/estimate.h"

enum { COUNTS = 4 };
static const char *const count_name[COUNTS] = {"macs", "depthwise_macs", "weight_bytes", "bytes"};

struct model_counts {
    const char *precision;
    double count[COUNTS];
};

static double joules_by(const struct counts *counts, int precision, struct device_fit fit)
{
    struct device device = {.kind = DEVICE_KIND_calibrated,
                            .on_chip_bytes = INFINITY,
                            .flash_bytes = NAN,
                            .ram_bytes = NAN};
    struct energy energy;
    double joules;

    for (int i = 0; i < PRECISION_COUNT; i++)
        device.fit[i] = (struct device_fit){.mac = NAN};
    device.fit[precision] = fit;
    energy_init(&energy, counts, &device);
    joules = energy.joules;
    energy_clear(&energy);
    return joules;
}

static enum status count(struct context *context, const struct counts *counts,
                         struct model_counts *out)
{
    static const struct device_fit unit[COUNTS] = {
        {.mac = 1, .depthwise_mac = 1}, {.depthwise_mac = 1}, {.weight_byte = 1}, {.byte = 1}};

    if (counts->reason)
        return context_fail(context, ERR_UNSUPPORTED, "%s", counts->reason);
    if (!(counts->macs > 0))
        return context_fail(context, ERR_UNSUPPORTED, "nothing in it multiplies");
    for (int p = 0; p < PRECISION_COUNT; p++) {
        if (isnan(joules_by(counts, p, unit[0])))
            continue;
        out->precision = precision_name[p];
        for (int i = 0; i < COUNTS; i++)
            out->count[i] = joules_by(counts, p, unit[i]);
        return OK;
    }
    return context_fail(context, ERR_UNSUPPORTED,
                        "its layers are not all of one precision: float32, float16 or int8");
}

static enum status count_model(struct invocation *invocation, const char *path,
                               struct model_counts *out)
{
    struct named_model model = {0};
    struct figures figures = {0};
    enum status status = model_open(invocation, path, NULL, &model);

    if (status == OK) {
        status = figures_init(invocation->context, model.graph, NULL, false, &figures);
        if (status == OK)
            status = count(invocation->context, &figures.counts, out);
        status = status == OK ? OK : model_fail(invocation->context, &model, status);
    }
    figures_clear(&figures);
    model_close(&model);
    return status;
}

// Relative to the table, else to the working folder.
static const char *path_of(struct arena *arena, const char *table, const char *model)
{
    const char *slash = strrchr(table, '/');
    const char *beside;

    if (*model == '/' || !slash)
        return model;
    beside = arena_format(arena, "%.*s/%s", (int)(slash - table), table, model);
    return access(beside, F_OK) == 0 ? beside : model;
}

static enum status fill_row(struct invocation *invocation, struct csv_table *table, int row,
                            int model, const char **precision, const char **counts)
{
    const char *name = csv_table_word(table, row, model);
    struct model_counts found = {.precision = NULL};
    enum status status = OK;
    struct text digits;

    if (*name == '\0')
        status = context_fail(invocation->context, ERR_FORMAT, "the cell is empty");
    else
        status = count_model(invocation, path_of(table->arena, table->path, name), &found);
    if (status != OK)
        return csv_table_fail(invocation->context, status, table, row, model);
    precision[row] = found.precision;
    for (int i = 0; i < COUNTS; i++) {
        text_init(&digits);
        text_add_double(&digits, found.count[i]);
        counts[i * table->rows + row] = arena_copy_text(table->arena, digits.at);
        text_clear(&digits);
    }
    return OK;
}

enum status calibration_models(struct invocation *invocation, struct csv_table *table)
{
    int model = csv_table_column(table, "model");
    size_t rows = (size_t)table->rows;
    const char **precision, **counts;

    if (model < 0)
        return OK;
    for (int i = 0; i < COUNTS; i++)
        if (csv_table_column(table, count_name[i]) >= 0)
            return OK;
    precision = arena_array(table->arena, const char *, rows);
    counts = arena_array(table->arena, const char *, rows *COUNTS);
    for (int row = 0; row < table->rows; row++) {
        TRY(context_tick(invocation->context, "reading models", (uint64_t)row, rows));
        TRY(fill_row(invocation, table, row, model, precision, counts));
    }
    for (int i = 0; i < COUNTS; i++)
        csv_table_add_column(table, count_name[i], counts + (size_t)i * rows);
    if (csv_table_column(table, "precision") < 0)
        csv_table_add_column(table, "precision", precision);
    return OK;
}
