// Names in the work folder of `ecai compress`: hashes of all that a candidate's results depend on,
// so that what lies there serves exactly those who would make the same again.
#include <sys/stat.h>

#include "cli/student_search.h"
#include "sweep/contents.h"

static enum status add_file(struct student_search *search, const char *path, struct text *out)
{
    char sha256[SHA256_HEX_BYTES];

    TRY(contents_file(search->contents, search->invocation->context, path, sha256));
    text_format(out, "%s ", sha256);
    return OK;
}

// What lies in the files that options name, such as those of --preprocess and --classes.
static enum status add_files(struct student_search *search, const struct json *json,
                             struct text *out)
{
    const char *name = json_text(json);
    struct stat file;

    if (name && *name && stat(name, &file) == 0 && S_ISREG(file.st_mode))
        return add_file(search, name, out);
    for (size_t i = 0; i < json_count(json); i++)
        TRY(add_files(search, json_child(json, i), out));
    return OK;
}

static enum status add_all(struct student_search *search, const struct json *chain,
                           const struct json *options, struct text *out)
{
    const struct recipe_data *data = &search->data;

    text_format(out, "%s %s %s %lld %lld %lld %d %d %s ", search->teacher.sha256, data->sha256,
                search->device.sha256, (long long)data->samples, (long long)data->train_samples,
                (long long)search->seed, (int)search->isa, search->invocation->context->is_plain,
                search->line->own.max_drop ? search->line->own.max_drop : "");
    TRY(add_file(search, search->program, out));
    json_print(options, false, out);
    TRY(add_files(search, options, out));
    if (!chain)
        return OK;
    json_print(chain, false, out);
    return add_files(search, chain, out);
}

enum status work_key(struct student_search *search, const struct json *chain,
                     char hex[SHA256_HEX_BYTES])
{
    struct json *options = json_object();
    enum status status;
    struct sha256 hash;
    struct text text;

    search_line_options(search, NULL, options);
    text_init(&text);
    status = add_all(search, chain, options, &text);
    sha256_init(&hash);
    sha256_add(&hash, text.at, text.length);
    sha256_hex(&hash, hex);
    text_clear(&text);
    json_free(options);
    return status;
}
