// The common course of distillation.
#include "distill/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "calibrate/annotate.h"
#include "io/file.h"
#include "pass/sparsity.h"
#include "train/prune_hook.h"

enum { CALIBRATION_SAMPLES = 1024, STATISTICS_BATCHES = 80, MASKS_PER_COURSE = 100 };

// Where a course stands; phases: 0 floats with batch norm, 1 fake quantisation without.
struct recipe {
    struct pass_run *run;
    const struct distill_options *options;
    struct course course;
    const float *logits;
    int64_t classes;                  // of the logits
    int weight_bits, activation_bits; // 0: no fake quantisation
    int64_t first_quantised;          // epoch at which phase 1 begins
    struct trainer trainer;
    struct prune_hook prune;
    struct text end_of_first; // phase 0's last state, for checkpoints of phase 1
    char fingerprint[SHA256_HEX_BYTES];
};

// ---- the output ---------------------------------------------------------------------------------

struct value_id output_before_softmax(struct graph *graph)
{
    struct value_id output = graph->output[0];
    struct node_id producer = graph_value(graph, output)->producer;
    struct value_id *outputs;

    if (!node_exists(producer) || (!node_is(graph_node(graph, producer), "Softmax") &&
                                   !node_is(graph_node(graph, producer), "LogSoftmax")))
        return NO_VALUE;
    outputs = arena_copy(graph->arena, graph->output, graph->output_count * sizeof *outputs);
    outputs[0] = graph_node(graph, producer)->input[0];
    graph_set_outputs(graph, outputs, graph->output_count);
    return output;
}

static void restore_output(struct graph *graph, struct value_id output)
{
    struct value_id *outputs =
        arena_copy(graph->arena, graph->output, graph->output_count * sizeof *outputs);

    if (!value_exists(output))
        return;
    outputs[0] = output;
    graph_set_outputs(graph, outputs, graph->output_count);
}

// ---- checkpoints --------------------------------------------------------------------------------

static const char magic[] = "ecai checkpoint 1\n";

static void hash_weights(struct sha256 *hash, const struct graph *graph)
{
    for (uint32_t i = 0; i < graph->value_count; i++)
        if (graph->value[i].tensor.buffer)
            sha256_add(hash, tensor_data(&graph->value[i].tensor),
                       tensor_bytes(&graph->value[i].tensor));
    for (uint32_t n = 0; n < graph->node_count; n++)
        sha256_add(hash, graph->node[n].op->name, strlen(graph->node[n].op->name));
}

static void add_list(struct text *text, const char *name, const struct strings *list)
{
    for (int64_t i = 0; list && i < list->count; i++)
        text_format(text, "%s=%s\n", name, list->at[i]);
}

// Of all that decides the result: options, seed, kernels, preprocessing, student, data, the
// teacher's answers.
static enum status set_fingerprint(struct recipe *recipe)
{
    const struct dataset *data = recipe->run->data;
    char data_hex[SHA256_HEX_BYTES];
    struct sha256 hash;
    enum status status;
    struct text text;

    text_init(&text);
    for (const struct field *field = distill_logits.option; field->name; field++) {
        text_format(&text, "%s=", field->name);
        field_print(field, recipe->options, &text);
        text_add(&text, "\n");
    }
    text_format(&text, "seed=%llu\n", (unsigned long long)recipe->course.seed);
    text_format(&text, "isa=%s\n", isa_name(recipe->run->isa));
    if (recipe->run->context->is_plain)
        text_add(&text, "conv=direct\n");
    if (recipe->run->context->tuning)
        text_add(&text, "conv=tuned\n");
    add_list(&text, "only", recipe->run->selection ? &recipe->run->selection->only : NULL);
    add_list(&text, "exclude", recipe->run->selection ? &recipe->run->selection->exclude : NULL);
    add_list(&text, "layer", recipe->run->layer);
    if (recipe->run->preprocess) {
        struct json *json = preprocess_json(recipe->run->preprocess, false);
        json_print(json, false, &text);
        json_free(json);
    }
    sha256_init(&hash);
    sha256_add(&hash, text.at, text.length);
    status = dataset_sha256(recipe->run->context, data, data_hex);
    sha256_add(&hash, data_hex, sizeof data_hex);
    hash_weights(&hash, recipe->run->graph);
    if (recipe->logits)
        sha256_add(&hash, recipe->logits,
                   (size_t)data->count * (size_t)recipe->trainer.classes * sizeof(float));
    sha256_hex(&hash, recipe->fingerprint);
    text_clear(&text);
    return status;
}

