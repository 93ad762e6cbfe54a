// What operators have in common: checks with good messages, shape inference, numpy broadcasting,
// axes, costs. Shapes that infer sees are static; dims may be 0.
#ifndef OPS_SHARED_H
#define OPS_SHARED_H

#include "ir/axis_map.h"
#include "ir/op.h"

// ---- inputs and outputs ------------------------------------------------------------------------

// Input i, or NULL if it is left out or behind the last.
const struct tensor *input_at(const struct op_call *call, int i);
struct tensor *output_at(const struct op_call *call, int i); // NULL: not wanted
bool input_has_data(const struct op_call *call, int i);
// Gradients: NULL where none arrives, none is wanted, or there is no such slot.
const struct tensor *output_grad_at(const struct op_call *call, int i);
struct tensor *input_grad_at(const struct op_call *call, int i);

// Sets dtype and shape of output i if it is wanted. The shape is checked (shape_set).
MUST_CHECK enum status set_output(struct context *context, const struct op_call *call, int i,
                                  enum dtype dtype, const struct shape *shape);
// Leaves the shape of output i unknown until its inputs have data.
void set_output_unknown(const struct op_call *call, int i, enum dtype dtype);

// ---- type checks: ERR_SHAPE "input 1 wants float, got i64" -------------------------------------

// The input is there and of a known type.
MUST_CHECK enum status check_given(struct context *context, const struct op_call *call, int i);
MUST_CHECK enum status check_float(struct context *context, const struct op_call *call, int i);
MUST_CHECK enum status check_integer(struct context *context, const struct op_call *call, int i);
MUST_CHECK enum status check_dtype(struct context *context, const struct op_call *call, int i,
                                   enum dtype dtype);
// Every input from `first` on that is given has the dtype of input 0.
MUST_CHECK enum status check_same_dtype(struct context *context, const struct op_call *call,
                                        int first);
// Not a packed 4-bit type, which operators that compute do not take.
MUST_CHECK enum status check_whole_bytes(struct context *context, const struct op_call *call,
                                         int i);
MUST_CHECK enum status check_rank(struct context *context, const struct op_call *call, int i,
                                  int32_t least, int32_t most);
// First thing in a backward: input 0 is f32 or f64. ERR_UNSUPPORTED "cannot train in f16".
MUST_CHECK enum status check_trainable(struct context *context, const struct op_call *call);
static inline bool dtype_is_half(enum dtype dtype)
{
    return dtype == DT_F16 || dtype == DT_BF16;
}
// Bytes of one element while computing: 8 for f64, 4 for f32 and the halves (run in f32).
size_t compute_bytes(enum dtype dtype);

// Runs a forward that knows f32 on a call whose inputs (some of them) are f16 or bf16: converts
// these, runs, converts the outputs. Call it first thing:
//     if (dtype_is_half(call->input[0]->dtype))
//         return forward_in_f32(context, call, relu_forward);
MUST_CHECK enum status forward_in_f32(struct context *context, const struct op_call *call,
                                      enum status (*forward)(struct context *,
                                                             const struct op_call *));

// ---- bodies written once per float type --------------------------------------------------------

