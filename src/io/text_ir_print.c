// Printer of the text IR.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/text_ir_internal.h"

static void put_quoted(const char *text, struct text *out)
{
    text_add(out, "\"");
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            text_format(out, "\\%c", *text);
        else if ((unsigned char)*text < ' ' || *text == 0x7F)
            text_format(out, "\\x%02x", (unsigned)*text);
        else
            text_add_bytes(out, text, 1);
    text_add(out, "\"");
}

static void put_name(const char *name, struct text *out)
{
    if (text_ir_is_plain(name))
        text_add(out, name);
    else
        put_quoted(name, out);
}

static void put_value(const struct graph *graph, struct value_id id, struct text *out)
{
    if (value_exists(id))
        put_name(graph_value(graph, id)->name, out);
    else
        text_add(out, "_");
}

static void put_shape(const struct shape *shape, const char *const *dim_name, struct text *out)
{
    if (shape->rank == 0)
        return;
    text_add(out, "[");
    if (shape->rank < 0)
        text_add(out, "*");
    for (int i = 0; i < shape->rank; i++) {
        text_add(out, i ? "," : "");
        if (shape->dim[i] >= 0)
            text_format(out, "%lld", (long long)shape->dim[i]);
        else if (dim_name && dim_name[i])
            put_name(dim_name[i], out);
        else
            text_add(out, "?");
    }
    text_add(out, "]");
}

static void put_type(const struct tensor *tensor, const char *const *dim_name, struct text *out)
{
    text_add(out, tensor->dtype < 0 ? "?" : dtype_info[tensor->dtype].name);
    put_shape(&tensor->shape, dim_name, out);
}

// As short as it can be and still the same float.
static void put_float(float number, struct text *out)
{
    char digits[32];

    for (int precision = 1; precision <= 9; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, (double)number);
        if (strtof(digits, NULL) == number)
            break;
    }
    text_add(out, digits);
}

static void put_element(const struct tensor *tensor, int64_t i, struct text *out)
{
    if (tensor->dtype == DT_U64)
        text_format(out, "%llu", (unsigned long long)tensor_get_int(tensor, i));
    else if (!dtype_info[tensor->dtype].is_float)
        text_format(out, "%lld", (long long)tensor_get_int(tensor, i));
    else if (tensor->dtype == DT_F64)
        text_add_double(out, tensor_get(tensor, i));
    else
        put_float((float)tensor_get(tensor, i), out);
}

static void put_data(const struct tensor *tensor, struct text *out)
{
    const unsigned char *data = tensor_data(tensor);
    uint64_t hash = 14695981039346656037u; // FNV-1a

    if (tensor_count(tensor) <= TEXT_IR_LIST_MAX) {
        text_add(out, "[");
        for (int64_t i = 0; i < tensor_count(tensor); i++) {
            text_add(out, i ? "," : "");
            put_element(tensor, i, out);
        }
        text_add(out, "]");
        return;
    }
    for (size_t i = 0, bytes = tensor_bytes(tensor); i < bytes; i++)
        hash = (hash ^ data[i]) * 1099511628211u;
    text_format(out, "hash:%016llx", (unsigned long long)hash);
}

static void put_annotations(const struct value *value, struct text *out)
{
    const struct quant *quant = value->quant;

    if (quant) {
        text_format(out, "  # quant %s bits %d", dtype_info[quant->dtype].name, quant->bits);
        if (quant->axis != QUANT_WHOLE_TENSOR)
            text_format(out, " axis %d", quant->axis);
        if (quant->count == 1 && quant->scale) {
            text_add(out, " scale ");
            put_float(quant->scale[0], out);
            text_format(out, " zero point %d", quant->zero_point ? quant->zero_point[0] : 0);
        }
    }
    if (value->sparsity)
        text_format(out, "%s sparse", quant ? "," : "  #");
}

// A body in braces, its lines moved in. It is for the reader's eyes: text_ir refuses to read it.
static void put_body(const char *name, const struct graph *body, struct text *out)
{
    struct text inner;

    text_init(&inner);
    graph_to_text(body, &inner);
    text_format(out, " %s={", name);
    for (const char *line = inner.at; line && *line; line = strchr(line, '\n') + 1)
        text_format(out, "\n    %.*s", (int)strcspn(line, "\n"), line);
    text_add(out, "\n}");
    text_clear(&inner);
}

