// ecai devices list: the energy profiles.
#include "cli/devices.h"
#include "cli/shell.h"
#include "cli/table.h"
#include "energy/device.h"

static enum status add_rows(struct invocation *invocation, struct table *table)
{
    struct strings names;
    enum status status = OK;

    device_names(invocation->arena, &names);
    if (names.count == 0)
        return context_fail(invocation->context, ERR_IO,
                            "no energy profiles found; set ECAI_DEVICES to their folder");
    for (int64_t i = 0; i < names.count && status == OK; i++) {
        struct device device;
        status = device_read(invocation->context, names.at[i], &device);
        if (status == OK) {
            table_add(table, device.name);
            table_add(table, device.summary ? device.summary : "");
        }
        device_clear(&device);
    }
    return status;
}

static enum status run(struct invocation *invocation, int operand_count, const char *const *operand)
{
    struct table table;
    struct text text;
    enum status status;

    (void)operand_count;
    (void)operand;
    table_init(&table, "ll");
    text_init(&text);
    status = add_rows(invocation, &table);
    if (status == OK) {
        table_print(&table, &text);
        status = print_result(invocation->context, &text);
    }
    text_clear(&text);
    table_clear(&table);
    return status;
}

const struct devices_verb devices_verb_list = {.name = "list", .operands = "", .run = run};
