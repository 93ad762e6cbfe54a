// Reads and runs single operators for tests; see op_case.h.
#include "tests/support/op_case.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- reading -----------------------------------------------------------------------------------

static struct arena *case_arena(void)
{
    static struct arena *arena; // as long as the tests run

    if (!arena)
        arena = arena_new();
    return arena;
}

static _Noreturn void malformed(const char *what, const char *text)
{
    fprintf(stderr, "op cases: %s at '%.60s'\n", what, text);
    exit(EXIT_FAILURE);
}

static double element(int64_t i, int64_t count, const char **at)
{
    char *end;
    double value = strtod(*at, &end);

    if (end == *at || (*end != (i + 1 < count ? ',' : '}')))
        malformed("bad number", *at);
    *at = end + 1;
    return value;
}

// f32[2,2]{1,2,3,4}, with zeros where there are no braces. Advances *at behind it.
static struct tensor read_tensor(const char **at)
{
    struct context context;
    struct tensor tensor;
    struct shape shape = SHAPE_SCALAR;
    char name[16] = "";
    size_t length = strcspn(*at, "[");

    context_init(&context);
    if (length >= sizeof name || (*at)[length] != '[')
        malformed("bad tensor", *at);
    memcpy(name, *at, length);
    *at += length + 1;
    while (**at != ']') {
        char *end;
        if (shape.rank == SHAPE_MAX_RANK)
            malformed("too many dims", *at);
        shape.dim[shape.rank++] = strtoll(*at, &end, 10);
        if (end == *at)
            malformed("bad dim", *at);
        *at = *end == ',' ? end + 1 : end;
    }
    ++*at;
    enum dtype dtype = dtype_from_name(name);
    if (dtype == DT_NONE || tensor_alloc(&context, &tensor, dtype, &shape) != OK)
        malformed("bad type", name);
    if (**at != '{')
        return tensor;
    ++*at;
    int64_t count = tensor_count(&tensor);
    for (int64_t i = 0; i < count; i++)
        tensor_set(&tensor, i, element(i, count, at));
    if (count == 0)
        ++*at;
    return tensor;
}

static void read_attribute(const struct op *op, char *item, void *attr)
{
    struct context context;
    char *equals = strchr(item, '=');

    if (!equals)
        malformed("bad attribute", item);
    *equals = '\0';
    const struct field *field = op->attr ? field_find(op->attr, item) : NULL;
    if (!field)
        malformed("unknown attribute", item);
    if (field->type == FIELD_TENSOR) {
        struct tensor *tensor = arena_alloc(case_arena(), sizeof *tensor);
        const char *at = equals + 1;
        *tensor = read_tensor(&at);
        memcpy((char *)attr + field->offset, &tensor, sizeof tensor);
        return;
    }
    context_init(&context);
    if (field_parse(&context, field, equals + 1, attr, case_arena()) != OK)
        malformed(context.error, item);
}

static struct op_case start_case(const char *op, const char *attributes)
{
    struct op_case c = {.op = op_find(op)};
    char *text = arena_copy_text(case_arena(), attributes);

    if (!c.op)
        malformed("unknown operator", op);
    c.label = arena_format(case_arena(), "%s %s", op, attributes);
    if (c.op->attr) {
        void *attr = arena_alloc(case_arena(), c.op->attr_bytes);
        fields_preset(c.op->attr, attr, case_arena());
        c.attr = attr;
        for (char *end, *item = text; *item; item = end) {
            end = item + strcspn(item, " ");
            if (*end)
                *end++ = '\0';
            if (*item)
                read_attribute(c.op, item, attr);
        }
    }
    return c;
}

static void add_argument(const char **at, struct tensor *tensor, bool *has, int *count)
{
    if (*count == CASE_MAX_ARGUMENTS)
        malformed("too many arguments", *at);
    has[*count] = **at != '-';
    if (has[*count])
        tensor[*count] = read_tensor(at);
    else
        ++*at;
    ++*count;
}

struct op_case op_case_of(const char *op, const char *attributes, const char *inputs, int outputs)
{
    struct op_case c = start_case(op, attributes);

