/*
 * Files of attachments in the service's private folder, off the log.
 *
 *   files/<sha256>            a sealed file, named by what it holds; synced before an event names it
 *   uploads/<tenant>.<id>/    the parts of an upload under way, each sealed under a key of this folder, and «sealed»:
 * the name of the file that finishing it made master.key                what the parts' keys are made from; without it
 * uploads under way are lost, files are not
 *
 * A sealed file is "WBFILE1\n" and then, for each 512 KiB of the content, its XChaCha20-Poly1305 ciphertext under the
 * file's own random key; the nonce is the part's number, the associated data number and whole size: parts can be read
 * alone, but neither swapped nor cut off. Two uploads of the same content give different files.
 *
 * A crash leaves at most an upload's folder, or a file that its «sealed» names: swept with the upload.
 * Threads: all functions may run on the worker while the loop runs others, never two of one upload (turns see to it).
 */
#ifndef WB_INTAKE_ATTACH_STORE_H
#define WB_INTAKE_ATTACH_STORE_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/id.h"
#include "services/intake/attach_kind.h"

#define ATTACH_KEY_BYTES 32
#define ATTACH_SHA_BYTES 32
#define ATTACH_TYPE_BYTES 80

struct attach_store;
/* Opens or makes it in dir; NULL when it cannot be made, or the kinds of files cannot be told (libmagic). */
struct attach_store *attach_store_open(const char *dir);
void attach_store_close(struct attach_store *s); /* NULL is fine */

/* ---- uploads under way ---- */

/* Seals and syncs one part; one that is there already is replaced. Errors: IO, FULL, CRYPTO. */
WB_MUST_CHECK enum wb_err attach_put_part(
        struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part, struct wb_bytes data);
bool attach_has_part(const struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t part);

struct attach_sealed {
	bool complete;                /* all parts were there and whole */
	bool media_known;             /* its kind is taken for that purpose */
	char type[ATTACH_TYPE_BYTES]; /* as sniffed */
	uint8_t sha256[ATTACH_SHA_BYTES];
	uint8_t key[ATTACH_KEY_BYTES];
};
/* Makes the sealed file of an upload of size bytes. Errors: MEMORY, IO, FULL, CRYPTO; not complete or of a kind that is
 * not taken: WB_OK, and nothing was written. */
WB_MUST_CHECK enum wb_err attach_seal(struct attach_store *s, const char *tenant, struct wb_id upload, uint32_t size,
        const char *purpose, struct attach_sealed *ret);
/* Forgets an upload: its parts, and the file that it was sealed to unless that is kept (NULL: none is). */
void attach_forget(struct attach_store *s, const char *tenant, struct wb_id upload, const uint8_t *kept_sha256);
/* The oldest upload that nobody touched since an instant (microseconds UTC); false: none. */
bool attach_oldest(
        const struct attach_store *s, int64_t before_us, char ret_tenant[static 65], struct wb_id *ret_upload);

/* ---- sealed files ---- */

/* One part's content, in the arena. Errors: NOT_FOUND (the file is gone), CRYPTO (another key, damaged), MEMORY, IO. */
WB_MUST_CHECK enum wb_err attach_read(const struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES],
        const uint8_t key[static ATTACH_KEY_BYTES], uint64_t size, uint32_t part, struct wb_arena *a,
        struct wb_bytes *ret);
/* The whole content. Errors as above. */
WB_MUST_CHECK enum wb_err attach_read_all(const struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES],
        const uint8_t key[static ATTACH_KEY_BYTES], uint64_t size, struct wb_arena *a, struct wb_bytes *ret);
/* Removes a file; nothing happens if it is gone. */
void attach_remove(struct attach_store *s, const uint8_t sha256[static ATTACH_SHA_BYTES]);

#endif
