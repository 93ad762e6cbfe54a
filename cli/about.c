// Finding out what a model is and what can be done with it.
#include "cli/about.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calibrate/annotate.h"
#include "exec/batch_axis.h"
#include "exec/program.h"
#include "pass/sparsity.h"

enum { NAMES_MAX = 3 };

static bool is_named(const struct strings *list, const char *name)
{
    size_t length = strlen(name);

    for (int64_t i = 0; i < list->count; i++)
        if (strncmp(list->at[i], name, length) == 0 && list->at[i][length] == '=')
            return true;
    return false;
}

static void add_node_name(struct text *out, const struct node *node)
{
    text_add(out, out->length ? ", '" : "'");
    text_add_escaped(out, node->name, strlen(node->name));
    text_format(out, "' (%s)", node->op->name);
}

// ---- what has to be given -----------------------------------------------------------------------

// A number that the graph compares the input with, as an example of what it may be.
static bool find_compared(const struct graph *graph, struct value_id input, double *out)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        for (int i = 0; i < 2 && node_is(node, "Equal"); i++) {
            const struct value *other = graph_weight(graph, node, 1 - i);
            if (value_is(node->input[i], input) && other && tensor_count(&other->tensor) == 1) {
                *out = tensor_get(&other->tensor, 0);
                return true;
            }
        }
    }
    return false;
}

static void want_input(const struct graph *graph, struct value_id id,
                       const struct infer_options *infer, struct text *out)
{
    const struct value *value = graph_value(graph, id);
    const struct shape *shape = &value->tensor.shape;
    bool is_open = false;
    double number;

    for (int i = 1; i < shape->rank; i++)
        is_open |= shape->dim[i] < 0;
    if (shape->rank == 0 && !is_named(&infer->set, value->name)) {
        text_format(out, " --set ");
        text_add_escaped(out, value->name, strlen(value->name));
        if (find_compared(graph, id, &number))
            text_format(out, "=%g", number);
        else
            text_add(out, value->tensor.dtype == DT_BOOL ? "=1" : "=VALUE");
    }
    if ((shape->rank >= 0 && !is_open) || is_named(&infer->shape, value->name))
        return;
    text_add(out, " --shape ");
    text_add_escaped(out, value->name, strlen(value->name));
    text_add(out, shape->rank < 0 ? "=?" : "=");
    for (int i = 0; i < shape->rank; i++) {
        text_add(out, i ? "," : "");
        if (shape->dim[i] >= 0 || i == 0)
            text_format(out, "%lld", (long long)(shape->dim[i] < 0 ? 1 : shape->dim[i]));
        else
            text_add(out, "?");
    }
}

// ---- running ------------------------------------------------------------------------------------

static const struct node *find_unknown(const struct graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n], *inner;
        if (node->op->is_unknown)
            return node;
        for (int i = 0; op_has_bodies(node->op) && node_body(node, i); i++)
            if ((inner = find_unknown(node_body(node, i))) != NULL)
                return inner;
    }
    return NULL;
}

// "3 Transpose, 2 Concat", in the order of first use.
static void count_ops(const char *const *op, int count, struct text *out)
{
    for (int i = 0; i < count; i++) {
        int same = 0;
        for (int k = 0; k < count; k++) {
            if (strcmp(op[k], op[i]) != 0)
                continue;
            if (k < i)
                break;
            same++;
        }
        if (same)
            text_format(out, "%s%d %s", out->length ? ", " : "", same, op[i]);
    }
}

static void look_at_steps(const struct program *program, struct about *about)
{
    int count = program_step_count(program);
    const char **op = must_alloc(((size_t)count + 1) * sizeof *op);

    for (int i = 0; i < count; i++) {
        struct program_step_info step = program_step(program, i);
        if (strcmp(step.algorithm, "reference") == 0 && step.node)
            op[about->fallback++] = step.node->op->name;
        else
            about->lowered++;
    }
    count_ops(op, about->fallback, &about->slow);
    free(op);
}

// Without making the program: by the operators' names.
static void look_at_nodes(const struct counts *counts, struct about *about)
{
    const char **op = must_alloc((counts->node_count + 1) * sizeof *op);

    for (uint32_t i = 0; i < counts->node_count; i++)
        if (program_lowers(counts->node[i].op))
            about->lowered++;
        else
            op[about->fallback++] = counts->node[i].op;
    count_ops(op, about->fallback, &about->slow);
    free(op);
}

