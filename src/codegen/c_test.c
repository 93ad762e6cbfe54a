// The self-test of generated C: inputs, the outputs that ecai computes for them, and a main that
// compares. Integer networks must give equal numbers, float networks near ones.
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "codegen/codegen_internal.h"
#include "exec/program.h"
#include "exec/reference.h"

struct samples {
    int count;
    float **input, **output; // per input and output of the graph: [count][size]
};

static int64_t size_of(const struct c_writer *w, struct value_id id)
{
    return tensor_count(c_tensor(w, id));
}

// The range that an integer network reads its input in, so that random samples use all of it.
static bool input_range(const struct c_writer *w, struct value_id id, float *low, float *high)
{
    for (uint32_t n = 0; n < w->graph->node_count; n++) {
        const struct integer_node *at = &w->plan->node[n];
        if (at->kind != INTEGER_QUANTIZE || !value_is(at->x, id))
            continue;
        *low = (float)(at->y_grid.low - at->y_grid.zero_point) * at->y_grid.scale;
        *high = (float)(at->y_grid.high - at->y_grid.zero_point) * at->y_grid.scale;
        return true;
    }
    return false;
}

static void fill_inputs(const struct c_writer *w, const struct codegen_options *options,
                        struct samples *samples)
{
    for (uint32_t i = 0; i < w->graph->input_count; i++) {
        int64_t size = size_of(w, w->graph->input[i]);
        struct random random = random_stream(options->seed, 0xC0DE, i);
        float low = 0, high = 0;
        bool is_range = input_range(w, w->graph->input[i], &low, &high);

        for (int64_t k = 0; k < size * samples->count; k++)
            samples->input[i][k] = options->sample && w->graph->input_count == 1
                                       ? options->sample[k]
                                   : is_range ? low + (high - low) * (float)random_unit(&random)
                                              : (float)random_normal(&random);
    }
}

static void lanes_in(const struct c_writer *w, const struct samples *samples,
                     struct program *program)
{
    for (uint32_t i = 0; i < w->graph->input_count; i++) {
        int64_t size = size_of(w, w->graph->input[i]);
        float *to = program_input(program, 0, i);
        for (int64_t p = 0; p < size; p++)
            for (int lane = 0; lane < N16_LANES; lane++)
                to[p * N16_LANES + lane] = samples->input[i][lane % samples->count * size + p];
    }
}

static enum status run_program(struct c_writer *w, struct program *program, struct samples *samples)
{
    for (uint32_t i = 0; i < w->graph->input_count; i++)
        if ((int64_t)program_input_size(program, i) != size_of(w, w->graph->input[i]) ||
            c_tensor(w, w->graph->input[i])->dtype != DT_F32)
            return context_fail(w->context, ERR_UNSUPPORTED, "input has no samples");
    lanes_in(w, samples, program);
    TRY(program_run_group(w->context, program, 0));
    for (uint32_t i = 0; i < w->graph->output_count; i++) {
        int64_t size = size_of(w, w->graph->output[i]);
        const float *from = program_output(program, 0, i);
        if ((int64_t)program_output_size(program, i) != size)
            return context_fail(w->context, ERR_UNSUPPORTED, "output has no samples");
        for (int lane = 0; lane < samples->count; lane++)
            for (int64_t p = 0; p < size; p++)
                samples->output[i][lane * size + p] = from[p * N16_LANES + lane];
    }
    return OK;
}

// A network whose batch cannot be told apart runs on the reference executor, sample by sample.
static enum status run_reference(struct c_writer *w, int sample, struct samples *samples)
{
    const struct graph *graph = w->graph;
    struct tensor *input = arena_array(w->arena, struct tensor, graph->input_count + 1);
    struct tensor *output = arena_array(w->arena, struct tensor, graph->output_count + 1);
    enum status status = OK;

    for (uint32_t i = 0; i < graph->input_count && status == OK; i++) {
        int64_t size = size_of(w, graph->input[i]);
        status = tensor_alloc(w->context, &input[i], DT_F32, &c_tensor(w, graph->input[i])->shape);
        if (status == OK && size)
            memcpy(tensor_write(&input[i]), samples->input[i] + sample * size,
                   (size_t)size * sizeof(float));
    }
    if (status == OK)
        status = reference_run(w->context, graph, input, output, NULL);
    for (uint32_t i = 0; i < graph->output_count && status == OK; i++) {
        int64_t size = size_of(w, graph->output[i]);
        for (int64_t p = 0; p < size; p++)
            samples->output[i][sample * size + p] = (float)tensor_get(&output[i], p);
        tensor_release(&output[i]);
    }
    for (uint32_t i = 0; i < graph->input_count; i++)
        tensor_release(&input[i]);
    return status;
}

static enum status run_samples(struct c_writer *w, const struct codegen_options *options,
                               struct samples *samples, bool *is_exact)
{
    struct program_options how = {
        .isa = options->isa, .is_integer = *is_exact, .groups = 1, .infer = options->infer};
    struct program *program = NULL;
    enum status status = program_new(w->context, w->graph, &how, &program);

