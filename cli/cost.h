// What compressing cost, as the command line asks for it: on which computer, on which grid, and the
// work that a model's history tells.
#ifndef CLI_COST_H
#define CLI_COST_H

#include "cli/command.h"
#include "energy/cost.h"
#include "ir/graph.h"

struct cost_options {
    const char *host_device, *grid;
    double pue, inferences_per_day;
};
extern const struct field cost_fields[];

// What turns work into joules and grams.
struct cost_basis {
    struct device host;
    bool has_host;
    struct grid grid;
    double pue, per_day; // NaN: not given
    bool asks_for_grams; // an option of carbon was given
};

// "COUNTRY|gCO2/kWh" of an option; text NULL: the world's average. ERR_USAGE names what is unknown
// or in another unit.
MUST_CHECK enum status grid_open(struct context *context, const char *option, const char *text,
                                 struct grid *out);
// "world average 2019, 475 g/kWh"
void grid_text(const struct grid *grid, struct text *out);
// "1.2 J (1.0 J .. 1.4 J)"; without the interval where it is not known.
void interval_text(double value, double low, double high, const char *unit, struct text *out);

// Reads the profile and the grid, cpu-server-x86 and the world's average where none is named. An
// unknown name is ERR_USAGE with a suggestion; a machine without profiles is an error only for who
// names one. Close it in any case; zeroed is fine.
MUST_CHECK enum status cost_open(struct context *context, const struct cost_options *options,
                                 struct cost_basis *basis);
void cost_close(struct cost_basis *basis);
struct cost cost_of(const struct cost_basis *basis, double macs); // borrows from basis

// The sum over a history (ecai.history of the model) without the entries that the baseline's
// begins with too: these were spent on both. history NULL: there is none, and false. *unknown: the
// first entry that does not tell, in the arena; then *macs is NaN.
bool cost_of_history(struct arena *arena, const char *history, const char *baseline, double *macs,
                     const char **unknown);

// " (in part unverified)" behind the name of a profile with figures that nothing has checked, a
// note that nothing validates it behind one that was changed (NAME:KEY=NUMBER), or "".
const char *unverified_words(const struct device *device);
// "compressing took 1.20 TMAC, ~298 J (149 J .. 595 J) estimated for cpu-server-x86 (in part
// unverified), 39.3 mg CO2e (world average 2019, 475 g/kWh)", or why joules are unknown.
void cost_text(const struct cost *cost, struct text *out);
// The same short, with what was measured, as the end of a line: "; compressing took ..."; nothing
// where no network was run.
void cost_summary(const struct cost *cost, struct text *out);
// "; paid back after 3.1 M inferences", or why not; nothing where joules are unknown.
void cost_pay_back_text(const struct cost *cost, const char *device, struct text *out);

#endif
