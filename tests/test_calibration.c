// Calibrations: against numpy and scipy.optimize.nnls on the published tables, profiles that say
// what was fitted, and tables that are refused.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "energy/array.h"
#include "energy/estimate.h"
#include "tests/support/temporary.h"
#include "validate/calibration_profile.h"

static struct context context;
static struct csv_table table;
static struct calibration calibration;
static char path[TEMPORARY_BYTES];
static char warnings[4096];

static void keep(void *self, enum level level, const char *text)
{
    (void)self;
    if (level == LEVEL_WARNING)
        strncat(warnings, text, sizeof warnings - strlen(warnings) - 1);
}

static void set_up(void)
{
    context_init(&context);
    context.sink.message = keep;
    warnings[0] = '\0';
    memset(&table, 0, sizeof table);
    memset(&calibration, 0, sizeof calibration);
    temporary_file(path, "");
}

static void tear_down(void)
{
    calibration_clear(&calibration);
    csv_table_clear(&table);
    unlink(path);
}

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

static void read_table(const char *name)
{
    ck_assert_msg(csv_table_read(&context, name, &table) == OK, "%s", context.error);
}

static struct calibration_request request_of(const char *precision)
{
    struct calibration_request request = {.kind = "calibrated", .precision = precision};
    return request;
}

static void assert_close(double got, double want, double relative)
{
    ck_assert_double_eq_tol(got, want, fabs(want) * relative);
}

// ---- published tables --------------------------------------------------------------------------

struct published {
    const char *csv, *device, *runtime, *precision;
    int points, terms;
    double coefficient[4]; // SI units
    double mean, largest;  // per cent, left out one at a time
};

static const struct published boards[] = {
    {"mlperf_mobile.csv",
     "device=rpi4",
     "runtime=tflite-2.7.1",
     "float32",
     38,
     3,
     {7.893919074562e-03, 5.695141061713e-10, 2.694032596063e-09},
     6.13565620,
     26.72199169},
    {"mlperf_mobile.csv",
     "device=rpi4",
     "runtime=tflite-2.7.1",
     "int8",
     37,
     4,
     {2.962420606035e-03, 1.400133721355e-10, 3.110761922936e-09, 3.012369678714e-09},
     3.56842752,
     14.62889863},
    {"mlperf_mobile.csv",
     "device=rk3588",
     "runtime=tflite-2.11.0",
     "float32",
     38,
     3,
     {4.279249054608e-03, 2.004928494829e-10, 1.727796532147e-09},
     7.83276244,
     24.06282538},
    {"mlperf_mobile.csv",
     "device=vim4",
     "runtime=tflite-2.11.0",
     "int8",
     37,
     4,
     {1.506589346847e-03, 7.351917853251e-11, 1.976914321263e-09, 3.426041532304e-09},
     2.50938165,
     6.50568944},
};

START_TEST(published_networks_give_the_coefficients_and_left_out_errors_of_scipy)
{
    const struct published *board = &boards[_i];
    const char *where[] = {board->device, "family=mobilenet", board->runtime};
    struct calibration_request request = request_of(board->precision);

    request.where = (struct strings){3, where};
    read_table(board->csv);
    ck_assert_msg(calibration_fit(&context, &table, &request, &calibration) == OK, "%s",
                  context.error);
    ck_assert_int_eq(calibration.points, board->points);
    ck_assert_int_eq(calibration.terms, board->terms);
    for (int t = 0; t < board->terms; t++)
        assert_close(calibration.regression.coefficient[t], board->coefficient[t], 1e-9);
    assert_close(calibration.of_others.mean, board->mean, 1e-8);
    assert_close(calibration.of_others.largest, board->largest, 1e-8);
    calibration_warn(&context, &calibration);
    ck_assert_str_eq(warnings, "");
}
END_TEST

static const char *const tiny_terms[] = {"macs", "depthwise_macs", "weight_bytes"};

