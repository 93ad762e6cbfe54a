// ecai ops: the matrix of operators and what each supports. docs/ops.md is this output.
#include "cli/command.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "codegen/codegen.h"
#include "exec/program.h"
#include "ir/op.h"

static void add_flag(struct table *table, bool has)
{
    table_add(table, has ? "yes" : "-");
}

// Those that are left out on purpose, behind an empty line.
static void print_refused(struct text *text)
{
    const struct refused_op *refused;
    struct table table;

    text_add(text, "\n");
    table_init(&table, "ll");
    table_add(&table, "left out");
    table_add(&table, "because it");
    for (int i = 0; (refused = op_refused_at(i)); i++) {
        table_add(&table, refused->name);
        table_add(&table, refused->why);
    }
    table_print(&table, text);
    table_clear(&table);
}

static enum status run(struct invocation *invocation)
{
    static const char *const heads[] = {"operator", "opsets",   "shape", "forward", "lowered",
                                        "int8",     "backward", "cost",  "axes",    "C"};
    struct table table;
    struct text text;
    enum status status;
    const struct op *op;

    table_init(&table, "llllllllll");
    for (int i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    for (int i = 0; (op = op_at(i)); i++) {
        table_add(&table, op->name);
        table_format(&table, "%d-%d", op->since_opset ? op->since_opset : 1,
                     op->until_opset ? op->until_opset : OPSET_NEWEST);
        add_flag(&table, op->infer);
        add_flag(&table, op->forward);
        add_flag(&table, program_lowers(op->name));
        add_flag(&table, op->forward_i8);
        add_flag(&table, op->backward);
        add_flag(&table, op->cost);
        add_flag(&table, op->map_axes);
        add_flag(&table, codegen_emits(op->name));
    }
    text_init(&text);
    table_print(&table, &text);
    print_refused(&text);
    status = print_result(invocation->context, &text);
    text_clear(&text);
    table_clear(&table);
    return status;
}

const struct command command_ops = {
    .operands = "",
    .details = "Operators that are not listed, and those that are left out on purpose, are carried "
               "through by what need not run them, and refused by name where they must run.",
    .run = run,
};
