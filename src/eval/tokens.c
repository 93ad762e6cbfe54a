// Answers of a language model: one row for every position of every sample.
#include <stdlib.h>

#include "data/batch.h"
#include "eval/outputs.h"

enum status outputs_split_tokens(struct context *context, struct outputs *outputs,
                                 const struct dataset *data)
{
    struct batch_input target;
    int64_t positions, width;

    TRY(batch_bind_target(context, data, &target));
    positions = target.count;
    width = outputs->width / positions;
    if (target.dtype != DT_I64 || outputs->width % positions != 0)
        return context_fail(context, ERR_SHAPE, "%lld outputs for targets of %lld tokens",
                            (long long)outputs->width, (long long)positions);
    free(outputs->label);
    outputs->label = calloc((size_t)outputs->samples, (size_t)positions * sizeof *outputs->label);
    if (!outputs->label)
        return context_fail(context, ERR_MEMORY, "no memory for %lld tokens",
                            (long long)(outputs->samples * positions));
    for (int64_t i = 0; i < outputs->samples; i++)
        batch_sample(&target, i, outputs->label + i * positions);
    outputs->samples *= positions;
    outputs->width = width;
    for (int64_t i = 0; i < outputs->samples; i++)
        if (outputs->label[i] < 0 || outputs->label[i] >= width)
            return context_fail(context, ERR_SHAPE,
                                "token %lld of sample %lld is %lld, but the "
                                "model has %lld outputs a token",
                                (long long)(i % positions), (long long)(i / positions),
                                (long long)outputs->label[i], (long long)width);
    return OK;
}
