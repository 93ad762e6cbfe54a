// Profiles out of calibrations; see calibration_profile.h.
#include "validate/calibration_profile.h"

#include <math.h>
#include <string.h>

#include "energy/device.h"
#include "validate/calibration_base.h"

struct making {
    const struct json *base;
    const struct calibration *calibration;
    int count;
    const struct calibration_words *words;
    struct json *profile;
};

static bool is_sum(const struct making *making)
{
    return calibration_is_sum(making->calibration);
}

static bool is_in_sample(const struct making *making)
{
    return making->calibration->request.in_sample;
}

// The word given, else the base's, else `otherwise`.
static void add_word(struct making *making, const char *key, const char *given,
                     const char *otherwise)
{
    const struct json *old = making->base ? json_member(making->base, key) : NULL;

    if (!given && old)
        json_add(making->profile, key, json_copy(old));
    else
        json_add_text(making->profile, key, given ? given : otherwise);
}

static void add_words(struct making *making)
{
    const struct calibration_words *words = making->words;

    json_add_text(making->profile, "schema", "ecai/device/1");
    json_add_text(making->profile, "name", words->name);
    json_add_text(making->profile, "summary",
                  words->summary ? words->summary : "calibrated by its user's measurements");
    json_add_text(making->profile, "kind", making->calibration->request.kind);
    add_word(making, "scope", words->scope, "not told");
    add_word(making, "boundary", words->boundary, NULL);
    add_word(making, "runtime", words->runtime, NULL);
    if (!making->base || is_sum(making))
        json_add_text(making->profile, "zero_weights", "cost");
    if (is_sum(making))
        json_add_text(making->profile, "combine", "sum");
}

// ---- errors ------------------------------------------------------------------------------------

