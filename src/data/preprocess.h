// How a model reads stored numbers: value = (pixel * scale - mean) / std. It belongs to the model
// and is recorded in its metadata under `ecai.preprocess`; the command line may say otherwise.
#ifndef DATA_PREPROCESS_H
#define DATA_PREPROCESS_H

#include "base/field.h"
#include "base/json.h"
#include "data/dataset.h"
#include "ir/graph.h"

#define PREPROCESS_KEY "ecai.preprocess"

// --scale 1/255 --mean .485,.456,.406 --std .229,.224,.225 --layout nchw|nhwc, or in one word
// --preprocess none|unit|imagenet|FILE.json; for pictures --resize N|WxH --crop N
// --channels rgb|bgr|gray --classes FILE
struct preprocess_options {
    double scale; // NaN: not given
    struct floats mean, std;
    const char *layout, *preprocess;
    const char *resize, *channels, *classes;
    int64_t crop; // 0: not given
};
extern const struct field preprocess_fields[];

enum preprocess_from { FROM_NONE, FROM_LINE, FROM_MODEL, FROM_OTHER };

struct preprocess {
    double scale;
    struct floats mean, std;  // one for all channels or one a channel; count 0: 0 and 1
    enum image_layout layout; // of the model's input; LAYOUT_NONE: nobody said
    // How pictures become samples (data/pictures.h), as recorded: JSON texts, or NULL.
    const char *channels, *resize, *crop, *classes;
    enum preprocess_from from; // where scale, mean and std come from
};

struct preprocess_request {
    const struct preprocess_options *line; // NULL: nothing on the line
    const struct graph *model;
    const char *model_name;     // for messages
    const struct graph *other;  // another model of the command whose record may serve; NULL: none
    const struct dataset *data; // NULL: none yet, then nothing is asked of it
};

// Settles it in the order of the command line's rules; lists go to the arena. Warns where the line
// contradicts the model's record. ERR_USAGE if integers are to be read and nobody said how, if
// means look as if a scale were missing, or if the line speaks of pictures where there are none;
// ERR_FORMAT for a damaged record.
MUST_CHECK enum status preprocess_resolve(struct context *context,
                                          const struct preprocess_request *request,
                                          struct arena *arena, struct preprocess *out);

// Takes a record apart; ERR_FORMAT saying which key is wrong.
MUST_CHECK enum status preprocess_parse(struct context *context, const char *text, size_t length,
                                        struct arena *arena, struct preprocess *out);
// The record for metadata (only the keys that are known), or for a report (all keys, null where
// unknown, and "from"). The caller frees.
struct json *preprocess_json(const struct preprocess *preprocess, bool is_report);
// Writes the record into the graph's metadata; a no-op where nothing is known.
void preprocess_store(const struct preprocess *preprocess, struct graph *graph);

bool preprocess_is_identity(const struct preprocess *preprocess);
// Values and layout, and of what is said about pictures that which both say.
bool preprocess_equal(const struct preprocess *a, const struct preprocess *b);
const char *preprocess_from_name(enum preprocess_from from); // "line", "model", "other", "none"

// mean and std of a channel.
double preprocess_mean(const struct preprocess *preprocess, int64_t channel);
double preprocess_std(const struct preprocess *preprocess, int64_t channel);

#endif
