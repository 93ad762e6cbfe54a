// The integer convolution on AMX as an algorithm: where it may run, packing.
#define _DEFAULT_SOURCE // syscall
#include "kernels/conv2d_u8_internal.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

// Tiles are large registers that Linux grants a process on request.
static int ask_for_tiles(void)
{
    enum { ARCH_REQ_XCOMP_PERM = 0x1023, XFEATURE_XTILEDATA = 18 };
    const unsigned needed = 1U << 24 | 1U << 25; // amx-tile, amx-int8
    unsigned a, b, c, d;

    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d & needed) == needed &&
           syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

int processor_has_tiles(void)
{
    static atomic_int answer = -1; // all who ask at once get the same

    if (atomic_load(&answer) < 0)
        atomic_store(&answer, ask_for_tiles());
    return atomic_load(&answer);
}
#else
int processor_has_tiles(void)
{
    return 0;
}
#endif

enum { TILE_BYTES = 1024, TILE_ROWS = 16 };

struct conv2d_u8_tiles conv2d_u8_tiles(const struct conv2d_u8_plan *p)
{
    struct conv2d_u8_tiles t = {.blocks = divide_up(p->oc, TILE_ROWS),
                                .run_chunks = divide_up(p->run_lines, TILE_ROWS)};

    t.channels = round_up(divide_up(p->oc, t.blocks), 4);
    t.blocks = divide_up(p->oc, t.channels);
    t.lines = divide_up(p->run_lines, t.run_chunks);
    t.chunks = t.run_chunks * p->runs;
    return t;
}

static int accepts(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    (void)v;
    (void)w;
    return kernels->isa == ISA_AMX;
}

// A product of two full tiles takes 16 cycles, the direct kernel does 8 multiply-accumulates of a
// sample in one; about half of the peak was measured.
static double cost(const struct kernels *kernels, const struct conv2d *v,
                   const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    struct conv2d_u8_tiles t = conv2d_u8_tiles(&p);

    (void)kernels;
    (void)w;
    return 8.0 * 28 * t.chunks * t.blocks * p.groups * v->oh * v->ow;
}

static size_t packed_bytes(const struct conv2d *v, const struct conv2d_u8_weights *w)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    struct conv2d_u8_tiles t = conv2d_u8_tiles(&p);

    (void)w;
    return conv2d_u8_head_bytes(v) +
           (size_t)(p.groups * t.blocks) * (size_t)(t.chunks + 1) * TILE_BYTES;
}

// Weights of line `line` of chunk k for one channel; zeros past the end of the run.
static void pack_line(const struct conv2d *v, const struct conv2d_u8_plan *p,
                      const struct conv2d_u8_tiles *t, const int8_t *weight, int g, int oc, int k,
                      int line, int8_t to[4])
{
    int at = k % t->run_chunks * t->lines + line;
    struct conv2d_u8_line meets = conv2d_u8_line(p, k / t->run_chunks, at);

    for (int i = 0; i < 4; i++)
        to[i] = at < p->run_lines
                    ? conv2d_u8_weight_at(v, p, weight, g, oc, meets.c4 * 4 + i, meets.ky, meets.kx)
                    : 0;
}

static void pack(const struct conv2d *v, const struct conv2d_u8_weights *w, void *packed)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    struct conv2d_u8_tiles t = conv2d_u8_tiles(&p);
    int8_t *to = conv2d_u8_pack_head(v, w, packed);
    const int32_t *bias = conv2d_u8_bias(packed);

    memset(to, 0, (size_t)(p.groups * t.blocks) * (size_t)(t.chunks + 1) * TILE_BYTES);
    for (int b = 0; b < p.groups * t.blocks; b++) {
        int g = b / t.blocks, first = b % t.blocks * t.channels;

        for (int i = 0; i < t.channels && first + i < p.oc; i++)
            for (int lane = 0; lane < N16_LANES; lane++)
                memcpy(to + i * LINE + lane * 4, bias + g * p.oc + first + i, 4);
        to += TILE_BYTES;
        for (int k = 0; k < t.chunks; k++, to += TILE_BYTES)
            for (int i = 0; i < t.channels * t.lines; i++)
                pack_line(v, &p, &t, w->weight, g, first + i / t.lines, k, i % t.lines,
                          to + i / t.lines * LINE + i % t.lines * 4);
    }
}

static size_t scratch_bytes(const struct conv2d *v)
{
    struct conv2d_u8_plan p = conv2d_u8_plan(v);
    struct conv2d_u8_tiles t = conv2d_u8_tiles(&p);

    return conv2d_u8_band_scratch(&p) + ((size_t)t.chunks * sizeof(size_t) + 63) / 64 * 64;
}

CONV2D_U8_ROW(amx, conv2d_u8_amx, scratch_bytes, 1);
