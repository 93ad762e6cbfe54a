// What the generated functions share.

struct model_window { // of a convolution or a pool: channels and sizes in, kernel, sizes out
    int c, h, w, oc, kh, kw, stride_h, stride_w, pad_top, pad_left, dilation_h, dilation_w;
    int groups, oh, ow;
};
