// The mutations, a function each; the field numbers are those of onnx.proto.
#include "tests/mutate/mutations.h"

#include <math.h>
#include <string.h>

#include "ir/op.h"

// What a mutation works on.
struct scene {
    struct message *model;
    struct random *random;
    struct arena *arena;
};

enum { PICKS = 4 };

int64_t interesting_int(struct random *random)
{
    static const int64_t special[] = {INT64_MAX,
                                      INT64_MIN,
                                      INT64_MAX - 1,
                                      INT64_MIN + 1,
                                      INT32_MAX,
                                      INT32_MIN,
                                      (int64_t)1 << 32,
                                      (int64_t)1 << 31,
                                      (int64_t)1 << 40,
                                      (int64_t)1 << 53,
                                      65535,
                                      65536,
                                      1000000,
                                      255,
                                      256,
                                      127,
                                      128,
                                      -128,
                                      64,
                                      1 << 20,
                                      (int64_t)1 << 62,
                                      -100,
                                      1000};

    if (random_below(random, 3))
        return (int64_t)random_below(random, 14) - 5;
    return special[random_below(random, sizeof special / sizeof *special)];
}

double interesting_float(struct random *random)
{
    const double special[] = {NAN,   INFINITY, -INFINITY, 0.0,  -0.0, 1e38, -1e38,
                              1e-45, 1e-30,    3e9,       -3e9, 1e19, -1e19};

    if (random_below(random, 2))
        return random_normal(random);
    return special[random_below(random, sizeof special / sizeof *special)];
}

// ---- picking -----------------------------------------------------------------------------------

static struct message *pick(const struct scene *scene, enum kind kind)
{
    struct message_list list = {NULL, 0, 0};

    tree_list(scene->model, kind, &list);
    return list.count ? list.at[random_below(scene->random, list.count)] : NULL;
}

// A part with that number; NULL: none. *at: its position.
static struct part *pick_part(const struct scene *scene, struct message *message, uint32_t number,
                              size_t *at)
{
    size_t count = message ? parts_count(message, number) : 0;

    if (!count)
        return NULL;
    *at = parts_find(message, number, random_below(scene->random, count));
    return &message->part[*at];
}

// The name of some value: what a node reads or makes, a weight, an input.
static struct span pick_name(const struct scene *scene)
{
    static const struct {
        enum kind kind;
        uint32_t number;
    } holders[] = {{KIND_NODE, 1}, {KIND_NODE, 2}, {KIND_TENSOR, 8}, {KIND_INFO, 1}};

    for (int i = 0; i < PICKS; i++) {
        size_t which = random_below(scene->random, sizeof holders / sizeof *holders), at;
        struct part *part =
            pick_part(scene, pick(scene, holders[which].kind), holders[which].number, &at);
        if (part && part->type == WIRE_BYTES)
            return part->bytes;
    }
    return (struct span){(const unsigned char *)"nobody", 6};
}

static const struct op *pick_op(const struct scene *scene)
{
    uint64_t count = 0;

    while (op_at((int)count))
        count++;
    return op_at((int)random_below(scene->random, count));
}

static struct span span_of(const char *text)
{
    return (struct span){(const unsigned char *)text, strlen(text)};
}

// Apart from the tree: what is put into a part of itself must not be its own part. NULL: too deep.
static struct message *copy_of(const struct scene *scene, const struct message *message)
{
    struct message *copy;
    struct text bytes;

    text_init(&bytes);
    tree_write(message, &bytes);
    copy = tree_read(
        scene->arena,
        (struct span){(const unsigned char *)arena_copy_bytes(scene->arena, bytes.at, bytes.length),
                      bytes.length},
        message->kind);
    text_clear(&bytes);
    return copy;
}

// ---- nodes -------------------------------------------------------------------------------------

// A graph or function with nodes, and the number that these have there.
static struct message *pick_body(const struct scene *scene, uint32_t *number)
{
    struct message *function = pick(scene, KIND_FUNCTION);
    bool is_function = function && random_below(scene->random, 2);

