// The record of preprocessing in a model's metadata: JSON in and out.
#include <math.h>
#include <string.h>

#include "data/preprocess.h"

// A list, or one number; count 0 if the key is not there.
static enum status read_list(struct context *context, const struct json *record, const char *key,
                             struct arena *arena, struct floats *list)
{
    const struct json *json = json_at(record, key);
    size_t count = json && json_is_array(json) ? json_count(json) : 1;
    double *at = arena_array(arena, double, count + 1);

    *list = (struct floats){0, NULL};
    if (!json || json_is_null(json))
        return OK;
    for (size_t i = 0; i < count; i++) {
        const struct json *item = json_is_array(json) ? json_child(json, i) : json;
        at[i] = json_is_number(item) ? json_number(item) : NAN;
        if (!isfinite(at[i]))
            return context_fail(context, ERR_FORMAT, "'%s' is no list of numbers", key);
    }
    *list = (struct floats){(int64_t)count, at};
    return OK;
}

static const char *verbatim(const struct json *record, const char *key, struct arena *arena)
{
    const struct json *json = json_at(record, key);
    const char *copy;
    struct text text;

    if (!json || json_is_null(json))
        return NULL;
    text_init(&text);
    json_print(json, false, &text);
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    return copy;
}

static enum status read_layout(struct context *context, const struct json *record,
                               enum image_layout *layout)
{
    const struct json *json = json_at(record, "layout");

    if (!json || json_is_null(json))
        return OK;
    *layout = image_layout_from_name(json_text(json));
    if (*layout == LAYOUT_NONE)
        return context_fail(context, ERR_FORMAT, "'layout' is neither \"nchw\" nor \"nhwc\"");
    return OK;
}

static enum status read_record(struct context *context, const struct json *record,
                               struct arena *arena, struct preprocess *out)
{
    const struct json *scale = json_at(record, "scale");

    if (!json_is_object(record))
        return context_fail(context, ERR_FORMAT, "no JSON object");
    *out = (struct preprocess){.scale = 1};
    if (scale && !json_is_null(scale)) {
        out->scale = json_is_number(scale) ? json_number(scale) : 0;
        if (!isfinite(out->scale) || out->scale == 0)
            return context_fail(context, ERR_FORMAT, "'scale' is no number but 0");
    }
    TRY(read_list(context, record, "mean", arena, &out->mean));
    TRY(read_list(context, record, "std", arena, &out->std));
    for (int64_t i = 0; i < out->std.count; i++)
        if (out->std.at[i] <= 0)
            return context_fail(context, ERR_FORMAT, "'std' holds %g, it divides", out->std.at[i]);
    TRY(read_layout(context, record, &out->layout));
    out->channels = verbatim(record, "channels", arena);
    out->resize = verbatim(record, "resize", arena);
    out->crop = verbatim(record, "crop", arena);
    out->classes = verbatim(record, "classes", arena);
    return OK;
}

enum status preprocess_parse(struct context *context, const char *text, size_t length,
                             struct arena *arena, struct preprocess *out)
{
    struct json *record = NULL;
    enum status status;

    TRY(json_parse(context, text, length, &record));
    status = read_record(context, record, arena, out);
    json_free(record);
    return status;
}

static void add_list(struct json *json, const char *key, const struct floats *list)
{
    struct json *array = json_add_array(json, key);

    for (int64_t i = 0; i < list->count; i++)
        json_add_number(array, NULL, list->at[i]);
}

static void add_verbatim(struct json *json, const char *key, const char *text, bool is_report)
{
    struct context silent;
    struct json *value = NULL;

    context_init(&silent);
    if (text && json_parse(&silent, text, strlen(text), &value) == OK)
        json_add(json, key, value);
    else if (is_report)
        json_add_null(json, key);
}

struct json *preprocess_json(const struct preprocess *preprocess, bool is_report)
{
    struct json *json = json_object();

    json_add_number(json, "scale", preprocess->scale);
    add_list(json, "mean", &preprocess->mean);
    add_list(json, "std", &preprocess->std);
    if (preprocess->layout != LAYOUT_NONE || is_report)
        json_add_text(json, "layout", image_layout_name(preprocess->layout));
    add_verbatim(json, "channels", preprocess->channels, is_report);
    add_verbatim(json, "resize", preprocess->resize, is_report);
    add_verbatim(json, "crop", preprocess->crop, is_report);
    add_verbatim(json, "classes", preprocess->classes, is_report);
    if (is_report)
        json_add_text(json, "from", preprocess_from_name(preprocess->from));
    return json;
}

void preprocess_store(const struct preprocess *preprocess, struct graph *graph)
{
    struct json *json;
    struct text text;

    if (preprocess->from == FROM_NONE && preprocess->layout == LAYOUT_NONE)
        return;
    json = preprocess_json(preprocess, false);
    text_init(&text);
    json_print(json, false, &text);
    graph_set_metadata(graph, PREPROCESS_KEY, text.at);
    text_clear(&text);
    json_free(json);
}
