// Reading a spec: what stands at its top, and the canonical form.
#include "sweep/spec.h"

#include <math.h>
#include <string.h>

#include "energy/device.h"
#include "sweep/spec_internal.h"

static const char *const spec_keys[] = {
    "title", "model",   "chain", "search",   "search_data", "test_data",  "baseline",
    "eval",  "require", "front", "minimise", "seed",        "time_limit", NULL};

static enum status read_text(struct spec_reader *reader, const char *key, const char **out)
{
    const struct json *value = json_member(reader->document, key);

    *out = NULL;
    if (!value || json_is_null(value))
        return OK;
    TRY(json_check_kind(reader->context, value, JSON_TEXT | JSON_NULL, key));
    *out = json_text(value);
    return **out ? OK : context_fail(reader->context, ERR_USAGE, "%s: is empty", key);
}

// The model that the chain starts from, unless another file is named, or none at all.
static enum status read_baseline(struct spec_reader *reader)
{
    const struct json *value = json_member(reader->document, "baseline");

    reader->spec->baseline = reader->spec->model;
    if (!value || json_is_null(value))
        return OK;
    TRY(json_check_kind(reader->context, value, JSON_TEXT | JSON_BOOL, "baseline"));
    if (json_is_text(value))
        return read_text(reader, "baseline", &reader->spec->baseline);
    if (json_number(value) == 0)
        reader->spec->baseline = NULL;
    return OK;
}

static enum status read_texts(struct spec_reader *reader, const char *key, struct strings *out)
{
    const struct json *list = json_member(reader->document, key);
    const char **at;

    *out = (struct strings){0, NULL};
    if (!list)
        return OK;
    TRY(json_check_kind(reader->context, list, JSON_LIST, key));
    at = arena_array(reader->arena, const char *, json_count(list));
    for (size_t i = 0; i < json_count(list); i++) {
        const struct json *item = json_child(list, i);
        TRY(json_check_kind(reader->context, item, JSON_TEXT,
                            json_path_index(reader->arena, key, i)));
        at[i] = json_text(item);
    }
    *out = (struct strings){(int64_t)json_count(list), at};
    return OK;
}

enum status spec_number(struct spec_reader *reader, const struct json *object, const char *path,
                        const char *key, double least, double fallback, double *out)
{
    const struct json *value = json_member(object, key);
    const char *where = json_path(reader->arena, path, key);

    *out = fallback;
    if (!value || json_is_null(value))
        return isnan(fallback) ? context_fail(reader->context, ERR_USAGE, "%s: is missing", where)
                               : OK;
    TRY(json_check_kind(reader->context, value, JSON_NUMBER, where));
    *out = json_number(value);
    if (!(*out >= least && *out <= 9007199254740992.0))
        return context_fail(reader->context, ERR_USAGE, "%s: wants a number from %g, got %.10g",
                            where, least, *out);
    return OK;
}

enum status spec_whole(struct spec_reader *reader, const struct json *object, const char *path,
                       const char *key, double least, double fallback, double *out)
{
    TRY(spec_number(reader, object, path, key, least, fallback, out));
    return *out == floor(*out)
               ? OK
               : context_fail(reader->context, ERR_USAGE, "%s: wants a whole number, got %.10g",
                              json_path(reader->arena, path, key), *out);
}

// What the sweep gives eval itself, or asks of all trials together.
static const char *const eval_reserved[] = {"data",         "baseline", "require",  "min", "max",
                                            "save-outputs", "junit",    "annotate", NULL};

static bool is_reserved(const char *name)
{
    for (const char *const *reserved = eval_reserved; *reserved; reserved++)
        if (strcmp(*reserved, name) == 0)
            return true;
    return chain_option_is_reserved(name);
}

static enum status read_eval(struct spec_reader *reader)
{
    struct context *context = reader->context;
    const struct json *options = json_member(reader->document, "eval");
    struct json *step;
    enum status status;

