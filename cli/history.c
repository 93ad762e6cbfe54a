// What was done to a model, kept in its metadata under ecai.history: a JSON list that only grows.
#include <string.h>

#include "cli/json_common.h"
#include "cli/model_args.h"

// The list so far; a damaged one is not built upon.
static struct json *present(struct context *context, const struct graph *graph)
{
    const char *text = graph_metadata(graph, "ecai.history");
    struct context quiet;
    struct json *list = NULL;

    context_init(&quiet);
    if (text && json_parse(&quiet, text, strlen(text), &list) == OK && json_is_array(list))
        return list;
    if (text)
        context_warn(context, "the model's history is damaged and starts again");
    json_free(list);
    return json_array();
}

void history_append(struct invocation *invocation, struct graph *graph, const char *pass,
                    const struct option_set *sets, double macs)
{
    struct json *list = present(invocation->context, graph);
    struct json *entry = json_add_object(list, NULL), *options, *inputs;
    struct text text;

    json_add_text(entry, "pass", pass);
    options = json_add_object(entry, "options");
    for (; sets && sets->fields; sets++)
        for (const struct field *field = sets->fields; field->name; field++)
            json_add_field(options, field, sets->at);
    json_add_int(entry, "seed", invocation->global->seed);
    inputs = json_add_array(entry, "inputs");
    for (int i = 0; i < invocation->input_count; i++)
        json_add_text(inputs, NULL, invocation->input[i].sha256);
    json_add_count(entry, "macs", macs);
    text_init(&text);
    json_print(list, false, &text);
    graph_set_metadata(graph, "ecai.history", text.at);
    text_clear(&text);
    json_free(list);
}