static bool takes_floats(const struct graph *graph, struct text *reason)
{
    for (uint32_t i = 0; i < graph->input_count; i++) {
        const struct value *value = graph_value(graph, graph->input[i]);
        if (value->tensor.dtype == DT_F32 || !dtype_info[value->tensor.dtype].is_float)
            continue;
        text_add(reason, "input '");
        text_add_escaped(reason, value->name, strlen(value->name));
        text_add(reason, "' does not take float32");
        return false;
    }
    return true;
}

static void find_running(struct context *context, const struct graph *graph,
                         const struct figures *figures, const struct infer_options *infer,
                         enum isa isa, struct about *about)
{
    struct program_options options = {
        .isa = isa, .is_plan = true, .is_integer = true, .groups = 1, .infer = *infer};
    struct context quiet;
    struct program *program = NULL;
    struct arena *arena = arena_new();
    struct graph *clone = graph_clone(graph);
    struct open_batch open;
    bool is_large = !(figures->counts.parameters < COPIED_COUNT_MAX);
    enum status status;

    context_init(&quiet);
    quiet.is_plain = context->is_plain;
    quiet.cancelled = context->cancelled;
    status = graph_open_batch(&quiet, clone, infer, N16_LANES, arena, &open);
    if (status != OK)
        text_add(&about->refused, quiet.error);
    else if (!open.is_proven)
        text_add(&about->apart, open.reason);
    else if (takes_floats(graph, &about->apart) && !is_large) {
        if (program_new(&quiet, graph, &options, &program) != OK)
            text_add(&about->apart, quiet.error);
    }
    about->is_batched = status == OK && about->apart.length == 0;
    about->is_opened = about->is_batched && open.is_rewritten;
    if (program) {
        about->is_integer = program_is_integer(program);
        look_at_steps(program, about);
    } else if (about->is_batched) {
        look_at_nodes(&figures->counts, about);
    } else {
        about->fallback = (int)figures->counts.node_count;
    }
    if (status == OK)
        inference_clear(&open.inference);
    program_free(program);
    graph_free(clone);
    arena_free(arena);
}

// ---- compressing --------------------------------------------------------------------------------

// Zeros to pad with, masks of zeros and ones: constants that nobody learnt.
static bool is_filler(const struct tensor *tensor)
{
    int64_t count = tensor_count(tensor), step = count / 64 + 1;
    double first = tensor_get(tensor, 0), second = first;

    for (int64_t i = 0; i < count; i += step) {
        double x = tensor_get(tensor, i);
        if (x != first && second != first && x != second)
            return false;
        second = x != first ? x : second;
    }
    return true;
}

// Float numbers along two axes at least.
static bool is_matrix(const struct value *value)
{
    int axes = 0;

    for (int i = 0; i < value->tensor.shape.rank; i++)
        axes += value->tensor.shape.dim[i] > 1;
    return value->role == VALUE_WEIGHT && value->tensor.buffer && value->tensor.dtype >= 0 &&
           dtype_info[value->tensor.dtype].is_float && axes >= 2 && !is_filler(&value->tensor);
}

static void find_prunable(const struct graph *graph, struct about *about)
{
    bool *listed = must_alloc(graph->value_count * sizeof *listed + 1);

    for (uint32_t n = 0; n < graph->node_count; n++)
        for (int i = -1; (i = prunable_slot(graph, &graph->node[n], i + 1)) >= 0;) {
            struct value_id id = graph->node[n].input[i];
            if (listed[id.at])
                continue;
            listed[id.at] = true;
            about->prunable++;
            about->prunable_elements += (double)tensor_count(&graph_value(graph, id)->tensor);
        }
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (listed[i] || is_matrix(&graph->value[i])) {
            about->weights++;
            about->weight_elements += (double)tensor_count(&graph->value[i].tensor);
        }
    for (uint32_t n = 0, names = 0; n < graph->node_count && names < NAMES_MAX; n++)
        for (int i = 0; i < graph->node[n].input_count; i++) {
            const struct value *value = graph_weight(graph, &graph->node[n], i);
            if (!value || !is_matrix(value) || listed[graph->node[n].input[i].at] ||
                (double)tensor_count(&value->tensor) < 0.01 * about->weight_elements)
                continue;
            add_node_name(&about->kept, &graph->node[n]);
            names++;
            break;
        }
    free(listed);
}