    reader->spec->eval = (struct chain_step){.verb = "eval", .name = "eval", .input = -1};
    if (!options)
        return OK;
    TRY(json_check_kind(context, options, JSON_OBJECT, "eval"));
    step = json_object();
    json_add(step, "options", json_copy(options));
    arena_defer(reader->arena, (void (*)(void *))json_free, step);
    status = chain_parse_step(context, reader->arena, step, "eval", "eval", &reader->spec->eval);
    for (int i = 0; i < reader->spec->eval.option_count && status == OK; i++) {
        const struct chain_option *option = &reader->spec->eval.option[i];
        const struct field *field = NULL;

        if (is_reserved(option->name))
            return context_fail(context, ERR_USAGE,
                                "eval.%s: is no option here ('search_data', 'test_data', "
                                "'baseline' and 'require' are keys of the spec)",
                                option->name);
        status = reader->host->rules->find_option(reader->host->rules->self, context, "eval", NULL,
                                                  option->name, &field);
        if (status == OK)
            status = chain_check_value(context, field, option->value);
        if (status != OK)
            context_fail_in(context, status, "eval.%s", option->name);
    }
    return status;
}

static enum status read_devices(struct spec_reader *reader)
{
    const struct json *given = chain_find_option(&reader->spec->eval, "device");
    size_t count = !given ? 1 : json_is_array(given) ? json_count(given) : 1;
    const char **devices = arena_array(reader->arena, const char *, count + 1);

    for (size_t i = 0; i < count; i++) {
        const struct json *item = given && json_is_array(given) ? json_child(given, i) : given;
        struct device device;
        enum status status =
            device_read(reader->context, item ? json_text(item) : "asic-45nm", &device);

        if (status == OK)
            devices[i] = arena_copy_text(reader->arena, device.name);
        device_clear(&device);
        if (status != OK)
            return context_fail_in(reader->context, ERR_USAGE, "eval.device");
    }
    reader->spec->devices = devices;
    return OK;
}

static enum status check_front(struct spec_reader *reader)
{
    static const char *const usual[] = {"accuracy.value", "energy.joules", "model.bytes"};
    const struct sweep_host *host = reader->host;
    struct sweep_spec *spec = reader->spec;
    struct context *context = reader->context;

    if (!json_member(reader->document, "front"))
        spec->front = (struct strings){3, usual};
    if (spec->front.count == 0)
        return context_fail(context, ERR_USAGE, "front: is empty");
    for (int64_t i = 0; i < spec->front.count; i++) {
        enum status status = host->check_key(host->self, context, spec->front.at[i], spec->devices);
        if (status != OK)
            return context_fail_in(context, status, "front.%lld", (long long)i);
    }
    return OK;
}

static enum status read_choice(struct spec_reader *reader)
{
    const struct sweep_host *host = reader->host;
    struct sweep_spec *spec = reader->spec;
    enum status status;

    TRY(read_texts(reader, "require", &spec->require));
    TRY(read_texts(reader, "front", &spec->front));
    TRY(read_text(reader, "minimise", &spec->minimise));
    TRY(check_front(reader));
    for (int64_t i = 0; i < spec->require.count; i++) {
        status = host->check_requirement(host->self, reader->context, spec->require.at[i],
                                         spec->devices);
        if (status != OK)
            return context_fail_in(reader->context, status, "require.%lld", (long long)i);
    }
    if (!spec->minimise)
        spec->minimise = "energy.joules";
    status = host->check_key(host->self, reader->context, spec->minimise, spec->devices);
    return status == OK ? OK : context_fail_in(reader->context, status, "minimise");
}

