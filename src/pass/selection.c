// Which nodes a compressor may touch: shell globs on node names.
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "pass/pass.h"

static bool matches(const char *glob, const struct node *node)
{
    return fnmatch(glob, node->name, 0) == 0;
}

static bool any_matches(const struct strings *list, const struct node *node)
{
    for (int64_t i = 0; i < list->count; i++)
        if (matches(list->at[i], node))
            return true;
    return false;
}

bool selection_has(const struct selection *selection, const struct node *node)
{
    if (!selection)
        return true;
    if (selection->only.count && !any_matches(&selection->only, node))
        return false;
    return !any_matches(&selection->exclude, node);
}

static enum status check_glob(struct context *context, const struct graph *graph,
                              const char *option, const char *glob)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (matches(glob, &graph->node[n]))
            return OK;
    return context_fail(context, ERR_USAGE, "'--%s %s' matches no node", option, glob);
}

static char *glob_of(const char *entry)
{
    const char *equals = strrchr(entry, '=');
    char *glob = equals ? strndup(entry, (size_t)(equals - entry)) : NULL;

    return glob;
}

enum status selection_check(struct context *context, const struct selection *selection,
                            const struct strings *layer, const struct graph *graph)
{
    for (int64_t i = 0; selection && i < selection->only.count; i++)
        TRY(check_glob(context, graph, "only", selection->only.at[i]));
    for (int64_t i = 0; selection && i < selection->exclude.count; i++)
        TRY(check_glob(context, graph, "exclude", selection->exclude.at[i]));
    for (int64_t i = 0; layer && i < layer->count; i++) {
        char *glob = glob_of(layer->at[i]);
        enum status status =
            glob ? check_glob(context, graph, "layer", glob)
                 : context_fail(context, ERR_USAGE, "'--layer %s' wants GLOB=BITS|SPARSITY",
                                layer->at[i]);
        free(glob);
        TRY(status);
    }
    return OK;
}

const char *layer_setting(const struct strings *layer, const struct node *node, struct arena *arena)
{
    const char *found = NULL;

    for (int64_t i = 0; layer && i < layer->count; i++) {
        char *glob = glob_of(layer->at[i]);
        if (glob && matches(glob, node))
            found = arena_copy_text(arena, strrchr(layer->at[i], '=') + 1);
        free(glob);
    }
    return found;
}
