// AttributeProto in and out: generic over the operators' field tables.
#include <math.h>
#include <string.h>

#include "io/onnx_internal.h"

static float float_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float number;

    memcpy(&number, &low, sizeof number);
    return number;
}

// How many items the lists of an attribute hold.
struct list_counts {
    size_t ints, floats, strings;
};

static enum attribute_type open_field(struct wire *wire, const struct wire_field *field,
                                      struct arena *arena, struct attribute *out,
                                      struct list_counts *counts)
{
    switch (field->number) {
    case ATTR_NAME:
        out->name = wire_text(wire, field, arena);
        break;
    case ATTR_F:
        out->f = wire_float(wire, field);
        return TYPE_FLOAT;
    case ATTR_I:
        out->i = wire_int(wire, field);
        return TYPE_INT;
    case ATTR_S:
        out->s = wire_bytes(wire, field);
        return TYPE_STRING;
    case ATTR_T:
        out->t = wire_bytes(wire, field);
        return TYPE_TENSOR_VALUE;
    case ATTR_G:
        out->has_graph = true;
        out->g = wire_bytes(wire, field);
        return TYPE_GRAPH;
    case ATTR_GRAPHS:
        out->has_graph = true;
        return TYPE_GRAPHS;
    case ATTR_SPARSE:
        out->t = wire_bytes(wire, field);
        return TYPE_SPARSE_TENSOR;
    case ATTR_FLOATS:
        counts->floats += wire_numbers(wire, field, WIRE_I32, NULL);
        return TYPE_FLOATS;
    case ATTR_INTS:
        counts->ints += wire_numbers(wire, field, WIRE_VARINT, NULL);
        return TYPE_INTS;
    case ATTR_STRINGS:
        counts->strings++;
        return TYPE_STRINGS;
    case ATTR_TYPE:
        out->type = (enum attribute_type)wire_int(wire, field);
        break;
    case ATTR_REF:
        out->ref = wire_text(wire, field, arena);
        break;
    default:
        break;
    }
    return TYPE_NONE;
}

// Second walk, now that the sizes of the lists are known.
static void fill_lists(struct arena *arena, struct span bytes, struct list_counts counts,
                       struct attribute *out)
{
    uint64_t *ints = arena_array(arena, uint64_t, counts.ints + 1);
    uint64_t *bits = arena_array(arena, uint64_t, counts.floats + 1);
    double *floats = arena_array(arena, double, counts.floats + 1);
    const char **strings = arena_array(arena, const char *, counts.strings + 1);
    struct wire wire = wire_over(bytes, 0);
    struct list_counts at = {0, 0, 0};
    struct wire_field field;

    while (wire_next(&wire, &field))
        if (field.number == ATTR_INTS)
            at.ints += wire_numbers(&wire, &field, WIRE_VARINT, ints + at.ints);
        else if (field.number == ATTR_FLOATS)
            at.floats += wire_numbers(&wire, &field, WIRE_I32, bits + at.floats);
        else if (field.number == ATTR_STRINGS)
            strings[at.strings++] = wire_text(&wire, &field, arena);
    for (size_t i = 0; i < at.floats; i++)
        floats[i] = (double)float_of(bits[i]);
    out->ints = (struct ints){(int64_t)at.ints, (const int64_t *)ints};
    out->floats = (struct floats){(int64_t)at.floats, floats};
    out->strings = (struct strings){(int64_t)at.strings, strings};
}

enum status attribute_open(struct context *context, struct arena *arena, struct span bytes,
                           int depth, struct attribute *out)
{
    struct wire wire = wire_over(bytes, depth);
    enum attribute_type found = TYPE_NONE;
    struct list_counts counts = {0, 0, 0};
    struct wire_field field;

    *out = (struct attribute){.bytes = bytes, .name = ""};
    while (wire_next(&wire, &field)) {
        enum attribute_type type = open_field(&wire, &field, arena, out, &counts);
        found = type != TYPE_NONE ? type : found;
    }
    TRY(wire_status(context, &wire));
    if (out->type == TYPE_NONE) // old files do not say
        out->type = found;
    if (out->ref && !*out->ref)
        out->ref = NULL;
    fill_lists(arena, bytes, counts, out);
    return OK;
}

const struct attribute *attribute_find(const struct source_node *node, const char *name)
{
    for (int i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attribute[i].name, name) == 0)
            return &node->attribute[i];
    return NULL;
}

void attribute_remove(struct source_node *node, const char *name)
{
    int kept = 0;

    for (int i = 0; i < node->attribute_count; i++)
        if (strcmp(node->attribute[i].name, name) != 0)
            node->attribute[kept++] = node->attribute[i];
    node->attribute_count = kept;
}

static enum attribute_type type_of(const struct field *field)
{
    static const enum attribute_type types[] = {
        [FIELD_BOOL] = TYPE_INT,        [FIELD_INT] = TYPE_INT,
        [FIELD_DOUBLE] = TYPE_FLOAT,    [FIELD_STRING] = TYPE_STRING,
        [FIELD_INTS] = TYPE_INTS,       [FIELD_FLOATS] = TYPE_FLOATS,
        [FIELD_STRINGS] = TYPE_STRINGS, [FIELD_TENSOR] = TYPE_TENSOR_VALUE,
        [FIELD_GRAPH] = TYPE_GRAPH,
    };

