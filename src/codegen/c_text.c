// Literals, arrays and addresses of generated C.
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_internal.h"
#include "ops/window.h"

void c_use(struct c_writer *w, enum c_template which)
{
    while (!w->uses[which]) {
        w->uses[which] = true;
        w->needs_math |= c_template_needs_math(which);
        which = c_template_base(which);
    }
}

void c_float(struct text *text, double number)
{
    char digits[40];

    snprintf(digits, sizeof digits, "%.9g", number);
    if (isinf(number)) // beyond the type: C99 has no plain spelling without math.h
        text_add(text, number < 0 ? "-3.402823466e+38f" : "3.402823466e+38f");
    else
        text_format(text, "%s%sf", digits, strpbrk(digits, ".e") ? "" : ".0");
}

void c_comment(struct text *text, const char *name)
{
    for (; *name; name++)
        text_format(text, "%c",
                    isalnum((unsigned char)*name) || strchr("_./:-", *name) ? *name : '_');
}

// ---- arrays ------------------------------------------------------------------------------------

static void open_array(struct c_writer *w, const char *type, int64_t count, int64_t bytes)
{
    text_format(&w->externs, "extern const %s model_w%d[%lld];\n", type, w->array_count,
                (long long)(count ? count : 1));
    text_format(&w->arrays, "\nextern const %s model_w%d[%lld];\nconst %s model_w%d[%lld] = {",
                type, w->array_count, (long long)(count ? count : 1), type, w->array_count,
                (long long)(count ? count : 1));
    w->weight_bytes += bytes;
}

static int close_array(struct c_writer *w, int64_t count)
{
    text_add(&w->arrays, count ? "\n};\n" : "0};\n");
    return w->array_count++;
}

static void separate(struct text *text, int64_t i, int64_t per_line)
{
    text_add(text, i % per_line ? " " : "\n    ");
}

int c_bytes(struct c_writer *w, const unsigned char *bytes, int64_t count)
{
    open_array(w, "unsigned char", count, count);
    for (int64_t i = 0; i < count; i++) {
        separate(&w->arrays, i, 20);
        text_format(&w->arrays, "%d,", bytes[i]);
    }
    return close_array(w, count);
}

int c_ints(struct c_writer *w, const int32_t *number, int64_t count)
{
    open_array(w, "int32_t", count, 4 * count);
    for (int64_t i = 0; i < count; i++) {
        separate(&w->arrays, i, 10);
        text_format(&w->arrays, "%ld,", (long)number[i]);
    }
    return close_array(w, count);
}

int c_floats(struct c_writer *w, const struct tensor *tensor)
{
    int64_t count = tensor_count(tensor);

    open_array(w, "float", count, 4 * count);
    for (int64_t i = 0; i < count; i++) {
        separate(&w->arrays, i, 6);
        c_float(&w->arrays, tensor_get(tensor, i));
        text_add(&w->arrays, ",");
    }
    return close_array(w, count);
}

// ---- integer weights ---------------------------------------------------------------------------

struct encoding {
    bool is_masked;
    int bits; // of a value that is stored
    int64_t bytes;
};

static struct encoding best_encoding(const int16_t *weight, int64_t count)
{
    struct encoding dense = {false, 2, 0}, masked = {true, 2, 0};
    int64_t nonzero = 0;
    bool ones = true;

    for (int64_t i = 0; i < count; i++) {
        int bits = weight[i] >= -2 && weight[i] <= 1       ? 2
                   : weight[i] >= -8 && weight[i] <= 7     ? 4
                   : weight[i] >= -128 && weight[i] <= 127 ? 8
                                                           : 16;
        dense.bits = bits > dense.bits ? bits : dense.bits;
        nonzero += weight[i] != 0;
        ones = ones && weight[i] >= -1 && weight[i] <= 1;
    }
    masked.bits = ones ? 1 : dense.bits;
    dense.bytes = (count * dense.bits + 7) / 8;
    masked.bytes = (count + 7) / 8 + (nonzero * masked.bits + 7) / 8;
    return masked.bytes < dense.bytes ? masked : dense;
}

