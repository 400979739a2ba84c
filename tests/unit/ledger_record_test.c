/* Records, frames, the chain, and signed notes. */
#include "ledger/note.h"
#include "ledger/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static struct wb_hasher *hasher;
static uint8_t id_bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static uint8_t digest_bytes[32] = {9};
static uint8_t payload_bytes[70000];

static int setup(void **state)
{
	(void)state;
	return wb_hasher_open(&hasher) ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	wb_hasher_close(hasher);
	return 0;
}

static size_t encode(size_t payload_len, uint8_t *buf, size_t cap, enum wb_err want)
{
	Weibao__V1__Actor actor = WEIBAO__V1__ACTOR__INIT;
	Weibao__V1__Envelope e = WEIBAO__V1__ENVELOPE__INIT;
	size_t len = 0;
	actor.account_id = (ProtobufCBinaryData){16, id_bytes};
	e.tenant = "acme";
	e.tenant_position = 300;
	e.stream_kind = "ticket";
	e.stream_id = (ProtobufCBinaryData){16, id_bytes};
	e.stream_version = 7;
	e.event_type = "TicketReported";
	e.schema_version = 1;
	e.recorded_at = 1700000000000000;
	e.has_occurred_at = 1;
	e.occurred_at = -5;
	e.actor = &actor;
	e.command_id = (ProtobufCBinaryData){16, id_bytes};
	e.command_digest = (ProtobufCBinaryData){32, digest_bytes};
	e.has_causation_position = 1;
	e.causation_position = UINT64_MAX;
	e.service = "intake";
	e.epoch = 3;
	e.payload = (ProtobufCBinaryData){payload_len, payload_bytes};
	assert_int_equal(wb_record_encode(&e, buf, cap, &len), want);
	return len;
}

static void assert_text(struct wb_bytes b, const char *want)
{
	assert_true(wb_bytes_equal(b, wb_bytes_str(want)));
}

static void what_is_encoded_is_scanned(void **state)
{
	(void)state;
	uint8_t buf[1024];
	struct wb_record_view v;
	struct wb_bytes record = {buf, encode(100, buf, sizeof buf, WB_OK)};
	assert_int_equal(wb_record_scan(record, &v), WB_OK);
	assert_text(v.tenant, "acme");
	assert_text(v.stream_kind, "ticket");
	assert_text(v.event_type, "TicketReported");
	assert_text(v.service, "intake");
	assert_int_equal(v.tenant_position, 300);
	assert_int_equal(v.stream_version, 7);
	assert_int_equal(v.schema_version, 1);
	assert_int_equal(v.recorded_at, 1700000000000000);
	assert_true(v.has_occurred_at);
	assert_int_equal(v.occurred_at, -5);
	assert_int_equal(v.epoch, 3);
	assert_int_equal(v.payload.len, 100);
	assert_int_equal(v.command_digest.len, 32);
	assert_memory_equal(v.command_id.b, id_bytes, 16);
	assert_memory_equal(v.stream_id.b, id_bytes, 16);
}

static void a_record_too_large_is_refused(void **state)
{
	(void)state;
	static uint8_t buf[80000];
	(void)encode(60000, buf, sizeof buf, WB_ERR_LIMIT);
	(void)encode(100, buf, 64, WB_ERR_LIMIT);
	assert_true(encode(59000, buf, sizeof buf, WB_OK) <= WB_LEDGER_RECORD_BYTES_MAX);
}

static void every_truncation_is_damage(void **state)
{
	(void)state;
	uint8_t buf[1024];
	struct wb_record_view v;
	size_t len = encode(20, buf, sizeof buf, WB_OK);
	for (size_t n = 0; n < len; n++)
		assert_int_equal(wb_record_scan((struct wb_bytes){buf, n}, &v), WB_ERR_CORRUPT);
}

