/* Passwords, one-time passwords against RFC 4226 and RFC 6238, recovery codes. */
#include "base/clock.h"
#include "seal/code.h"
#include "seal/password.h"
#include "seal/totp.h"
#include "seal_seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const uint8_t rfc_seed[] = "12345678901234567890";
static const struct wb_bytes rfc = {rfc_seed, 20};

static void a_password_holds_against_its_hash(void **state)
{
	(void)state;
	const struct wb_password_cost least = wb_password_cost_least;
	char a[WB_PASSWORD_TEXT_BYTES], b[WB_PASSWORD_TEXT_BYTES];
	assert_int_equal(wb_password_hash(least, "correct 马 battery", a), WB_OK);
	assert_int_equal(wb_password_hash(least, "correct 马 battery", b), WB_OK);
	assert_int_equal(strncmp(a, "$argon2id$", 10), 0);
	assert_string_not_equal(a, b); /* a salt each */
	assert_null(strstr(a, "battery"));
	assert_true(wb_password_holds(least, a, "correct 马 battery"));
	assert_true(wb_password_holds(least, b, "correct 马 battery"));
	assert_false(wb_password_holds(least, a, "correct 马 batterx"));
	assert_false(wb_password_holds(least, a, "correct 马 battery "));
	assert_false(wb_password_holds(least, a, ""));
	assert_false(wb_password_holds(least, NULL, "correct 马 battery"));
	assert_false(wb_password_holds(least, "", ""));
	assert_false(wb_password_holds(least, "correct 马 battery", "correct 马 battery"));
}

static void a_password_has_a_longest(void **state)
{
	(void)state;
	char text[WB_PASSWORD_TEXT_BYTES], long_one[WB_PASSWORD_BYTES_MAX + 2];
	memset(long_one, 'x', sizeof long_one);
	long_one[WB_PASSWORD_BYTES_MAX + 1] = '\0';
	assert_int_equal(wb_password_hash(wb_password_cost_least, long_one, text), WB_ERR_LIMIT);
	long_one[WB_PASSWORD_BYTES_MAX] = '\0';
	assert_int_equal(wb_password_hash(wb_password_cost_least, long_one, text), WB_OK);
	assert_true(wb_password_holds(wb_password_cost_least, text, long_one));
	long_one[WB_PASSWORD_BYTES_MAX] = 'x';
	assert_false(wb_password_holds(wb_password_cost_least, text, long_one));
}

static void an_old_cost_is_noticed(void **state)
{
	(void)state;
	char text[WB_PASSWORD_TEXT_BYTES];
	assert_int_equal(wb_password_hash(wb_password_cost_least, "secret", text), WB_OK);
	assert_false(wb_password_is_dated(wb_password_cost_least, text));
	assert_true(wb_password_is_dated(wb_password_cost_usual, text));
	assert_true(wb_password_is_dated(wb_password_cost_least, "plain"));
	/* still good until then, whatever is usual now */
	assert_true(wb_password_holds(wb_password_cost_usual, text, "secret"));
}

/* ---- one-time passwords ---- */

static void rfc_4226(void **state)
{
	(void)state;
	static const char *const wanted[] = {
	        "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"};
	char code[WB_TOTP_DIGITS + 1];
	for (uint64_t step = 0; step < 10; step++) {
		wb_totp_code(rfc, step, code);
		assert_string_equal(code, wanted[step]);
	}
}

static void rfc_6238(void **state)
{
	(void)state;
	/* appendix B, SHA1, the last six of its eight digits */
	static const struct {
		int64_t unix_s;
		const char *code;
	} rows[] = {{59, "287082"}, {1111111109, "081804"}, {1111111111, "050471"}, {1234567890, "005924"},
	        {2000000000, "279037"}, {20000000000, "353130"}};
	char code[WB_TOTP_DIGITS + 1];
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		wb_totp_code(rfc, wb_totp_step(rows[i].unix_s * WB_SECOND_US), code);
		assert_string_equal(code, rows[i].code);
	}
}

static bool holds(uint64_t made_at, int64_t now_s, uint64_t last, uint64_t *ret)
{
	char code[WB_TOTP_DIGITS + 1];
	wb_totp_code(rfc, made_at, code);
	return wb_totp_holds(rfc, now_s * WB_SECOND_US, last, code, ret);
}

static void a_code_holds_one_step_to_either_side(void **state)
{
	(void)state;
	uint64_t step = 0;
	/* step 1000 begins at 30000 s */
	assert_true(holds(1000, 30000, 0, &step));
	assert_int_equal(step, 1000);
	assert_true(holds(1000, 30029, 0, &step));
	assert_true(holds(1000, 30059, 0, &step));
	assert_int_equal(step, 1000);
	assert_false(holds(1000, 30060, 0, &step));
	assert_true(holds(1000, 29970, 0, &step));
	assert_false(holds(1000, 29969, 0, &step));
}

