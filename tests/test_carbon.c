// Grids by name and by number, and units that are mixed up.
#include <check.h>
#include <math.h>
#include <string.h>

#include "energy/carbon.h"

static struct context context;

static void set_up(void)
{
    context_init(&context);
}

// Ember through Our World in Data, 2023; the world's from the IEA, 2019.
static const struct {
    const char *name;
    double grams;
    int year;
} known[] = {{"DE", 381, 2023},        {"germany", 381, 2023}, {"Germany", 381, 2023},
             {"fr", 56, 2023},         {"us", 369, 2023},      {"United States", 369, 2023},
             {"Indonesia", 676, 2022}, {"world", 475, 2019},   {"World Average", 475, 2019},
             {"UK", 238, 2023},        {"USA", 369, 2023},     {"great britain", 238, 2023},
             {"uae", 561, 2022}};

START_TEST(a_country_goes_by_code_or_name_in_any_case)
{
    const struct grid *grid = grid_find(known[_i].name);

    ck_assert_ptr_nonnull(grid);
    ck_assert_double_eq(grid->grams_per_kwh, known[_i].grams);
    ck_assert_int_eq(grid->year, known[_i].year);
}
END_TEST

START_TEST(the_first_grid_is_the_worlds_average)
{
    ck_assert_str_eq(grid_at(0)->name, "world average");
    ck_assert_ptr_null(grid_find("Atlantis"));
    ck_assert_ptr_null(grid_find(""));
}
END_TEST

// Google's own list for 2023 (region-carbon-info).
static const struct {
    const char *name;
    double grams;
} regions[] = {{"gcp-us-west1", 94},
               {"gcp us-west1", 94},
               {"GCP:us-east1", 560},
               {"gcp_europe_north1", 46},
               {"Google Cloud europe-west9", 34},
               {"gcp-asia-south1", 648}};

START_TEST(a_region_of_a_cloud_has_a_figure_of_its_own)
{
    const struct grid *grid = grid_find(regions[_i].name);

    ck_assert_ptr_nonnull(grid);
    ck_assert_double_eq(grid->grams_per_kwh, regions[_i].grams);
    ck_assert_int_eq(grid->year, 2023);
}
END_TEST

// Lifecycle figures of 2023 (2022 for the last two), as published.
static const struct {
    const char *code;
    double grams;
} published[] = {{"US", 369}, {"CN", 582}, {"IN", 713}, {"DE", 381}, {"FR", 56},  {"GB", 238},
                 {"SE", 41},  {"NO", 30},  {"PL", 662}, {"CA", 170}, {"BR", 98},  {"AU", 549},
                 {"JP", 485}, {"KR", 431}, {"ZA", 708}, {"IE", 291}, {"NL", 268}, {"ES", 174},
                 {"IT", 331}, {"TW", 642}, {"SG", 471}, {"FI", 79},  {"DK", 152}, {"CH", 35},
                 {"ID", 676}, {"IS", 28}};

START_TEST(countries_have_the_figures_that_are_published)
{
    ck_assert_double_eq(grid_find(published[_i].code)->grams_per_kwh, published[_i].grams);
}
END_TEST

START_TEST(no_code_and_no_name_stands_twice_and_every_figure_has_its_year)
{
    for (int i = 0; grid_at(i); i++) {
        ck_assert_ptr_eq(grid_find(grid_at(i)->code), grid_at(i));
        ck_assert_ptr_eq(grid_find(grid_at(i)->name), grid_at(i));
        ck_assert_int_ge(grid_at(i)->year, 2019);
        ck_assert(grid_at(i)->grams_per_kwh > 0 && grid_at(i)->grams_per_kwh < 1400);
    }
}
END_TEST

static const struct {
    const char *text;
    double grams;
} numbers[] = {{"381", 381},           {"381g", 381},           {"381g/kWh", 381},
               {"56.5gCO2/kWh", 56.5}, {"56.5gCO2e/kWh", 56.5}, {"0", 0},
               {"381kg/MWh", 381},     {"381 gCO2eq/kWh", 381}};