    *number = is_function ? 7 : 1;
    return is_function ? function : pick(scene, KIND_GRAPH);
}

static bool drop_node(struct scene *scene)
{
    uint32_t number;
    struct message *body = pick_body(scene, &number);
    size_t at;

    if (!pick_part(scene, body, number, &at))
        return false;
    part_remove(body, at);
    return true;
}

static bool repeat_node(struct scene *scene)
{
    uint32_t number;
    struct message *body = pick_body(scene, &number);
    struct part *part;
    size_t at;

    struct part again;

    if (!(part = pick_part(scene, body, number, &at)) || !part->message)
        return false;
    again = *part;
    again.message = copy_of(scene, part->message);
    if (!again.message)
        return false;
    for (size_t i = 0; i < again.message->count; i++) // mostly under other names
        if (again.message->part[i].number == 2 && random_below(scene->random, 10))
            again.message->part[i].bytes = span_of(arena_format(scene->arena, "again%zu", i));
    part_insert(body, at + 1, again);
    return true;
}

static bool swap_nodes(struct scene *scene)
{
    uint32_t number;
    struct message *body = pick_body(scene, &number);
    struct part *a, *b, kept;
    size_t at;

    if (!(a = pick_part(scene, body, number, &at)) || !(b = pick_part(scene, body, number, &at)))
        return false;
    kept = *a;
    *a = *b;
    *b = kept;
    return true;
}

static bool change_op(struct scene *scene)
{
    size_t at;
    struct message *node = pick(scene, KIND_NODE);
    struct part *part = pick_part(scene, node, 4, &at);
    const struct op *op = NULL;

    if (!part)
        return false;
    for (int i = 0; i < 20 && !op; i++) { // one that takes as many inputs, if there is
        int inputs = (int)parts_count(node, 1);
        op = pick_op(scene);
        if (inputs < op->min_inputs || (op->max_inputs >= 0 && inputs > op->max_inputs))
            op = NULL;
    }
    part->bytes = span_of((op ? op : pick_op(scene))->name);
    return true;
}

// Inputs and outputs of a node: number 1 and 2.
static bool change_edge(struct scene *scene)
{
    struct message *node = pick(scene, KIND_NODE);
    uint32_t number = random_below(scene->random, 4) ? 1 : 2;
    size_t at;
    struct part *part = pick_part(scene, node, number, &at), *other, kept;

    if (!part)
        return false;
    switch (random_below(scene->random, 5)) {
    case 0:
        part_remove(node, at);
        break;
    case 1:
        part->bytes.length = 0; // left out
        break;
    case 2:
        other = pick_part(scene, node, random_below(scene->random, 2) ? 1 : 2, &at);
        if (!other)
            return false;
        kept = *part;
        part->bytes = other->bytes;
        other->bytes = kept.bytes;
        break;
    case 3:
        part_insert(node, at, (struct part){number, WIRE_BYTES, 0, pick_name(scene), NULL});
        break;
    default:
        part->bytes = pick_name(scene);
    }
    return true;
}

// Every reader of one name reads another one.
static bool rename_edges(struct scene *scene)
{
    struct span from = pick_name(scene), to = pick_name(scene);
    struct message_list list = {NULL, 0, 0};

    tree_list(scene->model, KIND_NODE, &list);
    for (size_t i = 0; i < list.count; i++)
        for (size_t k = 0; k < list.at[i]->count; k++) {
            struct part *part = &list.at[i]->part[k];
            if (part->number == 1 && part->bytes.length == from.length &&
                memcmp(part->bytes.at, from.at, from.length) == 0)
                part->bytes = to;
        }
    return true;
}

// ---- attributes --------------------------------------------------------------------------------

static uint64_t float_bits(double value)
{
    float number = (float)value;
    uint32_t bits;

    memcpy(&bits, &number, sizeof bits);
    return bits;
}

