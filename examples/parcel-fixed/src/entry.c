/* Entries, their paths and dates, and links between them.
 * SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

enum parcel_status parcel_read_entry(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t id, parent, length;
    uint16_t date;
    const uint8_t *name;

    if (!cursor_u8(&payload, &id) || !cursor_u8(&payload, &parent) || !cursor_u16(&payload, &date))
        return PARCEL_TRUNCATED;
    if (!cursor_u8(&payload, &length) || !cursor_bytes(&payload, length, &name))
        return PARCEL_TRUNCATED;
    if (id == 0 || length == 0 || parcel_entry_find(archive, id))
        return PARCEL_MALFORMED;
    if (parent != 0 && !parcel_entry_find(archive, parent)) /* parents come first, so that no entry is above itself */
        return PARCEL_MALFORMED;
    if (length > PARCEL_NAME_MAX)
        return PARCEL_TOO_LARGE;

    struct parcel_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return PARCEL_NO_MEMORY;
    entry->id = id;
    entry->parent = parent;
    entry->date = date;
    memcpy(entry->name, name, length);
    entry->next = archive->entries;
    archive->entries = entry;
    return PARCEL_OK;
}

enum parcel_status parcel_read_link(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t from, to;

    if (!cursor_u8(&payload, &from) || !cursor_u8(&payload, &to))
        return PARCEL_TRUNCATED;

    struct parcel_link *link = calloc(1, sizeof *link);
    if (!link)
        return PARCEL_NO_MEMORY;
    link->from = from;
    link->to = to;
    link->next = archive->links;
    archive->links = link;
    return PARCEL_OK;
}

const struct parcel_entry *parcel_entry_find(const struct parcel_archive *archive, uint8_t id)
{
    const struct parcel_entry *entry = archive->entries;

    while (entry && entry->id != id)
        entry = entry->next;
    return entry;
}

size_t parcel_entry_path(const struct parcel_archive *archive, const struct parcel_entry *entry, char *path, size_t size)
{
    const struct parcel_entry *parent = entry->parent ? parcel_entry_find(archive, entry->parent) : NULL;
    size_t used = 0;

    if (parent) {
        used = parcel_entry_path(archive, parent, path, size);
        if (used + 1 < size)
            path[used++] = '/';
    }
    int more = snprintf(path + used, size - used, "%s", entry->name);
    used += more > 0 ? (size_t)more : 0;
    return used < size ? used : size - 1;
}

void parcel_date_text(uint16_t date, char text[PARCEL_DATE_SIZE])
{
    unsigned day = date & 31;
    unsigned month = date >> 5 & 15;
    unsigned year = 1980 + (date >> 9);
    char name[4] = "";

    if (month > 0 && month <= 12)
        memcpy(name, months + 3 * (month - 1), 3);
    snprintf(text, PARCEL_DATE_SIZE, "%02u %3s %04u", day, name, year);
}
