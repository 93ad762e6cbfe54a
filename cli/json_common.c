// Parts that all JSON documents share.
#include "cli/json_common.h"

#include <math.h>
#include <string.h>

#include "cli/shell.h"
#include "cli/version.h"

struct json *json_add_provenance(struct json *document, const struct invocation *invocation)
{
    struct json *provenance = json_add_object(document, "provenance"), *inputs;

    json_add_text(provenance, "ecai", ECAI_VERSION);
    json_add_name(provenance, "command", invocation->line);
    json_add_int(provenance, "seed", invocation->global->seed);
    inputs = json_add_array(provenance, "inputs");
    for (int i = 0; i < invocation->input_count; i++) {
        struct json *input = json_add_object(inputs, NULL);
        json_add_name(input, "file", invocation->input[i].file);
        json_add_text(input, "sha256", invocation->input[i].sha256);
    }
    return provenance;
}

void json_add_running(struct json *parent, const struct invocation *invocation, enum isa isa)
{
    json_add_int(parent, "threads", invocation->context->threads);
    json_add_text(parent, "isa", isa_name(isa));
    json_add_text(parent, "conv", invocation->context->is_plain ? "direct" : "auto");
    json_add_bool(parent, "tuned", invocation->context->tuning != NULL);
}

void json_add_count(struct json *parent, const char *key, double count)
{
    if (isfinite(count) && fabs(count) < 9e15 && count == floor(count))
        json_add_int(parent, key, (int64_t)count);
    else
        json_add_number(parent, key, count);
}

void json_add_bits(struct json *parent, const char *key, int bits)
{
    json_add_number(parent, key, bits ? (double)bits : (double)NAN);
}

void json_add_model(struct json *document, const char *key, const struct named_model *model,
                    const struct counts *counts, const char *executor)
{
    struct json *block = json_add_object(document, key);

    json_add_name(block, "file", model->path);
    json_add_text(block, "sha256", *model->sha256 ? model->sha256 : NULL);
    json_add_count(block, "bytes", model->bytes < 0 ? (double)NAN : (double)model->bytes);
    json_add_count(block, "parameters", counts->parameters);
    json_add_count(block, "nonzero", counts->nonzero);
    json_add_count(block, "macs", counts->macs);
    json_add_count(block, "macs_nonzero", counts->macs_nonzero);
    json_add_bits(block, "weight_bits", counts->weight_bits);
    json_add_bits(block, "activation_bits", counts->activation_bits);
    json_add_text(block, "executor", executor);
}

void json_add_name(struct json *parent, const char *key, const char *name)
{
    struct text safe;

    if (!name) {
        json_add_null(parent, key);
        return;
    }
    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    json_add_text(parent, key, safe.at);
    text_clear(&safe);
}

void json_add_field(struct json *parent, const struct field *field, const void *at)
{
    const void *from = (const char *)at + field->offset;
    const double *number = from;
    struct text text;

    if (field->type == FIELD_BOOL) {
        json_add_bool(parent, field->name, *(const bool *)from);
    } else if (field->type == FIELD_INT) {
        json_add_int(parent, field->name, *(const int64_t *)from);
    } else if (field->type == FIELD_DOUBLE) {
        if (!isnan(*number))
            json_add_number(parent, field->name, *number);
    } else {
        text_init(&text);
        field_print(field, at, &text);
        if (text.length)
            json_add_name(parent, field->name, text.at);
        text_clear(&text);
    }
}

void json_add_warnings(struct json *document, const struct invocation *invocation)
{
    struct json *warnings = json_add_array(document, "warnings");
    const struct text *kept = invocation->console->warnings;

    for (const char *line = kept ? kept->at : ""; *line;) {
        size_t length = strcspn(line, "\n");
        json_add_text(warnings, NULL, arena_copy_bytes(invocation->arena, line, length));
        line += length + (line[length] == '\n');
    }
}

void json_add_shape(struct json *parent, const char *key, const struct shape *shape,
                    const char *const *dim_name)
{
    struct json *dims;

    if (shape->rank < 0) {
        json_add_null(parent, key);
        return;
    }
    dims = json_add_array(parent, key);
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] >= 0)
            json_add_int(dims, NULL, shape->dim[i]);
        else
            json_add_name(dims, NULL, dim_name ? dim_name[i] : NULL);
}

enum status json_check_output(struct invocation *invocation, const char *path)
{
    TRY(streams_add_output(invocation->context, &invocation->streams, "--json", path, false));
    return path ? model_check_output(invocation, path, false) : OK;
}

enum status json_write(struct invocation *invocation, const struct json *document, const char *path)
{
    struct text text;
    enum status status;

    text_init(&text);
    json_print(document, true, &text);
    status = write_result(invocation->context, &text, path);
    text_clear(&text);
    return status;
}
