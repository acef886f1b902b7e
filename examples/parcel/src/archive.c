/* The container: header, record loop, clean-up.
 * SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t magic[4] = {'P', 'R', 'C', 'L'};

static enum parcel_status read_record(struct parcel_archive *archive, uint8_t kind, struct cursor payload)
{
    switch (kind) {
    case PARCEL_KIND_ENTRY:
        return parcel_read_entry(archive, payload);
    case PARCEL_KIND_BLOB:
        return parcel_read_blob(archive, payload);
    case PARCEL_KIND_NOTE:
        return parcel_read_note(archive, payload);
    case PARCEL_KIND_PROPERTY:
        return parcel_read_property(archive, payload);
    case PARCEL_KIND_CONTINUE:
        return parcel_continue_property(archive, payload);
    case PARCEL_KIND_ERASE:
        return parcel_erase_property(archive, payload);
    case PARCEL_KIND_GRID:
        return parcel_read_grid(archive, payload);
    case PARCEL_KIND_LINK:
        return parcel_read_link(archive, payload);
    case PARCEL_KIND_DIGEST:
        return parcel_read_digest(archive, payload);
    default: /* later versions may add kinds: skip what we do not know */
        return PARCEL_OK;
    }
}

static enum parcel_status read_records(struct parcel_archive *archive, struct cursor *input, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        uint8_t kind, reserved;
        uint16_t length;
        struct cursor payload;

        if (!cursor_u8(input, &kind) || !cursor_u8(input, &reserved) || !cursor_u16(input, &length))
            return PARCEL_TRUNCATED;
        if (!cursor_bytes(input, length, &payload.at))
            return PARCEL_TRUNCATED;
        payload.left = length;

        enum parcel_status status = read_record(archive, kind, payload);
        if (status != PARCEL_OK)
            return status;
        archive->records++;
    }
    return PARCEL_OK;
}

enum parcel_status parcel_open(struct parcel_archive *archive, const uint8_t *data, size_t size)
{
    struct cursor input = {data, size};
    const uint8_t *start;
    uint16_t version, count;

    memset(archive, 0, sizeof *archive);
    if (!cursor_bytes(&input, sizeof magic, &start))
        return PARCEL_TRUNCATED;
    if (memcmp(start, magic, sizeof magic) != 0)
        return PARCEL_MALFORMED;
    if (!cursor_u16(&input, &version) || !cursor_u16(&input, &count))
        return PARCEL_TRUNCATED;
    if (version != PARCEL_VERSION)
        return PARCEL_MALFORMED;

    enum parcel_status status = read_records(archive, &input, count);
    if (status != PARCEL_OK)
        parcel_close(archive);
    return status;
}

#define FREE_LIST(type, list, release)          \
    for (struct type *item = (list); item;) {   \
        struct type *next = item->next;         \
        release;                                \
        free(item);                             \
        item = next;                            \
    }

void parcel_close(struct parcel_archive *archive)
{
    FREE_LIST(parcel_entry, archive->entries, (void)0)
    FREE_LIST(parcel_blob, archive->blobs, free(item->data))
    FREE_LIST(parcel_note, archive->notes, free(item->text))
    FREE_LIST(parcel_property, archive->properties, (free(item->key), free(item->value)))
    FREE_LIST(parcel_grid, archive->grids, (void)0)
    FREE_LIST(parcel_link, archive->links, (void)0)
    FREE_LIST(parcel_digest, archive->digests, (void)0)
    memset(archive, 0, sizeof *archive);
}

const char *parcel_status_text(enum parcel_status status)
{
    switch (status) {
    case PARCEL_OK:
        return "no error";
    case PARCEL_TRUNCATED:
        return "the file ends too early";
    case PARCEL_MALFORMED:
        return "not a valid parcel file";
    case PARCEL_TOO_LARGE:
        return "a field is larger than this program supports";
    case PARCEL_NO_MEMORY:
        return "out of memory";
    }
    return "unknown error";
}