// Packed lists (bytes) become single numbers, so that one of them can be changed.
static void unpack(struct message *message, uint32_t number, enum wire_type type)
{
    for (size_t at = 0; at < message->count; at++) {
        struct part part = message->part[at];
        struct wire wire = wire_over(part.bytes, 0);
        struct wire_field field = {number, WIRE_BYTES, 0, part.bytes};
        uint64_t *numbers;
        size_t count;
        if (part.number != number || part.type != WIRE_BYTES || part.message)
            continue;
        count = wire_numbers(&wire, &field, type, NULL);
        numbers = arena_array(message->arena, uint64_t, count + 1);
        wire_numbers(&wire, &field, type, numbers);
        part_remove(message, at);
        for (size_t i = 0; i < count; i++)
            part_insert(message, at + i, (struct part){number, type, numbers[i], {NULL, 0}, NULL});
    }
}

static void change_list(struct scene *scene, struct message *message, uint32_t number,
                        enum wire_type type, uint64_t bits)
{
    size_t at;
    struct part *part = pick_part(scene, message, number, &at);
    uint64_t how = random_below(scene->random, 6);

    if (part && how == 0)
        part_remove(message, at);
    else if (!part || how == 1)
        part_insert(message, message->count, (struct part){number, type, bits, {NULL, 0}, NULL});
    else
        part->bits = bits;
}

static bool change_attribute(struct scene *scene)
{
    static const char *const words[] = {"",       "linear",     "cubic",   "reflect",       "edge",
                                        "NOTSET", "SAME_UPPER", "forward", "bidirectional", "none",
                                        "mul",    "ij,jk->ik",  "...i,i",  "Sigmoid"};
    struct message *attribute = pick(scene, KIND_ATTRIBUTE);
    struct part *part;
    size_t at;

    if (!attribute)
        return false;
    unpack(attribute, 7, WIRE_I32);
    unpack(attribute, 8, WIRE_VARINT);
    if (parts_count(attribute, 8))
        change_list(scene, attribute, 8, WIRE_VARINT, (uint64_t)interesting_int(scene->random));
    else if (parts_count(attribute, 7))
        change_list(scene, attribute, 7, WIRE_I32, float_bits(interesting_float(scene->random)));
    else if ((part = pick_part(scene, attribute, 3, &at)))
        part->bits = (uint64_t)interesting_int(scene->random);
    else if ((part = pick_part(scene, attribute, 2, &at)))
        part->bits = float_bits(interesting_float(scene->random));
    else if ((part = pick_part(scene, attribute, 4, &at)) ||
             (part = pick_part(scene, attribute, 9, &at)))
        part->bytes = span_of(words[random_below(scene->random, sizeof words / sizeof *words)]);
    else
        return false;
    return true;
}

static bool drop_attribute(struct scene *scene)
{
    struct message *node = pick(scene, KIND_NODE);
    size_t at;

    if (!pick_part(scene, node, 5, &at))
        return false;
    part_remove(node, at);
    return true;
}

static bool move_attribute(struct scene *scene)
{
    struct message *from = pick(scene, KIND_NODE), *to = pick(scene, KIND_NODE);
    struct part *part, moved;
    size_t at;

    if (!(part = pick_part(scene, from, 5, &at)) || !part->message)
        return false;
    moved = *part;
    moved.message = copy_of(scene, part->message);
    if (moved.message)
        part_insert(to, to->count, moved);
    return moved.message;
}

static void drop_named(struct message *node, const char *name)
{
    for (size_t i = node->count; i-- > 0;) {
        const struct message *attribute = node->part[i].message;
        size_t at = attribute ? parts_find(attribute, 1, 0) : 0;
        if (node->part[i].number == 5 && attribute && at < attribute->count &&
            attribute->part[at].bytes.length == strlen(name) &&
            memcmp(attribute->part[at].bytes.at, name, strlen(name)) == 0)
            part_remove(node, i);
    }
}

// Mostly one that the reader lets pass.
static int64_t allowed_int(const struct scene *scene, const struct field *field)
{
    int64_t value = interesting_int(scene->random);

    if (field->min == field->max || random_below(scene->random, 5) == 0)
        return value;
    return value < field->min   ? (int64_t)field->min
           : value > field->max ? (int64_t)field->max
                                : value;
}

