/* One reader for each kind of record; payload covers exactly the record's data.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef PARCEL_RECORDS_H
#define PARCEL_RECORDS_H

#include "cursor.h"
#include "parcel/parcel.h"

enum parcel_status parcel_read_entry(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_blob(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_note(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_property(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_continue_property(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_erase_property(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_grid(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_link(struct parcel_archive *archive, struct cursor payload);
enum parcel_status parcel_read_digest(struct parcel_archive *archive, struct cursor payload);

#endif
