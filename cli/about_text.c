// What `ecai show` says of a model beside its layers, as text and as JSON.
#include "cli/about.h"

#include <string.h>

#include "cli/table.h"

static void line(struct text *out, const char *title)
{
    text_format(out, "%-10s", title);
}

static void add_running(const struct about *about, struct text *out)
{
    line(out, "runs");
    if (about->refused.length) {
        text_format(out, "not: %s\n", about->refused.at);
    } else if (about->wants.length) {
        text_format(out, "with%s\n", about->wants.at);
    } else if (!about->is_batched) {
        text_format(out, "a batch of its own size at a time, by the reference executor\n");
        line(out, "");
        text_format(out, "because %s\n", about->apart.at);
    } else {
        text_format(out, "16 samples side by side%s%s; %d steps by kernels",
                    about->is_opened ? " (the file's fixed batch is opened for running)" : "",
                    about->is_integer ? ", on exact integers" : "", about->lowered);
        if (about->fallback)
            text_format(out, ", by reference %s", about->slow.at);
        text_add(out, "\n");
    }
}

static void add_share(struct text *out, int count, int of, double elements, double total)
{
    text_format(out, "%d of %d weight matrices", count, of);
    if (count && total > 0) {
        text_add(out, ", ");
        text_add_percent(out, elements / total);
        text_add(out, " of their elements");
    }
}

static void add_compressing(const struct about *about, struct text *out)
{
    if (!about->weights)
        return; // nothing to compress, or it is inside of what is not known yet
    line(out, "prune");
    add_share(out, about->prunable, about->weights, about->prunable_elements,
              about->weight_elements);
    if (about->kept.length)
        text_format(out, "; not those of %s", about->kept.at);
    text_add(out, "\n");
    line(out, "quantize");
    if (about->has_integer_inputs) {
        text_add(out, "is int8 already; 'int8 --bits 4/8' goes lower\n");
    } else {
        text_add(out, "int8: ");
        add_share(out, about->quantizable, about->weights, about->quantizable_elements,
                  about->weight_elements);
        if (about->kept_float.length)
            text_format(out, "; float stay %s", about->kept_float.at);
        text_add(out, "\n");
    }
    line(out, "distill");
    if (about->refused.length || about->wants.length)
        text_add(out, "not known before it runs\n");
    else if (about->untrainable.length)
        text_format(out, "as a teacher; not trained itself: %s\n", about->untrainable.at);
    else
        text_add(out, "as a teacher, and as a student: every operator has a gradient\n");
}

static void add_next(const struct about *about, const struct named_model *model, struct text *out)
{
    line(out, "next");
    if (about->refused.length)
        text_add(out, "ecai ops");
    else if (about->wants.length)
        text_format(out, "ecai show%s%s ", about->given.at, about->wants.at);
    else if (about->has_integer_inputs)
        text_format(out, "ecai eval --data %s ", about->source);
    else if (about->quantizable)
        text_format(out, "ecai quantize int8 --data %s@0:256 -o small.onnx ", about->source);
    else if (about->prunable)
        text_add(out, "ecai prune magnitude --sparsity 0.5 -o small.onnx ");
    else
        text_add(out, "ecai simplify -o simple.onnx ");
    if (!about->refused.length && !about->wants.length && about->given.length)
        text_format(out, "%s ", about->given.at + 1);
    if (!about->refused.length)
        text_add_escaped(out, model->name, strlen(model->name));
    text_add(out, "\n");
}

void about_text(const struct about *about, const struct named_model *model, struct text *out)
{
    add_running(about, out);
    add_compressing(about, out);
    add_next(about, model, out);
}

static void add_or_null(struct json *parent, const char *key, const struct text *text)
{
    json_add_text(parent, key, text->length ? text->at : NULL);
}

void about_json(const struct about *about, struct json *document)
{
    struct json *block = json_add_object(document, "about"), *part;

    add_or_null(block, "family", &about->family);
    part = json_add_object(block, "runs");
    add_or_null(part, "refused", &about->refused);
    add_or_null(part, "wants", &about->wants);
    json_add_bool(part, "batched", about->is_batched);
    json_add_bool(part, "batch_opened", about->is_opened);
    add_or_null(part, "apart", &about->apart);
    json_add_text(part, "executor", about->is_integer ? "int8" : "float");
    json_add_int(part, "kernels", about->lowered);
    json_add_int(part, "reference", about->fallback);
    part = json_add_object(block, "prune");
    json_add_int(part, "matrices", about->prunable);
    json_add_int(part, "of", about->weights);
    json_add_number(part, "elements", about->prunable_elements);
    part = json_add_object(block, "quantize");
    json_add_int(part, "matrices", about->quantizable);
    json_add_number(part, "elements", about->quantizable_elements);
    json_add_bool(part, "is_integer", about->has_integer_inputs);
    part = json_add_object(block, "train");
    json_add_bool(part, "possible", !about->untrainable.length && about->is_batched);
    add_or_null(part, "reason", &about->untrainable);
}
