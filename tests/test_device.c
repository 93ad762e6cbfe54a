// Device profiles as JSON: what is refused and how it is named, overrides, and the shipped files.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "energy/device.h"
#include "tests/support/fixture.h"
#include "tests/support/temporary.h"

static struct context context;
static struct device device;

static void begin(void)
{
    context_init(&context);
    device = (struct device){.arena = NULL};
}

static void end(void)
{
    device_clear(&device);
}

// Reads a profile that stands in a file with that text; NAME stands for the path.
static enum status read_text(const char *text, const char *overrides)
{
    char path[TEMPORARY_BYTES], name[256];
    enum status status;

    temporary_file(path, text);
    snprintf(name, sizeof name, "%s%s", path, overrides);
    status = device_read(&context, name, &device);
    ck_assert_msg(status == OK || strstr(context.error, path) != NULL, "%s", context.error);
    remove(path);
    return status;
}

#define WORDS(kind)                                                                                \
    "{\"schema\":\"ecai/device/1\",\"name\":\"x\",\"summary\":\"s\",\"scope\":\"c\",\"kind\":"     \
    "\"" kind "\",\"zero_weights\":\"cost\""
#define FIT WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5}}"
#define PRIMITIVE WORDS("primitive") ",\"mac_pj\":{\"float32\":4}"

