/*
 * Links without sign-in: everything that they grant stands in them, under a MAC; nothing is stored.
 *
 * Text: base64url (RFC 4648, without padding) of version | purpose | tenant | id | round | expiry | MAC, where the MAC
 * is keyed BLAKE2b of 16 bytes over all before it. There is exactly one text for a link: any other spelling of the same
 * bytes is refused. A link is a bearer's: whether it may be used once more is the event's business, not the link's.
 * The key is 32 bytes of a secrets store and serves links only. Pure; any thread.
 */
#ifndef WB_SEAL_LINK_H
#define WB_SEAL_LINK_H
#include "base/err.h"
#include "base/id.h"
#include "seal/keys.h"

#define WB_LINK_PURPOSE_CHARS_MAX 16
#define WB_LINK_TENANT_CHARS_MAX 64
#define WB_LINK_TEXT_BYTES 167 /* of the longest, its NUL included */

struct wb_link {
	char purpose[WB_LINK_PURPOSE_CHARS_MAX + 1]; /* what it is good for, never empty */
	char tenant[WB_LINK_TENANT_CHARS_MAX + 1];   /* never empty */
	struct wb_id id;                             /* of the ticket, visit … that it is about */
	uint32_t round;
	int64_t expires_us; /* since 1970; kept to the second, rounded down */
};

/* The text of a link. ERR_INVALID: purpose or tenant empty, or too long, or the expiry before 1970 or past 2^40 s. */
WB_MUST_CHECK enum wb_err wb_link_text(
        const struct wb_link *link, const uint8_t key[static WB_KEY32_BYTES], char ret_text[static WB_LINK_TEXT_BYTES]);
/*
 * Opens a text that may be anything, for one purpose: a link to confirm a visit does not sign a form.
 * purpose NULL: whichever it says, for who tells the owner of the thing, who compares.
 * ERR_CRYPTO: malformed or not made with this key; ERR_MISMATCH: of another purpose; ERR_TIMEOUT: genuine, but now_us
 * is past its expiry (exactly at it is in time).
 */
WB_MUST_CHECK enum wb_err wb_link_open(const char *text, const char *purpose, const uint8_t key[static WB_KEY32_BYTES],
        int64_t now_us, struct wb_link *ret_link);
#endif
