// One output channel: sums of (x - x_zero) * w, exact in 32 bits. What lies in the padding is zero.
static int32_t model_sum_i8(const struct model_window *s, int x_zero, const int16_t *w,
                            const int8_t *x, int oy, int ox)
{
    int32_t sum = 0;
    int c, ky, kx;

    for (c = 0; c < s->c / s->groups; c++, x += s->h * s->w)
        for (ky = 0; ky < s->kh; ky++) {
            int y = oy * s->stride_h - s->pad_top + ky * s->dilation_h;
            if (y < 0 || y >= s->h) {
                w += s->kw;
                continue;
            }
            for (kx = 0; kx < s->kw; kx++, w++) {
                int at = ox * s->stride_w - s->pad_left + kx * s->dilation_w;
                if (at >= 0 && at < s->w)
                    sum += (int32_t)*w * (x[y * s->w + at] - x_zero);
            }
        }
    return sum;
}

// y as integers on a grid, or (y NULL) as floats in y_float. row: scratch for one filter.
static void model_conv_i8(const struct model_window *s, struct model_weights weights,
                          const int32_t *bias, const float *scale, int x_zero,
                          struct model_grid grid, int16_t *row, const int8_t *x, int8_t *y,
                          float *y_float)
{
    struct model_reader reader = {{0, 0, 0}, 0, 0};
    const int group_c = s->c / s->groups, group_oc = s->oc / s->groups;
    int m, oy, ox, i = 0;

    reader.weights = weights;
    for (m = 0; m < s->oc; m++) {
        model_read_row(&reader, group_c * s->kh * s->kw, row);
        for (oy = 0; oy < s->oh; oy++)
            for (ox = 0; ox < s->ow; ox++, i++) {
                int32_t sum = bias[m] + model_sum_i8(s, x_zero, row,
                                                     x + m / group_oc * group_c * s->h * s->w,
                                                     oy, ox);
                float value = (float)sum * scale[m];
                if (y)
                    y[i] = (int8_t)model_round(value, grid);
                else
                    y_float[i] = value;
            }
    }
}
