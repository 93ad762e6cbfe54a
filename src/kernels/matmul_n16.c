// Matrix products on lanes. With a matrix that all samples share: tiles of columns by rows whose
// sums stay in registers, weights broadcast, x in blocks of rows that stay in the second-level
// cache (Goto, van de Geijn 2008, with samples for the vector). Of two values of the sample: the
// same tiles, nothing broadcast.
#include "kernels/matmul_internal.h"

#if defined(__AVX512F__)
enum { COLUMNS = MATMUL_PANEL };
#else
enum { COLUMNS = MATMUL_PANEL / 2 };
#endif
enum { ROWS = 3, K_BLOCK = 384, LANE_K_BLOCK = 32 };

// ---- a shared matrix ----------------------------------------------------------------------------

struct tile {
    const float *x, *w;
    float *y;
    ptrdiff_t k, x_row, y_row; // floats
    const float *bias;         // NULL: sums go on from y
};

ALWAYS_INLINE void tile_run(const struct tile *t, const int rows, const int columns)
{
    for (int lane = 0; lane < N16_LANES; lane += VF) {
        vf sum[ROWS][COLUMNS];
        const float *x = t->x + lane, *w = t->w;
        float *y = t->y + lane;

        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r][i] = t->bias ? vf_set(t->bias[i]) : vf_load(y + r * t->y_row + i * 16);
        }
        for (ptrdiff_t k = 0; k < t->k; k++, x += N16_LANES, w += MATMUL_PANEL) {
            vf at[ROWS];

            UNROLL
            for (int r = 0; r < rows; r++)
                at[r] = vf_load(x + r * t->x_row);
            UNROLL
            for (int i = 0; i < columns; i++) {
                vf b = vf_set(w[i]);

                UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][i] += b * at[r];
            }
        }
        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                vf_store(y + r * t->y_row + i * N16_LANES, sum[r][i]);
        }
    }
}

typedef void tile_kernel(const struct tile *t);
#define TILE(rows, columns)                                                                        \
    static void tile_##rows##_##columns(const struct tile *t)                                      \
    {                                                                                              \
        tile_run(t, rows, columns);                                                                \
    }
TILE(3, 1)
TILE(2, 1)
TILE(1, 1)
#if defined(__AVX512F__)
TILE(3, 8)
TILE(2, 8)
TILE(1, 8)
static tile_kernel *const wide[ROWS] = {tile_1_8, tile_2_8, tile_3_8};
#else
TILE(3, 4)
TILE(2, 4)
TILE(1, 4)
static tile_kernel *const wide[ROWS] = {tile_1_4, tile_2_4, tile_3_4};
#endif
static tile_kernel *const narrow[ROWS] = {tile_1_1, tile_2_1, tile_3_1};

void N16(matmul_finish)(const struct matmul_epilogue *e, size_t at, float *y, size_t row, int rows,
                        int columns)
{
    size_t n = (size_t)columns * N16_LANES;

    for (int r = 0; r < rows; r++, y += row, at += row) {
        if (e->activation)
            N16(activation_f32)(e->activation, n, y, y);
        if (e->rounding)
            N16(fake_quant_f32)(e->rounding, n, y, y);
        for (size_t i = 0; e->add && i < n; i += VF)
            vf_store(y + i, vf_load(y + i) + vf_load(e->add + at + i));
    }
}

// One panel of columns over the rows of a block; e where the sums are whole then.
static void run_panel(const struct matmul_epilogue *e, struct tile t, int rows, int columns,
                      size_t at)
{
    for (int r = 0, now; r < rows; r += now) {
        const float *bias = t.bias, *w = t.w;
        float *y = t.y;
        int i = 0, step;

        now = rows - r < ROWS ? rows - r : ROWS;
        for (; i < columns; i += step) {
            step = columns - i >= COLUMNS ? COLUMNS : 1;
            if (step == 1)
                narrow[now - 1](&t);
            else
                wide[now - 1](&t);
            t.w += step;
            t.y += step * N16_LANES;
            t.bias = t.bias ? t.bias + step : NULL;
        }
        if (e)
            N16(matmul_finish)(e, at, y, (size_t)t.y_row, now, columns);
        t.bias = bias;
        t.w = w;
        t.x += now * t.x_row;
        t.y = y + now * t.y_row;
        at += (size_t)(now * t.y_row);
    }
}

