/* Keys in memory: three states, wiping, the bound; derived keys. */
#include "seal/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static const struct wb_id zhang = {{1}}, li = {{2}};

static int setup(void **state)
{
	struct wb_keys *k;
	if (wb_keys_open(&k) != WB_OK)
		return -1;
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	wb_keys_close(*state);
	return 0;
}

static void key_n(uint32_t n, uint8_t ret[32])
{
	memset(ret, 0x5a, 32);
	wb_be32_put(ret + 7, n);
}

static void put(struct wb_keys *k, const char *tenant, struct wb_id subject, uint32_t n)
{
	uint8_t key[32];
	key_n(n, key);
	assert_int_equal(wb_keys_put(k, tenant, subject, key), WB_OK);
}

static void expect_key(struct wb_keys *k, const char *tenant, struct wb_id subject, uint32_t n)
{
	uint8_t key[32], wanted[32];
	key_n(n, wanted);
	assert_int_equal(wb_keys_get(k, tenant, subject, key), WB_KEY_KNOWN);
	assert_memory_equal(key, wanted, 32);
}

static void a_key_is_known_in_its_tenant_only(void **state)
{
	struct wb_keys *k = *state;
	uint8_t key[32];
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_UNKNOWN);
	put(k, "north", zhang, 1);
	put(k, "south", zhang, 2);
	expect_key(k, "north", zhang, 1);
	expect_key(k, "south", zhang, 2);
	assert_int_equal(wb_keys_get(k, "north", li, key), WB_KEY_UNKNOWN);
	assert_int_equal(wb_keys_get(k, "nort", zhang, key), WB_KEY_UNKNOWN);
	assert_int_equal(wb_keys_count(k), 2);
}

static void an_erased_key_never_comes_back(void **state)
{
	struct wb_keys *k = *state;
	uint8_t key[32];
	put(k, "north", zhang, 1);
	put(k, "north", li, 2);
	assert_int_equal(wb_keys_erase(k, "north", zhang), WB_OK);
	memset(key, 7, sizeof key);
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_ERASED);
	assert_int_equal(key[0], 7); /* nothing was given out */
	put(k, "north", zhang, 3);
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_ERASED);
	assert_int_equal(wb_keys_erase(k, "north", zhang), WB_OK);
	assert_int_equal(wb_keys_count(k), 1);
	expect_key(k, "north", li, 2);
	/* its slot is used again, by another's key */
	put(k, "south", zhang, 4);
	expect_key(k, "south", zhang, 4);
	expect_key(k, "north", li, 2);
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_ERASED);
}

static void one_may_be_erased_before_its_key_was_known(void **state)
{
	struct wb_keys *k = *state;
	uint8_t key[32];
	assert_int_equal(wb_keys_erase(k, "north", zhang), WB_OK);
	put(k, "north", zhang, 1);
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_ERASED);
	assert_int_equal(wb_keys_count(k), 0);
}

static struct wb_id id_n(uint32_t n)
{
	struct wb_id id = {{0}};
	wb_be32_put(id.b, n);
	id.b[15] = 1;
	return id;
}

static void past_the_bound_the_oldest_are_asked_for_again(void **state)
{
	struct wb_keys *k = *state;
	uint8_t key[32];
	assert_int_equal(wb_keys_erase(k, "north", zhang), WB_OK);
	for (uint32_t n = 0; n < WB_KEYS_MAX; n++)
		put(k, "north", id_n(n), n);
	assert_int_equal(wb_keys_count(k), WB_KEYS_MAX);
	expect_key(k, "north", id_n(0), 0);
	put(k, "north", li, 77);
	assert_int_equal(wb_keys_count(k), WB_KEYS_MAX - WB_KEYS_MAX / 4 + 1);
	assert_int_equal(wb_keys_get(k, "north", id_n(0), key), WB_KEY_UNKNOWN);
	assert_int_equal(wb_keys_get(k, "north", id_n(WB_KEYS_MAX / 4 - 1), key), WB_KEY_UNKNOWN);
	expect_key(k, "north", id_n(WB_KEYS_MAX / 4), WB_KEYS_MAX / 4);
	expect_key(k, "north", id_n(WB_KEYS_MAX - 1), WB_KEYS_MAX - 1);
	expect_key(k, "north", li, 77);
	/* what was erased is never «unknown» */
	assert_int_equal(wb_keys_get(k, "north", zhang, key), WB_KEY_ERASED);
	put(k, "north", id_n(0), 5);
	expect_key(k, "north", id_n(0), 5);
}

static void derived_keys_differ_by_key_context_and_purpose(void **state)
{
	(void)state;
	uint8_t a[32], b[32], derived[6][32];
	key_n(1, a);
	key_n(2, b);
	wb_key_of_context(a, zhang, derived[0]);
	wb_key_of_context(a, li, derived[1]);
	wb_key_of_context(b, zhang, derived[2]);
	wb_key_of_purpose(a, "search term", derived[3]);
	wb_key_of_purpose(a, "search", derived[4]);
	memcpy(derived[5], a, 32);
	for (size_t i = 0; i < 6; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(derived[i], derived[j], 32);
	uint8_t again[32];
	wb_key_of_context(a, zhang, again);
	assert_memory_equal(again, derived[0], 32);
}

/* Boxes in the log are under these keys for ever: computed apart, with Python's hashlib.blake2b. */
static void derivation_never_changes(void **state)
{
	(void)state;
	uint8_t key[32], derived[32];
	char hex[65];
	memset(key, 0x11, sizeof key);
	wb_key_of_context(key, zhang, derived);
	wb_hex(derived, 32, hex);
	assert_string_equal(hex, "c729317a9196e78984b190be1d3f2b2001da25c499bc131f6ce36e9ab6e666d1");
	wb_key_of_purpose(key, "search term", derived);
	wb_hex(derived, 32, hex);
	assert_string_equal(hex, "472fdfc9644f8dace7726df5e902694ec1cd31cae7409c0f87f07513b879e2f4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_key_is_known_in_its_tenant_only, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_erased_key_never_comes_back, setup, teardown),
	        cmocka_unit_test_setup_teardown(one_may_be_erased_before_its_key_was_known, setup, teardown),
	        cmocka_unit_test_setup_teardown(past_the_bound_the_oldest_are_asked_for_again, setup, teardown),
	        cmocka_unit_test(derived_keys_differ_by_key_context_and_purpose),
	        cmocka_unit_test(derivation_never_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
