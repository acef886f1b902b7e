/* parcel-info: lists what an archive holds.
 * SPDX-License-Identifier: Apache-2.0 */
#include "parcel/parcel.h"
#include "slurp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void show_entries(const struct parcel_archive *archive)
{
    for (const struct parcel_entry *entry = archive->entries; entry; entry = entry->next) {
        char path[PARCEL_PATH_MAX], date[PARCEL_DATE_SIZE];
        parcel_entry_path(archive, entry, path, sizeof path);
        parcel_date_text(entry->date, date);
        printf("%3u  %s  %s\n", entry->id, date, path);
    }
}

static void show_link(const struct parcel_archive *archive, const struct parcel_link *link)
{
    const struct parcel_entry *from = parcel_entry_find(archive, link->from);
    const struct parcel_entry *to = parcel_entry_find(archive, link->to);

    if (!from) {
        printf("link from unknown entry %u\n", link->from);
        return;
    }
    bool newer = to->date > from->date;
    printf("link %s -> %s%s\n", from->name, to->name, newer ? " (newer)" : "");
}

static void show_details(const struct parcel_archive *archive)
{
    for (const struct parcel_blob *blob = archive->blobs; blob; blob = blob->next)
        printf("blob of %u: %u bytes in %u\n", blob->owner, blob->unpacked, blob->stored);
    for (const struct parcel_grid *grid = archive->grids; grid; grid = grid->next)
        printf("grid of %u: %u x %u, %u channel(s), sum %u\n", grid->owner, grid->width, grid->rows, grid->channels, grid->sum);
    for (const struct parcel_note *note = archive->notes; note; note = note->next)
        printf("note on %u: %s\n", note->owner, note->text);
    for (const struct parcel_property *property = archive->properties; property; property = property->next)
        printf("%s = %s\n", property->key, property->value);
}

int main(int argc, char **argv)
{
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    if (argc != (verbose ? 3 : 2) || strcmp(argv[1], "--help") == 0) {
        fprintf(stderr, "usage: parcel-info [-v] FILE\n");
        return 2;
    }

    const char *name = argv[argc - 1];
    FILE *file = fopen(name, "rb");
    size_t size = 0;
    uint8_t *data = file ? slurp(file, &size) : NULL;
    if (file)
        fclose(file);
    if (!data) {
        fprintf(stderr, "parcel-info: cannot read %s\n", name);
        return 2;
    }

    struct parcel_archive archive;
    enum parcel_status status = parcel_open(&archive, data, size);
    free(data);
    if (status != PARCEL_OK) {
        fprintf(stderr, "parcel-info: %s: %s\n", name, parcel_status_text(status));
        return 1;
    }
    const char *title = parcel_property_get(&archive, "title");
    printf("%s, %u record(s)\n", title ? title : "untitled", archive.records);
    show_entries(&archive);
    for (const struct parcel_link *link = archive.links; link; link = link->next)
        show_link(&archive, link);
    if (verbose)
        show_details(&archive);
    parcel_close(&archive);
    return 0;
}
