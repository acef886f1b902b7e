/* SPDX-License-Identifier: Apache-2.0 */
#include "slurp.h"

#include <stdlib.h>

uint8_t *slurp(FILE *stream, size_t *size)
{
    size_t room = 4096, used = 0;
    uint8_t *data = malloc(room);

    while (data) {
        used += fread(data + used, 1, room - used, stream);
        if (used < room)
            break;
        if (room >= SLURP_MAX) {
            free(data);
            return NULL;
        }
        room *= 2;
        uint8_t *larger = realloc(data, room);
        if (!larger)
            free(data);
        data = larger;
    }
    if (data && ferror(stream)) {
        free(data);
        return NULL;
    }
    *size = used;
    return data;
}
