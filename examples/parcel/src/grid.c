/* Grids: rows of samples, such as heights or pixels.
 * SPDX-License-Identifier: Apache-2.0 */
#include "records.h"

#include <stdlib.h>

enum parcel_status parcel_read_grid(struct parcel_archive *archive, struct cursor payload)
{
    uint8_t owner, channels;
    uint16_t width;

    if (!cursor_u8(&payload, &owner) || !cursor_u8(&payload, &channels) || !cursor_u16(&payload, &width))
        return PARCEL_TRUNCATED;
    if (channels == 0 || channels > 4)
        return PARCEL_MALFORMED;

    uint32_t stride = (uint32_t)width * channels;
    uint32_t rows = (uint32_t)payload.left / stride;
    if (payload.left != (size_t)rows * stride)
        return PARCEL_MALFORMED;

    struct parcel_grid *grid = calloc(1, sizeof *grid);
    if (!grid)
        return PARCEL_NO_MEMORY;
    for (size_t i = 0; i < payload.left; i++)
        grid->sum += payload.at[i];
    grid->owner = owner;
    grid->channels = channels;
    grid->width = width;
    grid->rows = rows;
    grid->next = archive->grids;
    archive->grids = grid;
    return PARCEL_OK;
}
