// Puts generated C together: which nodes run, where their values live, the four files.
#include "codegen/codegen.h"

#include <stdlib.h>
#include <string.h>

#include "codegen/codegen_internal.h"
#include "codegen/memory_plan.h"
#include "exec/call.h"

enum { MEMORY_ALIGNMENT = 8 };

bool c_is_view(const struct node *node)
{
    // Dropout with a training_mode is no view, and has no C.
    return (node->op->traits & OP_VIEW) || (node_is(node, "Dropout") && node->input_count < 3);
}

// ---- what runs, what is constant ---------------------------------------------------------------

static bool all_constant(const struct c_writer *w, const struct node *node)
{
    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]) && !w->is_constant[node->input[i].at])
            return false;
    return !node->op->is_unknown && !(node->op->traits & OP_RANDOM);
}

static void find_runs(struct c_writer *w)
{
    const struct graph *graph = w->graph;

    for (uint32_t i = 0; i < graph->value_count; i++)
        w->is_constant[i] =
            graph->value[i].role == VALUE_WEIGHT ||
            (graph->value[i].role == VALUE_ACTIVATION && c_tensor(w, (struct value_id){i})->buffer);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        bool constant = all_constant(w, node);

        for (int i = 0; constant && i < node->output_count; i++)
            if (value_exists(node->output[i]))
                w->is_constant[node->output[i].at] = true;
        for (int i = 0; i < node->output_count && !constant; i++)
            constant = value_exists(node->output[i]) && w->is_constant[node->output[i].at];
        w->runs[n] = !constant && w->plan->node[n].kind != INTEGER_SKIP;
    }
}

static enum status run_constant(struct c_writer *w, const struct node *node)
{
    const struct tensor **input =
        arena_array(w->arena, const struct tensor *, (size_t)node->input_count + 1);
    struct tensor **output = arena_array(w->arena, struct tensor *, (size_t)node->output_count + 1);
    struct op_call call = {.attr = node->attr,
                           .input_count = node->input_count,
                           .output_count = node->output_count,
                           .input = input,
                           .output = output};

    for (int i = 0; i < node->input_count; i++)
        if (value_exists(node->input[i]))
            input[i] = &w->constant[node->input[i].at];
    for (int i = 0; i < node->output_count; i++)
        if (value_exists(node->output[i])) {
            tensor_release(&w->constant[node->output[i].at]);
            output[i] = &w->constant[node->output[i].at];
        }
    enum status status = call_run(w->context, node->op, &call);
    return status == OK ? OK : graph_fail_at(w->context, node, status);
}

// Computes the constants that float nodes read; integer nodes have theirs from the plan.
static enum status find_constants(struct c_writer *w)
{
    const struct graph *graph = w->graph;
    bool *wanted = arena_array(w->arena, bool, graph->value_count + 1);

    for (uint32_t i = 0; i < graph->output_count; i++)
        wanted[graph->output[i].at] = true;
    for (uint32_t n = graph->node_count; n-- > 0;) {
        const struct node *node = &graph->node[n];
        bool reads = w->runs[n] && w->plan->node[n].kind == INTEGER_NONE;
        for (int i = 0; i < node->output_count && !reads && !w->runs[n]; i++)
            reads = value_exists(node->output[i]) && wanted[node->output[i].at] &&
                    w->is_constant[node->output[i].at];
        for (int i = 0; i < node->input_count && reads; i++)
            if (value_exists(node->input[i]))
                wanted[node->input[i].at] = true;
    }
    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct tensor *known = graph->value[i].tensor.buffer
                                         ? &graph->value[i].tensor
                                         : c_tensor(w, (struct value_id){i});
        if (wanted[i] && w->is_constant[i] && known->buffer)
            tensor_share(&w->constant[i], known);
    }
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        bool missing = false;
        for (int i = 0; i < node->output_count && !w->runs[n]; i++)
            missing |= value_exists(node->output[i]) && wanted[node->output[i].at] &&
                       w->is_constant[node->output[i].at] &&
                       !w->constant[node->output[i].at].buffer;
        if (missing)
            TRY(run_constant(w, node));
    }
    return OK;
}

// ---- where values live -------------------------------------------------------------------------

static void read_at(const struct c_writer *w, struct memory_item *item, struct value_id id,
                    uint32_t step)
{
    if (value_exists(id) && item[w->value[id.at].root].last < step)
        item[w->value[id.at].root].last = step;
}

static void set_place(struct c_writer *w, struct memory_item *item, struct value_id id,
                      enum c_place place, uint32_t step)
{
    int64_t bytes = tensor_count(c_tensor(w, id)) * (place == C_INTEGERS ? 1 : 4);

