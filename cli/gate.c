// Requirements from the line to their verdicts.
#include "cli/gate.h"

#include <string.h>

#include "cli/json_common.h"
#include "cli/table.h"

enum status gate_parse(struct context *context, struct arena *arena,
                       const struct require_options *options, const char *const *devices,
                       struct gate *out)
{
    int64_t count = options->require.count + options->min.count + options->max.count;

    *out = (struct gate){.requirement = arena_array(arena, struct requirement, (size_t)count)};
    for (int64_t i = 0; i < options->require.count; i++, out->count++)
        TRY(requirement_parse(context, arena, options->require.at[i], devices,
                              &out->requirement[out->count]));
    for (int64_t i = 0; i < options->min.count; i++, out->count++)
        TRY(requirement_parse_bound(context, arena, options->min.at[i], AT_LEAST, devices,
                                    &out->requirement[out->count]));
    for (int64_t i = 0; i < options->max.count; i++, out->count++)
        TRY(requirement_parse_bound(context, arena, options->max.at[i], AT_MOST, devices,
                                    &out->requirement[out->count]));
    return parse_loss(context, "--margin", options->margin, &out->margin);
}

// Whether the verdict would be another within the interval of the estimate.
static void doubt(struct invocation *invocation, const struct requirement *requirement,
                  const struct json *report, struct gate_result *result)
{
    struct uncertain_figure figure;

    result->certainty = CERTAINTY_UNKNOWN;
    if (!certainty_find(requirement, report, &figure))
        return;
    result->certainty = certainty_of(&figure, requirement->relation, requirement->value);
    result->doubt = certainty_warn(invocation->context, invocation->arena, requirement->expression,
                                   &figure, requirement->relation, requirement->value);
}

enum status gate_judge(struct invocation *invocation, struct gate *gate, const struct json *report)
{
    bool unknown = false;

    gate->result = arena_array(invocation->arena, struct gate_result, (size_t)gate->count);
    for (int i = 0; i < gate->count; i++) {
        struct gate_result *result = &gate->result[i];
        result->verdict = requirement_judge(&gate->requirement[i], report, &result->value);
        doubt(invocation, &gate->requirement[i], report, result);
        unknown |= result->verdict == VERDICT_UNKNOWN;
        invocation->requirement_missed |= result->verdict == VERDICT_MISSED;
    }
    return unknown ? context_fail(invocation->context, ERR_NUMERIC,
                                  "a requirement cannot be judged: the report has null")
                   : OK;
}

void gate_to_json(struct json *document, const struct gate *gate)
{
    struct json *list = json_add_array(document, "requirements");

    for (int i = 0; i < gate->count && gate->result; i++) {
        struct json *item = json_add_object(list, NULL);
        json_add_name(item, "expression", gate->requirement[i].expression);
        json_add_count(item, "value", gate->result[i].value);
        if (gate->result[i].verdict == VERDICT_UNKNOWN)
            json_add_null(item, "holds");
        else
            json_add_bool(item, "holds", gate->result[i].verdict == VERDICT_HOLDS);
        if (gate->result[i].certainty == CERTAINTY_UNKNOWN)
            json_add_null(item, "certain");
        else
            json_add_bool(item, "certain", gate->result[i].certainty == CERTAIN);
    }
}

void gate_each(const struct gate *gate,
               void (*add_line)(struct text *out, const char *title, const char *text),
               struct text *out)
{
    static const char *const words[] = {
        [VERDICT_HOLDS] = "holds", [VERDICT_MISSED] = "missed", [VERDICT_UNKNOWN] = "unknown"};
    struct text line;

    for (int i = 0; i < gate->count && gate->result; i++) {
        const struct gate_result *result = &gate->result[i];
        text_init(&line);
        text_format(&line, "%s: %s ", words[result->verdict], gate->requirement[i].expression);
        if (result->verdict == VERDICT_UNKNOWN)
            text_add(&line, "(the report has null)");
        else
            text_format(&line, "(%.10g%s)", result->value, result->doubt ? ", not certain" : "");
        add_line(out, "requirement", line.at);
        text_clear(&line);
    }
}

void gate_text(const struct gate *gate, struct text *out)
{
    gate_each(gate, text_add_line, out);
}
