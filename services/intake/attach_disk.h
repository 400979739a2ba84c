/* Whole small files, written so that after the return they survive a crash: to a new name, synced, renamed, the folder
 * synced. Any thread. */
#ifndef WB_INTAKE_ATTACH_DISK_H
#define WB_INTAKE_ATTACH_DISK_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

/* Makes a folder unless it is there; its parent is synced. Errors: IO. */
WB_MUST_CHECK enum wb_err attach_disk_folder(const char *path);
/* Errors: IO, FULL. Nothing, or the file as it was before, is left of what failed. */
WB_MUST_CHECK enum wb_err attach_disk_write(const char *path, const uint8_t *data, size_t len);
/* At most max bytes of a file. Errors: NOT_FOUND, LIMIT (it is longer), MEMORY, IO. */
WB_MUST_CHECK enum wb_err attach_disk_read(const char *path, size_t max, struct wb_arena *a, struct wb_bytes *ret);
/* Exactly len bytes from an offset. Errors: NOT_FOUND, CORRUPT (it is shorter), MEMORY, IO. */
WB_MUST_CHECK enum wb_err attach_disk_read_at(
        const char *path, uint64_t from, size_t len, struct wb_arena *a, struct wb_bytes *ret);
/* Removes a folder with the files in it. */
void attach_disk_remove_folder(const char *path);
#endif
