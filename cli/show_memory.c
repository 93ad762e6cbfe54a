// The memory plan as text and as JSON.
#include "cli/show_memory.h"

#include <string.h>

#include "cli/json_common.h"
#include "cli/table.h"

static bool plan(struct invocation *invocation, const struct graph *graph,
                 const struct program_options *options, struct program_memory *memory,
                 const char **peak)
{
    struct context quiet;
    struct program *program;

    context_init(&quiet);
    quiet.is_plain = invocation->context->is_plain;
    quiet.cancelled = invocation->context->cancelled;
    quiet.spill_from = invocation->context->spill_from;
    if (program_new(&quiet, graph, options, &program) != OK)
        return false;
    *memory = program_memory(program);
    *peak = memory->peak ? arena_copy_text(invocation->arena, memory->peak->name) : NULL;
    memory->peak = NULL; // went with the program
    program_free(program);
    return true;
}

void shown_memory_init(struct invocation *invocation, const struct graph *graph,
                       const struct counts *counts, const struct infer_options *infer, enum isa isa,
                       struct shown_memory *out)
{
    struct program_options options = {
        .isa = isa, .is_plan = true, .is_integer = true, .groups = 1, .infer = *infer};

    memset(out, 0, sizeof *out);
    if (!(counts->parameters < COPIED_COUNT_MAX) && counts->weight_bits != 32)
        return; // its weights would have to be widened to float32
    out->is_known = plan(invocation, graph, &options, &out->many, &out->many_peak);
    options.is_small = true;
    if (out->is_known)
        out->is_known = plan(invocation, graph, &options, &out->single, &out->single_peak);
}

static void add_bytes(struct text *out, size_t bytes, const char *what)
{
    text_add_number(out, (double)bytes, "B");
    text_add(out, what);
}

static size_t total(const struct program_memory *memory)
{
    return memory->weights + memory->group + memory->scratch;
}

void shown_memory_text(const struct shown_memory *memory, struct text *out)
{
    if (!memory->is_known)
        return;
    text_add(out, "running   ");
    add_bytes(out, memory->many.weights,
              " of weights as the kernels read them; per thread, for 16 "
              "samples, ");
    add_bytes(out, memory->many.group, " of activations (");
    add_bytes(out, memory->many.alive, " alive");
    if (memory->many_peak) {
        text_add(out, " at '");
        text_add_escaped(out, memory->many_peak, strlen(memory->many_peak));
        text_add(out, "'");
    }
    text_add(out, ") and ");
    add_bytes(out, memory->many.scratch, " to work in\n");
    text_add(out, "          ");
    add_bytes(out, total(&memory->many), " on one thread; ");
    add_bytes(out, total(&memory->single), " one sample at a time\n");
}

static void add_plan(struct json *block, const char *key, const struct program_memory *memory,
                     const char *peak)
{
    struct json *part = json_add_object(block, key);

    json_add_number(part, "weights", (double)memory->weights);
    json_add_number(part, "group", (double)memory->group);
    json_add_number(part, "scratch", (double)memory->scratch);
    json_add_number(part, "alive", (double)memory->alive);
    json_add_name(part, "peak", peak);
    json_add_number(part, "total", (double)total(memory));
}

void shown_memory_json(const struct shown_memory *memory, struct json *block)
{
    if (!memory->is_known) {
        json_add_null(block, "plan");
        json_add_null(block, "plan_single");
        return;
    }
    add_plan(block, "plan", &memory->many, memory->many_peak);
    add_plan(block, "plan_single", &memory->single, memory->single_peak);
}
