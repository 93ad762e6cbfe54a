// Which options of `ecai report` go with which form: what would do nothing is refused.
#include <string.h>

#include "cli/report_view.h"
#include "io/file.h"

static const char *const endings[][2] = {{".html", "html"}, {".htm", "html"},    {".svg", "svg"},
                                         {".csv", "csv"},   {".md", "markdown"}, {".json", "json"}};

enum status report_find_format(struct context *context, const char *given, const char *out,
                               const char **format)
{
    const char *slash = strrchr(out, '/'), *name = slash ? slash + 1 : out;
    const char *ending = strrchr(name, '.');

    *format = given ? given : "html";
    if (given || is_dash(out) || !ending)
        return OK;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (strcmp(ending, endings[i][0]) == 0) {
            *format = endings[i][1];
            return OK;
        }
    return context_fail(context, ERR_USAGE,
                        "'-o %s': no form has the ending '%s' (.html, .svg, .csv, .md, .json); "
                        "'--format' says which it is",
                        out, ending);
}

// A form is a format or, of svg, a chart.
enum {
    HTML = 1,
    JSON = 2,
    CSV = 4,
    MARKDOWN = 8,
    FRONT = 16,
    LAYERS = 32,
    SPARSITY = 64,
    CURVES = 128,
    PAGE = HTML | JSON,
    SVG = FRONT | LAYERS | SPARSITY | CURVES,
};

static const struct {
    const char *format, *chart;
} forms[] = {{"html", NULL},   {"json", NULL},    {"csv", NULL},       {"markdown", NULL},
             {"svg", "front"}, {"svg", "layers"}, {"svg", "sparsity"}, {"svg", "curves"}};
enum { FORM_COUNT = sizeof forms / sizeof *forms };

// Options that are not here go with all. x and y are in tables too: they say what a front is.
static const struct {
    const char *option;
    int forms;
} rules[] = {
    {"title", PAGE | MARKDOWN | SVG},
    {"x", PAGE | CSV | MARKDOWN | FRONT},
    {"y", PAGE | CSV | MARKDOWN | FRONT},
    {"log_x", PAGE | FRONT},
    {"log_y", PAGE | FRONT | CURVES},
    {"chart", SVG},
    {"group", FRONT},
    {"labels", FRONT},
    {"intervals", FRONT},
    {"note", SVG},
    {"x_range", FRONT},
    {"y_range", FRONT},
    {"point", LAYERS | SPARSITY | CURVES},
    {"width", SVG},
    {"height", SVG},
};

static const char *form_words(struct arena *arena, int form)
{
    return forms[form].chart ? arena_format(arena, "'--chart %s' (svg)", forms[form].chart)
                             : arena_format(arena, "'--format %s'", forms[form].format);
}

static enum status refuse(const struct report_view *view, const struct field *field, int allowed,
                          int form)
{
    struct arena *arena = view->invocation->arena;
    bool is_off = field->type == FIELD_BOOL && strcmp(field->preset, "yes") == 0;
    const char *words = "";

    for (int i = 0; i < FORM_COUNT; i++) {
        if ((allowed & SVG) == SVG && (SVG >> i & 1)) {
            if (i == FORM_COUNT - 1)
                words = arena_format(arena, "%s%s'--format svg'", words, *words ? ", " : "");
        } else if (allowed >> i & 1) {
            words = arena_format(arena, "%s%s%s", words, *words ? ", " : "", form_words(arena, i));
        }
    }
    return context_fail(view->invocation->context, ERR_USAGE,
                        "'--%s%s' does nothing with %s; it goes with %s", is_off ? "no-" : "",
                        option_name(arena, field->name), form_words(arena, form), words);
}

static enum status check_field(const struct report_view *view, const struct field *field, int form)
{
    if (field_is_preset(field, view->options))
        return OK;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].option, field->name) == 0 && !(rules[i].forms >> form & 1))
            return refuse(view, field, rules[i].forms, form);
    return OK;
}

static enum status check_range(const struct report_view *view, const char *axis,
                               const struct floats *range, bool is_log)
{
    struct context *context = view->invocation->context;

    if (range->count == 0)
        return OK;
    if (range->count != 2 || !(range->at[0] < range->at[1]))
        return context_fail(context, ERR_USAGE, "'--%s-range' wants two numbers, the lower first",
                            axis);
    if (is_log && range->at[0] <= 0)
        return context_fail(context, ERR_USAGE,
                            "'--%s-range' begins at %g, '--log-%s' wants it above zero", axis,
                            range->at[0], axis);
    return OK;
}

enum status report_check_options(const struct report_view *view, const char *format,
                                 const struct field *const *fields)
{
    const struct report_options *options = view->options;
    int form = 0;

    while (strcmp(forms[form].format, format) != 0 ||
           (forms[form].chart && strcmp(forms[form].chart, options->chart) != 0))
        form++; // --format and --chart take nothing else
    for (; *fields; fields++)
        for (const struct field *field = *fields; field->name; field++)
            TRY(check_field(view, field, form));
    TRY(check_range(view, "x", &options->x_range, options->log_x));
    TRY(check_range(view, "y", &options->y_range, options->log_y));
    if ((options->width && options->width < CHART_SIZE_MIN) ||
        (options->height && options->height < CHART_SIZE_MIN))
        return context_fail(view->invocation->context, ERR_USAGE,
                            "'--width' and '--height' want %d pixels or more", CHART_SIZE_MIN);
    return OK;
}
