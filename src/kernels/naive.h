// The plain twins of the fast kernels: slow, obvious, in double where they sum. Tests compare each
// kernel with its twin. Same layouts and meaning as in kernels.h.
#ifndef KERNELS_NAIVE_H
#define KERNELS_NAIVE_H

#include "kernels/kernels.h"

void conv2d_f32_naive(const struct conv2d *v, const float *x, const float *weight,
                      const struct epilogue *e, float *y);
// dx, dw and dbias are added to.
void conv2d_f32_backward_data_naive(const struct conv2d *v, const float *dy, const float *weight,
                                    float *dx);
void conv2d_f32_backward_weights_naive(const struct conv2d *v, const float *x, const float *dy,
                                       float *dw);
void bias_f32_backward_naive(int c, size_t pixels, const float *dy, float *dbias);
void gemm_f32_naive(const struct gemm *v, const float *a, const float *b, float *c);
void fc_f32_naive(const struct fully_connected *v, const float *x, const float *weight,
                  const float *bias, float *y);
void fc_f32_backward_data_naive(const struct fully_connected *v, const float *dy,
                                const float *weight, float *dx);
void fc_f32_backward_weights_naive(const struct fully_connected *v, const float *x, const float *dy,
                                   float *dw);
void maxpool_f32_naive(const struct pool2d *v, const float *x, float *y, int32_t *argmax);
void maxpool_f32_backward_naive(const struct pool2d *v, const float *dy, const int32_t *argmax,
                                float *dx);
void averagepool_f32_naive(const struct pool2d *v, const float *x, float *y);
void averagepool_f32_backward_naive(const struct pool2d *v, const float *dy, float *dx);
void batchnorm_f32_sums_naive(const struct batchnorm *v, const float *x, double *sum,
                              double *sum_squares);
void batchnorm_f32_backward_sums_naive(const struct batchnorm *v, const float *x, const float *dy,
                                       double *sum_dy, double *sum_dy_xhat);
void matmul_f32_naive(const struct matmul *v, const float *x, const float *weight,
                      const struct matmul_epilogue *e, float *y); // without rounding
void matmul_u8_naive(const struct matmul_u8 *v, const float *x, const int8_t *weight, float *y);
void attention_f32_naive(const struct attention *v, const float *const in[4], float *y);
void row_norm_f32_naive(const struct row_norm *v, const float *x, const float *scale,
                        const float *bias, float *y);
double activation_f32_naive(const struct activation *v, double x);
float fake_quant_f32_naive(const struct quant_grid *v, float x);
// The stored integer q - zero_point for one sum.
float requantize_naive(const struct requant *v, int channel, int32_t acc);

// The integer ones, in N16C4; results are the kernels' to the bit.
void conv2d_u8_naive(const struct conv2d *v, const struct conv2d_u8_weights *w, const uint8_t *x,
                     const struct epilogue_u8 *e, uint8_t *y);
uint8_t quantize_u8_naive(const struct grid_u8 *v, float x);
uint8_t sum_u8_naive(const struct sum_u8 *v, uint8_t a, uint8_t b);
void maxpool_u8_naive(const struct pool2d *v, const uint8_t *x, uint8_t *y);
void mean_u8_naive(const struct grid_u8 *v, int c, size_t pixels, int x_zero, const uint8_t *x,
                   uint8_t *y);
// Where channel c of a pixel and a lane lies in N16C4.
size_t n16c4_at(int c, size_t pixels, size_t pixel, int lane);

double loss_f32_naive(const struct loss *v, const float *logits, const float *teacher,
                      const int32_t *labels);

#endif
