// Tensors: dense, row-major, contiguous. Bulk data lives in buffers that count their holders, so
// graphs share weights and a mapped file stays mapped as long as somebody looks at it.
#ifndef IR_TENSOR_H
#define IR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/context.h"
#include "base/text.h"

enum dtype {
    DT_F32,
    DT_F64,
    DT_F16,
    DT_BF16,
    DT_BOOL,
    DT_I4,
    DT_U4,
    DT_I8,
    DT_U8,
    DT_I16,
    DT_U16,
    DT_I32,
    DT_U32,
    DT_I64,
    DT_U64,
    DT_COUNT,
    DT_NONE = -1 // not known
};

struct dtype_info {
    const char *name; // "f32", as in the text IR
    int bits;         // of one element as stored; i4 and u4 are packed two a byte, low nibble first
    int onnx;         // TensorProto.DataType
    bool is_float, is_signed;
};
extern const struct dtype_info dtype_info[DT_COUNT];

enum dtype dtype_from_onnx(int64_t onnx); // DT_NONE: one we do not have
// How ONNX spells TensorProto.DataType, those that we do not have too: "FLOAT8E4M3FN".
enum { ONNX_TYPE_COUNT = 29 };
const char *onnx_type_name(int64_t onnx);
enum dtype dtype_from_name(const char *name); // DT_NONE likewise

enum { SHAPE_MAX_RANK = 8 };

// rank -1: not known. A dim of -1: open (a named or free dimension). The product of the dims fits
// in int64 with room for 16 bytes an element: checked when the shape is built, never later.
struct shape {
    int32_t rank;
    int64_t dim[SHAPE_MAX_RANK];
};

// SHAPE(1, 3, 8, 8); SHAPE_SCALAR for rank 0. Trusted dims only.
#define SHAPE(...)                                                                                 \
    ((struct shape){(int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}})
#define SHAPE_SCALAR ((struct shape){0, {0}})
#define SHAPE_UNKNOWN ((struct shape){-1, {0}})

// Checks rank, signs (-1 allowed: open) and overflow: ERR_SHAPE otherwise.
MUST_CHECK enum status shape_set(struct context *context, struct shape *shape, int64_t rank,
                                 const int64_t *dim);
int64_t shape_count(const struct shape *shape); // elements; 1 for a scalar; -1 if open or unknown
bool shape_equal(const struct shape *a, const struct shape *b);
bool shape_is_static(const struct shape *shape);                // rank known, no open dim
void shape_print(const struct shape *shape, struct text *text); // "1x3x8x8", "scalar", "?"

struct buffer; // bytes and the number of those who hold them

struct tensor {
    enum dtype dtype;
    struct shape shape;
    struct buffer *buffer; // NULL: no data (yet)
    size_t offset;         // where in the buffer the data starts
};

// The bytes that the data takes (rounded up for 4-bit types); shape must be static.
size_t tensor_bytes(const struct tensor *tensor);
int64_t tensor_count(const struct tensor *tensor);

// Fresh zeroed data, 64-byte aligned; from context->spill_from bytes on in a temporary file.
// ERR_MEMORY if there is none. Releases nothing.
MUST_CHECK enum status tensor_alloc(struct context *context, struct tensor *tensor,
                                    enum dtype dtype, const struct shape *shape);
// Over bytes that somebody else owns; free_bytes(owner) is called when the last holder releases.
// Bytes are never written through such a tensor: it is shared by definition.
MUST_CHECK enum status tensor_wrap(struct context *context, struct tensor *tensor, enum dtype dtype,
                                   const struct shape *shape, const void *bytes,
                                   void (*free_bytes)(void *owner), void *owner);
// One more holder: *to becomes equal to *from. Also for slices of one buffer, by offset.
void tensor_share(struct tensor *to, const struct tensor *from);
void tensor_release(struct tensor *tensor); // one holder less; data gone from *tensor
// Says that the bytes of a tensor just wrapped lie in the mapping of a file.
void tensor_mark_file(struct tensor *tensor);
// The data of a large tensor that lies in a file (mapped weights, spilled ones) may leave memory;
// looking at it again brings it back. For passes that are done with a weight; no-op for others.
void tensor_cool(const struct tensor *tensor);
// Copies the data if anyone else holds it, so that it may be written.
MUST_CHECK enum status tensor_make_private(struct context *context, struct tensor *tensor);

const void *tensor_data(const struct tensor *tensor); // NULL without data
void *tensor_write(struct tensor *tensor);            // asserts that it is private
static inline const float *tensor_f32(const struct tensor *tensor)
{
    return (const float *)tensor_data(tensor);
}
static inline const int64_t *tensor_i64(const struct tensor *tensor)
{
    return (const int64_t *)tensor_data(tensor);
}

// Element i whatever the type (exact for floats and ints up to 53 bits).
double tensor_get(const struct tensor *tensor, int64_t i);
int64_t tensor_get_int(const struct tensor *tensor, int64_t i); // integer types and bool
void tensor_set(struct tensor *tensor, int64_t i,
                double value); // rounds to nearest even, saturates

// Fresh tensor of another type, values converted as tensor_get / tensor_set do.
MUST_CHECK enum status tensor_convert(struct context *context, struct tensor *to,
                                      const struct tensor *from, enum dtype dtype);

// IEEE half and bfloat16, round to nearest even.
float f32_from_f16(uint16_t half);
uint16_t f16_from_f32(float number);
float f32_from_bf16(uint16_t number);
uint16_t bf16_from_f32(float number);

// FOR_TYPES(dtype, BODY): runs BODY(type) for the C type of a dtype; ops are written once over it.
// BODY must be a macro of one argument. 16-bit floats and 4-bit integers have no C type: ops see
// them converted (shared.h) or refuse them.
#define FOR_FLOAT_TYPES(dtype, BODY)                                                               \
    switch (dtype) {                                                                               \
    case DT_F32:                                                                                   \
        BODY(float);                                                                               \
        break;                                                                                     \
    case DT_F64:                                                                                   \
        BODY(double);                                                                              \
        break;                                                                                     \
    default:                                                                                       \
        break;                                                                                     \
    }
#define FOR_TYPES(dtype, BODY)                                                                     \
    switch (dtype) {                                                                               \
    case DT_F32:                                                                                   \
        BODY(float);                                                                               \
        break;                                                                                     \
    case DT_F64:                                                                                   \
        BODY(double);                                                                              \
        break;                                                                                     \
    case DT_BOOL:                                                                                  \
    case DT_U8:                                                                                    \
        BODY(uint8_t);                                                                             \
        break;                                                                                     \
    case DT_I8:                                                                                    \
        BODY(int8_t);                                                                              \
        break;                                                                                     \
    case DT_I16:                                                                                   \
        BODY(int16_t);                                                                             \
        break;                                                                                     \
    case DT_U16:                                                                                   \
        BODY(uint16_t);                                                                            \
        break;                                                                                     \
    case DT_I32:                                                                                   \
        BODY(int32_t);                                                                             \
        break;                                                                                     \
    case DT_U32:                                                                                   \
        BODY(uint32_t);                                                                            \
        break;                                                                                     \
    case DT_I64:                                                                                   \
        BODY(int64_t);                                                                             \
        break;                                                                                     \
    case DT_U64:                                                                                   \
        BODY(uint64_t);                                                                            \
        break;                                                                                     \
    default:                                                                                       \
        break;                                                                                     \
    }

#endif
