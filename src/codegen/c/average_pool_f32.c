// pad_bottom, pad_right: what counts as padding where the padding counts.
static void model_average_pool_f32(const struct model_window *s, int counts_padding,
                                   int pad_bottom, int pad_right, const float *x, float *y)
{
    int c, oy, ox, ky, kx;

    for (c = 0; c < s->c; c++, x += s->h * s->w)
        for (oy = 0; oy < s->oh; oy++)
            for (ox = 0; ox < s->ow; ox++) {
                float sum = 0;
                int count = 0;
                for (ky = 0; ky < s->kh; ky++)
                    for (kx = 0; kx < s->kw; kx++) {
                        int i = oy * s->stride_h - s->pad_top + ky * s->dilation_h;
                        int k = ox * s->stride_w - s->pad_left + kx * s->dilation_w;
                        if (i >= 0 && i < s->h && k >= 0 && k < s->w) {
                            sum += x[i * s->w + k];
                            count++;
                        } else if (counts_padding && i < s->h + pad_bottom &&
                                   k < s->w + pad_right) {
                            count++;
                        }
                    }
                *y++ = count ? sum / (float)count : 0;
            }
}
