/* What goes out and comes back: links, short codes, position tokens. All of it may have been changed on the way. */
#include "base/clock.h"
#include "seal/code.h"
#include "seal/link.h"
#include "seal/token.h"
#include "seal_seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t key[32] = {9, 8, 7}, other_key[32] = {9, 8, 6};
static const int64_t now_us = INT64_C(1790000000) * WB_SECOND_US;
static const char url_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static struct wb_link confirm_visit(void)
{
	struct wb_link l = {.purpose = "confirm", .tenant = "chaoyang", .id = {{0xde, 0xad}}, .round = 3};
	l.expires_us = now_us + 7 * WB_DAY_US + 1;
	return l;
}

static enum wb_err open_at(const char *text, int64_t at_us)
{
	struct wb_link l;
	return wb_link_open(text, "confirm", key, at_us, &l);
}

static void a_link_comes_back_as_it_was(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES];
	struct wb_link made = confirm_visit(), l;
	assert_int_equal(wb_link_text(&made, key, text), WB_OK);
	assert_int_equal(strspn(text, url_alphabet), strlen(text));
	assert_in_range(strlen(text), 1, 90);
	assert_int_equal(wb_link_open(text, "confirm", key, now_us, &l), WB_OK);
	assert_string_equal(l.purpose, "confirm");
	assert_string_equal(l.tenant, "chaoyang");
	assert_true(wb_id_equal(l.id, made.id));
	assert_int_equal(l.round, 3);
	assert_true(l.expires_us == now_us + 7 * WB_DAY_US);
}

static void the_longest_link_fits(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES];
	struct wb_link made = {.round = UINT32_MAX}, l;
	memset(made.purpose, 'p', WB_LINK_PURPOSE_CHARS_MAX);
	memset(made.tenant, 't', WB_LINK_TENANT_CHARS_MAX);
	made.expires_us = ((INT64_C(1) << 40) - 1) * WB_SECOND_US;
	assert_int_equal(wb_link_text(&made, key, text), WB_OK);
	assert_int_equal(strlen(text), WB_LINK_TEXT_BYTES - 1);
	assert_int_equal(wb_link_open(text, made.purpose, key, now_us, &l), WB_OK);
	assert_string_equal(l.tenant, made.tenant);
	assert_true(l.expires_us == made.expires_us);
	made.expires_us += WB_SECOND_US;
	assert_int_equal(wb_link_text(&made, key, text), WB_ERR_INVALID);
}

static void what_is_no_link_is_not_made(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES];
	struct wb_link l = confirm_visit();
	l.purpose[0] = '\0';
	assert_int_equal(wb_link_text(&l, key, text), WB_ERR_INVALID);
	l = confirm_visit();
	l.tenant[0] = '\0';
	assert_int_equal(wb_link_text(&l, key, text), WB_ERR_INVALID);
	l = confirm_visit();
	memset(l.tenant, 't', sizeof l.tenant);
	assert_int_equal(wb_link_text(&l, key, text), WB_ERR_INVALID);
	l = confirm_visit();
	l.expires_us = -1;
	assert_int_equal(wb_link_text(&l, key, text), WB_ERR_INVALID);
}

static void a_link_ends_after_its_expiry(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES];
	struct wb_link l = confirm_visit();
	l.expires_us = now_us;
	assert_int_equal(wb_link_text(&l, key, text), WB_OK);
	assert_int_equal(open_at(text, now_us - 1), WB_OK);
	assert_int_equal(open_at(text, now_us), WB_OK);
	assert_int_equal(open_at(text, now_us + 1), WB_ERR_TIMEOUT);
}

static void a_link_is_good_for_one_purpose_and_key(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES];
	struct wb_link l = confirm_visit(), got;
	assert_int_equal(wb_link_text(&l, key, text), WB_OK);
	assert_int_equal(wb_link_open(text, "sign", key, now_us, &got), WB_ERR_MISMATCH);
	assert_int_equal(wb_link_open(text, "confirm", other_key, now_us, &got), WB_ERR_CRYPTO);
	/* nothing is said about an expired one of another key */
	assert_int_equal(wb_link_open(text, "confirm", other_key, now_us + 8 * WB_DAY_US, &got), WB_ERR_CRYPTO);
}

