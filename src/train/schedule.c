// Schedules of learning rate and sparsity.
#include "train/schedule.h"

#include <math.h>

double schedule_cosine(double t, double warmup, double end)
{
    double u;

    if (t < warmup)
        return (t + 1e-3) / (warmup + 1e-3);
    u = (t - warmup) / (1 - warmup);
    return end + (1 - end) * 0.5 * (1 + cos(3.14159265358979323846 * (u < 1 ? u : 1)));
}

double schedule_sparsity(double t, double begin, double end, double target)
{
    double u = end > begin ? (t - begin) / (end - begin) : 1;

    if (t < begin)
        return 0;
    u = u > 1 ? 1 : u;
    return target * (1 - (1 - u) * (1 - u) * (1 - u));
}
