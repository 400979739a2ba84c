/*
 * One-time passwords of an authenticator app: RFC 6238 with HMAC-SHA-1, 6 digits, steps of 30 s, as all apps know it.
 * A code is good in its step and one step to either side; each step is used once (the caller keeps the last one).
 * Pure but for the seed's random source; any thread.
 */
#ifndef WB_SEAL_TOTP_H
#define WB_SEAL_TOTP_H
#include "base/arena.h"
#include "seal/random.h"
#include <stdint.h>

#define WB_TOTP_SEED_BYTES 20
#define WB_TOTP_SEED_TEXT_BYTES 33 /* base32 without padding, and the NUL */
#define WB_TOTP_DIGITS 6
#define WB_TOTP_STEP_S 30

void wb_totp_seed(struct wb_random random, uint8_t ret_seed[static WB_TOTP_SEED_BYTES]);
/* The step of an instant (microseconds since 1970, not before it). */
uint64_t wb_totp_step(int64_t now_us);
/* HOTP (RFC 4226) of the seed, which may have any length, at a step: ret_code is 6 digits and a NUL. */
void wb_totp_code(struct wb_bytes seed, uint64_t step, char ret_code[static WB_TOTP_DIGITS + 1]);
/*
 * Whether code is that of now, of the step before or of the one after, and of a later step than last_step (0: none was
 * used yet); ret_step: which one, to be kept as the next last_step. Spaces in code are skipped.
 */
bool wb_totp_holds(struct wb_bytes seed, int64_t now_us, uint64_t last_step, const char *code, uint64_t *ret_step);
/* The seed as people type it: RFC 4648 base32 in capitals, without padding. */
void wb_totp_seed_text(const uint8_t seed[static WB_TOTP_SEED_BYTES], char ret_text[static WB_TOTP_SEED_TEXT_BYTES]);
/* otpauth://totp/issuer:account?… for a QR code, percent-encoded, in the arena; NULL when that is full. */
char *wb_totp_uri(
        struct wb_arena *a, const char *issuer, const char *account, const uint8_t seed[static WB_TOTP_SEED_BYTES]);
#endif