    while (*inputs) {
        add_argument(&inputs, c.input, c.has_input, &c.input_count);
        inputs += strspn(inputs, " ");
    }
    c.output_count = outputs;
    for (int i = 0; i < outputs; i++)
        c.has_output[i] = true;
    return c;
}

static bool starts(const char **line, const char *word)
{
    size_t length = strlen(word);

    if (strncmp(*line, word, length) != 0)
        return false;
    *line += length;
    return true;
}

static void read_line(struct op_case *c, const char *line)
{
    if (starts(&line, "training")) {
        c->training = true;
    } else if (starts(&line, "fixed ")) {
        for (char *end; *line; line = *end == ',' ? end + 1 : end)
            c->fixed |= 1u << strtol(line, &end, 10);
    } else if (starts(&line, "in ")) {
        add_argument(&line, c->input, c->has_input, &c->input_count);
    } else if (starts(&line, "out ")) {
        add_argument(&line, c->output, c->has_output, &c->output_count);
    } else {
        malformed("unknown line", line);
    }
}

static struct op_case *append_case(struct op_case *list, int *count, int *capacity, char *line)
{
    if (*count == *capacity) {
        *capacity = *capacity ? 2 * *capacity : 64;
        struct op_case *grown = arena_array(case_arena(), struct op_case, (size_t)*capacity);
        if (*count)
            memcpy(grown, list, (size_t)*count * sizeof *list);
        list = grown;
    }
    size_t length = strcspn(line, " ");
    const char *attributes = line[length] ? line + length + 1 : "";
    line[length] = '\0';
    list[(*count)++] = start_case(line, attributes);
    return list;
}

const struct op_case *op_cases_read(const char *path, int *count)
{
    FILE *file = fopen(path, "r");
    struct op_case *list = NULL;
    char *line = NULL;
    size_t size = 0;
    int capacity = 0;

    *count = 0;
    while (file && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "case ", 5) == 0)
            list = append_case(list, count, &capacity, line + 5);
        else if (*line && *count)
            read_line(&list[*count - 1], line);
    }
    free(line);
    if (file)
        fclose(file);
    return list;
}

// ---- running -----------------------------------------------------------------------------------

void op_run_init(struct op_run *run, const struct op_case *from, enum dtype dtype)
{
    memset(run, 0, sizeof *run);
    context_init(&run->context);
    run->op = from->op;
    for (int i = 0; i < from->input_count; i++) {
        if (!from->has_input[i])
            continue;
        enum dtype own = from->input[i].dtype;
        bool converts = dtype != DT_NONE && dtype_info[own].is_float;
        ck_assert_int_eq(
            tensor_convert(&run->context, &run->input[i], &from->input[i], converts ? dtype : own),
            OK);
        run->input_at[i] = &run->input[i];
    }
    for (int i = 0; i < from->output_count; i++)
        run->output_at[i] = from->has_output[i] ? &run->output[i] : NULL;
    run->call = (struct op_call){
        .attr = from->attr,
        .input_count = from->input_count,
        .output_count = from->output_count,
        .input = run->input_at,
        .output = run->output_at,
        .training = from->training,
        .seed = 1,
    };
}

static void release_outputs(struct op_run *run)
{
    for (int i = 0; i < CASE_MAX_ARGUMENTS; i++)
        if (run->output[i].buffer)
            tensor_release(&run->output[i]);
    free(run->call.scratch);
    free(run->call.saved);
    run->call.scratch = run->call.saved = NULL;
}

void op_run_clear(struct op_run *run)
{
    release_outputs(run);
    for (int i = 0; i < CASE_MAX_ARGUMENTS; i++) {
        struct tensor *tensors[3] = {&run->input[i], &run->output_grad[i], &run->input_grad[i]};
        for (int k = 0; k < 3; k++)
            if (tensors[k]->buffer)
                tensor_release(tensors[k]);
    }
}

enum status op_run_infer(struct op_run *run)
{
    release_outputs(run);
    memset(run->output, 0, sizeof run->output);
    return run->op->infer(&run->context, &run->call);
}

