// Finds and reads device profiles; see device.h.
#include "energy/device.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/shipped.h"
#include "base/suggest.h"
#include "energy/format.h"
#include "energy/kinds.h"
#include "energy/overrides.h"

enum { PROFILE_BYTES_MAX = 1 << 20 };

const char *const precision_name[PRECISION_COUNT] = {"float32", "float16", "int8"};

// ---- finding -----------------------------------------------------------------------------------

static const char *devices_folder(struct arena *arena)
{
    return shipped_folder(arena, "ECAI_DEVICES", "devices", "share/devices");
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void device_names(struct arena *arena, struct strings *names)
{
    DIR *folder = opendir(devices_folder(arena));
    const char **list = NULL;
    size_t count = 0, capacity = 0;
    const struct dirent *entry;

    *names = (struct strings){0, NULL};
    if (!folder)
        return;
    while ((entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length <= 5 || entry->d_name[0] == '.' ||
            strcmp(entry->d_name + length - 5, ".json") != 0)
            continue;
        if (count == capacity) {
            capacity = capacity ? 2 * capacity : 16;
            list = must_realloc(list, capacity * sizeof *list);
        }
        list[count++] = arena_format(arena, "%.*s", (int)(length - 5), entry->d_name);
    }
    closedir(folder);
    if (count) {
        qsort(list, count, sizeof *list, by_text);
        *names = (struct strings){(int64_t)count, arena_copy(arena, list, count * sizeof *list)};
    }
    free(list);
}

static enum status fail_unknown(struct context *context, struct arena *arena, const char *name)
{
    struct suggestion suggestion;
    struct strings names;
    struct text text;

    device_names(arena, &names);
    if (names.count == 0)
        return context_fail(context, ERR_IO, "no device profiles in '%s'; set ECAI_DEVICES",
                            devices_folder(arena));
    suggestion_init(&suggestion, name);
    for (int64_t i = 0; i < names.count; i++)
        suggestion_offer(&suggestion, names.at[i]);
    text_init(&text);
    suggestion_add(&suggestion, "", &text);
    context_fail(context, ERR_USAGE, "no device '%s'%s; 'ecai devices list' shows those there are",
                 name, text.at);
    text_clear(&text);
    return ERR_USAGE;
}

static enum status read_text(struct context *context, const char *path, struct text *text)
{
    FILE *file = fopen(path, "rb");
    char block[4096];
    size_t got;

    if (!file)
        return context_fail(context, ERR_IO, "cannot open '%s': %s", path, strerror(errno));
    while ((got = fread(block, 1, sizeof block, file)) > 0 && text->length <= PROFILE_BYTES_MAX)
        text_add_bytes(text, block, got);
    bool failed = ferror(file) != 0;
    fclose(file);
    if (failed)
        return context_fail(context, ERR_IO, "cannot read '%s'", path);
    if (text->length > PROFILE_BYTES_MAX)
        return context_fail(context, ERR_FORMAT, "'%s' is too large for a profile", path);
    return OK;
}

// ---- reading -----------------------------------------------------------------------------------

#define NUMBER(path, member, unit, min, max)                                                       \
    PROFILE_NUMBER(struct device, path, member, unit, min, max, PROFILE_OPTIONAL)
#define NUMBER_OR_0(path, member, unit, min, max)                                                  \
    PROFILE_NUMBER(struct device, path, member, unit, min, max, PROFILE_OR_ZERO)

static const struct profile_number common_numbers[] = {
    NUMBER_OR_0("error_percent", error_percent, 1, ERROR_PERCENT_LEAST, 1e6),
    NUMBER_OR_0("ratio_error_percent", ratio_error_percent, 1, ERROR_PERCENT_LEAST, 1e6),
    NUMBER("mean_error_percent", mean_error_percent, 1, 0, 1e6),
    NUMBER_OR_0("flash_bytes", flash_bytes, 1, 64, 1e15),
    NUMBER_OR_0("ram_bytes", ram_bytes, 1, 64, 1e15),
    NUMBER("node_nm", node_nm, 1, 1, 1000),
    NUMBER_OR_0("run_watts", run_watts, 1, 1e-6, 1e6),
    NUMBER_OR_0("idle_watts", idle_watts, 1, 1e-9, 1e6),
    NUMBER("pue", pue, 1, 1, 10),
};

const struct device_kind *const device_kinds[DEVICE_KIND_COUNT] = {
#define KIND(id) &kind_##id,
#include "energy/kinds.def"
#undef KIND
};

// A palette is not among them: how many different numbers a weight has is not counted.
static const char *const stored_formats[] = {"dense", "bitmask", "csr", "rlc", "2:4", NULL};

static enum status read_kind(struct profile *profile, struct device *device)
{
    const char *names[DEVICE_KIND_COUNT + 1] = {NULL};
    int kind;

    for (int i = 0; i < DEVICE_KIND_COUNT; i++)
        names[i] = device_kinds[i]->name;
    TRY(profile_choice(profile, "kind", names, true, &kind));
    device->kind = (enum device_kind_id)kind;
    return OK;
}

static enum status read_zero_weights(struct profile *profile, struct device *device)
{
    static const char *const names[] = {"cost", "skip", "affine", "2:4", NULL};
    static const struct profile_number floor =
        NUMBER("zero_weights_floor", zero_weights_floor, 1, 0, 1);
    int which;

    TRY(profile_choice(profile, "zero_weights", names, true, &which));
    TRY(profile_number(profile, &floor, device));
    device->zero_weights = (enum zero_weights)which;
    if (which >= ZEROS_AFFINE && isnan(device->zero_weights_floor))
        return context_fail(profile->context, ERR_FORMAT,
                            "'zero_weights' is '%s', which wants a 'zero_weights_floor'",
                            names[which]);
    if (which >= ZEROS_AFFINE && !device_kinds[device->kind]->has_zero_laws)
        return context_fail(profile->context, ERR_FORMAT,
                            "'zero_weights' of the kind '%s' is 'cost' or 'skip', not '%s'",
                            device_kinds[device->kind]->name, names[which]);
    return OK;
}

// A weight takes the smallest of the formats listed; dense is always one of them. Without a list
// it is what skipping zeros asks for.
static enum status read_formats(struct profile *profile, struct device *device)
{
    static const struct profile_number index = NUMBER("index_bits", index_bits, 1, 1, 32);
    const struct json *list = profile_item(profile, "weight_formats");
    const unsigned usual[] = {[ZEROS_COST] = 0,
                              [ZEROS_SKIP] = 1u << FORMAT_BITMASK,
                              [ZEROS_AFFINE] = 0,
                              [ZEROS_2_4] = 1u << FORMAT_2_4};

    TRY(profile_number(profile, &index, device));
    device->weight_formats = list ? 0 : usual[device->zero_weights];
    if (list && !json_is_array(list))
        return context_fail(profile->context, ERR_FORMAT, "'weight_formats' wants a list");
    for (size_t i = 0; list && i < json_count(list); i++) {
        const char *path = arena_format(device->arena, "weight_formats.%zu", i);
        int format;
        TRY(profile_choice(profile, path, stored_formats, true, &format));
        device->weight_formats |= 1u << format;
    }
    if (device->zero_weights == ZEROS_AFFINE && device->weight_formats & ~(1u << FORMAT_DENSE))
        return context_fail(profile->context, ERR_FORMAT,
                            "'zero_weights' is 'affine', which counts what weights save already: "
                            "'weight_formats' is 'dense' alone");
    if (device->weight_formats >> FORMAT_RLC & 1 && isnan(device->index_bits))
        return context_fail(profile->context, ERR_FORMAT,
                            "'weight_formats' has 'rlc', which wants 'index_bits'");
    return OK;
}

// One number for every precision, or an object with one for each.
static enum status read_peak(struct profile *profile, struct device *device)
{
    const struct json *item = profile_item(profile, "peak_macs_per_second");
    const struct profile_number whole =
        NUMBER("peak_macs_per_second", peak_macs_per_second, 1, 1e3, 1e21);

    for (int i = 0; i < PRECISION_COUNT; i++) {
        struct profile_number one = whole;
        double *out = &device->peak_macs_per_second[i];

        if (item && json_is_object(item))
            one.path = arena_format(device->arena, "%s.%s", whole.path, precision_name[i]);
        one.offset = (size_t)((char *)out - (char *)device);
        TRY(profile_number(profile, &one, device));
    }
    return OK;
}

// What is told and kept as it is, without a meaning to the estimate.
static void read_notes(struct profile *profile)
{
    static const char *const notes[] = {"sources", "calibration", "notes"};

    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++)
        (void)profile_item(profile, notes[i]);
}