static void a_code_is_used_once(void **state)
{
	(void)state;
	uint64_t step = 0;
	assert_true(holds(1000, 30000, 999, &step));
	step = 5;
	assert_false(holds(1000, 30000, 1000, &step));
	assert_false(holds(999, 30000, 1000, &step)); /* an earlier one neither */
	assert_int_equal(step, 5);
	assert_true(holds(1001, 30000, 1000, &step));
	assert_int_equal(step, 1001);
}

static void what_is_no_one_time_password_is_refused(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "28708", "2870821", "28708a", "-87082", "287 08"};
	uint64_t step;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(wb_totp_holds(rfc, 59 * WB_SECOND_US, 0, bad[i], &step));
	assert_false(wb_totp_holds(rfc, 59 * WB_SECOND_US, 0, NULL, &step));
	assert_false(wb_totp_holds((struct wb_bytes){rfc_seed, 19}, 59 * WB_SECOND_US, 0, "287082", &step));
	assert_true(wb_totp_holds(rfc, 59 * WB_SECOND_US, 0, "287 082", &step));
}

static void a_seed_as_an_app_takes_it(void **state)
{
	(void)state;
	char text[WB_TOTP_SEED_TEXT_BYTES];
	uint8_t ones[WB_TOTP_SEED_BYTES], seed[WB_TOTP_SEED_BYTES] = {0}, next[WB_TOTP_SEED_BYTES];
	uint64_t state_of_seed = 3;
	struct wb_arena a;
	wb_totp_seed_text(rfc_seed, text);
	assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	memset(ones, 0xff, sizeof ones);
	wb_totp_seed_text(ones, text);
	assert_string_equal(text, "77777777777777777777777777777777");
	wb_arena_init(&a, 4096);
	assert_string_equal(wb_totp_uri(&a, "维保 A/B", "li@x:1", rfc_seed),
	        "otpauth://totp/%E7%BB%B4%E4%BF%9D%20A%2FB:li%40x%3A1?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	        "&issuer=%E7%BB%B4%E4%BF%9D%20A%2FB&algorithm=SHA1&digits=6&period=30");
	wb_arena_done(&a);
	wb_arena_init(&a, 16);
	assert_null(wb_totp_uri(&a, "weibao", "li", rfc_seed));
	wb_arena_done(&a);
	wb_totp_seed(seed_random(&state_of_seed), seed);
	wb_totp_seed(seed_random(&state_of_seed), next);
	assert_memory_not_equal(seed, next, sizeof seed);
}

/* ---- recovery codes ---- */

static void a_recovery_code_holds_for_its_account(void **state)
{
	(void)state;
	const uint8_t key[32] = {1}, other[32] = {2};
	const struct wb_id zhang = {{1}}, li = {{2}};
	uint64_t seed = 8;
	uint8_t hash[WB_RECOVERY_HASH_BYTES];
	char text[WB_RECOVERY_CODE_TEXT_BYTES], next[WB_RECOVERY_CODE_TEXT_BYTES],
	        bare[WB_RECOVERY_CODE_TEXT_BYTES] = "";
	wb_recovery_code(seed_random(&seed), text);
	wb_recovery_code(seed_random(&seed), next);
	assert_int_equal(strlen(text), WB_RECOVERY_CODE_TEXT_BYTES - 1);
	assert_true(text[4] == '-' && text[9] == '-' && text[14] == '-');
	assert_true(wb_recovery_hash(key, zhang, text, hash));
	assert_true(wb_recovery_holds(key, zhang, text, hash));
	assert_false(wb_recovery_holds(key, zhang, next, hash));
	assert_false(wb_recovery_holds(key, li, text, hash));
	assert_false(wb_recovery_holds(other, zhang, text, hash));
	for (size_t i = 0, n = 0; text[i]; i++)
		if (text[i] != '-')
			bare[n++] = (char)(text[i] >= 'A' ? text[i] + ('a' - 'A') : text[i]);
	assert_true(wb_recovery_holds(key, zhang, bare, hash));
	bare[15] = '\0';
	assert_false(wb_recovery_holds(key, zhang, bare, hash));
	assert_false(wb_recovery_holds(key, zhang, "", hash));
	assert_false(wb_recovery_hash(key, zhang, "short", hash));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_password_holds_against_its_hash),
	        cmocka_unit_test(a_password_has_a_longest),
	        cmocka_unit_test(an_old_cost_is_noticed),
	        cmocka_unit_test(rfc_4226),
	        cmocka_unit_test(rfc_6238),
	        cmocka_unit_test(a_code_holds_one_step_to_either_side),
	        cmocka_unit_test(a_code_is_used_once),
	        cmocka_unit_test(what_is_no_one_time_password_is_refused),
	        cmocka_unit_test(a_seed_as_an_app_takes_it),
	        cmocka_unit_test(a_recovery_code_holds_for_its_account),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
