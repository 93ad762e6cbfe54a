// softmax(scale Q K^T + mask) V of one head, a block of queries at a time: the scores of a block
// stay in the second-level cache and are never a value of the program (the idea of Dao, Fu, Ermon,
// Rudra, Re 2022; whole rows fit here, so that no running maximum is needed).
#include "kernels/n16_internal.h"

enum { QUERIES = ATTENTION_QUERIES };

static void add_mask(const struct attention *v, const float *mask, int rows, float *scores)
{
    for (int r = 0; r < rows; r++)
        for (int k = 0; k < v->keys; k++) {
            const float *at = mask + r * v->mask_row + k * v->mask_key;
            float *to = scores + ((size_t)r * (size_t)v->keys + (size_t)k) * N16_LANES;

            for (int lane = 0; lane < N16_LANES; lane += VF)
                vf_store(to + lane, vf_load(to + lane) +
                                        (v->is_mask_shared ? vf_set(*at) : vf_load(at + lane)));
        }
}

static void copy_lanes(float *to, const float *from, int count, ptrdiff_t step)
{
    for (int i = 0; i < count; i++, to += N16_LANES, from += step)
        for (int lane = 0; lane < N16_LANES; lane += VF)
            vf_store(to + lane, vf_load(from + lane));
}

// Keys one after the other; values in panels of MATMUL_PANEL numbers, so that what a tile reads
// does not meet in the same sets of the cache.
static void copy_head(const struct attention *v, const float *keys, const float *values, float *to)
{
    for (int k = 0; k < v->keys; k++, to += (size_t)v->size * N16_LANES)
        copy_lanes(to, keys + k * v->k_row, v->size, v->k_step);
    for (int j = 0; j < v->value_size; j += MATMUL_PANEL) {
        int width = v->value_size - j < MATMUL_PANEL ? v->value_size - j : MATMUL_PANEL;

        for (int k = 0; k < v->keys; k++, to += width * N16_LANES)
            copy_lanes(to, values + k * v->v_row + j * v->v_step, width, v->v_step);
    }
}

static void multiply_values(const struct attention *v, int rows, const float *scores,
                            const float *values, float *y)
{
    struct lane_matmul pv = {.rows = rows,
                             .k = v->keys,
                             .a_row = (ptrdiff_t)v->keys * N16_LANES,
                             .a_k = N16_LANES,
                             .b_column = N16_LANES,
                             .y_row = v->y_row,
                             .y_column = v->y_step,
                             .scale = 1};

    for (int j = 0; j < v->value_size; j += MATMUL_PANEL) {
        pv.columns = v->value_size - j < MATMUL_PANEL ? v->value_size - j : MATMUL_PANEL;
        pv.b_k = (ptrdiff_t)pv.columns * N16_LANES;
        N16(lane_matmul_f32)(&pv, scores, values, y + j * v->y_step);
        values += (size_t)v->keys * (size_t)pv.columns * N16_LANES;
    }
}

void N16(attention_f32)(const struct attention *v, const float *const in[4], float *y,
                        void *scratch)
{
    float *scores = scratch, *keys = scores + (size_t)QUERIES * (size_t)v->keys * N16_LANES;
    float *values = keys + (size_t)v->keys * (size_t)v->size * N16_LANES;
    struct lane_matmul qk = {.columns = v->keys,
                             .k = v->size,
                             .a_row = v->q_row,
                             .a_k = v->q_step,
                             .b_k = N16_LANES,
                             .b_column = (ptrdiff_t)v->size * N16_LANES,
                             .y_row = (ptrdiff_t)v->keys * N16_LANES,
                             .y_column = N16_LANES,
                             .scale = v->scale};

    copy_head(v, in[1], in[2], keys);
    for (int i = 0; i < v->queries; i += QUERIES) {
        qk.rows = v->queries - i < QUERIES ? v->queries - i : QUERIES;
        N16(lane_matmul_f32)(&qk, in[0] + i * v->q_row, keys, scores);
        if (in[3])
            add_mask(v, in[3] + i * v->mask_row, qk.rows, scores);
        N16(softmax_f32)((size_t)qk.rows, (size_t)v->keys, 1, scores, scores);
        multiply_values(v, qk.rows, scores, values, y + i * v->y_row);
    }
}
