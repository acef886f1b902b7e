/* Fuzz target for libFuzzer: reads an archive and walks what it holds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "parcel/parcel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct parcel_archive archive;

    if (parcel_open(&archive, data, size) != PARCEL_OK)
        return 0;
    for (const struct parcel_entry *entry = archive.entries; entry; entry = entry->next) {
        char path[PARCEL_PATH_MAX], date[PARCEL_DATE_SIZE];
        parcel_entry_path(&archive, entry, path, sizeof path);
        parcel_date_text(entry->date, date);
    }
    for (const struct parcel_blob *blob = archive.blobs; blob; blob = blob->next) {
        uint8_t *out;
        if (parcel_blob_unpack(blob, &out) == PARCEL_OK)
            free(out);
    }
    parcel_property_get(&archive, "title");
    parcel_close(&archive);
    return 0;
}
