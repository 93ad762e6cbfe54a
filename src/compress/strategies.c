// The table of strategies.
#include "compress/strategies.h"

#include <string.h>

static const struct strategy *const rows[] = {
#define STRATEGY(name) &strategy_##name,
#include "compress/strategies.def"
    NULL,
};

const struct strategy *strategy_at(int index)
{
    return rows[index];
}

const struct strategy *strategy_find(const char *name)
{
    for (int i = 0; rows[i]; i++)
        if (strcmp(rows[i]->name, name) == 0)
            return rows[i];
    return NULL;
}