static double worse(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

struct calibration_errors calibration_worst(const struct calibration_errors *a,
                                            const struct calibration_errors *b)
{
    return (struct calibration_errors){worse(a->mean, b->mean), worse(a->largest, b->largest),
                                       worse(a->factor, b->factor), worse(a->ratio, b->ratio)};
}

// Rounded up; never below what a profile may claim, however well a table fits. NaN stays.
static double error_told(double error)
{
    return error < ERROR_PERCENT_LEAST ? ERROR_PERCENT_LEAST : ceil(10 * error) / 10;
}

struct calibration_errors calibration_rounded_errors(const struct calibration_errors *errors)
{
    return (struct calibration_errors){round(10 * errors->mean) / 10,
                                       ceil(10 * errors->largest) / 10, error_told(errors->factor),
                                       error_told(errors->ratio)};
}

// The file's name alone: where it lay is nobody else's business.
static void add_file(struct text *text, const struct calibration *calibration)
{
    const char *name = csv_table_file(calibration->table);

    text_add_escaped(text, name, strlen(name));
}

static void add_validation(struct making *making, const struct calibration *calibration,
                           struct json *list)
{
    const char *precision = calibration->request.precision;
    struct text text;

    text_init(&text);
    add_file(&text, calibration);
    text_format(&text, ": %d networks%s%s, each by the others: mean %.1f %%, largest %.1f %%",
                calibration->points, precision ? " in " : "", precision ? precision : "",
                calibration->of_others.mean, calibration->of_others.largest);
    if (!is_in_sample(making))
        json_add_text(list, NULL, text.at);
    text_clear(&text);
}

static void add_errors(struct making *making)
{
    struct json *profile = making->profile, *list;
    struct calibration_errors errors = {0, 0, 0, 0};

    for (int i = 0; i < making->count; i++) {
        struct calibration_errors one =
            calibration_claim(&making->calibration[i], is_in_sample(making));
        errors = calibration_worst(&errors, &one);
    }
    errors = calibration_rounded_errors(&errors);
    json_add_number(profile, "error_percent", errors.factor);
    json_add_number(profile, "ratio_error_percent", errors.ratio);
    json_add_number(profile, "mean_error_percent", errors.mean);
    json_add_text(profile, "error_basis", is_in_sample(making) ? "fit" : "held-out");
    list = json_add_array(profile, "validated_by");
    for (int i = 0; i < making->count; i++)
        add_validation(making, &making->calibration[i], list);
    list = json_add_array(profile, "unverified");
    if (is_in_sample(making))
        json_add_text(
            list, NULL,
            "error_percent, ratio_error_percent, mean_error_percent: of the networks that "
            "gave the coefficients; what other networks take is not known so well");
}

// ---- coefficients ------------------------------------------------------------------------------

// The value of the calibration's key that ends with `member`; NaN: it was not fitted.
static double value_of(const struct calibration *calibration, const char *member)
{
    for (int t = 0; t < calibration->terms; t++)
        if (strcmp(strrchr(calibration->key[t], '.') + 1, member) == 0)
            return calibration_value(calibration, t);
    return NAN;
}

static void add_fit(struct making *making)
{
    struct json *fit = json_add_object(making->profile, "fit");

    for (int p = 0; p < PRECISION_COUNT; p++) {
        const struct calibration *of = NULL;
        for (int i = 0; i < making->count; i++)
            if (strcmp(making->calibration[i].request.precision, precision_name[p]) == 0)
                of = &making->calibration[i];
        if (!of) {
            json_add_null(fit, precision_name[p]);
            continue;
        }
        struct json *at = json_add_object(fit, precision_name[p]);
        static const char *const member[] = {"fixed_mj", "mac_pj", "depthwise_mac_pj",
                                             "weight_byte_pj", "byte_pj"};
        for (int i = 0; i < 5; i++) {
            double value = value_of(of, member[i]);
            bool is_depthwise = strcmp(member[i], "depthwise_mac_pj") == 0;
            json_add_number(at, member[i], isnan(value) && !is_depthwise ? 0 : value);
        }
    }
}

// Into what the base has: "power.static_watts".
static void set_keys(struct making *making)
{
    const struct calibration *calibration = making->calibration;

    calibration_set_neutral(calibration, making->profile);
    for (int t = 0; t < calibration->terms; t++) {
        const char *dot = strrchr(calibration->key[t], '.');
        char *path = arena_copy_bytes(calibration->arena, calibration->key[t],
                                      (size_t)(dot - calibration->key[t]));
        struct json *parent = json_find(making->profile, path);
        if (!parent || !json_is_object(parent))
            parent = json_replace(making->profile, path, json_object());
        json_set_number(parent, dot + 1, calibration_value(calibration, t));
    }
}

// ---- where it comes from -----------------------------------------------------------------------

// {"device": "rpi4", "family": ["a", "b"]}: values of one column together.
static void add_where(const struct calibration *calibration, struct json *entry)
{
    struct json *where = json_add_object(entry, "where");
    const struct strings *given = &calibration->request.where;

    for (int64_t i = 0; i < given->count; i++) {
        const char *equals = strchr(given->at[i], '=');
        char *column =
            arena_copy_bytes(calibration->arena, given->at[i], (size_t)(equals - given->at[i]));
        const struct json *old = json_member(where, column);
        struct json *list;
        if (strcmp(column, "precision") == 0)
            continue;
        if (!old) {
            json_add_text(where, column, equals + 1);
            continue;
        }
        list = json_array();
        if (json_is_text(old))
            json_add_text(list, NULL, json_text(old));
        for (size_t k = 0; k < json_count(old); k++)
            json_add_text(list, NULL, json_text(json_child(old, k)));
        json_add_text(list, NULL, equals + 1);
        json_replace(where, column, list);
    }
    if (calibration->request.precision)
        json_add_text(where, "precision", calibration->request.precision);
}

static void add_texts(struct json *entry, const char *key, const struct strings *texts)
{
    struct json *list = json_add_array(entry, key);

    for (int64_t i = 0; i < texts->count; i++)
        json_add_text(list, NULL, texts->at[i]);
}

static void add_calibrations(struct making *making)
{
    struct json *list = json_add_array(making->profile, "calibration");

    for (int i = 0; i < making->count; i++) {
        const struct calibration *calibration = &making->calibration[i];
        struct json *entry = json_add_object(list, NULL);
        json_add_text(entry, "csv", csv_table_file(calibration->table));
        json_add_text(entry, "sha256", calibration->table->sha256);
        add_where(calibration, entry);
        add_texts(entry, "target", &calibration->request.target);
        add_texts(entry, "terms", &calibration->request.terms);
        json_add_int(entry, "networks", calibration->points);
    }
}

static void add_sources(struct making *making)
{
    const struct calibration *first = making->calibration;
    struct json *list = json_add_array(making->profile, "sources");
    struct text text;
    int rows = 0;

    for (int i = 0; i < making->count; i++)
        rows += making->calibration[i].rows;
    text_init(&text);
    add_file(&text, first);
    text_format(&text, ": %d measurements; coefficients by relative least squares, none negative",
                rows);
    json_add_text(list, NULL, text.at);
    text_clear(&text);
    if (*first->table->comment)
        json_add_text(list, NULL, first->table->comment);
}

// What the base says of other things.
static void add_rest(struct making *making)
{
    size_t count = making->base ? json_count(making->base) : 0;

    for (size_t i = 0; i < count; i++) {
        const struct json *child = json_child(making->base, i);
        const char *key = json_key(child);
        if (!json_member(making->profile, key) && !calibration_leaves_out(making->calibration, key))
            json_add(making->profile, key, json_copy(child));
    }
    if (!making->base) {
        json_add_null(making->profile, "flash_bytes");
        json_add_null(making->profile, "ram_bytes");
    }
}

struct json *calibration_profile(const struct json *base, const struct calibration *calibration,
                                 int count, const struct calibration_words *words)
{
    struct making making = {base, calibration, count, words, json_object()};

    add_words(&making);
    add_errors(&making);
    if (is_sum(&making))
        add_fit(&making);
    add_sources(&making);
    add_calibrations(&making);
    add_rest(&making);
    if (!is_sum(&making))
        set_keys(&making);
    if (base)
        calibration_tell_taken(base, calibration, count, words, making.profile);
    return making.profile;
}
