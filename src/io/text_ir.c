// Reader of the text IR: one pass, a statement at a time.
#include "io/text_ir.h"

#include <stdlib.h>
#include <string.h>

#include "io/model.h"
#include "io/text_ir_internal.h"

struct parser {
    struct context *context;
    struct graph *graph;
    struct arena *arena; // scratch
    const char *at;
    int line;
    struct value_id *he; // weights to draw at the end
    size_t he_count;
    struct value_id *input, *output;
    uint32_t input_count, output_count, room; // of both lists
    bool has_output;
};

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_' || c == '.' || c == '/' || c == '-';
}

bool text_ir_is_plain(const char *name)
{
    if (!*name || strcmp(name, "_") == 0 || (*name >= '0' && *name <= '9') || *name == '-')
        return false;
    while (is_name_char(*name))
        name++;
    return *name == '\0';
}

static void skip_spaces(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t' || *parser->at == '\r')
        parser->at++;
}

// Between statements: spaces, ';', newlines and comments.
static void skip_between(struct parser *parser)
{
    for (;; parser->at++) {
        skip_spaces(parser);
        if (*parser->at == '#')
            parser->at += strcspn(parser->at, "\n");
        if (*parser->at == '\n')
            parser->line++;
        else if (*parser->at != ';')
            return;
    }
}

// "'NAME' what"
static enum status wrong(struct parser *parser, const char *name, const char *what)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail(parser->context, ERR_FORMAT, "'%s' %s", safe.at, what);
    text_clear(&safe);
    return ERR_FORMAT;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A quoted text with \" \\ \n and \xNN; NULL: it does not end.
static const char *parse_quoted(struct parser *parser)
{
    char *out = arena_alloc(parser->arena, strcspn(parser->at + 1, "\n") + 2);
    size_t length = 0;

    for (parser->at++; *parser->at != '"'; parser->at++) {
        char c = *parser->at;
        if (c == '\0' || c == '\n')
            return NULL;
        if (c == '\\') {
            c = *++parser->at;
            if (c == 'x' && hex_digit(parser->at[1]) >= 0 && hex_digit(parser->at[2]) >= 0) {
                c = (char)(16 * hex_digit(parser->at[1]) + hex_digit(parser->at[2]));
                parser->at += 2;
            } else if (c == 'n') {
                c = '\n';
            } else if (c != '"' && c != '\\') {
                return NULL;
            }
            if (c == '\0')
                return NULL;
        }
        out[length++] = c;
    }
    parser->at++;
    return out;
}

static const char *parse_name(struct parser *parser)
{
    const char *start = parser->at;

    if (*start == '"')
        return parse_quoted(parser);
    while (is_name_char(*parser->at))
        parser->at++;
    return parser->at == start
               ? NULL
               : arena_copy_bytes(parser->arena, start, (size_t)(parser->at - start));
}

static enum status want_name(struct parser *parser, const char **out)
{
    *out = parse_name(parser);
    return *out ? OK : context_fail(parser->context, ERR_FORMAT, "a name is missing or damaged");
}

// What stands after '=': up to a space, ';' or '#', or a quoted text.
static const char *parse_word(struct parser *parser)
{
    size_t length;
    const char *word;

    if (*parser->at == '"')
        return parse_quoted(parser);
    if (*parser->at == '[') { // a list may have spaces inside
        char *list;
        length = strcspn(parser->at, "]\n;#");
        length += parser->at[length] == ']';
        list = arena_copy_bytes(parser->arena, parser->at, length);
        parser->at += length;
        length = 0;
        for (const char *c = list; *c; c++)
            if (*c != ' ' && *c != '\t')
                list[length++] = *c;
        list[length] = '\0';
        return list;
    }
    length = strcspn(parser->at, " \t\r\n;#");
    word = arena_copy_bytes(parser->arena, parser->at, length);
    parser->at += length;
    return word;
}

// ---- values ----

static enum status parse_dims(struct parser *parser, struct value *out)
{
    const char *name[SHAPE_MAX_RANK] = {NULL};
    int64_t dim[SHAPE_MAX_RANK];
    bool has_name = false;
    int rank = 0;

