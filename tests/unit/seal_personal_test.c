/* Personal fields: every place of a message, what a box is bound to, erasure, missing keys. */
#include "seal/personal.h"
#include "seal_seed.h"
#include "unit/seal_test.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define FIELDS 11

static struct wb_id zhang = {{1}}, li = {{2}}, ticket = {{3}}, zero = {{0}};
static const uint8_t key_a[32] = {1}, key_b[32] = {2};
static struct wb_arena arena;
static struct wb_keys *keys;
static uint64_t seed;

static int setup(void **state)
{
	(void)state;
	wb_arena_init(&arena, 1u << 20);
	seed = 11;
	return wb_keys_open(&keys) == WB_OK ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	wb_keys_close(keys);
	wb_arena_done(&arena);
	return 0;
}

static void know(struct wb_id subject, const uint8_t *key)
{
	assert_int_equal(wb_keys_put(keys, "north", subject, key), WB_OK);
}

static Weibao__V1__Personal *plain(struct wb_id *subject, struct wb_id *context, const char *text)
{
	Weibao__V1__Personal *p = WB_ARENA_NEW(&arena, Weibao__V1__Personal);
	weibao__v1__personal__init(p);
	p->has_subject_id = subject != NULL;
	if (subject)
		p->subject_id = (ProtobufCBinaryData){WB_ID_BYTES, subject->b};
	p->has_context_id = context != NULL;
	if (context)
		p->context_id = (ProtobufCBinaryData){WB_ID_BYTES, context->b};
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = wb_arena_str(&arena, text);
	return p;
}

static Weibao__Sealtest__Inner *inner(const char *name, const char *phone)
{
	Weibao__Sealtest__Inner *m = WB_ARENA_NEW(&arena, Weibao__Sealtest__Inner);
	weibao__sealtest__inner__init(m);
	m->name = plain(&li, NULL, name);
	m->phones = WB_ARENA_ARRAY(&arena, Weibao__V1__Personal *, 2);
	m->phones[m->n_phones++] = plain(&li, NULL, phone);
	return m;
}

/* A message with Personal in every place that a message has: FIELDS of them. */
static Weibao__Sealtest__Outer *outer(void)
{
	Weibao__Sealtest__Outer *m = WB_ARENA_NEW(&arena, Weibao__Sealtest__Outer);
	weibao__sealtest__outer__init(m);
	m->reporter = plain(&zhang, NULL, "reporter");
	m->address = plain(&zhang, NULL, "address");
	m->comments = WB_ARENA_ARRAY(&arena, Weibao__V1__Personal *, 2);
	m->comments[m->n_comments++] = plain(&zhang, &ticket, "first");
	m->comments[m->n_comments++] = plain(&zhang, &ticket, "second");
	m->inner = inner("inner", "1");
	m->inners = WB_ARENA_ARRAY(&arena, Weibao__Sealtest__Inner *, 2);
	m->inners[m->n_inners++] = inner("inners", "2");
	m->choice_case = WEIBAO__SEALTEST__OUTER__CHOICE_CHOSEN_INNER;
	m->chosen_inner = inner("chosen", "3");
	m->chosen_inner->phones[m->chosen_inner->n_phones++] = plain(&li, NULL, "4");
	return m;
}

/* ---- the walk ---- */

struct seen {
	char texts[256];
	unsigned count, stop_at;
};

static bool note(void *ctx, Weibao__V1__Personal *p)
{
	struct seen *s = ctx;
	size_t len = strlen(s->texts);
	(void)snprintf(s->texts + len, sizeof s->texts - len, "%s ", p->plain);
	return ++s->count != s->stop_at;
}

static void every_place_is_visited_once(void **state)
{
	(void)state;
	struct seen s = {"", 0, 0};
	Weibao__Sealtest__Outer *m = outer();
	assert_true(wb_personal_visit(&m->base, note, &s));
	assert_string_equal(s.texts, "reporter address first second inner 1 inners 2 chosen 3 4 ");
	assert_int_equal(s.count, FIELDS);
	s = (struct seen){"", 0, 4};
	assert_false(wb_personal_visit(&m->base, note, &s));
	assert_int_equal(s.count, 4);
}

