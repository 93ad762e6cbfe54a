// Running and inferring the bodies of If, Loop and Scan.
#ifndef OPS_BODY_CALL_H
#define OPS_BODY_CALL_H

#include "ir/graph.h"
#include "ops/pile.h"
#include "ops/shared.h"

#define UNKNOWN ((struct tensor){DT_NONE, SHAPE_UNKNOWN, NULL, 0})

struct tensor *tensors_new(uint32_t count); // zeroed; stops the program when memory is gone
void tensors_free(struct tensor *list, uint32_t count); // and what they hold
struct tensor type_alone(const struct tensor *tensor);  // without data
// One type that is true of both.
struct tensor type_common(const struct tensor *a, const struct tensor *b);

// formal: how many inputs of its own the body must have; outputs: how many at least.
MUST_CHECK enum status body_check(struct context *context, const struct graph *body,
                                  const char *name, int formal, int outputs);
// The node's captured inputs, behind the body's own; shared, not held.
void body_put_captures(const struct op_call *call, const struct graph *body, struct tensor *input);
// ERR_CANCELLED between any two of them. The caller releases output.
MUST_CHECK enum status body_run(struct context *context, const struct op_call *call,
                                const struct graph *body, const struct tensor *input,
                                struct tensor *output);
// Output i of the call becomes `from`, which is empty then.
MUST_CHECK enum status body_deliver(struct context *context, const struct op_call *call, int i,
                                    struct tensor *from);
// What the file says of output `slot`: the type alone counts, shapes may differ from run to run.
void body_declare(const struct op_call *call, int i, const struct graph *body, int slot);
// false: it cannot be told. The caller releases result.
bool body_infer(const struct op_call *call, const struct graph *body, const struct tensor *input,
                struct tensor *result);
// A known flag or count (of one element) among the inputs.
bool known_number(const struct op_call *call, int i, int64_t *out);
// One element of that type, or left out.
MUST_CHECK enum status check_single(struct context *context, const struct op_call *call, int i,
                                    enum dtype dtype);

// A body that is run again and again. Its inputs: `lead` of the operator's own (Loop: round and
// condition), then what is carried, then `fed` slices (Scan), then captures; its outputs: the
// condition (Loop), then what is carried, then what is piled up.
struct rounds {
    const struct op_call *call;
    const struct graph *body;
    int lead, carried, fed, piled;
    int result_lead;               // 1: a condition comes out first
    struct tensor *input, *result; // of the body; input: held are those carried
    struct pile *pile;
};

void rounds_init(struct rounds *rounds); // lists as long as the body's
void rounds_clear(struct rounds *rounds);
// What was carried out is carried in, the rest goes on its pile.
MUST_CHECK enum status rounds_close(struct context *context, struct rounds *rounds);
// The call's first outputs are what is carried at the end.
MUST_CHECK enum status rounds_deliver_state(struct context *context, struct rounds *rounds);
// Output carried + i: its pile, stacked along a new axis.
MUST_CHECK enum status rounds_deliver_pile(struct context *context, struct rounds *rounds, int i,
                                           int64_t axis, bool is_backward);
// Shapes that do not change from round to round: what is carried, as it goes in, and what one
// round gives. false: they do change, or cannot be told. Tries twice: what changed is open then.
bool rounds_settle(struct rounds *rounds);
// Types alone, as the body declares them or as they go in.
void rounds_declare(const struct rounds *rounds);
// What rounds_settle found. count -1: not known how many rounds there are.
MUST_CHECK enum status rounds_set_outputs(struct context *context, const struct rounds *rounds,
                                          int64_t count, const struct ints *axes);

#endif
