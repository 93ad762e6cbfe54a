// Cutting and packing of sparse convolutions (panels after Elsen et al. 2020, Fast sparse
// convnets), and when they pay.
#include "kernels/conv2d_sparse.h"

#include "kernels/conv2d_internal.h"

// As measured: a panel stays in L1 (48 KiB) where kernels overlap; where they do not, longer lists
// are worth more than that, and one panel for all channels is worth most.
enum { OVERLAP_BYTES = 40 * 1024, PIXEL_BYTES = 64 * 1024, WHOLE_BYTES = 96 * 1024 };

// Columns that the register tiles have.
static int tile_columns(int size)
{
    return size % 8 == 0 ? 8 : size % 7 == 0 ? 7 : min_int(size, 8);
}

static struct panel_axis panel_axis(int out, int source, int taps, int stride, int pad,
                                    int dilation, int tile)
{
    int reach = (taps - 1) * dilation;

    return (struct panel_axis){.outputs = out,
                               .tile = tile,
                               .source = source,
                               .stride = stride,
                               .pad = pad,
                               .dilation = dilation,
                               .phases = min_int(stride, reach + 1),
                               .phase_size = tile + reach / stride};
}

static void plan_panel(const struct conv2d *v, struct sparse_plan *p, int rows, int columns)
{
    p->y = panel_axis(v->oh, v->h, v->kh, v->stride_h, v->pad_top, v->dilation_h, rows);
    p->x = panel_axis(v->ow, v->w, v->kw, v->stride_w, v->pad_left, v->dilation_w, columns);
    p->pitch = p->x.phases * p->x.phase_size;
    p->plane = p->y.phases * p->y.phase_size * p->pitch;
}

// Where every output has one source pixel in the same order, the planes may be cut into any rows.
static struct conv2d as_rows(const struct conv2d *v)
{
    struct conv2d view = *v;
    int pixels = v->h * v->w;

    if (v->kh == 1 && v->kw == 1 && v->stride_h == 1 && v->stride_w == 1 && v->oh == v->h &&
        v->ow == v->w && v->pad_top == 0 && v->pad_left == 0) {
        view.w = view.ow = tile_columns(pixels);
        if (pixels % view.w)
            view.w = view.ow = pixels;
        view.h = view.oh = pixels / view.w;
    }
    return view;
}

struct sparse_plan sparse_plan(const struct conv2d *v)
{
    struct conv2d view = as_rows(v);
    struct sparse_plan p = {.c = v->c / v->groups, .oc = v->oc / v->groups};
    int columns = tile_columns(view.ow), rows = min_int(view.oh, 2);
    int bytes = OVERLAP_BYTES;

    if (v->kh * v->kw == 1) {
        bytes = WHOLE_BYTES;
        if (p.c * columns * rows * N16_LANES * (int)sizeof(float) > bytes) {
            bytes = PIXEL_BYTES;
            rows = 1;
        }
    }
    plan_panel(&view, &p, rows, columns);
    p.channels = min_int(p.c, bytes / (p.plane * N16_LANES * (int)sizeof(float)));
    if (p.channels < 1)
        p.channels = 1;
    p.blocks = divide_up(p.c, p.channels);
    p.channels = divide_up(p.c, p.blocks);
    p.blocks = divide_up(p.c, p.channels);
    return p;
}

size_t sparse_scratch_bytes(const struct conv2d *v)
{
    struct sparse_plan p = sparse_plan(v);
    size_t sums = (size_t)p.oc * (size_t)(p.y.tile * p.x.tile) * N16_LANES;

    return (sparse_panel_floats(&p) + sums) * sizeof(float);
}

// One block of one group: what packing looks at.
struct block {
    const struct conv2d *shape;
    const struct sparse_plan *plan;
    const float *weight; // of the group
    int unit, first_channel, channels;
    int is_complete; // empty lists are kept
};

static int is_zero(const struct block *b, int channel, int k)
{
    size_t row = (size_t)(b->plan->c * b->shape->kh * b->shape->kw);

    for (int i = 0; i < b->unit; i++) {
        float w = b->weight[(size_t)(channel + i) * row + (size_t)k];

        if (w < 0 || w > 0)
            return 0;
    }
    return 1;
}

