// ecai place: is a request better answered in a data centre or on the user's device? Both sides are
// estimated from the model's counts, without data; the network in between by energy/networks.def.
#include <math.h>
#include <string.h>

#include "cli/fits.h"
#include "cli/groups.h"
#include "cli/json_common.h"
#include "cli/place_judge.h"
#include "cli/requirement.h"
#include "cli/shell.h"

// Uptime Institute's survey of 2023: the average of the data centres that answered.
static const double USUAL_PUE = 1.58;
// Of a phone's charger and battery together; not looked up at a source.
static const double USUAL_CHARGER = 0.85;

struct place_own_options {
    const char *cloud, *edge, *edge_model, *network, *request_bytes, *response_bytes;
    const char *grid, *cloud_grid, *network_grid;
    double pue, charger_efficiency, inferences_per_day;
    int64_t cloud_batch;
    struct strings shape, set;
};

struct place_options {
    struct place_own_options own;
    struct json_options json;
    struct input_options input;
};

// One run of the command.
struct placing {
    struct invocation *invocation;
    const struct place_options *options;
    struct named_model model[PLACE_SIDES]; // graph NULL: the cloud's serves
    struct figures figures[PLACE_SIDES];
    struct place_report report;
};

static enum status check_given(struct context *context, const struct place_own_options *own)
{
    const struct {
        const char *text, *option, *example;
    } needed[] = {{own->cloud, "cloud", "gpu-datacenter-h100"},
                  {own->edge, "edge", "cpu-phone-a76"},
                  {own->network, "network", "mobile"},
                  {own->request_bytes, "request-bytes", "30kB"}};

    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++)
        if (!needed[i].text)
            return context_fail(context, ERR_USAGE, "'--%s' is needed, such as '--%s %s'",
                                needed[i].option, needed[i].option, needed[i].example);
    return OK;
}

static enum status parse_bytes(struct context *context, const char *option, const char *text,
                               double least, double *out)
{
    if (parse_quantity(text, QUANTITY_BYTES, out) && *out >= least && *out <= 1e15)
        return OK;
    return context_fail(context, ERR_USAGE, "'--%s' wants bytes such as 30kB, got '%s'", option,
                        text);
}

static enum status check_line(struct placing *placing)
{
    struct invocation *invocation = placing->invocation;
    struct context *context = invocation->context;
    const struct place_own_options *own = &placing->options->own;
    struct place_report *report = &placing->report;
    const char *cloud_grid = own->cloud_grid ? own->cloud_grid : own->grid;
    const char *network_grid = own->network_grid ? own->network_grid : own->grid;

    TRY(check_given(context, own));
    TRY(streams_add_input(context, &invocation->streams, "MODEL", invocation->operand[0]));
    TRY(streams_add_input(context, &invocation->streams, "--edge-model", own->edge_model));
    TRY(json_check_output(invocation, placing->options->json.json));
    TRY(parse_bytes(context, "request-bytes", own->request_bytes, 1, &report->request_bytes));
    TRY(parse_bytes(context, "response-bytes", own->response_bytes, 0, &report->response_bytes));
    TRY(grid_open(context, "grid", own->grid, &report->side[PLACE_EDGE_SIDE].grid));
    TRY(grid_open(context, own->cloud_grid ? "cloud-grid" : "grid", cloud_grid,
                  &report->side[PLACE_CLOUD_SIDE].grid));
    TRY(grid_open(context, own->network_grid ? "network-grid" : "grid", network_grid,
                  &report->network_grid));
    report->network = network_find(own->network);
    report->per_day = own->inferences_per_day;
    return OK;
}

static enum status open_model(struct placing *placing, const char *path, int side)
{
    struct invocation *invocation = placing->invocation;
    const struct place_own_options *own = &placing->options->own;
    const struct infer_options infer = {.shape = own->shape, .set = own->set};
    struct named_model *model = &placing->model[side];
    enum status status;

    TRY(model_open_streamed(invocation, path, placing->options->input.external_data, model));
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_RUN, own->edge_model != NULL, model));
    status = figures_init(invocation->context, model->graph, &infer, true, &placing->figures[side]);
    return status == OK ? OK : model_fail(invocation->context, model, status);
}

