// A trainer's state as bytes: epoch, updates so far, and per parameter the weights, moments,
// average and mask; then batch norm's statistics.
#include <string.h>

#include "train/train.h"

static void put(struct text *out, const float *data, size_t count)
{
    int64_t length = data ? (int64_t)count : -1;

    text_add_bytes(out, &length, sizeof length);
    if (data)
        text_add_bytes(out, data, count * sizeof *data);
}

static bool take(const char **at, const char *end, void *to, size_t bytes)
{
    if ((size_t)(end - *at) < bytes)
        return false;
    memcpy(to, *at, bytes);
    *at += bytes;
    return true;
}

// A missing array stays missing, one that is there must have its size.
static bool get(const char **at, const char *end, float *data, size_t count)
{
    int64_t length;

    if (!take(at, end, &length, sizeof length))
        return false;
    if (length < 0)
        return true;
    return data && (size_t)length == count && take(at, end, data, count * sizeof *data);
}

void trainer_save(const struct trainer *trainer, struct text *out)
{
    const struct optimizer *optimizer = &trainer->optimizer;

    text_add_bytes(out, &trainer->epoch, sizeof trainer->epoch);
    text_add_bytes(out, &optimizer->step, sizeof optimizer->step);
    for (int i = 0; i < optimizer->count; i++) {
        size_t count = optimizer->size[i];
        put(out, program_parameter(trainer->program, i)->data, count);
        put(out, optimizer->moment[0][i], count);
        put(out, optimizer->moment[1][i], count);
        put(out, optimizer->average[i], count);
        put(out, optimizer->mask[i], count);
    }
    for (int i = 0; i < program_statistics_count(trainer->program); i++) {
        struct value_id id;
        size_t count;
        const float *data = program_statistics(trainer->program, i, &id, &count);
        put(out, data, count);
    }
}

// Whether the next array is there at all.
static bool is_next_there(const char *at, const char *end)
{
    int64_t length;

    return take(&at, end, &length, sizeof length) && length >= 0;
}

enum status trainer_load(struct trainer *trainer, const char **at, const char *end)
{
    struct optimizer *optimizer = &trainer->optimizer;
    bool ok = take(at, end, &trainer->epoch, sizeof trainer->epoch) &&
              take(at, end, &optimizer->step, sizeof optimizer->step) && trainer->epoch >= 0 &&
              optimizer->step >= 0;

    for (int i = 0; i < optimizer->count && ok; i++) {
        size_t count = optimizer->size[i];
        ok = get(at, end, program_parameter(trainer->program, i)->data, count) &&
             get(at, end, optimizer->moment[0][i], count) &&
             get(at, end, optimizer->moment[1][i], count) &&
             get(at, end, optimizer->average[i], count);
        if (ok && is_next_there(*at, end) && !optimizer_mask(optimizer, i))
            ok = false;
        ok = ok && get(at, end, optimizer->mask[i], count);
    }
    for (int i = 0; i < program_statistics_count(trainer->program) && ok; i++) {
        struct value_id id;
        size_t count;
        float *data = program_statistics(trainer->program, i, &id, &count);
        ok = get(at, end, data, count);
    }
    if (!ok)
        return context_fail(trainer->context, ERR_FORMAT, "checkpoint is damaged");
    program_refresh(trainer->context, trainer->program);
    return OK;
}
