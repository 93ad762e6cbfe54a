// ecai devices list|show NAME: the energy profiles.
#include <string.h>

#include "cli/command.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "energy/device.h"

static enum status list(struct invocation *invocation, struct text *out)
{
    struct strings names;
    struct table table;
    enum status status = OK;

    device_names(invocation->arena, &names);
    if (names.count == 0)
        return context_fail(invocation->context, ERR_IO,
                            "no energy profiles found; set ECAI_DEVICES to their folder");
    table_init(&table, "ll");
    for (int64_t i = 0; i < names.count && status == OK; i++) {
        struct device device;
        status = device_read(invocation->context, names.at[i], &device);
        if (status == OK) {
            table_add(&table, device.name);
            table_add(&table, device.summary ? device.summary : "");
        }
        device_clear(&device);
    }
    if (status == OK)
        table_print(&table, out);
    table_clear(&table);
    return status;
}

static enum status show(struct invocation *invocation, struct text *out)
{
    struct device device;
    enum status status;

    if (invocation->operand_count < 2)
        return context_fail(invocation->context, ERR_USAGE, "'devices show' wants a NAME");
    status = device_read(invocation->context, invocation->operand[1], &device);
    if (status == OK)
        json_print(device.json, true, out);
    device_clear(&device);
    return status;
}

static enum status run(struct invocation *invocation)
{
    const char *what = invocation->operand[0];
    struct text text;
    enum status status;

    text_init(&text);
    if (strcmp(what, "list") == 0 && invocation->operand_count == 1)
        status = list(invocation, &text);
    else if (strcmp(what, "show") == 0)
        status = show(invocation, &text);
    else if (strcmp(what, "validate") == 0 || strcmp(what, "calibrate") == 0)
        status = context_fail(invocation->context, ERR_UNSUPPORTED, "'devices %s' is not there yet",
                              what);
    else
        status = context_fail(invocation->context, ERR_USAGE,
                              "'devices' takes 'list' or 'show NAME', not '%s'", what);
    if (status == OK)
        status = print_result(invocation->context, &text);
    text_clear(&text);
    return status;
}

const struct command command_devices = {
    .operands = "list|show NAME",
    .details = "Profiles are JSON files under share/devices or $ECAI_DEVICES. docs/energy.md says "
               "how joules follow from them.",
    .min_operands = 1,
    .max_operands = 2,
    .run = run,
};
