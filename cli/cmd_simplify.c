// ecai simplify: fold what can be folded, remove what is dead.
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/model_args.h"
#include "exec/batch_axis.h"
#include "pass/pass.h"

struct simplify_own_options {
    struct strings shape, set;
    bool open_batch;
};

struct simplify_options {
    struct simplify_own_options own;
    struct target_options target;
    struct input_options input;
};

static const struct field own_fields[] = {
    FIELD(struct simplify_own_options, shape, NULL, 0, 0,
          "NAME=1,3,224,224: shape of an open input, fixed from then on"),
    FIELD(struct simplify_own_options, set, NULL, 0, 0,
          "NAME=VALUE: value of a scalar input, which is no input any more"),
    FIELD(struct simplify_own_options, open_batch, "no", 0, 0,
          "the batch that the file fixes becomes open"),
    FIELDS_END,
};

// The batch that the file fixes becomes open, where its samples are independent.
static enum status open_batch(struct context *context, struct named_model *model)
{
    static const struct infer_options none;
    struct graph *opened = graph_clone(model->graph);
    struct arena *arena = arena_new();
    struct open_batch open;
    enum status status = graph_open_batch(context, opened, &none, 16, arena, &open);

    if (status == OK && !open.is_proven)
        status = context_fail(context, ERR_UNSUPPORTED,
                              "'--open-batch': samples are not independent: %s", open.reason);
    if (status == OK) {
        inference_clear(&open.inference);
        graph_free(model->graph);
        model->graph = opened;
    } else {
        graph_free(opened);
    }
    arena_free(arena);
    return status;
}

static enum status simplify(struct invocation *invocation, struct named_model *model)
{
    const struct simplify_options *options = invocation->options;
    struct context *context = invocation->context;
    struct named_model written;
    uint32_t before;
    struct figures figures;
    const struct infer_options infer = {.shape = options->own.shape, .set = options->own.set};
    const struct option_set sets[] = {{"", own_fields, (void *)(uintptr_t)&options->own},
                                      {NULL, NULL, NULL}};
    enum status status;

    TRY(model_open_streamed(invocation, invocation->operand[0], options->input.external_data,
                            model));
    before = model->graph->node_count;
    TRY(model_specialise(invocation, &infer, SPECIALISE_TO_FOLD, false, model));
    // What does not fit together must not be passed on as if it did.
    status = figures_init(context, model->graph, NULL, false, &figures);
    figures_clear(&figures);
    if (status == OK && options->own.open_batch)
        status = open_batch(context, model);
    if (status == OK)
        status = pipeline_run(context, &pass_simplify, (struct pass_run){.context = context},
                              &model->graph);
    if (status != OK)
        return model_fail(context, model, status);
    history_append(invocation, model->graph, "simplify",
                   infer.shape.count || infer.set.count || options->own.open_batch ? sets : NULL,
                   0);
    TRY(model_save(invocation, model->graph, "onnx", options->target.out,
                   options->target.no_clobber, &written));
    context_note(context, "%u nodes -> %u", before, model->graph->node_count);
    return OK;
}

static enum status run(struct invocation *invocation)
{
    const struct simplify_options *options = invocation->options;
    struct context *context = invocation->context;
    struct streams *streams = &invocation->streams;
    struct named_model model = {0};
    enum status status;

    TRY(streams_add_input(context, streams, "MODEL", invocation->operand[0]));
    if (!options->target.out)
        return context_fail(context, ERR_USAGE, "'-o OUT' is needed");
    TRY(streams_add_output(context, streams, "-o", options->target.out, true));
    invocation->console->carries_model = streams_carry_model(streams);
    TRY(model_check_output(invocation, options->target.out, options->target.no_clobber));
    status = simplify(invocation, &model);
    model_close(&model);
    return status;
}

static const struct option_group groups[] = {
    {"simplifying", own_fields, offsetof(struct simplify_options, own)},
    {"output", target_fields, offsetof(struct simplify_options, target)},
    {"model", input_fields, offsetof(struct simplify_options, input)},
    {NULL, NULL, 0},
};

const struct command command_simplify = {
    .operands = "MODEL -o OUT",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct simplify_options),
    .makes_model = true,
    .run = run,
};
