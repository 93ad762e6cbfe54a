// From stored samples to what one input of a model takes: preprocessing, layout and shape are
// settled once (batch_bind), after which filling allocates nothing, cannot fail and may run on many
// threads.
#ifndef DATA_BATCH_H
#define DATA_BATCH_H

#include "data/dataset.h"
#include "data/preprocess.h"
#include "exec/infer.h"
#include "kernels/kernels.h"

struct batch_input {
    const struct dataset *data;
    const struct data_column *column;
    enum dtype dtype;   // what is written: DT_F32, or the model's own integer type
    struct shape shape; // of one sample as the model takes it, without the batch axis
    int64_t count;      // elements of it
    // The stored sample as [channels][pixels], or [pixels][channels] where from_nhwc; the model's
    // likewise by to_nhwc. Element e of channel c becomes e * a[c] + b[c].
    int64_t channels, pixels;
    bool from_nhwc, to_nhwc, is_identity;
    const float *a, *b; // [channels]
};

// For the model's input `name` of the given type and shape (batch axis included, open or not; open
// dims behind it take the data's). preprocess NULL: numbers are taken as they are. Lists go to the
// arena; data must outlive the binding. ERR_SHAPE if the samples do not fit, ERR_USAGE if means or
// deviations are not one a channel, ERR_UNSUPPORTED for types that cannot be filled.
MUST_CHECK enum status batch_bind(struct context *context, const struct dataset *data,
                                  const char *name, const struct tensor *model_input,
                                  const struct preprocess *preprocess, struct arena *arena,
                                  struct batch_input *out);
// All inputs of a graph: out has graph->input_count entries. Of several, preprocess is for images
// and integers only. is_given[i]: input i needs no data (--set), out[i].data stays NULL; is_given
// NULL: all do. ERR_SHAPE naming an input that the data do not have.
MUST_CHECK enum status batch_bind_graph(struct context *context, const struct dataset *data,
                                        const struct graph *graph, const bool *is_given,
                                        const struct preprocess *preprocess, struct arena *arena,
                                        struct batch_input *out);
// Adds to options->shape what the data settle and no option does: the open dimensions behind the
// batch axis, as "NAME=?,3,224,224"; open ones of a state ("IN=OUT" in state) are 1. Texts go to
// the arena. Errors are those of batch_bind_graph.
MUST_CHECK enum status batch_open_shapes(struct context *context, const struct dataset *data,
                                         const struct graph *graph,
                                         const struct preprocess *preprocess,
                                         const struct strings *state, struct arena *arena,
                                         struct infer_options *options);
// The same for a target of numbers (dataset->target), element by element.
MUST_CHECK enum status batch_bind_target(struct context *context, const struct dataset *data,
                                         struct batch_input *out);

// One sample: count elements of dtype, in the model's order.
void batch_sample(const struct batch_input *input, int64_t sample, void *out);
// n samples one behind the other.
void batch_plain(const struct batch_input *input, const int64_t *sample, int64_t n, void *out);
// Whether lanes can hold every number of the data: floats, or integers up to 2^24.
bool batch_fits_lanes(const struct batch_input *input);
// A group of up to 16 samples as float out[count][16]; the lanes behind the last are zero. dtype
// DT_F32, or integers that fit. scratch: batch_n16_scratch_bytes, 64-byte aligned, one a thread.
void batch_n16(const struct batch_input *input, const struct kernels *kernels,
               const int64_t *sample, int lanes, float *out, void *scratch);
size_t batch_n16_scratch_bytes(const struct batch_input *input);
// label[i] = class of sample[i], -1 without labels; n up to any.
void batch_labels(const struct dataset *data, const int64_t *sample, int64_t n, int32_t *label);

// Whether every value that the input can take is finite and fits its type: integer inputs are
// filled from wider or float data only if nothing is lost. ERR_NUMERIC naming the sample.
MUST_CHECK enum status batch_check(struct context *context, const struct batch_input *input);

#endif