    return types[field->type];
}

static enum status check_range(struct context *context, const struct field *field, double number)
{
    if ((field->min != 0 || field->max != 0) && !(number >= field->min && number <= field->max))
        return context_fail(context, ERR_FORMAT, "attribute '%s' is %g, wants %g to %g",
                            field->name, number, field->min, field->max);
    return OK;
}

// A float attribute that is the default's nearest float is the default.
static double exact_double(const struct field *field, float number)
{
    double preset;

    if (field->preset && parse_number(field->preset, &preset) && (float)preset == number)
        return preset;
    return (double)number;
}

static enum status set_string(struct reader *reader, const struct field *field,
                              const struct attribute *attribute, void *attr)
{
    char *text = arena_copy_bytes(reader->arena, attribute->s.at, attribute->s.length);
    struct context silent;

    context_init(&silent);
    if (attribute->s.length == 0)
        return OK; // an empty text is the default
    if (field_parse(&silent, field, text, attr, reader->arena) == OK)
        return OK;
    for (char *c = text; *c; c++) // some exporters write auto_pad in lower case
        *c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
    if (field_parse(&silent, field, text, attr, reader->arena) == OK)
        return OK;
    return context_fail(reader->context, ERR_UNSUPPORTED, "attribute '%s' wants one of %s",
                        field->name, field->choices ? field->choices : "?");
}

static void release_tensor(void *tensor)
{
    tensor_release(tensor);
}

static enum status set_tensor(struct reader *reader, const struct attribute *attribute,
                              struct tensor **out)
{
    struct tensor_proto proto;

    TRY(tensor_proto_open(reader->context, reader->arena, attribute->t, 4, &proto));
    *out = arena_alloc(reader->graph->arena, sizeof **out);
    arena_defer(reader->graph->arena, release_tensor, *out);
    return tensor_proto_load(reader->context, reader->arena, reader->source, &proto, *out);
}

static enum status set_list(struct reader *reader, const struct field *field,
                            const struct attribute *attribute, void *to)
{
    for (int64_t i = 0; i < attribute->ints.count; i++)
        TRY(check_range(reader->context, field, (double)attribute->ints.at[i]));
    if (field->type == FIELD_INTS)
        *(struct ints *)to = attribute->ints;
    else if (field->type == FIELD_FLOATS)
        *(struct floats *)to = attribute->floats;
    else
        *(struct strings *)to = attribute->strings;
    return OK;
}

static enum status set_field(struct reader *reader, const struct source_node *node,
                             const struct field *field, const struct attribute *attribute,
                             void *attr)
{
    void *to = (char *)attr + field->offset;

    if (attribute->type != type_of(field))
        return context_fail(reader->context, ERR_FORMAT, "attribute '%s' is of the wrong type",
                            field->name);
    switch (field->type) {
    case FIELD_BOOL:
        *(bool *)to = attribute->i != 0;
        return OK;
    case FIELD_INT:
        *(int64_t *)to = attribute->i;
        return check_range(reader->context, field, (double)attribute->i);
    case FIELD_DOUBLE:
        if (isnan(attribute->f)) // stands for one that is not given
            return context_fail(reader->context, ERR_FORMAT, "attribute '%s' is not a number",
                                field->name);
        *(double *)to = exact_double(field, attribute->f);
        return check_range(reader->context, field, *(double *)to);
    case FIELD_STRING:
        return set_string(reader, field, attribute, attr);
    case FIELD_INTS:
    case FIELD_FLOATS:
    case FIELD_STRINGS:
        return set_list(reader, field, attribute, to);
    case FIELD_TENSOR:
        return set_tensor(reader, attribute, to);
    case FIELD_GRAPH:
        return body_read(reader, node, attribute, to);
    }
    return OK;
}

// Attributes that mean nothing, or nothing at this value, when the operator's table lacks them.
static bool is_harmless(const struct attribute *attribute)
{
    static const struct {
        const char *name;
        bool any;
        int64_t value;
    } rows[] = {
        {"consumed_inputs", true, 0},
        {"is_test", true, 0},
        {"spatial", false, 1},
        {"saturate", true, 0},
        {"seed", true, 0},
        {"storage_order", false, 0},
        {"training_mode", false, 0},
        {"block_size", false, 0},
        {"output_dtype", false, 0},
        {"precision", false, 0},
        {"allowzero", false, 0},
        {"ceil_mode", false, 0},
        {"momentum", true, 0},
        {"noop_with_empty_axes", false, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(attribute->name, rows[i].name) == 0)
            return rows[i].any || (attribute->type == TYPE_INT && attribute->i == rows[i].value);
    if (strcmp(attribute->name, "dilations") != 0)
        return false;
    for (int64_t i = 0; i < attribute->ints.count; i++)
        if (attribute->ints.at[i] != 1)
            return false;
    return true;
}

static enum status name_attribute(struct context *context, const char *name, const char *what)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail(context, ERR_UNSUPPORTED, "attribute '%s' %s", safe.at, what);
    text_clear(&safe);
    return ERR_UNSUPPORTED;
}

