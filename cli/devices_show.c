// ecai devices show NAME: an energy profile, whole.
#include "cli/devices.h"
#include "cli/shell.h"
#include "energy/device.h"

static enum status run(struct invocation *invocation, int operand_count, const char *const *operand)
{
    struct device device;
    struct text text;
    enum status status;

    (void)operand_count;
    text_init(&text);
    status = device_read(invocation->context, operand[0], &device);
    if (status == OK) {
        json_print(device.json, true, &text);
        status = print_result(invocation->context, &text);
    }
    text_clear(&text);
    device_clear(&device);
    return status;
}

const struct devices_verb devices_verb_show = {
    .name = "show", .operands = "NAME", .min_operands = 1, .max_operands = 1, .run = run};
