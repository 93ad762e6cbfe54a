// Nodes of the text IR: operator, arguments, attributes.
#include <string.h>

#include "io/text_ir_internal.h"

// Names separated by ',' up to what is none of them; none at all where `end` stands.
enum status parser_names(struct parser *parser, struct names *out, char end)
{
    *out = (struct names){.explicit_count = -1};
    parser_skip_spaces(parser);
    if (*parser->at == end)
        return OK;
    for (;; parser->at++) {
        parser_skip_spaces(parser);
        if (*parser->at == '|' && out->count == 0 && end == ')') {
            out->explicit_count = 0;
            continue;
        }
        bool is_left_out = *parser->at == '_' && !parser_is_name_char(parser->at[1]);
        if ((out->count & (out->count - 1)) == 0) // a power of two: full
            out->at = parser_grown(parser, out->at, (size_t)out->count, sizeof *out->at);
        TRY(parser_want_name(parser, &out->at[out->count]));
        if (is_left_out)
            out->at[out->count] = NULL;
        out->count++;
        parser_skip_spaces(parser);
        if (*parser->at == '|' && out->explicit_count < 0 && end == ')')
            out->explicit_count = out->count;
        else if (*parser->at != ',')
            return OK;
    }
}

enum status parser_find_values(struct parser *parser, const struct names *names,
                               struct value_id *out)
{
    for (int i = 0; i < names->count; i++) {
        out[i] = names->at[i] ? graph_find_value(parser->graph, names->at[i]) : NO_VALUE;
        if (names->at[i] && !value_exists(out[i]))
            return parser_fail(parser, names->at[i], "is not defined");
    }
    return OK;
}

static void release_tensor(void *tensor)
{
    tensor_release(tensor);
}

static enum status parse_tensor(struct parser *parser, const char *word, const char *key,
                                struct tensor **out)
{
    struct parser inner = *parser;
    struct value type = {.dim_name = NULL};
    const char *dtype;
    bool is_he;

    inner.at = word;
    dtype = parser_name(&inner);
    if (!dtype || dtype_from_name(dtype) == DT_NONE)
        return parser_fail(parser, key, "wants a tensor such as f32[1]=0");
    TRY(parser_type(&inner, dtype, &type));
    if (*inner.at != '=')
        return parser_fail(parser, key, "wants a tensor such as f32[1]=0");
    TRY(parser_check_size(parser, key, &type.tensor.shape));
    *out = arena_alloc(parser->graph->arena, sizeof **out);
    arena_defer(parser->graph->arena, release_tensor, *out);
    TRY(tensor_alloc(parser->context, *out, type.tensor.dtype, &type.tensor.shape));
    return text_ir_init(parser->context, key, inner.at + 1, *out, &is_he);
}

static enum status parse_attribute(struct parser *parser, const struct op *op, const char *key,
                                   const char *word, void *attr)
{
    const struct field *field = op->attr ? field_find(op->attr, key) : NULL;
    struct context silent;

    if (!field)
        return parser_fail(parser, key, "is no attribute of this operator");
    if (field->type == FIELD_GRAPH)
        return parser_fail(parser, key, "is a body: text can show them, not give them");
    if (field->type == FIELD_TENSOR)
        return parse_tensor(parser, word, key,
                            (struct tensor **)(void *)((char *)attr + field->offset));
    context_init(&silent);
    if (field_parse(&silent, field, word, attr, parser->arena) != OK)
        return parser_fail(parser, word, "is no value for this attribute");
    return OK;
}

// key=word, but not the "b=Conv(" of a next statement. key NULL: no attribute follows.
static enum status next_attribute(struct parser *parser, const char **key, const char **word)
{
    const char *before = parser->at;

    parser_skip_spaces(parser);
    *key = parser_name(parser);
    if (*key && *parser->at == '=') {
        parser->at++;
        *word = parser_word(parser);
        if (!*word)
            return parser_fail(parser, *key, "has a damaged value");
        if (**word && !strchr(*word, '('))
            return OK;
    }
    parser->at = before;
    *key = NULL;
    return OK;
}

static enum status parse_attributes(struct parser *parser, const struct op *op, void *attr,
                                    struct text *raw)
{
    const char *key, *word;

