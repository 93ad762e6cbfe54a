// The table of operators, made from the rows of op_table.def, and that of those left out on
// purpose.
#include <string.h>

#include "ops/op_table.h"

static const struct op *const op_table[] = {
#define OP(name) &op_##name,
#include "ops/op_table.def"
#undef OP
};

enum { OP_TABLE_ROWS = sizeof op_table / sizeof op_table[0] };

const struct op *op_find(const char *name)
{
    for (int i = 0; i < OP_TABLE_ROWS; i++)
        if (strcmp(op_table[i]->name, name) == 0)
            return op_table[i];
    return NULL;
}

const struct op *op_at(int index)
{
    return index >= 0 && index < OP_TABLE_ROWS ? op_table[index] : NULL;
}

static const struct refused_op refused[] = {
#define REFUSED(name, why) {#name, why},
#include "ops/refused.def"
#undef REFUSED
};

enum { REFUSED_ROWS = sizeof refused / sizeof refused[0] };

const struct refused_op *op_refused_at(int index)
{
    return index >= 0 && index < REFUSED_ROWS ? &refused[index] : NULL;
}

enum status op_fail_unknown(struct context *context, const struct op *op)
{
    bool is_onnx = !op->domain || !*op->domain || strncmp(op->domain, "ai.onnx", 7) == 0;

    for (int i = 0; i < REFUSED_ROWS && is_onnx; i++)
        if (strcmp(refused[i].name, op->name) == 0)
            return context_fail(context, ERR_UNSUPPORTED, "operator is left out on purpose: it %s",
                                refused[i].why);
    return context_fail(context, ERR_UNSUPPORTED, "operator is not known to ecai");
}