static void two_readings_of_one_record_are_impossible(void **state)
{
	(void)state;
	uint8_t buf[1024];
	struct wb_record_view v;
	size_t len = encode(20, buf, sizeof buf, WB_OK);
	/* a second epoch (field 18), which protobuf would let win */
	memcpy(buf + len, "\x90\x01\x05", 3);
	assert_int_equal(wb_record_scan((struct wb_bytes){buf, len + 3}, &v), WB_ERR_CORRUPT);
	/* an unknown field of a later version is passed over, a group is not */
	memcpy(buf + len, "\xa0\x06\x05", 3);
	assert_int_equal(wb_record_scan((struct wb_bytes){buf, len + 3}, &v), WB_OK);
	memcpy(buf + len, "\xa3\x06\x05", 3);
	assert_int_equal(wb_record_scan((struct wb_bytes){buf, len + 3}, &v), WB_ERR_CORRUPT);
	/* field 0, and a varint of eleven bytes */
	memcpy(buf + len, "\x00\x05", 2);
	assert_int_equal(wb_record_scan((struct wb_bytes){buf, len + 2}, &v), WB_ERR_CORRUPT);
	memcpy(buf + len, "\xa0\x06\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13);
	assert_int_equal(wb_record_scan((struct wb_bytes){buf, len + 13}, &v), WB_ERR_CORRUPT);
}

static void a_frame_shows_every_flipped_bit(void **state)
{
	(void)state;
	uint8_t frame[1024];
	struct wb_frame f;
	struct wb_hash chain = wb_chain_start(hasher, (struct wb_id){{7}});
	size_t len = WB_FRAME_HEAD_BYTES;
	len += encode(20, frame + len, sizeof frame - len, WB_OK);
	wb_frame_seal(42, &chain, frame, len);
	assert_int_equal(wb_frame_open(42, (struct wb_bytes){frame, len}, &f), WB_OK);
	assert_memory_equal(f.chain.b, chain.b, 32);
	assert_int_equal(f.record.len, len - WB_FRAME_HEAD_BYTES);
	assert_int_equal(wb_frame_open(43, (struct wb_bytes){frame, len}, &f), WB_ERR_CORRUPT);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(wb_frame_open(42, (struct wb_bytes){frame, len}, &f), WB_ERR_CORRUPT);
		frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_int_equal(wb_frame_open(42, (struct wb_bytes){frame, WB_FRAME_HEAD_BYTES}, &f), WB_ERR_CORRUPT);
}

static void the_chain_depends_on_all_it_should(void **state)
{
	(void)state;
	struct wb_hash a = wb_chain_start(hasher, (struct wb_id){{1}}), b = wb_chain_start(hasher, (struct wb_id){{2}});
	struct wb_hash x = wb_chain_leaf(hasher, wb_bytes_str("x")), y = wb_chain_leaf(hasher, wb_bytes_str("y"));
	struct wb_hash base = wb_chain_next(hasher, &a, 1, &x), other;
	assert_false(wb_hash_equal(&a, &b));
	other = wb_chain_next(hasher, &b, 1, &x);
	assert_false(wb_hash_equal(&base, &other));
	other = wb_chain_next(hasher, &a, 2, &x);
	assert_false(wb_hash_equal(&base, &other));
	other = wb_chain_next(hasher, &a, 1, &y);
	assert_false(wb_hash_equal(&base, &other));
	other = wb_chain_next(hasher, &a, 1, &x);
	assert_true(wb_hash_equal(&base, &other));
}

static void crc_is_castagnolis(void **state)
{
	(void)state;
	uint8_t buf[100];
	assert_int_equal(wb_crc32c(0, "123456789", 9), 0xe3069283u);
	assert_int_equal(wb_crc32c_portable(0, "123456789", 9), 0xe3069283u);
	for (size_t i = 0; i < sizeof buf; i++) {
		buf[i] = (uint8_t)(i * 31);
		assert_int_equal(wb_crc32c((uint32_t)i, buf, i), wb_crc32c_portable((uint32_t)i, buf, i));
	}
}

/* The example of Go's golang.org/x/mod/sumdb/note, which others' tools verify. */
static void a_published_note_verifies(void **state)
{
	(void)state;
	static const char vkey[] = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
	static const char text[] = "If you think cryptography is the answer to your problem,\n"
	                           "then you don't know what your problem is.\n";
	static const char note[] =
	        "If you think cryptography is the answer to your problem,\n"
	        "then you don't know what your problem is.\n\n"
	        "\xe2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2p"
	        "ZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
	struct wb_arena a;
	struct wb_bytes got;
	const char *name, *again;
	uint8_t key[32];
	wb_arena_init(&a, 1 << 16);
	assert_int_equal(wb_note_vkey_parse(vkey, &a, &name, key), WB_OK);
	assert_string_equal(name, "PeterNeumann");
	assert_int_equal(wb_note_vkey(key, name, &a, &again), WB_OK);
	assert_string_equal(again, vkey);
	assert_int_equal(wb_note_verify(key, name, wb_bytes_str(note), &got), WB_OK);
	assert_text(got, text);
	wb_arena_done(&a);
}

static void a_checkpoint_comes_back_and_a_forged_one_does_not(void **state)
{
	(void)state;
	struct wb_note_key key, other;
	struct wb_checkpoint c = {.origin = "weibao.example/acme", .size = 4711}, back;
	struct wb_arena a;
	struct wb_bytes text, note, got;
	uint8_t seed[32] = {5};
	wb_arena_init(&a, 1 << 20);
	memset(c.root.b, 0x5a, sizeof c.root.b);
	assert_int_equal(wb_note_key_init(&key, seed), WB_OK);
	seed[0] = 6;
	assert_int_equal(wb_note_key_init(&other, seed), WB_OK);
	assert_int_equal(wb_checkpoint_text(&c, &a, &text), WB_OK);
	assert_int_equal(wb_note_sign(&key, c.origin, text, &a, &note), WB_OK);
	assert_int_equal(wb_note_verify(key.public_key, c.origin, note, &got), WB_OK);
	assert_int_equal(wb_checkpoint_parse(got, &a, &back), WB_OK);
	assert_string_equal(back.origin, c.origin);
	assert_int_equal(back.size, 4711);
	assert_memory_equal(back.root.b, c.root.b, 32);
	assert_int_equal(wb_note_verify(other.public_key, c.origin, note, &got), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_note_verify(key.public_key, "weibao.example/beta", note, &got), WB_ERR_NOT_FOUND);
	for (size_t i = 0; i < text.len; i++) {
		uint8_t *forged = wb_arena_copy(&a, note.data, note.len);
		forged[i] ^= 1;
		enum wb_err err = wb_note_verify(key.public_key, c.origin, (struct wb_bytes){forged, note.len}, &got);
		assert_true(err == WB_ERR_DENIED || err == WB_ERR_INVALID);
	}
	c.origin = "two words";
	assert_int_equal(wb_checkpoint_text(&c, &a, &text), WB_ERR_INVALID);
	assert_int_equal(wb_checkpoint_parse(wb_bytes_str("x\n01\nAAAA\n"), &a, &back), WB_ERR_INVALID);
	assert_int_equal(wb_checkpoint_parse(wb_bytes_str("x\n1\nAAAA\n"), &a, &back), WB_ERR_INVALID);
	wb_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_encoded_is_scanned),
	        cmocka_unit_test(a_record_too_large_is_refused),
	        cmocka_unit_test(every_truncation_is_damage),
	        cmocka_unit_test(two_readings_of_one_record_are_impossible),
	        cmocka_unit_test(a_frame_shows_every_flipped_bit),
	        cmocka_unit_test(the_chain_depends_on_all_it_should),
	        cmocka_unit_test(crc_is_castagnolis),
	        cmocka_unit_test(a_published_note_verifies),
	        cmocka_unit_test(a_checkpoint_comes_back_and_a_forged_one_does_not),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
