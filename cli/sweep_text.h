// A sweep told to people.
#ifndef CLI_SWEEP_TEXT_H
#define CLI_SWEEP_TEXT_H

#include "sweep/run.h"

void sweep_summary_text(const struct sweep *sweep, struct text *out); // one line
// The front as a table, the chosen trial marked.
MUST_CHECK enum status sweep_front_text(struct sweep *sweep, struct text *out);
// Trials, their command lines, and how many of the steps are the same.
void sweep_plan_text(const struct sweep *sweep, struct text *out);
// ERR_IO naming the first trial that failed and how many did; OK if none.
MUST_CHECK enum status sweep_first_failure(struct sweep *sweep);

#endif