// A new attribute that the node's operator has, with a number in it.
static bool add_attribute(struct scene *scene)
{
    struct message *node = pick(scene, KIND_NODE);
    const struct op *op;
    const struct field *field;
    struct message *attribute;
    size_t at, count = 0;
    struct part *type = pick_part(scene, node, 4, &at);

    if (!type)
        return false;
    op = op_find(arena_copy_bytes(scene->arena, type->bytes.at, type->bytes.length));
    field = op ? op->attr : NULL;
    while (field && field[count].name)
        count++;
    if (!count)
        return false;
    field += random_below(scene->random, count);
    if (field->type != FIELD_INTS && field->type != FIELD_DOUBLE && field->type != FIELD_INT &&
        field->type != FIELD_BOOL)
        return false;
    drop_named(node, field->name);
    attribute = arena_alloc(scene->arena, sizeof *attribute);
    *attribute = (struct message){.kind = KIND_ATTRIBUTE, .arena = scene->arena};
    part_insert(attribute, 0, part_of_text(1, field->name));
    if (field->type == FIELD_INTS) {
        for (uint64_t left = random_below(scene->random, 5); left; left--)
            part_insert(attribute, 1, part_of_int(8, interesting_int(scene->random)));
        part_insert(attribute, attribute->count, part_of_int(20, 7));
    } else if (field->type == FIELD_DOUBLE) {
        part_insert(
            attribute, 1,
            (struct part){
                2, WIRE_I32, float_bits(interesting_float(scene->random)), {NULL, 0}, NULL});
        part_insert(attribute, 2, part_of_int(20, 1));
    } else {
        part_insert(attribute, 1, part_of_int(3, allowed_int(scene, field)));
        part_insert(attribute, 2, part_of_int(20, 2));
    }
    part_insert(node, node->count, (struct part){5, WIRE_BYTES, 0, {NULL, 0}, attribute});
    return true;
}

static bool retype_attribute(struct scene *scene)
{
    size_t at;
    struct part *part = pick_part(scene, pick(scene, KIND_ATTRIBUTE), 20, &at);

    if (part)
        part->bits = random_below(scene->random, 15);
    return part;
}

static bool rename_attribute(struct scene *scene)
{
    size_t at, count = 0;
    struct part *part = pick_part(scene, pick(scene, KIND_ATTRIBUTE), 1, &at);
    const struct op *op = pick_op(scene);

    while (op->attr && op->attr[count].name)
        count++;
    if (!part || !count)
        return false;
    part->bytes = span_of(op->attr[random_below(scene->random, count)].name);
    return true;
}

// A body within a body: of another node, or the whole graph.
static bool nest_body(struct scene *scene)
{
    struct message *attribute = pick(scene, KIND_ATTRIBUTE), *copy;
    struct message *graph = pick(scene, KIND_GRAPH);
    size_t at;
    struct part *part = pick_part(scene, attribute, 6, &at);

    if (!part)
        return false;
    copy = copy_of(scene, graph);
    if (!copy)
        return false;
    part->message = copy;
    return true;
}

// ---- tensors -----------------------------------------------------------------------------------

static bool change_tensor_dims(struct scene *scene)
{
    struct message *tensor = pick(scene, KIND_TENSOR);

    if (!tensor)
        return false;
    unpack(tensor, 1, WIRE_VARINT);
    change_list(scene, tensor, 1, WIRE_VARINT, (uint64_t)interesting_int(scene->random));
    return true;
}

static bool change_tensor_type(struct scene *scene)
{
    size_t at;
    struct part *part = pick_part(scene, pick(scene, KIND_TENSOR), 2, &at);

    if (part)
        part->bits = random_below(scene->random, 24);
    return part;
}

static bool cut_tensor(struct scene *scene)
{
    size_t at;
    struct part *part = pick_part(scene, pick(scene, KIND_TENSOR), 9, &at);

    if (part)
        part->bytes.length = random_below(scene->random, part->bytes.length + 1);
    return part;
}