START_TEST(four_networks_are_a_fit_and_only_if_that_is_asked_for)
{
    const char *where[] = {"device=nucleo-l4r5zi", "runtime=st-x-cube-ai-v1.2"};
    const double want[] = {5.524218995053e-10, 7.722445770833e-10, 1.937647667219e-10};
    struct calibration_request request = request_of("int8");

    request.where = (struct strings){2, where};
    request.terms = (struct strings){3, tiny_terms};
    read_table("mlperf_tiny.csv");
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, "4 different networks in int8 are too few") != NULL, "%s",
                  context.error);
    calibration_clear(&calibration);
    request.in_sample = true;
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), OK);
    for (int t = 0; t < 3; t++)
        assert_close(calibration.regression.coefficient[t], want[t], 1e-9);
    assert_close(calibration.of_fit.mean, 6.992245329599758, 1e-9);
    assert_close(calibration.of_fit.largest, 15.561067101013437, 1e-9);
    assert_close(calibration.of_others.mean, 25.61343124739547, 1e-9);
    assert_close(calibration.of_others.largest, 32.18310081906872, 1e-9);
}
END_TEST

// ---- tables by hand ----------------------------------------------------------------------------

// joules = 1 mJ + 100 pJ x dense MACs + 1000 pJ x depthwise MACs, times `scale`.
static void write_networks(int count, double scale, const char *heading)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "network,precision,macs,depthwise_macs,%s\n", heading);
    for (int i = 0; i < count; i++) {
        double macs = 1e6 * (10 + i * i), depthwise = 1e5 * (1 + (i * 7) % 5);
        double joules = 1e-3 + 1e-10 * (macs - depthwise) + 1e-9 * depthwise;
        fprintf(file, "net%d,int8,%.17g,%.17g,%.17g\n", i, macs, depthwise, joules * scale);
    }
    fclose(file);
}

static enum status fit_hand(struct calibration_request *request)
{
    static const char *const terms[] = {"fixed", "macs", "depthwise_macs"};

    if (request->terms.count == 0)
        request->terms = (struct strings){3, terms};
    read_table(path);
    return calibration_fit(&context, &table, request, &calibration);
}

START_TEST(known_coefficients_come_out_in_the_profiles_units)
{
    struct calibration_request request = request_of("int8");

    write_networks(12, 1, "joules");
    ck_assert_msg(fit_hand(&request) == OK, "%s", context.error);
    ck_assert_double_eq(calibration_value(&calibration, 0), 1);
    ck_assert_double_eq(calibration_value(&calibration, 1), 100);
    ck_assert_double_eq(calibration_value(&calibration, 2), 1000);
    ck_assert_str_eq(calibration.key[2], "fit.int8.depthwise_mac_pj");
    ck_assert(calibration.of_others.largest < 1e-6);
}
END_TEST

// Without the term for depthwise MACs, macs are all of them.
START_TEST(macs_are_the_dense_ones_only_where_depthwise_macs_are_a_term)
{
    static const char *const terms[] = {"fixed", "macs"};
    struct calibration_request request = request_of("int8");

    write_networks(12, 1, "joules");
    request.terms = (struct strings){2, terms};
    ck_assert_int_eq(fit_hand(&request), OK);
    ck_assert_double_eq(calibration.x[1], 1e7);
    calibration_clear(&calibration);
    csv_table_clear(&table);
    request.terms.count = 0;
    ck_assert_int_eq(fit_hand(&request), OK);
    ck_assert_double_eq(calibration.x[1], 1e7 - 1e5);
}
END_TEST

START_TEST(eleven_networks_are_refused_with_their_number)
{
    struct calibration_request request = request_of("int8");

    write_networks(11, 1, "joules");
    ck_assert_int_eq(fit_hand(&request), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, "11 different networks in int8 are too few to calibrate "
                                        "by; 12 are wanted") != NULL,
                  "%s", context.error);
}
END_TEST

