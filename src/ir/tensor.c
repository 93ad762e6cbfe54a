// Tensors and the buffers they share.
#include "ir/tensor.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/checked.h"
#include "base/spill.h"

enum { ALIGNMENT = 64, COOL_MIN = 1 << 16 };

// data is ours (free, or spill_free of so many bytes) or somebody else's (free_bytes(owner)).
struct buffer {
    atomic_int holders;
    bool is_foreign;
    bool is_file; // data lies in the mapping of a file: its pages may go (tensor_cool)
    void *data;
    size_t spilled_bytes; // 0: not spilled
    void (*free_bytes)(void *owner);
    void *owner;
};

const struct dtype_info dtype_info[DT_COUNT] = {
    [DT_F32] = {"f32", 32, 1, true, true},    [DT_F64] = {"f64", 64, 11, true, true},
    [DT_F16] = {"f16", 16, 10, true, true},   [DT_BF16] = {"bf16", 16, 16, true, true},
    [DT_BOOL] = {"bool", 8, 9, false, false}, [DT_I4] = {"i4", 4, 22, false, true},
    [DT_U4] = {"u4", 4, 21, false, false},    [DT_I8] = {"i8", 8, 3, false, true},
    [DT_U8] = {"u8", 8, 2, false, false},     [DT_I16] = {"i16", 16, 5, false, true},
    [DT_U16] = {"u16", 16, 4, false, false},  [DT_I32] = {"i32", 32, 6, false, true},
    [DT_U32] = {"u32", 32, 12, false, false}, [DT_I64] = {"i64", 64, 7, false, true},
    [DT_U64] = {"u64", 64, 13, false, false},
};

enum dtype dtype_from_onnx(int64_t onnx)
{
    for (int i = 0; i < DT_COUNT; i++)
        if (dtype_info[i].onnx == onnx)
            return (enum dtype)i;
    return DT_NONE;
}

const char *onnx_type_name(int64_t onnx)
{
    static const char *const names[ONNX_TYPE_COUNT] = {
        "UNDEFINED",      "FLOAT",    "UINT8",        "INT8",           "UINT16",
        "INT16",          "INT32",    "INT64",        "STRING",         "BOOL",
        "FLOAT16",        "DOUBLE",   "UINT32",       "UINT64",         "COMPLEX64",
        "COMPLEX128",     "BFLOAT16", "FLOAT8E4M3FN", "FLOAT8E4M3FNUZ", "FLOAT8E5M2",
        "FLOAT8E5M2FNUZ", "UINT4",    "INT4",         "FLOAT4E2M1",     "FLOAT8E8M0",
        "UINT2",          "INT2",     "FLOAT6E2M3",   "FLOAT6E3M2",
    };

    return onnx >= 0 && onnx < ONNX_TYPE_COUNT ? names[onnx] : "a type that ONNX lacks";
}

enum dtype dtype_from_name(const char *name)
{
    for (int i = 0; i < DT_COUNT; i++)
        if (strcmp(dtype_info[i].name, name) == 0)
            return (enum dtype)i;
    return DT_NONE;
}

enum status shape_set(struct context *context, struct shape *shape, int64_t rank,
                      const int64_t *dim)
{
    int64_t bytes = 16;

    if (rank < 0 || rank > SHAPE_MAX_RANK)
        return context_fail(context, ERR_SHAPE, "rank %lld is not between 0 and %d",
                            (long long)rank, SHAPE_MAX_RANK);
    *shape = (struct shape){(int32_t)rank, {0}};
    for (int64_t i = 0; i < rank; i++) {
        if (dim[i] < -1)
            return context_fail(context, ERR_SHAPE, "dimension %lld is negative: %lld",
                                (long long)i, (long long)dim[i]);
        // Zero dims must not hide an overflow of the others: they count as one here.
        if (dim[i] > 0 && !checked_mul(bytes, dim[i], &bytes))
            return context_fail(context, ERR_SHAPE, "shape is too large (dimension %lld is %lld)",
                                (long long)i, (long long)dim[i]);
        shape->dim[i] = dim[i];
    }
    return OK;
}

int64_t shape_count(const struct shape *shape)
{
    int64_t count = 1;

    if (shape->rank < 0)
        return -1;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0)
            return -1;
        count *= shape->dim[i];
    }
    return count;
}

bool shape_equal(const struct shape *a, const struct shape *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i])
            return false;
    return true;
}

bool shape_is_static(const struct shape *shape)
{
    return shape_count(shape) >= 0;
}

void shape_print(const struct shape *shape, struct text *text)
{
    if (shape->rank < 0)
        text_add(text, "?");
    else if (shape->rank == 0)
        text_add(text, "scalar");
    for (int i = 0; i < shape->rank; i++) {
        if (i)
            text_add(text, "x");
        if (shape->dim[i] < 0)
            text_add(text, "?");
        else
            text_format(text, "%lld", (long long)shape->dim[i]);
    }
}

