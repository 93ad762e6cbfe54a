// Whether data sheets put machines into the order that was measured: a layer that only reads
// weights takes bytes x power / bandwidth, a network that computes takes operations x power / peak,
// at one use of the peak for all.
#include <math.h>
#include <string.h>

#include "validate/cases.h"
#include "validate/validate_internal.h"

enum { MACHINES_MAX = 32 };

// Weights of the layer, AlexNet's second fully connected one, and operations of a
// multiply-accumulate.
static const double LAYER_WEIGHTS = 4096. * 4096, OPERATIONS = 2;

enum { CARDS, WATTS, BYTES_RATE, OPERATIONS_RATE, EACH, BITS, WEIGHTS_READ, NUMBERS };

struct sheet {
    const char *device, *round;
    double value[NUMBERS];
    const char *of_measurement; // columns whose figure is that of the measurement itself; ""
    bool is_checked;
};

static enum status read_sheet(struct context *context, const struct csv_table *table, int row,
                              struct sheet *out)
{
    static const char *const column[NUMBERS] = {
        "cards", "watts",       "bytes_per_second", "operations_per_second", "joules_per_operation",
        "bits",  "weights_read"};
    const char *checked;

    TRY(row_numbers_or_nan(context, table, row, column, NUMBERS, out->value));
    TRY(row_word(context, table, row, "device", &out->device));
    TRY(row_word(context, table, row, "round", &out->round));
    TRY(row_word(context, table, row, "of_measurement", &out->of_measurement));
    TRY(row_word(context, table, row, "checked", &checked));
    out->is_checked = strcmp(checked, "yes") == 0;
    return OK;
}

// Row of the table of measurements; -1: none.
static int find_row(const struct csv_table *table, int device, int round, const struct sheet *sheet)
{
    for (int row = 0; row < table->rows; row++)
        if (strcmp(csv_table_word(table, row, device), sheet->device) == 0 &&
            (round < 0 || strcmp(csv_table_word(table, row, round), sheet->round) == 0))
            return row;
    return -1;
}

static double joules_of_layer(const double *sheet)
{
    double weights = LAYER_WEIGHTS * sheet[WEIGHTS_READ];

    if (!isnan(sheet[EACH]))
        return weights * sheet[EACH];
    return weights * sheet[BITS] / 8 * sheet[WATTS] / sheet[BYTES_RATE];
}

static double joules_of_network(const double *sheet, double macs)
{
    return macs * OPERATIONS * sheet[WATTS] / sheet[OPERATIONS_RATE];
}

struct order {
    double predicted[MACHINES_MAX], published[MACHINES_MAX];
    double by_power[MACHINES_MAX]; // with the power that was measured
    const char *name[MACHINES_MAX];
    bool is_apart[MACHINES_MAX]; // no figure of its sheet is of the measurement
    int count, checked;
};

static const char *series_of(struct validation *validation, const struct sheet *sheet,
                             const char *network)
{
    const char *marked = "";

    if (*sheet->of_measurement)
        marked = ", with figures of the measurement";
    else if (!sheet->is_checked)
        marked = ", from memory";
    return arena_format(validation->arena, "%s%s", network, marked);
}

static enum status add_machine(struct context *context, struct validation *validation,
                               const struct csv_table *measured, const struct sheet *sheet,
                               bool is_layer, struct order *order)
{
    int device, row, at = order->count;
    double frames = NAN, watts = NAN, macs = NAN;

    TRY(csv_table_need(context, measured, "device", &device));
    row = find_row(measured, device, is_layer ? -1 : csv_table_column(measured, "round"), sheet);
    if (row < 0 || at == MACHINES_MAX)
        return context_fail(context, ERR_FORMAT, "'%s': no '%s' of the data sheets", measured->path,
                            sheet->device);
    if (is_layer) {
        TRY(row_number_or_nan(context, measured, row, "frames_per_joule", &frames));
        order->published[at] = 1 / frames;
        order->predicted[at] = joules_of_layer(sheet->value);
    } else {
        TRY(row_number_or_nan(context, measured, row, "offline_joules", &order->published[at]));
        TRY(row_number_or_nan(context, measured, row, "offline_watts", &watts));
        TRY(row_number_or_nan(context, measured, row, "macs", &macs));
        order->predicted[at] = joules_of_network(sheet->value, macs);
        order->by_power[at] = watts / (sheet->value[OPERATIONS_RATE] * sheet->value[CARDS]);
    }
    order->name[at] = sheet->device;
    order->is_apart[at] = *sheet->of_measurement == '\0';
    validation_add(validation, series_of(validation, sheet, is_layer ? "Alex-7" : "ResNet-50"),
                   sheet->device, order->predicted[at], order->published[at]);
    order->checked += sheet->is_checked;
    order->count++;
    return OK;
}