START_TEST(joules_in_another_unit_are_noticed_by_what_they_give)
{
    struct calibration_request request = request_of("int8");

    write_networks(12, 1e6, "joules");
    ck_assert_int_eq(fit_hand(&request), OK);
    calibration_warn(&context, &calibration);
    ck_assert_msg(strstr(warnings, "'macs' comes out at 1e+08 pJ/MAC, beyond 0.01 to 100000") !=
                      NULL,
                  "%s", warnings);
}
END_TEST

START_TEST(a_network_measured_twice_is_one_point_and_is_said)
{
    struct calibration_request request = request_of("int8");
    FILE *file;

    write_networks(12, 1, "joules");
    file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "net0 again,int8,10000000,100000,%.17g\n", 1.1 * (1e-3 + 0.99e-3 + 1e-4));
    fclose(file);
    ck_assert_int_eq(fit_hand(&request), OK);
    ck_assert_int_eq(calibration.rows, 13);
    ck_assert_int_eq(calibration.points, 12);
    // Left out together, so that neither predicts the other: what the other eleven say is exact.
    assert_close(calibration.left_out[0], calibration.y[0], 1e-9);
    assert_close(calibration.left_out[12], calibration.y[0], 1e-9);
    calibration_warn(&context, &calibration);
    ck_assert_msg(strstr(warnings, "1 of 13 rows measure a network once more, up to 10 % apart") !=
                      NULL,
                  "%s", warnings);
}
END_TEST

// ---- refusals ----------------------------------------------------------------------------------

#define TWELVE(row) row row row row row row row row row row row row

static const struct {
    const char *text, *message;
} refused[] = {
    {"network,macs,bytes\na,1,2\n", "no column 'joules'"},
    {"network,macs,bytes,mJ\na,1,2,3\n", "column 'joules' wants joules; 'mJ' looks like milli"},
    {"network,joules,macs_m,bytes\na,1,2,3\n", "'macs_m' looks like millions"},
    {"network,macs,bytes,joules\na,1,2,\n", "line 2, column 'joules': the cell is empty"},
    {"network,macs,bytes,joules\na,1,2,3\nb,1,2,0\n",
     "line 3, column 'joules': 0 joules: no inference is for nothing"},
    {"network,macs,bytes,joules\na,1,2,-3\n", "line 2, column 'joules': -3 is negative"},
    {"network,macs,bytes,joules\na,-1,2,3\n", "line 2, column 'macs': -1 is negative"},
    {"network,macs,bytes,joules\na,many,2,3\n", "line 2, column 'macs': 'many' is no number"},
    {"network,macs,bytes,joules\n" TWELVE("a,1,2,3\n"), "all 12 rows are one network"},
    {"network,precision,macs,bytes,joules\na,int8,1,2,3\n",
     "there is no row with precision float32; its 'precision' is int8"},
    {"network,precision,macs,bytes,joules\na,fp32,1,2,3\nb,,1,2,3\nc,fp32,1,2,3\n",
     "there is no row with precision float32; its 'precision' is fp32, ''"},
    {"network,macs,bytes,energy\na,1,2,3\n",
     "no column 'joules'; if 'energy' is in joules, it is to be named 'joules'"},
};

START_TEST(what_is_wrong_with_a_table_is_named)
{
    struct calibration_request request = request_of("float32");

    write_file(refused[_i].text);
    read_table(path);
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, path) != NULL, "%s", context.error);
    ck_assert_msg(strstr(context.error, refused[_i].message) != NULL, "%s", context.error);
}
END_TEST

static const struct {
    const char *kind, *term, *message;
} misfits[] = {
    {"calibrated", "watts", "no term 'watts' for a profile of kind 'calibrated'; there are fixed,"},
    {"spiking", "macs", "there are fixed, connections, neurons"},
    {"primitive", "macs", "a profile of kind 'primitive' is not calibrated"},
    {"calibrated", "macs", "term 'macs' stands twice"},
};

