/*
 * Codes that people read out, type and keep on paper: short codes of links, recovery codes.
 *
 * The alphabet is Crockford's base 32: no I, L, O, U. What is typed is read kindly: small letters, O for 0, I and L for
 * 1, full-width forms (Chinese keyboards), spaces and dashes anywhere. 5 bits a character: a short code has 40 and is
 * safe only where attempts are counted; a recovery code has 80. Recovery codes are kept as keyed hashes: who steals the
 * store without the key learns nothing. Any thread.
 */
#ifndef WB_SEAL_CODE_H
#define WB_SEAL_CODE_H
#include "base/id.h"
#include "seal/keys.h"
#include "seal/random.h"

#define WB_SHORT_CODE_CHARS 8
#define WB_RECOVERY_CODE_CHARS 16
#define WB_RECOVERY_CODE_TEXT_BYTES 20 /* four groups of four with dashes, and the NUL */
#define WB_RECOVERY_HASH_BYTES 32

/* A new short code, e.g. 7K2MX9QF. */
void wb_short_code(struct wb_random random, char ret_code[static WB_SHORT_CODE_CHARS + 1]);
/* What was typed, as it was given out; false if it is no such code. */
bool wb_short_code_read(const char *typed, char ret_code[static WB_SHORT_CODE_CHARS + 1]);

/* A new recovery code, e.g. 7K2M-X9QF-0HRT-55AZ. */
void wb_recovery_code(struct wb_random random, char ret_text[static WB_RECOVERY_CODE_TEXT_BYTES]);
/* The hash to keep of a code of an account; false if typed is no recovery code. key serves recovery codes only. */
bool wb_recovery_hash(const uint8_t key[static WB_KEY32_BYTES], struct wb_id account, const char *typed,
        uint8_t ret_hash[static WB_RECOVERY_HASH_BYTES]);
/* Whether typed is the code behind hash; compares in constant time. Marking it as used is the caller's. */
bool wb_recovery_holds(const uint8_t key[static WB_KEY32_BYTES], struct wb_id account, const char *typed,
        const uint8_t hash[static WB_RECOVERY_HASH_BYTES]);
#endif
