// The gradient by the input of a convolution with stride 1 is itself a convolution, of dy, by the
// weights rotated by half a turn with input and output channels exchanged: every algorithm of the
// forward pass can compute it.
#include "kernels/conv2d_internal.h"

int conv2d_gradient_shape(const struct conv2d *v, struct conv2d *gradient)
{
    if (v->stride_h != 1 || v->stride_w != 1)
        return 0;
    *gradient = *v;
    gradient->c = v->oc;
    gradient->h = v->oh;
    gradient->w = v->ow;
    gradient->oc = v->c;
    gradient->oh = v->h;
    gradient->ow = v->w;
    gradient->pad_top = (v->kh - 1) * v->dilation_h - v->pad_top;
    gradient->pad_left = (v->kw - 1) * v->dilation_w - v->pad_left;
    return 1;
}

void conv2d_gradient_weights(const struct conv2d *v, const float *weight, float *rotated)
{
    int c = v->c / v->groups, oc = v->oc / v->groups, taps = v->kh * v->kw;

    for (int i = 0; i < v->c; i++) // over all groups
        for (int m = 0; m < oc; m++) {
            const float *from = weight + ((ptrdiff_t)(i / c * oc + m) * c + i % c) * taps + taps;

            for (int k = 0; k < taps; k++)
                *rotated++ = *--from;
        }
}