    for (parser->at++; *parser->at != ']'; rank++) {
        const char *word;
        char *end;
        if (rank == SHAPE_MAX_RANK)
            return context_fail(parser->context, ERR_FORMAT, "more than %d dimensions",
                                SHAPE_MAX_RANK);
        skip_spaces(parser);
        dim[rank] = -1;
        if (*parser->at == '?') {
            parser->at++;
        } else {
            bool is_quoted = *parser->at == '"';
            TRY(want_name(parser, &word));
            if (is_quoted || text_ir_is_plain(word)) {
                name[rank] = arena_copy_text(parser->graph->arena, word);
            } else {
                dim[rank] = strtoll(word, &end, 10);
                if (*end || dim[rank] < 0)
                    return wrong(parser, word, "is no dimension");
            }
            has_name |= name[rank] != NULL;
        }
        skip_spaces(parser);
        if (*parser->at == ',')
            parser->at++;
        else if (*parser->at != ']')
            return context_fail(parser->context, ERR_FORMAT, "']' is missing");
    }
    parser->at++;
    if (has_name)
        out->dim_name =
            arena_copy(parser->graph->arena, name, (size_t)rank * sizeof *name);
    return shape_set(parser->context, &out->tensor.shape, rank, dim);
}

// "f32[1,3]" into the value's tensor and dim names; a type without brackets is a scalar.
static enum status parse_type(struct parser *parser, const char *dtype, struct value *out)
{
    out->tensor = (struct tensor){dtype_from_name(dtype), SHAPE_SCALAR, NULL, 0};
    if (strncmp(parser->at, "[*]", 3) == 0) {
        out->tensor.shape = SHAPE_UNKNOWN;
        parser->at += 3;
        return OK;
    }
    return *parser->at == '[' ? parse_dims(parser, out) : OK;
}

static void *grown(struct parser *parser, const void *list, size_t count, size_t item)
{
    char *copy = arena_alloc(parser->arena, (count ? 2 * count : 1) * item);

    if (count)
        memcpy(copy, list, count * item);
    return copy;
}

static void append(struct parser *parser, struct value_id **list, size_t count,
                   struct value_id id)
{
    if ((count & (count - 1)) == 0) // a power of two: full
        *list = grown(parser, *list, count, sizeof id);
    (*list)[count] = id;
}

static enum status add_weight(struct parser *parser, const char *name, const char *init,
                              const struct value *type)
{
    struct tensor tensor;
    struct value_id id;
    enum status status;
    bool is_he = false;

    if (!shape_is_static(&type->tensor.shape))
        return wrong(parser, name, "is a weight with an open dimension");
    if (shape_count(&type->tensor.shape) > TEXT_IR_ELEMENTS_MAX)
        return wrong(parser, name, "is too large for a text");
    TRY(tensor_alloc(parser->context, &tensor, type->tensor.dtype, &type->tensor.shape));
    status = text_ir_init(parser->context, name, init, &tensor, &is_he);
    if (status == OK)
        status = graph_add_value(parser->context, parser->graph, name, VALUE_WEIGHT, tensor, &id);
    if (status != OK)
        tensor_release(&tensor);
    else if (is_he)
        append(parser, &parser->he, parser->he_count++, id);
    return status;
}

static enum status parse_value(struct parser *parser, const char *name, const char *dtype)
{
    struct value type = {.dim_name = NULL};
    struct value_id id;
    const char *before;

    TRY(parse_type(parser, dtype, &type));
    before = parser->at;
    skip_spaces(parser);
    if (strncmp(parser->at, "init=", 5) == 0) {
        const char *init;
        parser->at += 5;
        init = parse_word(parser);
        if (!init)
            return context_fail(parser->context, ERR_FORMAT, "init is damaged");
        return add_weight(parser, name, init, &type);
    }
    parser->at = before;
    TRY(graph_add_value(parser->context, parser->graph, name, VALUE_INPUT, type.tensor, &id));
    graph_value(parser->graph, id)->dim_name = type.dim_name;
    append(parser, &parser->input, parser->input_count++, id);
    return OK;
}

// ---- nodes ----

struct names {
    const char **at; // NULL: left out
    int count, explicit_count; // those after '|' are captured by subgraphs
};

// Names separated by ',' up to what is none of them; none at all where `end` stands.
static enum status parse_names(struct parser *parser, struct names *out, char end)
{
    *out = (struct names){.explicit_count = -1};
    skip_spaces(parser);
    if (*parser->at == end)
        return OK;
    for (;; parser->at++) {
        skip_spaces(parser);
        if (*parser->at == '|' && out->count == 0 && end == ')') {
            out->explicit_count = 0;
            continue;
        }
        bool is_left_out = *parser->at == '_' && !is_name_char(parser->at[1]);
        if ((out->count & (out->count - 1)) == 0) // a power of two: full
            out->at = grown(parser, out->at, (size_t)out->count, sizeof *out->at);
        TRY(want_name(parser, &out->at[out->count]));
        if (is_left_out)
            out->at[out->count] = NULL;
        out->count++;
        skip_spaces(parser);
        if (*parser->at == '|' && out->explicit_count < 0 && end == ')')
            out->explicit_count = out->count;
        else if (*parser->at != ',')
            return OK;
    }
}

