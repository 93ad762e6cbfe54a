// What compressing itself cost: joules and grams from counted arithmetic (pass/work.h) and the
// profile of the computer that did it, and after how many inferences the model has paid it back.
// The rules are in docs/energy.md.
#ifndef ENERGY_COST_H
#define ENERGY_COST_H

#include "energy/carbon.h"
#include "energy/device.h"

enum { COST_REASON_BYTES = 256 };

struct cost {
    double macs;              // dense multiply-accumulates; NaN: not known
    double joules, low, high; // estimated; NaN: not known
    // Of CO2 equivalent, with what the data centre adds; as far off as joules are.
    double grams;
    const struct device *host; // profile of the computer, borrowed; NULL: none
    struct grid grid;
    double pue;                     // in grams, not in joules
    double inferences;              // until the cost is paid back; NaN: never or not known
    double per_day;                 // inferences; NaN: not known
    char reason[COST_REASON_BYTES]; // why macs, joules or inferences are NaN; "": they are not
    double measured;                // joules by a counter; NaN: there is none
    const char *counter, *scope;    // of it, borrowed
};

// Joules at the profile's float32 multiply-accumulate. Not known for host NULL, and for a profile
// in which that figure does not hold memory and everything else that a computer draws.
void cost_init(struct cost *cost, double macs, const struct device *host, const struct grid *grid);
// In a data centre of that power usage effectiveness. cost_init: 1.
void cost_in_centre(struct cost *cost, double pue);
// before, after: joules of one inference on `device`; NaN: not known.
void cost_pay_back(struct cost *cost, double before, double after, const char *device);
// Says why something is not known, unless that is said already.
void cost_because(struct cost *cost, const char *format, ...) __attribute__((format(printf, 2, 3)));
// Fills an empty object with the keys of "cost".
void cost_to_json(struct json *object, const struct cost *cost);

// The work of several processes, by the documents that they wrote.
struct cost_tally {
    double macs; // NaN: one of them does not know
    int silent;  // steps that failed and left no document
};
// Items of {"cached", "seconds", "report": {"cost": {"macs"}}}; what came from a cache ran nothing
// now. Without a report a step that took its seconds ran no network (simplify has none by design),
// and one that did not end failed. NULL: none.
void cost_tally_steps(struct cost_tally *tally, const struct json *steps);
void cost_tally_failure(struct cost_tally *tally); // of a step that is on no list
// An ecai/eval/1 document; NULL or null: none.
void cost_tally_eval(struct cost_tally *tally, const struct json *eval);
// Says what a cost of that work leaves out.
void cost_tell_silent(struct cost *cost, const struct cost_tally *tally);

#endif
