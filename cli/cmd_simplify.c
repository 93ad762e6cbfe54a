// ecai simplify: fold what can be folded, remove what is dead.
#include "cli/figures.h"
#include "cli/groups.h"
#include "cli/model_args.h"
#include "pass/pass.h"

struct simplify_options {
    struct target_options target;
    struct input_options input;
};

static enum status simplify(struct invocation *invocation, struct named_model *model)
{
    const struct simplify_options *options = invocation->options;
    struct context *context = invocation->context;
    struct named_model written;
    uint32_t before;
    struct figures figures;
    enum status status;

    TRY(model_open_streamed(invocation, invocation->operand[0], options->input.external_data,
                            model));
    before = model->graph->node_count;
    // What does not fit together must not be passed on as if it did.
    status = figures_init(context, model->graph, NULL, false, &figures);
    figures_clear(&figures);
    if (status == OK)
        status = pipeline_run(context, &pass_simplify, (struct pass_run){.context = context},
                              &model->graph);
    if (status != OK)
        return model_fail(context, model, status);
    history_append(invocation, model->graph, "simplify", NULL);
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
    .run = run,
};
