/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

bool cursor_bytes(struct cursor *cursor, size_t count, const uint8_t **bytes)
{
    if (cursor->left < count)
        return false;
    *bytes = cursor->at;
    cursor->at += count;
    cursor->left -= count;
    return true;
}

bool cursor_u8(struct cursor *cursor, uint8_t *value)
{
    const uint8_t *bytes;
    if (!cursor_bytes(cursor, 1, &bytes))
        return false;
    *value = bytes[0];
    return true;
}

bool cursor_u16(struct cursor *cursor, uint16_t *value)
{
    const uint8_t *bytes;
    if (!cursor_bytes(cursor, 2, &bytes))
        return false;
    *value = (uint16_t)(bytes[0] | bytes[1] << 8);
    return true;
}

bool cursor_u32(struct cursor *cursor, uint32_t *value)
{
    const uint8_t *bytes;
    if (!cursor_bytes(cursor, 4, &bytes))
        return false;
    *value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    return true;
}
