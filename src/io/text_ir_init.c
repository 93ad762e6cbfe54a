// Weights of the text IR: lists of numbers, constants, and random starts for training.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "io/text_ir_internal.h"

uint64_t text_ir_hash(const char *name)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 1099511628211u;
    return hash;
}

// Inputs that one output sums over: dims after the first for Conv and Gemm with transB, the one
// before the last for MatMul and plain Gemm.
static double fan_in(const struct graph *graph, const struct value *value)
{
    const struct shape *shape = &value->tensor.shape;
    double fan = 1;

    if (shape->rank < 2)
        return shape->rank == 1 ? (double)shape->dim[0] : 1;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        const struct field *field;
        int64_t transposed = 0;
        if (node->input_count < 2 || !value_exists(node->input[1]) ||
            graph_value(graph, node->input[1]) != value)
            continue;
        field = node->op->attr ? field_find(node->op->attr, "transB") : NULL;
        if (field && field->type == FIELD_INT)
            memcpy(&transposed, (const char *)node->attr + field->offset, sizeof transposed);
        if (node_is(node, "MatMul") || (node_is(node, "Gemm") && !transposed))
            return (double)shape->dim[shape->rank - 2];
    }
    for (int i = 1; i < shape->rank; i++)
        fan *= (double)shape->dim[i];
    return fan;
}

void text_ir_draw(const struct context *context, const struct graph *graph, struct value *value)
{
    struct random random = random_stream(context->seed, text_ir_hash(value->name), 0);
    double fan = fan_in(graph, value), deviation = sqrt(2 / (fan > 0 ? fan : 1));

    for (int64_t i = 0, count = tensor_count(&value->tensor); i < count; i++)
        tensor_set(&value->tensor, i, deviation * random_normal(&random));
}

static bool parse_element(const char *text, char **end, struct tensor *tensor, int64_t i)
{
    const struct dtype_info *info = &dtype_info[tensor->dtype];
    bool is_wide = !info->is_float && info->bits == 64;

    if (strchr(" \t\n", *text))
        return false;
    if (is_wide) { // beyond 53 bits a double would not do
        errno = 0;
        uint64_t element =
            info->is_signed ? (uint64_t)strtoll(text, end, 10) : (uint64_t)strtoull(text, end, 10);
        if (*end == text || errno)
            return false;
        memcpy((char *)tensor_write(tensor) + i * 8, &element, 8);
        return true;
    }
    tensor_set(tensor, i, strtod(text, end));
    return *end != text;
}

static enum status fill_list(struct context *context, const char *at, struct tensor *tensor)
{
    int64_t count = tensor_count(tensor), i = 0;
    char *end;

    at++; // '['
    for (; *at && *at != ']'; i++) {
        if (i == count || !parse_element(at, &end, tensor, i))
            return context_fail(context, ERR_FORMAT,
                                i == count ? "init has more than %lld numbers"
                                           : "init: number %lld is none",
                                (long long)i);
        at = end + (*end == ',');
        if (*end != ',' && *end != ']')
            return context_fail(context, ERR_FORMAT, "init: ',' or ']' is missing");
    }
    if (*at != ']' || at[1] || i != count)
        return context_fail(context, ERR_FORMAT, "init has %lld numbers, its shape wants %lld",
                            (long long)i, (long long)count);
    return OK;
}

static void fill(struct tensor *tensor, double number)
{
    for (int64_t i = 0, count = tensor_count(tensor); i < count && number != 0; i++)
        tensor_set(tensor, i, number);
}

static bool parse_uniform(const char *init, double *low, double *high)
{
    char *end;

    *low = strtod(init + strlen("uniform("), &end);
    if (*end != ',')
        return false;
    *high = strtod(end + 1, &end);
    return strcmp(end, ")") == 0 && isfinite(*low) && isfinite(*high);
}

enum status text_ir_init(struct context *context, const char *name, const char *init,
                         struct tensor *tensor, bool *is_he)
{
    double low, high;

    *is_he = strcmp(init, "he") == 0;
    if (*is_he)
        return OK;
    if (*init == '[')
        return fill_list(context, init, tensor);
    if (strcmp(init, "zeros") == 0 || strcmp(init, "ones") == 0) {
        fill(tensor, *init == 'o');
    } else if (strncmp(init, "uniform(", 8) == 0 && parse_uniform(init, &low, &high)) {
        struct random random = random_stream(context->seed, text_ir_hash(name), 1);
        for (int64_t i = 0, count = tensor_count(tensor); i < count; i++)
            tensor_set(tensor, i, low + (high - low) * random_unit(&random));
    } else if (parse_number(init, &low)) {
        fill(tensor, low);
    } else if (strncmp(init, "hash:", 5) == 0) {
        return context_fail(context, ERR_UNSUPPORTED, "the weight itself is not in the text");
    } else {
        return context_fail(context, ERR_FORMAT,
                            "init wants he, zeros, ones, a number, "
                            "uniform(a,b) or [a,b,...]");
    }
    return OK;
}
