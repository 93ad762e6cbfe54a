// Where this process starts among the many of a Slurm job, so that they rarely meet. Nobody depends
// on it: work is divided by claims (store.h), and whoever comes late finds what is left.
#ifndef SWEEP_SHARE_H
#define SWEEP_SHARE_H

// Which of how many equal processes this is: array task and rank ($SLURM_ARRAY_TASK_ID, _COUNT,
// _MIN, _STEP, $SLURM_PROCID, $SLURM_NTASKS); 0 of 1 without, or where they make no sense.
struct share {
    long index, count;
};
struct share share_of_slurm(void);
// Where to begin in a list of `total`, so that equal processes are as far apart as can be.
long share_start(struct share share, long total);

#endif
