/*
 * Signed notes and checkpoints, in the C2SP formats signed-note and tlog-checkpoint (c2sp.org): plain text that others'
 * tools can verify.
 *
 *	<origin>\n<size>\n<base64 root>\n            the text of a checkpoint
 *	\n— <key name> <base64(key id, signature)>\n  a signature line behind it; Ed25519, algorithm byte 1
 *
 * The key name is the origin. The key id is the first four bytes of SHA-256(name | "\n" | 0x01 | public key).
 * Pure; libsodium does the curve.
 */
#ifndef WB_LEDGER_NOTE_H
#define WB_LEDGER_NOTE_H
#include "base/arena.h"
#include "ledger/hash.h"

#define WB_NOTE_SEED_BYTES 32
#define WB_NOTE_PUBLIC_BYTES 32
#define WB_NOTE_BYTES_MAX 4096
#define WB_NOTE_NAME_BYTES_MAX 255

struct wb_note_key {
	uint8_t seed[WB_NOTE_SEED_BYTES]; /* secret */
	uint8_t public_key[WB_NOTE_PUBLIC_BYTES];
};

/* Derives the key pair from its seed. WB_ERR_CRYPTO. */
WB_MUST_CHECK enum wb_err wb_note_key_init(struct wb_note_key *k, const uint8_t seed[static WB_NOTE_SEED_BYTES]);

struct wb_checkpoint {
	const char *origin; /* no white space, no '+', not empty */
	uint64_t size;
	struct wb_hash root;
};

/* The text of a checkpoint, in the arena. WB_ERR_INVALID a bad origin, WB_ERR_MEMORY. */
WB_MUST_CHECK enum wb_err wb_checkpoint_text(
        const struct wb_checkpoint *c, struct wb_arena *a, struct wb_bytes *ret_text);
/* Reads the text of a checkpoint (extension lines are skipped); origin is put into the arena. WB_ERR_INVALID. */
WB_MUST_CHECK enum wb_err wb_checkpoint_parse(struct wb_bytes text, struct wb_arena *a, struct wb_checkpoint *ret);

/* Signs a text (it ends with a newline) under the name; the whole note is put into the arena. */
WB_MUST_CHECK enum wb_err wb_note_sign(const struct wb_note_key *k, const char *name, struct wb_bytes text,
        struct wb_arena *a, struct wb_bytes *ret_note);
/* Checks that the note bears a valid signature of that name and key and gives back its text (a view). Signatures of
 * other keys are passed over. WB_ERR_INVALID malformed, WB_ERR_NOT_FOUND not signed by that key, WB_ERR_DENIED forged.
 */
WB_MUST_CHECK enum wb_err wb_note_verify(const uint8_t public_key[static WB_NOTE_PUBLIC_BYTES], const char *name,
        struct wb_bytes note, struct wb_bytes *ret_text);

/* The verifier key "<name>+<key id>+<base64>", in the arena. */
WB_MUST_CHECK enum wb_err wb_note_vkey(const uint8_t public_key[static WB_NOTE_PUBLIC_BYTES], const char *name,
        struct wb_arena *a, const char **ret_vkey);
/* Takes a verifier key apart; its key id must fit. WB_ERR_INVALID. */
WB_MUST_CHECK enum wb_err wb_note_vkey_parse(const char *vkey, struct wb_arena *a, const char **ret_name,
        uint8_t ret_public_key[static WB_NOTE_PUBLIC_BYTES]);
#endif