START_TEST(terms_that_a_profile_cannot_hold_are_refused)
{
    const char *terms[] = {misfits[_i].term, misfits[_i].term};
    struct calibration_request request = request_of("float32");

    request.kind = misfits[_i].kind;
    request.terms = (struct strings){2, terms};
    write_file("network,macs,joules\na,1,2\n");
    read_table(path);
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), ERR_USAGE);
    ck_assert_msg(strstr(context.error, misfits[_i].message) != NULL, "%s", context.error);
}
END_TEST

START_TEST(more_depthwise_macs_than_macs_are_refused_by_line)
{
    struct calibration_request request = request_of("int8");

    write_file("network,macs,depthwise_macs,bytes,joules\na,5,6,7,8\n");
    read_table(path);
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, "line 2: 'depthwise_macs' is more than 'macs'") != NULL,
                  "%s", context.error);
}
END_TEST

// ---- rows --------------------------------------------------------------------------------------

START_TEST(rows_are_taken_that_hold_one_of_the_values_for_each_column)
{
    const char *where[] = {"device=rpi4", "family=resnet", "family=efficientnet-lite",
                           "runtime=tflite-2.7.1"};
    struct calibration_request request = request_of("float32");

    request.where = (struct strings){4, where};
    request.in_sample = true;
    read_table("mlperf_mobile.csv");
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), OK);
    ck_assert_int_eq(calibration.rows, 6); // EfficientNet-lite 0 to 4, ResNet-50
}
END_TEST

START_TEST(precisions_of_a_table_are_found)
{
    const char *where[] = {"device=rpi4", "runtime=tflite-2.7.1"};
    struct strings all = {2, where}, none = {0, NULL}, found;
    struct arena *arena = arena_new();

    read_table("mlperf_mobile.csv");
    ck_assert_int_eq(calibration_precisions(&context, arena, &table, &all, &found), OK);
    ck_assert_int_eq(found.count, 2);
    ck_assert_str_eq(found.at[0], "float32");
    ck_assert_str_eq(found.at[1], "int8");
    csv_table_clear(&table);
    write_file("precision\nint3\n");
    read_table(path);
    ck_assert_int_eq(calibration_precisions(&context, arena, &table, &none, &found), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, "line 2, column 'precision': 'int3'") != NULL, "%s",
                  context.error);
    arena_free(arena);
}
END_TEST

// ---- profiles ----------------------------------------------------------------------------------

static void read_made(const struct json *json, struct device *device)
{
    struct text text;

    text_init(&text);
    json_print(json, true, &text);
    write_file(text.at);
    text_clear(&text);
    ck_assert_msg(device_read(&context, path, device) == OK, "%s", context.error);
}

START_TEST(a_profile_that_was_made_estimates_what_was_fitted)
{
    const char *where[] = {"device=rpi4", "runtime=tflite-2.7.1", "family=mobilenet"};
    struct calibration_words words = {.name = "mine", .boundary = "wall"};
    struct calibration_request request = request_of("int8");
    struct device device;
    struct json *json;

    request.where = (struct strings){3, where};
    read_table("mlperf_mobile.csv");
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), OK);
    json = calibration_profile(NULL, &calibration, 1, &words);
    read_made(json, &device);
    ck_assert_str_eq(device.name, "mine");
    ck_assert_str_eq(device.boundary, "wall");
    ck_assert_str_eq(device.error_basis, "held-out");
    for (int i = 0; i < calibration.rows; i++) {
        const double *x = calibration.x + i * calibration.terms; // fixed, dense, depthwise, bytes
        struct energy_work work = {.macs = x[1] + x[2],
                                   .depthwise_macs = x[2],
                                   .activation_bytes = x[3],
                                   .precision = PRECISION_I8,
                                   .nonzero = 1,
                                   .nonzero_activations = 1};
        assert_close(energy_of_work(&device, &work, 1).joules, calibration.fitted[i], 1e-5);
    }
    device_clear(&device);
    json_free(json);
}
END_TEST

