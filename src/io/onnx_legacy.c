// Raising, before names are resolved: what a node of an older opset says by other names, other
// types, other defaults, or as another operator.
#include <string.h>

#include "io/onnx_internal.h"

// Attributes that had another default: {op, before, attribute, default}.
static const struct {
    const char *op;
    int64_t before;
    const char *attr;
    enum attribute_type type;
    double value;
} default_rows[] = {
    {"Concat", 4, "axis", TYPE_INT, 1},       {"Hardmax", 13, "axis", TYPE_INT, 1},
    {"LogSoftmax", 13, "axis", TYPE_INT, 1},  {"Selu", 6, "alpha", TYPE_FLOAT, 1.6732},
    {"Selu", 6, "gamma", TYPE_FLOAT, 1.0507}, {"Softmax", 13, "axis", TYPE_INT, 1},
};

// Attributes that had another name (to NULL: that say nothing today).
static const struct {
    const char *op;
    int64_t before;
    const char *from, *to;
} name_rows[] = {
    {"GRU", 7, "output_sequence", NULL},  {"Gemm", 7, "broadcast", NULL},
    {"LSTM", 7, "output_sequence", NULL}, {"Pad", 2, "paddings", "pads"},
    {"RNN", 7, "output_sequence", NULL},
};

// A list of attributes of the node's own, with room for one more.
static struct attribute *grow_attributes(struct reader *reader, struct source_node *node)
{
    struct attribute *grown =
        arena_array(reader->arena, struct attribute, (size_t)node->attribute_count + 1);

    if (node->attribute_count)
        memcpy(grown, node->attribute, (size_t)node->attribute_count * sizeof *grown);
    node->attribute = grown;
    return grown;
}

static void add_attribute(struct reader *reader, struct source_node *node,
                          struct attribute attribute)
{
    attribute_remove(node, attribute.name);
    grow_attributes(reader, node)[node->attribute_count++] = attribute;
}

static void add_text(struct reader *reader, struct source_node *node, const char *name,
                     const char *text)
{
    struct span span = {(const unsigned char *)text, strlen(text)};

    add_attribute(reader, node, (struct attribute){.name = name, .type = TYPE_STRING, .s = span});
}

static bool text_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static void rename_attributes(struct reader *reader, struct source_node *node)
{
    for (size_t i = 0; i < sizeof name_rows / sizeof *name_rows; i++) {
        const struct attribute *found = attribute_find(node, name_rows[i].from);
        if (!found || node->opset >= name_rows[i].before ||
            strcmp(node->op_type, name_rows[i].op) != 0)
            continue;
        struct attribute renamed = *found;
        attribute_remove(node, name_rows[i].from);
        renamed.name = name_rows[i].to;
        if (renamed.name)
            add_attribute(reader, node, renamed);
    }
}

static void add_defaults(struct reader *reader, struct source_node *node)
{
    for (size_t i = 0; i < sizeof default_rows / sizeof *default_rows; i++) {
        struct attribute attribute = {.name = default_rows[i].attr,
                                      .type = default_rows[i].type,
                                      .i = (int64_t)default_rows[i].value,
                                      .f = (float)default_rows[i].value};
        if (node->opset < default_rows[i].before &&
            strcmp(node->op_type, default_rows[i].op) == 0 && !attribute_find(node, attribute.name))
            add_attribute(reader, node, attribute);
    }
}

// ---- single operators ---------------------------------------------------------------------------

// Before opset 6 the type was a text.
static enum status raise_cast(struct reader *reader, struct source_node *node)
{
    const struct attribute *to = attribute_find(node, "to");
    struct attribute number = {.name = "to", .type = TYPE_INT};

    if (!to || to->type != TYPE_STRING)
        return OK;
    for (number.i = ONNX_TYPE_COUNT - 1; number.i > 0; number.i--)
        if (text_is(to->s, onnx_type_name(number.i)))
            break;
    if (number.i == 0)
        return context_fail(reader->context, ERR_FORMAT, "attribute 'to' is no type of ONNX");
    add_attribute(reader, node, number);
    return OK;
}

// Before opset 10 the mask was of the data's type. Nobody reads it as a rule.
static enum status raise_dropout(struct reader *reader, struct source_node *node)
{
    if (node->output_count > 1 && *node->output[1] &&
        name_map_get(&reader->inputs_used, node->output[1]))
        return context_fail(reader->context, ERR_UNSUPPORTED,
                            "the mask of an opset before 10 is read");
    node->output_count = 1;
    return OK;
}

// Before opset 2 the exponent was a float.
static enum status raise_lp_pool(struct reader *reader, struct source_node *node)
{
    const struct attribute *p = attribute_find(node, "p");

    if (!p || p->type != TYPE_FLOAT)
        return OK;
    if (!(p->f >= 1 && p->f <= 1e6F) || p->f != (float)(int64_t)p->f)
        return context_fail(reader->context, ERR_UNSUPPORTED, "attribute 'p' is %g", (double)p->f);
    add_attribute(reader, node,
                  (struct attribute){.name = "p", .type = TYPE_INT, .i = (int64_t)p->f});
    return OK;
}

static enum status add_constant(struct reader *reader, struct source_node *node, int slot,
                                const struct attribute *attribute)
{
    struct tensor tensor;

    TRY(constant_tensor(reader->context, attribute, DT_F32, &tensor));
    return source_input_add(reader, node, slot, attribute->name, tensor);
}

// The factors of Upsample, wherever its opset has them, as its input 1.
static enum status upsample_scales(struct reader *reader, struct source_node *node)
{
    const struct attribute *height = attribute_find(node, "height_scale");
    const struct attribute *width = attribute_find(node, "width_scale");
    const struct attribute *list = attribute_find(node, "scales");
    struct attribute scales = {.name = "scales", .type = TYPE_FLOATS};
    double factor[4] = {1, 1, 1, 1};

