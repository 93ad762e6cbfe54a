// Recipes as documents.
#include "compress/recipe_document.h"

#include <string.h>

#include "base/json_check.h"
#include "data/spec.h"

static const char schema[] = "ecai/recipe/1";

enum status recipe_split(struct context *context, struct arena *arena, int64_t held_out,
                         int64_t few, struct recipe_data *data)
{
    struct data_spec spec;
    int64_t train = data->samples - held_out;
    long long first;

    TRY(data_spec_parse(context, data->name, arena, &spec));
    if (held_out < 1 || train < 1)
        return context_fail(context, ERR_USAGE,
                            "'%s': of %lld samples %lld cannot be held back: at least one has to "
                            "be left to train on, and one to judge by",
                            data->name, (long long)data->samples, (long long)held_out);
    first = (long long)spec.first;
    data->train_samples = train;
    data->few_samples = few < train ? few : train;
    data->train = arena_format(arena, "%s@%lld:%lld", spec.source_text, first, first + train);
    data->few =
        arena_format(arena, "%s@%lld:%lld", spec.source_text, first, first + data->few_samples);
    data->held_out =
        arena_format(arena, "%s@%lld:%lld", spec.source_text, first + train, first + data->samples);
    return OK;
}

// ---- reading ------------------------------------------------------------------------------------

// What is read next, under its own path.
struct reader {
    struct context *context;
    struct arena *arena;
    enum status status; // the first failure
};

static const struct json *member(struct reader *reader, const struct json *parent, const char *path,
                                 const char *key, unsigned kinds)
{
    const struct json *value = json_member(parent, key);

    if (reader->status != OK)
        return NULL;
    if (value)
        reader->status =
            json_check_kind(reader->context, value, kinds, json_path(reader->arena, path, key));
    else
        reader->status = context_fail(reader->context, ERR_USAGE, "%s: missing",
                                      json_path(reader->arena, path, key));
    return reader->status == OK ? value : NULL;
}

static const char *text(struct reader *reader, const struct json *parent, const char *path,
                        const char *key)
{
    const struct json *value = member(reader, parent, path, key, JSON_TEXT);

    return value ? json_text(value) : "";
}

static int64_t count(struct reader *reader, const struct json *parent, const char *path,
                     const char *key)
{
    const struct json *value = member(reader, parent, path, key, JSON_NUMBER);
    double number = value ? json_number(value) : 0;

    if (reader->status == OK &&
        !(number >= 0 && number < 9e15 && number == (double)(int64_t)number))
        reader->status = context_fail(reader->context, ERR_USAGE, "%s: wants a count",
                                      json_path(reader->arena, path, key));
    return reader->status == OK ? (int64_t)number : 0;
}

static void read_data(struct reader *reader, const struct json *document, struct recipe_data *out)
{
    const struct json *data = member(reader, document, "", "data", JSON_OBJECT);

    out->name = text(reader, data, "data", "name");
    out->sha256 = text(reader, data, "data", "sha256");
    out->samples = count(reader, data, "data", "samples");
    out->train_samples = count(reader, data, "data", "train_samples");
    out->few_samples = count(reader, data, "data", "few_samples");
    out->train = text(reader, data, "data", "train");
    out->few = text(reader, data, "data", "few");
    out->held_out = text(reader, data, "data", "held_out");
    if (reader->status == OK &&
        (out->train_samples < 1 || out->few_samples < 1 || out->few_samples > out->train_samples ||
         out->train_samples >= out->samples))
        reader->status = context_fail(reader->context, ERR_USAGE,
                                      "data: the counts of samples contradict each other");
}

static void read_goal(struct reader *reader, const struct json *document, struct recipe *out)
{
    if (!json_member(document, "goal"))
        return;
    out->goal = member(reader, document, "", "goal", JSON_OBJECT);
    member(reader, out->goal, "goal", "energy_ratio", JSON_NUMBER | JSON_NULL);
    member(reader, out->goal, "goal", "max_drop", JSON_NUMBER | JSON_NULL);
    text(reader, out->goal, "goal", "device");
}

enum status recipe_read(struct context *context, struct arena *arena, const struct json *document,
                        struct recipe *out)
{
    static const char *const keys[] = {"schema",   "ecai", "isa",   "deterministic", "seed",
                                       "teacher",  "data", "chain", "model",         "goal",
                                       "achieved", "line", NULL};
    struct reader reader = {context, arena, OK};
    const struct json *teacher, *model, *plain;
    const char *read;

