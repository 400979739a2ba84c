/*
 * Commitments: what was shown and signed is bound without being told (law 13). SHA-256 over a nonce of 32 random bytes
 * and the bytes shown; without the nonce nobody can guess the content and compare. The nonce is made where the thing is
 * shown, offline too, and kept as a Personal field (64 hex digits), so that an erasure takes it away.
 * The nonce has one length, so nonce and content cannot be shifted against each other. Pure; any thread.
 */
#ifndef WB_SEAL_COMMIT_H
#define WB_SEAL_COMMIT_H
#include "base/bytes.h"

#define WB_COMMIT_NONCE_BYTES 32
#define WB_COMMIT_BYTES 32

/* The commitment to the bytes shown. */
void wb_commit(
        const uint8_t nonce[static WB_COMMIT_NONCE_BYTES], struct wb_bytes shown, uint8_t ret[static WB_COMMIT_BYTES]);
/* Whether commitment is that of nonce and shown; compares in constant time. */
bool wb_commit_holds(const uint8_t nonce[static WB_COMMIT_NONCE_BYTES], struct wb_bytes shown,
        const uint8_t commitment[static WB_COMMIT_BYTES]);
/* Reads a nonce as it stands in a Personal field: exactly 64 hex digits. False on anything else, NULL included. */
bool wb_commit_nonce_read(const char *hex, uint8_t ret_nonce[static WB_COMMIT_NONCE_BYTES]);
#endif