    if (status == OK)
        status = run_program(w, program, samples);
    program_free(program);
    if (status != ERR_UNSUPPORTED)
        return status;
    *is_exact = false;
    for (int i = 0; i < samples->count; i++)
        TRY(run_reference(w, i, samples));
    return OK;
}

static void write_array(struct text *out, const char *what, uint32_t index, int count, int64_t size,
                        const float *number)
{
    text_format(out, "static const float %s_%u[%d][%lld] = {", what, index, count,
                (long long)(size ? size : 1));
    for (int s = 0; s < count; s++) {
        text_add(out, "\n    {");
        for (int64_t i = 0; i < size; i++) {
            text_add(out, i % 8 ? " " : "\n        ");
            c_float(out, (double)number[s * size + i]);
            text_add(out, ",");
        }
        text_add(out, size ? "\n    }," : "0},");
    }
    text_add(out, "\n};\n\n");
}

static void write_compare(const struct c_writer *w, bool is_exact, struct text *out)
{
    for (uint32_t i = 0; i < w->graph->output_count; i++)
        text_format(out,
                    "        for (i = 0; i < MODEL_OUTPUT_%u_SIZE; i++)\n"
                    "            wrong += %s(got_%u[i], want_%u[s][i]);\n",
                    i, is_exact ? "differs" : "is_far", i, i);
}

static void write_main(const struct c_writer *w, int count, bool is_exact, struct text *out)
{
    if (is_exact)
        text_add(out, "static int differs(float got, float want)\n{\n    return !(got == want);\n"
                      "}\n\n");
    else
        text_add(out, "// Sums in another order: a few units in the last places.\n"
                      "static int is_far(float got, float want)\n{\n"
                      "    const float size = want < 0 ? -want : want;\n"
                      "    const float off = got < want ? want - got : got - want;\n\n"
                      "    return !(off <= 1e-4f + 1e-3f * size);\n}\n\n");
    text_add(out, "int main(void)\n{\n    int s, failed = 0;\n    long i;\n\n");
    text_format(out,
                "    for (s = 0; s < %d; s++) {\n        long wrong = 0;\n"
                "        model_run(",
                count);
    for (uint32_t i = 0; i < w->graph->input_count; i++)
        text_format(out, "%sinput_%u[s]", i ? ", " : "", i);
    for (uint32_t i = 0; i < w->graph->output_count; i++)
        text_format(out, "%sgot_%u", i || w->graph->input_count ? ", " : "", i);
    text_add(out, ");\n");
    write_compare(w, is_exact, out);
    text_add(out, "        failed += wrong != 0;\n    }\n");
    text_format(out,
                "    printf(\"self-test: %%d of %d samples %s\\n\", %d - failed);\n"
                "    return failed != 0;\n}\n",
                count, is_exact ? "equal" : "near", count);
}

static void write_test(const struct c_writer *w, const struct samples *samples, bool is_exact,
                       struct text *out)
{
    const struct graph *graph = w->graph;

    text_add(out, "// Generated by ecai: the self-test of model.c.\n"
                  "// cc -std=c99 -O2 model.c model_weights.c model_test.c -lm && ./a.out\n"
                  "#include \"model.h\"\n\n#include <stdio.h>\n\n");
    for (uint32_t i = 0; i < graph->input_count; i++)
        write_array(out, "input", i, samples->count, size_of(w, graph->input[i]),
                    samples->input[i]);
    for (uint32_t i = 0; i < graph->output_count; i++) {
        write_array(out, "want", i, samples->count, size_of(w, graph->output[i]),
                    samples->output[i]);
        text_format(out, "static float got_%u[MODEL_OUTPUT_%u_SIZE];\n\n", i, i);
    }
    write_main(w, samples->count, is_exact, out);
}

enum status c_self_test(struct c_writer *w, const struct codegen_options *options, bool is_integer,
                        struct text *out)
{
    const struct graph *graph = w->graph;
    struct samples samples = {options->samples < 1           ? 1
                              : options->samples > N16_LANES ? N16_LANES
                                                             : options->samples,
                              NULL, NULL};
    enum status status;

    samples.input = arena_array(w->arena, float *, graph->input_count + 1);
    samples.output = arena_array(w->arena, float *, graph->output_count + 1);
    for (uint32_t i = 0; i < graph->input_count; i++)
        samples.input[i] =
            arena_array(w->arena, float, (size_t)(samples.count * size_of(w, graph->input[i])) + 1);
    for (uint32_t i = 0; i < graph->output_count; i++)
        samples.output[i] = arena_array(w->arena, float,
                                        (size_t)(samples.count * size_of(w, graph->output[i])) + 1);
    fill_inputs(w, options, &samples);
    status = run_samples(w, options, &samples, &is_integer);
    if (status == OK)
        write_test(w, &samples, is_integer, out);
    return status;
}
