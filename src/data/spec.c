// How a source of data is spelt. A slice is recognised from the end, so that names may hold '@',
// '[' and ':' as long as they do not look like one.
#include "data/spec.h"

#include <string.h>

#include "base/checked.h"

// Digits up to stop; *number stays as it is if there are none.
static bool parse_bound(const char *at, const char *stop, int64_t *number)
{
    int64_t sum = 0;

    if (at == stop)
        return true;
    for (; at < stop; at++)
        if (*at < '0' || *at > '9' || !checked_mul(sum, 10, &sum) ||
            !checked_add(sum, *at - '0', &sum))
            return false;
    *number = sum;
    return true;
}

// at .. stop is "A:B".
static bool parse_slice(const char *at, const char *stop, struct data_spec *spec)
{
    const char *colon = memchr(at, ':', (size_t)(stop - at));

    spec->has_slice = true;
    spec->first = 0;
    spec->end = -1;
    return colon && parse_bound(at, colon, &spec->first) &&
           parse_bound(colon + 1, stop, &spec->end);
}

// Where the slice begins in the text; the text's end if there is none.
static enum status split_slice(struct context *context, const char *text, struct data_spec *spec,
                               size_t *length)
{
    size_t all = strlen(text);
    const char *bracket = all && text[all - 1] == ']' ? strrchr(text, '[') : NULL;
    const char *at = strrchr(text, '@');

    *length = all;
    if (bracket) {
        *length = (size_t)(bracket - text);
        if (parse_slice(bracket + 1, text + all - 1, spec))
            return OK;
    } else if (at && strchr(at, ':') && (at[1] == ':' || (at[1] >= '0' && at[1] <= '9'))) {
        *length = (size_t)(at - text);
        if (parse_slice(at + 1, text + all, spec))
            return OK;
    } else {
        return OK;
    }
    return context_fail(context, ERR_USAGE,
                        "'%s': a slice is two counts as in [0:1000] or @0:1000, got '%s'", text,
                        text + *length);
}

static enum status unknown_source(struct context *context, const char *text)
{
    struct text list;
    enum status status;

    text_init(&list);
    for (int i = 0; source_at(i); i++)
        text_format(&list, "%s%s", i ? ", " : "", source_at(i)->form);
    status =
        context_fail(context, ERR_USAGE, "'%s' is no source of data; there are %s", text, list.at);
    text_clear(&list);
    return status;
}

static enum status parse_piece(struct context *context, char *piece, struct arena *arena,
                               struct data_spec *spec, const char **path)
{
    char *equals = strchr(piece, '=');
    const struct field *field = NULL;

    if (equals && spec->source->option) {
        *equals = '\0';
        field = field_find(spec->source->option, piece);
        if (field)
            return field_parse(context, field, equals + 1, spec->option, arena);
        *equals = '=';
    }
    if (*piece == '\0')
        return context_fail(context, ERR_USAGE, "a name is empty");
    if (spec->path_count == spec->source->max_paths)
        return context_fail(context, ERR_USAGE, "'%s' does not belong here", piece);
    path[spec->path_count++] = piece;
    return OK;
}

static enum status parse_pieces(struct context *context, char *pieces, struct arena *arena,
                                struct data_spec *spec)
{
    const char **path = arena_array(arena, const char *, (size_t)spec->source->max_paths + 1);

    spec->path = path;
    while (pieces && (*pieces || spec->source->max_paths)) {
        char *comma = strchr(pieces, ',');
        if (comma)
            *comma = '\0';
        TRY(parse_piece(context, pieces, arena, spec, path));
        pieces = comma ? comma + 1 : NULL;
    }
    if (spec->path_count < spec->source->min_paths)
        return context_fail(context, ERR_USAGE, "something is missing");
    return OK;
}

enum status data_spec_parse(struct context *context, const char *text, struct arena *arena,
                            struct data_spec *spec)
{
    const char *colon = strchr(text, ':');
    enum status status;
    size_t length;

    memset(spec, 0, sizeof *spec);
    TRY(split_slice(context, text, spec, &length));
    spec->source_text = arena_copy_bytes(arena, text, length);
    if (!colon || (size_t)(colon - text) >= length)
        return unknown_source(context, text);
    spec->source = source_find(text, (size_t)(colon - text));
    if (!spec->source)
        return unknown_source(context, text);
    if (spec->source->option) {
        spec->option = arena_alloc(arena, spec->source->option_bytes);
        fields_preset(spec->source->option, spec->option, arena);
    }
    status = parse_pieces(context, arena_copy_text(arena, strchr(spec->source_text, ':') + 1),
                          arena, spec);
    if (status != OK)
        return context_fail_in(context, status, "'%s' (%s)", spec->source_text, spec->source->form);
    return OK;
}
