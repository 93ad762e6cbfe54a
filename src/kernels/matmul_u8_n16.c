// Integer products of lanes with a matrix that all samples share: rows of x are quantised a block
// at a time into [row][k / 4][16][4], where they stay in the second-level cache for all columns.
#include "kernels/u8_internal.h"

#include "kernels/matmul_internal.h"

#if defined(__AVX512VNNI__)
enum { COLUMNS = 8, ROWS = 3 };
#elif defined(__AVX512F__)
enum { COLUMNS = 4, ROWS = 3 };
#else
enum { COLUMNS = 2, ROWS = 2 };
#endif
enum { MOST_ROWS = 3 };

struct tile {
    const uint8_t *x;
    const int8_t *w;
    const int32_t *bias;
    const float *scale, *shift; // of the columns; shift: what is added behind the scale
    float *y;
    size_t lines, x_row, y_row; // of 4 channels; bytes; floats
};

ALWAYS_INLINE void tile_run(const struct tile *tile, const int rows, const int columns)
{
    const struct tile copy = *tile, *t = &copy; // no store can alias a local

    for (int lane = 0; lane < N16_LANES; lane += VF) {
        const uint8_t *x = t->x + lane * 4;
        const int8_t *w = t->w;
        vi sum[MOST_ROWS][MATMUL_PANEL];

        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                sum[r][i] = vi_set(t->bias[i]);
        }
        for (size_t k = 0; k < t->lines; k++, x += LINE, w += 4 * MATMUL_PANEL) {
            x4 at[MOST_ROWS];

            UNROLL
            for (int r = 0; r < rows; r++)
                at[r] = x4_load(x + (size_t)r * t->x_row);
            UNROLL
            for (int i = 0; i < columns; i++) {
                w4 b = w4_set(w + 4 * i);

                UNROLL
                for (int r = 0; r < rows; r++)
                    sum[r][i] = dot4(sum[r][i], at[r], b);
            }
        }
        UNROLL
        for (int i = 0; i < columns; i++) {
            UNROLL
            for (int r = 0; r < rows; r++)
                vf_store(t->y + (size_t)r * t->y_row + i * N16_LANES + lane,
                         vf_from(sum[r][i]) * vf_set(t->scale[i]) + vf_set(t->shift[i]));
        }
    }
}

typedef void tile_kernel(const struct tile *t);
#define TILE(rows, columns)                                                                        \
    static void tile_##rows##_##columns(const struct tile *t)                                      \
    {                                                                                              \
        tile_run(t, rows, columns);                                                                \
    }
TILE(2, 1)
TILE(1, 1)
#if defined(__AVX512VNNI__)
TILE(3, 1)
TILE(3, 8)
TILE(2, 8)
TILE(1, 8)
static tile_kernel *const wide[ROWS] = {tile_1_8, tile_2_8, tile_3_8};
static tile_kernel *const narrow[ROWS] = {tile_1_1, tile_2_1, tile_3_1};
#elif defined(__AVX512F__)
TILE(3, 1)
TILE(3, 4)
TILE(2, 4)
TILE(1, 4)
static tile_kernel *const wide[ROWS] = {tile_1_4, tile_2_4, tile_3_4};
static tile_kernel *const narrow[ROWS] = {tile_1_1, tile_2_1, tile_3_1};
#else
TILE(2, 2)
TILE(1, 2)
static tile_kernel *const wide[ROWS] = {tile_1_2, tile_2_2};
static tile_kernel *const narrow[ROWS] = {tile_1_1, tile_2_1};
#endif

// All columns of a panel for a few rows.
static void run_rows(struct tile t, int rows, int columns)
{
    for (int i = 0, step; i < columns; i += step) {
        step = columns - i >= COLUMNS ? COLUMNS : 1;
        if (step == 1)
            narrow[rows - 1](&t);
        else
            wide[rows - 1](&t);
        t.w += 4 * step;
        t.bias += step;
        t.scale += step;
        t.shift += step;
        t.y += step * N16_LANES;
    }
}

static void run_panel(const struct matmul_u8 *v, const struct matmul_epilogue *e, struct tile t,
                      int rows, int columns, size_t at)
{
    for (int r = 0, now; r < rows; r += now) {
        now = rows - r < ROWS ? rows - r : ROWS;
        run_rows(t, now, columns);
        N16(matmul_finish)(e, at, t.y, (size_t)v->shape.m * N16_LANES, now, columns);
        t.x += (size_t)now * t.x_row;
        t.y += (size_t)now * t.y_row;
        at += (size_t)now * t.y_row;
    }
}

// Rows of the block that are quantised in scratch.
static void run_block(const struct matmul_u8 *v, const uint8_t *x, const void *packed,
                      const struct matmul_epilogue *e, float *y, int first, int rows)
{
    static const float zero[MATMUL_PANEL];
    const struct matmul_u8_packed p = matmul_u8_packed(&v->shape, packed);
    size_t lines = (size_t)(v->shape.k + 3) / 4, m = (size_t)v->shape.m;

    for (int column = 0; column < v->shape.m; column += MATMUL_PANEL) {
        int columns = v->shape.m - column < MATMUL_PANEL ? v->shape.m - column : MATMUL_PANEL;
        size_t at = ((size_t)first * m + (size_t)column) * N16_LANES;
        struct tile tile = {.x = x,
                            .w = p.weight + (size_t)column * lines * 4,
                            .bias = p.bias + column,
                            .scale = v->scale + column,
                            .shift = e->bias ? e->bias + column : zero,
                            .y = y + at,
                            .lines = lines,
                            .x_row = lines * LINE,
                            .y_row = m * N16_LANES};

        run_panel(v, e, tile, rows, columns, at);
    }
}

void N16(matmul_u8)(const struct matmul_u8 *v, const float *x, const void *packed,
                    const struct matmul_epilogue *e, float *y, void *scratch)
{
    size_t row = (size_t)v->shape.k * N16_LANES, bytes = (size_t)(v->shape.k + 3) / 4 * LINE;

    for (int first = 0; first < v->shape.t; first += MATMUL_ROWS) {
        int rows = v->shape.t - first < MATMUL_ROWS ? v->shape.t - first : MATMUL_ROWS;

        for (int r = 0; r < rows; r++)
            N16(quantize_u8)
        (&v->x, v->shape.k, 1, x + (size_t)(first + r) * row,
         (uint8_t *)scratch + (size_t)r * bytes);
        run_block(v, scratch, packed, e, y, first, rows);
    }
}