static void put_attributes(const struct node *node, struct text *out)
{
    for (const struct field *field = node->op->attr; field && field->name && node->attr; field++) {
        const void *at = (const char *)node->attr + field->offset;
        struct tensor *const *tensor = at;
        struct text word;
        if (field->type == FIELD_TENSOR && *tensor) {
            text_format(out, " %s=", field->name);
            put_type(*tensor, NULL, out);
            text_add(out, "=");
            put_data(*tensor, out);
        }
        if (field->type == FIELD_GRAPH && *(struct graph *const *)at)
            put_body(field->name, *(struct graph *const *)at, out);
        if (field->type == FIELD_GRAPH || field->type == FIELD_TENSOR ||
            field_is_preset(field, node->attr))
            continue;
        text_init(&word);
        field_print(field, node->attr, &word);
        text_format(out, " %s=", field->name);
        if (field->type == FIELD_STRING && strcspn(word.at, " \t\n\r;#\"()[\\") != word.length)
            put_quoted(word.at, out);
        else
            text_add(out, word.at);
        text_clear(&word);
    }
    if (node->op->is_unknown && node->raw_attr_bytes) {
        text_add(out, " raw=");
        for (size_t i = 0; i < node->raw_attr_bytes; i++)
            text_format(out, "%02x", (unsigned char)node->raw_attr[i]);
    }
}

static void put_node(const struct graph *graph, uint32_t n, struct text *out)
{
    const struct node *node = &graph->node[n];
    char made_name[160]; // as graph_add_node would name it

    snprintf(made_name, sizeof made_name, "%s_%u", node->op->name, n);
    if (strcmp(made_name, node->name) != 0) {
        put_name(node->name, out);
        text_add(out, ": ");
    }
    for (int i = 0; i < node->output_count; i++) {
        text_add(out, i ? ", " : "");
        put_value(graph, node->output[i], out);
    }
    text_add(out, node->output_count ? " = " : "_ = ");
    if (node->op->is_unknown) {
        put_name(node->op->domain && *node->op->domain ? node->op->domain : "ai.onnx", out);
        text_add(out, "::");
    }
    put_name(node->op->name, out);
    text_add(out, "(");
    for (int i = 0; i < node->input_count; i++) {
        bool is_captured =
            i == (node->op->is_unknown ? node->op->min_inputs
                                       : node->input_count - node_capture_count(node));
        text_add(out, is_captured ? " | " : i ? ", " : "");
        put_value(graph, node->input[i], out);
    }
    text_add(out, ")");
    put_attributes(node, out);
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i]))
            put_annotations(graph_value(graph, node->output[i]), out);
    text_add(out, "\n");
}

static void put_values(const struct graph *graph, struct text *out)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        bool is_captured = i + graph->capture_count >= graph->input_count;
        text_add(out, is_captured ? "outer " : "");
        put_name(value->name, out);
        text_add(out, is_captured ? "" : ":");
        if (!is_captured)
            put_type(&value->tensor, value->dim_name, out);
        put_annotations(value, out);
        text_add(out, "\n");
    }
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct value *value = &graph->value[i];
        if (value->role != VALUE_WEIGHT)
            continue;
        put_name(value->name, out);
        text_add(out, ":");
        put_type(&value->tensor, NULL, out);
        text_add(out, " init=");
        put_data(&value->tensor, out);
        put_annotations(value, out);
        text_add(out, "\n");
    }
}

void graph_to_text(const struct graph *graph, struct text *out)
{
    if (graph->name && *graph->name) {
        text_add(out, "graph ");
        put_name(graph->name, out);
        text_add(out, "\n");
    }
    for (const struct opset *at = graph->opset; at; at = at->next) {
        text_add(out, "opset ");
        put_name(at->domain, out);
        text_format(out, "=%lld\n", (long long)at->version);
    }
    for (const struct metadata *at = graph->metadata; at; at = at->next) {
        text_add(out, "meta ");
        put_name(at->key, out);
        text_add(out, "=");
        put_quoted(at->text, out);
        text_add(out, "\n");
    }
    put_values(graph, out);
    for (uint32_t n = 0; n < graph->node_count; n++)
        put_node(graph, n, out);
    text_add(out, "output ");
    for (uint32_t i = 0; i < graph->output_count; i++) {
        text_add(out, i ? ", " : "");
        put_value(graph, graph->output[i], out);
    }
    text_add(out, "\n");
}
