/* parcel: small archives of entries, notes, properties and grids.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PARCEL_PARCEL_H
#define PARCEL_PARCEL_H

#include <stddef.h>
#include <stdint.h>

#define PARCEL_VERSION 1
#define PARCEL_NAME_MAX 64      /* bytes in an entry's name */
#define PARCEL_PATH_MAX 512     /* bytes in a path, with its NUL */
#define PARCEL_NOTE_MAX 4096    /* bytes in a note, with its NUL */
#define PARCEL_VALUE_MAX 16384 /* bytes in a property's value */
#define PARCEL_DIGEST_MAX 64    /* bytes in a digest */
#define PARCEL_DATE_SIZE 12     /* "DD Mon YYYY" and a NUL */

enum parcel_status {
    PARCEL_OK = 0,
    PARCEL_TRUNCATED, /* the data ends inside a header or a record */
    PARCEL_MALFORMED, /* a field has a value that the format forbids */
    PARCEL_TOO_LARGE, /* a size is above the library's limits */
    PARCEL_NO_MEMORY
};

enum parcel_kind {
    PARCEL_KIND_ENTRY = 'E',
    PARCEL_KIND_BLOB = 'B',
    PARCEL_KIND_NOTE = 'N',
    PARCEL_KIND_PROPERTY = 'P',
    PARCEL_KIND_CONTINUE = 'C',
    PARCEL_KIND_ERASE = 'X',
    PARCEL_KIND_GRID = 'G',
    PARCEL_KIND_LINK = 'L',
    PARCEL_KIND_DIGEST = 'D'
};

enum parcel_coding { PARCEL_CODING_RAW = 0, PARCEL_CODING_RUNS = 1 };

struct parcel_entry {
    struct parcel_entry *next;
    uint8_t id;     /* 1 to 255 */
    uint8_t parent; /* 0: top level */
    uint16_t date;  /* years since 1980 : 7, month : 4, day : 5 */
    char name[PARCEL_NAME_MAX + 1];
};

struct parcel_blob {
    struct parcel_blob *next;
    uint8_t owner;
    uint8_t coding;
    uint16_t unpacked; /* size after decoding */
    uint16_t stored;   /* size of data */
    uint8_t *data;
};

struct parcel_note {
    struct parcel_note *next;
    uint8_t owner;
    char *text;
};

struct parcel_property {
    struct parcel_property *next;
    char *key;
    size_t length;
    char *value;
};

struct parcel_grid {
    struct parcel_grid *next;
    uint8_t owner;
    uint8_t channels;
    uint16_t width;
    uint32_t rows;
    uint32_t sum; /* of all samples */
};

struct parcel_link {
    struct parcel_link *next;
    uint8_t from;
    uint8_t to;
};

struct parcel_digest {
    struct parcel_digest *next;
    uint8_t owner;
    uint8_t algorithm;
    uint8_t length;
    uint8_t bytes[PARCEL_DIGEST_MAX];
};

struct parcel_archive {
    unsigned records;
    struct parcel_entry *entries;
    struct parcel_blob *blobs;
    struct parcel_note *notes;
    struct parcel_property *properties;
    struct parcel_property *latest; /* where continuations go */
    struct parcel_grid *grids;
    struct parcel_link *links;
    struct parcel_digest *digests;
};

/* Reads a whole archive. On failure *archive is left empty. Free with parcel_close(). */
enum parcel_status parcel_open(struct parcel_archive *archive, const uint8_t *data, size_t size);
void parcel_close(struct parcel_archive *archive);

/* What a status means, for people. */
const char *parcel_status_text(enum parcel_status status);

/* The entry with that id, or NULL. */
const struct parcel_entry *parcel_entry_find(const struct parcel_archive *archive, uint8_t id);

/* Writes "parent/child" into path, cut off at size - 1 characters, and returns the length. */
size_t parcel_entry_path(const struct parcel_archive *archive, const struct parcel_entry *entry, char *path, size_t size);

/* Writes "DD Mon YYYY" into text. */
void parcel_date_text(uint16_t date, char text[PARCEL_DATE_SIZE]);

/* Decodes a blob into fresh memory of blob->unpacked bytes; the caller frees *out. */
enum parcel_status parcel_blob_unpack(const struct parcel_blob *blob, uint8_t **out);

/* Adler-32 (RFC 1950). */
uint32_t parcel_adler32(const uint8_t *data, size_t size);

/* The value of a property, or NULL. */
const char *parcel_property_get(const struct parcel_archive *archive, const char *key);

#endif
