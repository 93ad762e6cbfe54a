// What a calibrated profile has from another one, and what it must not have; see
// calibration_base.h.
#include "validate/calibration_base.h"

#include <ctype.h>
#include <string.h>

bool calibration_is_sum(const struct calibration *calibration)
{
    return strcmp(calibration->request.kind, "calibrated") == 0;
}

// Keys of a base that would make something else than what was fitted of the coefficients of a sum
// over dense networks.
bool calibration_leaves_out(const struct calibration *calibration, const char *key)
{
    static const char *const keys[] = {"zero_weights_floor", "memory", "weight_formats",
                                       "index_bits"};

    for (size_t i = 0; i < sizeof keys / sizeof keys[0] && calibration_is_sum(calibration); i++)
        if (strcmp(keys[i], key) == 0)
            return true;
    return false;
}

// Numbers of a base whose joules the terms of its kind tell: what is not fitted counts as nothing,
// or the whole would be more than what was fitted.
static const struct {
    const char *kind, *object, *member;
    double neutral;
} in_the_sum[] = {
    {"array", "power", "static_watts", 0},      {"array", "power", "nonzero_mac_pj", 0},
    {"array", "power", "dram_byte_pj", 0},      {"array", "power", "register_word_pj", 0},
    {"array", "power", "neighbour_word_pj", 0}, {"array", "power", "buffer_word_pj", 0},
    {"spiking", "spiking", "fixed_mj", 0},      {"spiking", "spiking", "synop_pj", 0},
    {"spiking", "spiking", "neuron_pj", 0},     {"spiking", "spiking", "spikes_per_connection", 1},
    {"spiking", "spiking", "timesteps", 1},
};

void calibration_set_neutral(const struct calibration *calibration, struct json *profile)
{
    for (size_t i = 0; i < sizeof in_the_sum / sizeof in_the_sum[0]; i++) {
        struct json *object = json_find(profile, in_the_sum[i].object);
        if (strcmp(calibration->request.kind, in_the_sum[i].kind) == 0 && object &&
            json_is_number(json_member(object, in_the_sum[i].member)))
            json_set_number(object, in_the_sum[i].member, in_the_sum[i].neutral);
    }
}

// ---- what is taken -----------------------------------------------------------------------------

struct taking {
    const struct json *base;
    const struct calibration *calibration;
    int count;
    const struct calibration_words *words;
    const struct json *profile;
    struct json *unverified; // the profile's list
    struct arena *arena;
};

// Whether a text speaks of a key: "array.bus_words: as remembered" of array.bus_words, and not of
// array.
static bool speaks_of(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (const char *at = strstr(text, key); at; at = strstr(at + 1, key)) {
        const char *end = at + length;
        bool begins = at == text || !(isalnum((unsigned char)at[-1]) || strchr("_.", at[-1]));
        if (*end == '.' && isalpha((unsigned char)end[1]))
            continue;
        if (begins && !isalnum((unsigned char)*end) && *end != '_')
            return true;
    }
    return false;
}

static bool is_fitted(const struct taking *taking, const char *path)
{
    for (int i = 0; i < taking->count; i++)
        for (int t = 0; t < taking->calibration[i].terms; t++)
            if (strcmp(taking->calibration[i].key[t], path) == 0)
                return true;
    return false;
}

static bool is_neutral(const struct taking *taking, const char *path)
{
    for (size_t i = 0; i < sizeof in_the_sum / sizeof in_the_sum[0]; i++) {
        size_t length = strlen(in_the_sum[i].object);
        if (strcmp(taking->calibration->request.kind, in_the_sum[i].kind) == 0 &&
            strncmp(path, in_the_sum[i].object, length) == 0 && path[length] == '.' &&
            strcmp(path + length + 1, in_the_sum[i].member) == 0)
            return true;
    }
    return false;
}

// Of these the profile has its own, whatever the base says.
static bool is_own(const char *path)
{
    static const char *const own[] = {
        "calibration",  "error_basis",         "error_percent", "fit",
        "kind",         "mean_error_percent",  "name",          "notes",
        "schema",       "ratio_error_percent", "sources",       "summary",
        "validated_by", "unverified"};

    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        size_t length = strlen(own[i]);
        if (strncmp(path, own[i], length) == 0 && (path[length] == '\0' || path[length] == '.'))
            return true;
    }
    return false;
}

// Of an object: all that is in it.
static bool is_copied(const struct taking *taking, const struct json *old, const char *path)
{
    const struct json *now = json_at(taking->profile, path);

    if (!now || is_own(path) || is_fitted(taking, path) || is_neutral(taking, path))
        return false;
    for (size_t i = 0; json_is_object(old) && i < json_count(old); i++) {
        const struct json *child = json_child(old, i);
        if (!is_copied(taking, child, arena_format(taking->arena, "%s.%s", path, json_key(child))))
            return false;
    }
    return !json_is_number(old) || (json_is_number(now) && json_number(old) == json_number(now));
}

