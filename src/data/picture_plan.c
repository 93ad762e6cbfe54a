// What happens to a picture before a model sees its pixels.
#include "data/pictures.h"

#include <stdio.h>
#include <string.h>

#include "data/resize.h"

static enum status bad_key(struct context *context, const char *key, const char *wants,
                           const char *text)
{
    return context_fail(context, ERR_FORMAT, "'%s' wants %s, got %s", key, wants, text);
}

// "256", "224x192": how many numbers, 0 if it is neither.
static int read_sides(const char *text, int64_t side[2])
{
    char end;
    long long first, second;
    int count = sscanf(text, "%9lldx%9lld%c", &first, &second, &end);

    if (count == 1 && sscanf(text, "%9lld%c", &first, &end) != 1)
        return 0;
    if ((count != 1 && count != 2) || first < 1 || first > PICTURE_MAX_SIDE)
        return 0;
    side[0] = first;
    side[1] = count == 2 ? second : 0;
    return count == 2 && (second < 1 || second > PICTURE_MAX_SIDE) ? 0 : count;
}

bool is_picture_size(const char *text)
{
    int64_t side[2];

    return read_sides(text, side) > 0;
}

// A number or a text of numbers: 256 or "224x192".
static int read_json_sides(const char *record, int64_t side[2])
{
    struct context quiet;
    struct json *json = NULL;
    int count = 0;
    char text[32];

    context_init(&quiet);
    if (json_parse(&quiet, record, strlen(record), &json) != OK)
        return 0;
    if (json_is_text(json)) {
        count = read_sides(json_text(json), side);
    } else if (json_is_number(json)) {
        snprintf(text, sizeof text, "%.17g", json_number(json));
        count = read_sides(text, side);
    }
    json_free(json);
    return count;
}

static enum status read_sizes(struct context *context, const struct preprocess *preprocess,
                              struct picture_plan *plan)
{
    int64_t side[2] = {0, 0};
    int count = preprocess->resize ? read_json_sides(preprocess->resize, side) : 0;

    if (preprocess->resize && !count)
        return bad_key(context, "resize", "a side or WIDTHxHEIGHT in pixels", preprocess->resize);
    if (count == 1)
        plan->shorter = side[0];
    plan->width = count == 2 ? side[0] : 0;
    plan->height = count == 2 ? side[1] : 0;
    if (!preprocess->crop)
        return OK;
    if (read_json_sides(preprocess->crop, side) != 1)
        return bad_key(context, "crop", "a side in pixels", preprocess->crop);
    plan->crop = side[0];
    return OK;
}

static enum status read_classes(struct context *context, const char *record, struct arena *arena,
                                struct strings *out)
{
    struct json *list = NULL;
    const char **name;
    enum status status = json_parse(context, record, strlen(record), &list);

    if (status == OK && (!json_is_array(list) || json_count(list) == 0))
        status = bad_key(context, "classes", "a list of folder names", record);
    name = arena_array(arena, const char *, list ? json_count(list) + 1 : 1);
    for (size_t i = 0; status == OK && i < json_count(list); i++) {
        if (!json_text(json_child(list, i)))
            status = bad_key(context, "classes", "a list of folder names", record);
        else
            name[i] = arena_copy_text(arena, json_text(json_child(list, i)));
    }
    if (status == OK)
        *out = (struct strings){(int64_t)json_count(list), name};
    json_free(list);
    return status;
}

// The first input that can take pictures: channels, rows and columns behind the batch axis.
static const struct shape *find_input(const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct shape *shape = &graph_value(graph, graph->input[i])->tensor.shape;
        if (shape->rank == 4 || shape->rank == 3)
            return shape;
    }
    return NULL;
}

static bool is_channels(int64_t dim)
{
    return dim == 1 || dim == 3;
}

// Sizes that the model fixes, and its channels (0: open).
static int64_t read_model(const struct graph *graph, enum image_layout layout,
                          struct picture_plan *plan)
{
    const struct shape *shape = find_input(graph);
    const int64_t *dim = shape ? shape->dim : NULL;
    bool is_nhwc;
    int64_t channels, height, width;

    if (!shape)
        return 0;
    if (shape->rank == 3) {
        channels = 1;
        height = dim[1];
        width = dim[2];
    } else {
        is_nhwc = layout == LAYOUT_NHWC ||
                  (layout == LAYOUT_NONE && !is_channels(dim[1]) && is_channels(dim[3]));
        channels = is_nhwc ? dim[3] : dim[1];
        height = is_nhwc ? dim[1] : dim[2];
        width = is_nhwc ? dim[2] : dim[3];
    }
    plan->wanted_height = height > 0 ? height : 0;
    plan->wanted_width = width > 0 ? width : 0;
    return channels;
}

