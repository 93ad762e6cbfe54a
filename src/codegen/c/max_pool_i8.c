static void model_max_pool_i8(const struct model_window *s, const int8_t *x, int8_t *y)
{
    int c, oy, ox, ky, kx;

    for (c = 0; c < s->c; c++, x += s->h * s->w)
        for (oy = 0; oy < s->oh; oy++)
            for (ox = 0; ox < s->ow; ox++) {
                int8_t most = -128;
                for (ky = 0; ky < s->kh; ky++)
                    for (kx = 0; kx < s->kw; kx++) {
                        int i = oy * s->stride_h - s->pad_top + ky * s->dilation_h;
                        int k = ox * s->stride_w - s->pad_left + kx * s->dilation_w;
                        if (i >= 0 && i < s->h && k >= 0 && k < s->w && x[i * s->w + k] > most)
                            most = x[i * s->w + k];
                    }
                *y++ = most;
            }
}
