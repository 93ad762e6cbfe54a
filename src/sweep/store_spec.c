// FOLDER/spec.json: whose folder it is. Made by link(), which one of several can do.
#include "sweep/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json_check.h"
#include "io/file.h"
#include "sweep/folder.h"

#define SPEC "spec.json"
#define TEMPORARY ".spec.json" // begins the name of what becomes one

static void print_value(const struct json *json, struct text *out)
{
    if (json)
        json_print(json, false, out);
    else
        text_add(out, "nothing");
}

static bool is_equal(const struct json *a, const struct json *b)
{
    struct text one, other;
    bool equal;

    text_init(&one);
    text_init(&other);
    print_value(a, &one);
    print_value(b, &other);
    equal = strcmp(one.at, other.at) == 0;
    text_clear(&one);
    text_clear(&other);
    return equal;
}

// The path of the innermost first difference, and what stands there: "chain.0.options.sparsity is
// 0.5 there, 0.6 here". Recursion: as deep as json_parse allows.
static void add_difference(const struct json *there, const struct json *here, struct text *path,
                           struct text *out)
{
    bool lists = json_is_array(there) && json_is_array(here);
    size_t count = 0;

    if (lists || (json_is_object(there) && json_is_object(here)))
        count = json_count(there) > json_count(here) ? json_count(there) : json_count(here);
    for (size_t i = 0; i < count; i++) {
        // A key that only the one has is met in that one: look through the larger.
        const struct json *large = json_count(there) >= json_count(here) ? there : here;
        const char *key = lists ? NULL : json_key(json_child(large, i));
        const struct json *a = lists ? json_child(there, i) : json_member(there, key);
        const struct json *b = lists ? json_child(here, i) : json_member(here, key);
        if (is_equal(a, b))
            continue;
        text_add(path, path->length ? "." : "");
        if (lists)
            text_format(path, "%zu", i);
        else
            text_add_escaped(path, key, strlen(key));
        add_difference(a, b, path, out);
        return;
    }
    text_format(out, "'%s' is ", path->at);
    print_value(there, out);
    text_add(out, " there, ");
    print_value(here, out);
    text_add(out, " here");
}

static enum status refuse(struct context *context, const char *folder, const char *there,
                          const char *here)
{
    struct json *old = NULL, *new = NULL;
    struct context silent;
    struct text path, text;

    context_init(&silent);
    text_init(&path);
    text_init(&text);
    if (json_parse(&silent, there, strlen(there), &old) == OK && json_is_object(old) &&
        json_parse(&silent, here, strlen(here), &new) == OK)
        add_difference(old, new, &path, &text);
    else
        text_add(&text, "its " SPEC " is none");
    context_fail(context, ERR_USAGE, "'%s' was made with another spec: %s", folder, text.at);
    json_free(old);
    json_free(new);
    text_clear(&path);
    text_clear(&text);
    return ERR_USAGE;
}

// While it is being written it has one dot more (io/file.h).
static bool is_temporary(const char *name)
{
    return strncmp(name + (name[0] == '.' && name[1] == '.'), TEMPORARY, sizeof TEMPORARY - 1) == 0;
}

// Whether a name is foreign to a folder that is just being made; ends the listing.
static bool is_ours(void *foreign, const char *name)
{
    *(bool *)foreign = strcmp(name, SPEC) != 0 && !is_temporary(name);
    return !*(bool *)foreign;
}

// *lost: somebody was faster.
static enum status put_spec(struct context *context, const char *folder, const char *path,
                            const char *spec, bool *lost)
{
    char name[80], *temporary;
    enum status status;

    snprintf(name, sizeof name, TEMPORARY "-%ld-%p", (long)getpid(), (const void *)&name);
    temporary = folder_path(folder, name);
    status = output_file(context, temporary, NULL, spec, strlen(spec));
    if (status != OK)
        context_fail_in(context, status, "'%s'", path);
    else if (link(temporary, path) != 0)
        status =
            context_fail(context, ERR_IO, "'%s' cannot be put in place: %s", path, strerror(errno));
    *lost = status != OK && access(path, F_OK) == 0; // and they may have tidied up, too
    if (*lost)
        status = OK;
    unlink(temporary);
    free(temporary);
    folder_sync_names(folder);
    return status;
}

static bool remove_temporary(void *folder, const char *name)
{
    if (is_temporary(name)) {
        char *path = folder_path(folder, name);
        unlink(path);
        free(path);
    }
    return true;
}

// What killed processes left: of no use once there is a spec.
static void tidy(const char *folder)
{
    char *own = copy_text(folder);

    folder_each(folder, remove_temporary, own);
    free(own);
}

static enum status keep(struct context *context, const char *folder, const char *path,
                        const char *spec)
{
    bool is_foreign = false, is_there = access(path, F_OK) == 0;
    enum status status = OK;
    char *text;

    if (!is_there) {
        folder_each(folder, is_ours, &is_foreign);
        is_there = is_foreign && access(path, F_OK) == 0; // made while we looked
        if (is_foreign && !is_there)
            return context_fail(context, ERR_USAGE, "'%s' holds files that no sweep made", folder);
    }
    if (!is_there)
        TRY(put_spec(context, folder, path, spec, &is_there));
    if (!is_there)
        return OK;
    tidy(folder);
    text = folder_read(path);
    if (!text)
        return context_fail(context, ERR_IO, "'%s' cannot be read: %s", path, strerror(errno));
    if (strcmp(text, spec) != 0)
        status = refuse(context, folder, text, spec);
    free(text);
    return status;
}

enum status store_spec_keep(struct context *context, const char *folder, const char *spec)
{
    char *path = folder_path(folder, SPEC);
    enum status status = folder_make(context, folder);

    if (status == OK)
        status = keep(context, folder, path, spec);
    free(path);
    return status;
}
