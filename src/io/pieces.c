// Files made of bytes and weights.
#include "io/pieces.h"

#include <string.h>

void pieces_add(struct piece_list *list, struct arena *arena, const struct tensor *tensor,
                int64_t at)
{
    size_t count = list->count;

    if ((count & (count - 1)) == 0) {
        struct piece *grown = arena_array(arena, struct piece, count ? 2 * count : 1);
        if (count)
            memcpy(grown, list->at, count * sizeof *grown);
        list->at = grown;
    }
    list->at[list->count++] = (struct piece){*tensor, at};
}

uint64_t pieces_bytes(const struct piece_list *list)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < list->count; i++)
        bytes += tensor_bytes(&list->at[i].tensor);
    return bytes;
}

static enum status write_bytes(struct context *context, struct output *output, const void *bytes,
                               size_t count, struct sha256 *hash)
{
    if (hash)
        sha256_add(hash, bytes, count);
    return output_write(context, output, bytes, count);
}

static enum status write_tensor(struct context *context, struct output *output,
                                const struct tensor *tensor, struct sha256 *hash)
{
    enum status status =
        write_bytes(context, output, tensor_data(tensor), tensor_bytes(tensor), hash);

    tensor_cool(tensor);
    return status;
}

enum status pieces_write(struct context *context, struct output *output, const struct text *bytes,
                         const struct piece_list *list, struct sha256 *hash)
{
    size_t done = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct piece *piece = &list->at[i];
        TRY(context_tick(context, "writing", i, list->count));
        TRY(write_bytes(context, output, bytes->at + done, (size_t)piece->at - done, hash));
        TRY(write_tensor(context, output, &piece->tensor, hash));
        done = (size_t)piece->at;
    }
    return write_bytes(context, output, bytes->at + done, bytes->length - done, hash);
}

enum status pieces_write_padded(struct context *context, struct output *output,
                                const struct piece_list *list)
{
    static const char zeros[64];
    int64_t done = 0;

    for (size_t i = 0; i < list->count; i++) {
        const struct piece *piece = &list->at[i];
        TRY(context_tick(context, "writing", i, list->count));
        for (int64_t gap = piece->at - done, part; gap > 0; gap -= part) {
            part = gap < (int64_t)sizeof zeros ? gap : (int64_t)sizeof zeros;
            TRY(output_write(context, output, zeros, (size_t)part));
        }
        TRY(write_tensor(context, output, &piece->tensor, NULL));
        done = piece->at + (int64_t)tensor_bytes(&piece->tensor);
    }
    return OK;
}
