// Hashes of what steps read, each taken once, and keys made of them.
#include "sweep/contents.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sweep/content_hash.h"

struct content {
    const char *kind, *name;
    char sha256[SHA256_HEX_BYTES];
};

struct contents {
    pthread_mutex_t lock; // held while hashing: a second thread that wants the same waits for it
    struct arena *arena;
    int count, capacity;
    struct content *at;
    struct stamps stamps;
};

struct contents *contents_new(void)
{
    struct contents *contents = must_alloc(sizeof *contents);

    *contents = (struct contents){.arena = arena_new()};
    contents->stamps.arena = contents->arena;
    pthread_mutex_init(&contents->lock, NULL);
    return contents;
}

void contents_free(struct contents *contents)
{
    if (!contents)
        return;
    pthread_mutex_destroy(&contents->lock);
    arena_free(contents->arena);
    free(contents->at);
    free(contents);
}

// Under the lock.
static enum status look_up(struct contents *contents, struct context *context,
                           const struct content_kind *kind, const char *name,
                           char hex[SHA256_HEX_BYTES])
{
    for (int i = 0; i < contents->count; i++)
        if (contents->at[i].kind == kind->name && strcmp(contents->at[i].name, name) == 0) {
            memcpy(hex, contents->at[i].sha256, SHA256_HEX_BYTES);
            return OK;
        }
    TRY(kind->hash(context, name, &contents->stamps, hex));
    if (contents->count == contents->capacity) {
        contents->capacity = contents->capacity * 2 + 16;
        contents->at =
            must_realloc(contents->at, (size_t)contents->capacity * sizeof *contents->at);
    }
    contents->at[contents->count] =
        (struct content){.kind = kind->name, .name = arena_copy_text(contents->arena, name)};
    memcpy(contents->at[contents->count++].sha256, hex, SHA256_HEX_BYTES);
    return OK;
}

static enum status find(struct contents *contents, struct context *context,
                        const struct content_kind *kind, const char *name,
                        char hex[SHA256_HEX_BYTES])
{
    enum status status;

    pthread_mutex_lock(&contents->lock);
    status = look_up(contents, context, kind, name, hex);
    pthread_mutex_unlock(&contents->lock);
    return status;
}

enum status contents_file(struct contents *contents, struct context *context, const char *path,
                          char hex[SHA256_HEX_BYTES])
{
    return find(contents, context, &content_of_file, path, hex);
}

enum status contents_check(struct contents *contents, struct context *context)
{
    enum status status;

    pthread_mutex_lock(&contents->lock);
    status = stamps_check(context, &contents->stamps);
    pthread_mutex_unlock(&contents->lock);
    return status;
}

enum status contents_data(struct contents *contents, struct context *context, const char *spec,
                          char hex[SHA256_HEX_BYTES])
{
    return find(contents, context, &content_of_data, spec, hex);
}

static void add_word(struct sha256 *hash, const char *word)
{
    sha256_add(hash, word, strlen(word) + 1);
}

static bool is_file(const char *path)
{
    struct stat file;

    return *path && stat(path, &file) == 0 && S_ISREG(file.st_mode);
}

static enum status add_content(struct contents *contents, struct context *context,
                               struct sha256 *hash, const struct content_kind *kind,
                               const char *name)
{
    char content[SHA256_HEX_BYTES];

    TRY(find(contents, context, kind, name, content));
    add_word(hash, "by content");
    add_word(hash, content);
    return OK;
}

// The scripts and tables that a shell command names.
static enum status add_command(struct contents *contents, struct context *context,
                               struct sha256 *hash, const char *command)
{
    static const char between[] = " \t\n'\"|&;<>()=";
    enum status status = OK;
    struct text word;

    text_init(&word);
    while (*(command += strspn(command, between)) && status == OK) {
        size_t length = strcspn(command, between);

        text_clear(&word);
        text_add_bytes(&word, command, length);
        if (is_file(word.at))
            status = add_content(contents, context, hash, &content_of_file, word.at);
        command += length;
    }
    text_clear(&word);
    return status;
}

// A value that names a profile or a file counts by what is in there, too; data by that alone.
static enum status add_value(struct contents *contents, struct context *context,
                             struct sha256 *hash, const char *option, const struct json *value)
{
    const char *text = json_text(value);
    struct text word;

    if (text && strcmp(option, "data") == 0)
        return add_content(contents, context, hash, &content_of_data, text);
    text_init(&word);
    json_print(value, false, &word);
    add_word(hash, word.at);
    text_clear(&word);
    if (!text)
        return OK;
    if (strcmp(option, "device") == 0 || strcmp(option, "host-device") == 0 ||
        strcmp(option, "baseline-device") == 0)
        return add_content(contents, context, hash, &content_of_device, text);
    if (strcmp(option, "external-data") == 0)
        return add_content(contents, context, hash, &content_of_folder, text);
    if (strcmp(option, "metric") == 0 && strncmp(text, "exec:", 5) == 0)
        return add_command(contents, context, hash, text + 5);
    return is_file(text) ? add_content(contents, context, hash, &content_of_file, text) : OK;
}

static enum status add_option(struct contents *contents, struct context *context,
                              struct sha256 *hash, const struct chain_option *option)
{
    add_word(hash, option->name);
    if (!json_is_array(option->value))
        return add_value(contents, context, hash, option->name, option->value);
    for (size_t i = 0; i < json_count(option->value); i++)
        TRY(add_value(contents, context, hash, option->name, json_child(option->value, i)));
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct chain_option *)a)->name, ((const struct chain_option *)b)->name);
}

enum status contents_key(struct contents *contents, struct context *context,
                         const struct sweep_host *host, const struct chain_step *step,
                         const char *model, uint64_t seed, char key[SHA256_HEX_BYTES])
{
    size_t bytes = (size_t)step->option_count * sizeof *step->option;
    static const char *const usual[] = {"asic-45nm", "cpu-server-x86"};
    struct chain_option *sorted = must_alloc(bytes + 1);
    char content[SHA256_HEX_BYTES];
    enum status status;
    struct sha256 hash;

    sha256_init(&hash);
    status = find(contents, context, &content_of_file, host->program, content);
    if (status == OK)
        add_word(&hash, content);
    // Energy is told for them where no option names another, if they are there.
    for (size_t i = 0; status == OK && i < sizeof usual / sizeof *usual; i++)
        if (find(contents, context, &content_of_device, usual[i], content) == OK)
            add_word(&hash, content);
    add_word(&hash, step->verb);
    add_word(&hash, step->method ? step->method : "");
    for (const char *const *word = host->global_words; *word; word++)
        add_word(&hash, *word);
    if (bytes)
        memcpy(sorted, step->option, bytes);
    qsort(sorted, (size_t)step->option_count, sizeof *sorted, by_name);
    for (int i = 0; i < step->option_count && status == OK; i++)
        status = add_option(contents, context, &hash, &sorted[i]);
    free(sorted);
    add_word(&hash, "model");
    add_word(&hash, model ? model : "");
    sha256_add(&hash, &seed, sizeof seed);
    sha256_hex(&hash, key);
    return status;
}
