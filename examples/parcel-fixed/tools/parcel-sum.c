/* parcel-sum: prints the digests that an archive on standard input carries, and checks those that it knows.
 * SPDX-License-Identifier: Apache-2.0 */
#include "parcel/parcel.h"
#include "slurp.h"

#include <stdbool.h>
#include <stdlib.h>

enum { ALGORITHM_ADLER32 = 1 };

static void show_digest(const struct parcel_digest *digest, const char *remark)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 * PARCEL_DIGEST_MAX + 1];
    char *out = text;

    for (unsigned i = 0; i < digest->length; i++) {
        *out++ = digits[digest->bytes[i] >> 4];
        *out++ = digits[digest->bytes[i] & 15];
    }
    *out = '\0';
    printf("%s  %u  %s\n", text, digest->owner, remark);
}

static const struct parcel_blob *blob_of(const struct parcel_archive *archive, uint8_t owner)
{
    const struct parcel_blob *blob = archive->blobs;

    while (blob && blob->owner != owner)
        blob = blob->next;
    return blob;
}

static bool matches(const struct parcel_blob *blob, const struct parcel_digest *digest)
{
    uint8_t *data;
    uint32_t stored = 0;

    if (parcel_blob_unpack(blob, &data) != PARCEL_OK)
        return false;
    uint32_t computed = parcel_adler32(data, blob->unpacked);
    for (unsigned i = 0; i < digest->length; i++)
        stored = stored << 8 | digest->bytes[i];
    free(data);
    return digest->length == 4 && stored == computed;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc != 1) {
        fprintf(stderr, "usage: parcel-sum < FILE\n");
        return 2;
    }

    size_t size = 0;
    uint8_t *data = slurp(stdin, &size);
    if (!data) {
        fprintf(stderr, "parcel-sum: cannot read standard input\n");
        return 2;
    }

    struct parcel_archive archive;
    enum parcel_status status = parcel_open(&archive, data, size);
    free(data);
    if (status != PARCEL_OK) {
        fprintf(stderr, "parcel-sum: %s\n", parcel_status_text(status));
        return 1;
    }

    int failures = 0;
    for (const struct parcel_digest *digest = archive.digests; digest; digest = digest->next) {
        const struct parcel_blob *blob = blob_of(&archive, digest->owner);
        const char *remark = "not checked";
        if (blob && digest->algorithm == ALGORITHM_ADLER32) {
            bool good = matches(blob, digest);
            remark = good ? "OK" : "FAILED";
            failures += !good;
        }
        show_digest(digest, remark);
    }
    parcel_close(&archive);
    return failures ? 1 : 0;
}