// What each joule of the machine takes at the socket of the building.
static void choose_factors(struct placing *placing)
{
    const struct place_own_options *own = &placing->options->own;
    struct place_side *cloud = &placing->report.side[PLACE_CLOUD_SIDE];
    struct place_side *edge = &placing->report.side[PLACE_EDGE_SIDE];
    const char *boundary = edge->device.boundary;
    bool is_at_wall = boundary && strcmp(boundary, "wall") == 0;
    const struct pue pue = pue_of(&cloud->device, own->pue, USUAL_PUE);

    cloud->factor_name = "pue";
    cloud->factor = pue.factor;
    cloud->factor_from = pue.from;
    edge->factor_name = "charger_efficiency";
    edge->factor = is_at_wall ? 1 : USUAL_CHARGER;
    edge->factor_from = is_at_wall ? "profile" : "default";
    if (!isnan(own->charger_efficiency)) {
        edge->factor = own->charger_efficiency;
        edge->factor_from = "line";
    }
}

static enum status estimate(struct placing *placing, int which, const char *role,
                            const char *device, double batch)
{
    struct context *context = placing->invocation->context;
    struct place_side *side = &placing->report.side[which];
    int model = placing->model[which].graph ? which : PLACE_CLOUD_SIDE;

    side->role = role;
    side->model = &placing->model[model];
    side->counts = &placing->figures[model].counts;
    TRY(device_read(context, device, &side->device));
    energy_init_batch(&side->energy, side->counts, &side->device, batch);
    fits_warn(context, side->model->name, &side->energy, &side->device);
    return OK;
}

static void answer(struct place_report *report)
{
    const struct place_side *cloud = &report->side[PLACE_CLOUD_SIDE];
    const struct place_side *edge = &report->side[PLACE_EDGE_SIDE];
    const struct placement placement = {.cloud = place_joules(cloud),
                                        .edge = place_joules(edge),
                                        .pue = cloud->factor,
                                        .charger_efficiency = edge->factor,
                                        .cloud_grid = cloud->grid.grams_per_kwh,
                                        .network_grid = report->network_grid.grams_per_kwh,
                                        .edge_grid = edge->grid.grams_per_kwh,
                                        .network = report->network,
                                        .bytes = report->request_bytes + report->response_bytes,
                                        .obstacle = report->obstacle};

    for (int i = 0; i < PLACE_BASES; i++)
        place_answer(&placement, (enum place_basis)i, &report->answer[i]);
}

static enum status tell(struct placing *placing)
{
    struct invocation *invocation = placing->invocation;
    struct text text;
    enum status status = OK;

    if (placing->options->json.json) {
        struct json *document = place_json(&placing->report);
        status = json_write(invocation, document, placing->options->json.json);
        json_free(document);
    }
    if (status != OK || streams_use_stdout(&invocation->streams))
        return status;
    text_init(&text);
    place_text(&placing->report, &text);
    status = print_result(invocation->context, &text);
    text_clear(&text);
    return status;
}

static enum status work(struct placing *placing)
{
    const struct place_own_options *own = &placing->options->own;

    TRY(check_line(placing));
    TRY(open_model(placing, placing->invocation->operand[0], PLACE_CLOUD_SIDE));
    if (own->edge_model)
        TRY(open_model(placing, own->edge_model, PLACE_EDGE_SIDE));
    TRY(estimate(placing, PLACE_CLOUD_SIDE, "cloud", own->cloud, (double)own->cloud_batch));
    TRY(estimate(placing, PLACE_EDGE_SIDE, "edge", own->edge, 1));
    choose_factors(placing);
    place_judge(&placing->report);
    answer(&placing->report);
    return tell(placing);
}

static enum status run(struct invocation *invocation)
{
    struct placing placing = {.invocation = invocation, .options = invocation->options};
    struct text warnings;
    enum status status;

