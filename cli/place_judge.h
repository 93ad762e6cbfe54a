// Whether the two places of `ecai place` can be compared, and what its answer takes for granted.
#ifndef CLI_PLACE_JUDGE_H
#define CLI_PLACE_JUDGE_H

#include "cli/place_report.h"

// From both sides: obstacle, reason and assumptions; warns of boundaries that differ. No verdict
// where a model does not fit, joules are unknown, or a side is a datapath alone.
void place_judge(struct place_report *report);
// The charger's efficiency is the figure that nobody has looked up.
bool place_has_usual_charger(const struct place_side *side);

#endif