static void of_a_oneof_what_is_set_is_visited(void **state)
{
	(void)state;
	Weibao__Sealtest__Outer m = WEIBAO__SEALTEST__OUTER__INIT;
	struct seen s = {"", 0, 0};
	m.choice_case = WEIBAO__SEALTEST__OUTER__CHOICE_WORD;
	m.word = wb_arena_str(&arena, "a word is no message");
	assert_true(wb_personal_visit(&m.base, note, &s));
	assert_int_equal(s.count, 0);
	m.choice_case = WEIBAO__SEALTEST__OUTER__CHOICE_CHOSEN;
	m.chosen = plain(&zhang, NULL, "chosen");
	assert_true(wb_personal_visit(&m.base, note, &s));
	assert_string_equal(s.texts, "chosen ");
	/* a Personal by itself */
	assert_true(wb_personal_visit(&m.chosen->base, note, &s));
	assert_int_equal(s.count, 2);
	assert_true(wb_personal_has_plain(&m.chosen->base));
}

static bool box_all_but_one(void *ctx, Weibao__V1__Personal *p)
{
	unsigned *left = ctx;
	if ((*left)-- != 0)
		p->value_case = WEIBAO__V1__PERSONAL__VALUE_BOX;
	return true;
}

static void one_plain_text_anywhere_is_found(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= FIELDS; i++) {
		unsigned left = i;
		Weibao__Sealtest__Outer *m = outer();
		assert_true(wb_personal_visit(&m->base, box_all_but_one, &left));
		assert_int_equal(wb_personal_has_plain(&m->base), i < FIELDS);
	}
}

/* ---- one box ---- */

static Weibao__V1__Personal *sealed(struct wb_id *subject, struct wb_id *context, const char *text)
{
	uint8_t nonce[WB_BOX_NONCE_BYTES];
	Weibao__V1__Personal *p = plain(subject, context, text);
	seed_fill(&seed, nonce, sizeof nonce);
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &arena), WB_OK);
	assert_int_equal(p->value_case, WEIBAO__V1__PERSONAL__VALUE_BOX);
	assert_memory_equal(p->box.data, nonce, sizeof nonce);
	return p;
}

static void a_box_opens_to_what_was_sealed(void **state)
{
	(void)state;
	char text[70] = "";
	for (size_t len = 0; len < 64; len++) {
		Weibao__V1__Personal *p = sealed(&zhang, len % 2 ? &ticket : NULL, text);
		/* lengths show in steps of 16 only */
		assert_int_equal(p->box.len, WB_BOX_NONCE_BYTES + WB_BOX_TAG_BYTES + (len / 16 + 1) * 16);
		assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_OK);
		assert_int_equal(p->value_case, WEIBAO__V1__PERSONAL__VALUE_PLAIN);
		assert_string_equal(p->plain, text);
		text[len] = len % 3 ? 'x' : (char)0x80; /* like the padding's own mark */
	}
}

static void a_box_is_bound_to_whose_it_is(void **state)
{
	(void)state;
	Weibao__V1__Personal *p = sealed(&zhang, &ticket, "text");
	const Weibao__V1__Personal right = *p;
	assert_int_equal(wb_personal_open(p, "south", key_a, &arena), WB_ERR_CRYPTO);
	assert_int_equal(wb_personal_open(p, "nort", key_a, &arena), WB_ERR_CRYPTO);
	assert_int_equal(wb_personal_open(p, "north", key_b, &arena), WB_ERR_CRYPTO);
	p->subject_id.data = li.b;
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_ERR_CRYPTO);
	*p = right;
	p->context_id.data = li.b;
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_ERR_CRYPTO);
	p->has_context_id = 0;
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_ERR_CRYPTO);
	*p = right;
	assert_int_equal(p->value_case, WEIBAO__V1__PERSONAL__VALUE_BOX);
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_OK);
}

static void no_bit_of_a_box_may_change(void **state)
{
	(void)state;
	Weibao__V1__Personal *p = sealed(&zhang, NULL, "text");
	for (size_t i = 0; i < 8 * p->box.len; i++) {
		p->box.data[i / 8] ^= (uint8_t)(1u << i % 8);
		assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_ERR_CRYPTO);
		p->box.data[i / 8] ^= (uint8_t)(1u << i % 8);
	}
	size_t whole = p->box.len;
	for (p->box.len = 0; p->box.len < whole; p->box.len++)
		assert_int_not_equal(wb_personal_open(p, "north", key_a, &arena), WB_OK);
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_OK);
}

