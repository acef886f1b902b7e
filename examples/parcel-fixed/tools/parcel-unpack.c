/* parcel-unpack: writes the contents of all entries, one after the other, into one file.
 * SPDX-License-Identifier: Apache-2.0 */
#include "parcel/parcel.h"
#include "slurp.h"

#include <stdlib.h>
#include <string.h>

static enum parcel_status write_blob(const struct parcel_archive *archive, const struct parcel_blob *blob, FILE *out)
{
    const struct parcel_entry *owner = parcel_entry_find(archive, blob->owner);
    char path[PARCEL_PATH_MAX] = "(no name)";
    uint8_t *data;

    enum parcel_status status = parcel_blob_unpack(blob, &data);
    if (status != PARCEL_OK)
        return status;
    if (owner)
        parcel_entry_path(archive, owner, path, sizeof path);
    fprintf(out, "== %s %u\n", path, blob->unpacked);
    fwrite(data, 1, blob->unpacked, out);
    fputc('\n', out);
    free(data);
    return PARCEL_OK;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: parcel-unpack FILE OUTPUT\n");
        return 2;
    }

    FILE *file = fopen(argv[1], "rb");
    size_t size = 0;
    uint8_t *data = file ? slurp(file, &size) : NULL;
    if (file)
        fclose(file);
    if (!data) {
        fprintf(stderr, "parcel-unpack: cannot read %s\n", argv[1]);
        return 2;
    }

    struct parcel_archive archive;
    enum parcel_status status = parcel_open(&archive, data, size);
    free(data);
    if (status != PARCEL_OK) {
        fprintf(stderr, "parcel-unpack: %s: %s\n", argv[1], parcel_status_text(status));
        return 1;
    }

    FILE *out = fopen(argv[2], "wb");
    if (!out) {
        fprintf(stderr, "parcel-unpack: cannot write %s\n", argv[2]);
        parcel_close(&archive);
        return 2;
    }
    int failures = 0;
    for (const struct parcel_blob *blob = archive.blobs; blob; blob = blob->next) {
        status = write_blob(&archive, blob, out);
        if (status != PARCEL_OK) {
            fprintf(stderr, "parcel-unpack: entry %u: %s\n", blob->owner, parcel_status_text(status));
            failures++;
        }
    }
    if (fclose(out) != 0)
        failures++;
    parcel_close(&archive);
    return failures ? 1 : 0;
}
