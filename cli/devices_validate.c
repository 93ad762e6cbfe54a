// ecai devices validate: predicted against published.
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "cli/devices.h"
#include "cli/json_common.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "io/file.h"
#include "validate/validate.h"

enum { TESTS_MAX = 32 };

const struct field validate_fields[] = {
    FIELD(struct validate_options, svg, NULL, 0, 0,
          "FOLDER: predicted over published of each test as ID.svg, for 'validate'"),
    FIELD(struct validate_options, markdown, "no", 0, 0, "the table in Markdown, for 'validate'"),
    FIELDS_END,
};

struct tests {
    struct validation test[TESTS_MAX];
    int count;
};

// ---- words -------------------------------------------------------------------------------------

static void add_value(struct text *text, double value, const char *unit)
{
    if (isnan(value))
        text_add(text, "?");
    else if (strcmp(unit, "%") == 0)
        text_format(text, "%.1f %%", value);
    else if (*unit)
        text_add_number(text, value, unit);
    else
        text_format(text, value == floor(value) && fabs(value) > 1 ? "%.0f" : "%.3f", value);
}

static const char *value_words(struct arena *arena, const char *before, double value,
                               const char *unit)
{
    struct text text;
    const char *words;

    text_init(&text);
    text_add(&text, before);
    add_value(&text, value, unit);
    words = arena_copy_text(arena, text.at);
    text_clear(&text);
    return words;
}

static const char *verdict(const struct validation_figure *figure)
{
    return figure_holds(figure) ? "holds" : "missed";
}

// One line a bar.
static void fill_table(const struct tests *tests, struct table *table)
{
    static const char *const heading[] = {"test", "", "scored on", "figure", "bar", "got", ""};

    for (int i = 0; i < table->columns; i++)
        table_add(table, heading[i]);
    for (int t = 0; t < tests->count; t++) {
        const struct validation *test = &tests->test[t];
        for (int i = 0, first = 1; i < test->figure_count; i++) {
            const struct validation_figure *figure = &test->figure[i];
            if (!figure->has_bar)
                continue;
            table_add(table, first ? test->id : "");
            table_add(table, first ? test->title : "");
            table_add(table, first ? validation_basis_name(test->basis) : "");
            table_add(table, figure->name);
            table_add(table, value_words(test->arena, figure->is_at_least ? ">= " : "<= ",
                                         figure->limit, figure->unit));
            table_add(table, value_words(test->arena, "", figure->value, figure->unit));
            table_add(table, verdict(figure));
            first = 0;
        }
    }
}

static void add_reasons(const struct tests *tests, bool is_markdown, struct text *text)
{
    bool is_first = true;

    for (int t = 0; t < tests->count; t++)
        for (int i = 0; i < tests->test[t].figure_count; i++) {
            const struct validation_figure *figure = &tests->test[t].figure[i];
            if (figure_holds(figure))
                continue;
            text_format(text, "%s%s%s, %s, is missed: %s%s\n", is_first ? "\n" : "",
                        is_markdown ? "* " : "", tests->test[t].id, figure->name,
                        figure->reason ? figure->reason : "it should hold", is_markdown ? "." : "");
            is_first = false;
        }
}

// What a test that was asked for by its name came to, row by row.
static void add_test(const struct validation *test, struct text *text)
{
    struct table table;

    text_format(text, "\n%s: %s\n%s\nTables: %s\n", test->id, test->title, test->told,
                test->tables);
    for (int i = 0; i < test->figure_count; i++)
        text_format(text, "  %s%s%s\n",
                    value_words(test->arena,
                                arena_format(test->arena, "%s: ", test->figure[i].name),
                                test->figure[i].value, test->figure[i].unit),
                    test->figure[i].has_bar ? ", " : "",
                    test->figure[i].has_bar ? verdict(&test->figure[i]) : "");
    if (test->row_count == 0)
        return;
    table_init(&table, "llrrrl");
    for (int i = 0; i < table.columns; i++)
        table_add(&table,
                  (const char *[]){"series", "row", "predicted", "published", "error", ""}[i]);
    for (int i = 0; i < test->row_count; i++) {
        const struct validation_row *row = &test->row[i];
        table_add(&table, row->series);
        table_add(&table, row->name);
        table_add_number(&table, row->predicted, test->unit);
        table_add_number(&table, row->published, test->unit);
        table_format(&table, "%+.1f %%", (row->predicted / row->published - 1) * 100);
        table_add(&table, row->is_aside ? "aside" : "");
    }
    table_print(&table, text);
    table_clear(&table);
}