static enum status read_words(struct profile *profile, struct device *device)
{
    static const char *const schemas[] = {"ecai/device/1", NULL};
    static const char *const boundaries[] = {"datapath", "chip", "board", "wall", NULL};
    static const char *const bases[] = {"held-out", "fit", "judged", NULL};
    int schema, boundary, basis;

    TRY(profile_choice(profile, "schema", schemas, false, &schema));
    TRY(profile_word(profile, "name", &device->name));
    TRY(profile_word(profile, "summary", &device->summary));
    TRY(profile_word(profile, "scope", &device->scope));
    TRY(profile_texts(profile, "runtime", &device->runtime));
    TRY(profile_texts(profile, "validated_by", &device->validated_by));
    TRY(profile_texts(profile, "unverified", &device->unverified));
    TRY(profile_choice(profile, "boundary", boundaries, false, &boundary));
    TRY(profile_choice(profile, "error_basis", bases, false, &basis));
    device->boundary = boundary < 0 ? NULL : boundaries[boundary];
    device->error_basis = basis < 0 ? NULL : bases[basis];
    read_notes(profile);
    return OK;
}

static enum status read_keys(struct profile *profile, struct device *device)
{
    TRY(read_words(profile, device));
    TRY(read_kind(profile, device));
    TRY(read_zero_weights(profile, device));
    TRY(profile_numbers(profile, "", common_numbers, PROFILE_ROWS(common_numbers), device));
    TRY(read_formats(profile, device));
    TRY(read_peak(profile, device));
    device->dram_least = device->dram_most = 1;
    device->on_chip_bytes = INFINITY;
    return device_kinds[device->kind]->read(profile, device);
}

