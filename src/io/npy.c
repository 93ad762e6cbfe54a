// One numpy array (NEP 1): a magic, a version, a Python dictionary as text, the data.
#include "io/npy.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "\x93NUMPY";
enum { MAGIC_BYTES = 6, ALIGNMENT = 64, HEADER_MAX = 1 << 16 };

int npy_probe(struct span head)
{
    return head.length >= MAGIC_BYTES && memcmp(head.at, magic, MAGIC_BYTES) == 0 ? 100 : 0;
}

// numpy's letter and size of what both have.
static const struct {
    enum dtype dtype;
    char kind;
    int bytes;
} types[] = {
    {DT_F16, 'f', 2}, {DT_F32, 'f', 4}, {DT_F64, 'f', 8}, {DT_BOOL, 'b', 1},
    {DT_I8, 'i', 1},  {DT_I16, 'i', 2}, {DT_I32, 'i', 4}, {DT_I64, 'i', 8},
    {DT_U8, 'u', 1},  {DT_U16, 'u', 2}, {DT_U32, 'u', 4}, {DT_U64, 'u', 8},
};
enum { TYPE_COUNT = sizeof types / sizeof *types };

struct header {
    enum dtype dtype;
    bool is_big_endian, is_fortran, has_descr, has_order, has_shape;
    struct shape shape;
};

// Walks the dictionary's text.
struct cursor {
    const char *at;
    struct context *context;
};

static enum status broken(struct cursor *cursor)
{
    return context_fail(cursor->context, ERR_FORMAT, "damaged .npy header");
}

static void skip(struct cursor *cursor)
{
    cursor->at += strspn(cursor->at, " \n\t");
}

static bool take(struct cursor *cursor, const char *word)
{
    size_t length = strlen(word);

    skip(cursor);
    if (strncmp(cursor->at, word, length) != 0)
        return false;
    cursor->at += length;
    return true;
}

static enum status read_descr(struct cursor *cursor, struct header *out)
{
    char order, kind, *end;
    long bytes;

    if (take(cursor, "["))
        return context_fail(cursor->context, ERR_UNSUPPORTED, "records are not supported");
    if (!take(cursor, "'"))
        return broken(cursor);
    order = *cursor->at;
    if (order == '<' || order == '>' || order == '|' || order == '=')
        cursor->at++;
    kind = *cursor->at;
    if (!kind)
        return broken(cursor);
    bytes = strtol(cursor->at + 1, &end, 10);
    cursor->at = end;
    if (!take(cursor, "'"))
        return context_fail(cursor->context, ERR_UNSUPPORTED, "numpy type '%c' is not supported",
                            kind < ' ' ? '?' : kind);
    out->is_big_endian = order == '>';
    out->has_descr = true;
    for (int i = 0; i < TYPE_COUNT; i++)
        if (types[i].kind == kind && types[i].bytes == bytes) {
            out->dtype = types[i].dtype;
            return OK;
        }
    return context_fail(cursor->context, ERR_UNSUPPORTED, "numpy type '%c%ld' is not supported",
                        kind < ' ' ? '?' : kind, bytes);
}

static enum status read_dims(struct cursor *cursor, struct header *out)
{
    int64_t dim[SHAPE_MAX_RANK];
    int rank = 0;

    if (!take(cursor, "("))
        return broken(cursor);
    while (!take(cursor, ")")) {
        char *end;
        skip(cursor);
        if (rank == SHAPE_MAX_RANK)
            return context_fail(cursor->context, ERR_UNSUPPORTED, "has more than %d dimensions",
                                SHAPE_MAX_RANK);
        if (*cursor->at < '0' || *cursor->at > '9')
            return broken(cursor);
        dim[rank++] = strtoll(cursor->at, &end, 10);
        cursor->at = end;
        take(cursor, "L"); // Python 2
        if (!take(cursor, ",") && *(skip(cursor), cursor->at) != ')')
            return broken(cursor);
    }
    out->has_shape = true;
    return shape_set(cursor->context, &out->shape, rank, dim);
}

static enum status read_dictionary(struct context *context, const char *text, struct header *out)
{
    struct cursor cursor = {text, context};

    *out = (struct header){.dtype = DT_NONE};
    if (!take(&cursor, "{"))
        return broken(&cursor);
    while (!take(&cursor, "}")) {
        if (take(&cursor, "'descr'") && take(&cursor, ":")) {
            TRY(read_descr(&cursor, out));
        } else if (take(&cursor, "'shape'") && take(&cursor, ":")) {
            TRY(read_dims(&cursor, out));
        } else if (take(&cursor, "'fortran_order'") && take(&cursor, ":")) {
            out->has_order = true;
            out->is_fortran = take(&cursor, "True");
            if (!out->is_fortran && !take(&cursor, "False"))
                return broken(&cursor);
        } else {
            return broken(&cursor);
        }
        if (!take(&cursor, ",") && *(skip(&cursor), cursor.at) != '}')
            return broken(&cursor);
    }
    return out->has_descr && out->has_order && out->has_shape ? OK : broken(&cursor);
}

// Splits the file into header and data.
static enum status read_header(struct context *context, struct span bytes, struct header *out,
                               struct span *data)
{
    size_t prefix, length;
    enum status status;
    char *text;