static int place(const struct panel_axis *a, int tap)
{
    int position = tap * a->dilation;

    return position % a->stride * a->phase_size + position / a->stride;
}

// Writes the entries of a unit; returns how many. NULL: counts.
static int pack_entries(const struct block *b, int channel, union sparse_word *to)
{
    int taps = b->shape->kh * b->shape->kw, count = 0;
    size_t row = (size_t)(b->plan->c * taps);

    for (int i = 0; i < b->channels * taps; i++) {
        int k = b->first_channel * taps + i, tap = i % taps;

        if (is_zero(b, channel, k))
            continue;
        count++;
        if (!to)
            continue;
        to++->i =
            ((i / taps) * b->plan->plane + place(&b->plan->y, tap / b->shape->kw) * b->plan->pitch +
             place(&b->plan->x, tap % b->shape->kw)) *
            N16_LANES;
        for (int u = 0; u < b->unit; u++)
            to++->f = b->weight[(size_t)(channel + u) * row + (size_t)k];
    }
    return count;
}

// Words of a block's lists, whose lengths go into `length`.
static size_t block_words(const struct block *b, union sparse_word *length)
{
    size_t words = 0;

    for (int m = 0; m < b->plan->oc; m += b->unit) {
        int count = pack_entries(b, m, NULL);

        if (length)
            length++->i = count;
        if (count > 0 || b->is_complete)
            words += 2 + (size_t)(count * (b->unit + 1));
    }
    return words;
}

// Lists of like length lie together, so that the processor foresees where they end.
static void pack_block(const struct block *b, const union sparse_word *length,
                       union sparse_word *to)
{
    int longest = b->channels * b->shape->kh * b->shape->kw;

    for (int count = !b->is_complete; count <= longest; count++)
        for (int m = 0; m < b->plan->oc; m += b->unit)
            if (length[m / b->unit].i == count) {
                to++->i = m;
                to++->i = count;
                pack_entries(b, m, to);
                to += count * (b->unit + 1);
            }
}

// Words of all; written unless `to` is NULL. Behind the first words there is room for lengths.
static size_t pack_all(const struct conv2d *v, int unit, const float *weight, union sparse_word *to)
{
    struct sparse_plan p = sparse_plan(v);
    size_t first_words = (size_t)(v->groups * p.blocks) + 1;
    size_t words = first_words + (size_t)(p.oc / unit);
    size_t group_weights = conv2d_weight_count(v) / (size_t)v->groups;

    for (int i = 0; i < v->groups * p.blocks; i++) {
        int block = i % p.blocks, first = block * p.channels;
        struct block b = {.shape = v,
                          .plan = &p,
                          .weight = weight + group_weights * (size_t)(i / p.blocks),
                          .unit = unit,
                          .first_channel = first,
                          .channels = min_int(p.channels, p.c - first),
                          .is_complete = block == 0 || block == p.blocks - 1};
        size_t more = block_words(&b, to ? to + first_words : NULL);

        if (to) {
            to[i].i = (int32_t)words;
            pack_block(&b, to + first_words, to + words);
        }
        words += more;
    }
    if (to)
        to[v->groups * p.blocks].i = (int32_t)words;
    return words;
}

size_t sparse_packed_bytes(const struct conv2d *v, int unit, const float *weight)
{
    return pack_all(v, unit, weight, NULL) * sizeof(union sparse_word);
}

void sparse_pack(const struct conv2d *v, int unit, const float *weight, void *packed)
{
    pack_all(v, unit, weight, packed);
}

double sparse_share(const struct conv2d *v, int unit, const float *weight)
{
    struct sparse_plan p = {.c = v->c / v->groups};
    struct block b = {.shape = v, .plan = &p, .weight = weight, .unit = unit};
    int row = p.c * v->kh * v->kw;
    double count = 0;

    for (int m = 0; m < v->oc; m += unit)
        for (int k = 0; k < row; k++)
            count += !is_zero(&b, m, k);
    return count * unit / ((double)row * v->oc);
}