static void find_quantizable(const struct graph *graph, struct about *about)
{
    int names = 0;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        bool is_float = false;
        for (int i = -1; (i = prunable_slot(graph, node, i + 1)) >= 0;) {
            is_float |= quantizable_axis(graph, node, i) < 0;
            if (quantizable_axis(graph, node, i) < 0)
                continue;
            about->quantizable++;
            about->quantizable_elements +=
                (double)tensor_count(&graph_weight(graph, node, i)->tensor);
        }
        if (is_float && names++ < NAMES_MAX)
            add_node_name(&about->kept_float, node);
    }
}

static void find_compressible(struct context *context, const struct graph *graph, bool is_large,
                              struct about *about)
{
    struct pass_run run = {.context = context};
    struct graph *work = graph_clone(graph);
    struct context quiet;

    for (uint32_t n = 0; n < graph->node_count; n++) {
        about->has_integers |= node_is(&graph->node[n], "DequantizeLinear");
        about->has_integer_inputs |= node_is(&graph->node[n], "QuantizeLinear");
    }
    context_init(&quiet);
    run.context = &quiet;
    if ((!about->has_integers || is_large ||
         pipeline_run(&quiet, &pass_absorb_quant, run, &work) == OK) &&
        (is_large || pipeline_run(&quiet, &pass_fold_constants, run, &work) == OK))
        find_prunable(work, about);
    if (is_large || pipeline_run(&quiet, &pass_simplify, run, &work) == OK)
        find_quantizable(work, about);
    graph_free(work);
}

static void find_gradients(const struct graph *graph, const struct counts *counts,
                           struct about *about)
{
    if (!about->is_batched) {
        text_add(&about->untrainable, "its samples run one at a time");
        return;
    }
    for (uint32_t i = 0; i < counts->node_count; i++) {
        const struct node *node = &graph->node[counts->node[i].node];
        if (node->op->backward || node_is(node, "QuantizeLinear") ||
            node_is(node, "DequantizeLinear"))
            continue;
        add_node_name(&about->untrainable, node);
        text_add(&about->untrainable, " has no gradient");
        return;
    }
}

static void add_given(const struct strings *list, const char *option, struct text *out)
{
    for (int64_t i = 0; i < list->count; i++) {
        text_format(out, " %s ", option);
        text_add_escaped(out, list->at[i], strlen(list->at[i]));
    }
}

// ---- all ----------------------------------------------------------------------------------------

enum { TEXTS = 9 };

static void list_texts(struct about *about, struct text *texts[TEXTS])
{
    struct text *const all[TEXTS] = {&about->family,  &about->given,      &about->wants,
                                     &about->refused, &about->apart,      &about->slow,
                                     &about->kept,    &about->kept_float, &about->untrainable};

    memcpy(texts, all, sizeof all);
}

void about_init(struct context *context, const struct graph *graph, const struct figures *figures,
                const struct infer_options *infer, enum isa isa, struct about *out)
{
    struct text *texts[TEXTS];
    const struct node *unknown = find_unknown(graph);

    memset(out, 0, sizeof *out);
    list_texts(out, texts);
    for (size_t i = 0; i < TEXTS; i++)
        text_init(texts[i]);
    add_given(&infer->shape, "--shape", &out->given);
    add_given(&infer->set, "--set", &out->given);
    for (uint32_t i = 0; i < graph->input_count; i++)
        want_input(graph, graph->input[i], infer, &out->wants);
    about_family(graph, figures, &out->family);
    if (unknown) {
        add_node_name(&out->refused, unknown);
        text_add(&out->refused, " is not known to ecai");
    } else if (!out->wants.length) {
        find_running(context, graph, figures, infer, isa, out);
    }
    out->source = "SET";
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (graph->input_count > 1)
            out->source = "npz:FILE";
        else if (graph_value(graph, graph->input[i])->tensor.dtype == DT_I64)
            out->source = "tokens:FILE,type=u16,length=N";
    find_compressible(context, graph, !(figures->counts.parameters < COPIED_COUNT_MAX), out);
    if (!out->wants.length && !out->refused.length)
        find_gradients(graph, &figures->counts, out);
}

void about_clear(struct about *about)
{
    struct text *texts[TEXTS];

    list_texts(about, texts);
    for (size_t i = 0; i < TEXTS; i++)
        text_clear(texts[i]);
}