static void *room(size_t (*size)(const struct op_call *), const struct op_call *call)
{
    size_t bytes = size ? size(call) : 0;
    void *at = aligned_alloc(64, (bytes + 64) / 64 * 64);

    ck_assert_ptr_nonnull(at);
    memset(at, 0xa5, bytes); // nobody may count on zeros
    return at;
}

void op_run_add_scratch(struct op_run *run)
{
    run->call.scratch = room(run->op->scratch_bytes, &run->call);
    run->call.saved = room(run->op->saved_bytes, &run->call);
}

enum status op_run_forward(struct op_run *run)
{
    TRY(op_run_infer(run));
    for (int i = 0; i < run->call.output_count; i++) {
        struct tensor *output = run->output_at[i];
        if (!output || output->buffer)
            continue;
        if (run->op->traits & OP_ALLOCATES && !shape_is_static(&output->shape))
            continue;
        ck_assert_msg(shape_is_static(&output->shape), "output %d has no static shape", i);
        TRY(tensor_alloc(&run->context, output, output->dtype, &output->shape));
    }
    op_run_add_scratch(run);
    return run->op->forward(&run->context, &run->call);
}

double output_weight(int output, int64_t i)
{
    return sin(1.0 + 0.7 * (double)i + 2.0 * output);
}

// Statistics and masks beside the first result carry no gradient; the parts of Split all do.
static bool has_gradient(const struct op_run *run, int output)
{
    return run->output_at[output] && dtype_info[run->output[output].dtype].is_float &&
           (output == 0 || strcmp(run->op->name, "Split") == 0);
}

double op_run_loss(const struct op_run *run)
{
    double loss = 0;

    for (int k = 0; k < run->call.output_count; k++) {
        const struct tensor *output = run->output_at[k];
        if (!has_gradient(run, k))
            continue;
        for (int64_t i = 0; i < tensor_count(output); i++)
            loss += output_weight(k, i) * tensor_get(output, i);
    }
    return loss;
}

static enum status set_output_grads(struct op_run *run)
{
    for (int k = 0; k < run->call.output_count; k++) {
        struct tensor *gradient = &run->output_grad[k];
        if (!has_gradient(run, k) || gradient->buffer)
            continue;
        TRY(tensor_alloc(&run->context, gradient, run->output[k].dtype, &run->output[k].shape));
        for (int64_t i = 0; i < tensor_count(gradient); i++)
            tensor_set(gradient, i, output_weight(k, i));
        run->output_grad_at[k] = gradient;
    }
    return OK;
}

enum status op_run_backward(struct op_run *run, unsigned fixed)
{
    TRY(set_output_grads(run));
    for (int i = 0; i < run->call.input_count; i++) {
        if (!run->input_at[i] || fixed & 1u << i || !dtype_info[run->input[i].dtype].is_float ||
            run->input_grad[i].buffer)
            continue;
        TRY(tensor_alloc(&run->context, &run->input_grad[i], run->input[i].dtype,
                         &run->input[i].shape));
        run->input_grad_at[i] = &run->input_grad[i];
    }
    run->call.output_grad = run->output_grad_at;
    run->call.input_grad = run->input_grad_at;
    return run->op->backward(&run->context, &run->call);
}

// ---- refusals ----------------------------------------------------------------------------------

void op_case_clear(struct op_case *c)
{
    for (int i = 0; i < c->input_count; i++)
        if (c->has_input[i])
            tensor_release(&c->input[i]);
}

void check_refusal(const struct op_refusal *row)
{
    struct op_case c = op_case_of(row->op, row->attributes, row->inputs, row->outputs);
    struct op_run run;

    op_run_init(&run, &c, DT_NONE);
    enum status status = op_run_forward(&run);
    ck_assert_msg(status == row->status, "%s on %s: status %d ('%s')", c.label, row->inputs,
                  (int)status, run.context.error);
    ck_assert_msg(strstr(run.context.error, row->message), "%s on %s: '%s' lacks '%s'", c.label,
                  row->inputs, run.context.error, row->message);
    op_run_clear(&run);
    op_case_clear(&c);
}
