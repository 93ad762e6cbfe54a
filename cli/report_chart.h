// The charts of `ecai report`, beside the front: of some points, layer by layer.
#ifndef CLI_REPORT_CHART_H
#define CLI_REPORT_CHART_H

#include "cli/report_view.h"

// The sheet by the options; height where they say none; note: at its foot, NULL: none.
struct chart_sheet report_sheet(const struct report_view *view, double height, const char *note);

// ERR_USAGE where a chart has found no room.
MUST_CHECK enum status report_check_room(const struct report_view *view, bool has_room);

MUST_CHECK enum status report_draw_layers(const struct report_view *view, struct text *out);
MUST_CHECK enum status report_draw_sparsity(const struct report_view *view, struct text *out);
MUST_CHECK enum status report_draw_curves(const struct report_view *view, struct text *out);

#endif
