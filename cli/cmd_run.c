// ecai run: one inference on given tensors.
#include <string.h>

#include "cli/groups.h"
#include "cli/model_args.h"
#include "cli/run_steps.h"
#include "cli/tensor_files.h"
#include "exec/reference.h"

struct run_line {
    struct run_own_options {
        struct strings input;
    } own;
    struct target_options target;
    struct input_options model;
    struct run_options run;
    struct state_options state;
};

// One run. input[i] belongs to graph->input[i].
struct inference_run {
    struct invocation *invocation;
    const struct run_line *line;
    struct named_model model;
    struct tensor *input, *output;
    struct state_link *link; // --state
    bool *is_stepped;        // [input_count], with --state: files that hold steps
};

static enum status check_line(struct inference_run *run)
{
    struct invocation *invocation = run->invocation;
    struct context *context = invocation->context;
    const char *out = run->line->target.out;
    enum status status;

    TRY(streams_add_input(context, &invocation->streams, "MODEL", invocation->operand[0]));
    for (int64_t i = 0; i < run->line->own.input.count; i++)
        TRY(streams_add_input(context, &invocation->streams, "--input",
                              tensor_file_path(run->line->own.input.at[i])));
    if (!out)
        return context_fail(context, ERR_USAGE, "'-o FOLDER' is needed");
    if (is_dash(out))
        return context_fail(context, ERR_USAGE, "'run' writes a folder: '-o -' cannot be one");
    TRY(streams_add_output(context, &invocation->streams, "-o", out, true));
    status =
        output_folder_check(context, out, &(struct output_options){run->line->target.no_clobber});
    return status == OK ? OK : context_fail_in(context, status, "%s", out);
}

static bool is_state(const struct inference_run *run, uint32_t input)
{
    for (int64_t k = 0; k < run->line->state.state.count; k++)
        if (run->link[k].input == input)
            return true;
    return false;
}

// Files hold steps, but those of a state's first value.
static enum status find_states(struct inference_run *run)
{
    const struct graph *graph = run->model.graph;
    struct arena *arena = run->invocation->arena;

    TRY(state_links(run->invocation->context, graph, &run->line->state.state, arena, &run->link));
    if (run->line->state.state.count)
        run->is_stepped = arena_array(arena, bool, graph->input_count + 1);
    for (uint32_t i = 0; run->is_stepped && i < graph->input_count; i++)
        run->is_stepped[i] = !is_state(run, i);
    return OK;
}

static enum status read_inputs(struct inference_run *run)
{
    const struct graph *graph = run->model.graph;
    struct context *context = run->invocation->context;
    const struct strings *files = &run->line->own.input;

    run->input = arena_array(run->invocation->arena, struct tensor, graph->input_count + 1);
    run->output = arena_array(run->invocation->arena, struct tensor, graph->output_count + 1);
    TRY(find_states(run));
    for (int64_t i = 0; i < files->count; i++)
        TRY(tensor_file_read(context, files->at[i], graph, run->is_stepped, run->input));
    for (int64_t i = 0; i < run->line->run.set.count; i++)
        TRY(tensor_set_input(context, run->line->run.set.at[i], graph, run->is_stepped,
                             run->input));
    for (uint32_t i = 0; i < graph->input_count; i++)
        if (!run->input[i].buffer && !is_state(run, i))
            return context_fail(context, ERR_USAGE, "input '%s' is not given: '--input %s=FILE'",
                                graph_value(graph, graph->input[i])->name,
                                graph_value(graph, graph->input[i])->name);
    return OK;
}

static enum status check_outputs(const struct inference_run *run)
{
    const struct graph *graph = run->model.graph;
    const char *name = run->line->run.output;

    for (uint32_t i = 0; name && i < graph->output_count; i++)
        if (strcmp(graph_value(graph, graph->output[i])->name, name) == 0)
            return OK;
    return name ? context_fail(run->invocation->context, ERR_USAGE,
                               "'--output %s': model has no such output", name)
                : OK;
}

static enum status write_outputs(struct inference_run *run)
{
    const struct graph *graph = run->model.graph;
    struct context *context = run->invocation->context;
    struct output_options options = {run->line->target.no_clobber};
    struct output_folder *folder;
    enum status status = OK;

    TRY(output_folder_open(context, run->line->target.out, &options, &folder));
    for (uint32_t i = 0; i < graph->output_count && status == OK; i++) {
        const char *name = graph_value(graph, graph->output[i])->name;
        if (!run->line->run.output || strcmp(run->line->run.output, name) == 0)
            status = tensor_file_write(context, folder, name, &run->output[i]);
    }
    if (status == OK)
        return output_folder_close(context, folder);
    output_folder_discard(folder);
    return status;
}

static enum status run_model(struct inference_run *run)
{
    struct context *context = run->invocation->context;
    struct steps steps = {.graph = run->model.graph,
                          .link = run->link,
                          .link_count = run->line->state.state.count,
                          .reset = run->line->state.state_reset,
                          .infer = run_infer(&run->line->run),
                          .is_stepped = run->is_stepped};

    return run->is_stepped
               ? steps_run(context, &steps, run->input, run->output)
               : reference_run(context, run->model.graph, run->input, run->output, NULL);
}

static enum status work(struct inference_run *run)
{
    struct invocation *invocation = run->invocation;
    enum status status;

    TRY(check_line(run));
    TRY(model_open(invocation, invocation->operand[0], run->line->model.external_data,
                   &run->model));
    TRY(model_declare_shapes(invocation, &run->line->run.shape, &run->model));
    TRY(check_outputs(run));
    TRY(read_inputs(run));
    status = run_model(run);
    if (status != OK)
        return model_fail(invocation->context, &run->model, status);
    status = write_outputs(run);
    return status == OK ? OK
                        : context_fail_in(invocation->context, status, "%s", run->line->target.out);
}

static enum status run_command(struct invocation *invocation)
{
    struct inference_run run = {.invocation = invocation, .line = invocation->options};
    enum status status = work(&run);

    for (uint32_t i = 0; run.input && i < run.model.graph->input_count; i++)
        tensor_release(&run.input[i]);
    for (uint32_t i = 0; run.output && i < run.model.graph->output_count; i++)
        tensor_release(&run.output[i]);
    model_close(&run.model);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct run_own_options, input, NULL, 0, 0,
          "[NAME=]FILE: an input's tensor, .npy or ONNX TensorProto; without NAME the first input "
          "that has none"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"tensors", own_fields, offsetof(struct run_line, own)},
    {"output", target_fields, offsetof(struct run_line, target)},
    {"running", run_fields, offsetof(struct run_line, run)},
    {"running", state_fields, offsetof(struct run_line, state)},
    {"model", input_fields, offsetof(struct run_line, model)},
    {NULL, NULL, 0},
};

const struct command command_run = {
    .operands = "MODEL --input [NAME=]FILE -o FOLDER",
    .details = "Writes FOLDER/OUTPUT.npy for each output; '/' and ':' in names become '_'. With "
               "--state the files hold one more axis in front, the steps, and so do the outputs; "
               "a file for the state's input itself has none and is the state before the first "
               "step.",
    .examples = "  ecai run model.onnx --input x=x.npy -o answers\n"
                "  ecai run voice.onnx --input input=frames.npy --set sr=16000 "
                "--state state=stateN -o answers\n",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .option_bytes = sizeof(struct run_line),
    .run = run_command,
};
