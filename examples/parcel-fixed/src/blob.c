/* Blobs: the contents of entries, stored as they are or in runs; digests of them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <stdlib.h>
#include <string.h>

enum parcel_status parcel_read_blob(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t owner, coding;
    uint16_t unpacked;

    if (!cursor_u8(&payload, &owner) || !cursor_u8(&payload, &coding) || !cursor_u16(&payload, &unpacked))
        return PARCEL_TRUNCATED;
    if (coding != PARCEL_CODING_RAW && coding != PARCEL_CODING_RUNS)
        return PARCEL_MALFORMED;
    if (coding == PARCEL_CODING_RAW && unpacked != payload.left)
        return PARCEL_MALFORMED;

    struct parcel_blob *blob = calloc(1, sizeof *blob);
    if (!blob)
        return PARCEL_NO_MEMORY;
    blob->data = malloc(payload.left + 1);
    if (!blob->data) {
        free(blob);
        return PARCEL_NO_MEMORY;
    }
    memcpy(blob->data, payload.at, payload.left);
    blob->owner = owner;
    blob->coding = coding;
    blob->unpacked = unpacked;
    blob->stored = (uint16_t)payload.left;
    blob->next = archive->blobs;
    archive->blobs = blob;
    return PARCEL_OK;
}

enum parcel_status parcel_read_digest(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t owner, algorithm, length;
    const uint8_t *bytes;

    if (!cursor_u8(&payload, &owner) || !cursor_u8(&payload, &algorithm) || !cursor_u8(&payload, &length))
        return PARCEL_TRUNCATED;
    if (!cursor_bytes(&payload, length, &bytes))
        return PARCEL_TRUNCATED;
    if (length > PARCEL_DIGEST_MAX)
        return PARCEL_TOO_LARGE;

    struct parcel_digest *digest = calloc(1, sizeof *digest);
    if (!digest)
        return PARCEL_NO_MEMORY;
    digest->owner = owner;
    digest->algorithm = algorithm;
    digest->length = length;
    memcpy(digest->bytes, bytes, length);
    digest->next = archive->digests;
    archive->digests = digest;
    return PARCEL_OK;
}

/* A control byte c below 128 is followed by c + 1 literal bytes; from 128 on, by one byte that is repeated c - 126 times. */
static enum parcel_status unpack_runs(const struct parcel_blob *blob, uint8_t *out)
{
    struct cursor input = {blob->data, blob->stored};
    size_t filled = 0;

    while (filled < blob->unpacked) {
        uint8_t control;
        const uint8_t *bytes;

        if (!cursor_u8(&input, &control))
            return PARCEL_TRUNCATED;
        if (control < 128) {
            size_t count = control + 1u;
            if (count > blob->unpacked - filled)
                return PARCEL_MALFORMED;
            if (!cursor_bytes(&input, count, &bytes))
                return PARCEL_TRUNCATED;
            memcpy(out + filled, bytes, count);
            filled += count;
        } else {
            size_t count = control - 126u;
            if (count > blob->unpacked - filled)
                return PARCEL_MALFORMED;
            if (!cursor_bytes(&input, 1, &bytes))
                return PARCEL_TRUNCATED;
            memset(out + filled, bytes[0], count);
            filled += count;
        }
    }
    return PARCEL_OK;
}

enum parcel_status parcel_blob_unpack(const struct parcel_blob *blob, uint8_t **out)
{
    enum parcel_status status = PARCEL_OK;

    *out = malloc(blob->unpacked ? blob->unpacked : 1);
    if (!*out)
        return PARCEL_NO_MEMORY;
    if (blob->coding == PARCEL_CODING_RUNS)
        status = unpack_runs(blob, *out);
    else
        memcpy(*out, blob->data, blob->unpacked);
    if (status != PARCEL_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

uint32_t parcel_adler32(const uint8_t *data, size_t size)
{
    uint32_t a = 1, b = 0;

    for (size_t i = 0; i < size; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}