static enum status order_machines(struct context *context, struct validation *validation,
                                  const struct csv_table *sheets, const struct csv_table *measured,
                                  const char *name, struct order *order)
{
    bool is_layer = strcmp(name, "eie_platforms") == 0;

    *order = (struct order){.count = 0};
    for (int row = 0; row < sheets->rows; row++) {
        struct sheet sheet;
        const char *table;
        TRY(row_word(context, sheets, row, "table", &table));
        if (strcmp(table, name) != 0)
            continue;
        TRY(read_sheet(context, sheets, row, &sheet));
        TRY(add_machine(context, validation, measured, &sheet, is_layer, order));
    }
    return OK;
}

// Without one machine, and (NULL) without all that have figures of the measurement.
static double tau_without(const struct order *order, const char *device)
{
    double predicted[MACHINES_MAX], published[MACHINES_MAX];
    int count = 0;

    for (int i = 0; i < order->count; i++) {
        if (device ? strcmp(order->name[i], device) == 0 : !order->is_apart[i])
            continue;
        predicted[count] = order->predicted[i];
        published[count++] = order->published[i];
    }
    return kendall(predicted, published, count);
}

static void tell(struct validation *validation, const struct order *layer,
                 const struct order *network)
{
    validation_tell(validation, "Kendall tau, 7 devices", "",
                    kendall(layer->predicted, layer->published, layer->count));
    validation_tell(validation, "Kendall tau, 6 devices, without DaDianNao", "",
                    tau_without(layer, "dadiannao"));
    validation_tell(validation, "Kendall tau, 4 devices without figures of the measurement", "",
                    tau_without(layer, NULL));
    validation_tell(validation, "Kendall tau, 15 systems", "",
                    kendall(network->predicted, network->published, network->count));
    validation_tell(validation, "Kendall tau, 15 systems with their measured power", "",
                    kendall(network->by_power, network->published, network->count));
    validation_tell(validation, "data sheets checked, of 22", "",
                    layer->checked + network->checked);
}

enum status validate_order(struct context *context, struct validation *validation)
{
    struct csv_table sheets = {.arena = NULL}, layer = {.arena = NULL}, network = {.arena = NULL};
    struct order of_layer, of_network;
    enum status status;

    validation->told =
        "Alex-7, 7 devices: bytes of the weights x power / bandwidth; ResNet-50, 15 "
        "systems: operations x power / peak. Only the order is scored: one use of the "
        "peak for all would only move all. A-Eye, DaDianNao and EIE have figures of the very "
        "measurement; of both lists the other figures are partly from memory.";
    status = csv_table_read(context, "datasheets.csv", &sheets);
    if (status == OK)
        status = csv_table_read(context, "eie_platforms.csv", &layer);
    if (status == OK)
        status = csv_table_read(context, "mlperf_systems.csv", &network);
    if (status == OK)
        status = order_machines(context, validation, &sheets, &layer, "eie_platforms", &of_layer);
    if (status == OK)
        status =
            order_machines(context, validation, &sheets, &network, "mlperf_systems", &of_network);
    if (status == OK)
        tell(validation, &of_layer, &of_network);
    csv_table_clear(&sheets);
    csv_table_clear(&layer);
    csv_table_clear(&network);
    return status;
}