static enum status print_tests(struct invocation *invocation, const struct tests *tests,
                               bool is_markdown, bool is_detailed)
{
    struct table table;
    struct text text;
    enum status status;

    table_init(&table, "llllrrl");
    text_init(&text);
    fill_table(tests, &table);
    if (is_markdown)
        table_print_markdown(&table, &text);
    else
        table_print(&table, &text);
    add_reasons(tests, is_markdown, &text);
    for (int i = 0; is_detailed && i < tests->count; i++)
        add_test(&tests->test[i], &text);
    status = print_result(invocation->context, &text);
    text_clear(&text);
    table_clear(&table);
    return status;
}

// ---- files -------------------------------------------------------------------------------------

static enum status write_json(struct invocation *invocation, const struct tests *tests,
                              const char *path)
{
    struct json *document = json_object(), *list;
    bool holds = true;
    enum status status;

    json_add_text(document, "schema", "ecai/validation/1");
    json_add_provenance(document, invocation);
    list = json_add_array(document, "tests");
    for (int i = 0; i < tests->count; i++) {
        validation_to_json(json_add_object(list, NULL), &tests->test[i]);
        holds &= validation_holds(&tests->test[i]);
    }
    json_add_bool(document, "holds", holds);
    status = json_write(invocation, document, path);
    json_free(document);
    return status;
}

static enum status write_picture(struct invocation *invocation, const struct validation *test,
                                 const char *folder)
{
    const char *path = arena_format(invocation->arena, "%s/%s.svg", folder, test->id);
    struct text text;
    enum status status = OK;

    text_init(&text);
    if (validation_draw(test, &text)) {
        status = output_file(invocation->context, path, &(struct output_options){false}, text.at,
                             text.length);
        if (status != OK)
            context_fail_in(invocation->context, status, "%s", path);
    }
    text_clear(&text);
    return status;
}

// ---- the verb ----------------------------------------------------------------------------------

static enum status find_tests(struct invocation *invocation, int count, const char *const *operand,
                              int *index)
{
    struct text text;

    for (int i = 0; i < count; i++) {
        index[i] = validation_find(operand[i]);
        if (index[i] >= 0)
            continue;
        text_init(&text);
        for (int t = 0; t < validation_count(); t++)
            text_format(&text, "%s%s", t ? ", " : "", validation_id(t));
        context_fail(invocation->context, ERR_USAGE, "no test '%s'; there are %s", operand[i],
                     text.at);
        text_clear(&text);
        return ERR_USAGE;
    }
    return OK;
}

static enum status run_tests(struct invocation *invocation, const int *index, int count,
                             struct tests *tests)
{
    double start = clock_seconds();

    for (int i = 0; i < count; i++) {
        tests->count++;
        TRY(validation_run(invocation->context, index[i], &tests->test[i]));
        if (!validation_holds(&tests->test[i]))
            invocation->requirement_missed = true;
    }
    if (invocation->global->verbose)
        context_note(invocation->context, "%d tests in %.3f s", count, clock_seconds() - start);
    return OK;
}

static enum status show(struct invocation *invocation, const struct tests *tests, bool is_detailed)
{
    const struct devices_options *options = invocation->options;
    const char *json = options->json.json;

    if (json)
        TRY(write_json(invocation, tests, json));
    for (int i = 0; options->validate.svg && i < tests->count; i++)
        TRY(write_picture(invocation, &tests->test[i], options->validate.svg));
    if (json && strcmp(json, "-") == 0)
        return OK;
    return print_tests(invocation, tests, options->validate.markdown, is_detailed);
}

static enum status run(struct invocation *invocation, int operand_count, const char *const *operand)
{
    const struct devices_options *options = invocation->options;
    int index[TESTS_MAX], count = operand_count;
    struct tests tests = {.count = 0};
    enum status status;

    if (count > TESTS_MAX)
        return context_fail(invocation->context, ERR_USAGE, "more than %d tests", TESTS_MAX);
    TRY(find_tests(invocation, operand_count, operand, index));
    for (int i = 0; operand_count == 0 && i < validation_count(); i++)
        index[count++] = i;
    TRY(json_check_output(invocation, options->json.json));
    status = run_tests(invocation, index, count, &tests);
    if (status == OK)
        status = show(invocation, &tests, operand_count > 0 && !options->validate.markdown);
    for (int i = 0; i < tests.count; i++)
        validation_clear(&tests.test[i]);
    return status;
}

const struct devices_verb devices_verb_validate = {
    .name = "validate",
    .operands = "[TEST...]",
    .max_operands = -1,
    .fields = validate_fields,
    .offset = offsetof(struct devices_options, validate),
    .takes_json = true,
    .run = run,
};
