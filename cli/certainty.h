// How sure a verdict on energy is: an estimate comes with the interval of its profile's error, a
// reading with its own, and a bound that lies inside is met or missed by luck.
#ifndef CLI_CERTAINTY_H
#define CLI_CERTAINTY_H

#include "base/context.h"
#include "cli/requirement.h"

enum certainty { CERTAINTY_UNKNOWN = -1, UNCERTAIN, CERTAIN };

// A figure with its interval.
struct uncertain_figure {
    double value, low, high;
    enum quantity quantity; // joules, seconds, or a plain number for a ratio and grams
    const char *profile;    // whose error it is; NULL: of a counter's readings
    const char *other;      // a second one, of the baseline's device; NULL: none
};

// Whether the verdict is the same over the whole interval. UNKNOWN where there is no interval.
enum certainty certainty_of(const struct uncertain_figure *figure, enum relation relation,
                            double bound);
// The interval of the figure that the requirement names: false where it has none (all but joules,
// ratios of energy, grams, and seconds that follow from joules). Strings are the report's.
bool certainty_find(const struct requirement *requirement, const struct json *report,
                    struct uncertain_figure *out);
// "energy.joules <= 40uJ holds by the estimate (36 uJ), but the error of the profile 'mcu' (24 %)
// reaches from 29 uJ to 45 uJ". what: the bound in words.
void certainty_text(const char *what, bool holds, const struct uncertain_figure *figure,
                    struct text *out);
// The same as a warning, and as a text of the arena, where it is uncertain; else nothing, and NULL.
const char *certainty_warn(struct context *context, struct arena *arena, const char *what,
                           const struct uncertain_figure *figure, enum relation relation,
                           double bound);

#endif