static void put_bits(unsigned char *to, int64_t at, int bits, int weight)
{
    unsigned value = bits == 1 ? weight < 0 : (unsigned)weight & ((1u << bits) - 1);

    for (int i = 0; i < bits; i++)
        if (value >> i & 1)
            to[(at * bits + i) / 8] |= (unsigned char)(1u << (at * bits + i) % 8);
}

const char *c_weights(struct c_writer *w, const int16_t *weight, int64_t count)
{
    struct encoding best = best_encoding(weight, count);
    unsigned char *mask = must_alloc((size_t)count / 8 + 1);
    unsigned char *value = must_alloc((size_t)best.bytes + 2);
    int64_t stored = 0;
    int values, masks;

    for (int64_t i = 0; i < count; i++) {
        if (weight[i])
            put_bits(mask, i, 1, -1);
        if (weight[i] || !best.is_masked)
            put_bits(value, stored++, best.bits, weight[i]);
    }
    masks = best.is_masked ? c_bytes(w, mask, (count + 7) / 8) : -1;
    values = c_bytes(w, value, (stored * best.bits + 7) / 8);
    free(mask);
    free(value);
    return masks < 0 ? arena_format(w->arena, "(struct model_weights){0, model_w%d, %d}", values,
                                    best.bits)
                     : arena_format(w->arena, "(struct model_weights){model_w%d, model_w%d, %d}",
                                    masks, values, best.bits);
}

// ---- tables and addresses ----------------------------------------------------------------------

void c_window_numbers(const struct window *window, int64_t c, int64_t oc, int64_t groups,
                      int64_t out[15])
{
    const int64_t number[15] = {c,
                                window->in[1],
                                window->in[2],
                                oc,
                                window->kernel[1],
                                window->kernel[2],
                                window->stride[1],
                                window->stride[2],
                                window->pad_begin[1],
                                window->pad_begin[2],
                                window->dilation[1],
                                window->dilation[2],
                                groups,
                                window->out[1],
                                window->out[2]};

    memcpy(out, number, sizeof number);
}

const char *c_window(struct c_writer *w, const int64_t number[15])
{
    text_format(&w->tables, "static const struct model_window window_%d = {", w->table_count);
    for (int i = 0; i < 15; i++)
        text_format(&w->tables, "%s%lld", i ? ", " : "", (long long)number[i]);
    text_add(&w->tables, "};\n");
    return arena_format(w->arena, "&window_%d", w->table_count++);
}

const char *c_at(struct c_writer *w, struct value_id id)
{
    struct c_value *value = &w->value[id.at];
    const int64_t offset = w->value[value->root].offset;

    switch (w->value[value->root].place) {
    case C_INPUT:
        return arena_format(w->arena, "input_%d", w->value[value->root].index);
    case C_CONSTANT:
        if (value->index < 0)
            value->index = c_floats(w, &w->constant[id.at]);
        return arena_format(w->arena, "model_w%d", value->index);
    case C_FLOATS:
        return arena_format(w->arena, "memory.f + %lld", (long long)(offset / 4));
    case C_INTEGERS:
        return arena_format(w->arena, "memory.i + %lld", (long long)offset);
    case C_NOWHERE:
        break;
    }
    return "0";
}

const struct tensor *c_tensor(const struct c_writer *w, struct value_id id)
{
    return &w->inference->of_value[id.at];
}

const struct tensor *c_constant(const struct c_writer *w, const struct node *node, int input)
{
    if (input >= node->input_count || !value_exists(node->input[input]))
        return NULL;
    const struct tensor *tensor = &w->constant[node->input[input].at];
    return tensor->buffer ? tensor : NULL;
}

enum status c_unsupported(struct c_writer *w, const struct node *node, const char *why)
{
    context_fail(w->context, ERR_UNSUPPORTED, "%s", why);
    return graph_fail_at(w->context, node, ERR_UNSUPPORTED);
}
