/* Notes and properties.
 * SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <stdlib.h>
#include <string.h>

enum parcel_status parcel_read_note(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t owner;
    uint32_t declared;

    if (!cursor_u8(&payload, &owner) || !cursor_u32(&payload, &declared))
        return PARCEL_TRUNCATED;

    /* The text may be stored without its trailing blanks; declared counts them. */
    if (declared >= PARCEL_NOTE_MAX)
        return PARCEL_TOO_LARGE;
    if (payload.left > declared)
        return PARCEL_MALFORMED;

    struct parcel_note *note = calloc(1, sizeof *note);
    if (!note)
        return PARCEL_NO_MEMORY;
    note->text = malloc((size_t)declared + 1);
    if (!note->text) {
        free(note);
        return PARCEL_NO_MEMORY;
    }
    memcpy(note->text, payload.at, payload.left);
    memset(note->text + payload.left, ' ', declared - payload.left);
    note->text[declared] = '\0';
    note->owner = owner;
    note->next = archive->notes;
    archive->notes = note;
    return PARCEL_OK;
}

static char *copy_text(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length + 1);

    if (text) {
        memcpy(text, bytes, length);
        text[length] = '\0';
    }
    return text;
}

enum parcel_status parcel_read_property(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t length;
    const uint8_t *key;

    if (!cursor_u8(&payload, &length) || !cursor_bytes(&payload, length, &key))
        return PARCEL_TRUNCATED;
    if (length == 0)
        return PARCEL_MALFORMED;
    if (payload.left > PARCEL_VALUE_MAX)
        return PARCEL_TOO_LARGE;

    struct parcel_property *property = calloc(1, sizeof *property);
    if (!property)
        return PARCEL_NO_MEMORY;
    property->key = copy_text(key, length);
    property->value = copy_text(payload.at, payload.left);
    property->length = payload.left;
    if (!property->key || !property->value) {
        free(property->key);
        free(property->value);
        free(property);
        return PARCEL_NO_MEMORY;
    }
    property->next = archive->properties;
    archive->properties = property;
    archive->latest = property;
    return PARCEL_OK;
}

/* Writers with little memory spread a value over several records. */
enum parcel_status parcel_continue_property(struct parcel_archive *archive, struct cursor payload)
{
    struct parcel_property *property = archive->latest;

    if (!property)
        return PARCEL_MALFORMED;
    if (property->length + payload.left > PARCEL_VALUE_MAX)
        return PARCEL_TOO_LARGE;
    char *value = realloc(property->value, property->length + payload.left + 1);
    if (!value)
        return PARCEL_NO_MEMORY;
    memcpy(value + property->length, payload.at, payload.left);
    property->value = value;
    property->length += payload.left;
    property->value[property->length] = '\0';
    return PARCEL_OK;
}

/* Later parts of an archive may take back what earlier ones set. */
enum parcel_status parcel_erase_property(struct parcel_archive *archive, struct cursor payload)
{
    struct parcel_property **link = &archive->properties;

    while (*link) {
        struct parcel_property *property = *link;
        if (strlen(property->key) == payload.left && memcmp(property->key, payload.at, payload.left) == 0) {
            *link = property->next;
            if (archive->latest == property)
                archive->latest = NULL;
            free(property->key);
            free(property->value);
            free(property);
            return PARCEL_OK;
        }
        link = &property->next;
    }
    return PARCEL_OK;
}

const char *parcel_property_get(const struct parcel_archive *archive, const char *key)
{
    for (const struct parcel_property *property = archive->properties; property; property = property->next)
        if (strcmp(property->key, key) == 0)
            return property->value;
    return NULL;
}
