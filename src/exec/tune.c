// Runs the candidates in turn and keeps the one whose shortest run is shortest.
#include "exec/tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/text.h"

enum { CANDIDATES_MAX = 16, ROUNDS_MIN = 3, ROUNDS_MAX = 30 };
static const double seconds_max = 0.1; // a shape, when its rounds are over

struct choice {
    struct choice *next;
    const char *key, *algorithm;
};

struct tuning {
    struct arena *arena;
    struct choice *first, **last;
    bool has_grown;
};

struct tuning *tuning_new(void)
{
    struct arena *arena = arena_new();
    struct tuning *tuning = arena_alloc(arena, sizeof *tuning);

    tuning->arena = arena;
    tuning->last = &tuning->first;
    return tuning;
}

void tuning_free(struct tuning *tuning)
{
    if (tuning)
        arena_free(tuning->arena);
}

void tuning_add(struct tuning *tuning, const char *key, const char *algorithm)
{
    struct choice *choice = arena_alloc(tuning->arena, sizeof *choice);

    *choice = (struct choice){NULL, arena_copy_text(tuning->arena, key),
                              arena_copy_text(tuning->arena, algorithm)};
    *tuning->last = choice;
    tuning->last = &choice->next;
}

bool tuning_at(const struct tuning *tuning, int index, const char **key, const char **algorithm)
{
    const struct choice *at = tuning->first;

    for (; at && index > 0; index--)
        at = at->next;
    if (!at)
        return false;
    *key = at->key;
    *algorithm = at->algorithm;
    return true;
}

bool tuning_has_grown(const struct tuning *tuning)
{
    return tuning->has_grown;
}

// ---- what is chosen from ------------------------------------------------------------------------

// What one choice is made of: the algorithms by index, and buffers for any of them.
struct trial {
    const struct kernels *kernels;
    const struct conv2d *v;
    int count;
    const char *name[CANDIDATES_MAX];
    int row[CANDIDATES_MAX]; // in the kernels' table
    void *packed[CANDIDATES_MAX], *scratch, *x, *y;
    size_t scratch_bytes;
    void (*run)(const struct trial *trial, int candidate);
    const float *scale; // of integers, per output channel
};

static void add_candidate(struct trial *trial, const char *name, int row, size_t scratch_bytes)
{
    if (trial->count == CANDIDATES_MAX)
        return;
    trial->name[trial->count] = name;
    trial->row[trial->count++] = row;
    if (scratch_bytes > trial->scratch_bytes)
        trial->scratch_bytes = scratch_bytes;
}

static void *aligned(size_t bytes)
{
    void *at = aligned_alloc(64, bytes / 64 * 64 + 64);

    return at ? memset(at, 0, bytes / 64 * 64 + 64) : NULL;
}

static void trial_clear(struct trial *trial)
{
    for (int i = 0; i < trial->count; i++)
        free(trial->packed[i]);
    free(trial->scratch);
    free(trial->x);
    free(trial->y);
}

static double seconds_of(const struct trial *trial, int candidate)
{
    double start = clock_seconds();

    trial->run(trial, candidate);
    return clock_seconds() - start;
}

// Interleaved, so that what disturbs one disturbs all.
static int fastest(const struct trial *trial)
{
    double least[CANDIDATES_MAX], total = 0;
    int best = 0;

    for (int i = 0; i < trial->count; i++)
        least[i] = INFINITY;
    for (int round = 0; round < ROUNDS_MAX && (round < ROUNDS_MIN || total < seconds_max); round++)
        for (int i = 0; i < trial->count; i++) {
            double taken = seconds_of(trial, i);
            total += taken;
            least[i] = taken < least[i] ? taken : least[i];
        }
    for (int i = 1; i < trial->count; i++)
        if (least[i] < least[best])
            best = i;
    return best;
}

// Everything that the choice may depend on; the candidates' names tell the pattern of the zeros.
static void print_key(const struct trial *trial, const char *kind, int percent, struct text *out)
{
    const struct conv2d *v = trial->v;
    char processor[PROCESSOR_NAME_BYTES];

    processor_name(processor);
    text_format(out, "%s; " ECAI_VERSION " %s; %s %dx%dx%d to %dx%dx%d", processor,
                isa_name(trial->kernels->isa), kind, v->c, v->h, v->w, v->oc, v->oh, v->ow);
    text_format(out, " by %dx%d stride %d,%d pad %d,%d dilation %d,%d groups %d; %d %% of", v->kh,
                v->kw, v->stride_h, v->stride_w, v->pad_top, v->pad_left, v->dilation_h,
                v->dilation_w, v->groups, percent);
    for (int i = 0; i < trial->count; i++)
        text_format(out, " %s", trial->name[i]);
}

static int remembered(const struct tuning *tuning, const char *key, const struct trial *trial)
{
    int found = -1;

    for (const struct choice *at = tuning->first; at; at = at->next)
        for (int i = 0; strcmp(at->key, key) == 0 && i < trial->count; i++)
            if (strcmp(at->algorithm, trial->name[i]) == 0)
                found = i;
    return found;
}