static void add_section(struct text *out, const struct text *section)
{
    uint64_t length = section->length;

    text_add_bytes(out, &length, sizeof length);
    text_add_bytes(out, section->at, section->length);
}

static enum status save(struct recipe *recipe, int phase)
{
    static const struct output_options plain;
    struct text file, state;
    enum status status;

    if (!recipe->run->checkpoint)
        return OK;
    text_init(&file);
    text_init(&state);
    trainer_save(&recipe->trainer, &state);
    text_add(&file, magic);
    text_add_bytes(&file, recipe->fingerprint, sizeof recipe->fingerprint);
    text_add_bytes(&file, &phase, sizeof phase);
    text_add_bytes(&file, &recipe->prune.reached, sizeof recipe->prune.reached);
    add_section(&file, phase == 0 ? &state : &recipe->end_of_first);
    if (phase == 1)
        add_section(&file, &state);
    status =
        output_file(recipe->run->context, recipe->run->checkpoint, &plain, file.at, file.length);
    text_clear(&file);
    text_clear(&state);
    return status == OK ? OK
                        : context_fail_in(recipe->run->context, status, "checkpoint '%s'",
                                          recipe->run->checkpoint);
}

// What a checkpoint holds; sections point into its bytes.
struct saved {
    struct mapped *mapped;
    int phase;
    double reached;
    struct span section[2];
};

static bool take_section(const char **at, const char *end, struct span *out)
{
    uint64_t length;

    if ((size_t)(end - *at) < sizeof length)
        return false;
    memcpy(&length, *at, sizeof length);
    *at += sizeof length;
    if ((size_t)(end - *at) < length)
        return false;
    *out = (struct span){(const unsigned char *)*at, (size_t)length};
    *at += length;
    return true;
}

// A checkpoint of this very run, if there is one; another run's is left alone with a note.
static bool find_saved(struct recipe *recipe, struct saved *out)
{
    struct context silent;
    const char *at, *end;
    size_t head = sizeof magic - 1;

    memset(out, 0, sizeof *out);
    context_init(&silent);
    if (!recipe->run->checkpoint ||
        mapped_open(&silent, recipe->run->checkpoint, &out->mapped) != OK)
        return false;
    at = (const char *)mapped_bytes(out->mapped).at;
    end = at + mapped_bytes(out->mapped).length;
    if ((size_t)(end - at) <
            head + sizeof recipe->fingerprint + sizeof out->phase + sizeof(double) ||
        memcmp(at, magic, head) != 0 ||
        memcmp(at + head, recipe->fingerprint, sizeof recipe->fingerprint) != 0) {
        context_warn(recipe->run->context, "'%s' is of another run: starting anew",
                     recipe->run->checkpoint);
        return false;
    }
    at += head + sizeof recipe->fingerprint;
    memcpy(&out->phase, at, sizeof out->phase);
    memcpy(&out->reached, at + sizeof out->phase, sizeof out->reached);
    at += sizeof out->phase + sizeof out->reached;
    return (out->phase == 0 || out->phase == 1) && take_section(&at, end, &out->section[0]) &&
           (out->phase == 0 || take_section(&at, end, &out->section[1]));
}

static enum status load(struct recipe *recipe, const struct saved *saved, int section)
{
    const char *at = (const char *)saved->section[section].at;
    int64_t before = recipe->trainer.epoch;

    recipe->prune.reached = saved->reached;
    TRY(trainer_load(&recipe->trainer, &at, at + saved->section[section].length));
    // The file shall tell the same, interrupted or not.
    trainer_count_epochs(&recipe->trainer, recipe->trainer.epoch - before);
    return OK;
}

// ---- phases -------------------------------------------------------------------------------------

// What --only, --exclude and --layer say of the weights, per value of the graph.
static enum status own_sparsities(struct recipe *recipe, const double **out)
{
    struct pass_run *run = recipe->run;
    struct graph *graph = run->graph;
    double *own = arena_array(graph->arena, double, graph->value_count + 1);