// docs/energy.md: the truth is within joules / (1 + e) .. joules x (1 + e).
START_TEST(every_network_lies_in_the_interval_of_what_the_others_say)
{
    const char *where[] = {"device=rpi4", "runtime=tflite-2.7.1", "family=mobilenet"};
    struct calibration_request request = request_of("int8");
    double factor, ratio;

    request.where = (struct strings){3, where};
    read_table("mlperf_mobile.csv");
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), OK);
    factor = 1 + calibration.of_others.factor / 100 + 1e-12;
    ratio = 1 + calibration.of_others.ratio / 100 + 1e-12;
    ck_assert(factor < 1.18);
    for (int i = 0; i < calibration.rows; i++) {
        double off = calibration.left_out[i] / calibration.y[i];
        ck_assert(off <= factor && off >= 1 / factor);
        for (int k = 0; k < calibration.rows; k++) {
            double both = off / (calibration.left_out[k] / calibration.y[k]);
            ck_assert(both <= ratio && both >= 1 / ratio);
        }
    }
}
END_TEST

START_TEST(a_base_gives_what_was_not_measured_and_nothing_that_was)
{
    struct calibration_words words = {.name = "mine"};
    struct calibration_request request = request_of("int8");
    struct device base, device;
    struct json *json;

    write_networks(12, 1, "joules");
    request.in_sample = true;
    ck_assert_int_eq(fit_hand(&request), OK);
    ck_assert_msg(device_read(&context, "mcu-cortex-m4", &base) == OK, "%s", context.error);
    json = calibration_profile(base.json, &calibration, 1, &words);
    read_made(json, &device);
    ck_assert_double_eq(device.flash_bytes, base.flash_bytes);
    ck_assert_str_eq(device.scope, base.scope);
    ck_assert_str_eq(device.error_basis, "fit");
    ck_assert_ptr_null(device.validated_by);
    ck_assert_ptr_nonnull(device.unverified);
    assert_close(device.fit[PRECISION_I8].mac, 1e-10, 1e-12);
    assert_close(device.fit[PRECISION_I8].fixed, 1e-3, 1e-12);
    ck_assert_double_eq(device.fit[PRECISION_I8].weight_byte, 0);
    device_clear(&device);
    device_clear(&base);
    json_free(json);
}
END_TEST

START_TEST(as_many_coefficients_as_rows_fit_anything_and_claim_no_error)
{
    static const char *const terms[] = {"fixed", "macs"}, *const targets[] = {"one", "8:eight"};
    struct calibration_words words = {.name = "mine"};
    struct calibration_request request = request_of("int8");
    struct device device;
    struct json *json;

    // 2 mJ a call and 1 mJ an inference.
    write_file("network,macs,one,eight\na,1e7,3e-3,10e-3\n");
    request.terms = (struct strings){2, terms};
    request.target = (struct strings){2, targets};
    request.in_sample = true;
    read_table(path);
    ck_assert_msg(calibration_fit(&context, &table, &request, &calibration) == OK, "%s",
                  context.error);
    ck_assert_int_eq(calibration.points, 1);
    assert_close(calibration_value(&calibration, 0), 2, 1e-6);
    assert_close(calibration_value(&calibration, 1), 100, 1e-6);
    ck_assert_ptr_null(calibration.left_out);
    ck_assert_str_eq(calibration.reason, "there is no other network");
    json = calibration_profile(NULL, &calibration, 1, &words);
    read_made(json, &device);
    ck_assert_double_nan(device.error_percent);
    ck_assert_double_nan(device.mean_error_percent);
    device_clear(&device);
    json_free(json);
}
END_TEST

// A base that reckons in every way that a sum does not.
static struct json *unlike_a_sum(const struct json *base)
{
    struct json *copy = json_copy(base), *memory;

    if (strcmp(json_text(json_member(base, "kind")), "calibrated") == 0) {
        memory = json_object();
        json_add_number(memory, "on_chip_bytes", 1);
        json_add_number(memory, "off_chip_byte_pj", 100);
        json_replace(copy, "memory", memory);
    } else if (json_find(copy, "power")) {
        json_set_number(json_find(copy, "power"), "dram_byte_pj", 100);
        json_set_number(json_find(copy, "power"), "buffer_word_pj", 10);
    } else if (json_find(copy, "spiking")) {
        json_set_number(json_find(copy, "spiking"), "timesteps", 10);
        json_set_number(json_find(copy, "spiking"), "spikes_per_connection", 0.5);
    }
    return copy;
}

