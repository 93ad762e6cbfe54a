// Settling how a model reads stored numbers: the line, its own record, the other model's record.
#include "data/preprocess.h"

#include <math.h>
#include <string.h>

#include "data/pictures.h"
#include "data/source.h"

const struct field preprocess_fields[] = {
    FIELD(struct preprocess_options, scale, NULL, 0, 0, "value = (pixel * scale - mean) / std"),
    FIELD(struct preprocess_options, mean, NULL, 0, 0, "one for all channels, or one a channel"),
    FIELD(struct preprocess_options, std, NULL, 0, 0, "one for all channels, or one a channel"),
    FIELD_CHOICE(struct preprocess_options, layout, NULL, "nchw|nhwc", "of the model's input"),
    FIELD(struct preprocess_options, preprocess, NULL, 0, 0,
          "none|unit|imagenet|FILE.json: how the model reads pixels, in one word (unit: --scale "
          "1/255) or as a record like the model's own"),
    FIELD(struct preprocess_options, resize, NULL, 0, 0,
          "N|WxH: pictures to that shorter side, or to that width and height (antialiased "
          "bilinear)"),
    FIELD(struct preprocess_options, crop, "0", 0, 65535,
          "the square of that side in the middle of each picture (0: all of it)"),
    FIELD_CHOICE(struct preprocess_options, channels, NULL, "rgb|bgr|gray",
                 "of pictures (default: gray for one channel, else rgb)"),
    FIELD(struct preprocess_options, classes, NULL, 0, 0,
          "FILE: the folder of each output, a line each"),
    FIELDS_END,
};

static const double imagenet_mean[] = {.485, .456, .406}, imagenet_std[] = {.229, .224, .225};
static const double zero[] = {0}, one[] = {1};

static const struct {
    const char *name;
    double scale;
    struct floats mean, std;
} presets[] = {
    {"none", 1, {1, zero}, {1, one}},
    {"unit", 1 / 255.0, {1, zero}, {1, one}},
    {"imagenet", 1 / 255.0, {3, imagenet_mean}, {3, imagenet_std}},
};

double preprocess_mean(const struct preprocess *preprocess, int64_t channel)
{
    const struct floats *mean = &preprocess->mean;

    return mean->count ? mean->at[mean->count > 1 ? channel : 0] : 0;
}

double preprocess_std(const struct preprocess *preprocess, int64_t channel)
{
    const struct floats *std = &preprocess->std;

    return std->count ? std->at[std->count > 1 ? channel : 0] : 1;
}

static bool all_are(const struct floats *list, double value)
{
    for (int64_t i = 0; i < list->count; i++)
        if (list->at[i] != value)
            return false;
    return true;
}

bool preprocess_is_identity(const struct preprocess *preprocess)
{
    return preprocess->scale == 1 && all_are(&preprocess->mean, 0) && all_are(&preprocess->std, 1);
}

static int64_t longer(const struct floats *a, const struct floats *b)
{
    return a->count > b->count ? a->count : b->count;
}

static bool contradict(const char *a, const char *b)
{
    return a && b && strcmp(a, b) != 0;
}

bool preprocess_equal(const struct preprocess *a, const struct preprocess *b)
{
    // Lists of other lengths than one and n never agree with each other at any length.
    int64_t means = longer(&a->mean, &b->mean), stds = longer(&a->std, &b->std);

    if (a->scale != b->scale || a->layout != b->layout || contradict(a->channels, b->channels) ||
        contradict(a->resize, b->resize) || contradict(a->crop, b->crop) ||
        contradict(a->classes, b->classes))
        return false;
    if ((a->mean.count > 1 && a->mean.count != means) ||
        (b->mean.count > 1 && b->mean.count != means) ||
        (a->std.count > 1 && a->std.count != stds) || (b->std.count > 1 && b->std.count != stds))
        return false;
    for (int64_t i = 0; i < means; i++)
        if (preprocess_mean(a, i) != preprocess_mean(b, i))
            return false;
    for (int64_t i = 0; i < stds; i++)
        if (preprocess_std(a, i) != preprocess_std(b, i))
            return false;
    return true;
}

const char *preprocess_from_name(enum preprocess_from from)
{
    static const char *const names[] = {
        [FROM_NONE] = "none", [FROM_LINE] = "line", [FROM_MODEL] = "model", [FROM_OTHER] = "other"};

    return names[from];
}

static enum status check_std(struct context *context, const struct floats *std, enum status status)
{
    for (int64_t i = 0; i < std->count; i++)
        if (!(std->at[i] > 0))
            return context_fail(context, status, "'std' holds %g, it divides", std->at[i]);
    return OK;
}

static enum status from_file(struct context *context, const char *path, struct arena *arena,
                             struct preprocess *out)
{
    struct tensor bytes = {0};
    enum status status;