    if (node->opset >= 9)
        return OK;
    if (list && list->type == TYPE_FLOATS) {
        scales.floats = list->floats;
    } else if (height && width) {
        factor[2] = (double)height->f;
        factor[3] = (double)width->f;
        scales.floats = (struct floats){4, factor};
    } else {
        return context_fail(reader->context, ERR_FORMAT, "attribute 'scales' is missing");
    }
    TRY(add_constant(reader, node, 1, &scales));
    attribute_remove(node, "scales");
    attribute_remove(node, "height_scale");
    attribute_remove(node, "width_scale");
    return OK;
}

// A weight, as far as the file has come.
static const struct tensor *known_weight(const struct reader *reader,
                                         const struct source_node *node, int slot)
{
    struct value_id id =
        slot < node->input_count ? graph_find_value(reader->graph, node->input[slot]) : NO_VALUE;

    return value_exists(id) && graph_value(reader->graph, id)->role == VALUE_WEIGHT
               ? &graph_value(reader->graph, id)->tensor
               : NULL;
}

// Before opset 6: so many tiles (input 1) along one axis (input 2).
static enum status raise_tile(struct reader *reader, struct source_node *node)
{
    const struct tensor *axis = known_weight(reader, node, 2);

    if (!axis || tensor_count(axis) != 1)
        return context_fail(reader->context, ERR_UNSUPPORTED,
                            "input 2 (the axis) wants a constant of one element");
    node->late_axis = tensor_get(axis, 0) >= 0 && tensor_get(axis, 0) < SHAPE_MAX_RANK
                          ? (int64_t)tensor_get(axis, 0)
                          : SHAPE_MAX_RANK;
    node->input_count = 2;
    return OK;
}

// Whether a factor that the file holds makes an axis smaller.
static bool shrinks(const struct reader *reader, const struct source_node *node)
{
    const struct tensor *scales = known_weight(reader, node, 1);
    bool is_smaller = false;

    for (int64_t i = 0; scales && i < tensor_count(scales); i++)
        is_smaller |= tensor_get(scales, i) < 1;
    return is_smaller;
}

// Upsample, and Resize of opset 10, which was the same: today's Resize has its factors in input 2,
// and of its many ways to lay the grids the first that ONNX had.
static enum status raise_upsample(struct reader *reader, struct source_node *node)
{
    const struct attribute *mode = attribute_find(node, "mode");
    const char **input = arena_array(reader->arena, const char *, 3);

    if (strcmp(node->op_type, "Upsample") == 0)
        TRY(upsample_scales(reader, node));
    if (node->input_count != 2)
        return context_fail(reader->context, ERR_FORMAT, "has %d inputs, wants 2",
                            node->input_count);
    if (mode && (text_is(mode->s, "bilinear") || text_is(mode->s, "trilinear")))
        add_text(reader, node, "mode", "linear");
    add_text(reader, node, "coordinate_transformation_mode", "asymmetric");
    // What ONNX Runtime does where the text of the standard says nothing.
    add_text(reader, node, "nearest_mode", shrinks(reader, node) ? "ceil" : "floor");
    input[0] = node->input[0];
    input[1] = "";
    input[2] = node->input[1];
    node->input = input;
    node->input_count = 3;
    return OK;
}

// Before opset 16 there was one way, which is not today's default.
static enum status raise_roi_align(struct reader *reader, struct source_node *node)
{
    add_text(reader, node, "coordinate_transformation_mode", "output_half_pixel");
    return OK;
}

// Before opset 20 the modes were named for images.
static enum status raise_grid_sample(struct reader *reader, struct source_node *node)
{
    const struct attribute *mode = attribute_find(node, "mode");

    if (mode && text_is(mode->s, "bilinear"))
        add_text(reader, node, "mode", "linear");
    else if (mode && text_is(mode->s, "bicubic"))
        add_text(reader, node, "mode", "cubic");
    return OK;
}

// Operators that changed in a way of their own: {op, first and last opset, today's op, how}.
static const struct {
    const char *op;
    int64_t first, last;
    const char *today;
    enum status (*raise)(struct reader *reader, struct source_node *node);
} rows[] = {
    {"Cast", 1, 5, "Cast", raise_cast},
    {"Dropout", 1, 9, "Dropout", raise_dropout},
    {"GlobalLpPool", 1, 1, "GlobalLpPool", raise_lp_pool},
    {"GridSample", 16, 19, "GridSample", raise_grid_sample},
    {"LpPool", 1, 1, "LpPool", raise_lp_pool},
    {"Resize", 10, 10, "Resize", raise_upsample},
    {"RoiAlign", 10, 15, "RoiAlign", raise_roi_align},
    {"Scatter", 9, 10, "ScatterElements", NULL},
    {"Tile", 1, 5, "Tile", raise_tile},
    {"Upsample", 1, 9, "Resize", raise_upsample},
};

static bool is_row_of(size_t i, const struct source_node *node)
{
    return node->opset >= rows[i].first && node->opset <= rows[i].last &&
           strcmp(node->op_type, rows[i].op) == 0 && op_find(rows[i].today);
}

bool legacy_is_known(const struct source_node *node)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_row_of(i, node))
            return true;
    return op_find(node->op_type) != NULL;
}

enum status legacy_raise(struct reader *reader, struct source_node *node)
{
    rename_attributes(reader, node);
    add_defaults(reader, node);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_row_of(i, node)) {
            if (rows[i].raise)
                TRY(rows[i].raise(reader, node));
            node->op_type = rows[i].today;
            return OK;
        }
    return OK;
}
