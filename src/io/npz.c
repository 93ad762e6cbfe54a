// A zip file of .npy members (APPNOTE 6.3.3): stored or deflated, zip64 sizes read.
#include "io/npy.h"

#include <stdlib.h>
#include <string.h>

#include "io/gzip.h"

enum {
    LOCAL_BYTES = 30,
    ENTRY_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR64_BYTES = 20,
    METHOD_STORED = 0,
    METHOD_DEFLATED = 8,
    DEFLATE_MOST = 1040,
    ENTRIES_MAX = 65535
};
// 1980-01-01 00:00, the earliest that zip can say.
enum { DOS_TIME = 0, DOS_DATE = 0x21 };

int npz_probe(struct span head)
{
    return head.length >= 4 && memcmp(head.at, "PK", 2) == 0 &&
                   ((head.at[2] == 3 && head.at[3] == 4) || (head.at[2] == 5 && head.at[3] == 6))
               ? 90
               : 0;
}

static uint64_t number(const unsigned char *at, int bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < bytes; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static enum status broken(struct context *context)
{
    return context_fail(context, ERR_FORMAT, "is a damaged .npz file, or cut short");
}

// Where the list of members is.
struct directory {
    uint64_t count, bytes, offset;
};

static enum status find_directory(struct context *context, struct span all, struct directory *out)
{
    const unsigned char *end = NULL, *end64;
    uint64_t offset;

    // A comment of up to 64 KiB may follow; ours and numpy's files have none.
    for (size_t back = END_BYTES; back <= all.length && back <= END_BYTES + 65535 && !end; back++)
        if (memcmp(all.at + all.length - back, "PK\5\6", 4) == 0)
            end = all.at + all.length - back;
    if (!end)
        return broken(context);
    *out = (struct directory){number(end + 10, 2), number(end + 12, 4), number(end + 16, 4)};
    if (out->offset == 0xFFFFFFFF || out->count == 0xFFFF) {
        if ((size_t)(end - all.at) < LOCATOR64_BYTES ||
            memcmp(end - LOCATOR64_BYTES, "PK\6\7", 4) != 0)
            return broken(context);
        offset = number(end - LOCATOR64_BYTES + 8, 8);
        if (all.length < END64_BYTES || offset > all.length - END64_BYTES)
            return broken(context);
        end64 = all.at + offset;
        if (memcmp(end64, "PK\6\6", 4) != 0)
            return broken(context);
        *out =
            (struct directory){number(end64 + 32, 8), number(end64 + 40, 8), number(end64 + 48, 8)};
    }
    if (out->offset > all.length || out->bytes > all.length - out->offset ||
        out->count > ENTRIES_MAX)
        return broken(context);
    return OK;
}

struct member {
    const char *name;
    unsigned method;
    uint64_t crc, stored, inflated, offset;
};

// Sizes that do not fit into 32 bits stand in an extra field, in this order.
static void read_extra(struct span extra, struct member *out)
{
    uint64_t *const wide[] = {&out->inflated, &out->stored, &out->offset};

    while (extra.length >= 4) {
        size_t id = number(extra.at, 2), bytes = number(extra.at + 2, 2), at = 4;
        if (bytes > extra.length - 4)
            return;
        for (int i = 0; id == 1 && i < 3; i++)
            if (*wide[i] == 0xFFFFFFFF && at + 8 <= bytes + 4) {
                *wide[i] = number(extra.at + at, 8);
                at += 8;
            }
        extra.at += bytes + 4;
        extra.length -= bytes + 4;
    }
}

// Takes one entry off the front of the directory.
static enum status next_member(struct context *context, struct arena *arena, struct span *directory,
                               struct member *out)
{
    const unsigned char *at = directory->at;
    size_t name_bytes, extra_bytes, total;

    if (directory->length < ENTRY_BYTES || memcmp(at, "PK\1\2", 4) != 0)
        return broken(context);
    name_bytes = number(at + 28, 2);
    extra_bytes = number(at + 30, 2);
    total = ENTRY_BYTES + name_bytes + extra_bytes + number(at + 32, 2);
    if (total > directory->length)
        return broken(context);
    *out = (struct member){arena_copy_bytes(arena, at + ENTRY_BYTES, name_bytes),
                           (unsigned)number(at + 10, 2),
                           number(at + 16, 4),
                           number(at + 20, 4),
                           number(at + 24, 4),
                           number(at + 42, 4)};
    if (strlen(out->name) != name_bytes)
        return broken(context);
    if (number(at + 8, 2) & 1)
        return context_fail(context, ERR_UNSUPPORTED, "is encrypted");
    read_extra((struct span){at + ENTRY_BYTES + name_bytes, extra_bytes}, out);
    directory->at += total;
    directory->length -= total;
    return OK;
}

static enum status member_bytes(struct context *context, struct span all,
                                const struct member *member, struct span *out)
{
    const unsigned char *local;
    uint64_t start;

    if (all.length < LOCAL_BYTES || member->offset > all.length - LOCAL_BYTES)
        return broken(context);
    local = all.at + member->offset;
    if (memcmp(local, "PK\3\4", 4) != 0)
        return broken(context);
    start = member->offset + LOCAL_BYTES + number(local + 26, 2) + number(local + 28, 2);
    if (start > all.length || member->stored > all.length - start)
        return broken(context);
    *out = (struct span){all.at + start, (size_t)member->stored};
    return OK;
}

static enum status load_member(struct context *context, struct span all, struct mapped *holder,
                               const struct member *member, struct tensor *out)
{
    struct mapped *inflated = NULL;
    struct span bytes;
    enum status status;

    TRY(member_bytes(context, all, member, &bytes));
    if (member->method == METHOD_DEFLATED) {
        // No honest stream says more than deflate can give, so no memory is spent on one that does.
        if (member->inflated / DEFLATE_MOST > member->stored)
            return broken(context);
        TRY(deflate_inflate(context, bytes, (size_t)member->inflated, &bytes));
        inflated = mapped_from_heap((void *)(uintptr_t)bytes.at, bytes.length);
        holder = inflated;
    } else if (member->method != METHOD_STORED) {
        return context_fail(context, ERR_UNSUPPORTED, "zip method %u is not supported",
                            member->method);
    }
    if (bytes.length != member->inflated || crc32_of(bytes) != member->crc)
        status = context_fail(context, ERR_FORMAT, "its checksum is wrong");
    else
        status = npy_read_bytes(context, bytes, holder, out);
    mapped_release(inflated);
    return status;
}

static enum status name_member(struct context *context, enum status status, const char *name)
{
    struct text safe;

    text_init(&safe);
    text_add_escaped(&safe, name, strlen(name));
    context_fail_in(context, status, "array '%s'", safe.at);
    text_clear(&safe);
    return status;
}

static enum status read_members(struct context *context, struct span all, struct mapped *holder,
                                struct npz *out)
{
    struct directory directory = {0, 0, 0};
    struct member member;
    struct span rest;

    TRY(find_directory(context, all, &directory));
    rest = (struct span){all.at + directory.offset, (size_t)directory.bytes};
    out->entry = arena_array(out->arena, struct npz_entry, (size_t)directory.count + 1);
    for (uint64_t i = 0; i < directory.count; i++) {
        struct npz_entry *entry = &out->entry[out->count];
        size_t length;
        enum status status;
        TRY(next_member(context, out->arena, &rest, &member));
        length = strlen(member.name);
        if (length > 4 && strcmp(member.name + length - 4, ".npy") == 0)
            length -= 4;
        entry->name = arena_copy_bytes(out->arena, member.name, length);
        if (npz_find(out, entry->name))
            return name_member(context, context_fail(context, ERR_FORMAT, "is there twice"),
                               entry->name);
        status = load_member(context, all, holder, &member, &entry->tensor);
        if (status != OK)
            return name_member(context, status, entry->name);
        out->count++;
    }
    return OK;
}

enum status npz_read_bytes(struct context *context, struct span bytes, struct mapped *holder,
                           struct npz *out)
{
    enum status status;

    *out = (struct npz){arena_new(), NULL, 0};
    status = npz_probe(bytes) ? read_members(context, bytes, holder, out)
                              : context_fail(context, ERR_FORMAT, "is no .npz file");
    if (status != OK)
        npz_clear(out);
    return status;
}

enum status npz_read(struct context *context, const char *path, struct npz *out)
{
    struct mapped *mapped;
    enum status status;

    TRY(mapped_open(context, path, &mapped));
    status = npz_read_bytes(context, mapped_bytes(mapped), mapped, out);
    mapped_release(mapped);
    return status;
}

const struct tensor *npz_find(const struct npz *npz, const char *name)
{
    for (size_t i = 0; i < npz->count; i++)
        if (strcmp(npz->entry[i].name, name) == 0)
            return &npz->entry[i].tensor;
    return NULL;
}

void npz_clear(struct npz *npz)
{
    for (size_t i = 0; i < npz->count; i++)
        tensor_release(&npz->entry[i].tensor);
    arena_free(npz->arena);
    *npz = (struct npz){NULL, NULL, 0};
}

static void put_number(struct text *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++, value >>= 8) {
        unsigned char byte = (unsigned char)(value & 0xFF);
        text_add_bytes(out, &byte, 1);
    }
}