int64_t tensor_count(const struct tensor *tensor)
{
    return shape_count(&tensor->shape);
}

size_t tensor_bytes(const struct tensor *tensor)
{
    int64_t count = tensor_count(tensor);

    if (count < 0 || tensor->dtype < 0)
        return 0;
    return ((size_t)count * (size_t)dtype_info[tensor->dtype].bits + 7) / 8;
}

// Zeroed data for a buffer: in a temporary file from that size on (0: never), if there is room.
static bool give_data(struct buffer *buffer, size_t bytes, size_t spill_from)
{
    if (spill_from && bytes >= spill_from && (buffer->data = spill_alloc(bytes))) {
        buffer->spilled_bytes = bytes;
        buffer->is_file = true;
        return true;
    }
    buffer->data = aligned_alloc(ALIGNMENT, bytes);
    if (buffer->data)
        memset(buffer->data, 0, bytes);
    return buffer->data != NULL;
}

enum status tensor_alloc(struct context *context, struct tensor *tensor, enum dtype dtype,
                         const struct shape *shape)
{
    struct buffer *buffer;
    size_t bytes;

    *tensor = (struct tensor){dtype, *shape, NULL, 0};
    if (!shape_is_static(shape) || dtype < 0)
        return context_fail(context, ERR_INTERNAL, "no static shape and type to allocate");
    bytes = tensor_bytes(tensor);
    // Room for whole vectors behind the end; at least one so that empty tensors have data too.
    bytes = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    buffer = calloc(1, sizeof *buffer);
    if (!buffer || !give_data(buffer, bytes, context->spill_from)) {
        free(buffer);
        return context_fail(context, ERR_MEMORY, "no memory for a tensor of %zu bytes", bytes);
    }
    atomic_init(&buffer->holders, 1);
    tensor->buffer = buffer;
    return OK;
}

enum status tensor_wrap(struct context *context, struct tensor *tensor, enum dtype dtype,
                        const struct shape *shape, const void *bytes,
                        void (*free_bytes)(void *owner), void *owner)
{
    struct buffer *buffer = calloc(1, sizeof *buffer);

    *tensor = (struct tensor){dtype, *shape, buffer, 0};
    if (!buffer)
        return context_fail(context, ERR_MEMORY, "no memory for a tensor");
    atomic_init(&buffer->holders, 1);
    buffer->is_foreign = true;
    buffer->data = (void *)(uintptr_t)bytes; // never written: is_foreign makes a private copy first
    buffer->free_bytes = free_bytes;
    buffer->owner = owner;
    return OK;
}

void tensor_share(struct tensor *to, const struct tensor *from)
{
    if (from->buffer)
        atomic_fetch_add(&from->buffer->holders, 1);
    *to = *from;
}

void tensor_release(struct tensor *tensor)
{
    struct buffer *buffer = tensor->buffer;

    tensor->buffer = NULL;
    tensor->offset = 0;
    if (!buffer || atomic_fetch_sub(&buffer->holders, 1) != 1)
        return;
    if (buffer->spilled_bytes)
        spill_free(buffer->data, buffer->spilled_bytes);
    else if (!buffer->is_foreign)
        free(buffer->data);
    else if (buffer->free_bytes)
        buffer->free_bytes(buffer->owner);
    free(buffer);
}

void tensor_mark_file(struct tensor *tensor)
{
    tensor->buffer->is_file = true;
}

void tensor_cool(const struct tensor *tensor)
{
    size_t bytes = tensor->buffer && tensor->buffer->is_file ? tensor_bytes(tensor) : 0;

    if (bytes >= COOL_MIN)
        pages_drop(tensor_data(tensor), bytes);
}

static bool is_private(const struct tensor *tensor)
{
    return tensor->buffer && !tensor->buffer->is_foreign &&
           atomic_load(&tensor->buffer->holders) == 1;
}

enum status tensor_make_private(struct context *context, struct tensor *tensor)
{
    struct tensor copy;

    if (is_private(tensor))
        return OK;
    TRY(tensor_alloc(context, &copy, tensor->dtype, &tensor->shape));
    memcpy(tensor_write(&copy), tensor_data(tensor), tensor_bytes(tensor));
    tensor_cool(tensor); // others may hold it on
    tensor_release(tensor);
    *tensor = copy;
    return OK;
}

const void *tensor_data(const struct tensor *tensor)
{
    return tensor->buffer ? (const char *)tensor->buffer->data + tensor->offset : NULL;
}

