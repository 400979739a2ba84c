/*
 * HMAC-SHA-256 (RFC 2104), and what is made with it: the digest of a command as received, and hashed search terms.
 *
 * The digest stands in every envelope and is compared when a command id comes again: another body under the same key is
 * refused. It is keyed, since a plain hash of a body with few possible contents would tell the content. Pure; any
 * thread.
 */
#ifndef WB_SEAL_DIGEST_H
#define WB_SEAL_DIGEST_H
#include "base/bytes.h"
#include "base/err.h"
#include "seal/keys.h"

#define WB_HMAC_BYTES 32

/* HMAC-SHA-256 of the parts one behind the other; a key of any length. */
void wb_hmac(struct wb_bytes key, const struct wb_bytes *parts, size_t n, uint8_t ret[static WB_HMAC_BYTES]);
/* The digest of a command: operation, who sent it and the body, each with its length in front, under the tenant's key
 * (subject zero in the keyring). */
void wb_command_digest(const uint8_t tenant_key[static WB_KEY32_BYTES], const char *operation,
        struct wb_bytes principal, struct wb_bytes body, uint8_t ret[static WB_HMAC_BYTES]);
/* A search term as it stands on the disk. The term comes folded (case, width); the key used is derived from the
 * tenant's, so that equal terms of two tenants differ. */
void wb_search_term(
        const uint8_t tenant_key[static WB_KEY32_BYTES], struct wb_bytes term, uint8_t ret[static WB_HMAC_BYTES]);
/* Equal, in constant time. */
bool wb_digest_equal(const uint8_t a[static WB_HMAC_BYTES], const uint8_t b[static WB_HMAC_BYTES]);
#endif