static void run_k_block(const struct matmul *v, const float *x, const float *packed,
                        const struct matmul_epilogue *e, float *y, const int block[4])
{
    static const float zero[MATMUL_PANEL];
    int t0 = block[0], rows = block[1], k0 = block[2], k = block[3];
    int is_last = k0 + k == v->k;

    for (int m = 0; m < v->m; m += MATMUL_PANEL) {
        int columns = v->m - m < MATMUL_PANEL ? v->m - m : MATMUL_PANEL;
        size_t at = ((size_t)t0 * (size_t)v->m + (size_t)m) * N16_LANES;
        struct tile tile = {
            .x = x + ((size_t)t0 * (size_t)v->k + (size_t)k0) * N16_LANES,
            .w = packed + (size_t)m * (size_t)v->k + (size_t)k0 * MATMUL_PANEL,
            .y = y + at,
            .k = k,
            .x_row = (ptrdiff_t)v->k * N16_LANES,
            .y_row = (ptrdiff_t)v->m * N16_LANES,
            .bias = k0        ? NULL
                    : e->bias ? e->bias + m
                              : zero,
        };

        run_panel(is_last ? e : NULL, tile, rows, columns, at);
    }
}

void N16(matmul_f32)(const struct matmul *v, const float *x, const float *packed,
                     const struct matmul_epilogue *e, float *y)
{
    for (int t = 0; t < v->t; t += MATMUL_ROWS) {
        int rows = v->t - t < MATMUL_ROWS ? v->t - t : MATMUL_ROWS;

        for (int k = 0; k < v->k; k += K_BLOCK) {
            int block[4] = {t, rows, k, v->k - k < K_BLOCK ? v->k - k : K_BLOCK};

            run_k_block(v, x, packed, e, y, block);
        }
    }
}

// ---- two values of the sample -------------------------------------------------------------------

struct lane_tile {
    const float *a, *b;
    float *y;
    const struct lane_matmul *v;
    int k, is_first;
    float scale;
};

ALWAYS_INLINE void lane_tile_run(const struct lane_tile *t, const int rows, const int columns)
{
    const struct lane_matmul *v = t->v;

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const float *a = t->a + lane, *b = t->b + lane;
        float *y = t->y + lane;
        vf sum[ROWS][COLUMNS];

        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r][i] = t->is_first ? vf_set(0) : vf_load(y + r * v->y_row + i * v->y_column);
        }
        for (int k = 0; k < t->k; k++, a += v->a_k, b += v->b_k) {
            vf at[ROWS];

            UNROLL
            for (int r = 0; r < rows; r++)
                at[r] = vf_load(a + r * v->a_row);
            UNROLL
            for (int i = 0; i < columns; i++) {
                vf column = vf_load(b + i * v->b_column);

                UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][i] += column * at[r];
            }
        }
        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                vf_store(y + r * v->y_row + i * v->y_column, sum[r][i] * t->scale);
        }
    }
}

typedef void lane_kernel(const struct lane_tile *t);
#define LANE_TILE(rows, columns)                                                                   \
    static void lane_tile_##rows##_##columns(const struct lane_tile *t)                            \
    {                                                                                              \
        lane_tile_run(t, rows, columns);                                                           \
    }
LANE_TILE(3, 1)
LANE_TILE(1, 1)
#if defined(__AVX512F__)
LANE_TILE(3, 8)
LANE_TILE(1, 8)
static lane_kernel *const lane_wide[2] = {lane_tile_1_8, lane_tile_3_8};
#else
LANE_TILE(3, 4)
LANE_TILE(1, 4)
static lane_kernel *const lane_wide[2] = {lane_tile_1_4, lane_tile_3_4};
#endif
static lane_kernel *const lane_narrow[2] = {lane_tile_1_1, lane_tile_3_1};

void N16(lane_matmul_f32)(const struct lane_matmul *v, const float *a, const float *b, float *y)
{
    struct lane_tile t = {.v = v};

    for (int k = 0; k < v->k; k += LANE_K_BLOCK) {
        t.k = v->k - k < LANE_K_BLOCK ? v->k - k : LANE_K_BLOCK;
        t.is_first = k == 0;
        t.scale = k + t.k == v->k ? v->scale : 1;
        for (int j = 0, width; j < v->columns; j += width) {
            width = v->columns - j >= COLUMNS ? COLUMNS : 1;
            t.b = b + k * v->b_k + j * v->b_column;
            for (int i = 0, high; i < v->rows; i += high) {
                high = v->rows - i >= ROWS ? ROWS : 1;
                t.a = a + i * v->a_row + k * v->a_k;
                t.y = y + i * v->y_row + j * v->y_column;
                if (width == 1)
                    lane_narrow[high == ROWS](&t);
                else
                    lane_wide[high == ROWS](&t);
            }
        }
    }
}
