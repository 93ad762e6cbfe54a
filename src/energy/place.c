// Cloud or edge: sums and break-even. See place.h.
#include "energy/place.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct network networks[] = {
#define AVERAGE(joules, low, high, source)                                                         \
    {                                                                                              \
        {joules, low, high}, source                                                                \
    }
#define MARGINAL AVERAGE
#define RADIO AVERAGE
#define NETWORK(name, summary, year, average, marginal, radio)                                     \
    {name, summary, year, {average, marginal}, radio},
#include "energy/networks.def"
#undef NETWORK
#undef RADIO
#undef MARGINAL
#undef AVERAGE
};

const char *const place_basis_name[PLACE_BASES] = {"average", "marginal"};

static const double JOULES_PER_KWH = 3.6e6;

const struct network *network_at(int index)
{
    return index < (int)(sizeof networks / sizeof networks[0]) ? &networks[index] : NULL;
}

const struct network *network_find(const char *name)
{
    const struct network *network;

    for (int i = 0; (network = network_at(i)) != NULL; i++)
        if (strcmp(network->name, name) == 0)
            return network;
    return NULL;
}

struct spread spread_sum(struct spread a, struct spread b)
{
    return (struct spread){a.value + b.value, a.low + b.low, a.high + b.high};
}

struct spread spread_times(struct spread spread, double factor)
{
    return (struct spread){spread.value * factor, spread.low * factor, spread.high * factor};
}

struct place_cost place_cost_of(struct spread joules, double grid)
{
    return (struct place_cost){joules, spread_times(joules, grid / JOULES_PER_KWH)};
}

static struct place_cost cost_sum(struct place_cost a, struct place_cost b)
{
    return (struct place_cost){spread_sum(a.joules, b.joules), spread_sum(a.grams, b.grams)};
}

static struct spread filled(struct spread spread)
{
    if (isnan(spread.low) || isnan(spread.high))
        spread.low = spread.high = spread.value;
    return spread;
}

static struct place_cost cost_filled(struct place_cost cost)
{
    return (struct place_cost){filled(cost.joules), filled(cost.grams)};
}

static struct place_cost cost_times(struct place_cost cost, double factor)
{
    return (struct place_cost){spread_times(cost.joules, factor), spread_times(cost.grams, factor)};
}

static double bytes_between(double edge, double cloud, double byte)
{
    return edge < cloud ? 0 : (edge - cloud) / byte; // 0 / 0: nothing tells them apart
}

// The least is where the edge is cheap and the cloud dear.
static struct spread break_even(struct spread edge, struct spread computing, struct spread byte)
{
    return (struct spread){bytes_between(edge.value, computing.value, byte.value),
                           bytes_between(edge.low, computing.high, byte.high),
                           bytes_between(edge.high, computing.low, byte.low)};
}

static enum place cheaper(struct spread cloud, struct spread edge)
{
    if (isnan(cloud.low) || isnan(cloud.high) || isnan(edge.low) || isnan(edge.high))
        return PLACE_UNKNOWN;
    if (cloud.high < edge.low)
        return PLACE_CLOUD;
    return edge.high < cloud.low ? PLACE_EDGE : PLACE_TOO_CLOSE;
}

enum place_from place_from(double break_even)
{
    if (isnan(break_even))
        return PLACE_FROM_UNKNOWN;
    if (break_even < 1)
        return PLACE_FROM_ANY;
    return isinf(break_even) ? PLACE_FROM_NEVER : PLACE_FROM_BYTES;
}

static bool is_exact(struct spread part)
{
    return part.value > 0 && (isnan(part.low) || isnan(part.high));
}

void place_answer(const struct placement *at, enum place_basis basis, struct place_answer *answer)
{
    struct place_cost byte = place_cost_of(at->network->figure[basis].joules, at->network_grid);
    struct place_cost radio = place_cost_of(at->network->radio.joules, at->edge_grid);
    struct place_cost both = cost_sum(cost_filled(byte), cost_filled(radio));

    answer->computing = place_cost_of(spread_times(at->cloud, at->pue), at->cloud_grid);
    answer->edge = place_cost_of(spread_times(at->edge, 1 / at->charger_efficiency), at->edge_grid);
    answer->carrying = cost_times(byte, at->bytes);
    answer->radio = cost_times(radio, at->bytes);
    answer->cloud = cost_sum(answer->computing, cost_times(both, at->bytes));
    answer->has_exact_part = is_exact(answer->carrying.joules) || is_exact(answer->radio.joules);
    if (at->obstacle) {
        answer->break_even_joules = answer->break_even_grams = (struct spread){NAN, NAN, NAN};
        answer->by_joules = answer->by_grams = PLACE_UNKNOWN;
        return;
    }
    answer->break_even_joules =
        break_even(answer->edge.joules, answer->computing.joules, both.joules);
    answer->break_even_grams = break_even(answer->edge.grams, answer->computing.grams, both.grams);
    answer->by_joules = cheaper(answer->cloud.joules, answer->edge.joules);
    answer->by_grams = cheaper(answer->cloud.grams, answer->edge.grams);
}
