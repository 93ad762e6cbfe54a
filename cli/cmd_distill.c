// ecai distill METHOD: trains a student on a teacher's answers, or on the labels alone.
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/compression.h"
#include "distill/methods.h"
#include "distill/recipe.h"
#include "io/npy.h"

struct distill_line {
    struct compressor_options common; // first: COMPRESSOR_GROUPS
    struct distill_own_options {
        const char *teacher, *teacher_logits, *student;
    } own;
};

// One run: what a compressor has, and the student's own file.
struct distillation {
    struct compression compression;
    const struct distill_own_options *own;
    struct named_model student; // graph NULL: derived
    struct tensor logits;
};

static enum status check_line(struct distillation *distillation)
{
    struct invocation *invocation = distillation->compression.invocation;
    const struct compressor_options *options = invocation->options;
    const struct distill_own_options *own = distillation->own;
    struct context *context = invocation->context;
    struct streams *streams = &invocation->streams;
    bool needs_teacher = invocation->method->needs & NEEDS_TEACHER;

    TRY(streams_add_input(context, streams, "--teacher", own->teacher));
    TRY(streams_add_input(context, streams, "--student", own->student));
    TRY(streams_add_input(context, streams, "--teacher-logits", own->teacher_logits));
    if (own->teacher && own->teacher_logits)
        return context_fail(context, ERR_USAGE,
                            "'--teacher' and '--teacher-logits' contradict "
                            "each other: give one");
    if (needs_teacher && !own->teacher && !own->teacher_logits)
        return context_fail(context, ERR_USAGE,
                            "'distill %s' needs '--teacher MODEL' or '--teacher-logits FILE.npy'",
                            invocation->method->name);
    if (!own->teacher && !own->student)
        return context_fail(context, ERR_USAGE,
                            "'--student MODEL' is needed: without '--teacher' "
                            "there is nothing to derive one from");
    if (!options->source.data)
        return context_fail(context, ERR_USAGE,
                            "'--data' is needed: samples to train on, such as "
                            "'--data fashion-mnist:train'");
    return compression_check_outputs(&distillation->compression);
}

// The teacher's answers as float32[samples][classes].
static enum status open_logits(struct distillation *distillation)
{
    struct compression *compression = &distillation->compression;
    struct context *context = compression->invocation->context;
    const char *path = distillation->own->teacher_logits;
    struct tensor read = {0};
    enum status status;

    if (!path)
        return OK;
    status = npy_read(context, path, &read);
    if (status == OK && (read.shape.rank != 2 || read.shape.dim[0] != compression->data->count))
        status = context_fail(context, ERR_SHAPE,
                              "wants %lld rows, one a sample of the data, and a column a class",
                              (long long)compression->data->count);
    if (status == OK)
        status = tensor_convert(context, &distillation->logits, &read, DT_F32);
    tensor_release(&read);
    if (status != OK)
        return context_fail_in(context, status, "%s", path);
    compression->teacher_logits = tensor_f32(&distillation->logits);
    compression->teacher_classes = distillation->logits.shape.dim[1];
    return OK;
}

static double number_option(const struct invocation *invocation, const char *name)
{
    const struct field *field = field_find(invocation->method->option, name);

    return field && field->type == FIELD_DOUBLE
               ? *(const double *)((const char *)invocation->method_options + field->offset)
               : 1;
}

static enum status open_student(struct distillation *distillation)
{
    struct compression *compression = &distillation->compression;
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    enum status status;

    compression->student_name = "student";
    if (!distillation->own->student) {
        status = student_derive(invocation->context, compression->model.graph,
                                number_option(invocation, "width"),
                                number_option(invocation, "depth"), &compression->base);
        return status == OK ? OK : model_fail(invocation->context, &compression->model, status);
    }
    TRY(model_open(invocation, distillation->own->student, options->input.external_data,
                   &distillation->student));
    TRY(model_specialise(invocation, &compression->infer, SPECIALISE_TO_WRITE,
                         distillation->own->teacher != NULL, &distillation->student));
    compression->student_name = distillation->student.name;
    compression->base = graph_clone(distillation->student.graph);
    return OK;
}

static enum status open_models(struct distillation *distillation)
{
    struct compression *compression = &distillation->compression;
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    enum status status;

    TRY(compression_open_device(compression));
    if (distillation->own->teacher) {
        TRY(model_open(invocation, distillation->own->teacher, options->input.external_data,
                       &compression->model));
        TRY(model_specialise(invocation, &compression->infer, SPECIALISE_TO_RUN,
                             distillation->own->student != NULL, &compression->model));
    }
    compression->teacher = compression->model.graph;
    TRY(open_student(distillation));
    status = selection_check(invocation->context, &compression->selection, &options->compress.layer,
                             compression->base);
    if (status != OK)
        return status;
    status = figures_init(invocation->context,
                          compression->teacher ? compression->teacher : compression->base,
                          &compression->infer, false, &compression->before);
    if (status != OK)
        return compression->teacher ? model_fail(invocation->context, &compression->model, status)
                                    : compression_fail(compression, status);
    return OK;
}

