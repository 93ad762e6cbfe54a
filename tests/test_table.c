// Tables of measurements: what is read, and that what is wrong with one is named.
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/temporary.h"
#include "validate/table.h"

static struct context context;
static struct csv_table table;
static char path[TEMPORARY_BYTES];

static void set_up(void)
{
    context_init(&context);
    memset(&table, 0, sizeof table);
    temporary_file(path, "");
}

static void tear_down(void)
{
    csv_table_clear(&table);
    unlink(path);
}

static enum status read_text(const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    return csv_table_read(&context, path, &table);
}

static void assert_error(const char *piece)
{
    ck_assert_msg(strstr(context.error, piece) != NULL, "%s", context.error);
}

START_TEST(comments_header_and_rows_are_told_apart)
{
    double number;

    ck_assert_int_eq(read_text("# A \"source, 2020\n#\n# https://a.org/b\n\nnetwork,joules\n"
                               "net a,1.5e-3\n\n\"b, c\",2\n"),
                     OK);
    ck_assert_str_eq(table.comment, "A \"source, 2020 https://a.org/b");
    ck_assert_int_eq(table.columns, 2);
    ck_assert_int_eq(table.rows, 2);
    ck_assert_str_eq(csv_table_word(&table, 1, 0), "b, c");
    ck_assert_int_eq(csv_table_number(&context, &table, 0, 1, &number), OK);
    ck_assert_double_eq(number, 1.5e-3);
    ck_assert_int_eq(table.line[0], 6);
    ck_assert_int_eq(table.line[1], 8);
    ck_assert_int_eq(csv_table_column(&table, "joules"), 1);
    ck_assert_int_eq(csv_table_column(&table, "Joules"), -1);
}
END_TEST

START_TEST(semicolons_tabs_and_windows_line_ends_are_read)
{
    ck_assert_int_eq(read_text("\xEF\xBB\xBF# c\r\na;b,c;d\r\n1;2;3\r\n"), OK);
    ck_assert_str_eq(table.name[1], "b,c");
    ck_assert_str_eq(table.comment, "c");
    csv_table_clear(&table);
    ck_assert_int_eq(read_text("a\tb\n1\t2\n"), OK);
    ck_assert_int_eq(table.columns, 2);
}
END_TEST

START_TEST(two_quotes_inside_quotes_are_one)
{
    ck_assert_msg(read_text("\"network \"\"tall\"\"\",\"jou\"\"les\"\n"
                            "\"\"\"a\"\", 1\"\"\" ,2\n\"\",3\n\"\"\"\"\"\",\"4\"\n") == OK,
                  "%s", context.error);
    ck_assert_str_eq(table.name[0], "network \"tall\"");
    ck_assert_str_eq(table.name[1], "jou\"les");
    ck_assert_str_eq(csv_table_word(&table, 0, 0), "\"a\", 1\"");
    ck_assert_str_eq(csv_table_word(&table, 0, 1), "2");
    ck_assert_str_eq(csv_table_word(&table, 1, 0), "");
    ck_assert_str_eq(csv_table_word(&table, 2, 0), "\"\"");
    ck_assert_str_eq(csv_table_word(&table, 2, 1), "4");
}
END_TEST

static const struct {
    const char *text, *message;
} refused[] = {
    {"", "there is no header"},
    {"# only a comment", "there is no header"},
    {"a,b\n", "no row under the header"},
    {"a,b\n1\n", "line 2 has 1 fields, the header has 2"},
    {"a,a\n1,2\n", "line 1: two columns 'a'"},
    {"a,,b\n1,2,3\n", "line 1: column 2 has no name"},
    {"a,b,\n1,2,3\n", "line 1 ends with a comma: column 3 behind it has no name"},
    {"a;b;\n1;2;3\n", "line 1 ends with ';': column 3 behind it has no name"},
    {"a,b\n1,\"2\"\"\n", "line 2: a quote is not closed"},
    {"a,b\n\"1,2\n", "line 2: a quote is not closed"},
};

START_TEST(a_table_that_is_none_is_refused_by_line)
{
    ck_assert_int_eq(read_text(refused[_i].text), ERR_FORMAT);
    assert_error(path);
    assert_error(refused[_i].message);
}
END_TEST

