// Knowledge distillation on logits (Hinton, Vinyals, Dean 2015): the student learns the teacher's
// softened answers and the labels. The teacher's answers to the plain images are computed once.
#include <stdlib.h>

#include "distill/recipe.h"
#include "eval/evaluate.h"

static const struct field fields[] = {
    RECIPE_FIELDS,
    FIELD(struct distill_options, temperature, "4", 0.1, 100, "softens both answers"),
    FIELD(struct distill_options, alpha, "0.9", 0, 1,
          "weight of the teacher's part; the labels have the rest"),
    FIELDS_END,
};

static enum status ask_teacher(struct pass_run *run, struct evaluation *out)
{
    struct evaluate_options options = {.isa = run->isa, .stage = "asking the teacher"};
    const struct preprocess *preprocess =
        run->teacher_preprocess ? run->teacher_preprocess : run->preprocess;
    struct graph *teacher = graph_clone(run->teacher);
    enum status status;

    output_before_softmax(teacher);
    status = evaluate(run->context, teacher, run->data, preprocess, &options, out);
    if (status == OK)
        work_add_run(run->work, teacher, run->data, preprocess, &options.infer);
    graph_free(teacher);
    return status == OK ? OK : context_fail_in(run->context, status, "teacher");
}

// Requires: a student in run->graph, data, a teacher or its logits. Sets: weights; sparsity and
// quant where asked for (batch norms are folded then).
static enum status run(struct pass_run *run)
{
    struct evaluation answers = {.executor = NULL};
    enum status status;

    if (run->teacher_logits)
        return recipe_run(run, run->option, run->teacher_logits, run->teacher_classes);
    if (!run->teacher)
        return context_fail(run->context, ERR_USAGE,
                            "wants '--teacher MODEL' or '--teacher-logits FILE.npy'");
    TRY(ask_teacher(run, &answers));
    status = recipe_run(run, run->option, answers.outputs.value, answers.outputs.width);
    outputs_clear(&answers.outputs);
    return status;
}

const struct pass distill_logits = {
    .name = "logits",
    .summary = "learn a teacher's softened answers and the labels",
    .option = fields,
    .option_bytes = sizeof(struct distill_options),
    .needs = NEEDS_TRAINING | NEEDS_TEACHER,
    .run = run,
};
