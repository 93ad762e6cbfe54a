// How sure a verdict on energy is.
#include "cli/certainty.h"

#include <math.h>
#include <string.h>

#include "cli/table.h"

enum certainty certainty_of(const struct uncertain_figure *figure, enum relation relation,
                            double bound)
{
    bool low, high;

    if (isnan(figure->value) || isnan(figure->low) || isnan(figure->high))
        return CERTAINTY_UNKNOWN;
    if (relation == EQUAL || relation == NOT_EQUAL) // somewhere inside it turns
        return bound < figure->low || bound > figure->high || figure->low == figure->high
                   ? CERTAIN
                   : UNCERTAIN;
    low = relation_holds(figure->low, relation, bound);
    high = relation_holds(figure->high, relation, bound);
    return low == high && low == relation_holds(figure->value, relation, bound) ? CERTAIN
                                                                                : UNCERTAIN;
}

// The interval of a figure stands beside it.
static const char *interval_of(const char *last)
{
    static const struct {
        const char *figure, *interval;
    } rows[] = {{"joules", "interval"},
                {"energy", "energy_interval"},
                {"grams", "grams_interval"},
                {"seconds", "seconds_interval"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].figure, last) == 0)
            return rows[i].interval;
    return NULL;
}

// Whose profile a key is about: the device that it names, the one that compressed, or the first.
static const char *profile_of(const struct json *report, const char *key)
{
    const char *rest = strchr(key, '.') + 1;
    const struct json *devices = NULL;

    if (strncmp(key, "energy_by_device.", 17) == 0 || strncmp(key, "ratio_by_device.", 16) == 0)
        devices = json_at(report, key[0] == 'e' ? "energy_by_device" : "ratio_by_device");
    for (size_t i = 0; i < json_count(devices); i++) {
        const char *name = json_key(json_child(devices, i));
        if (name && strncmp(rest, name, strlen(name)) == 0 && rest[strlen(name)] == '.')
            return name;
    }
    if (strncmp(key, "cost.", 5) == 0)
        return json_text(json_at(report, "cost.device"));
    return json_text(
        json_at(report, strncmp(key, "carbon.", 7) == 0 ? "carbon.device" : "energy.device"));
}

// Of a ratio across two devices.
static const char *other_profile_of(const struct json *report, const char *key, const char *profile)
{
    const char *device = json_text(json_at(report, "baseline.device"));

    return strncmp(key, "ratio", 5) == 0 && device && profile && strcmp(device, profile) != 0
               ? device
               : NULL;
}

bool certainty_find(const struct requirement *requirement, const struct json *report,
                    struct uncertain_figure *out)
{
    const char *dot = strrchr(requirement->key, '.');
    const char *interval = dot ? interval_of(dot + 1) : NULL;
    const struct json *parent, *value = report_at(report, requirement->key, &parent);

    if (!interval || !value || !json_is_array(json_member(parent, interval)))
        return false;
    *out = (struct uncertain_figure){
        json_number(value),
        json_number(json_child(json_member(parent, interval), 0)),
        json_number(json_child(json_member(parent, interval), 1)),
        requirement->quantity,
        json_is_text(json_member(parent, "counter")) ? NULL : profile_of(report, requirement->key),
        NULL};
    out->other = other_profile_of(report, requirement->key, out->profile);
    return !isnan(out->value) && !isnan(out->low) && !isnan(out->high);
}

static void add_figure(struct text *out, double number, enum quantity quantity)
{
    if (quantity == QUANTITY_JOULES || quantity == QUANTITY_SECONDS)
        text_add_number(out, number, quantity == QUANTITY_JOULES ? "J" : "s");
    else
        text_format(out, "%.4g", number);
}

void certainty_text(const char *what, bool holds, const struct uncertain_figure *figure,
                    struct text *out)
{
    text_format(out, "%s %s by the %s (", what, holds ? "holds" : "is missed",
                figure->profile ? "estimate" : "reading");
    add_figure(out, figure->value, figure->quantity);
    if (figure->profile) {
        text_add(out, figure->other ? "), but the errors of the profiles '"
                                    : "), but the error of the profile '");
        if (figure->other) {
            text_add_escaped(out, figure->other, strlen(figure->other));
            text_add(out, "' and '");
        }
        text_add_escaped(out, figure->profile, strlen(figure->profile));
        text_format(out, "' (%.3g %%) %s from ", 100 * (figure->high / figure->value - 1),
                    figure->other ? "reach" : "reaches");
    } else {
        text_add(out, "), but its interval (95 %) reaches from ");
    }
    add_figure(out, figure->low, figure->quantity);
    text_add(out, " to ");
    add_figure(out, figure->high, figure->quantity);
}

const char *certainty_warn(struct context *context, struct arena *arena, const char *what,
                           const struct uncertain_figure *figure, enum relation relation,
                           double bound)
{
    const char *words;
    struct text text;

    if (certainty_of(figure, relation, bound) != UNCERTAIN)
        return NULL;
    text_init(&text);
    certainty_text(what, relation_holds(figure->value, relation, bound), figure, &text);
    words = arena_copy_text(arena, text.at);
    text_clear(&text);
    context_warn(context, "%s", words);
    return words;
}