    for (uint32_t i = 0; i < graph->value_count; i++)
        own[i] = NAN;
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct node *node = &graph->node[n];
        const char *setting = layer_setting(run->layer, node, graph->arena);
        double wanted, sparsity = selection_has(run->selection, node) ? NAN : 0;
        if (prunable_slot(graph, node, 0) < 0)
            continue;
        if (setting && (!parse_number(setting, &wanted) || wanted < 0))
            return context_fail(run->context, ERR_USAGE,
                                "'--layer ...=%s' wants a sparsity up to 1, or bits", setting);
        if (setting && wanted <= 1)
            sparsity = wanted;
        for (int i = -1; (i = prunable_slot(graph, node, i + 1)) >= 0;)
            if (!isnan(sparsity))
                own[node->input[i].at] = sparsity;
    }
    *out = own;
    return OK;
}

static enum status start_trainer(struct recipe *recipe, bool is_pruned)
{
    const struct distill_options *options = recipe->options;
    struct pass_run *run = recipe->run;
    double end =
        strcmp(options->schedule, "one-shot") == 0 ? options->prune_begin : options->prune_end;
    struct prune_schedule schedule = {.sparsity = options->sparsity,
                                      .begin = options->prune_begin,
                                      .end = end,
                                      .keep = options->keep,
                                      .keep_ends = options->keep_ends};

    TRY(trainer_init(run->context, &recipe->trainer, run->graph, &recipe->course, run->data,
                     run->preprocess, recipe->logits, run->isa));
    recipe->trainer.work = run->work;
    if (options->sparsity <= 0)
        return OK;
    TRY(own_sparsities(recipe, &schedule.own));
    schedule.interval = 1 + recipe->trainer.steps_per_epoch * options->epochs / MASKS_PER_COURSE;
    TRY(prune_hook_init(&recipe->prune, &recipe->trainer, &schedule));
    if (is_pruned)
        TRY(prune_hook_freeze(&recipe->prune, &recipe->trainer));
    trainer_add_hook(&recipe->trainer, prune_hook_train(&recipe->prune));
    return OK;
}

static enum status train_until(struct recipe *recipe, int64_t epoch, int phase)
{
    char name[64];

    while (recipe->trainer.epoch < epoch) {
        TRY(trainer_run_epoch(&recipe->trainer));
        snprintf(name, sizeof name, "loss after epoch %lld", (long long)recipe->trainer.epoch);
        report_add(recipe->run->report, NULL, NULL, name, recipe->trainer.loss, "");
        TRY(save(recipe, phase));
    }
    return OK;
}

static enum status finish_phase(struct recipe *recipe)
{
    trainer_use_average(&recipe->trainer);
    TRY(trainer_estimate_statistics(&recipe->trainer, STATISTICS_BATCHES));
    return trainer_store(&recipe->trainer, recipe->run->graph);
}

static enum status mark_sparsity(struct recipe *recipe)
{
    struct graph *graph = recipe->run->graph;

    for (uint32_t n = 0; n < graph->node_count && recipe->options->sparsity > 0; n++) {
        const struct node *node = &graph->node[n];
        for (int i = -1; (i = prunable_slot(graph, node, i + 1)) >= 0;) {
            struct value *value = graph_value(graph, node->input[i]);
            if (!value->sparsity)
                value->sparsity = arena_alloc(graph->arena, sizeof *value->sparsity);
            tensor_release(&value->sparsity->mask); // the zeros are the mask from now on
        }
    }
    return OK;
}

static enum status annotate(struct recipe *recipe)
{
    struct pass_run run = *recipe->run;
    struct annotate_options options = {
        .range = {.method = RANGE_MSE, .bits = recipe->activation_bits},
        .weight_bits = recipe->weight_bits,
        .activation_bits = recipe->activation_bits,
        .layers_may_be_sparsities = true};
    int64_t count = run.data->count;
    struct dataset *some;
    enum status status;

    TRY(dataset_slice(run.context, run.data, 0,
                      count < CALIBRATION_SAMPLES ? count : CALIBRATION_SAMPLES, &some));
    run.data = some;
    run.report = NULL;
    status = annotate_integers(&run, &options);
    dataset_free(some);
    return status;
}

// Scales of the weights follow what training made of them.
static void refit_weights(struct recipe *recipe)
{
    struct graph *graph = recipe->run->graph;

    for (uint32_t i = 0; i < graph->value_count; i++) {
        const struct quant *quant = graph->value[i].quant;
        if (graph->value[i].role == VALUE_WEIGHT && quant && quant->axis >= 0)
            annotate_weight(graph, (struct value_id){i}, quant->axis, quant->bits);
    }
}