    w->value[id.at].place = place;
    item[id.at] = (struct memory_item){bytes, step, step, 0};
}

static enum status place_node(struct c_writer *w, struct memory_item *item, uint32_t n)
{
    const struct node *node = &w->graph->node[n];
    const struct integer_node *at = &w->plan->node[n];

    if (at->kind != INTEGER_NONE) {
        set_place(w, item, at->y, w->plan->value[at->y.at].is_set ? C_INTEGERS : C_FLOATS, n);
        read_at(w, item, at->x, n);
        if (at->kind == INTEGER_ADD)
            read_at(w, item, at->x2, n);
        for (int i = 0; i < at->part_count; i++)
            read_at(w, item, at->part[i].x, n);
        return OK;
    }
    for (int i = 0; i < node->input_count; i++)
        read_at(w, item, node->input[i], n);
    for (int i = 0; i < node->output_count; i++) {
        if (!value_exists(node->output[i]))
            continue;
        if (c_tensor(w, node->output[i])->dtype != DT_F32 ||
            !shape_is_static(&c_tensor(w, node->output[i])->shape))
            return c_unsupported(w, node, "only float32 values of known shape have a C form");
        if (c_is_view(node) && i == 0)
            w->value[node->output[0].at].root = w->value[node->input[0].at].root;
        else
            set_place(w, item, node->output[i], C_FLOATS, n);
    }
    return OK;
}

static enum status place_values(struct c_writer *w, struct memory_item *item, int64_t *bytes)
{
    const struct graph *graph = w->graph;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        w->value[i] = (struct c_value){w->is_constant[i] ? C_CONSTANT : C_NOWHERE, -1, i, 0};
        item[i] = (struct memory_item){0, 0, 0, 0};
    }
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        if (c_tensor(w, graph->input[i])->dtype != DT_F32)
            return context_fail(w->context, ERR_UNSUPPORTED,
                                "input '%s': only float32 inputs have a C form", value->name);
        w->value[graph->input[i].at].place = C_INPUT;
        w->value[graph->input[i].at].index = (int)i;
    }
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (w->runs[n])
            TRY(place_node(w, item, n));
    for (uint32_t i = 0; i < graph->output_count; i++)
        read_at(w, item, graph->output[i], graph->node_count);
    *bytes = memory_plan(item, graph->value_count, MEMORY_ALIGNMENT);
    for (uint32_t i = 0; i < graph->value_count; i++)
        w->value[i].offset = item[i].offset;
    return OK;
}

// ---- the files ---------------------------------------------------------------------------------

static enum status write_body(struct c_writer *w)
{
    const struct graph *graph = w->graph;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];

        if (!w->runs[n] || (w->plan->node[n].kind == INTEGER_NONE && c_is_view(node)))
            continue;
        text_add(&w->body, "    // ");
        c_comment(&w->body, node->name);
        text_format(&w->body, " (%s)\n", node->op->name);
        TRY(w->plan->node[n].kind == INTEGER_NONE ? c_float_node(w, node) : c_integer_node(w, n));
    }
    for (uint32_t i = 0; i < graph->output_count; i++)
        text_format(&w->body, "    memcpy(output_%u, %s, %lld * sizeof(float));\n", i,
                    c_at(w, graph->output[i]),
                    (long long)tensor_count(c_tensor(w, graph->output[i])));
    return OK;
}

static void add_parameters(const struct c_writer *w, struct text *text)
{
    const struct graph *graph = w->graph;

    for (uint32_t i = 0; i < graph->input_count; i++)
        text_format(text, "%sconst float *input_%u", i ? ", " : "", i);
    for (uint32_t i = 0; i < graph->output_count; i++)
        text_format(text, "%sfloat *output_%u", i || graph->input_count ? ", " : "", i);
}

static void write_sizes(const struct c_writer *w, struct text *out, const char *what,
                        const struct value_id *id, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct text shape;

        text_init(&shape);
        shape_print(&c_tensor(w, id[i])->shape, &shape);
        text_format(out, "#define MODEL_%s_%u_SIZE %lld // ", what, i,
                    (long long)tensor_count(c_tensor(w, id[i])));
        c_comment(out, graph_value(w->graph, id[i])->name);
        text_format(out, ", %s\n", shape.at);
        text_clear(&shape);
    }
}

static void write_header(const struct c_writer *w, int64_t ram, struct text *out)
{
    text_format(out,
                "// A neural network in C99, generated by ecai. One inference at a time: its\n"
                "// memory is static. %lld bytes of memory, %lld bytes of constants.\n"
                "#ifndef MODEL_H\n#define MODEL_H\n\n",
                (long long)ram, (long long)w->weight_bytes);
    write_sizes(w, out, "INPUT", w->graph->input, w->graph->input_count);
    write_sizes(w, out, "OUTPUT", w->graph->output, w->graph->output_count);
    text_add(out, "\nvoid model_run(");
    add_parameters(w, out);
    text_add(out, ");\n\n#endif\n");
}

