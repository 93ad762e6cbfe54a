// --measure.
#include "cli/measured.h"

#include <math.h>

#include "cli/table.h"

const struct measured measured_nothing = {{NAN, NAN, NAN, NAN}, NULL, NULL};

enum status measured_run(struct invocation *invocation, const struct graph *graph,
                         const struct infer_options *infer, struct bench *bench,
                         struct measured *out)
{
    struct context *context = invocation->context;
    struct meter *meter = meter_new(NULL);
    enum status status = OK;

    *out = measured_nothing;
    if (meter_is_there(meter))
        status =
            bench_energy(context, invocation->arena, graph, infer, bench, meter, &out->inference);
    if (status == OK && isnan(out->inference.joules)) {
        context_warn(context, "not measured: %s", meter_reason(meter));
    } else if (status == OK) {
        out->counter = arena_copy_text(invocation->arena, meter_counter(meter));
        out->scope = arena_format(invocation->arena, "%s, above idle; batches of %lld, %d threads",
                                  meter_scope(meter), (long long)bench->batch, context->threads);
    }
    meter_free(meter);
    return status;
}

void measured_to_json(struct json *object, const struct measured *measured)
{
    json_add_number(object, "joules", measured->inference.joules);
    json_add_interval(object, "interval", measured->inference.low, measured->inference.high);
    json_add_text(object, "counter", measured->counter);
    json_add_text(object, "scope", measured->scope);
}

void measured_text(const struct measured *measured, struct text *out)
{
    if (!measured->counter)
        return;
    text_add_number(out, measured->inference.joules, "J");
    text_add(out, " (95 %: ");
    text_add_number(out, measured->inference.low, "J");
    text_add(out, " .. ");
    text_add_number(out, measured->inference.high, "J");
    text_add(out, ") an inference beyond ");
    text_add_number(out, measured->inference.idle_watts, "W");
    text_format(out, " of the idle machine: %s (%s)", measured->counter, measured->scope);
}
