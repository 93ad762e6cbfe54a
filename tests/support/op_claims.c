// Claims about one operator; see op_claims.h.
#include "tests/support/op_claims.h"

#include <check.h>
#include <string.h>

#include "tests/support/op_case.h"

void assert_refuses(const char *op, const char *attributes, const char *inputs, enum status status,
                    const char *text)
{
    check_refusal(&(struct op_refusal){op, attributes, inputs, 1, status, text});
}

void assert_gives(const char *op, const char *attributes, const char *inputs, int outputs,
                  const char *expected)
{
    struct op_case c = op_case_of(op, attributes, inputs, outputs);
    struct op_case wanted = op_case_of("Identity", "", expected, 1);
    const struct tensor *tensor = &wanted.input[0];
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    ck_assert_msg(op_run_forward(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_msg(run.output[0].dtype == tensor->dtype &&
                      shape_equal(&run.output[0].shape, &tensor->shape),
                  "%s on %s: another type or shape", c.label, inputs);
    for (int64_t i = 0; i < tensor_count(tensor); i++) {
        double got = tensor_get(&run.output[0], i), number = tensor_get(tensor, i);
        ck_assert_msg(got == number || (got != got && number != number),
                      "%s on %s: item %lld is %g, not %g", c.label, inputs, (long long)i, got,
                      number);
    }
    op_run_clear(&run);
    op_case_clear(&c);
    op_case_clear(&wanted);
}

static bool is_between(const struct axis_link *link, struct axis_end a, struct axis_end b)
{
    return memcmp(&link->a, &a, sizeof a) == 0 && memcmp(&link->b, &b, sizeof b) == 0;
}

int op_links(const char *op, const char *attributes, const char *inputs, struct axis_end a,
             struct axis_end b)
{
    struct op_case c = op_case_of(op, attributes, inputs, 1);
    struct arena *arena = arena_new();
    struct axis_map map;
    struct op_run run;
    int count = 0;

    axis_map_init(&map, arena);
    op_run_init(&run, &c, DT_NONE);
    ck_assert_msg(op_run_infer(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_int_eq(c.op->map_axes(&run.context, &run.call, &map), OK);
    for (int i = 0; i < map.count; i++)
        count += is_between(&map.link[i], a, b) || is_between(&map.link[i], b, a);
    op_run_clear(&run);
    op_case_clear(&c);
    arena_free(arena);
    return count;
}

void assert_waits(const char *op, const char *attributes, const char *inputs, int without)
{
    struct op_case c = op_case_of(op, attributes, inputs, 1);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    tensor_release(&run.input[without]);
    ck_assert_msg(op_run_infer(&run) == OK, "%s: %s", c.label, run.context.error);
    ck_assert_msg(run.output[0].shape.rank == -1, "%s has a shape", c.label);
    ck_assert_int_ne(run.output[0].dtype, DT_NONE);
    op_run_clear(&run);
    op_case_clear(&c);
}