// What local headers and the directory have in common: versions to sizes of the names.
static void put_common(struct text *out, uint64_t crc, uint64_t bytes, size_t name_bytes)
{
    put_number(out, 20, 2); // version needed: 2.0
    put_number(out, 0, 2);
    put_number(out, METHOD_STORED, 2);
    put_number(out, DOS_TIME, 2);
    put_number(out, DOS_DATE, 2);
    put_number(out, crc, 4);
    put_number(out, bytes, 4);
    put_number(out, bytes, 4);
    put_number(out, name_bytes, 2);
    put_number(out, 0, 2); // extra
}

static enum status put_member(struct context *context, const struct npz_entry *entry,
                              struct text *out, struct text *directory)
{
    size_t name_bytes = strlen(entry->name) + 4, offset = out->length;
    struct span bytes;
    uint64_t crc;
    struct text member;
    enum status status;

    text_init(&member);
    status = npy_put(context, &entry->tensor, &member);
    bytes = (struct span){(const unsigned char *)member.at, member.length};
    if (status == OK && ((uint64_t)offset + member.length > 0xFFFF0000 || name_bytes > 0xFFFF))
        status = context_fail(context, ERR_UNSUPPORTED, "arrays of 4 GB and more");
    if (status == OK) {
        crc = crc32_of(bytes);
        text_add_bytes(out, "PK\3\4", 4);
        put_common(out, crc, bytes.length, name_bytes);
        text_format(out, "%s.npy", entry->name);
        text_add_bytes(out, bytes.at, bytes.length);
        text_add_bytes(directory, "PK\1\2\24\0", 6); // made by version 2.0
        put_common(directory, crc, bytes.length, name_bytes);
        put_number(directory, 0, 10); // comment, disk, attributes
        put_number(directory, offset, 4);
        text_format(directory, "%s.npy", entry->name);
    }
    text_clear(&member);
    return status;
}

enum status npz_put(struct context *context, const struct npz_entry *entry, size_t count,
                    struct text *out)
{
    struct text directory;
    enum status status = OK;
    size_t offset;

    text_init(&directory);
    for (size_t i = 0; i < count && status == OK; i++)
        status = put_member(context, &entry[i], out, &directory);
    offset = out->length;
    text_add_bytes(out, directory.at, directory.length);
    text_add_bytes(out, "PK\5\6\0\0\0\0", 8);
    put_number(out, count, 2);
    put_number(out, count, 2);
    put_number(out, directory.length, 4);
    put_number(out, offset, 4);
    put_number(out, 0, 2);
    text_clear(&directory);
    return status;
}

enum status npz_write(struct context *context, const char *path,
                      const struct output_options *options, const struct npz_entry *entry,
                      size_t count)
{
    enum status status;
    struct text out;

    text_init(&out);
    status = npz_put(context, entry, count, &out);
    if (status == OK)
        status = output_file(context, path, options, out.at, out.length);
    text_clear(&out);
    return status;
}
