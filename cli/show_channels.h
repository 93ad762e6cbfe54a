// ecai show --channels: which channels of a model go together, and which could be cut out.
#ifndef CLI_SHOW_CHANNELS_H
#define CLI_SHOW_CHANNELS_H

#include "base/json.h"
#include "pass/channels.h"

// Of the graph as simplify leaves it (a clone; the caller's stays as it is). clear with
// shown_channels_clear, which takes a zeroed one too.
struct shown_channels {
    struct graph *graph;
    struct channels channels;
};
MUST_CHECK enum status shown_channels_init(struct context *context, const struct graph *graph,
                                           const struct infer_options *infer,
                                           struct shown_channels *out);
void shown_channels_clear(struct shown_channels *shown);

void shown_channels_text(const struct shown_channels *shown, struct text *out);
// "channels": {"groups", "offered", "list": [{"node", "op", "channels", "offered", "reason"}]};
// null if nobody looked.
void shown_channels_json(const struct shown_channels *shown, struct json *parent);

#endif