// Numbers inside stay as many as they were.
static bool change_tensor_numbers(struct scene *scene)
{
    struct message *tensor = pick(scene, KIND_TENSOR);
    size_t at, type_at;
    struct part *raw = pick_part(scene, tensor, 9, &at);
    struct part *type = pick_part(scene, tensor, 2, &type_at);
    unsigned char *copy;

    if (tensor && parts_count(tensor, 7)) {
        unpack(tensor, 7, WIRE_VARINT);
        change_list(scene, tensor, 7, WIRE_VARINT, (uint64_t)interesting_int(scene->random));
        return true;
    }
    if (!raw || !type || raw->bytes.length < 8)
        return false;
    copy = (unsigned char *)(uintptr_t)arena_copy_bytes(scene->arena, raw->bytes.at,
                                                        raw->bytes.length);
    if (type->bits == 7) {
        int64_t value = interesting_int(scene->random);
        memcpy(copy + random_below(scene->random, raw->bytes.length / 8) * 8, &value, 8);
    } else {
        uint32_t bits = (uint32_t)float_bits(interesting_float(scene->random));
        memcpy(copy + random_below(scene->random, raw->bytes.length / 4) * 4, &bits, 4);
    }
    raw->bytes.at = copy;
    return true;
}

static struct part entry(const struct scene *scene, const char *key, const char *value)
{
    struct message *message = arena_alloc(scene->arena, sizeof *message);

    *message = (struct message){.kind = KIND_ENTRY, .arena = scene->arena};
    part_insert(message, 0, part_of_text(1, key));
    part_insert(message, 1, part_of_text(2, value));
    return (struct part){13, WIRE_BYTES, 0, {NULL, 0}, message};
}

// External data where there are none, or elsewhere than they are.
static bool change_place(struct scene *scene)
{
    static const char *const places[] = {"external.onnx.data", "../x",    "",
                                         "/etc/passwd",        "nowhere", "."};
    struct message *tensor = pick(scene, KIND_TENSOR);
    struct part *old;
    size_t at;

    if (!tensor)
        return false;
    if ((old = pick_part(scene, tensor, 13, &at)) && old->message &&
        random_below(scene->random, 3)) {
        struct part *value = pick_part(scene, old->message, 2, &at);
        if (value)
            value->bytes = span_of(
                arena_format(scene->arena, "%lld", (long long)interesting_int(scene->random)));
        return value;
    }
    part_insert(tensor, tensor->count,
                entry(scene, "location",
                      places[random_below(scene->random, sizeof places / sizeof *places)]));
    part_insert(
        tensor, tensor->count,
        entry(scene, random_below(scene->random, 2) ? "offset" : "length",
              arena_format(scene->arena, "%lld", (long long)interesting_int(scene->random))));
    part_insert(tensor, tensor->count, part_of_int(14, 1));
    return true;
}

// A weight that has to be given.
static bool open_weight(struct scene *scene)
{
    struct message *graph = pick(scene, KIND_GRAPH);
    size_t at;

    if (!pick_part(scene, graph, 5, &at))
        return false;
    part_remove(graph, at);
    return true;
}

// ---- declarations ------------------------------------------------------------------------------

static bool change_declared_type(struct scene *scene)
{
    size_t at;
    struct part *part = pick_part(scene, pick(scene, KIND_TENSOR_TYPE), 1, &at);

    if (part)
        part->bits = random_below(scene->random, 20);
    return part;
}

static bool change_declared_shape(struct scene *scene)
{
    struct message *shape = pick(scene, KIND_SHAPE), *type = pick(scene, KIND_TENSOR_TYPE);
    struct message *dim;
    size_t at;
    struct part *part;

    if (!shape)
        return false;
    part = pick_part(scene, shape, 1, &at);
    switch (random_below(scene->random, 5)) {
    case 0:
        if (pick_part(scene, type, 2, &at))
            part_remove(type, at);
        return true;
    case 1:
        if (part)
            part_remove(shape, at);
        return part;
    case 2:
        if (part)
            part_insert(shape, at, *part);
        return part;
    default:
        if (!part || !part->message)
            return false;
        dim = arena_alloc(scene->arena, sizeof *dim);
        *dim = (struct message){.kind = KIND_DIM, .arena = scene->arena};
        part_insert(dim, 0,
                    random_below(scene->random, 3) ? part_of_int(1, interesting_int(scene->random))
                                                   : part_of_text(2, "n"));
        part->message = dim;
        return true;
    }
}