static int64_t write_source(const struct c_writer *w, int64_t bytes, struct text *out)
{
    int64_t ram = (bytes + 7) / 8 * 8 + 2 * w->row_count;

    text_add(out, "// Generated by ecai; see model.h.\n#include \"model.h\"\n\n");
    text_format(out, "%s#include <stdint.h>\n#include <string.h>\n\n",
                w->needs_math ? "#include <math.h>\n" : "");
    for (int i = 0; i < C_TEMPLATE_COUNT; i++)
        if (w->uses[i])
            text_format(out, "%s\n", c_template_text((enum c_template)i));
    text_format(out, "%s\n%s\n", w->externs.at, w->tables.at);
    if (bytes > 0)
        text_format(out, "static union {\n    float f[%lld];\n    int8_t i[%lld];\n} memory;\n",
                    (long long)((bytes + 7) / 8 * 2), (long long)((bytes + 7) / 8 * 8));
    if (w->row_count)
        text_format(out, "static int16_t row[%lld]; // one filter\n", (long long)w->row_count);
    text_add(out, "\nvoid model_run(");
    add_parameters(w, out);
    text_format(out, ")\n{\n%s}\n", w->body.at);
    return ram;
}

static enum status write_files(struct c_writer *w, const struct codegen_options *options,
                               struct codegen *out)
{
    struct memory_item *item = arena_array(w->arena, struct memory_item, w->graph->value_count + 1);
    int64_t bytes = 0;

    find_runs(w);
    TRY(find_constants(w));
    TRY(place_values(w, item, &bytes));
    TRY(write_body(w));
    c_use(w, C_TEMPLATE_common);
    out->ram_bytes = write_source(w, bytes, &out->file[1].text);
    out->weight_bytes = w->weight_bytes;
    write_header(w, out->ram_bytes, &out->file[0].text);
    text_format(&out->file[2].text, "// Generated by ecai; see model.h.\n#include <stdint.h>\n%s",
                w->arrays.at);
    out->is_integer = w->plan->count > 0;
    return c_self_test(w, options, out->is_integer, &out->file[3].text);
}

static void writer_clear(struct c_writer *w)
{
    for (uint32_t i = 0; w->constant && i < w->graph->value_count; i++)
        tensor_release(&w->constant[i]);
    text_clear(&w->body);
    text_clear(&w->tables);
    text_clear(&w->externs);
    text_clear(&w->arrays);
    arena_free(w->arena);
}

enum status codegen_run(struct context *context, const struct graph *graph,
                        const struct codegen_options *options, struct codegen *out)
{
    static const char *const name[CODEGEN_FILES] = {"model.h", "model.c", "model_weights.c",
                                                    "model_test.c"};
    struct infer_options infer = options->infer;
    struct inference inference;
    struct integer_plan *plan = NULL;
    enum status status;

    *out = (struct codegen){.ram_bytes = 0};
    for (int i = 0; i < CODEGEN_FILES; i++) {
        out->file[i].name = name[i];
        text_init(&out->file[i].text);
    }
    infer.batch = 1;
    TRY(graph_infer(context, graph, &infer, &inference));
    status = integer_plan_new(context, graph, &inference, &plan);
    if (status == OK) {
        struct c_writer w = {.context = context,
                             .graph = graph,
                             .inference = &inference,
                             .plan = plan,
                             .arena = arena_new()};
        w.value = arena_array(w.arena, struct c_value, graph->value_count + 1);
        w.constant = arena_array(w.arena, struct tensor, graph->value_count + 1);
        w.is_constant = arena_array(w.arena, bool, graph->value_count + 1);
        w.runs = arena_array(w.arena, bool, graph->node_count + 1);
        text_init(&w.body);
        text_init(&w.tables);
        text_init(&w.externs);
        text_init(&w.arrays);
        status = write_files(&w, options, out);
        writer_clear(&w);
    }
    integer_plan_free(plan);
    inference_clear(&inference);
    return status;
}

void codegen_clear(struct codegen *code)
{
    for (int i = 0; i < CODEGEN_FILES; i++)
        text_clear(&code->file[i].text);
}

bool codegen_emits(const char *op_name)
{
    const struct op *op = op_find(op_name);
    struct node node = {.op = op};

    // Grids have a form between integer nodes only: the plan of integers swallows them.
    return op && (c_is_view(&node) || c_float_has(op_name) || node_is(&node, "QuantizeLinear") ||
                  node_is(&node, "DequantizeLinear"));
}