static const struct {
    const char *kind, *csv, *precision;
    struct strings where, target;
} measured[] = {
#define TEXTS(...)                                                                                 \
    {                                                                                              \
        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *), (const char *const[])         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    {"calibrated", "mlperf_mobile.csv", "int8",
     TEXTS("device=rpi4", "runtime=tflite-2.7.1", "family=mobilenet"), TEXTS("joules")},
    {"array", "eyeriss.csv", NULL, {0, NULL}, {0, NULL}},
    {"spiking", "loihi.csv", NULL, TEXTS("device=loihi", "network=kws-scaled"),
     TEXTS("dynamic_joules")},
    {"sparse-engine", "eie.csv", NULL, {0, NULL}, {0, NULL}},
};

// What a written profile says of a row of the table. Of arrays and engines the rows tell the time,
// which their profiles otherwise estimate.
static double estimate_of(const struct device *device, int row)
{
    const double *x = calibration.x + row * calibration.terms;
    struct energy_work work = {.precision = PRECISION_I8,
                               .nonzero = 1,
                               .nonzero_activations = 1,
                               .neurons = 1e6,
                               .macs = x[1]};
    struct array_mapping mapping = {.seconds = x[0],
                                    .register_words = 1e9,
                                    .neighbour_words = 1e9,
                                    .buffer_words = 1e9,
                                    .weight_bytes = 1e9,
                                    .input_bytes = 1e9,
                                    .output_bytes = 1e9};
    struct energy_sum sum;
    struct array_joules of_array;

    switch (device->kind) {
    case DEVICE_KIND_array:
        of_array = array_joules(device_array(device), &mapping, x[1]);
        return of_array.compute + of_array.weights + of_array.activations;
    case DEVICE_KIND_sparse_engine:
        work.macs = 1e9;
        sum = energy_of_work(device, &work, 1);
        return sum.joules / sum.seconds * x[0];
    case DEVICE_KIND_calibrated: // fixed, dense, depthwise, bytes; zeros save nothing
        work.macs = x[1] + x[2];
        work.depthwise_macs = x[2];
        work.weight_bytes = x[3] / 4;
        work.activation_bytes = x[3] - work.weight_bytes;
        work.nonzero = 0.5;
        work.is_2_4 = true;
        return energy_of_work(device, &work, 1).joules;
    default:
        return energy_of_work(device, &work, 1).joules;
    }
}

// One profile that is shipped, as the base.
static void check_base(const char *name)
{
    struct calibration_words words = {.name = "mine"};
    struct device base, device;
    struct json *changed, *json;
    int at = -1;

    ck_assert_msg(device_read(&context, name, &base) == OK, "%s", context.error);
    for (int i = 0; i < (int)(sizeof measured / sizeof *measured); i++)
        if (strcmp(measured[i].kind, json_text(json_at(base.json, "kind"))) == 0)
            at = i;
    if (at >= 0) {
        struct calibration_request request = {.kind = measured[at].kind,
                                              .precision = measured[at].precision,
                                              .where = measured[at].where,
                                              .target = measured[at].target,
                                              .in_sample = true};
        read_table(measured[at].csv);
        ck_assert_msg(calibration_fit(&context, &table, &request, &calibration) == OK, "%s",
                      context.error);
        changed = unlike_a_sum(base.json);
        json = calibration_profile(changed, &calibration, 1, &words);
        read_made(json, &device);
        for (int i = 0; i < calibration.rows; i++)
            assert_close(estimate_of(&device, i), calibration.fitted[i], 2e-5);
        device_clear(&device);
        json_free(json);
        json_free(changed);
        calibration_clear(&calibration);
        csv_table_clear(&table);
    }
    device_clear(&base);
}