static enum status read_order(struct context *context, const char *record, int64_t channels,
                              struct picture_plan *plan)
{
    static const char *const names[] = {
        [ORDER_RGB] = "\"rgb\"", [ORDER_BGR] = "\"bgr\"", [ORDER_GRAY] = "\"gray\""};

    plan->order = channels == 1 ? ORDER_GRAY : ORDER_RGB;
    if (!record)
        return OK;
    for (int i = 0; i < 3; i++)
        if (strcmp(record, names[i]) == 0) {
            plan->order = (enum channel_order)i;
            return OK;
        }
    return bad_key(context, "channels", "rgb, bgr or gray", record);
}

enum status picture_plan_init(struct context *context, const struct preprocess *preprocess,
                              const struct graph *graph, struct arena *arena,
                              struct picture_plan *out)
{
    *out = (struct picture_plan){0};
    TRY(read_sizes(context, preprocess, out));
    TRY(read_order(context, preprocess->channels, read_model(graph, preprocess->layout, out), out));
    if (preprocess->classes)
        TRY(read_classes(context, preprocess->classes, arena, &out->classes));
    return OK;
}

bool picture_plan_equal(const struct picture_plan *a, const struct picture_plan *b)
{
    if (a->order != b->order || a->shorter != b->shorter || a->width != b->width ||
        a->height != b->height || a->crop != b->crop || a->wanted_width != b->wanted_width ||
        a->wanted_height != b->wanted_height || a->classes.count != b->classes.count)
        return false;
    for (int64_t i = 0; i < a->classes.count; i++)
        if (strcmp(a->classes.at[i], b->classes.at[i]) != 0)
            return false;
    return true;
}

// Grey is the luma of ITU-R BT.601 in 16 bits; colour of a grey picture is the same three times.
static enum status set_channels(struct context *context, int32_t channels, struct picture *picture)
{
    int64_t pixels = (int64_t)picture->width * picture->height;
    const unsigned char *from = picture->pixel;
    struct picture made;

    if (picture->channels == channels)
        return OK;
    TRY(picture_alloc(context, &made, picture->width, picture->height, channels));
    for (int64_t i = 0; i < pixels && channels == 1; i++)
        made.pixel[i] = (unsigned char)((19595 * from[3 * i] + 38470 * from[3 * i + 1] +
                                         7471 * from[3 * i + 2] + 0x8000) >>
                                        16);
    for (int64_t i = 0; i < pixels && channels == 3; i++)
        memset(made.pixel + 3 * i, from[i], 3);
    picture_clear(picture);
    *picture = made;
    return OK;
}

static enum status resize(struct context *context, const struct picture_plan *plan,
                          struct picture *picture)
{
    int64_t width = plan->width, height = plan->height;
    struct picture made;

    if (plan->shorter) { // the other side as torchvision rounds it: down
        bool is_tall = picture->height > picture->width;
        width = is_tall ? plan->shorter : plan->shorter * picture->width / picture->height;
        height = is_tall ? plan->shorter * picture->height / picture->width : plan->shorter;
    }
    if (!width || (width == picture->width && height == picture->height))
        return OK;
    TRY(picture_resize(context, picture, width, height, &made));
    picture_clear(picture);
    *picture = made;
    return OK;
}

// Half of what is too much, ties to even, as torchvision's CenterCrop.
static int64_t margin(int64_t surplus)
{
    int64_t half = surplus / 2;

    return surplus % 2 && half % 2 ? half + 1 : half;
}

static enum status crop(struct context *context, const struct picture_plan *plan,
                        struct picture *picture)
{
    size_t channels = (size_t)picture->channels, width = (size_t)picture->width;
    size_t side = (size_t)plan->crop, left, top;
    struct picture made;

    if (!plan->crop)
        return OK;
    if (picture->width < plan->crop || picture->height < plan->crop)
        return context_fail(context, ERR_SHAPE,
                            "%dx%d pixels, too few to crop %lldx%lld: give a '--resize' of at "
                            "least that",
                            picture->width, picture->height, (long long)plan->crop,
                            (long long)plan->crop);
    TRY(picture_alloc(context, &made, plan->crop, plan->crop, picture->channels));
    left = (size_t)margin(picture->width - plan->crop);
    top = (size_t)margin(picture->height - plan->crop);
    for (size_t y = 0; y < side; y++)
        memcpy(made.pixel + y * side * channels,
               picture->pixel + ((top + y) * width + left) * channels, side * channels);
    picture_clear(picture);
    *picture = made;
    return OK;
}

enum status picture_apply(struct context *context, const struct picture_plan *plan,
                          struct picture *picture)
{
    TRY(set_channels(context, plan->order == ORDER_GRAY ? 1 : 3, picture));
    TRY(resize(context, plan, picture));
    return crop(context, plan, picture);
}