    for (;;) {
        TRY(next_attribute(parser, &key, &word));
        if (!key)
            return OK;
        if (!op->is_unknown) {
            TRY(parse_attribute(parser, op, key, word, attr));
            continue;
        }
        if (strcmp(key, "raw") != 0)
            return parser_fail(parser, key, "is not raw=HEX, all that another's operator takes");
        for (; *word; word += 2) {
            int high = parser_hex_digit(word[0]), low = high < 0 ? -1 : parser_hex_digit(word[1]);
            unsigned char byte = (unsigned char)(16 * high + low);
            if (high < 0 || low < 0)
                return context_fail(parser->context, ERR_FORMAT, "raw is no hexadecimal text");
            text_add_bytes(raw, &byte, 1);
        }
    }
}

// "Conv", or "com.acme::Blur": another's, or one of ONNX's that is not in the table.
static enum status parse_op(struct parser *parser, const struct op **out)
{
    const char *name, *domain = NULL;
    struct op *op;

    TRY(parser_want_name(parser, &name));
    if (strncmp(parser->at, "::", 2) == 0) {
        parser->at += 2;
        domain = name;
        TRY(parser_want_name(parser, &name));
    }
    if (*parser->at != '(')
        return parser_fail(parser, name, "wants a '(' behind it");
    *out = domain ? NULL : op_find(name);
    if (!domain && !*out)
        return parser_fail(parser, name, "is no operator");
    if (domain) {
        op = arena_alloc(parser->graph->arena, sizeof *op);
        *op = (struct op){.name = arena_copy_text(parser->graph->arena, name),
                          .domain = strcmp(domain, "ai.onnx") == 0
                                        ? ""
                                        : arena_copy_text(parser->graph->arena, domain),
                          .is_unknown = true,
                          .max_inputs = -1,
                          .max_outputs = -1};
        *out = op;
    }
    return OK;
}

static enum status add_node(struct parser *parser, const char *node_name, const struct op *op,
                            const struct names *inputs, const struct names *outputs)
{
    struct value_id *input = arena_array(parser->arena, struct value_id, (size_t)inputs->count);
    struct value_id *output = arena_array(parser->arena, struct value_id, (size_t)outputs->count);
    void *attr = arena_alloc(parser->arena, op->attr_bytes + 1);
    struct node_id id;
    struct text raw;
    enum status status;

    TRY(parser_find_values(parser, inputs, input));
    if (op->attr)
        fields_preset(op->attr, attr, parser->arena);
    text_init(&raw);
    status = parse_attributes(parser, op, attr, &raw);
    for (int i = 0; i < outputs->count && status == OK; i++) {
        output[i] = NO_VALUE;
        if (outputs->at[i])
            status =
                graph_add_value(parser->context, parser->graph, outputs->at[i], VALUE_ACTIVATION,
                                (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0}, &output[i]);
    }
    if (status == OK) {
        struct node *node;
        id = graph_add_node(parser->graph, op, node_name, op->is_unknown ? NULL : attr, input,
                            inputs->count, output, outputs->count);
        node = graph_node(parser->graph, id);
        node->raw_attr = arena_copy_bytes(parser->graph->arena, raw.at, raw.length);
        node->raw_attr_bytes = raw.length;
        if (!parser->has_output) {
            parser->output = output;
            parser->output_count = (uint32_t)outputs->count;
        }
    }
    text_clear(&raw);
    return status;
}

enum status parser_node(struct parser *parser, const char *node_name)
{
    struct names inputs, outputs;
    const struct op *op;

    TRY(parser_names(parser, &outputs, '='));
    if (*parser->at != '=')
        return context_fail(parser->context, ERR_FORMAT, "'=' is missing");
    if (!outputs.count)
        return context_fail(parser->context, ERR_FORMAT, "a node has no outputs");
    parser->at++;
    parser_skip_spaces(parser);
    TRY(parse_op(parser, &op));
    parser->at++;
    TRY(parser_names(parser, &inputs, ')'));
    if (*parser->at != ')')
        return context_fail(parser->context, ERR_FORMAT, "')' is missing");
    parser->at++;
    if (op->is_unknown)
        ((struct op *)(uintptr_t)op)->min_inputs =
            inputs.explicit_count >= 0 ? inputs.explicit_count : inputs.count;
    return add_node(parser, node_name, op, &inputs, &outputs);
}
