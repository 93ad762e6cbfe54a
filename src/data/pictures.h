// Folders of pictures as samples. Opening such a source lists the files and their classes; what is
// decoded depends on the model: its preprocessing says how pictures become pixels of one size.
//
//     pictures_settle(context, &preprocess, graph, arena, &data)   for one model
#ifndef DATA_PICTURES_H
#define DATA_PICTURES_H

#include "data/preprocess.h"
#include "io/picture.h"

// The files behind a set of pictures that is not decoded yet.
struct picture_files {
    const char *folder;
    const char *const *name; // [record_count], relative to the folder
};

enum channel_order { ORDER_RGB, ORDER_BGR, ORDER_GRAY };

// What happens to each picture, in this order: grey or colour, resize, crop.
struct picture_plan {
    enum channel_order order;
    int64_t shorter;       // shorter side after resizing; 0: not so
    int64_t width, height; // after resizing; 0: not so
    int64_t crop;          // side of the square in the middle; 0: all of it
    // What must come out; 0: as large as the first picture is then.
    int64_t wanted_width, wanted_height;
    // Output of each class of the source, and how many there are; NULL: in order of the folders.
    struct strings classes;
};

// By the preprocessing (line or record) and the model's first input that takes pictures. ERR_FORMAT
// or ERR_USAGE naming the key that makes no sense. Lists go to the arena.
MUST_CHECK enum status picture_plan_init(struct context *context,
                                         const struct preprocess *preprocess,
                                         const struct graph *graph, struct arena *arena,
                                         struct picture_plan *out);
// Whether text is "256" or "224x192", sides in pixels.
bool is_picture_size(const char *text);
bool picture_plan_equal(const struct picture_plan *a, const struct picture_plan *b);

// One picture as the plan has it, but for the size that is wanted. Takes the picture.
MUST_CHECK enum status picture_apply(struct context *context, const struct picture_plan *plan,
                                     struct picture *picture);

// Decodes all samples on all threads: u8[channels][height][width] and labels. What is larger than
// memory should hold lies in a file of its own under $TMPDIR that has no name. ERR_FORMAT and
// others naming the first file that cannot be used, ERR_SHAPE if its size is not what is wanted.
// The source stays as it is; both are freed on their own.
MUST_CHECK enum status pictures_decode(struct context *context, const struct dataset *source,
                                       const struct picture_plan *plan, struct dataset **out);

// Plans and decodes where data are pictures; *data is replaced. Otherwise nothing happens.
MUST_CHECK enum status pictures_settle(struct context *context, const struct preprocess *preprocess,
                                       const struct graph *graph, struct arena *arena,
                                       struct dataset **data);

#endif