    if (!npy_probe(bytes))
        return context_fail(context, ERR_FORMAT, "is no .npy file");
    if (bytes.length < 12)
        return context_fail(context, ERR_FORMAT, "is cut short");
    if (bytes.at[6] < 1 || bytes.at[6] > 3)
        return context_fail(context, ERR_UNSUPPORTED, ".npy of version %d is not supported",
                            bytes.at[6]);
    prefix = bytes.at[6] == 1 ? 10 : 12;
    length = (size_t)bytes.at[8] | (size_t)bytes.at[9] << 8;
    if (prefix == 12)
        length |= (size_t)bytes.at[10] << 16 | (size_t)bytes.at[11] << 24;
    if (length > HEADER_MAX || length > bytes.length - prefix)
        return context_fail(context, ERR_FORMAT, "is cut short");
    text = must_alloc(length + 1);
    memcpy(text, bytes.at + prefix, length);
    status = read_dictionary(context, text, out);
    free(text);
    *data = (struct span){bytes.at + prefix + length, bytes.length - prefix - length};
    return status;
}

static void swap_bytes(unsigned char *at, int64_t count, size_t size)
{
    for (int64_t i = 0; i < count; i++, at += size)
        for (size_t k = 0; k < size / 2; k++) {
            unsigned char byte = at[k];
            at[k] = at[size - 1 - k];
            at[size - 1 - k] = byte;
        }
}

// Element i of the result, in C order, stands where its indices say in Fortran order.
static void copy_fortran(const struct tensor *tensor, const unsigned char *from, unsigned char *to)
{
    const struct shape *shape = &tensor->shape;
    size_t size = (size_t)dtype_info[tensor->dtype].bits / 8;

    for (int64_t i = 0, count = tensor_count(tensor); i < count; i++) {
        int64_t rest = i, at = 0, stride = count;
        for (int axis = shape->rank - 1; axis >= 0; axis--) {
            stride /= shape->dim[axis];
            at += rest % shape->dim[axis] * stride;
            rest /= shape->dim[axis];
        }
        memcpy(to + (size_t)i * size, from + (size_t)at * size, size);
    }
}

static void release_mapped(void *owner)
{
    mapped_release(owner);
}

enum status npy_read_bytes(struct context *context, struct span bytes, struct mapped *holder,
                           struct tensor *out)
{
    struct header header;
    struct span data = {NULL, 0};
    size_t size;

    *out = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    TRY(read_header(context, bytes, &header, &data));
    *out = (struct tensor){header.dtype, header.shape, NULL, 0};
    size = (size_t)dtype_info[header.dtype].bits / 8;
    if (data.length != tensor_bytes(out))
        return context_fail(context, ERR_FORMAT, "holds %zu bytes, its shape wants %zu",
                            data.length, tensor_bytes(out));
    if (holder && data.length && (uintptr_t)data.at % size == 0 && !header.is_fortran &&
        !header.is_big_endian) {
        TRY(tensor_wrap(context, out, header.dtype, &header.shape, data.at, release_mapped,
                        holder));
        mapped_share(holder);
        return OK;
    }
    TRY(tensor_alloc(context, out, header.dtype, &header.shape));
    if (header.is_fortran && data.length)
        copy_fortran(out, data.at, tensor_write(out));
    else if (data.length)
        memcpy(tensor_write(out), data.at, data.length);
    if (header.is_big_endian)
        swap_bytes(tensor_write(out), tensor_count(out), size);
    return OK;
}

enum status npy_read(struct context *context, const char *path, struct tensor *out)
{
    struct mapped *mapped;
    enum status status;

    *out = (struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0};
    TRY(mapped_open(context, path, &mapped));
    status = npy_read_bytes(context, mapped_bytes(mapped), mapped, out);
    mapped_release(mapped);
    return status;
}

static void put_header(const struct tensor *tensor, struct text *out)
{
    struct text text;
    size_t bytes;
    unsigned char length[2];
    int type = 0;

    while (types[type].dtype != tensor->dtype)
        type++;
    text_init(&text);
    text_format(&text, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (",
                types[type].bytes == 1 ? '|' : '<', types[type].kind, types[type].bytes);
    for (int i = 0; i < tensor->shape.rank; i++)
        text_format(&text, "%s%lld", i ? ", " : "", (long long)tensor->shape.dim[i]);
    text_add(&text, tensor->shape.rank == 1 ? ",), }" : "), }");
    bytes = MAGIC_BYTES + 4 + text.length + 1;
    for (; bytes % ALIGNMENT; bytes++)
        text_add(&text, " ");
    text_add(&text, "\n");
    length[0] = (unsigned char)(text.length & 0xFF);
    length[1] = (unsigned char)(text.length >> 8);
    text_add_bytes(out, magic, MAGIC_BYTES);
    text_add_bytes(out, "\x01\x00", 2);
    text_add_bytes(out, length, 2);
    text_add_bytes(out, text.at, text.length);
    text_clear(&text);
}

enum status npy_put(struct context *context, const struct tensor *tensor, struct text *out)
{
    enum dtype dtype = tensor->dtype == DT_BF16 ? DT_F32
                       : tensor->dtype == DT_I4 ? DT_I8
                       : tensor->dtype == DT_U4 ? DT_U8
                                                : tensor->dtype;
    struct tensor widened = {DT_NONE, SHAPE_UNKNOWN, NULL, 0};

    if (dtype == DT_NONE || !tensor->buffer)
        return context_fail(context, ERR_INTERNAL, "a tensor without data cannot be written");
    if (dtype != tensor->dtype) {
        TRY(tensor_convert(context, &widened, tensor, dtype));
        tensor = &widened;
    }
    put_header(tensor, out);
    text_add_bytes(out, tensor_data(tensor), tensor_bytes(tensor));
    tensor_release(&widened);
    return OK;
}

enum status npy_write(struct context *context, const char *path,
                      const struct output_options *options, const struct tensor *tensor)
{
    enum status status;
    struct text out;

    text_init(&out);
    status = npy_put(context, tensor, &out);
    if (status == OK)
        status = output_file(context, path, options, out.at, out.length);
    text_clear(&out);
    return status;
}