START_TEST(a_number_is_grams_for_a_kilowatt_hour)
{
    struct grid grid;

    ck_assert_int_eq(grid_parse(&context, numbers[_i].text, &grid), OK);
    ck_assert_double_eq(grid.grams_per_kwh, numbers[_i].grams);
    ck_assert_str_eq(grid.name, "given");
    ck_assert_ptr_null(grid.code);
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {{"0.381", "looks like kilograms"},
               {"0.381", "so '381'"},
               {"0.381g/kWh", "not kilograms"},
               {"381000", "no grid emits"},
               {"0.381kg/kWh", "is in kg/kWh, not in grams for a kilowatt-hour"},
               {"0.381kgCO2/kWh", "would be '381'"},
               {"0.381tCO2e/MWh", "would be '381'"},
               {"100g/MJ", "would be '360'"},
               {"840lb/MWh", "would be '381.018'"},
               {"381 mg", "would be '0.381'"},
               {"-5", "not negative"},
               {"3.8.1", "no country"},
               {"", "no country"},
               {"381g/month", "no country"},
               {"381CO2/kWh", "no country"},
               {"nan", "no country"},
               {"99999999999999999999999999999999999999", "no country"}};

START_TEST(units_that_are_mixed_up_are_refused)
{
    struct grid grid;

    ck_assert_int_eq(grid_parse(&context, refused[_i].text, &grid), ERR_USAGE);
    ck_assert_msg(strstr(context.error, refused[_i].message) != NULL, "%s", context.error);
}
END_TEST

START_TEST(a_kilowatt_hour_emits_what_the_grid_says)
{
    ck_assert_double_eq(grid_grams(grid_find("DE"), 3.6e6), 381);
    ck_assert_double_eq_tol(grid_grams(grid_find("FR"), 1), 56 / 3.6e6, 1e-18);
}
END_TEST

// The line comes before the profile, and the profile before what is usual.
START_TEST(a_data_centres_share_is_the_lines_or_the_profiles_or_the_usual_one)
{
    struct device device = {.pue = NAN};
    struct pue pue = pue_of(&device, NAN, 1.58);

    ck_assert_double_eq(pue.factor, 1.58);
    ck_assert_str_eq(pue.from, "default");
    device.pue = 1.1;
    pue = pue_of(&device, NAN, 1.58);
    ck_assert_double_eq(pue.factor, 1.1);
    ck_assert_str_eq(pue.from, "profile");
    pue = pue_of(&device, 1.3, 1.58);
    ck_assert_double_eq(pue.factor, 1.3);
    ck_assert_str_eq(pue.from, "line");
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *carbon_suite(void);
Suite *carbon_suite(void)
{
    Suite *suite = suite_create("carbon");
    TCase *tcase = tcase_create("carbon");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_loop_test(tcase, a_country_goes_by_code_or_name_in_any_case, 0, ROWS(known));
    tcase_add_test(tcase, the_first_grid_is_the_worlds_average);
    tcase_add_loop_test(tcase, a_region_of_a_cloud_has_a_figure_of_its_own, 0, ROWS(regions));
    tcase_add_loop_test(tcase, countries_have_the_figures_that_are_published, 0, ROWS(published));
    tcase_add_test(tcase, no_code_and_no_name_stands_twice_and_every_figure_has_its_year);
    tcase_add_loop_test(tcase, a_number_is_grams_for_a_kilowatt_hour, 0, ROWS(numbers));
    tcase_add_loop_test(tcase, units_that_are_mixed_up_are_refused, 0, ROWS(refused));
    tcase_add_test(tcase, a_kilowatt_hour_emits_what_the_grid_says);
    tcase_add_test(tcase, a_data_centres_share_is_the_lines_or_the_profiles_or_the_usual_one);
    suite_add_tcase(suite, tcase);
    return suite;
}
