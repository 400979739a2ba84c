/* Commitments and digests: published vectors, and that nothing can be shifted or guessed. */
#include "seal/commit.h"
#include "seal/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct wb_bytes text(const char *s)
{
	return wb_bytes_str(s);
}

static void expect_hmac(struct wb_bytes key, struct wb_bytes data, const char *wanted)
{
	uint8_t mac[WB_HMAC_BYTES];
	char hex[2 * WB_HMAC_BYTES + 1];
	wb_hmac(key, &data, 1, mac);
	wb_hex(mac, sizeof mac, hex);
	hex[strlen(wanted)] = '\0';
	assert_string_equal(hex, wanted);
	/* the same in two parts */
	struct wb_bytes parts[] = {{data.data, data.len / 3}, {data.data + data.len / 3, data.len - data.len / 3}};
	wb_hmac(key, parts, 2, mac);
	wb_hex(mac, sizeof mac, hex);
	hex[strlen(wanted)] = '\0';
	assert_string_equal(hex, wanted);
}

static void rfc_4231(void **state)
{
	(void)state;
	uint8_t k[131], d[152];
	memset(k, 0x0b, 20);
	expect_hmac((struct wb_bytes){k, 20}, text("Hi There"),
	        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	expect_hmac(text("Jefe"), text("what do ya want for nothing?"),
	        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(k, 0xaa, sizeof k);
	memset(d, 0xdd, 50);
	expect_hmac((struct wb_bytes){k, 20}, (struct wb_bytes){d, 50},
	        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	uint8_t rising[25];
	for (size_t i = 0; i < sizeof rising; i++)
		rising[i] = (uint8_t)(i + 1);
	memset(d, 0xcd, 50);
	expect_hmac((struct wb_bytes){rising, 25}, (struct wb_bytes){d, 50},
	        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
	memset(k, 0x0c, 20);
	expect_hmac((struct wb_bytes){k, 20}, text("Test With Truncation"), "a3b6167473100ee06e0c796c2955552b");
	memset(k, 0xaa, sizeof k);
	expect_hmac((struct wb_bytes){k, sizeof k}, text("Test Using Larger Than Block-Size Key - Hash Key First"),
	        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	expect_hmac((struct wb_bytes){k, sizeof k},
	        text("This is a test using a larger than block-size key and a larger than block-size data. The key "
	             "needs "
	             "to be hashed before being used by the HMAC algorithm."),
	        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

static void digest(const char *operation, const char *principal, const char *body, uint8_t ret[WB_HMAC_BYTES])
{
	uint8_t key[32];
	memset(key, 3, sizeof key);
	wb_command_digest(key, operation, text(principal), text(body), ret);
}

static void a_command_has_one_digest(void **state)
{
	(void)state;
	uint8_t d[7][WB_HMAC_BYTES], key[32], again[WB_HMAC_BYTES];
	digest("ReportFault", "zhang", "body", d[0]);
	digest("ReportFaul", "tzhang", "body", d[1]);
	digest("ReportFault", "zhan", "gbody", d[2]);
	digest("ReportFault", "zhang", "bodx", d[3]);
	digest("ReportFault", "zhang", "", d[4]);
	digest("ReportFault", "", "zhangbody", d[5]);
	memset(key, 4, sizeof key);
	wb_command_digest(key, "ReportFault", text("zhang"), text("body"), d[6]);
	for (size_t i = 0; i < 7; i++)
		for (size_t j = 0; j < i; j++)
			assert_false(wb_digest_equal(d[i], d[j]));
	digest("ReportFault", "zhang", "body", again);
	assert_true(wb_digest_equal(d[0], again));
}

static void a_search_term_is_its_tenants(void **state)
{
	(void)state;
	uint8_t north[32] = {1}, south[32] = {2}, a[WB_HMAC_BYTES], b[WB_HMAC_BYTES], c[WB_HMAC_BYTES];
	wb_search_term(north, text("打印机"), a);
	wb_search_term(south, text("打印机"), b);
	wb_search_term(north, text("打印"), c);
	assert_false(wb_digest_equal(a, b));
	assert_false(wb_digest_equal(a, c));
	wb_search_term(north, text("打印机"), b);
	assert_true(wb_digest_equal(a, b));
	/* not the tenant's key itself: other uses of it tell nothing about terms */
	struct wb_bytes term = text("打印机");
	wb_hmac((struct wb_bytes){north, sizeof north}, &term, 1, b);
	assert_false(wb_digest_equal(a, b));
}

static void a_commitment_binds_what_was_shown(void **state)
{
	(void)state;
	uint8_t nonce[WB_COMMIT_NONCE_BYTES], c[WB_COMMIT_BYTES];
	char hex[2 * WB_COMMIT_BYTES + 1];
	for (size_t i = 0; i < sizeof nonce; i++)
		nonce[i] = (uint8_t)i;
	/* printf of the bytes 00 to 1f and the word, through sha256sum: browsers make the same */
	wb_commit(nonce, text("disk S/N 42"), c);
	wb_hex(c, sizeof c, hex);
	assert_string_equal(hex, "f338da9c5ef171a0cd82fb2961ec0976794b1d7ea1a6ae55a6b44e48abe3c36f");
	assert_true(wb_commit_holds(nonce, text("disk S/N 42"), c));
	assert_false(wb_commit_holds(nonce, text("disk S/N 43"), c));
	assert_false(wb_commit_holds(nonce, text("disk S/N 42 "), c));
	assert_false(wb_commit_holds(nonce, text(""), c));
	nonce[31] ^= 1;
	assert_false(wb_commit_holds(nonce, text("disk S/N 42"), c));
	nonce[31] ^= 1;
	c[0] ^= 0x80;
	assert_false(wb_commit_holds(nonce, text("disk S/N 42"), c));
}

static void a_nonce_is_64_hex_digits(void **state)
{
	(void)state;
	uint8_t nonce[WB_COMMIT_NONCE_BYTES];
	const char *good = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
	assert_true(wb_commit_nonce_read(good, nonce));
	assert_int_equal(nonce[31], 31);
	assert_false(wb_commit_nonce_read(NULL, nonce));
	assert_false(wb_commit_nonce_read("", nonce));
	assert_false(wb_commit_nonce_read(good + 1, nonce));
	assert_false(wb_commit_nonce_read("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0", nonce));
	assert_false(wb_commit_nonce_read("g00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", nonce));
	assert_int_equal(nonce[31], 31);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rfc_4231),
	        cmocka_unit_test(a_command_has_one_digest),
	        cmocka_unit_test(a_search_term_is_its_tenants),
	        cmocka_unit_test(a_commitment_binds_what_was_shown),
	        cmocka_unit_test(a_nonce_is_64_hex_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