struct mentions {
    const char *text;
    int copied, other;
};

static void find_mentions(const struct taking *taking, const struct json *object,
                          const char *prefix, struct mentions *mentions)
{
    for (size_t i = 0; i < json_count(object); i++) {
        const struct json *child = json_child(object, i);
        const char *path = arena_format(taking->arena, "%s%s", prefix, json_key(child));
        if (speaks_of(mentions->text, path)) {
            mentions->copied += is_copied(taking, child, path);
            mentions->other += !is_copied(taking, child, path);
        }
        if (json_is_object(child))
            find_mentions(taking, child, arena_format(taking->arena, "%s.", path), mentions);
    }
}

// What the base could not verify of what was taken from it. An entry about no key speaks of how the
// base's kind reckons, which the calibrated kind does anew.
static void keep_unverified(struct taking *taking, const char *base, const char *text)
{
    struct mentions mentions = {.text = text};

    if (!text)
        return;
    find_mentions(taking, taking->base, "", &mentions);
    if (mentions.copied || (!mentions.other && !calibration_is_sum(taking->calibration)))
        json_add_text(taking->unverified, NULL, arena_format(taking->arena, "%s: %s", base, text));
}

// The words where the caller gives none, and everything else that is known.
static bool is_taken(const struct taking *taking, const struct json *old, const char *path)
{
    const struct calibration_words *words = taking->words;

    if (json_is_null(old) || !is_copied(taking, old, path))
        return false;
    if (strcmp(path, "scope") == 0)
        return !words->scope;
    if (strcmp(path, "boundary") == 0)
        return !words->boundary;
    if (strcmp(path, "runtime") == 0)
        return !words->runtime;
    return !calibration_is_sum(taking->calibration) ||
           (strcmp(path, "zero_weights") != 0 && strcmp(path, "combine") != 0);
}

static void list_taken(const struct taking *taking, const struct json *object, const char *prefix,
                       struct text *text)
{
    for (size_t i = 0; i < json_count(object); i++) {
        const struct json *child = json_child(object, i);
        const char *path = arena_format(taking->arena, "%s%s", prefix, json_key(child));
        if (is_taken(taking, child, path))
            text_format(text, "%s%s", text->length ? ", " : "", path);
        else if (json_is_object(child))
            list_taken(taking, child, arena_format(taking->arena, "%s.", path), text);
    }
}

// "scope, node_nm, idle_watts: taken from mcu-cortex-m4, not measured with the networks".
static void add_taken(struct taking *taking, const char *base)
{
    struct text text;

    text_init(&text);
    list_taken(taking, taking->base, "", &text);
    if (text.length) {
        text_format(&text, ": taken from %s, not measured with the networks", base);
        json_add_text(taking->unverified, NULL, text.at);
    }
    text_clear(&text);
}

static const char *name_of(const struct json *base)
{
    const struct json *name = json_member(base, "name");

    return name && json_text(name) ? json_text(name) : "the base";
}

void calibration_tell_taken(const struct json *base, const struct calibration *calibration,
                            int count, const struct calibration_words *words, struct json *profile)
{
    const struct json *unverified = json_member(base, "unverified");
    struct taking taking = {.base = base,
                            .calibration = calibration,
                            .count = count,
                            .words = words,
                            .profile = profile,
                            .unverified = json_find(profile, "unverified"),
                            .arena = arena_new()};

    add_taken(&taking, name_of(base));
    keep_unverified(&taking, name_of(base), json_text(unverified));
    for (size_t i = 0; json_is_array(unverified) && i < json_count(unverified); i++)
        keep_unverified(&taking, name_of(base), json_text(json_child(unverified, i)));
    arena_free(taking.arena);
}

// ---- what is not -------------------------------------------------------------------------------

static bool says(const struct json *base, const char *key, const char *word)
{
    const struct json *item = json_member(base, key);

    return item && json_is_text(item) && strcmp(json_text(item), word) == 0;
}

void calibration_warn_base(struct context *context, const struct calibration *calibration,
                           const struct json *base)
{
    struct text text;

    if (!calibration_is_sum(calibration))
        return;
    text_init(&text);
    for (size_t i = 0; i < json_count(base); i++) {
        const char *key = json_key(json_child(base, i));
        if (json_is_null(json_child(base, i)))
            continue;
        if (calibration_leaves_out(calibration, key) ||
            (strcmp(key, "zero_weights") == 0 && !says(base, key, "cost")) ||
            (strcmp(key, "combine") == 0 && !says(base, key, "sum")))
            text_format(&text, "%s%s", text.length ? ", " : "", key);
    }
    if (text.length)
        context_warn(context,
                     "'%s': not taken from it: %s; the coefficients are those of a sum over dense "
                     "networks",
                     name_of(base), text.at);
    text_clear(&text);
}
