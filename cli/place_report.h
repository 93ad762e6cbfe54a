// What `ecai place` found out, and how it tells it.
#ifndef CLI_PLACE_REPORT_H
#define CLI_PLACE_REPORT_H

#include "cli/cost.h"
#include "cli/figures.h"
#include "cli/model_args.h"
#include "energy/estimate.h"
#include "energy/place.h"

// Where a request may be answered.
struct place_side {
    const char *role;                // "cloud", "edge"
    const struct named_model *model; // borrowed
    const struct counts *counts;     // borrowed
    struct device device;
    struct energy energy;
    struct grid grid;
    const char *factor_name; // "pue", "charger_efficiency"
    double factor;
    const char *factor_from; // "line", "profile", "default"
};
enum { PLACE_CLOUD_SIDE, PLACE_EDGE_SIDE, PLACE_SIDES };
enum { PLACE_ASSUMPTIONS_MAX = 6 };

struct place_report {
    struct invocation *invocation;
    struct place_side side[PLACE_SIDES];
    const struct network *network;
    struct grid network_grid;
    double request_bytes, response_bytes;
    double per_day; // requests; NaN: not given
    // By place_judge, in the invocation's arena.
    const char *obstacle; // why the two are not compared; NULL: they are
    const char *reason;   // why there is no verdict, the obstacle among others; NULL: there is one
    const char *assumption[PLACE_ASSUMPTIONS_MAX];
    int assumption_count;
    struct place_answer answer[PLACE_BASES];
};

struct spread place_joules(const struct place_side *side); // of an inference, at the machine
// ecai/place/1. The caller frees.
struct json *place_json(const struct place_report *report);
void place_text(const struct place_report *report, struct text *out);

#endif