static const struct {
    const char *text, *message;
} bad[] = {
    {"[]", "a profile is an object"},
    {"{", "byte"},
    {"{\"schema\":\"ecai/device/2\",\"name\":\"x\"}", "'schema' is 'ecai/device/1', not"},
    {"{\"name\":3}", "'name' wants a text"},
    {WORDS("magic") "}", "'kind' is 'primitive', 'calibrated'"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{}}}", "'fit.int8.mac_pj' wants a number"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":-1}}}",
     "'fit.int8.mac_pj' wants a number that is not negative"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":\"5\"}}}",
     "'fit.int8.mac_pj' wants a number"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":1e8}}}",
     "'fit.int8.mac_pj' is 1e+08, which is not within 0.01 to 1e+06: is it in another unit?"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5,\"fixed_uj\":5}}}",
     "no profile of this kind has a key 'fit.int8.fixed_uj' (did you mean 'fit.int8.fixed_mj'?)"},
    {WORDS("calibrated") ",\"fit\":{\"int4\":{\"mac_pj\":5}}}", "key 'fit.int4'"},
    {FIT ",\"run_wats\":5}", "key 'run_wats' (did you mean 'run_watts'?)"},
    {FIT ",\"engine\":{\"pes\":5}}", "key 'engine'"},
    {FIT ",\"combine\":\"mean\"}", "'combine' is 'sum' or 'max', not 'mean'"},
    {FIT ",\"boundary\":\"desk\"}", "'boundary' is 'datapath', 'chip', 'board' or 'wall'"},
    {FIT ",\"error_basis\":\"hope\"}", "'error_basis' is 'held-out', 'fit' or 'judged'"},
    {FIT ",\"pue\":0.9}", "'pue' is 0.9, which is not within 1 to 10"},
    {FIT ",\"validated_by\":[3]}", "'validated_by' wants texts"},
    {FIT ",\"weight_formats\":\"csr\"}", "'weight_formats' wants a list"},
    {FIT ",\"weight_formats\":[\"zip\"]}", "'weight_formats.0' is 'dense', 'bitmask'"},
    {FIT ",\"weight_formats\":[\"rlc\"]}", "'rlc', which wants 'index_bits'"},
    {FIT ",\"peak_macs_per_second\":\"fast\"}", "'peak_macs_per_second' wants a number"},
    {FIT ",\"peak_macs_per_second\":{\"int4\":5}}", "key 'peak_macs_per_second.int4'"},
    {"{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",\"kind\":\"calibrated\",\"zero_weights\":"
     "\"affine\"}",
     "'zero_weights' is 'affine', which wants a 'zero_weights_floor'"},
    {"{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",\"kind\":\"calibrated\",\"zero_weights\":"
     "\"affine\",\"zero_weights_floor\":0.2,\"weight_formats\":[\"dense\",\"csr\"]}",
     "'weight_formats' is 'dense' alone"},
    {"{\"name\":\"x\",\"summary\":\"\",\"scope\":\"\",\"kind\":\"spiking\",\"zero_weights\":"
     "\"affine\",\"zero_weights_floor\":0.2}",
     "'zero_weights' of the kind 'spiking' is 'cost' or 'skip', not 'affine'"},
    {PRIMITIVE "}", "'memory' wants one of 'sram_pj_per_32_bits' and 'sram'"},
    {PRIMITIVE ",\"memory\":{\"sram_pj_per_32_bits\":5}}",
     "'memory' wants one of 'dram_pj_per_32_bits' and 'dram_pj_per_byte'"},
    {PRIMITIVE ",\"memory\":{\"sram\":{\"pj_per_64_bits\":5},\"dram_pj_per_32_bits\":640}}",
     "'memory.sram' wants 'at_bytes'"},
    {PRIMITIVE ",\"memory\":{\"sram_pj_per_32_bits\":5,\"dram_pj_per_byte\":{\"min\":9,\"typ\":5,"
               "\"max\":7}}}",
     "'min' <= 'typ' <= 'max'"},
    {PRIMITIVE ",\"scale_to_nm\":7,\"memory\":{\"sram_pj_per_32_bits\":5,\"dram_pj_per_32_bits\":"
               "640}}",
     "'scale_to_nm' wants a 'node_nm'"},
    // Joules for picojoules, a fraction for a percentage, megabytes for bytes.
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5.7e-10}}}",
     "'fit.int8.mac_pj' is 5.7e-10, which is not within 0.01 to 1e+06: is it in another unit?"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5,\"byte_pj\":3e-9}}}",
     "'fit.int8.byte_pj' is 3e-09, which is not within"},
    {FIT ",\"error_percent\":0.71}", "'error_percent' is 0.71, which is not within 1 to"},
    {FIT ",\"ratio_error_percent\":0.3}", "'ratio_error_percent' is 0.3, which is not within 1 to"},
    {FIT ",\"flash_bytes\":2}", "'flash_bytes' is 2, which is not within"},
    {PRIMITIVE ",\"memory\":{\"sram_pj_per_32_bits\":5e-12,\"dram_pj_per_32_bits\":640}}",
     "'memory.sram_pj_per_32_bits' is 5e-12, which is not within"},
    {WORDS("spiking") ",\"spiking\":{\"synop_pj\":2.4e-11,\"neuron_pj\":0,\"fixed_mj\":1,"
                      "\"spikes_per_connection\":1,\"timesteps\":1}}",
     "'spiking.synop_pj' is 2.4e-11, which is not within"},
    // Keys at the wrong place.
    {FIT ",\"memory.on_chip_bytes\":1000}", "'memory.on_chip_bytes' is one key with a dot in it"},
    {WORDS("calibrated") ",\"fit\":{\"int8.mac_pj\":5}}",
     "'int8.mac_pj' is one key with a dot in it"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5,\"byte.pj\":5}}}",
     "'byte.pj' is one key with a dot in it"},
    {WORDS("sparse-engine") ",\"engine.pes\":64}", "'engine.pes' is one key with a dot in it"},
    {WORDS("calibrated") ",\"fit\":5}", "'fit' wants an object with 'float32' in it"},
    {WORDS("calibrated") ",\"fit\":[{\"int8\":{\"mac_pj\":5}}]}", "'fit' wants an object"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":5}}", "'fit.int8' wants an object with 'mac_pj' in"},
    {FIT ",\"memory\":\"lots\"}", "'memory' wants an object with 'on_chip_bytes' in it"},
    {WORDS("primitive") ",\"mac_pj\":0.23}", "'mac_pj' wants an object with 'float32' in it"},
    {PRIMITIVE ",\"memory\":\"lots\"}", "'memory' wants an object with 'sram_pj_per_32_bits' in"},
    {FIT ",\"run_watts\":5,\"run_watts\":6}", "'run_watts' is given twice"},
    {WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":5,\"mac_pj\":6}}}",
     "'fit.int8.mac_pj' is given twice"},
    {FIT ",\"run_watts\":null,\"run_watts\":6}", "'run_watts' is given twice"},
    // An engine's index_bits is the profile's.
    {WORDS("sparse-engine") ",\"engine\":{\"pes\":1,\"clock_mhz\":1,\"watts\":1,\"utilisation\":1,"
                            "\"arithmetic_part\":0,\"weight_part\":0}}",
     "'sparse-engine', which wants 'index_bits'"},
    {WORDS("sparse-engine") ",\"index_bits\":4,\"engine\":{\"pes\":1,\"clock_mhz\":1,\"watts\":1,"
                            "\"utilisation\":1,\"arithmetic_part\":0,\"weight_part\":0,"
                            "\"weight_bits\":4}}",
     "key 'engine.weight_bits'"},
    {WORDS("sparse-engine") ",\"engine\":{\"pes\":0}}", "'engine.pes' is 0, which is not within"},
    {WORDS("spiking") ",\"spiking\":{\"synop_pj\":23}}", "'spiking.neuron_pj' wants a number"},
};