    TRY(source_load(context, path, &bytes));
    status = preprocess_parse(context, tensor_data(&bytes), tensor_bytes(&bytes), arena, out);
    tensor_release(&bytes);
    return status == OK ? OK : context_fail_in(context, status, "%s", path);
}

// --preprocess WORD. Where: a word or a file.
static enum status from_word(struct context *context, const char *word, struct arena *arena,
                             struct preprocess *out)
{
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++)
        if (strcmp(word, presets[i].name) == 0) {
            *out = (struct preprocess){
                .scale = presets[i].scale, .mean = presets[i].mean, .std = presets[i].std};
            return OK;
        }
    return from_file(context, word, arena, out);
}

static bool line_has_values(const struct preprocess_options *line)
{
    return line && (!isnan(line->scale) || line->mean.count || line->std.count || line->preprocess);
}

// The lines of a file as a JSON list.
static enum status list_lines(struct context *context, const char *at, size_t length,
                              struct json *list)
{
    const char *end = at + length, *stop;
    struct text line;

    for (text_init(&line); at < end; at = stop + 1) {
        stop = memchr(at, '\n', (size_t)(end - at));
        stop = stop ? stop : end;
        line.length = 0;
        text_add_bytes(&line, at, (size_t)(stop - at));
        while (line.length && strchr(" \t\r", line.at[line.length - 1]))
            line.at[--line.length] = '\0';
        if (line.length)
            json_add_text(list, NULL, line.at);
    }
    text_clear(&line);
    return json_count(list) ? OK : context_fail(context, ERR_FORMAT, "the file names no folder");
}

static const char *print_json(struct json *json, struct arena *arena)
{
    const char *copy;
    struct text text;

    text_init(&text);
    json_print(json, false, &text);
    copy = arena_copy_text(arena, text.at);
    text_clear(&text);
    json_free(json);
    return copy;
}

static enum status read_class_file(struct context *context, const char *path, struct arena *arena,
                                   const char **out)
{
    struct json *list = json_array();
    struct tensor bytes = {0};
    enum status status = source_load(context, path, &bytes);

    if (status == OK) {
        status = list_lines(context, tensor_data(&bytes), tensor_bytes(&bytes), list);
        if (status != OK)
            context_fail_in(context, status, "%s", path);
        tensor_release(&bytes);
    }
    *out = print_json(list, arena);
    return status;
}

// What the line says about pictures, spelt as in a record.
static enum status pictures_from_line(struct context *context,
                                      const struct preprocess_options *line, struct arena *arena,
                                      struct preprocess *out)
{
    if (line->resize && !is_picture_size(line->resize))
        return context_fail(context, ERR_USAGE,
                            "'--resize' wants a side or WIDTHxHEIGHT in pixels, got '%s'",
                            line->resize);
    if (line->resize)
        out->resize =
            arena_format(arena, strchr(line->resize, 'x') ? "\"%s\"" : "%s", line->resize);
    if (line->crop)
        out->crop = arena_format(arena, "%lld", (long long)line->crop);
    if (line->channels)
        out->channels = arena_format(arena, "\"%s\"", line->channels);
    return line->classes ? read_class_file(context, line->classes, arena, &out->classes) : OK;
}

// What the line says; *out is not touched where it says nothing.
static enum status from_line(struct context *context, const struct preprocess_options *line,
                             struct arena *arena, struct preprocess *out)
{
    if (line_has_values(line)) {
        if (line->preprocess && (!isnan(line->scale) || line->mean.count || line->std.count))
            return context_fail(context, ERR_USAGE,
                                "--preprocess already says scale, mean and std: give one or the "
                                "other");
        *out = (struct preprocess){.scale = isnan(line->scale) ? 1 : line->scale,
                                   .mean = line->mean,
                                   .std = line->std,
                                   .channels = out->channels,
                                   .resize = out->resize,
                                   .crop = out->crop,
                                   .classes = out->classes,
                                   .layout = out->layout};
        if (line->preprocess) {
            enum image_layout layout = out->layout;
            TRY(from_word(context, line->preprocess, arena, out));
            if (out->layout == LAYOUT_NONE)
                out->layout = layout;
        }
        TRY(check_std(context, &out->std, ERR_USAGE));
        out->from = FROM_LINE;
    }
    if (line && line->layout)
        out->layout = image_layout_from_name(line->layout);
    return line ? pictures_from_line(context, line, arena, out) : OK;
}

static enum status from_record(struct context *context, const struct graph *graph, const char *name,
                               struct arena *arena, struct preprocess *out)
{
    const char *text = graph_metadata(graph, PREPROCESS_KEY);
    enum status status = preprocess_parse(context, text, strlen(text), arena, out);

    return status == OK ? OK
                        : context_fail_in(context, status, "%s%smetadata '" PREPROCESS_KEY "'",
                                          name ? name : "", name ? ": " : "");
}