static void what_cannot_be_sealed_or_opened_is_refused(void **state)
{
	(void)state;
	const uint8_t nonce[WB_BOX_NONCE_BYTES] = {0};
	Weibao__V1__Personal *p = plain(NULL, NULL, "nobody's");
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &arena), WB_ERR_INVALID);
	assert_int_equal(wb_personal_open(p, "north", key_a, &arena), WB_ERR_INVALID);
	p = plain(&zhang, &ticket, "odd");
	p->context_id.len = 15;
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &arena), WB_ERR_INVALID);
	p = sealed(&zhang, NULL, "sealed");
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &arena), WB_ERR_INVALID);
	p->value_case = WEIBAO__V1__PERSONAL__VALUE__NOT_SET;
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &arena), WB_ERR_INVALID);
	struct wb_arena small;
	wb_arena_init(&small, 16);
	p = plain(&zhang, NULL, "text");
	assert_int_equal(wb_personal_seal(p, "north", key_a, nonce, &small), WB_ERR_MEMORY);
	assert_int_equal(p->value_case, WEIBAO__V1__PERSONAL__VALUE_PLAIN);
	wb_arena_done(&small);
}

/* ---- whole messages ---- */

static enum wb_err seal(Weibao__Sealtest__Outer *m, struct wb_missing_keys *missing)
{
	return wb_personal_seal_all(&m->base, "north", keys, seed_random(&seed), &arena, missing);
}

static void a_message_is_sealed_and_opened_whole(void **state)
{
	(void)state;
	struct wb_missing_keys missing = {0};
	struct seen s = {"", 0, 0};
	Weibao__Sealtest__Outer *m = outer();
	know(zhang, key_a);
	know(li, key_b);
	assert_int_equal(seal(m, &missing), WB_OK);
	assert_int_equal(missing.n, 0);
	assert_false(wb_personal_has_plain(&m->base));
	assert_memory_not_equal(m->comments[0]->box.data, m->comments[1]->box.data, WB_BOX_NONCE_BYTES);
	/* packed, as in the log: no plain text is among the bytes */
	size_t len = protobuf_c_message_get_packed_size(&m->base);
	uint8_t *packed = wb_arena_alloc(&arena, len);
	assert_int_equal(protobuf_c_message_pack(&m->base, packed), len);
	assert_null(memmem(packed, len, "reporter", 8));
	assert_null(memmem(packed, len, "second", 6));
	assert_int_equal(wb_personal_open_all(&m->base, "north", keys, &arena, &missing), WB_OK);
	assert_true(wb_personal_visit(&m->base, note, &s));
	assert_string_equal(s.texts, "reporter address first second inner 1 inners 2 chosen 3 4 ");
}

static void missing_keys_are_listed_once_and_the_same_call_goes_on(void **state)
{
	(void)state;
	struct wb_missing_keys missing = {0};
	Weibao__Sealtest__Outer *m = outer();
	know(zhang, key_a);
	assert_int_equal(seal(m, &missing), WB_ERR_AGAIN);
	assert_int_equal(missing.n, 1);
	assert_true(wb_id_equal(missing.subjects[0], li));
	assert_true(wb_personal_has_plain(&m->base));
	know(li, key_b);
	missing.n = 0;
	assert_int_equal(seal(m, &missing), WB_OK);
	assert_int_equal(missing.n, 0);
	assert_false(wb_personal_has_plain(&m->base));

	struct wb_keys *fewer;
	assert_int_equal(wb_keys_open(&fewer), WB_OK);
	assert_int_equal(wb_personal_open_all(&m->base, "north", fewer, &arena, &missing), WB_ERR_AGAIN);
	assert_int_equal(missing.n, 2);
	assert_int_equal(m->reporter->value_case, WEIBAO__V1__PERSONAL__VALUE_BOX); /* never «erased» */
	assert_int_equal(wb_keys_put(fewer, "north", zhang, key_a), WB_OK);
	assert_int_equal(wb_keys_put(fewer, "north", li, key_b), WB_OK);
	assert_int_equal(wb_personal_open_all(&m->base, "north", fewer, &arena, &missing), WB_OK);
	assert_string_equal(m->reporter->plain, "reporter");
	wb_keys_close(fewer);
}