enum status attributes_fill(struct reader *reader, const struct source_node *node,
                            const struct op *op, void *attr)
{
    if (op->attr)
        fields_preset(op->attr, attr, reader->arena);
    for (int i = 0; i < node->attribute_count; i++) {
        const struct attribute *attribute = &node->attribute[i];
        const struct field *field = op->attr ? field_find(op->attr, attribute->name) : NULL;
        if (field)
            TRY(set_field(reader, node, field, attribute, attr));
        else if (!is_harmless(attribute))
            return name_attribute(reader->context, attribute->name, "is not supported");
    }
    return OK;
}

static void put_attribute(struct text *out, const char *name, struct text *value,
                          enum attribute_type type)
{
    struct text body;

    text_init(&body);
    wire_put_text(&body, ATTR_NAME, name);
    text_add_bytes(&body, value->at, value->length);
    wire_put_int(&body, ATTR_TYPE, type);
    wire_put_message(out, NODE_ATTRIBUTE, &body);
    text_clear(value);
}

void attribute_put_int(struct text *out, const char *name, int64_t value)
{
    struct text body;

    text_init(&body);
    wire_put_int(&body, ATTR_I, value);
    put_attribute(out, name, &body, TYPE_INT);
}

void attribute_put_graph(struct text *out, const char *name, struct text *graph)
{
    struct text body;

    text_init(&body);
    wire_put_message(&body, ATTR_G, graph);
    put_attribute(out, name, &body, TYPE_GRAPH);
}

void attribute_put_float(struct text *out, const char *name, float value)
{
    struct text body;

    text_init(&body);
    wire_put_float(&body, ATTR_F, value);
    put_attribute(out, name, &body, TYPE_FLOAT);
}

void attribute_put_ints(struct text *out, const char *name, const int64_t *at, int64_t count)
{
    struct text body;

    text_init(&body);
    for (int64_t i = 0; i < count; i++)
        wire_put_int(&body, ATTR_INTS, at[i]);
    put_attribute(out, name, &body, TYPE_INTS);
}

static void put_lists(struct text *out, const struct field *field, const void *from)
{
    const struct floats *floats = from;
    const struct strings *strings = from;
    struct text body;

    text_init(&body);
    if (field->type == FIELD_FLOATS)
        for (int64_t i = 0; i < floats->count; i++)
            wire_put_float(&body, ATTR_FLOATS, (float)floats->at[i]);
    else
        for (int64_t i = 0; i < strings->count; i++)
            wire_put_bytes(&body, ATTR_STRINGS, strings->at[i], strlen(strings->at[i]));
    put_attribute(out, field->name, &body, type_of(field));
}

static void put_tensor(struct text *out, const struct tensor *tensor)
{
    tensor_proto_put_head(out, ATTR_T, "", "", tensor, NULL);
    text_add_bytes(out, tensor_data(tensor), tensor_bytes(tensor));
}

static void put_bytes(struct text *out, const struct field *field, const void *from)
{
    const char *const *string = from;
    struct tensor *const *tensor = from;
    struct text body;

    text_init(&body);
    if (field->type == FIELD_STRING)
        wire_put_text(&body, ATTR_S, *string);
    else
        put_tensor(&body, *tensor);
    put_attribute(out, field->name, &body, type_of(field));
}

static void put_field(struct text *out, const struct field *field, const void *attr)
{
    const void *from = (const char *)attr + field->offset;

    switch (field->type) {
    case FIELD_BOOL:
        attribute_put_int(out, field->name, *(const bool *)from);
        break;
    case FIELD_INT:
        attribute_put_int(out, field->name, *(const int64_t *)from);
        break;
    case FIELD_DOUBLE:
        if (!isnan(*(const double *)from))
            attribute_put_float(out, field->name, (float)*(const double *)from);
        break;
    case FIELD_INTS:
        attribute_put_ints(out, field->name, ((const struct ints *)from)->at,
                           ((const struct ints *)from)->count);
        break;
    case FIELD_FLOATS:
    case FIELD_STRINGS:
        put_lists(out, field, from);
        break;
    case FIELD_STRING:
        put_bytes(out, field, from);
        break;
    case FIELD_TENSOR:
        if (*(struct tensor *const *)from)
            put_bytes(out, field, from);
        break;
    case FIELD_GRAPH:
        break;
    }
}

// Attributes that ONNX wants whatever their value.
static bool is_required(const struct op *op, const struct field *field)
{
    static const char *const rows[][2] = {{"Concat", "axis"}, {"Cast", "to"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(op->name, rows[i][0]) == 0 && strcmp(field->name, rows[i][1]) == 0)
            return true;
    return false;
}

void attributes_put(struct text *out, const struct node *node)
{
    const struct op *op = node->op;

    for (const struct field *field = op->attr; field && field->name && node->attr; field++)
        if (is_required(op, field) || field->type == FIELD_TENSOR ||
            !field_is_preset(field, node->attr))
            put_field(out, field, node->attr);
}
