// The loops of a layer that multiplies: a convolution, or a product of matrices as a convolution
// with a kernel of one.
#ifndef ENERGY_LAYER_SHAPE_H
#define ENERGY_LAYER_SHAPE_H

// Whole numbers. groups 0: the loops are not known. A product (m, k) x (k, n) has in_channels k,
// out_channels n, out_width m and 1 for the rest; copies of it that share nothing are groups.
struct layer_shape {
    double batch, groups;
    double in_channels, out_channels; // of one group
    double in_height, in_width;       // that windows look at, padding included
    double out_height, out_width;
    double kernel_height, kernel_width;
    double stride_height, stride_width;
};

#endif
