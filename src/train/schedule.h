// How learning rate and sparsity run over the course of training. t: 0 at the first step, 1 behind
// the last.
#ifndef TRAIN_SCHEDULE_H
#define TRAIN_SCHEDULE_H

// Linear warm-up over the first `warmup` of the course, then half a cosine down to `end` times the
// peak (Loshchilov and Hutter 2017).
double schedule_cosine(double t, double warmup, double end);

// Sparsity from 0 at `begin` to `target` at `end`: target (1 - (1 - u)^3) (Zhu and Gupta 2018).
double schedule_sparsity(double t, double begin, double end, double target);

#endif
