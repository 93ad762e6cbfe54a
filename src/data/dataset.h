// Data sets: samples of named inputs plus a target, from one of the sources in datasets.def. All
// samples stay as their file stores them; data/batch.h turns them into what a model takes.
// A source is spelt NAME:ARGUMENTS and may end in a slice, SOURCE[A:B] or SOURCE@A:B.
#ifndef DATA_DATASET_H
#define DATA_DATASET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/context.h"
#include "base/field.h"
#include "base/sha256.h"
#include "ir/tensor.h"

// How the three axes of an image follow each other. NCHW: channels first, as idx and CIFAR store
// them; NONE: no image, or nobody said.
enum image_layout { LAYOUT_NONE, LAYOUT_NCHW, LAYOUT_NHWC };

// One thing that every sample has: an input or the target.
struct data_column {
    const char *name;   // of the model's input; NULL: of its only one
    enum dtype dtype;   // DT_NONE: there is none (target)
    struct shape shape; // of one sample, without a batch axis
    enum image_layout layout;
    struct tensor holder;    // keeps the bytes
    const unsigned char *at; // of record 0
    size_t stride;           // bytes from one record to the next
    size_t bytes;            // of one record
};

enum { DATASET_MAX_INPUTS = 16 };

struct picture_files;

struct dataset {
    struct arena *arena;
    const char *name; // as given, slice included
    int64_t count;    // samples, at least 1
    int32_t input_count;
    struct data_column input[DATASET_MAX_INPUTS];
    // What the output should be, where that is no class: dtype DT_NONE if there is none.
    struct data_column target;
    bool is_labelled; // every sample has a class
    int64_t classes;  // largest label of the whole source plus one, or what the source says
    const char *const *class_name; // [classes], or NULL
    bool classes_are_exact;        // a model must have as many outputs, not only enough
    bool is_pictures;              // out of a folder, decoded or not
    // Pictures that are still to be decoded (data/pictures.h): the only input has neither shape nor
    // bytes yet. NULL: everything else.
    const struct picture_files *files;
    // What follows is in records of the source, before slice and draw: go through the functions.
    int64_t record_count;
    const int64_t *record; // of each sample; NULL: the same
    const int64_t *label;  // of each record
    struct tensor label_holder;
};

struct dataset_options {
    int64_t samples; // --samples: draw that many, stratified by label; 0: all
};
extern const struct field dataset_fields[];

// options may be NULL. The draw depends on context->seed alone. ERR_USAGE for a spelling or a slice
// that makes no sense, ERR_IO for a file that is not there, ERR_FORMAT for one that is damaged,
// ERR_NUMERIC for NaN in the data, ERR_UNSUPPORTED; the message names the file.
MUST_CHECK enum status dataset_open(struct context *context, const char *spec,
                                    const struct dataset_options *options, struct dataset **out);
void dataset_free(struct dataset *dataset); // NULL is fine

// The same samples again, of which only [first, end) or the given ones (in that order, repeats are
// fine). The new set shares the bytes; both are freed on their own. ERR_USAGE past the end.
MUST_CHECK enum status dataset_slice(struct context *context, const struct dataset *dataset,
                                     int64_t first, int64_t end, struct dataset **out);
MUST_CHECK enum status dataset_select(struct context *context, const struct dataset *dataset,
                                      const int64_t *sample, int64_t count, struct dataset **out);

static inline int64_t dataset_record(const struct dataset *dataset, int64_t sample)
{
    return dataset->record ? dataset->record[sample] : sample;
}
// The class of a sample, -1 without labels.
static inline int64_t dataset_label(const struct dataset *dataset, int64_t sample)
{
    return dataset->is_labelled ? dataset->label[dataset_record(dataset, sample)] : -1;
}
// The bytes of one sample as stored, column->bytes of them; valid as long as the set. No alignment.
static inline const unsigned char *dataset_bytes(const struct dataset *dataset,
                                                 const struct data_column *column, int64_t sample)
{
    return column->at + (size_t)dataset_record(dataset, sample) * column->stride;
}

// Whether the target is whole numbers, a class for each of several positions: tokens.
static inline bool dataset_has_tokens(const struct dataset *dataset)
{
    return dataset->target.dtype != DT_NONE && !dtype_info[dataset->target.dtype].is_float;
}

// What a model answers: one row a sample, or one a token where the target is tokens.
int64_t dataset_row_count(const struct dataset *dataset);

// NULL if there is none of that name. A column without a name answers to every name, if it is the
// only one.
const struct data_column *dataset_find_input(const struct dataset *dataset, const char *name);

// ERR_SHAPE naming the first sample whose label is not below classes (of the model's output), or
// where the set knows how many there must be.
MUST_CHECK enum status dataset_check_classes(struct context *context, const struct dataset *dataset,
                                             int64_t classes);

// Of the samples as used: every input's bytes (of pictures: the whole file's), then target and
// label (8 bytes, little-endian), in the order of the samples. ERR_IO naming a picture that is
// gone.
MUST_CHECK enum status dataset_sha256(struct context *context, const struct dataset *dataset,
                                      char hex[SHA256_HEX_BYTES]);

// Elements of any type but 4-bit ones as float32 (rounded to nearest even). from: no alignment.
void elements_to_f32(enum dtype dtype, const void *from, int64_t count, float *to);

// "nchw", "nhwc" or NULL; LAYOUT_NONE for anything else.
const char *image_layout_name(enum image_layout layout);
enum image_layout image_layout_from_name(const char *name);

#endif