START_TEST(what_is_wrong_is_named_with_its_file_and_key)
{
    ck_assert_int_eq(read_text(bad[_i].text, ""), ERR_FORMAT);
    ck_assert_msg(strstr(context.error, bad[_i].message) != NULL, "%s", context.error);
}
END_TEST

START_TEST(a_profile_needs_little_and_may_hold_notes)
{
    ck_ok(read_text(FIT ",\"notes\":{\"by\":\"me\"},\"sources\":[\"mine\"],\"calibration\":{\"a\":"
                        "[1]}}",
                    ""));
    ck_assert_double_eq(device.fit[PRECISION_I8].mac, 5e-12);
    ck_assert_double_eq(device.fit[PRECISION_I8].depthwise_mac, 5e-12);
    ck_assert_double_eq(device.fit[PRECISION_I8].fixed, 0);
    ck_assert(isnan(device.fit[PRECISION_F32].mac));
    ck_assert(isnan(device.error_percent));
    ck_assert(isnan(device.run_watts));
    ck_assert(isinf(device.on_chip_bytes));
    ck_assert_double_eq(device.batch, 1);
    ck_assert_ptr_null(device.boundary);
    ck_assert_ptr_null(device.changed);
}
END_TEST

// Where 0 means that there is none.
START_TEST(zero_is_no_number_in_another_unit)
{
    ck_ok(read_text(WORDS("calibrated") ",\"fit\":{\"int8\":{\"mac_pj\":0,\"byte_pj\":0,"
                                        "\"fixed_mj\":0}},\"idle_watts\":0,\"memory\":{"
                                        "\"on_chip_bytes\":0}}",
                    ""));
    ck_assert_double_eq(device.fit[PRECISION_I8].mac, 0);
    ck_assert_double_eq(device.on_chip_bytes, 0);
    device_clear(&device);
    ck_ok(device_read(&context, "asic-45nm:memory.on_chip_bytes=16", &device)); // small networks'
    ck_assert_double_eq(device.on_chip_bytes, 16);
}
END_TEST

START_TEST(one_peak_is_for_all_precisions_and_an_object_for_each)
{
    ck_ok(read_text(FIT ",\"peak_macs_per_second\":2e9}", ""));
    for (int i = 0; i < PRECISION_COUNT; i++)
        ck_assert_double_eq(device.peak_macs_per_second[i], 2e9);
    device_clear(&device);
    ck_ok(read_text(FIT ",\"peak_macs_per_second\":{\"int8\":4e9,\"float32\":null}}", ""));
    ck_assert_double_eq(device.peak_macs_per_second[PRECISION_I8], 4e9);
    ck_assert(isnan(device.peak_macs_per_second[PRECISION_F32]));
    ck_assert(isnan(device.peak_macs_per_second[PRECISION_F16]));
}
END_TEST

START_TEST(an_override_changes_a_number_and_takes_the_validation_away)
{
    struct device as_is;

    ck_ok(device_read(&context, "cpu-sbc-a72", &as_is));
    ck_ok(device_read(&context, "cpu-sbc-a72:fit.int8.mac_pj=70,run_watts=3", &device));
    ck_assert_str_eq(device.name, "cpu-sbc-a72:fit.int8.mac_pj=70,run_watts=3");
    ck_assert_str_eq(device.changed, "fit.int8.mac_pj=70,run_watts=3");
    ck_assert_double_eq(device.fit[PRECISION_I8].mac, 70e-12);
    ck_assert_double_eq(device.fit[PRECISION_I8].byte, as_is.fit[PRECISION_I8].byte);
    ck_assert_double_eq(device.run_watts, 3);
    ck_assert_ptr_nonnull(as_is.validated_by);
    ck_assert_ptr_null(device.validated_by);
    ck_assert(!isnan(as_is.error_percent));
    ck_assert(isnan(device.error_percent));
    ck_assert(isnan(device.ratio_error_percent));
    ck_assert_str_ne(device.sha256, as_is.sha256);
    device_clear(&as_is);
}
END_TEST

START_TEST(an_override_may_fill_what_is_null_and_give_the_error_itself)
{
    ck_ok(device_read(&context, "asic-45nm-onchip:memory.on_chip_bytes=1024,error_percent=50",
                      &device));
    ck_assert_double_eq(device.on_chip_bytes, 1024);
    ck_assert_double_eq(device.error_percent, 50);
    ck_assert(isnan(device.ratio_error_percent));
}
END_TEST

