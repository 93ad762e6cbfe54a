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

void N16(attention_f32)(const struct attention *v, const float *const in[4], float *y,
                        void *scratch)
{
    float *scores = scratch;
    struct lane_matmul qk = {.columns = v->keys,
                             .k = v->size,
                             .a_row = v->q_row,
                             .a_k = v->q_step,
                             .b_k = v->k_step,
                             .b_column = v->k_row,
                             .y_row = (ptrdiff_t)v->keys * N16_LANES,
                             .y_column = N16_LANES,
                             .scale = v->scale};
    struct lane_matmul pv = {.columns = v->value_size,
                             .k = v->keys,
                             .a_row = (ptrdiff_t)v->keys * N16_LANES,
                             .a_k = N16_LANES,
                             .b_k = v->v_row,
                             .b_column = v->v_step,
                             .y_row = v->y_row,
                             .y_column = v->y_step,
                             .scale = 1};

    for (int i = 0; i < v->queries; i += QUERIES) {
        qk.rows = pv.rows = v->queries - i < QUERIES ? v->queries - i : QUERIES;
        N16(lane_matmul_f32)(&qk, in[0] + i * v->q_row, in[1], scores);
        if (in[3])
            add_mask(v, in[3] + i * v->mask_row, qk.rows, scores);
        N16(softmax_f32)((size_t)qk.rows, (size_t)v->keys, 1, scores, scores);
        N16(lane_matmul_f32)(&pv, scores, in[2], y + i * v->y_row);
    }
}
