// What LSTM, GRU and RNN share: sizes, strides, activation functions. G gates: 4, 3 or 1.
// x: (T, N, I), w: (D, G * H, I), r: (D, G * H, H), bias: (D, 2 * G * H), lengths: (N),
// initial: (D, N, H), peephole: (D, 3 * H), y: (T, D, N, H), y_h and y_c: (D, N, H).
// With layout 1: x (N, T, I), y (N, T, D, H), states (N, D, H).
#ifndef OPS_RECURRENT_H
#define OPS_RECURRENT_H

#include "ir/op.h"
#include "ops/attr.h"

struct unary_kernels;

enum { RECURRENT_FUNCTIONS = 3, RECURRENT_DIRECTIONS = 2 };

enum recurrent_input { IN_X, IN_W, IN_R, IN_BIAS, IN_LENGTHS, IN_HIDDEN, IN_CELL, IN_PEEPHOLE };
enum recurrent_output { OUT_Y, OUT_HIDDEN, OUT_CELL };

enum recurrent_kind { CELL_RNN, CELL_GRU, CELL_LSTM };

struct recurrent_function {
    const struct unary_kernels *kernels;
    double alpha, beta;
};

struct recurrent {
    enum recurrent_kind kind;
    int64_t steps, batch, inputs, hidden, directions;
    int64_t width; // of all gates: G * H
    bool is_reverse[RECURRENT_DIRECTIONS];
    struct recurrent_function function[RECURRENT_DIRECTIONS][RECURRENT_FUNCTIONS];
    double clip;         // bound of what the functions see; 0: none
    bool couples_forget; // LSTM: the forget gate is one minus the input gate
    bool resets_after;   // GRU: the reset gate acts on the product, not on what is multiplied
    int64_t x_step, x_sample, y_step, y_sample, y_direction; // distances in elements
    int64_t state_sample, state_direction;
};

// The function of that name, in any case ("Tanh"), with its defaults (NAN: it takes no such
// parameter); false: there is none.
bool recurrent_function_find(const char *name, struct recurrent_function *out);

// Fills and checks everything, lengths too if they have data.
MUST_CHECK enum status recurrent_from(struct context *context, const struct op_call *call,
                                      enum recurrent_kind kind, struct recurrent *out);
// Steps that sample n runs.
int64_t recurrent_length(const struct op_call *call, const struct recurrent *r, int64_t n);

#endif