void *tensor_write(struct tensor *tensor)
{
    assert(is_private(tensor));
    return (char *)tensor->buffer->data + tensor->offset;
}

// Bytes of a mapped file may lie at odd addresses: memcpy reads them whatever the alignment.
#define GET(type)                                                                                  \
    do {                                                                                           \
        type element_;                                                                             \
        memcpy(&element_, data + (size_t)i * sizeof(type), sizeof element_);                       \
        return element_;                                                                           \
    } while (0)

int64_t tensor_get_int(const struct tensor *tensor, int64_t i)
{
    const char *data = tensor_data(tensor);

    if (tensor->dtype == DT_I4 || tensor->dtype == DT_U4) {
        int nibble = ((unsigned char)data[i / 2] >> (4 * (i % 2))) & 15;
        return tensor->dtype == DT_I4 && nibble > 7 ? nibble - 16 : nibble;
    }
    switch (tensor->dtype) {
    case DT_I8:
        GET(int8_t);
    case DT_U8:
    case DT_BOOL:
        GET(uint8_t);
    case DT_I16:
        GET(int16_t);
    case DT_U16:
        GET(uint16_t);
    case DT_I32:
        GET(int32_t);
    case DT_U32:
        GET(uint32_t);
    case DT_I64:
        GET(int64_t);
    case DT_U64: {
        uint64_t element;
        memcpy(&element, data + (size_t)i * 8, 8);
        return (int64_t)element;
    }
    default:
        return 0;
    }
}

static float get_f32(const char *data, int64_t i)
{
    GET(float);
}

static double get_f64(const char *data, int64_t i)
{
    GET(double);
}

static uint16_t get_u16(const char *data, int64_t i)
{
    GET(uint16_t);
}

double tensor_get(const struct tensor *tensor, int64_t i)
{
    const char *data = tensor_data(tensor);

    switch (tensor->dtype) {
    case DT_F32:
        return get_f32(data, i);
    case DT_F64:
        return get_f64(data, i);
    case DT_F16:
        return f32_from_f16(get_u16(data, i));
    case DT_BF16:
        return f32_from_bf16(get_u16(data, i));
    case DT_U64:
        return (double)(uint64_t)tensor_get_int(tensor, i);
    default:
        return (double)tensor_get_int(tensor, i);
    }
}

static int64_t saturated(double value, const struct dtype_info *info)
{
    double high = ldexp(1, info->bits - (info->is_signed ? 1 : 0)),
           low = info->is_signed ? -high : 0;

    value = nearbyint(value);
    if (isnan(value))
        return 0;
    if (value < low)
        value = low;
    if (value >= high)
        return info->bits == 64 ? (info->is_signed ? INT64_MAX : -1) : (int64_t)(high - 1);
    return value >= 0x1p63 ? (int64_t)(uint64_t)value : (int64_t)value;
}

static void set_int(struct tensor *tensor, int64_t i, int64_t value)
{
    unsigned char *data = tensor_write(tensor);

    if (tensor->dtype == DT_I4 || tensor->dtype == DT_U4) {
        int shift = (int)(4 * (i % 2));
        data[i / 2] =
            (unsigned char)((data[i / 2] & ~(15 << shift)) | ((int)(value & 15) << shift));
        return;
    }
    size_t bytes = (size_t)dtype_info[tensor->dtype].bits / 8;
    memcpy(data + (size_t)i * bytes, &value, bytes); // little-endian: the low bytes come first
}

void tensor_set(struct tensor *tensor, int64_t i, double value)
{
    char *data = tensor_write(tensor);

    if (tensor->dtype == DT_F32) {
        float element = (float)value;
        memcpy(data + i * 4, &element, 4);
    } else if (tensor->dtype == DT_F64) {
        memcpy(data + i * 8, &value, 8);
    } else if (tensor->dtype == DT_F16 || tensor->dtype == DT_BF16) {
        uint16_t element =
            tensor->dtype == DT_F16 ? f16_from_f32((float)value) : bf16_from_f32((float)value);
        memcpy(data + i * 2, &element, 2);
    } else if (tensor->dtype == DT_BOOL) {
        set_int(tensor, i, value != 0);
    } else {
        set_int(tensor, i, saturated(value, &dtype_info[tensor->dtype]));
    }
}

enum status tensor_convert(struct context *context, struct tensor *to, const struct tensor *from,
                           enum dtype dtype)
{
    int64_t count = tensor_count(from);

    TRY(tensor_alloc(context, to, dtype, &from->shape));
    if (dtype == from->dtype) {
        memcpy(tensor_write(to), tensor_data(from), tensor_bytes(from));
        return OK;
    }
    for (int64_t i = 0; i < count; i++)
        tensor_set(to, i, tensor_get(from, i));
    return OK;
}
