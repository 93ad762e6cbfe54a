// Records without any header: raw tensors with or without a label byte, and tokens of a text.
#include <string.h>

#include "base/checked.h"
#include "data/source.h"

#define ELEMENT_TYPES "u8|i8|u16|i16|u32|i32|u64|i64|f16|bf16|f32|f64"

static const struct field raw_fields[] = {
    FIELD(struct raw_options, shape, NULL, 0, 0, "of one sample, as 1x49x10"),
    FIELD_CHOICE(struct raw_options, type, "u8", ELEMENT_TYPES, "of the elements, little-endian"),
    FIELD_CHOICE(struct raw_options, label, "none", "none|first|last",
                 "where in a record its label byte is"),
    FIELDS_END,
};

static const struct field tokens_fields[] = {
    FIELD_CHOICE(struct tokens_options, type, "u16", "u8|u16|u32|i32|i64",
                 "of a token, little-endian"),
    FIELD(struct tokens_options, length, "257", 2, 1 << 24,
          "tokens of a record: the last is only a target"),
    FIELDS_END,
};

// How many records of that size the bytes are.
static enum status count_records(struct context *context, const struct tensor *bytes, size_t record,
                                 int64_t *count)
{
    size_t length = tensor_bytes(bytes);

    if (length == 0 || length % record != 0)
        return context_fail(context, ERR_FORMAT, "%lld bytes are no multiple of records of %lld",
                            (long long)length, (long long)record);
    *count = (int64_t)(length / record);
    return OK;
}

enum status raw_parse(struct context *context, struct dataset *dataset, const struct tensor *bytes,
                      const void *option)
{
    const struct raw_options *raw = option;
    bool is_first = strcmp(raw->label, "first") == 0;
    bool has_label = is_first || strcmp(raw->label, "last") == 0;
    struct data_column column = {.dtype = dtype_from_name(raw->type)};
    int64_t *label;
    size_t sample;

    if (!raw->shape.count)
        return context_fail(context, ERR_USAGE, "the shape of a sample is missing: shape=1x49x10");
    for (int64_t i = 0; i < raw->shape.count; i++)
        if (raw->shape.at[i] < 1)
            return context_fail(context, ERR_USAGE, "no sample has a dimension of %lld",
                                (long long)raw->shape.at[i]);
    TRY(shape_set(context, &column.shape, raw->shape.count, raw->shape.at));
    sample = (size_t)shape_count(&column.shape) * (size_t)dtype_info[column.dtype].bits / 8;
    column.stride = sample + has_label;
    TRY(count_records(context, bytes, column.stride, &dataset->record_count));
    TRY(source_add_input(context, dataset, &column, bytes, is_first));
    if (!has_label)
        return OK;
    TRY(source_add_labels(context, dataset, &label));
    for (int64_t i = 0; i < dataset->record_count; i++)
        label[i] = ((const unsigned char *)tensor_data(
            bytes))[(size_t)i * column.stride + (is_first ? 0 : sample)];
    return source_end_labels(context, dataset);
}

enum status tokens_parse(struct context *context, struct dataset *dataset,
                         const struct tensor *bytes, const void *option)
{
    const struct tokens_options *tokens = option;
    struct data_column column = {.dtype = dtype_from_name(tokens->type),
                                 .shape = {1, {tokens->length - 1}}};
    size_t token = (size_t)dtype_info[column.dtype].bits / 8, rest;

    column.stride = (size_t)tokens->length * token;
    rest = tensor_bytes(bytes) % column.stride;
    dataset->record_count = (int64_t)(tensor_bytes(bytes) / column.stride);
    if (dataset->record_count < 1)
        return context_fail(context, ERR_FORMAT, "%lld bytes are less than %lld tokens",
                            (long long)tensor_bytes(bytes), (long long)tokens->length);
    if (rest)
        context_note(context, "%s: the last %lld bytes fill no record and are left out",
                     dataset->name, (long long)rest);
    TRY(source_add_input(context, dataset, &column, bytes, 0));
    return source_set_target(context, dataset, &column, bytes, token);
}

static enum status open_raw(struct context *context, struct dataset *dataset,
                            const struct source_call *call)
{
    return source_parse_file(context, dataset, call->path[0], raw_parse, call->option);
}

static enum status open_tokens(struct context *context, struct dataset *dataset,
                               const struct source_call *call)
{
    return source_parse_file(context, dataset, call->path[0], tokens_parse, call->option);
}

const struct source source_raw = {.name = "raw",
                                  .form = "raw:FILE,shape=1x49x10,type=i8,label=first",
                                  .min_paths = 1,
                                  .max_paths = 1,
                                  .option = raw_fields,
                                  .option_bytes = sizeof(struct raw_options),
                                  .open = open_raw};
const struct source source_tokens = {.name = "tokens",
                                     .form = "tokens:FILE,type=u16,length=257",
                                     .min_paths = 1,
                                     .max_paths = 1,
                                     .option = tokens_fields,
                                     .option_bytes = sizeof(struct tokens_options),
                                     .open = open_tokens};