// Both see the same samples: pictures that only one of them could read are of no use.
static enum status check_pictures(const struct compression *compression)
{
    struct invocation *invocation = compression->invocation;
    struct context *context = invocation->context;
    struct picture_plan own, teachers;

    if (!compression->data || !compression->data->is_pictures)
        return OK;
    TRY(picture_plan_init(context, &compression->preprocess, compression->base, invocation->arena,
                          &own));
    TRY(picture_plan_init(context, &compression->teacher_preprocess, compression->teacher,
                          invocation->arena, &teachers));
    teachers.wanted_width = own.wanted_width; // a size that does not fit is found out later
    teachers.wanted_height = own.wanted_height;
    return picture_plan_equal(&own, &teachers)
               ? OK
               : context_fail(context, ERR_UNSUPPORTED,
                              "teacher and student read pictures in different ways: give "
                              "'--resize', '--crop', '--channels' and '--classes' for both");
}

static enum status open_data(struct distillation *distillation)
{
    struct compression *compression = &distillation->compression;
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;

    TRY(compression_open_data(compression, compression->student_name, compression->teacher));
    if (compression->teacher) {
        TRY(preprocess_resolve(invocation->context,
                               &(struct preprocess_request){.line = &options->preprocess,
                                                            .model = compression->teacher,
                                                            .model_name = compression->model.name,
                                                            .data = compression->data},
                               invocation->arena, &compression->teacher_preprocess));
        TRY(check_pictures(compression));
    }
    return open_logits(distillation);
}

// Whether a file stands there or will: nothing is kept beside a stream or a device.
static bool is_regular(const char *path)
{
    struct stat file;

    return !is_dash(path) && (stat(path, &file) != 0 || S_ISREG(file.st_mode));
}

static enum status work(struct distillation *distillation)
{
    struct compression *compression = &distillation->compression;
    struct invocation *invocation = compression->invocation;
    const struct compressor_options *options = invocation->options;
    const char *out = options->target.out;

    TRY(check_line(distillation));
    TRY(invocation_isa(invocation, &compression->isa));
    TRY(open_models(distillation));
    TRY(open_data(distillation));
    compression->is_trained = true;
    TRY(compression_meet_budget(compression));
    if (options->compress.dry_run)
        return compression_tell(compression);
    if (is_regular(out))
        compression->checkpoint = arena_format(invocation->arena, "%s.checkpoint", out);
    TRY(compression_try(compression));
    TRY(compression_check_budget(compression));
    TRY(compression_write(compression));
    if (compression->checkpoint)
        remove(compression->checkpoint); // not there after a course without epochs: fine
    return compression_tell(compression);
}

static enum status run(struct invocation *invocation)
{
    const struct distill_line *line = invocation->options;
    struct distillation distillation = {.own = &line->own};
    enum status status;

    compression_init(&distillation.compression, invocation, "distill");
    status = work(&distillation);
    compression_clear(&distillation.compression);
    model_close(&distillation.student);
    tensor_release(&distillation.logits);
    return status;
}

static const struct field own_fields[] = {
    FIELD(struct distill_own_options, teacher, NULL, 0, 0, "MODEL: whose answers are learnt"),
    FIELD(struct distill_own_options, teacher_logits, NULL, 0, 0,
          "FILE.npy: its answers to all samples of the data, before Softmax"),
    FIELD(struct distill_own_options, student, NULL, 0, 0,
          "MODEL: what is trained: ONNX, or text IR with init=he (default: derived from the "
          "teacher)"),
    FIELDS_END,
};

static const struct option_group groups[] = {
    {"models", own_fields, offsetof(struct distill_line, own)},
    COMPRESSOR_GROUPS,
    {NULL, NULL, 0},
};

const struct command command_distill = {
    .operands = "--data SOURCE -o OUT",
    .details =
        "Interrupted, it leaves OUT.checkpoint, from which the same line goes on to the same "
        "bytes. --max-drop compares with the teacher after the training, on --data: if more is "
        "lost, nothing is written and the checkpoint stays.",
    .examples =
        "  ecai distill logits --teacher big.onnx --data fashion-mnist:train --sparsity 0.8 \\\n"
        "      --bits 8/8 -o student.onnx\n",
    .max_operands = 0,
    .groups = groups,
    .option_bytes = sizeof(struct distill_line),
    .makes_model = true,
    .method_at = distill_method_at,
    .run = run,
};