// Defines OP_forward and OP_backward of an operator whose work is BODY_forward_f32, _f64 and
// BODY_backward_f32, _f64 over a struct STATE that FROM fills (and checks) from the call.
#define FLOAT_FORWARD_AND_BACKWARD(OP, BODY, STATE, FROM)                                          \
    static enum status OP##_forward(struct context *context, const struct op_call *call)           \
    {                                                                                              \
        struct STATE state;                                                                        \
                                                                                                   \
        if (dtype_is_half(call->input[0]->dtype))                                                  \
            return forward_in_f32(context, call, OP##_forward);                                    \
        TRY(FROM(context, call, &state));                                                          \
        if (call->input[0]->dtype == DT_F32)                                                       \
            BODY##_forward_f32(call, &state);                                                      \
        else                                                                                       \
            BODY##_forward_f64(call, &state);                                                      \
        return OK;                                                                                 \
    }                                                                                              \
    static enum status OP##_backward(struct context *context, const struct op_call *call)          \
    {                                                                                              \
        struct STATE state;                                                                        \
                                                                                                   \
        TRY(check_trainable(context, call));                                                       \
        TRY(FROM(context, call, &state));                                                          \
        if (call->input[0]->dtype == DT_F32)                                                       \
            BODY##_backward_f32(call, &state);                                                     \
        else                                                                                       \
            BODY##_backward_f64(call, &state);                                                     \
        return OK;                                                                                 \
    }

// ---- stock inference ---------------------------------------------------------------------------

// Output 0 is like input 0; any dtype, or any floating one.
MUST_CHECK enum status infer_same_shape(struct context *context, const struct op_call *call);
MUST_CHECK enum status infer_same_float(struct context *context, const struct op_call *call);
// All inputs have one dtype (not packed); output 0 is their numpy broadcast.
MUST_CHECK enum status infer_broadcast(struct context *context, const struct op_call *call);
// The same for inputs first .. input_count-1, without a look at dtypes.
MUST_CHECK enum status broadcast_shape(struct context *context, const struct op_call *call,
                                       int first, struct shape *out);

// ---- costs -------------------------------------------------------------------------------------

void cost_in_place(const struct op_call *call, struct op_cost *cost); // elementwise, views
void cost_moves(const struct op_call *call, struct op_cost *cost);    // needs memory of its own

// ---- broadcasting ------------------------------------------------------------------------------

enum { BROADCAST_MAX_INPUTS = 3 };

// Walks an output row by row; neighbouring axes are merged where all inputs allow it.
//     struct broadcast walk;
//     broadcast_start(&walk, &y->shape, call->input, 2);
//     for (int64_t at = 0; broadcast_next(&walk); at += walk.length)
//         for (int64_t i = 0; i < walk.length; i++)
//             y[at + i] = a[walk.offset[0] + i * walk.step[0]] + b[walk.offset[1] + ...];
struct broadcast {
    int64_t length;                       // elements of a row
    int64_t offset[BROADCAST_MAX_INPUTS]; // where the present row starts in each input
    int64_t step[BROADCAST_MAX_INPUTS];   // 1, or 0 where the input is stretched
    // private
    int count;
    int32_t rank;
    bool started, is_empty;
    int64_t dim[SHAPE_MAX_RANK], index[SHAPE_MAX_RANK];
    int64_t stride[BROADCAST_MAX_INPUTS][SHAPE_MAX_RANK];
};
// count <= BROADCAST_MAX_INPUTS inputs, none NULL, each broadcastable to `out`.
void broadcast_start(struct broadcast *walk, const struct shape *out,
                     const struct tensor *const *input, int count);
bool broadcast_next(struct broadcast *walk); // false: no more rows

// ---- axes and small integer lists --------------------------------------------------------------

// -rank <= axis < rank, made >= 0. ERR_SHAPE "axis 4 is outside a tensor of rank 2".
MUST_CHECK enum status axis_from(struct context *context, int64_t axis, int32_t rank, int *out);

enum { INT_LIST_MAX = 2 * SHAPE_MAX_RANK };
struct int_list {
    int count;
    int64_t at[INT_LIST_MAX];
};
// The elements of an integer tensor of rank 0 or 1 that has data. ERR_SHAPE if it is too long,
// ERR_INTERNAL without data.
MUST_CHECK enum status ints_from_tensor(struct context *context, const struct tensor *tensor,
                                        struct int_list *out);
MUST_CHECK enum status ints_from_attr(struct context *context, const struct ints *attr,
                                      struct int_list *out);
// Bit a of *mask is set for every axis a in the list. ERR_SHAPE for one outside or one twice.
MUST_CHECK enum status axes_from_ints(struct context *context, const struct int_list *axes,
                                      int32_t rank, unsigned *mask);

// Product of dims from .. to-1.
int64_t shape_product(const struct shape *shape, int from, int to);

// Products that stop at SIZE_MAX instead of wrapping, for scratch_bytes and saved_bytes: such a
// size is then refused by whoever allocates it.
size_t scratch_product(size_t a, size_t b);

#endif