START_TEST(by_whichever_base_a_profile_estimates_what_was_fitted)
{
    struct arena *arena = arena_new();
    struct strings all;

    device_names(arena, &all);
    ck_assert_int_ge(all.count, 15);
    for (int64_t i = 0; i < all.count; i++)
        check_base(all.at[i]);
    arena_free(arena);
}
END_TEST

// words: NULL where the profile shall have the base's.
static void assert_unverified(const char *name, const struct calibration_words *words,
                              const char *piece, bool is_there)
{
    struct device base, device;
    struct json *json;

    ck_assert_msg(device_read(&context, name, &base) == OK, "%s", context.error);
    json = calibration_profile(base.json, &calibration, 1, words);
    read_made(json, &device);
    ck_assert_ptr_nonnull(device.unverified);
    ck_assert_msg((strstr(device.unverified, piece) != NULL) == is_there, "%s: %s", name,
                  device.unverified);
    device_clear(&device);
    device_clear(&base);
    json_free(json);
}

START_TEST(what_a_base_gave_and_could_not_verify_stays_unverified)
{
    struct calibration_words words = {.name = "mine"};
    struct calibration_request request = request_of("int8");

    write_networks(12, 1, "joules");
    ck_assert_int_eq(fit_hand(&request), OK);
    assert_unverified("gpu-datacenter-h100", &words,
                      "scope, boundary, runtime, node_nm, idle_watts, peak_macs_per_second, pue, "
                      "ram_bytes: taken from gpu-datacenter-h100, not measured with the networks",
                      true);
    assert_unverified("gpu-datacenter-h100", &words,
                      "gpu-datacenter-h100: idle_watts (60), node_nm (4), peak_macs_per_second",
                      true);
    assert_unverified("gpu-datacenter-h100", &words, "pue (1.1): hyperscale", true);
    assert_unverified("cpu-server-x86", &words, "pue (1.58): average of the industry", true);
    // Coefficients, errors and what zeros save are not those of the base.
    assert_unverified("gpu-datacenter-h100", &words, "fit.float16.mac_pj", false);
    assert_unverified("gpu-datacenter-h100", &words, "error_percent", false);
    assert_unverified("gpu-datacenter-h100", &words, "zero_weights_floor", false);
    assert_unverified("cpu-server-x86", &words, "memory beyond", false);
    words = (struct calibration_words){
        .name = "mine", .scope = "a card", .boundary = "board", .runtime = "my own"};
    assert_unverified("gpu-datacenter-h100", &words, "runtime", false);
    assert_unverified("gpu-datacenter-h100", &words, "scope", false);
}
END_TEST

START_TEST(a_summary_is_of_the_device_that_was_measured)
{
    struct calibration_words words = {.name = "mine"};
    struct calibration_request request = request_of("int8");
    struct device base;
    struct json *json;

    write_networks(12, 1, "joules");
    ck_assert_int_eq(fit_hand(&request), OK);
    ck_assert_int_eq(device_read(&context, "gpu-edge-orin", &base), OK);
    json = calibration_profile(base.json, &calibration, 1, &words);
    ck_assert_str_eq(json_text(json_member(json, "summary")),
                     "calibrated by its user's measurements");
    calibration_warn_base(&context, &calibration, base.json);
    ck_assert_msg(strstr(warnings, "zero_weights, zero_weights_floor, combine") != NULL, "%s",
                  warnings);
    device_clear(&base);
    json_free(json);
}
END_TEST

// joules = 1 mJ + 100 pJ x MACs + 1000 pJ x bytes; `step` from one network to the next.
static void write_steps(int count, double step)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs("network,macs,bytes,joules\n", file);
    for (int i = 0; i < count; i++) {
        double macs = 1e7 * pow(1 + step, i), bytes = 1e5 * pow(1 + step, i) * (1 + i % 3);
        fprintf(file, "net%d,%.17g,%.17g,%.17g\n", i, macs, bytes,
                1e-3 + 1e-10 * macs + 1e-9 * bytes);
    }
    fclose(file);
}

