// Measures a lowered model: throughput of batches on all threads, latency of one inference, and the
// share of every layer.
#ifndef CLI_BENCH_H
#define CLI_BENCH_H

#include "base/arena.h"
#include "cli/peak.h"
#include "energy/count.h"
#include "measure/measure.h"
#include "exec/infer.h"
#include "kernels/kernels.h"

struct best_and_median {
    double best, median;
};

struct bench_layer {
    const char *node, *op, *algorithm; // names belong to the arena
    double seconds;                    // of one inference on one thread, the shortest
    double share;                      // of the time of all layers
    double macs, macs_done; // that the layer asks for, and that its algorithm does; NaN: none
    const char *peak_name;  // "f32", "i8", "i8_tiles": its kind
    double rate;            // operations a second by macs
    double of_peak;         // operations a second by macs_done, over the core's peak of their kind
};

struct bench {
    // In.
    double seconds;
    enum isa isa;
    int64_t batch; // 0: 16 a thread; then what was used
    // Out.
    bool is_integer;
    struct best_and_median throughput; // inferences a second
    struct best_and_median latency_ms; // one inference on one thread
    struct peak peak;
    struct bench_layer *layer;
    int layer_count;
};

// Inputs are noise seeded by the context. Models whose samples cannot be told apart run on the
// reference executor, one inference a thread.
MUST_CHECK enum status bench_run(struct context *context, struct arena *arena,
                                 const struct graph *graph, const struct infer_options *infer,
                                 const struct counts *counts, struct bench *bench);

// Joules of one inference above the idle machine's, in batches on all threads; takes some ten
// seconds. In: isa and batch of bench.
MUST_CHECK enum status bench_energy(struct context *context, struct arena *arena,
                                    const struct graph *graph, const struct infer_options *infer,
                                    struct bench *bench, struct meter *meter,
                                    struct measured_inference *out);

#endif
