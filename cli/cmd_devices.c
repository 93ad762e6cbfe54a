// ecai devices VERB: the energy profiles, how they were made and how well they do.
#include <string.h>

#include "cli/devices.h"

static const struct devices_verb *const verbs[] = {
#define DEVICES_VERB(name) &devices_verb_##name,
#include "cli/devices.def"
#undef DEVICES_VERB
};
enum { VERBS = sizeof verbs / sizeof verbs[0] };

static enum status find_verb(struct invocation *invocation, const struct devices_verb **out)
{
    const char *word = invocation->operand[0];
    struct text text;
    enum status status;

    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i]->name, word) == 0) {
            *out = verbs[i];
            return OK;
        }
    text_init(&text);
    for (int i = 0; i < VERBS; i++)
        text_format(&text, "%s'%s%s%s'",
                    i == 0           ? ""
                    : i == VERBS - 1 ? " or "
                                     : ", ",
                    verbs[i]->name, *verbs[i]->operands ? " " : "", verbs[i]->operands);
    status =
        context_fail(invocation->context, ERR_USAGE, "'devices' takes %s, not '%s'", text.at, word);
    text_clear(&text);
    return status;
}

static enum status check_fields(struct invocation *invocation, const struct devices_verb *verb,
                                const struct field *fields, size_t offset)
{
    const void *at = (const char *)invocation->options + offset;

    for (; fields->name; fields++)
        if (!field_is_preset(fields, at))
            return context_fail(invocation->context, ERR_USAGE, "'devices %s' has no option '--%s'",
                                verb->name, option_name(invocation->arena, fields->name));
    return OK;
}

// Options of other verbs mean nothing to this one.
static enum status check_options(struct invocation *invocation, const struct devices_verb *verb)
{
    const struct option_group *group = invocation->command->groups;

    for (; group->fields; group++)
        if (group->fields == json_fields ? !verb->takes_json : group->fields != verb->fields)
            TRY(check_fields(invocation, verb, group->fields, group->offset));
    return OK;
}

static enum status run(struct invocation *invocation)
{
    const struct devices_verb *verb = NULL;
    int count = invocation->operand_count - 1;

    TRY(find_verb(invocation, &verb));
    if (count < verb->min_operands)
        return context_fail(invocation->context, ERR_USAGE, "'devices %s' wants a %s", verb->name,
                            verb->operands);
    if (verb->max_operands >= 0 && count > verb->max_operands)
        return context_fail(invocation->context, ERR_USAGE,
                            "'devices %s' has an operand too many, '%s'", verb->name,
                            invocation->operand[1 + verb->max_operands]);
    TRY(check_options(invocation, verb));
    return verb->run(invocation, count, invocation->operand + 1);
}

static const struct option_group groups[] = {
    {"calibrate", calibrate_fields, offsetof(struct devices_options, calibrate)},
    {"validate", validate_fields, offsetof(struct devices_options, validate)},
    {"output", json_fields, offsetof(struct devices_options, json)},
    {NULL, NULL, 0},
};

const struct command command_devices = {
    .operands = "list|show NAME|calibrate --csv FILE|calibrate NAME...|--all|validate [TEST...]",
    .details =
        "Profiles are JSON files under share/devices or $ECAI_DEVICES. docs/energy.md says "
        "how joules follow from them. "
        "calibrate --csv fits the coefficients of a profile to measurements, at least 12 "
        "networks, and tells what each network would have been by the others; -o writes the "
        "profile, for --device ./OUT.json. A FILE that is not here is looked for among the "
        "published tables (testdata/energy or $ECAI_TABLES). calibrate NAME makes the "
        "coefficients of a profile, and the errors that it claims, again from the table that "
        "it names, beside those that it has; coefficients may differ by 0.5 %. What nothing "
        "makes again is listed. "
        "validate prints what the model predicts beside what others have measured, and ends "
        "with 3 where a bar is missed that should hold; with the name of a TEST every row of "
        "it.",
    .examples = "  ecai devices calibrate --all\n"
                "  ecai devices calibrate --csv mlperf_mobile.csv --where device=rpi4 \\\n"
                "      --where runtime=tflite-2.7.1 --where family=mobilenet -o pi.json\n"
                "  ecai devices validate\n"
                "  ecai devices validate T5 --json t5.json --svg .\n",
    .min_operands = 1,
    .max_operands = -1,
    .groups = groups,
    .option_bytes = sizeof(struct devices_options),
    .run = run,
};
