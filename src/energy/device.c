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
    struct strings names;
    struct text text;

    device_names(arena, &names);
    text_init(&text);
    for (int64_t i = 0; i < names.count; i++)
        text_format(&text, "%s%s", i ? ", " : "", names.at[i]);
    if (names.count)
        context_fail(context, ERR_USAGE, "no device '%s'; there are %s", name, text.at);
    else
        context_fail(context, ERR_IO, "no device profiles in '%s'; set ECAI_DEVICES",
                     devices_folder(arena));
    text_clear(&text);
    return names.count ? ERR_USAGE : ERR_IO;
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

struct profile_number {
    const char *path;
    size_t offset;
    double unit; // in joules or bytes or as it is
    bool is_needed;
};

#define NUMBER(path, member, unit, needed)                                                         \
    {                                                                                              \
        path, offsetof(struct device, member), unit, needed                                        \
    }

static const struct profile_number common_numbers[] = {
    NUMBER("error_percent", error_percent, 1, false),
    NUMBER("ratio_error_percent", ratio_error_percent, 1, false),
    NUMBER("flash_bytes", flash_bytes, 1, false),
    NUMBER("ram_bytes", ram_bytes, 1, false),
};
static const struct profile_number primitive_numbers[] = {
    NUMBER("mac_pj.float32", mac_f32, 1e-12, false),
    NUMBER("mac_pj.float16", mac_f16, 1e-12, false),
    NUMBER("mac_pj.bfloat16", mac_bf16, 1e-12, false),
    NUMBER("mac_pj.ternary", mac_ternary, 1e-12, false),
    NUMBER("mac_pj.integer.product", integer_product, 1e-12, false),
    NUMBER("mac_pj.integer.exponent", integer_exponent, 1, false),
    NUMBER("mac_pj.integer.accumulate", integer_accumulate, 1e-12, false),
    NUMBER("memory.sram_pj_per_32_bits", sram_32_bits, 1e-12, true),
    NUMBER("memory.dram_pj_per_32_bits", dram_32_bits, 1e-12, true),
    NUMBER("memory.on_chip_bytes", on_chip_bytes, 1, false),
};

#define ROWS(table) (sizeof table / sizeof table[0])

static enum status read_number(struct context *context, const struct json *json, const char *path,
                               double unit, bool is_needed, double *out)
{
    const struct json *item = json_at(json, path);

    *out = NAN;
    if (!is_needed && (!item || json_is_null(item)))
        return OK;
    if (!item || !json_is_number(item) || !(json_number(item) >= 0) || isinf(json_number(item)))
        return context_fail(context, ERR_FORMAT, "'%s' wants a number that is not negative", path);
    *out = json_number(item) * unit;
    return OK;
}

static enum status read_numbers(struct context *context, const struct json *json,
                                const struct profile_number *row, size_t rows,
                                struct device *device)
{
    for (size_t i = 0; i < rows; i++)
        TRY(read_number(context, json, row[i].path, row[i].unit, row[i].is_needed,
                        (double *)(void *)((char *)device + row[i].offset)));
    return OK;
}

static double or_zero(double number)
{
    return isnan(number) ? 0 : number;
}

static enum status read_fit(struct context *context, const struct json *json,
                            enum device_precision precision, struct device_fit *fit)
{
    char path[64];
    const struct json *at;

    *fit = (struct device_fit){NAN, NAN, NAN, NAN, NAN};
    snprintf(path, sizeof path, "fit.%s", precision_name[precision]);
    at = json_at(json, path);
    if (!at || json_is_null(at))
        return OK;
    TRY(read_number(context, at, "mac_pj", 1e-12, true, &fit->mac));
    TRY(read_number(context, at, "fixed_mj", 1e-3, false, &fit->fixed));
    TRY(read_number(context, at, "depthwise_mac_pj", 1e-12, false, &fit->depthwise_mac));
    TRY(read_number(context, at, "weight_byte_pj", 1e-12, false, &fit->weight_byte));
    TRY(read_number(context, at, "byte_pj", 1e-12, false, &fit->byte));
    fit->fixed = or_zero(fit->fixed);
    fit->weight_byte = or_zero(fit->weight_byte);
    fit->byte = or_zero(fit->byte);
    if (isnan(fit->depthwise_mac))
        fit->depthwise_mac = fit->mac;
    return OK;
}

