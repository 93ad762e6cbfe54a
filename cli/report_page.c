// The page: its parts are taken into the program as they are, so that what is written is one file
// that needs no network. Chart.js is Debian's (MIT licence, whose notice is at its head).
#include <string.h>

#include "base/sha256.h"
#include "cli/report_view.h"
#include "io/base64.h"

#ifndef ECAI_CHART_JS
#error "ECAI_CHART_JS: the path of Chart.js (the Makefile says it)"
#endif

// clang-format off
#define PART(name, path)                                                                           \
    extern const char page_part_##name[];                                                          \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl page_part_" #name "\n"                                                         \
            "page_part_" #name ":\n"                                                               \
            ".incbin \"" path "\"\n"                                                               \
            ".byte 0\n"                                                                            \
            ".popsection\n");
PART(html, "share/report/page.html")
PART(chart, ECAI_CHART_JS)
#define SCRIPT(name) PART(script_##name, "share/report/" #name ".js")
#define STYLE(name) PART(style_##name, "share/report/" #name ".css")
#include "cli/report_parts.def"
#undef SCRIPT
#undef STYLE

static const char *const scripts[] = {
#define SCRIPT(name) page_part_script_##name,
#define STYLE(name)
#include "cli/report_parts.def"
#undef SCRIPT
#undef STYLE
    NULL
};
static const char *const styles[] = {
#define SCRIPT(name)
#define STYLE(name) page_part_style_##name,
#include "cli/report_parts.def"
#undef SCRIPT
#undef STYLE
    NULL
};
// clang-format on

// JSON inside of <script>: "</script>" and "<!--" must not stand there, and need not.
static void add_data(const struct json *data, struct text *out)
{
    struct text text;

    text_init(&text);
    json_print(data, false, &text);
    for (const char *at = text.at; *at;) {
        size_t length = strcspn(at, "<");
        text_add_bytes(out, at, length);
        at += length;
        if (*at) {
            text_add(out, "\\u003c");
            at++;
        }
    }
    text_clear(&text);
}

static void add_all(const char *const *parts, struct text *out)
{
    for (; *parts; parts++)
        text_add(out, *parts);
}

// What stands for {{name}}; false: no such mark.
static bool add_mark(const struct report_view *view, const struct json *data, const char *name,
                     size_t length, struct text *out)
{
    static const char *const marks[] = {"title", "css", "chart", "script", "data"};
    size_t which = 0;

    while (which < sizeof marks / sizeof *marks &&
           (strlen(marks[which]) != length || strncmp(marks[which], name, length) != 0))
        which++;
    if (which == 0)
        text_add_xml(out, report_title(view));
    else if (which == 1)
        add_all(styles, out);
    else if (which == 2)
        text_add(out, page_part_chart);
    else if (which == 3)
        add_all(scripts, out);
    else if (which == 4)
        add_data(data, out);
    return which < sizeof marks / sizeof *marks;
}

// The hashes of all scripts that run, as a policy names them.
static void add_hashes(const char *page, struct text *out)
{
    static const char begin[] = "<script>", end[] = "</script>";

    for (const char *at = strstr(page, begin); at; at = strstr(at, begin)) {
        const char *stop = strstr(at, end);
        unsigned char digest[32];
        char hex[SHA256_HEX_BYTES];
        struct sha256 hash;
        at += strlen(begin);
        if (!stop)
            return;
        sha256_init(&hash);
        sha256_add(&hash, at, (size_t)(stop - at));
        sha256_hex(&hash, hex);
        for (int i = 0; i < 32; i++) {
            static const char digits[] = "0123456789abcdef";
            digest[i] = (unsigned char)((strchr(digits, hex[2 * i]) - digits) * 16 +
                                        (strchr(digits, hex[2 * i + 1]) - digits));
        }
        text_add(out, "'sha256-");
        base64_add(out, (struct span){digest, sizeof digest});
        text_add(out, "' ");
        at = stop;
    }
}

void report_page(const struct report_view *view, const struct json *data, struct text *out)
{
    static const char policy[] = "{{scripts}}";
    const char *mark;
    struct text page;

    text_init(&page);
    for (const char *at = page_part_html; *at;) {
        const char *open = strstr(at, "{{"), *close = open ? strstr(open, "}}") : NULL;
        if (!close) {
            text_add(&page, at);
            break;
        }
        text_add_bytes(&page, at, (size_t)(open - at));
        if (!add_mark(view, data, open + 2, (size_t)(close - open - 2), &page))
            text_add_bytes(&page, open, (size_t)(close + 2 - open));
        at = close + 2;
    }
    mark = strstr(page.at, policy); // the first one: it stands in the head, before any data
    text_add_bytes(out, page.at, mark ? (size_t)(mark - page.at) : page.length);
    if (mark) {
        add_hashes(page.at, out);
        text_add(out, mark + strlen(policy));
    }
    text_clear(&page);
}
