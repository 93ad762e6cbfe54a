// Grids by name and by number, and units that are mixed up.
#include <check.h>
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
             {"Indonesia", 676, 2022}, {"world", 475, 2019},   {"World Average", 475, 2019}};

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

START_TEST(no_code_and_no_name_stands_twice_and_every_figure_has_its_year)
{
    for (int i = 0; grid_at(i); i++) {
        ck_assert_ptr_eq(grid_find(grid_at(i)->code), grid_at(i));
        ck_assert_ptr_eq(grid_find(grid_at(i)->name), grid_at(i));
        ck_assert_int_ge(grid_at(i)->year, 2019);
        ck_assert(grid_at(i)->grams_per_kwh > 0 && grid_at(i)->grams_per_kwh < 1000);
    }
}
END_TEST

static const struct {
    const char *text;
    double grams;
} numbers[] = {{"381", 381},           {"381g", 381},           {"381g/kWh", 381},
               {"56.5gCO2/kWh", 56.5}, {"56.5gCO2e/kWh", 56.5}, {"0", 0}};

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
} refused[] = {{"0.381", "not kilograms"},
               {"0.381g/kWh", "not kilograms"},
               {"381000", "no grid emits"},
               {"381kg/kWh", "no country and no number"},
               {"381 mg", "no country"},
               {"-5", "no country"},
               {"3.8.1", "no country"},
               {"", "no country"},
               {"381g/MJ", "no country"},
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

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *carbon_suite(void);
Suite *carbon_suite(void)
{
    Suite *suite = suite_create("carbon");
    TCase *tcase = tcase_create("carbon");

    tcase_add_checked_fixture(tcase, set_up, NULL);
    tcase_add_loop_test(tcase, a_country_goes_by_code_or_name_in_any_case, 0, ROWS(known));
    tcase_add_test(tcase, the_first_grid_is_the_worlds_average);
    tcase_add_test(tcase, no_code_and_no_name_stands_twice_and_every_figure_has_its_year);
    tcase_add_loop_test(tcase, a_number_is_grams_for_a_kilowatt_hour, 0, ROWS(numbers));
    tcase_add_loop_test(tcase, units_that_are_mixed_up_are_refused, 0, ROWS(refused));
    tcase_add_test(tcase, a_kilowatt_hour_emits_what_the_grid_says);
    suite_add_tcase(suite, tcase);
    return suite;
}
