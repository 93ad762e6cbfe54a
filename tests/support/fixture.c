// Small models and data for the tests of the compression engine.
#include "tests/support/fixture.h"

#include <string.h>

#include "io/model.h"
#include "io/text_ir.h"

const char fixture_residual[] =
    "x:f32[n,1,8,8]  w0:f32[16,1,3,3] init=he  g0:f32[16] init=ones  b0:f32[16] init=zeros  "
    "m0:f32[16] init=zeros  v0:f32[16] init=ones  stem: c0 = Conv(x, w0) pads=1,1,1,1  "
    "n0 = BatchNormalization(c0, g0, b0, m0, v0)  r0 = Relu(n0)  "
    "w1:f32[16,16,3,3] init=he  one: c1 = Conv(r0, w1) pads=1,1,1,1  g1:f32[16] init=ones  "
    "b1:f32[16] init=zeros  m1:f32[16] init=zeros  v1:f32[16] init=ones  "
    "n1 = BatchNormalization(c1, g1, b1, m1, v1)  s1 = Add(n1, r0)  r1 = Relu(s1)  "
    "w2:f32[16,16,3,3] init=he  two: c2 = Conv(r1, w2) pads=1,1,1,1  g2:f32[16] init=ones  "
    "b2:f32[16] init=zeros  m2:f32[16] init=zeros  v2:f32[16] init=ones  "
    "n2 = BatchNormalization(c2, g2, b2, m2, v2)  s2 = Add(n2, r1)  r2 = Relu(s2)  "
    "p = GlobalAveragePool(r2)  f = Flatten(p)  w3:f32[4,16] init=he  b3:f32[4] init=zeros  "
    "fc: y = Gemm(f, w3, b3) transB=1  output y";

struct graph *fixture_graph(struct context *context, const char *text)
{
    struct graph *graph;

    ck_assert_msg(graph_from_text(context, text, &graph) == OK, "%s", context->error);
    return graph;
}

struct dataset *fixture_data(struct context *context, const char *spec)
{
    struct dataset *data;

    ck_assert_msg(dataset_open(context, spec, NULL, &data) == OK, "%s", context->error);
    return data;
}

void *fixture_options(struct context *context, const struct pass *pass, const char *const *words,
                      struct arena *arena)
{
    void *options = arena_alloc(arena, pass->option_bytes + 1);

    if (pass->option)
        fields_preset(pass->option, options, arena);
    for (; words && *words; words++) {
        const char *equals = strchr(*words, '=');
        char *name = arena_copy_bytes(arena, *words, (size_t)(equals - *words));
        const struct field *field = field_find(pass->option, name);
        ck_assert_msg(field != NULL, "no option '%s'", name);
        ck_assert_msg(field_parse(context, field, equals + 1, options, arena) == OK, "%s",
                      context->error);
    }
    return options;
}

enum status fixture_run(struct context *context, const struct pass *pass, const char *const *words,
                        const struct dataset *data, struct graph **graph)
{
    struct arena *arena = arena_new();
    struct pass_run run = {.option = fixture_options(context, pass, words, arena), .data = data};
    enum status status = pipeline_run(context, pass, run, graph);

    arena_free(arena);
    return status;
}

struct graph *fixture_reread(struct context *context, const struct graph *graph)
{
    struct model_target target;
    struct graph *read;

    model_target_init(&target);
    ck_assert_msg(format_find("onnx")->write(context, graph, &target) == OK, "%s", context->error);
    ck_assert_msg(
        model_read_bytes(context,
                         (struct span){(const unsigned char *)target.bytes.at, target.bytes.length},
                         &read) == OK,
        "%s", context->error);
    model_target_clear(&target);
    return read;
}

const struct value *fixture_weight(const struct graph *graph, const char *name)
{
    struct value_id id = graph_find_value(graph, name);

    ck_assert_msg(value_exists(id), "no value '%s'", name);
    return graph_value(graph, id);
}
