// Reads and writes the cache of tuning: a first line that says what it is, then lines of key, tab,
// algorithm.
#include "cli/tuning_file.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "exec/tune.h"
#include "io/file.h"

static const char first_line[] = "ecai tuning 1\n";
enum { LINE_MAX_BYTES = 1024 };

// False: there is no place for it.
static bool find_folder(struct text *out)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

    if (cache && *cache == '/')
        text_format(out, "%s/ecai", cache);
    else if (home && *home == '/')
        text_format(out, "%s/.cache/ecai", home);
    return out->length > 0;
}

static bool is_line(const char *line, size_t length)
{
    size_t tabs = 0;

    for (size_t i = 0; i < length; i++) {
        if (line[i] != '\t' && (line[i] < ' ' || line[i] > '~'))
            return false;
        tabs += line[i] == '\t';
    }
    return tabs == 1 && line[0] != '\t' && line[length - 1] != '\t';
}

static bool add_line(struct tuning *tuning, const char *line, size_t length)
{
    char copy[LINE_MAX_BYTES], *tab;

    if (length == 0 || length >= sizeof copy || !is_line(line, length))
        return false;
    memcpy(copy, line, length);
    copy[length] = '\0';
    tab = strchr(copy, '\t');
    *tab = '\0';
    tuning_add(tuning, copy, tab + 1);
    return true;
}

static bool read_lines(struct tuning *tuning, const char *at, size_t length)
{
    size_t first = sizeof first_line - 1;

    if (length < first || memcmp(at, first_line, first) != 0)
        return false;
    for (at += first, length -= first; length;) {
        const char *end = memchr(at, '\n', length);
        if (!end || !add_line(tuning, at, (size_t)(end - at)))
            return false;
        length -= (size_t)(end + 1 - at);
        at = end + 1;
    }
    return true;
}

static void read_file(struct context *context, const char *path)
{
    struct mapped *mapped;
    struct span bytes;

    if (mapped_open(context, path, &mapped) != OK) {
        context_warn(context, "%s: %s", path, context->error);
        *context->error = '\0';
        return;
    }
    bytes = mapped_bytes(mapped);
    if (!read_lines(context->tuning, (const char *)bytes.at, bytes.length)) {
        context_warn(context, "%s: is damaged, and made anew", path);
        tuning_free(context->tuning);
        context->tuning = tuning_new();
    }
    mapped_release(mapped);
}

void tuning_file_open(struct context *context)
{
    struct text path;

    context->tuning = tuning_new();
    text_init(&path);
    if (find_folder(&path)) {
        text_add(&path, "/tuning");
        if (access(path.at, F_OK) == 0)
            read_file(context, path.at);
    }
    text_clear(&path);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0777); // what fails is found out when the file is written
        *slash = '/';
    }
}

static void write_file(struct context *context, const char *path)
{
    static const struct output_options replace = {false};
    const char *key, *algorithm;
    struct context quiet; // an error of the command stays what it is
    struct text text;

    context_init(&quiet);
    text_init(&text);
    text_add(&text, first_line);
    for (int i = 0; tuning_at(context->tuning, i, &key, &algorithm); i++)
        text_format(&text, "%s\t%s\n", key, algorithm);
    if (output_file(&quiet, path, &replace, text.at, text.length) != OK)
        context_warn(context, "%s: %s", path, quiet.error);
    text_clear(&text);
}

void tuning_file_close(struct context *context)
{
    struct text path;

    text_init(&path);
    if (context->tuning && tuning_has_grown(context->tuning) && find_folder(&path)) {
        text_add(&path, "/tuning");
        make_folders(path.at);
        write_file(context, path.at);
    }
    text_clear(&path);
    tuning_free(context->tuning);
    context->tuning = NULL;
}