// Inputs (11) and outputs (12) of a graph.
static bool change_interface(struct scene *scene)
{
    struct message *graph = pick(scene, KIND_GRAPH), *info;
    uint32_t number = random_below(scene->random, 2) ? 11 : 12;
    size_t at, name_at;
    struct part *part = pick_part(scene, graph, number, &at), *name;

    if (!part)
        return false;
    switch (random_below(scene->random, 4)) {
    case 0:
        part_remove(graph, at);
        return true;
    case 1:
        part_insert(graph, at, *part);
        return true;
    case 2:
        info = arena_alloc(scene->arena, sizeof *info);
        *info = (struct message){.kind = KIND_INFO, .arena = scene->arena};
        part_insert(info, 0, (struct part){1, WIRE_BYTES, 0, pick_name(scene), NULL});
        part_insert(graph, at, (struct part){number, WIRE_BYTES, 0, {NULL, 0}, info});
        return true;
    default:
        name = part->message ? pick_part(scene, part->message, 1, &name_at) : NULL;
        if (name)
            name->bytes = pick_name(scene);
        return name;
    }
}

static bool change_opset(struct scene *scene)
{
    size_t at;
    struct part *part = pick_part(scene, pick(scene, KIND_OPSET), 2, &at);

    if (part)
        part->bits = random_below(scene->random, 26);
    return part;
}

// ---- the table ---------------------------------------------------------------------------------

static const struct {
    const char *name;
    bool (*apply)(struct scene *);
    int weight;
} mutations[] = {
    {"drop_node", drop_node, 1},
    {"repeat_node", repeat_node, 1},
    {"swap_nodes", swap_nodes, 1},
    {"change_op", change_op, 5},
    {"change_edge", change_edge, 3},
    {"rename_edges", rename_edges, 1},
    {"change_attribute", change_attribute, 16},
    {"drop_attribute", drop_attribute, 2},
    {"move_attribute", move_attribute, 1},
    {"add_attribute", add_attribute, 10},
    {"retype_attribute", retype_attribute, 1},
    {"rename_attribute", rename_attribute, 1},
    {"nest_body", nest_body, 2},
    {"change_tensor_dims", change_tensor_dims, 3},
    {"change_tensor_type", change_tensor_type, 2},
    {"cut_tensor", cut_tensor, 1},
    {"change_tensor_numbers", change_tensor_numbers, 10},
    {"change_place", change_place, 1},
    {"open_weight", open_weight, 2},
    {"change_declared_type", change_declared_type, 2},
    {"change_declared_shape", change_declared_shape, 10},
    {"change_interface", change_interface, 1},
    {"change_opset", change_opset, 2},
};

static size_t draw_mutation(struct random *random)
{
    enum { COUNT = sizeof mutations / sizeof *mutations };
    uint64_t total = 0, at;
    size_t which = 0;

    for (size_t i = 0; i < COUNT; i++)
        total += (uint64_t)mutations[i].weight;
    at = random_below(random, total);
    while (at >= (uint64_t)mutations[which].weight)
        at -= (uint64_t)mutations[which++].weight;
    return which;
}

void mutate(struct message *model, struct random *random, struct text *told)
{
    struct scene scene = {model, random, model->arena};
    uint64_t wanted = random_below(random, 2) ? 1 : 1 + random_below(random, 4);

    for (int tries = 0; wanted && tries < 40; tries++) {
        size_t which = draw_mutation(random);
        if (!mutations[which].apply(&scene))
            continue;
        text_add(told, mutations[which].name);
        text_add(told, --wanted ? " " : "");
    }
}
