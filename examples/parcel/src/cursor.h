/* Bounds-checked little-endian reading.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PARCEL_CURSOR_H
#define PARCEL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cursor {
    const uint8_t *at;
    size_t left;
};

/* Each returns false, and moves nothing, when too few bytes are left. */
bool cursor_u8(struct cursor *cursor, uint8_t *value);
bool cursor_u16(struct cursor *cursor, uint16_t *value);
bool cursor_u32(struct cursor *cursor, uint32_t *value);
bool cursor_bytes(struct cursor *cursor, size_t count, const uint8_t **bytes);

#endif
