// Slurm's variables.
#include "sweep/share.h"

#include <errno.h>
#include <stdlib.h>

// A whole number of the environment; what is missing or odd is the preset.
static long number_of(const char *name, long preset)
{
    const char *text = getenv(name);
    char *end;
    long number;

    if (!text || !*text)
        return preset;
    errno = 0;
    number = strtol(text, &end, 10);
    return *end || errno || number < 0 || number > 100000000 ? preset : number;
}

struct share share_of_slurm(void)
{
    long tasks = number_of("SLURM_ARRAY_TASK_COUNT", 1), ranks = number_of("SLURM_NTASKS", 1);
    long step = number_of("SLURM_ARRAY_TASK_STEP", 1);
    long task = number_of("SLURM_ARRAY_TASK_ID", 0) - number_of("SLURM_ARRAY_TASK_MIN", 0);
    long rank = number_of("SLURM_PROCID", 0);

    task /= step > 0 ? step : 1;
    if (tasks < 1 || task < 0 || task >= tasks) {
        tasks = 1;
        task = 0;
    }
    if (ranks < 1 || rank >= ranks) {
        ranks = 1;
        rank = 0;
    }
    return (struct share){task * ranks + rank, tasks * ranks};
}

long share_start(struct share share, long total)
{
    return (long)((double)share.index * (double)total / (double)share.count);
}