// Index of the row that runs. Packs by `pack`; without memory the first candidate is taken.
static int choose(struct tuning *tuning, struct trial *trial, const char *key,
                  void *(*pack)(const struct trial *, int candidate, const void *weight),
                  const void *weight, const size_t bytes[2])
{
    int best = remembered(tuning, key, trial);
    bool has_memory;

    if (best >= 0 || trial->count < 2)
        return trial->row[best > 0 ? best : 0];
    trial->x = aligned(bytes[0]);
    trial->y = aligned(bytes[1]);
    trial->scratch = aligned(trial->scratch_bytes);
    has_memory = trial->x && trial->y && trial->scratch;
    for (int i = 0; i < trial->count && has_memory; i++)
        has_memory = (trial->packed[i] = pack(trial, i, weight)) != NULL;
    best = has_memory ? fastest(trial) : 0;
    tuning_add(tuning, key, trial->name[best]);
    tuning->has_grown = true;
    trial_clear(trial);
    return trial->row[best];
}

static size_t lanes_of(int c, int h, int w)
{
    return (size_t)c * (size_t)h * (size_t)w * N16_LANES;
}

// ---- floats -------------------------------------------------------------------------------------

static void run_f32(const struct trial *trial, int candidate)
{
    const struct epilogue none = {.low = -INFINITY, .high = INFINITY};

    conv2d_algorithms[trial->row[candidate]]->run(trial->kernels, trial->v, trial->x,
                                                  trial->packed[candidate], &none, trial->y,
                                                  trial->scratch);
}

static void *pack_f32(const struct trial *trial, int candidate, const void *weight)
{
    const struct conv2d_algorithm *algorithm = conv2d_algorithms[trial->row[candidate]];
    void *packed = aligned(algorithm->packed_bytes(trial->v, weight));

    if (packed && weight) // else zeros: dense kernels take as long with them
        algorithm->pack(trial->v, weight, packed);
    return packed;
}

const struct conv2d_algorithm *tuning_conv2d(struct tuning *tuning, const struct kernels *kernels,
                                             const struct conv2d *v, const float *weight,
                                             const struct conv2d_bounds *bounds)
{
    struct trial trial = {.kernels = kernels, .v = v, .run = run_f32};
    double share = weight ? conv2d_nonzero_share(v, weight) : 1;
    struct text key;
    int row;

    for (int i = 0; conv2d_algorithms[i]; i++)
        if (conv2d_may_run(conv2d_algorithms[i], v, weight, bounds))
            add_candidate(&trial, conv2d_algorithms[i]->name, i,
                          conv2d_algorithms[i]->scratch_bytes(v));
    if (!trial.count)
        return conv2d_choose(kernels, v, weight, bounds);
    text_init(&key);
    print_key(&trial, "f32", (int)lround(100 * share), &key);
    row = choose(tuning, &trial, key.at, pack_f32, weight,
                 (const size_t[]){lanes_of(v->c, v->h, v->w) * sizeof(float),
                                  lanes_of(v->oc, v->oh, v->ow) * sizeof(float)});
    text_clear(&key);
    return conv2d_algorithms[row];
}

// ---- integers -----------------------------------------------------------------------------------

static void run_u8(const struct trial *trial, int candidate)
{
    const struct epilogue_u8 e = {.scale = trial->scale, .y = {.scale = 1, .high = 255}};

    conv2d_u8_algorithms[trial->row[candidate]]->run(
        trial->kernels, trial->v, trial->x, trial->packed[candidate], &e, trial->y, trial->scratch);
}

static void *pack_u8(const struct trial *trial, int candidate, const void *weight)
{
    const struct conv2d_u8_algorithm *algorithm = conv2d_u8_algorithms[trial->row[candidate]];
    void *packed = aligned(algorithm->packed_bytes(trial->v, weight));

    if (packed)
        algorithm->pack(trial->v, weight, packed);
    return packed;
}

static int nonzero_percent(const struct conv2d *v, const int8_t *weight)
{
    size_t count = conv2d_weight_count(v), nonzero = 0;

    for (size_t i = 0; i < count; i++)
        nonzero += weight[i] != 0;
    return count ? (int)(100 * nonzero / count) : 100;
}

const struct conv2d_u8_algorithm *tuning_conv2d_u8(struct tuning *tuning,
                                                   const struct kernels *kernels,
                                                   const struct conv2d *v,
                                                   const struct conv2d_u8_weights *w)
{
    struct trial trial = {.kernels = kernels, .v = v, .run = run_u8};
    float *scale;
    struct text key;
    int row;

    for (int i = 0; conv2d_u8_algorithms[i]; i++)
        if (conv2d_u8_algorithms[i]->accepts(kernels, v, w))
            add_candidate(&trial, conv2d_u8_algorithms[i]->name, i,
                          conv2d_u8_algorithms[i]->scratch_bytes(v));
    if (!trial.count || !(scale = aligned((size_t)v->oc * sizeof *scale)))
        return conv2d_u8_choose(kernels, v, w);
    trial.scale = scale;
    text_init(&key);
    print_key(&trial, "u8", nonzero_percent(v, w->weight), &key);
    row =
        choose(tuning, &trial, key.at, pack_u8, w,
               (const size_t[]){lanes_of(v->c + 3, v->h, v->w), lanes_of(v->oc + 3, v->oh, v->ow)});
    text_clear(&key);
    free(scale);
    return conv2d_u8_algorithms[row];
}