static void no_character_of_a_link_may_change(void **state)
{
	(void)state;
	char text[WB_LINK_TEXT_BYTES + 2];
	struct wb_link l = confirm_visit();
	assert_int_equal(wb_link_text(&l, key, text), WB_OK);
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++) {
		char was = text[i];
		for (const char *c = url_alphabet; *c; c++) {
			text[i] = *c;
			assert_int_equal(open_at(text, now_us), *c == was ? WB_OK : WB_ERR_CRYPTO);
		}
		text[i] = was;
	}
	for (size_t i = 0; i < n; i++) {
		char was = text[i];
		text[i] = '\0';
		assert_int_equal(open_at(text, now_us), WB_ERR_CRYPTO);
		text[i] = was;
	}
	memcpy(text + n, "A", 2);
	assert_int_equal(open_at(text, now_us), WB_ERR_CRYPTO);
	memcpy(text + n, "=", 2);
	assert_int_equal(open_at(text, now_us), WB_ERR_CRYPTO);
	assert_int_equal(open_at("", now_us), WB_ERR_CRYPTO);
	assert_int_equal(open_at("not a link", now_us), WB_ERR_CRYPTO);
	assert_int_equal(open_at(NULL, now_us), WB_ERR_CRYPTO);
}

static void a_refused_link_writes_nothing(void **state)
{
	(void)state;
	struct wb_link l = {.round = 77};
	assert_int_equal(wb_link_open("AAAA", "confirm", key, now_us, &l), WB_ERR_CRYPTO);
	assert_int_equal(l.round, 77);
}

/* ---- short codes ---- */

static void a_short_code_is_read_kindly(void **state)
{
	(void)state;
	char code[WB_SHORT_CODE_CHARS + 1];
	assert_true(wb_short_code_read("7k2m-x9qf", code));
	assert_string_equal(code, "7K2MX9QF");
	assert_true(wb_short_code_read(" 7K2M X9QF ", code));
	assert_string_equal(code, "7K2MX9QF");
	assert_true(wb_short_code_read("oOiIlL01", code));
	assert_string_equal(code, "00111101");
	assert_true(wb_short_code_read("７ｋ２Ｍ－ｘ９　ＱF", code));
	assert_string_equal(code, "7K2MX9QF");
}

static void what_is_no_code_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "7K2MX9Q", "7K2MX9QFF", "7K2MX9QU", "7K2MX9Q!", "七K2MX9QF", "\xef\xbc",
	        "7K2MX9Q\xef", "7K2MX9Q\xef\xbd\xbf"};
	char code[WB_SHORT_CODE_CHARS + 1] = "same";
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(wb_short_code_read(bad[i], code));
	assert_false(wb_short_code_read(NULL, code));
	assert_string_equal(code, "same");
}

static void codes_use_the_whole_alphabet_and_nothing_else(void **state)
{
	(void)state;
	uint64_t seed = 42;
	unsigned seen[128] = {0}, kinds = 0;
	char code[WB_SHORT_CODE_CHARS + 1], read[WB_SHORT_CODE_CHARS + 1];
	for (unsigned i = 0; i < 400; i++) {
		wb_short_code(seed_random(&seed), code);
		assert_true(wb_short_code_read(code, read));
		assert_string_equal(code, read);
		for (const char *c = code; *c; c++)
			seen[(unsigned char)*c]++;
	}
	for (size_t c = 0; c < 128; c++) {
		kinds += seen[c] > 0;
		assert_true(seen[c] < 200); /* 100 are to be expected */
	}
	assert_int_equal(kinds, 32);
	assert_int_equal(seen['I'] + seen['L'] + seen['O'] + seen['U'], 0);
}

