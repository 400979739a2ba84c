#include "seal/password.h"

#include <sodium.h>
#include <string.h>

_Static_assert(WB_PASSWORD_TEXT_BYTES >= crypto_pwhash_STRBYTES, "a hash has its place");

const struct wb_password_cost wb_password_cost_usual = {
        crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE};
const struct wb_password_cost wb_password_cost_least = {crypto_pwhash_OPSLIMIT_MIN, crypto_pwhash_MEMLIMIT_MIN};

static size_t length(const char *password)
{
	return strnlen(password, WB_PASSWORD_BYTES_MAX + 1);
}

enum wb_err wb_password_hash(
        struct wb_password_cost cost, const char *password, char ret_text[static WB_PASSWORD_TEXT_BYTES])
{
	char text[crypto_pwhash_STRBYTES];
	size_t len = length(password);
	if (len > WB_PASSWORD_BYTES_MAX)
		return WB_ERR_LIMIT;
	if (crypto_pwhash_str_alg(text, password, len, cost.passes, cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13) !=
	        0)
		return WB_ERR_MEMORY;
	memcpy(ret_text, text, sizeof text);
	return WB_OK;
}

bool wb_password_holds(struct wb_password_cost cost, const char *text, const char *password)
{
	char unused[WB_PASSWORD_TEXT_BYTES];
	size_t len = length(password);
	if (len > WB_PASSWORD_BYTES_MAX)
		return false;
	if (text)
		return crypto_pwhash_str_verify(text, password, len) == 0;
	enum wb_err err = wb_password_hash(cost, password, unused);
	(void)err; /* only the time counts */
	return false;
}

bool wb_password_is_dated(struct wb_password_cost cost, const char *text)
{
	return crypto_pwhash_str_needs_rehash(text, cost.passes, cost.memory_bytes) != 0;
}
