/*
 * Sealing personal data (law 13): every field of type Personal, wherever it stands in a message.
 *
 * A box is nonce (24 bytes) | XChaCha20-Poly1305(plain, padded). The associated data binds it to tenant, subject and
 * context, so that a box copied elsewhere does not open. Plain text is padded to whole 16 bytes (ISO 7816-4), so that
 * lengths tell less. Source of the idea: crypto shredding; libsodium's AEAD and padding.
 */
#ifndef WB_SEAL_PERSONAL_H
#define WB_SEAL_PERSONAL_H
#include "base/arena.h"
#include "base/id.h"
#include "seal/keys.h"
#include "seal/random.h"
#include "weibao/v1/common.pb-c.h"

#define WB_BOX_NONCE_BYTES 24
#define WB_BOX_TAG_BYTES 16
#define WB_BOX_PAD_BYTES 16

/* Calls visit for each Personal of the message, nested and repeated ones and the message itself included, until it
 * returns false. True if all were visited. */
bool wb_personal_visit(ProtobufCMessage *m, bool (*visit)(void *ctx, Weibao__V1__Personal *p), void *ctx);
/* Whether a plain text is left (the runtime refuses to append it then). */
bool wb_personal_has_plain(const ProtobufCMessage *m);

/* Seals one: plain → box, memory from the arena. key is the subject's (context is applied here). nonce must be fresh.
 * ERR_INVALID: no plain text or no subject; ERR_MEMORY; ERR_CRYPTO. */
WB_MUST_CHECK enum wb_err wb_personal_seal(Weibao__V1__Personal *p, const char *tenant,
        const uint8_t key[static WB_KEY32_BYTES], const uint8_t nonce[static WB_BOX_NONCE_BYTES], struct wb_arena *a);
/* Opens one: box → plain. ERR_INVALID: no box; ERR_CRYPTO: another key, tenant, subject or context, or tampered. */
WB_MUST_CHECK enum wb_err wb_personal_open(
        Weibao__V1__Personal *p, const char *tenant, const uint8_t key[static WB_KEY32_BYTES], struct wb_arena *a);

/* The subjects of one tenant whose keys are to be fetched; each once. Starts zeroed, grows in an arena. */
struct wb_missing_keys {
	struct wb_id *subjects;
	size_t n, capacity;
};

/*
 * Whole messages, with the keys that are known here. What lacks its key is left as it is and its subject listed in
 * missing; the result is then ERR_AGAIN, and the same call may be made again when the keys are there. WB_OK: all done.
 *
 * Sealing: nonces from random. Of a subject that was erased nothing is kept: the text is sealed under a key that is
 * forgotten at once. ERR_INVALID: a text without a subject, or a box that is still to be carried over (from_…).
 */
WB_MUST_CHECK enum wb_err wb_personal_seal_all(ProtobufCMessage *m, const char *tenant, struct wb_keys *keys,
        struct wb_random random, struct wb_arena *a, struct wb_missing_keys *missing);
/* Opening: a box of an erased subject becomes erased = true. ERR_CRYPTO: a box that its key does not open; the message
 * is then opened in part and must not be shown. */
WB_MUST_CHECK enum wb_err wb_personal_open_all(ProtobufCMessage *m, const char *tenant, struct wb_keys *keys,
        struct wb_arena *a, struct wb_missing_keys *missing);
#endif