static void the_machines_source_gives_fresh_codes(void **state)
{
	(void)state;
	char a[WB_SHORT_CODE_CHARS + 1], b[WB_SHORT_CODE_CHARS + 1];
	unsigned same = 0;
	for (unsigned i = 0; i < 8; i++) {
		wb_short_code(wb_random_system(), a);
		wb_short_code(wb_random_system(), b);
		same += strcmp(a, b) == 0;
	}
	assert_int_equal(same, 0);
}

/* ---- position tokens ---- */

static void a_position_comes_back_and_shows_nothing(void **state)
{
	(void)state;
	uint64_t seed = 1;
	char a[WB_POSITION_TOKEN_BYTES], b[WB_POSITION_TOKEN_BYTES];
	const struct wb_log_position made = {{{0xab, 0xcd}}, 4000000000u, UINT64_C(0xfedcba9876543210)};
	struct wb_log_position got;
	wb_position_token(&made, key, seed_random(&seed), a);
	wb_position_token(&made, key, seed_random(&seed), b);
	assert_int_equal(strlen(a), WB_POSITION_TOKEN_BYTES - 1);
	assert_int_equal(strspn(a, url_alphabet), strlen(a));
	assert_string_not_equal(a, b); /* not even that nothing has happened */
	for (unsigned i = 0; i < 2; i++) {
		memset(&got, 0, sizeof got);
		assert_int_equal(wb_position_token_open(i ? b : a, key, &got), WB_OK);
		assert_true(wb_id_equal(got.log_id, made.log_id));
		assert_int_equal(got.incarnation, made.incarnation);
		assert_true(got.position == made.position);
	}
}

static void no_character_of_a_token_may_change(void **state)
{
	(void)state;
	uint64_t seed = 1;
	char text[WB_POSITION_TOKEN_BYTES + 1];
	const struct wb_log_position made = {{{1}}, 2, 3};
	struct wb_log_position got = {{{0}}, 55, 66};
	wb_position_token(&made, key, seed_random(&seed), text);
	assert_int_equal(wb_position_token_open(text, other_key, &got), WB_ERR_CRYPTO);
	for (size_t i = 0; i < WB_POSITION_TOKEN_BYTES - 1; i++) {
		char was = text[i];
		for (const char *c = url_alphabet; *c; c++) {
			text[i] = *c;
			if (*c != was)
				assert_int_equal(wb_position_token_open(text, key, &got), WB_ERR_CRYPTO);
		}
		text[i] = '\0';
		assert_int_equal(wb_position_token_open(text, key, &got), WB_ERR_CRYPTO);
		text[i] = was;
	}
	assert_int_equal(got.incarnation, 55);
	assert_int_equal(wb_position_token_open(text, key, &got), WB_OK);
	memcpy(text + WB_POSITION_TOKEN_BYTES - 1, "A", 2);
	assert_int_equal(wb_position_token_open(text, key, &got), WB_ERR_CRYPTO);
	assert_int_equal(wb_position_token_open("", key, &got), WB_ERR_CRYPTO);
	assert_int_equal(wb_position_token_open(NULL, key, &got), WB_ERR_CRYPTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_link_comes_back_as_it_was),
	        cmocka_unit_test(the_longest_link_fits),
	        cmocka_unit_test(what_is_no_link_is_not_made),
	        cmocka_unit_test(a_link_ends_after_its_expiry),
	        cmocka_unit_test(a_link_is_good_for_one_purpose_and_key),
	        cmocka_unit_test(no_character_of_a_link_may_change),
	        cmocka_unit_test(a_refused_link_writes_nothing),
	        cmocka_unit_test(a_short_code_is_read_kindly),
	        cmocka_unit_test(what_is_no_code_is_refused),
	        cmocka_unit_test(codes_use_the_whole_alphabet_and_nothing_else),
	        cmocka_unit_test(the_machines_source_gives_fresh_codes),
	        cmocka_unit_test(a_position_comes_back_and_shows_nothing),
	        cmocka_unit_test(no_character_of_a_token_may_change),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
