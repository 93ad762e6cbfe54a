// Figures that passes report.
#include "base/report.h"

#include <stdlib.h>
#include <string.h>

void report_init(struct report *report)
{
    memset(report, 0, sizeof *report);
    report->arena = arena_new();
}

void report_clear(struct report *report)
{
    arena_free(report->arena);
    free(report->figure);
    memset(report, 0, sizeof *report);
}

void report_add(struct report *report, const char *node, const char *op, const char *name,
                double value, const char *unit)
{
    if (!report)
        return;
    if (report->count == report->capacity) {
        report->capacity = report->capacity ? 2 * report->capacity : 32;
        report->figure = must_realloc(report->figure, report->capacity * sizeof *report->figure);
    }
    report->figure[report->count++] = (struct figure){
        arena_copy_text(report->arena, node), arena_copy_text(report->arena, op),
        arena_copy_text(report->arena, name), value, arena_copy_text(report->arena, unit)};
}