    placing.report.invocation = invocation;
    text_init(&warnings);
    invocation->console->warnings = &warnings;
    status = work(&placing);
    for (int i = 0; i < PLACE_SIDES; i++) {
        struct place_side *side = &placing.report.side[i];
        if (side->energy.arena)
            energy_clear(&side->energy);
        device_clear(&side->device);
        figures_clear(&placing.figures[i]);
        model_close(&placing.model[i]);
    }
    invocation->console->warnings = NULL;
    text_clear(&warnings);
    return status;
}

// "|mobile|fixed" from the table, so that a network is one row.
static const char network_choices[] =
#define NETWORK(name, summary, year, average, marginal, radio) "|" name
#include "energy/networks.def"
#undef NETWORK
    ;

static const struct field own_fields[] = {
    FIELD(struct place_own_options, cloud, NULL, 0, 0, "NAME: energy profile of the data centre"),
    FIELD(struct place_own_options, edge, NULL, 0, 0, "NAME: energy profile of the user's device"),
    FIELD(struct place_own_options, edge_model, NULL, 0, 0,
          "FILE: what runs on the device (default: MODEL there too)"),
    FIELD_CHOICE(struct place_own_options, network, NULL, &network_choices[1],
                 "what lies in between"),
    FIELD(struct place_own_options, request_bytes, NULL, 0, 0,
          "BYTES: what a request sends, such as 30kB"),
    FIELD(struct place_own_options, response_bytes, "0", 0, 0, "BYTES: what comes back"),
    FIELD(struct place_own_options, cloud_batch, "1", 1, 1e9,
          "N: requests that the data centre answers at a time"),
    FIELD(struct place_own_options, grid, NULL, 0, 0,
          "COUNTRY|gCO2/kWh: electricity of the user (default: the world's average)"),
    FIELD(struct place_own_options, cloud_grid, NULL, 0, 0,
          "COUNTRY|REGION|gCO2/kWh: of the data centre (default: --grid)"),
    FIELD(struct place_own_options, network_grid, NULL, 0, 0,
          "COUNTRY|gCO2/kWh: of the network (default: --grid)"),
    FIELD(struct place_own_options, pue, NULL, 1, PUE_MAX,
          "F: energy that the data centre draws for each joule of its computers (default: the "
          "profile's, else 1.58)"),
    FIELD(struct place_own_options, charger_efficiency, NULL, 0.01, 1,
          "F: what arrives at the device of what its socket gives (default: 1 for a profile "
          "measured at the wall, else 0.85, unverified)"),
    FIELD(struct place_own_options, inferences_per_day, NULL, 1, 1e15,
          "N: for figures of a day and a year"),
    FIELD(struct place_own_options, shape, NULL, 0, 0, "NAME=1,3,224,224: shape of an open input"),
    FIELD(struct place_own_options, set, NULL, 0, 0, "NAME=VALUE: value of a scalar input"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"place", own_fields, offsetof(struct place_options, own)},
    {"report", json_fields, offsetof(struct place_options, json)},
    {"model", input_fields, offsetof(struct place_options, input)},
    {NULL, NULL, 0},
};

const struct command command_place = {
    .operands = "MODEL --cloud DEVICE --edge DEVICE --network NAME --request-bytes N",
    .details =
        "Joules and grams of CO2 of one request, answered in a data centre or on the user's "
        "device, and the size of a request beyond which the device takes less. Two columns that "
        "are never mixed: the network's average figure shares out all that it draws, the marginal "
        "one is what a byte more adds to it. Where intervals meet it is too close to call; where "
        "a model does not fit, or a profile counts a datapath alone, there is no verdict. "
        "docs/energy.md has formulae and sources.",
    .examples =
        "  ecai place testdata/fashion_teacher.onnx --edge-model testdata/fashion_student.onnx \\\n"
        "      --cloud gpu-datacenter-h100 --cloud-batch 64 --edge cpu-phone-a76 \\\n"
        "      --network mobile --request-bytes 784 --response-bytes 40 \\\n"
        "      --grid DE --cloud-grid gcp-europe-north1\n"
        "  ecai place big.onnx --cloud cpu-server-x86 --edge cpu-phone-a76 --network wifi \\\n"
        "      --request-bytes 30kB --inferences-per-day 1e6 --json place.json\n",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct place_options),
    .run = run,
};