static enum status read_profile(struct profile *profile, struct device *device)
{
    return profile_finish(profile, read_keys(profile, device));
}

// ---- all together ------------------------------------------------------------------------------

// text: of the file. ERR_FORMAT for the file, ERR_USAGE for the overrides.
static enum status read_device(struct context *context, const struct text *text,
                               const char *overrides, struct device *device)
{
    struct profile profile = {.context = context, .arena = device->arena};
    struct sha256 hash;
    enum status status;

    sha256_init(&hash);
    sha256_add(&hash, text->at, text->length);
    if (overrides)
        sha256_add(&hash, overrides, strlen(overrides));
    sha256_hex(&hash, device->sha256);
    TRY(json_parse(context, text->at, text->length, &device->json));
    if (!json_is_object(device->json))
        return context_fail(context, ERR_FORMAT, "a profile is an object");
    profile.json = device->json;
    status = profile_word(&profile, "name", &device->name);
    if (status == OK)
        status = overrides_apply(context, device, overrides);
    if (status == OK)
        status = read_profile(&profile, device);
    if (status == OK)
        status = overrides_check(&profile, overrides);
    profile_clear(&profile);
    if (status == OK && overrides)
        overrides_mark(device, overrides);
    return overrides && status == ERR_FORMAT ? ERR_USAGE : status;
}

enum status device_read(struct context *context, const char *name, struct device *device)
{
    const char *overrides = overrides_of(name), *path;
    struct text text;
    enum status status;

    *device = (struct device){.arena = arena_new(), .batch = 1};
    if (overrides)
        name = arena_copy_bytes(device->arena, name, (size_t)(overrides - 1 - name));
    path = name;
    if (!strchr(name, '/')) {
        path = arena_format(device->arena, "%s/%s.json", devices_folder(device->arena), name);
        if (*name == '\0' || *name == '.' || access(path, R_OK) != 0)
            return fail_unknown(context, device->arena, name);
    }
    text_init(&text);
    status = read_text(context, path, &text);
    if (status == OK) {
        status = read_device(context, &text, overrides, device);
        if (status != OK)
            context_fail_in(context, status, "device profile '%s'", overrides ? name : path);
    }
    text_clear(&text);
    return status;
}

void device_clear(struct device *device)
{
    if (device->json)
        json_free(device->json);
    if (device->arena)
        arena_free(device->arena);
    *device = (struct device){.arena = NULL};
}