static enum status read_word(struct context *context, const struct json *json, const char *key,
                             const char **out)
{
    const struct json *item = json_at(json, key);

    if (!item || !json_text(item))
        return context_fail(context, ERR_FORMAT, "'%s' wants a text", key);
    *out = json_text(item);
    return OK;
}

// A text, or a list of texts joined by ", "; NULL if there is none.
static const char *joined(struct arena *arena, const struct json *json, const char *key)
{
    const struct json *item = json_at(json, key);
    const char *all = item ? json_text(item) : NULL;
    size_t count = item && json_is_array(item) ? json_count(item) : 0;

    for (size_t i = 0; i < count; i++) {
        const char *one = json_text(json_child(item, i));
        if (one)
            all = all ? arena_format(arena, "%s, %s", all, one) : one;
    }
    return all ? arena_copy_text(arena, all) : NULL;
}

static enum status read_profile(struct context *context, struct device *device)
{
    const struct json *json = device->json;
    const char *kind, *zeros;

    TRY(read_word(context, json, "name", &device->name));
    TRY(read_word(context, json, "summary", &device->summary));
    TRY(read_word(context, json, "scope", &device->scope));
    TRY(read_word(context, json, "kind", &kind));
    TRY(read_word(context, json, "zero_weights", &zeros));
    device->runtime = joined(device->arena, json, "runtime");
    device->validated_by = joined(device->arena, json, "validated_by");
    device->unverified = joined(device->arena, json, "unverified");
    if (strcmp(zeros, "skip") != 0 && strcmp(zeros, "cost") != 0)
        return context_fail(context, ERR_FORMAT, "'zero_weights' is 'skip' or 'cost', not '%s'",
                            zeros);
    device->skips_zero_weights = strcmp(zeros, "skip") == 0;
    TRY(read_numbers(context, json, common_numbers, ROWS(common_numbers), device));
    if (strcmp(kind, "primitive") == 0) {
        device->kind = DEVICE_PRIMITIVE;
        TRY(read_numbers(context, json, primitive_numbers, ROWS(primitive_numbers), device));
        if (isnan(device->on_chip_bytes))
            device->on_chip_bytes = INFINITY;
        return OK;
    }
    if (strcmp(kind, "calibrated") != 0)
        return context_fail(context, ERR_FORMAT, "'kind' is 'primitive' or 'calibrated', not '%s'",
                            kind);
    device->kind = DEVICE_CALIBRATED;
    for (int i = 0; i < PRECISION_COUNT; i++)
        TRY(read_fit(context, json, (enum device_precision)i, &device->fit[i]));
    return OK;
}

enum status device_read(struct context *context, const char *name, struct device *device)
{
    const char *path = name;
    struct sha256 hash;
    struct text text;
    enum status status;

    *device = (struct device){.arena = arena_new()};
    if (!strchr(name, '/')) {
        path = arena_format(device->arena, "%s/%s.json", devices_folder(device->arena), name);
        if (*name == '\0' || *name == '.' || access(path, R_OK) != 0)
            return fail_unknown(context, device->arena, name);
    }
    text_init(&text);
    status = read_text(context, path, &text);
    if (status == OK) {
        sha256_init(&hash);
        sha256_add(&hash, text.at, text.length);
        sha256_hex(&hash, device->sha256);
        status = json_parse(context, text.at, text.length, &device->json);
        if (status == OK)
            status = read_profile(context, device);
        if (status != OK)
            context_fail_in(context, status, "device profile '%s'", path);
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
