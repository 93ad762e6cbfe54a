// Scan of opset 8 ran over a batch: today it is a Scan over the samples around one over the
// sequence of each.
#include <string.h>

#include "io/onnx_internal.h"

static const char **fresh_names(struct reader *reader, const struct source_node *node,
                                const char *stem, int count)
{
    const char **name = arena_array(reader->arena, const char *, (size_t)count + 1);

    for (int i = 0; i < count; i++)
        name[i] = name_map_unique(
            &reader->names, &reader->counters,
            arena_format(reader->arena, "%s/%s", *node->name ? node->name : node->output[0], stem));
    return name;
}

static void put_names(struct text *out, uint32_t number, const char *const *name, int count)
{
    for (int i = 0; i < count; i++)
        wire_put_bytes(out, number, name[i], strlen(name[i]));
}

static void put_infos(struct text *out, uint32_t number, const char *const *name, int count)
{
    for (int i = 0; i < count; i++) {
        struct text info;
        text_init(&info);
        wire_put_text(&info, INFO_NAME, name[i]);
        wire_put_message(out, number, &info);
    }
}

static void put_inner_attributes(struct text *out, const struct source_node *node)
{
    for (int i = 0; i < node->attribute_count; i++) {
        const struct attribute *from = &node->attribute[i];
        if (strcmp(from->name, "directions") == 0)
            attribute_put_ints(out, "scan_input_directions", from->ints.at, from->ints.count);
        else
            wire_put_bytes(out, NODE_ATTRIBUTE, from->bytes.at, from->bytes.length);
    }
}

// The body of the outer Scan: one node, which is what the Scan of opset 8 was for one sample.
static void put_outer_body(struct reader *reader, const struct source_node *node, int inputs,
                           struct text *out)
{
    const char **in = fresh_names(reader, node, "sample", inputs);
    const char **result = fresh_names(reader, node, "result", node->output_count);
    struct text inner;

    text_init(&inner);
    put_names(&inner, NODE_INPUT, in, inputs);
    put_names(&inner, NODE_OUTPUT, result, node->output_count);
    wire_put_text(&inner, NODE_OP, "Scan");
    put_inner_attributes(&inner, node);
    wire_put_message(out, GRAPH_NODE, &inner);
    wire_put_text(out, GRAPH_NAME, "sample");
    put_infos(out, GRAPH_INPUT, in, inputs);
    put_infos(out, GRAPH_OUTPUT, result, node->output_count);
}

enum status scan8_raise(struct reader *reader, struct source_node *node)
{
    struct attribute *attribute = arena_array(reader->arena, struct attribute, 2);
    int inputs = node->input_count - 1;
    struct text body, put;
    struct span bytes;
    struct wire wire;
    struct wire_field field;

    if (strcmp(node->op_type, "Scan") != 0 || node->opset >= 9)
        return OK;
    if (node->input_count && *node->input[0])
        return context_fail(reader->context, ERR_UNSUPPORTED,
                            "sequence_lens of opset 8 are not supported");
    if (inputs < 1)
        return context_fail(reader->context, ERR_FORMAT, "has nothing to scan");
    text_init(&body);
    text_init(&put);
    put_outer_body(reader, node, inputs, &body);
    attribute_put_graph(&put, "body", &body);
    attribute_put_int(&put, "num_scan_inputs", inputs);
    bytes = (struct span){(unsigned char *)arena_copy_bytes(reader->arena, put.at, put.length),
                          put.length};
    text_clear(&put);
    wire = wire_over(bytes, 2);
    for (int i = 0; i < 2 && wire_next(&wire, &field); i++)
        TRY(attribute_open(reader->context, reader->arena, wire_bytes(&wire, &field), 3,
                           &attribute[i]));
    node->attribute = attribute;
    node->attribute_count = 2;
    node->input++;
    node->input_count--;
    node->opset = 9; // inside too: but for a few operators the same
    return wire_status(reader->context, &wire);
}
