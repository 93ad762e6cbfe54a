// What convolutions share: their sizes, columns (im2col) and the products over them, one image and
// one group at a time. ConvTranspose is the gradient of Conv by its input, DeformConv brings
// columns of its own.
#ifndef OPS_CONV_PARTS_H
#define OPS_CONV_PARTS_H

#include "ops/attr.h"
#include "ops/window.h"

extern const struct field conv_fields[]; // of a struct conv_attr

// Named after Conv: images in, filters out. For ConvTranspose both change places: its output is
// the image.
struct conv {
    struct window window;
    int64_t batch, groups;
    int64_t channels, filters; // of one group
    int64_t image;             // elements of one group of one image
    int64_t taps, positions;   // weights of one filter, outputs of one filter
};

// Fills what follows from the window, the weight (filters * groups, channels, ...) and the batch.
void conv_set_sizes(struct conv *conv, int64_t batch, const struct shape *w, int64_t groups);
// Sizes of a Conv over input 0 with weight input `w`; checks them.
MUST_CHECK enum status conv_from(struct context *context, const struct op_call *call, int w,
                                 const struct conv_attr *attr, struct conv *conv);
MUST_CHECK enum status conv_check_kernel_shape(struct context *context,
                                               const struct ints *kernel_shape,
                                               const struct shape *w);
// An optional input with one item for each filter.
MUST_CHECK enum status conv_check_bias(struct context *context, const struct op_call *call,
                                       int bias, int64_t filters);
// Bytes of `copies` column matrices of `item_bytes` an element.
size_t conv_column_bytes(const struct conv *conv, size_t copies, size_t item_bytes);

void conv_cost(const struct op_call *call, struct op_cost *cost); // weight: input 1

// image: (channels, in...) column: (taps, positions), w: (filters, taps), y: (filters, positions),
// all of one group. fill_rows: each of `rows` rows of y becomes bias[row] (0 without bias);
// sum_rows adds the rows' sums. Products and gradients add to what is there; scratch holds columns,
// for the weight's gradient twice.
#define CONV_PARTS(type, T)                                                                        \
    void conv_fill_rows_##type(const T *bias, int64_t rows, int64_t count, T *y);                  \
    void conv_sum_rows_##type(const T *y, int64_t rows, int64_t count, T *sum);                    \
    void conv_columns_##type(const struct conv *conv, const T *image, T *column);                  \
    void conv_product_##type(const struct conv *conv, const T *w, const T *column, T *y);          \
    void conv_weight_gradient_##type(const struct conv *conv, const T *image, const T *dy, T *dw,  \
                                     T *scratch);                                                  \
    void conv_input_gradient_##type(const struct conv *conv, const T *w, const T *dy, T *image,    \
                                    T *scratch);
CONV_PARTS(f32, float)
CONV_PARTS(f64, double)
void conv_columns_i16(const struct conv *conv, const int16_t *image, int16_t *column);

#endif