static enum status run_quantised(struct recipe *recipe, const struct saved *saved)
{
    trainer_save(&recipe->trainer, &recipe->end_of_first);
    TRY(finish_phase(recipe));
    trainer_clear(&recipe->trainer);
    TRY(pass_simplify.run(recipe->run));
    TRY(annotate(recipe));
    TRY(start_trainer(recipe, true));
    recipe->trainer.epoch = recipe->first_quantised;
    recipe->trainer.fine_tune_from =
        (double)recipe->first_quantised / (double)recipe->course.epochs;
    if (saved->phase == 1)
        TRY(load(recipe, saved, 1));
    TRY(train_until(recipe, recipe->course.epochs, 1));
    TRY(finish_phase(recipe));
    refit_weights(recipe);
    return OK;
}

static enum status run_phases(struct recipe *recipe)
{
    struct saved saved;
    enum status status = OK;

    TRY(start_trainer(recipe, false));
    if (recipe->logits && recipe->trainer.classes != recipe->classes)
        return context_fail(recipe->run->context, ERR_SHAPE,
                            "student has %d outputs, the teacher %lld", recipe->trainer.classes,
                            (long long)recipe->classes);
    TRY(set_fingerprint(recipe));
    if (find_saved(recipe, &saved)) {
        status = load(recipe, &saved, 0);
        if (status == OK)
            context_note(recipe->run->context, "going on from '%s' after epoch %lld",
                         recipe->run->checkpoint, (long long)recipe->trainer.epoch);
    } else {
        saved.phase = 0;
    }
    if (status == OK)
        status = train_until(recipe, recipe->first_quantised, 0);
    if (status == OK)
        status = recipe->weight_bits ? run_quantised(recipe, &saved) : finish_phase(recipe);
    mapped_release(saved.mapped);
    TRY(status);
    return mark_sparsity(recipe);
}

// ---- options ------------------------------------------------------------------------------------

static enum status set_bits(struct recipe *recipe)
{
    recipe->first_quantised = recipe->course.epochs;
    if (!recipe->options->bits)
        return OK;
    TRY(parse_bits(recipe->run->context, recipe->options->bits, &recipe->weight_bits,
                   &recipe->activation_bits));
    recipe->first_quantised =
        (int64_t)((double)recipe->course.epochs * recipe->options->quantize_from);
    return OK;
}

static void set_course(struct recipe *recipe)
{
    const struct distill_options *options = recipe->options;

    recipe->course = (struct course){.epochs = options->epochs,
                                     .batch = options->batch,
                                     .learning_rate = options->learning_rate,
                                     .warmup = options->warmup,
                                     .final_rate = options->final_rate,
                                     .fine_tune_rate = options->quantize_rate,
                                     .alpha = options->alpha,
                                     .temperature = options->temperature,
                                     .label_smoothing = options->label_smoothing,
                                     .optimizer = {.kind = strcmp(options->optimizer, "adamw") == 0
                                                               ? OPTIMIZER_ADAMW
                                                               : OPTIMIZER_SGD,
                                                   .momentum = options->momentum,
                                                   .weight_decay = options->weight_decay,
                                                   .ema = options->ema},
                                     .augment = {.flip = options->flip,
                                                 .shift = options->shift,
                                                 .border = "reflect",
                                                 .erase = options->erase,
                                                 .erase_fill = "noise"},
                                     .seed = recipe->run->context->seed};
}

enum status recipe_run(struct pass_run *run, const struct distill_options *options,
                       const float *logits, int64_t classes)
{
    struct recipe recipe = {.run = run, .options = options, .logits = logits, .classes = classes};
    // Numbers are predicted by the output itself, whatever makes it.
    bool is_plain = logits || !trains_on_numbers(run->data);
    struct value_id softmax = is_plain ? output_before_softmax(run->graph) : NO_VALUE;
    enum status status;

    set_course(&recipe);
    TRY(set_bits(&recipe));
    text_init(&recipe.end_of_first);
    status = run_phases(&recipe);
    trainer_clear(&recipe.trainer);
    text_clear(&recipe.end_of_first);
    restore_output(run->graph, softmax);
    return status;
}