static const struct {
    const char *header, *wanted, *message;
} units[] = {
    {"network,mJ", "joules", "column 'joules' wants joules; 'mJ' looks like millijoules"},
    {"network,energy_uj", "joules", "'energy_uj' looks like microjoules"},
    {"network,Energy (kWh)", "joules", "'Energy (kWh)' looks like kilowatt hours"},
    {"network,macs_m", "macs", "'macs_m' looks like millions"},
    {"network,gmacs", "macs", "'gmacs' looks like billions of MACs"},
    {"network,latency_ms", "seconds", "'latency_ms' looks like milliseconds"},
    {"network,weights_kb", "weight_bytes", "wants bytes; 'weights_kb' looks like kilobytes"},
    {"network,joule", "joules", "no column 'joules'; if 'joule' is in joules, it is to be named"},
    {"network,energy", "joules", "no column 'joules'; if 'energy' is in joules, it is to be named"},
    {"network,Energy", "joules", "if 'Energy' is in joules, it is to be named 'joules'"},
    {"network,Joules", "joules", "no column 'joules'; 'Joules' differs from it in capital letters"},
    {"network,JOULES", "joules", "no column 'joules'; 'JOULES' differs from it in capital letters"},
    {"network,latency", "seconds", "if 'latency' is in seconds, it is to be named 'seconds'"},
    {"network,jouless", "joules", "no column 'joules' (did you mean 'jouless'?)"},
    {"network,power", "joules", "no column 'joules'; there are network, power"},
};

START_TEST(a_missing_column_is_named_and_so_is_another_unit)
{
    char text[64];
    int column;

    snprintf(text, sizeof text, "%s\nx,1\n", units[_i].header);
    ck_assert_int_eq(read_text(text), OK);
    ck_assert_int_eq(csv_table_need(&context, &table, units[_i].wanted, &column), ERR_FORMAT);
    assert_error(path);
    assert_error(units[_i].message);
}
END_TEST

START_TEST(a_cell_that_is_no_number_is_named_by_line_and_column)
{
    double number;

    ck_assert_int_eq(read_text("network,joules\nx,1 mJ\ny,\nz,inf\nw,1/2\n"), OK);
    ck_assert_int_eq(csv_table_number(&context, &table, 0, 1, &number), ERR_FORMAT);
    assert_error("line 2, column 'joules': '1 mJ' is no number");
    ck_assert_int_eq(csv_table_number(&context, &table, 1, 1, &number), ERR_FORMAT);
    assert_error("line 3, column 'joules': the cell is empty");
    ck_assert_int_eq(csv_table_number_or_nan(&context, &table, 1, 1, &number), OK);
    ck_assert_double_nan(number);
    ck_assert_int_eq(csv_table_number_or_nan(&context, &table, 2, 1, &number), ERR_FORMAT);
    ck_assert_int_eq(csv_table_number(&context, &table, 3, 1, &number), ERR_FORMAT);
}
END_TEST

START_TEST(tables_that_are_shipped_are_found_by_name)
{
    ck_assert_int_eq(setenv("ECAI_TABLES", "/tmp", 1), 0);
    ck_assert_int_eq(read_text("a\n1\n"), OK);
    csv_table_clear(&table);
    ck_assert_int_eq(csv_table_read(&context, strrchr(path, '/') + 1, &table), OK);
    ck_assert_str_eq(table.path, path);
    csv_table_clear(&table);
    ck_assert_int_eq(csv_table_read(&context, "no-such.csv", &table), ERR_IO);
    assert_error("'no-such.csv': ");
    unsetenv("ECAI_TABLES");
}
END_TEST

#define ROWS(table) ((int)(sizeof table / sizeof *table))

Suite *table_suite(void);
Suite *table_suite(void)
{
    Suite *suite = suite_create("table");
    TCase *tcase = tcase_create("table");

    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, comments_header_and_rows_are_told_apart);
    tcase_add_test(tcase, semicolons_tabs_and_windows_line_ends_are_read);
    tcase_add_test(tcase, two_quotes_inside_quotes_are_one);
    tcase_add_loop_test(tcase, a_table_that_is_none_is_refused_by_line, 0, ROWS(refused));
    tcase_add_loop_test(tcase, a_missing_column_is_named_and_so_is_another_unit, 0, ROWS(units));
    tcase_add_test(tcase, a_cell_that_is_no_number_is_named_by_line_and_column);
    tcase_add_test(tcase, tables_that_are_shipped_are_found_by_name);
    suite_add_tcase(suite, tcase);
    return suite;
}
