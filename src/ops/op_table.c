// The table of operators, made from the rows of op_table.def.
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
