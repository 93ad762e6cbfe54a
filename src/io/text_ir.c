// Reader of the text IR: one pass, a statement at a time.
#include "io/text_ir.h"

#include <stdlib.h>
#include <string.h>

#include "io/model.h"
#include "io/text_ir_internal.h"

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
        parser_skip_spaces(parser);
        dim[rank] = -1;
        if (*parser->at == '?') {
            parser->at++;
        } else {
            bool is_quoted = *parser->at == '"';
            TRY(parser_want_name(parser, &word));
            if (is_quoted || text_ir_is_plain(word)) {
                name[rank] = arena_copy_text(parser->graph->arena, word);
            } else {
                dim[rank] = strtoll(word, &end, 10);
                if (*end || dim[rank] < 0)
                    return parser_fail(parser, word, "is no dimension");
            }
            has_name |= name[rank] != NULL;
        }
        parser_skip_spaces(parser);
        if (*parser->at == ',')
            parser->at++;
        else if (*parser->at != ']')
            return context_fail(parser->context, ERR_FORMAT, "']' is missing");
    }
    parser->at++;
    if (has_name)
        out->dim_name = arena_copy(parser->graph->arena, name, (size_t)rank * sizeof *name);
    return shape_set(parser->context, &out->tensor.shape, rank, dim);
}

// "f32[1,3]" into the value's tensor and dim names; a type without brackets is a scalar.
enum status parser_type(struct parser *parser, const char *dtype, struct value *out)
{
    out->tensor = (struct tensor){dtype_from_name(dtype), SHAPE_SCALAR, NULL, 0};
    if (strncmp(parser->at, "[*]", 3) == 0) {
        out->tensor.shape = SHAPE_UNKNOWN;
        parser->at += 3;
        return OK;
    }
    return *parser->at == '[' ? parse_dims(parser, out) : OK;
}

static void append(struct parser *parser, struct value_id **list, size_t count, struct value_id id)
{
    if ((count & (count - 1)) == 0) // a power of two: full
        *list = parser_grown(parser, *list, count, sizeof id);
    (*list)[count] = id;
}

enum status parser_check_size(struct parser *parser, const char *name, const struct shape *shape)
{
    int64_t count = shape_count(shape);

    if (count < 0)
        return parser_fail(parser, name, "is a weight with an open dimension");
    if (count > TEXT_IR_ELEMENTS_MAX - parser->element_count)
        return parser_fail(parser, name, "is too large for a text");
    parser->element_count += count;
    return OK;
}

static enum status add_weight(struct parser *parser, const char *name, const char *init,
                              const struct value *type)
{
    struct tensor tensor;
    struct value_id id;
    enum status status;
    bool is_he = false;

    TRY(parser_check_size(parser, name, &type->tensor.shape));
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

    TRY(parser_type(parser, dtype, &type));
    before = parser->at;
    parser_skip_spaces(parser);
    if (strncmp(parser->at, "init=", 5) == 0) {
        const char *init;
        parser->at += 5;
        init = parser_word(parser);
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

static enum status parse_output(struct parser *parser)
{
    struct names names;

    TRY(parser_names(parser, &names, '\n'));
    parser->output = arena_array(parser->arena, struct value_id, (size_t)names.count);
    parser->output_count = (uint32_t)names.count;
    parser->has_output = true;
    return parser_find_values(parser, &names, parser->output);
}

static enum status parse_pair(struct parser *parser, const char **key, const char **text)
{
    parser_skip_spaces(parser);
    TRY(parser_want_name(parser, key));
    if (*parser->at != '=')
        return parser_fail(parser, *key, "wants a '=' behind it");
    parser->at++;
    if (*parser->at == '"') {
        *text = parser_quoted(parser);
    } else {
        size_t length = strcspn(parser->at, "\r\n");
        *text = arena_copy_bytes(parser->arena, parser->at, length);
        parser->at += length;
    }
    return *text ? OK : parser_fail(parser, *key, "has a damaged text");
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
    parser_skip_spaces(parser);
    *is_keyword = *parser->at != '=' && *parser->at != ':' && *parser->at != ',';
    if (!*is_keyword)
        return OK;
    if (strcmp(word, "output") == 0)
        return parse_output(parser);
    if (strcmp(word, "opset") == 0)
        return parse_opset(parser);
    if (strcmp(word, "graph") == 0) {
        TRY(parser_want_name(parser, &text));
        parser->graph->name = arena_copy_text(parser->graph->arena, text);
        return OK;
    }
    if (strcmp(word, "meta") == 0) {
        TRY(parse_pair(parser, &key, &text));
        graph_set_metadata(parser->graph, key, text);
        return OK;
    }
    return parser_fail(parser, word, "wants a type, or is no node and no keyword");
}

static enum status parse_statement(struct parser *parser)
{
    const char *start = parser->at, *name, *dtype, *after;
    bool is_keyword = false;

    TRY(parser_want_name(parser, &name));
    if (*parser->at != ':') {
        if (*start != '"')
            TRY(parse_keyword(parser, name, &is_keyword));
        if (is_keyword)
            return OK;
        parser->at = start;
        return parser_node(parser, NULL);
    }
    parser->at++;
    after = parser->at;
    dtype = parser_name(parser);
    if (dtype && dtype_from_name(dtype) != DT_NONE && *after != '"')
        return parse_value(parser, name, dtype);
    parser->at = after;
    parser_skip_spaces(parser);
    return parser_node(parser, name);
}

static enum status parse_all(struct parser *parser)
{
    enum status status = OK;

    for (parser_skip_between(parser); *parser->at && status == OK; parser_skip_between(parser))
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
    struct parser parser = {
        .context = context, .graph = graph_new(), .arena = arena_new(), .at = text, .line = 1};
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