// Types and shapes of all inputs, but for the number of samples.
static bool same_inputs(const struct graph *a, const struct graph *b)
{
    if (a->input_count != b->input_count)
        return false;
    for (uint32_t i = 0; i < a->input_count; i++) {
        const struct tensor *x = &graph_value(a, a->input[i])->tensor;
        const struct tensor *y = &graph_value(b, b->input[i])->tensor;
        if (x->dtype != y->dtype || x->shape.rank != y->shape.rank)
            return false;
        for (int32_t k = 1; k < x->shape.rank; k++)
            if (x->shape.dim[k] != y->shape.dim[k])
                return false;
    }
    return true;
}

// Whether stored integers of that type (DT_NONE: of any) go where the model takes floats.
static bool feeds_floats(const struct graph *graph, const struct dataset *data, enum dtype stored)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        const struct data_column *column = dataset_find_input(data, value->name);
        enum dtype dtype = value->tensor.dtype;
        if (column && (dtype < 0 || dtype_info[dtype].is_float) &&
            (stored == DT_NONE ? !dtype_info[column->dtype].is_float : column->dtype == stored))
            return true;
    }
    return false;
}

static bool forgot_scale(const struct preprocess *preprocess)
{
    if (preprocess->scale != 1 || preprocess_is_identity(preprocess))
        return false;
    for (int64_t i = 0; i < preprocess->mean.count; i++)
        if (!(preprocess->mean.at[i] < 2))
            return false;
    // No means at all, or zeros: standard deviations of pixels are no suspects.
    return !all_are(&preprocess->mean, 0) ||
           (preprocess->mean.count && preprocess_std(preprocess, 0) < 2);
}

static enum status check_against_data(struct context *context, const struct graph *model,
                                      const struct preprocess *preprocess,
                                      const struct dataset *data)
{
    if (preprocess->from == FROM_NONE && feeds_floats(model, data, DT_NONE))
        return context_fail(context, ERR_USAGE,
                            "'%s' holds integers and nothing says how the model reads them: give "
                            "--preprocess none|unit|imagenet|FILE.json, or --scale, --mean and "
                            "--std",
                            data->name);
    if (feeds_floats(model, data, DT_U8) && forgot_scale(preprocess))
        return context_fail(context, ERR_USAGE,
                            "all means are below 2 and the scale is 1, but the pixels of '%s' go "
                            "to 255: did you mean --scale 1/255?",
                            data->name);
    return OK;
}

// A line about pictures where there are none would be believed to have worked.
static enum status check_pictures(struct context *context, const struct preprocess_request *request)
{
    const struct preprocess_options *line = request->line;
    const char *given = !line            ? NULL
                        : line->resize   ? "--resize"
                        : line->crop     ? "--crop"
                        : line->channels ? "--channels"
                        : line->classes  ? "--classes"
                                         : NULL;

    if (!given || request->data->is_pictures)
        return OK;
    return context_fail(context, ERR_USAGE, "'%s' is for 'images:FOLDER', not for '%s'", given,
                        request->data->name);
}

static void warn_contradiction(struct context *context, const struct preprocess_request *request,
                               const struct preprocess *record, const struct preprocess *settled)
{
    struct json *was, *is;
    struct text text;

    if (preprocess_equal(record, settled))
        return;
    was = preprocess_json(record, false);
    is = preprocess_json(settled, false);
    text_init(&text);
    text_format(&text, "%s%sthe line contradicts the model's record and wins: ",
                request->model_name ? request->model_name : "", request->model_name ? ": " : "");
    json_print(is, false, &text);
    text_add(&text, " instead of ");
    json_print(was, false, &text);
    context_warn(context, "%s", text.at);
    text_clear(&text);
    json_free(was);
    json_free(is);
}

enum status preprocess_resolve(struct context *context, const struct preprocess_request *request,
                               struct arena *arena, struct preprocess *out)
{
    const struct graph *model = request->model, *other = request->other;
    struct preprocess record = {.scale = 1};
    bool has_record = graph_metadata(model, PREPROCESS_KEY) != NULL;

    if (has_record) {
        TRY(from_record(context, model, request->model_name, arena, &record));
        record.from = FROM_MODEL;
    } else if (!line_has_values(request->line) && other && graph_metadata(other, PREPROCESS_KEY) &&
               same_inputs(model, other)) {
        TRY(from_record(context, other, NULL, arena, &record));
        record.from = FROM_OTHER;
        context_note(context, "%s%shas no '" PREPROCESS_KEY "': the other model's is used",
                     request->model_name ? request->model_name : "the model",
                     request->model_name ? ": " : " ");
    }
    *out = record;
    TRY(from_line(context, request->line, arena, out));
    if (has_record)
        warn_contradiction(context, request, &record, out);
    if (!request->data)
        return OK;
    TRY(check_pictures(context, request));
    return check_against_data(context, model, out, request->data);
}
