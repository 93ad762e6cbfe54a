// ecai show --channels.
#include "cli/show_channels.h"

#include <string.h>

#include "cli/json_common.h"
#include "pass/pass.h"

enum status shown_channels_init(struct context *context, const struct graph *graph,
                                const struct infer_options *infer, struct shown_channels *out)
{
    *out = (struct shown_channels){.graph = graph_clone(graph)};
    TRY(pipeline_run(context, &pass_simplify, (struct pass_run){0}, &out->graph));
    channels_untie(out->graph);
    return channels_find(context, out->graph, infer, &out->channels);
}

void shown_channels_clear(struct shown_channels *shown)
{
    channels_clear(&shown->channels);
    graph_free(shown->graph);
    *shown = (struct shown_channels){.graph = NULL};
}

void shown_channels_text(const struct shown_channels *shown, struct text *out)
{
    const struct channels *channels = &shown->channels;

    text_format(out,
                "channels  %d of %d groups can be cut, each channel with all that goes with it\n",
                channels->offered, channels->count);
    for (int g = 0; g < channels->count; g++) {
        const struct channel_group *group = &channels->group[g];
        text_format(out, "          %lld of ", (long long)group->count);
        text_add_escaped(out, group->node, strlen(group->node));
        text_format(out, " (%s)", group->op);
        if (!group->is_offered) {
            text_add(out, ": no, ");
            text_add_escaped(out, group->reason, strlen(group->reason));
        }
        text_add(out, "\n");
    }
}

void shown_channels_json(const struct shown_channels *shown, struct json *parent)
{
    const struct channels *channels = &shown->channels;
    struct json *block, *list;

    if (!shown->graph) {
        json_add_null(parent, "channels");
        return;
    }
    block = json_add_object(parent, "channels");
    json_add_int(block, "groups", channels->count);
    json_add_int(block, "offered", channels->offered);
    list = json_add_array(block, "list");
    for (int g = 0; g < channels->count; g++) {
        const struct channel_group *group = &channels->group[g];
        struct json *item = json_add_object(list, NULL);
        json_add_name(item, "node", group->node);
        json_add_name(item, "op", group->op);
        json_add_int(item, "channels", group->count);
        json_add_bool(item, "offered", group->is_offered);
        json_add_name(item, "reason", group->reason);
    }
}