    memset(out, 0, sizeof *out);
    TRY(json_check_kind(context, document, JSON_OBJECT, ""));
    read = text(&reader, document, "", "schema");
    TRY(reader.status);
    if (strcmp(read, schema) != 0)
        return context_fail(context, ERR_USAGE, "schema: wants '%s', got '%s'", schema, read);
    TRY(json_check_keys(context, document, "", keys));
    out->ecai = text(&reader, document, "", "ecai");
    out->isa = text(&reader, document, "", "isa");
    plain = member(&reader, document, "", "deterministic", JSON_BOOL);
    out->is_plain = plain && json_number(plain) != 0;
    out->seed = count(&reader, document, "", "seed");
    teacher = member(&reader, document, "", "teacher", JSON_OBJECT);
    out->teacher = text(&reader, teacher, "teacher", "file");
    out->teacher_sha256 = text(&reader, teacher, "teacher", "sha256");
    read_data(&reader, document, &out->data);
    out->chain = member(&reader, document, "", "chain", JSON_LIST);
    model = member(&reader, document, "", "model", JSON_OBJECT);
    out->model_sha256 = text(&reader, model, "model", "sha256");
    if (json_member(document, "line"))
        out->line = member(&reader, document, "", "line", JSON_OBJECT);
    read_goal(&reader, document, out);
    return reader.status;
}

// ---- writing ------------------------------------------------------------------------------------

struct json *recipe_to_json(const struct recipe *recipe)
{
    struct json *document = json_object(), *part;
    const struct recipe_data *data = &recipe->data;

    json_add_text(document, "schema", schema);
    json_add_text(document, "ecai", recipe->ecai);
    json_add_text(document, "isa", recipe->isa);
    json_add_bool(document, "deterministic", recipe->is_plain);
    json_add_int(document, "seed", recipe->seed);
    part = json_add_object(document, "teacher");
    json_add_text(part, "file", recipe->teacher);
    json_add_text(part, "sha256", recipe->teacher_sha256);
    part = json_add_object(document, "data");
    json_add_text(part, "name", data->name);
    json_add_text(part, "sha256", data->sha256);
    json_add_int(part, "samples", data->samples);
    json_add_int(part, "train_samples", data->train_samples);
    json_add_int(part, "few_samples", data->few_samples);
    json_add_text(part, "train", data->train);
    json_add_text(part, "few", data->few);
    json_add_text(part, "held_out", data->held_out);
    json_add(document, "chain", json_copy(recipe->chain));
    if (recipe->line)
        json_add(document, "line", json_copy(recipe->line));
    json_add_text(json_add_object(document, "model"), "sha256", recipe->model_sha256);
    return document;
}

// ---- other names --------------------------------------------------------------------------------

static struct json *rebound(const struct json *value, const char *const (*names)[2])
{
    const char *name = json_text(value);
    struct json *holder = json_array(), *out;

    for (int i = 0; name && names[i][0]; i++)
        if (strcmp(name, names[i][0]) == 0) {
            json_add_text(holder, NULL, names[i][1]);
            break;
        }
    out = json_copy(json_count(holder) ? json_child(holder, 0) : value);
    json_free(holder);
    return out;
}

struct json *recipe_rebind(const struct recipe *recipe, const char *teacher,
                           const struct recipe_data *data)
{
    const char *const names[][2] = {{recipe->teacher, teacher},
                                    {recipe->data.train, data->train},
                                    {recipe->data.few, data->few},
                                    {NULL, NULL}};
    struct json *chain = json_array();

    for (size_t i = 0; i < json_count(recipe->chain); i++) {
        const struct json *from = json_child(recipe->chain, i);
        struct json *step = json_add_object(chain, NULL);

        for (size_t k = 0; k < json_count(from); k++) {
            const struct json *part = json_child(from, k);
            struct json *options;
            if (strcmp(json_key(part), "options") != 0) {
                json_add(step, json_key(part), json_copy(part));
                continue;
            }
            options = json_add_object(step, "options");
            for (size_t o = 0; o < json_count(part); o++)
                json_add(options, json_key(json_child(part, o)),
                         rebound(json_child(part, o), names));
        }
    }
    return chain;
}