static enum status find_values(struct parser *parser, const struct names *names,
                               struct value_id *out)
{
    for (int i = 0; i < names->count; i++) {
        out[i] = names->at[i] ? graph_find_value(parser->graph, names->at[i]) : NO_VALUE;
        if (names->at[i] && !value_exists(out[i]))
            return wrong(parser, names->at[i], "is not defined");
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
    dtype = parse_name(&inner);
    if (!dtype || dtype_from_name(dtype) == DT_NONE)
        return wrong(parser, key, "wants a tensor such as f32[1]=0");
    TRY(parse_type(&inner, dtype, &type));
    if (*inner.at != '=' || !shape_is_static(&type.tensor.shape) ||
        shape_count(&type.tensor.shape) > TEXT_IR_ELEMENTS_MAX)
        return wrong(parser, key, "wants a tensor such as f32[1]=0");
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
        return wrong(parser, key, "is no attribute of this operator");
    if (field->type == FIELD_TENSOR)
        return parse_tensor(parser, word, key,
                            (struct tensor **)(void *)((char *)attr + field->offset));
    context_init(&silent);
    if (field_parse(&silent, field, word, attr, parser->arena) != OK)
        return wrong(parser, word, "is no value for this attribute");
    return OK;
}

// key=word, but not the "b=Conv(" of a next statement. key NULL: no attribute follows.
static enum status next_attribute(struct parser *parser, const char **key, const char **word)
{
    const char *before = parser->at;