static void many_missing_keys_are_all_listed(void **state)
{
	(void)state;
	struct wb_missing_keys missing = {0};
	Weibao__Sealtest__Inner m = WEIBAO__SEALTEST__INNER__INIT;
	struct wb_id ids[40];
	m.phones = WB_ARENA_ARRAY(&arena, Weibao__V1__Personal *, 80);
	for (uint8_t i = 0; i < 40; i++) {
		ids[i] = (struct wb_id){{9, i}};
		m.phones[m.n_phones++] = plain(&ids[i], NULL, "x");
		m.phones[m.n_phones++] = plain(&ids[i], &ticket, "y");
	}
	assert_int_equal(
	        wb_personal_seal_all(&m.base, "north", keys, seed_random(&seed), &arena, &missing), WB_ERR_AGAIN);
	assert_int_equal(missing.n, 40);
	for (uint8_t i = 0; i < 40; i++)
		assert_true(wb_id_equal(missing.subjects[i], ids[i]));
}

static void of_an_erased_person_nothing_is_shown_or_kept(void **state)
{
	(void)state;
	struct wb_missing_keys missing = {0};
	Weibao__Sealtest__Outer *m = outer();
	know(zhang, key_a);
	know(li, key_b);
	assert_int_equal(seal(m, &missing), WB_OK);
	assert_int_equal(wb_keys_erase(keys, "north", zhang), WB_OK);
	assert_int_equal(wb_personal_open_all(&m->base, "north", keys, &arena, &missing), WB_OK);
	assert_int_equal(m->reporter->value_case, WEIBAO__V1__PERSONAL__VALUE_ERASED);
	assert_true(m->reporter->erased);
	assert_int_equal(m->comments[1]->value_case, WEIBAO__V1__PERSONAL__VALUE_ERASED);
	assert_string_equal(m->inner->name->plain, "inner");
	/* what comes late about an erased person is sealed for nobody */
	Weibao__V1__Personal *late = plain(&zhang, NULL, "late");
	assert_int_equal(wb_personal_seal_all(&late->base, "north", keys, seed_random(&seed), &arena, &missing), WB_OK);
	assert_int_equal(late->value_case, WEIBAO__V1__PERSONAL__VALUE_BOX);
	assert_int_equal(wb_personal_open(late, "north", key_a, &arena), WB_ERR_CRYPTO);
}

static void a_message_that_breaks_the_rules_is_refused(void **state)
{
	(void)state;
	struct wb_missing_keys missing = {0};
	Weibao__Sealtest__Outer *m = outer();
	know(zhang, key_a);
	know(li, key_b);
	m->inner->phones[0]->has_subject_id = 0;
	assert_int_equal(seal(m, &missing), WB_ERR_INVALID);
	m = outer();
	m->address->subject_id.data = zero.b; /* the tenant's own key seals no person's data */
	assert_int_equal(seal(m, &missing), WB_ERR_INVALID);
	m = outer();
	m->address->from_tenant = wb_arena_str(&arena, "south");
	assert_int_equal(seal(m, &missing), WB_ERR_INVALID);
	m = outer();
	assert_int_equal(seal(m, &missing), WB_OK);
	m->inners[0]->name->box.data[30] ^= 1;
	assert_int_equal(wb_personal_open_all(&m->base, "north", keys, &arena, &missing), WB_ERR_CRYPTO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(every_place_is_visited_once),
	        TEST(of_a_oneof_what_is_set_is_visited),
	        TEST(one_plain_text_anywhere_is_found),
	        TEST(a_box_opens_to_what_was_sealed),
	        TEST(a_box_is_bound_to_whose_it_is),
	        TEST(no_bit_of_a_box_may_change),
	        TEST(what_cannot_be_sealed_or_opened_is_refused),
	        TEST(a_message_is_sealed_and_opened_whole),
	        TEST(missing_keys_are_listed_once_and_the_same_call_goes_on),
	        TEST(many_missing_keys_are_all_listed),
	        TEST(of_an_erased_person_nothing_is_shown_or_kept),
	        TEST(a_message_that_breaks_the_rules_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
