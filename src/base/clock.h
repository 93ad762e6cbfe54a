// Time that passes, for measuring durations.
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

// Seconds since some fixed moment: never goes back, and means nothing outside this run.
double clock_seconds(void);

#endif
