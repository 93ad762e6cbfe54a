// Elements combined across shapes: arithmetic and choices with broadcasting, lanes with lanes or
// with plain numbers that all samples share.
#include "kernels/n16_internal.h"

#include <math.h>

#include "kernels/vf_math.h"

// The innermost axis: n elements, operands as in struct strided_loop.
struct line {
    size_t n;
    const float *x[3];
    ptrdiff_t step[4];
    float *y;
};

ALWAYS_INLINE vf line_at(const struct line *l, int operand, const int is_shared, size_t i, int lane)
{
    const float *at = l->x[operand] + (ptrdiff_t)i * l->step[operand];

    return is_shared ? vf_set(*at) : vf_load(at + lane);
}

ALWAYS_INLINE vf combine(const enum binary_kind kind, vf a, vf b)
{
    const vf one = vf_set(1), zero = {0};

    switch (kind) {
    case BINARY_ADD:
        return a + b;
    case BINARY_SUB:
        return a - b;
    case BINARY_MUL:
        return a * b;
    case BINARY_DIV:
        return a / b;
    case BINARY_MAX:
        return vf_select((a < b) | (b != b), b, a);
    case BINARY_MIN:
        return vf_select((b < a) | (b != b), b, a);
    case BINARY_EQUAL:
        return vf_select(a == b, one, zero);
    case BINARY_LESS:
        return vf_select(a < b, one, zero);
    case BINARY_LESS_OR_EQUAL:
        return vf_select(a <= b, one, zero);
    case BINARY_AND:
        return vf_select((a != 0) & (b != 0), one, zero);
    case BINARY_OR:
        return vf_select((a != 0) | (b != 0), one, zero);
    case BINARY_COUNT:
        break;
    }
    return a;
}

ALWAYS_INLINE void line_combine(const struct line *l, const enum binary_kind kind,
                                const int is_a_shared, const int is_b_shared)
{
    for (size_t i = 0; i < l->n; i++)
        for (int lane = 0; lane < N16_LANES; lane += VF)
            vf_store(l->y + (ptrdiff_t)i * l->step[3] + lane,
                     combine(kind, line_at(l, 0, is_a_shared, i, lane),
                             line_at(l, 1, is_b_shared, i, lane)));
}

#define LINE(name, kind)                                                                           \
    static void line_##name(const struct line *l, const int *is_shared)                            \
    {                                                                                              \
        if (is_shared[0])                                                                          \
            line_combine(l, kind, 1, 0);                                                           \
        else if (is_shared[1])                                                                     \
            line_combine(l, kind, 0, 1);                                                           \
        else                                                                                       \
            line_combine(l, kind, 0, 0);                                                           \
    }
LINE(add, BINARY_ADD)
LINE(sub, BINARY_SUB)
LINE(mul, BINARY_MUL)
LINE(div, BINARY_DIV)
LINE(max, BINARY_MAX)
LINE(min, BINARY_MIN)
LINE(equal, BINARY_EQUAL)
LINE(less, BINARY_LESS)
LINE(less_or_equal, BINARY_LESS_OR_EQUAL)
LINE(and, BINARY_AND)
LINE(or, BINARY_OR)

static void line_choose(const struct line *l, const int *is_shared)
{
    for (size_t i = 0; i < l->n; i++)
        for (int lane = 0; lane < N16_LANES; lane += VF) {
            vf condition = line_at(l, 0, is_shared[0], i, lane);
            vf yes = line_at(l, 1, is_shared[1], i, lane),
               no = line_at(l, 2, is_shared[2], i, lane);

            vf_store(l->y + (ptrdiff_t)i * l->step[3] + lane, vf_select(condition != 0, yes, no));
        }
}

// Every line of v's loop; `operands` of x are there.
static void each_line(const struct strided_loop *v, int operands, const float *const *x, float *y,
                      void (*run)(const struct line *l, const int *is_shared))
{
    size_t index[STRIDED_RANK] = {0};
    int last = v->rank - 1, axis;
    struct line l = {.n = v->dim[last], .y = y};

    for (int i = 0; i < operands; i++)
        l.x[i] = x[i];
    for (int i = 0; i < 4; i++)
        l.step[i] = v->step[i][last];
    do {
        run(&l, v->is_shared);
        for (axis = last - 1; axis >= 0; axis--) {
            ptrdiff_t back = ++index[axis] == v->dim[axis] ? (ptrdiff_t)v->dim[axis] - 1 : -1;

            for (int i = 0; i < operands; i++)
                l.x[i] -= back * v->step[i][axis];
            l.y -= back * v->step[3][axis];
            if (back < 0)
                break;
            index[axis] = 0;
        }
    } while (axis >= 0);
}

void N16(strided_binary_f32)(enum binary_kind kind, const struct strided_loop *v, const float *a,
                             const float *b, float *y)
{
    static void (*const run[BINARY_COUNT])(const struct line *, const int *) = {
        [BINARY_ADD] = line_add,     [BINARY_SUB] = line_sub,
        [BINARY_MUL] = line_mul,     [BINARY_DIV] = line_div,
        [BINARY_MAX] = line_max,     [BINARY_MIN] = line_min,
        [BINARY_EQUAL] = line_equal, [BINARY_LESS] = line_less,
        [BINARY_AND] = line_and,     [BINARY_LESS_OR_EQUAL] = line_less_or_equal,
        [BINARY_OR] = line_or,
    };

    each_line(v, 2, (const float *const[2]){a, b}, y, run[kind]);
}

void N16(strided_select_f32)(const struct strided_loop *v, const float *const x[3], float *y)
{
    each_line(v, 3, x, y, line_choose);
}

ALWAYS_INLINE vf vf_sqrt(vf x)
{
    for (int lane = 0; lane < VF; lane++)
        x[lane] = sqrtf(x[lane]);
    return x;
}

#define EACH(expression)                                                                           \
    for (size_t i = 0; i < n; i += VF) {                                                           \
        vf at = vf_load(x + i);                                                                    \
        vf_store(y + i, expression);                                                               \
    }                                                                                              \
    break

void N16(unary_f32)(enum unary_kind kind, size_t n, const float *x, float *y)
{
    const vf one = vf_set(1), zero = {0};

    switch (kind) {
    case UNARY_ABS:
        EACH(vf_abs(at));
    case UNARY_ERF:
        EACH(vf_erf(at));
    case UNARY_EXP:
        EACH(vf_exp(at));
    case UNARY_NEG:
        EACH(-at);
    case UNARY_RECIPROCAL:
        EACH(1 / at);
    case UNARY_SQUARE:
        EACH(at * at);
    case UNARY_SQRT:
        EACH(vf_sqrt(at));
    case UNARY_NOT:
        EACH(vf_select(at != 0, zero, one));
    case UNARY_IS_NONZERO:
        EACH(vf_select(at != 0, one, zero));
    case UNARY_COUNT:
        break;
    }
}
