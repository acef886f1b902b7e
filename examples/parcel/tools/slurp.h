/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARCEL_SLURP_H
#define PARCEL_SLURP_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SLURP_MAX (1u << 20)

/* Reads a stream to its end, at most SLURP_MAX bytes; NULL on failure. The caller frees the result. */
uint8_t *slurp(FILE *stream, size_t *size);

#endif