enum status spec_read(struct context *context, struct arena *arena, const struct json *document,
                      const struct sweep_host *host, struct sweep_spec *out)
{
    struct spec_reader reader = {context, arena, host, document, out};
    double seed;

    memset(out, 0, sizeof *out);
    TRY(json_check_keys(context, document, "", spec_keys));
    TRY(read_text(&reader, "title", &out->title));
    TRY(read_text(&reader, "model", &out->model));
    TRY(read_baseline(&reader));
    TRY(read_text(&reader, "search_data", &out->search_data));
    TRY(read_text(&reader, "test_data", &out->test_data));
    if (!out->search_data)
        return context_fail(context, ERR_USAGE,
                            "search_data: is missing: what the trials are judged on, such as "
                            "\"fashion-mnist:train@50000:60000\"");
    TRY(spec_whole(&reader, document, "", "seed", 0, 0, &seed));
    TRY(spec_number(&reader, document, "", "time_limit", 0, 0, &out->time_limit));
    out->seed = (uint64_t)seed;
    if (out->model && strcmp(out->model, "-") == 0)
        return context_fail(context, ERR_USAGE, "model: wants a file: a stream is read only once");
    TRY(spec_read_chain(&reader));
    TRY(spec_read_search(&reader));
    TRY(read_eval(&reader));
    TRY(read_devices(&reader));
    return read_choice(&reader);
}

static void add_texts(struct json *parent, const char *key, const struct strings *texts)
{
    struct json *list = json_add_array(parent, key);

    for (int64_t i = 0; i < texts->count; i++)
        json_add_text(list, NULL, texts->at[i]);
}

// One command as a text, several as a list.
static void add_runs(struct json *step, const struct sweep_step *from)
{
    struct json *list = from->choice_count > 1 ? json_add_array(step, "run") : step;

    for (int i = 0; i < from->choice_count; i++) {
        const struct chain_step *choice = &from->choice[i];
        struct text run;

        text_init(&run);
        text_format(&run, "%s%s%s", choice->verb ? choice->verb : "", choice->method ? " " : "",
                    choice->method ? choice->method : "");
        json_add_text(list, list == step ? "run" : NULL, choice->verb ? run.at : NULL);
        text_clear(&run);
    }
}

static void add_steps(struct json *document, const struct sweep_spec *spec)
{
    struct json *list = json_add_array(document, "chain");

    for (int i = 0; i < spec->step_count; i++) {
        const struct sweep_step *from = &spec->step[i];
        struct json *step = json_add_object(list, NULL);
        int input = spec->chain.step[i].input;

        add_runs(step, from);
        json_add_text(step, "name", from->name);
        json_add_text(step, "input", input < 0 ? NULL : spec->step[input].name);
        json_add(step, "options", from->options ? json_copy(from->options) : json_object());
    }
}

static void add_search(struct json *document, const struct sweep_spec *spec)
{
    struct json *search = json_add_object(document, "search"), *halving;

    if (spec->random_trials)
        json_add_int(search, "random", spec->random_trials);
    else
        json_add_null(search, "random");
    if (!spec->halving.is_on) {
        json_add_null(search, "halving");
        return;
    }
    halving = json_add_object(search, "halving");
    json_add_text(halving, "option", spec->halving.name);
    json_add_number(halving, "from", spec->halving.from);
    json_add_number(halving, "to", spec->halving.to);
    json_add_number(halving, "eta", spec->halving.eta);
}

struct json *spec_canonical(const struct sweep_spec *spec)
{
    struct json *document = json_object(), *eval;

    json_add_text(document, "title", spec->title);
    json_add_text(document, "model", spec->model);
    add_steps(document, spec);
    add_search(document, spec);
    json_add_text(document, "search_data", spec->search_data);
    json_add_text(document, "test_data", spec->test_data);
    if (spec->baseline)
        json_add_text(document, "baseline", spec->baseline);
    else
        json_add_bool(document, "baseline", false);
    eval = json_add_object(document, "eval");
    for (int i = 0; i < spec->eval.option_count; i++)
        json_add(eval, spec->eval.option[i].name, json_copy(spec->eval.option[i].value));
    add_texts(document, "require", &spec->require);
    add_texts(document, "front", &spec->front);
    json_add_text(document, "minimise", spec->minimise);
    json_add_int(document, "seed", (int64_t)spec->seed);
    json_add_number(document, "time_limit", spec->time_limit);
    return document;
}
