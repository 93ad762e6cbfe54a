// What a source of data supplies: one descriptor a file, one row in datasets.def. The parse
// functions take bytes, so that they can be fuzzed.
#ifndef DATA_SOURCE_H
#define DATA_SOURCE_H

#include "data/dataset.h"

// SOURCE:PATH,...,key=value,... taken apart.
struct source_call {
    const char *const *path;
    int path_count;
    const void *option; // the source's own struct, filled from source->option
};

struct source {
    const char *name; // in front of the colon
    const char *form; // "idx:IMAGES,LABELS", for messages and help
    int min_paths, max_paths;
    bool finds_files; // paths are names of parts whose files it knows where to find
    const struct field *option;
    size_t option_bytes;
    // Fills inputs, target, labels and record_count of a fresh set. Messages name the file.
    enum status (*open)(struct context *, struct dataset *, const struct source_call *);
};

const struct source *source_at(int index); // row of datasets.def, NULL behind the last
const struct source *source_find(const char *name, size_t length);

// A set without anything in it yet.
struct dataset *dataset_new(const char *name);

// A file with gzip seen through; one holder, the caller. Messages do not name the file.
struct mapped;
MUST_CHECK enum status source_map(struct context *context, const char *path, struct mapped **out);

// All bytes of a file as u8[length], gzip seen through. ERR_FORMAT if there are none. Messages name
// the file. The caller releases.
MUST_CHECK enum status source_load(struct context *context, const char *path, struct tensor *out);

// A column over bytes->data + offset; takes one more holder of them. name may be NULL (it is
// copied). stride 0: densely one behind the other. The caller has checked that all records lie
// inside the bytes; ERR_FORMAT if they do not.
MUST_CHECK enum status source_add_input(struct context *context, struct dataset *dataset,
                                        const struct data_column *column,
                                        const struct tensor *bytes, size_t offset);
MUST_CHECK enum status source_set_target(struct context *context, struct dataset *dataset,
                                         const struct data_column *column,
                                         const struct tensor *bytes, size_t offset);
// Room for one label a record (record_count is set); fill it, then call source_end_labels, which
// sets classes. ERR_FORMAT for a negative label.
MUST_CHECK enum status source_add_labels(struct context *context, struct dataset *dataset,
                                         int64_t **label);
MUST_CHECK enum status source_end_labels(struct context *context, struct dataset *dataset);

// What turns the bytes of one file into columns and labels; option: the source's own struct.
typedef enum status source_parse(struct context *, struct dataset *, const struct tensor *bytes,
                                 const void *option);

// Loads the file, parses it and lets go of it; messages begin with its path.
MUST_CHECK enum status source_parse_file(struct context *context, struct dataset *dataset,
                                         const char *path, source_parse *parse, const void *option);

source_parse idx_parse_images, idx_parse_labels; // labels after images; option: NULL
source_parse cifar_parse;                        // option: NULL
source_parse csv_parse;                          // option: struct csv_options
source_parse raw_parse;                          // option: struct raw_options
source_parse tokens_parse;                       // option: struct tokens_options

struct csv_options {
    const char *label;  // "first", "last", "none" or the number of a column, from 0
    const char *target; // the same for a column of numbers to predict, in place of label; NULL
};
struct raw_options {
    struct ints shape; // of one sample
    const char *type, *label;
};
struct tokens_options {
    const char *type;
    int64_t length; // of a record: one more than the model sees
};

// images and labels in IDX format; labels NULL: none.
MUST_CHECK enum status idx_open_files(struct context *context, struct dataset *dataset,
                                      const char *images, const char *labels);

#endif
