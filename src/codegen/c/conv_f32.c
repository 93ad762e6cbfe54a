static void model_conv_f32(const struct model_window *s, const float *w, const float *bias,
                           const float *x, float *y)
{
    const int group_c = s->c / s->groups, group_oc = s->oc / s->groups;
    int m, oy, ox, c, ky, kx;

    for (m = 0; m < s->oc; m++, w += group_c * s->kh * s->kw)
        for (oy = 0; oy < s->oh; oy++)
            for (ox = 0; ox < s->ow; ox++) {
                const float *plane = x + m / group_oc * group_c * s->h * s->w, *tap = w;
                float sum = bias ? bias[m] : 0;
                for (c = 0; c < group_c; c++, plane += s->h * s->w)
                    for (ky = 0; ky < s->kh; ky++)
                        for (kx = 0; kx < s->kw; kx++, tap++) {
                            int i = oy * s->stride_h - s->pad_top + ky * s->dilation_h;
                            int k = ox * s->stride_w - s->pad_left + kx * s->dilation_w;
                            if (i >= 0 && i < s->h && k >= 0 && k < s->w)
                                sum += *tap * plane[i * s->w + k];
                        }
                *y++ = sum;
            }
}