START_TEST(an_override_of_a_file_works_as_that_of_a_name)
{
    ck_ok(read_text(FIT "}", ":fit.int8.mac_pj=7"));
    ck_assert_double_eq(device.fit[PRECISION_I8].mac, 7e-12);
}
END_TEST

static const struct {
    const char *name, *message;
} bad_overrides[] = {
    {"asic-45nm:memory.on_chip_byte=5", "(did you mean 'memory.on_chip_bytes'?)"},
    {"asic-45nm:memroy.on_chip_bytes=5", "there is no 'memroy' to change in it"},
    {"asic-45nm:scope=5", "'scope' is no number to change"},
    {"asic-45nm:memory=5", "'memory' is no number to change"},
    {"asic-45nm:memory.on_chip_bytes=many", "'memory.on_chip_bytes=many' is no KEY=NUMBER"},
    {"asic-45nm:memory.on_chip_bytes=-5", "wants a number that is not negative"},
    {"asic-45nm:=5", "'=5' is no KEY=NUMBER"},
    {"asic-45nm:memory.on_chip_bytes=5,oops", "'oops' is no KEY=NUMBER"},
    {"cpu-phone-a76:fit.float16.mac_pj=5", "there is no 'fit.float16' to change in it"},
    {"vax:run_watts=5", "no device 'vax'"},
    {"asic-45nm:calibration=3", "'calibration' is no number to change"},
    {"asic-45nm:notes=3", "'notes' is no number to change"},
    {"eie-45nm-sparse:calibration=3", "'calibration' is no number to change"},
    {"cpu-phone-a76:fit.float16=3", "'fit.float16' wants an object with 'mac_pj' in it"},
    {"cpu-phone-a76:error_percent=0.2", "'error_percent' is 0.2, which is not within 1 to"},
};

START_TEST(an_override_that_cannot_be_is_a_usage_error_that_says_why)
{
    ck_assert_int_eq(device_read(&context, bad_overrides[_i].name, &device), ERR_USAGE);
    ck_assert_msg(strstr(context.error, bad_overrides[_i].message) != NULL, "%s", context.error);
}
END_TEST

static bool has_text(const char *key)
{
    const struct json *list = json_member(device.json, key);

    return list && json_is_array(list) && json_count(list) > 0;
}

START_TEST(every_profile_that_is_shipped_says_where_it_comes_from)
{
    struct arena *arena = arena_new();
    struct strings names;

    device_names(arena, &names);
    ck_assert_int_ge((int)names.count, 15);
    for (int64_t i = 0; i < names.count; i++) {
        ck_ok(device_read(&context, names.at[i], &device));
        ck_assert_str_eq(device.name, names.at[i]);
        ck_assert_msg(has_text("sources"), "%s has no sources", device.name);
        ck_assert_msg(*device.scope != '\0', "%s has no scope", device.name);
        ck_assert_msg(device.boundary != NULL, "%s has no boundary", device.name);
        ck_assert_msg(!isnan(device.error_percent), "%s has no error", device.name);
        ck_assert_msg(device.validated_by || device.error_percent >= 100,
                      "%s claims %g %% and nothing validated it", device.name,
                      device.error_percent);
        device_clear(&device);
    }
    arena_free(arena);
}
END_TEST

Suite *device_suite(void);
Suite *device_suite(void)
{
    Suite *suite = suite_create("device");
    TCase *tcase = tcase_create("device");

    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, what_is_wrong_is_named_with_its_file_and_key, 0,
                        (int)(sizeof bad / sizeof bad[0]));
    tcase_add_test(tcase, a_profile_needs_little_and_may_hold_notes);
    tcase_add_test(tcase, zero_is_no_number_in_another_unit);
    tcase_add_test(tcase, one_peak_is_for_all_precisions_and_an_object_for_each);
    tcase_add_test(tcase, an_override_changes_a_number_and_takes_the_validation_away);
    tcase_add_test(tcase, an_override_may_fill_what_is_null_and_give_the_error_itself);
    tcase_add_test(tcase, an_override_of_a_file_works_as_that_of_a_name);
    tcase_add_loop_test(tcase, an_override_that_cannot_be_is_a_usage_error_that_says_why, 0,
                        (int)(sizeof bad_overrides / sizeof bad_overrides[0]));
    tcase_add_test(tcase, every_profile_that_is_shipped_says_where_it_comes_from);
    suite_add_tcase(suite, tcase);
    return suite;
}