START_TEST(counts_within_one_per_cent_are_one_network)
{
    struct calibration_request request = request_of("float32");
    FILE *file;

    write_steps(12, 0.1);
    file = fopen(path, "a");
    ck_assert_ptr_nonnull(file);
    fputs("net0 pruned,10000001,99200,3e-3\n", file); // joules far from those of net0
    fclose(file);
    read_table(path);
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), OK);
    ck_assert_int_eq(calibration.points, 12);
    ck_assert_int_eq(calibration.near_repeats, 1);
    ck_assert_int_eq(calibration.repeats, 0);
    ck_assert_int_eq(calibration.group[12], calibration.group[0]);
    // Neither predicts the other: what the other eleven say is exact.
    assert_close(calibration.left_out[0], calibration.y[0], 1e-9);
    calibration_warn(&context, &calibration);
    ck_assert_msg(strstr(warnings, "1 of 13 rows have the counts of another network within 1 %") !=
                      NULL,
                  "%s", warnings);
}
END_TEST

// Each resembles the next, in bytes a third of them.
START_TEST(a_chain_of_like_networks_is_as_few_as_it_has_ends)
{
    struct calibration_request request = request_of("float32");

    write_steps(12, 0.003);
    read_table(path);
    ck_assert_int_eq(calibration_fit(&context, &table, &request, &calibration), ERR_FORMAT);
    ck_assert_msg(strstr(context.error,
                         "3 different networks in float32, of 12 rows (counts within "
                         "1 % are one network), are too few") != NULL,
                  "%s", context.error);
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *calibration_suite(void);
Suite *calibration_suite(void)
{
    Suite *suite = suite_create("calibration");
    TCase *tcase = tcase_create("calibration");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase,
                        published_networks_give_the_coefficients_and_left_out_errors_of_scipy, 0,
                        ROWS(boards));
    tcase_add_test(tcase, four_networks_are_a_fit_and_only_if_that_is_asked_for);
    tcase_add_test(tcase, known_coefficients_come_out_in_the_profiles_units);
    tcase_add_test(tcase, macs_are_the_dense_ones_only_where_depthwise_macs_are_a_term);
    tcase_add_test(tcase, eleven_networks_are_refused_with_their_number);
    tcase_add_test(tcase, joules_in_another_unit_are_noticed_by_what_they_give);
    tcase_add_test(tcase, a_network_measured_twice_is_one_point_and_is_said);
    tcase_add_loop_test(tcase, what_is_wrong_with_a_table_is_named, 0, ROWS(refused));
    tcase_add_loop_test(tcase, terms_that_a_profile_cannot_hold_are_refused, 0, ROWS(misfits));
    tcase_add_test(tcase, more_depthwise_macs_than_macs_are_refused_by_line);
    tcase_add_test(tcase, rows_are_taken_that_hold_one_of_the_values_for_each_column);
    tcase_add_test(tcase, precisions_of_a_table_are_found);
    tcase_add_test(tcase, a_profile_that_was_made_estimates_what_was_fitted);
    tcase_add_test(tcase, every_network_lies_in_the_interval_of_what_the_others_say);
    tcase_add_test(tcase, a_base_gives_what_was_not_measured_and_nothing_that_was);
    tcase_add_test(tcase, by_whichever_base_a_profile_estimates_what_was_fitted);
    tcase_add_test(tcase, what_a_base_gave_and_could_not_verify_stays_unverified);
    tcase_add_test(tcase, a_summary_is_of_the_device_that_was_measured);
    tcase_add_test(tcase, counts_within_one_per_cent_are_one_network);
    tcase_add_test(tcase, a_chain_of_like_networks_is_as_few_as_it_has_ends);
    tcase_add_test(tcase, as_many_coefficients_as_rows_fit_anything_and_claim_no_error);
    suite_add_tcase(suite, tcase);
    return suite;
}