    skip_spaces(parser);
    *key = parse_name(parser);
    if (*key && *parser->at == '=') {
        parser->at++;
        *word = parse_word(parser);
        if (!*word)
            return wrong(parser, *key, "has a damaged value");
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
            return wrong(parser, key, "is not raw=HEX, all that another's operator takes");
        for (; *word; word += 2) {
            int high = hex_digit(word[0]), low = high < 0 ? -1 : hex_digit(word[1]);
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

    TRY(want_name(parser, &name));
    if (strncmp(parser->at, "::", 2) == 0) {
        parser->at += 2;
        domain = name;
        TRY(want_name(parser, &name));
    }
    if (*parser->at != '(')
        return wrong(parser, name, "wants a '(' behind it");
    *out = domain ? NULL : op_find(name);
    if (!domain && !*out)
        return wrong(parser, name, "is no operator");
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
    struct value_id *output =
        arena_array(parser->arena, struct value_id, (size_t)outputs->count);
    void *attr = arena_alloc(parser->arena, op->attr_bytes + 1);
    struct node_id id;
    struct text raw;
    enum status status;

    TRY(find_values(parser, inputs, input));
    if (op->attr)
        fields_preset(op->attr, attr, parser->arena);
    text_init(&raw);
    status = parse_attributes(parser, op, attr, &raw);
    for (int i = 0; i < outputs->count && status == OK; i++) {
        output[i] = NO_VALUE;
        if (outputs->at[i])
            status = graph_add_value(parser->context, parser->graph, outputs->at[i],
                                     VALUE_ACTIVATION,
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

static enum status parse_node(struct parser *parser, const char *node_name)
{
    struct names inputs, outputs;
    const struct op *op;

    TRY(parse_names(parser, &outputs, '='));
    if (*parser->at != '=')
        return context_fail(parser->context, ERR_FORMAT, "'=' is missing");
    parser->at++;
    skip_spaces(parser);
    TRY(parse_op(parser, &op));
    parser->at++;
    TRY(parse_names(parser, &inputs, ')'));
    if (*parser->at != ')')
        return context_fail(parser->context, ERR_FORMAT, "')' is missing");
    parser->at++;
    if (op->is_unknown)
        ((struct op *)(uintptr_t)op)->min_inputs =
            inputs.explicit_count >= 0 ? inputs.explicit_count : inputs.count;
    return add_node(parser, node_name, op, &inputs, &outputs);
}

// ---- statements ----

static enum status parse_output(struct parser *parser)
{
    struct names names;

    TRY(parse_names(parser, &names, '\n'));
    parser->output = arena_array(parser->arena, struct value_id, (size_t)names.count);
    parser->output_count = (uint32_t)names.count;
    parser->has_output = true;
    return find_values(parser, &names, parser->output);
}

static enum status parse_pair(struct parser *parser, const char **key, const char **text)
{
    skip_spaces(parser);
    TRY(want_name(parser, key));
    if (*parser->at != '=')
        return wrong(parser, *key, "wants a '=' behind it");
    parser->at++;
    if (*parser->at == '"') {
        *text = parse_quoted(parser);
    } else {
        size_t length = strcspn(parser->at, "\r\n");
        *text = arena_copy_bytes(parser->arena, parser->at, length);
        parser->at += length;
    }
    return *text ? OK : wrong(parser, *key, "has a damaged text");
}

static enum status parse_opset(struct parser *parser)
{
    struct opset **last = &parser->graph->opset;
    const char *domain, *version;

    TRY(parse_pair(parser, &domain, &version));
    while (*last)
        last = &(*last)->next;
    *last = arena_alloc(parser->graph->arena, sizeof **last);
    **last = (struct opset){arena_copy_text(parser->graph->arena, domain),
                            strtoll(version, NULL, 10), NULL};
    return OK;
}

static enum status parse_keyword(struct parser *parser, const char *word, bool *is_keyword)
{
    const char *key, *text;

    // "output = Relu(x)" defines a value of that name.
    skip_spaces(parser);
    *is_keyword = *parser->at != '=' && *parser->at != ':' && *parser->at != ',';
    if (!*is_keyword)
        return OK;
    if (strcmp(word, "output") == 0)
        return parse_output(parser);
    if (strcmp(word, "opset") == 0)
        return parse_opset(parser);
    if (strcmp(word, "graph") == 0) {
        TRY(want_name(parser, &text));
        parser->graph->name = arena_copy_text(parser->graph->arena, text);
        return OK;
    }
    if (strcmp(word, "meta") == 0) {
        TRY(parse_pair(parser, &key, &text));
        graph_set_metadata(parser->graph, key, text);
        return OK;
    }
    return wrong(parser, word, "wants a type, or is no node and no keyword");
}

static enum status parse_statement(struct parser *parser)
{
    const char *start = parser->at, *name, *dtype, *after;
    bool is_keyword = false;

    TRY(want_name(parser, &name));
    if (*parser->at != ':') {
        if (*start != '"')
            TRY(parse_keyword(parser, name, &is_keyword));
        if (is_keyword)
            return OK;
        parser->at = start;
        return parse_node(parser, NULL);
    }
    parser->at++;
    after = parser->at;
    dtype = parse_name(parser);
    if (dtype && dtype_from_name(dtype) != DT_NONE && *after != '"')
        return parse_value(parser, name, dtype);
    parser->at = after;
    skip_spaces(parser);
    return parse_node(parser, name);
}

static enum status parse_all(struct parser *parser)
{
    enum status status = OK;

    for (skip_between(parser); *parser->at && status == OK; skip_between(parser))
        if ((status = parse_statement(parser)) != OK)
            break;
    if (status != OK)
        return context_fail_in(parser->context, status, "line %d", parser->line);
    for (size_t i = 0; i < parser->he_count; i++)
        text_ir_draw(parser->context, parser->graph, graph_value(parser->graph, parser->he[i]));
    graph_set_inputs(parser->graph, parser->input, parser->input_count);
    for (uint32_t i = 0; i < parser->output_count; i++)
        if (!value_exists(parser->output[i]))
            return context_fail(parser->context, ERR_FORMAT, "an output is left out");
    if (!parser->output_count)
        return context_fail(parser->context, ERR_FORMAT, "has no nodes and no output");
    graph_set_outputs(parser->graph, parser->output, parser->output_count);
    return graph_verify(parser->context, parser->graph) == OK ? OK : ERR_FORMAT;
}

enum status graph_from_text(struct context *context, const char *text, struct graph **out)
{
    struct parser parser = {.context = context,
                            .graph = graph_new(),
                            .arena = arena_new(),
                            .at = text,
                            .line = 1};
    enum status status = parse_all(&parser);

    arena_free(parser.arena);
    if (status != OK)
        graph_free(parser.graph);
    *out = status == OK ? parser.graph : NULL;
    return status;
}

static int probe_text(struct span head)
{
    for (size_t i = 0; i < head.length; i++)
        if (head.at[i] != '\n' && head.at[i] != '\t' && head.at[i] != '\r' && head.at[i] < ' ')
            return 0;
    return head.length ? 10 : 0;
}

static enum status read_text(struct context *context, const struct model_source *source,
                             struct graph **out)
{
    struct arena *arena = arena_new();
    const char *text = arena_copy_bytes(arena, source->bytes.at, source->bytes.length);
    enum status status;

    *out = NULL;
    if (strlen(text) != source->bytes.length)
        status = context_fail(context, ERR_FORMAT, "is no text");
    else
        status = graph_from_text(context, text, out);
    arena_free(arena);
    return status;
}

static enum status write_text(struct context *context, const struct graph *graph,
                              struct model_target *target)
{
    (void)context;
    graph_to_text(graph, &target->bytes);
    return OK;
}

const struct format format_text_ir = {
    .name = "text_ir",
    .summary = "the IR as text, for tests and for architectures to train",
    .probe = probe_text,
    .read = read_text,
    .write = write_text,
};
