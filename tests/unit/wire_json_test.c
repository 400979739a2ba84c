/* JSON to messages and back: every kind of field, every reason of refusal. */
#include "unit/wire_test.pb-c.h"
#include "wire/json.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LEAF (&weibao__test__leaf__descriptor)
#define EVERYTHING (&weibao__test__everything__descriptor)
#define REQUIRED (&weibao__test__required__descriptor)
#define CHAIN (&weibao__test__chain__descriptor)
#define UUID "00112233-4455-6677-8899-aabbccddeeff"
#define A_LEAF "{\"name\":\"n\",\"count\":7,\"leafId\":\"" UUID "\"}"

static struct wb_arena arena;

static int setup(void **state)
{
	(void)state;
	wb_arena_init(&arena, (size_t)4 * 1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wb_arena_done(&arena);
	return 0;
}

static void *read_ok(const ProtobufCMessageDescriptor *d, const char *text)
{
	ProtobufCMessage *m = NULL;
	struct wb_json_problem problem;
	enum wb_err err = wb_json_text_to_message(wb_bytes_str(text), d, &wb_json_outside, &arena, &m, &problem);
	if (err)
		print_error("%s at %s\n", wb_json_reason_name(problem.reason), problem.path);
	assert_int_equal(err, WB_OK);
	assert_int_equal(problem.reason, WB_JSON_NONE);
	return m;
}

static void refused(const ProtobufCMessageDescriptor *d, const char *text, enum wb_json_reason reason, const char *path)
{
	ProtobufCMessage *m = NULL;
	struct wb_json_problem problem;
	enum wb_err err = wb_json_text_to_message(wb_bytes_str(text), d, &wb_json_outside, &arena, &m, &problem);
	if (problem.reason != reason || strcmp(problem.path, path) != 0)
		print_error("%s: %s at %s\n", text, wb_json_reason_name(problem.reason), problem.path);
	assert_int_equal(problem.reason, reason);
	assert_string_equal(problem.path, path);
	bool limit = reason == WB_JSON_TOO_DEEP || reason == WB_JSON_TOO_LARGE;
	assert_int_equal(err, limit ? WB_ERR_LIMIT : WB_ERR_INVALID);
	assert_null(m);
}

static void assert_written(const void *message, const struct wb_json_output *out, const char *expected)
{
	json_t *json = NULL;
	assert_int_equal(wb_message_to_json(message, out, &json), WB_OK);
	char *text = json_dumps(json, JSON_COMPACT);
	assert_string_equal(text, expected);
	free(text);
	json_decref(json);
}

static const char all[] =
        "{\"i32\":-2147483648,\"s32\":-1,\"sf32\":2147483647,\"i64\":\"-9223372036854775808\","
        "\"s64\":\"9223372036854775807\",\"happenedAt\":\"2026-11-23T01:02:03.500Z\",\"u32\":4294967295,\"f32\":0,"
        "\"u64\":\"18446744073709551615\",\"f64\":\"1\",\"aFloat\":0.5,\"aDouble\":-1.25,\"yes\":false,"
        "\"role\":\"HOTLINE\",\"text\":\"维保\",\"blob\":\"AAEC/w==\",\"officeId\":\"" UUID "\","
        "\"person\":\"张伟\",\"leaf\":" A_LEAF ",\"leaves\":[" A_LEAF "," A_LEAF "],\"tags\":[\"a\",\"\"],"
        "\"numbers\":[1,2,3],\"colours\":[\"RED\",\"DARK_GREEN\"],\"deviceIds\":[\"" UUID "\"],"
        "\"people\":[\"李\",\"王\"],\"times\":[\"1970-01-01T00:00:00Z\"],\"flags\":[true,false],\"byNumber\":\"9\","
        "\"withDefault\":\"other\"}";

static void there_and_back(void **state)
{
	(void)state;
	Weibao__Test__Everything *e = read_ok(EVERYTHING, all);
	assert_int_equal(e->i32, INT32_MIN);
	assert_true(e->has_u64 && e->u64 == UINT64_MAX);
	assert_true(e->has_yes && !e->yes);
	assert_int_equal(e->role, WEIBAO__V1__ROLE__ROLE_HOTLINE);
	assert_int_equal(e->happened_at, INT64_C(1795395723500000));
	assert_int_equal(e->office_id.len, 16);
	assert_int_equal(e->office_id.data[15], 0xff);
	assert_int_equal(e->person->value_case, WEIBAO__V1__PERSONAL__VALUE_PLAIN);
	assert_false(e->person->has_subject_id);
	assert_string_equal(e->people[1]->plain, "王");
	assert_int_equal(e->choice_case, WEIBAO__TEST__EVERYTHING__CHOICE_BY_NUMBER);
	assert_int_equal(e->by_number, 9);
	assert_written(e, NULL, all);

	/* And over the wire. */
	struct wb_bytes b;
	ProtobufCMessage *m = NULL;
	assert_int_equal(wb_pack(&e->base, &arena, &b), WB_OK);
	assert_int_equal(wb_unpack(EVERYTHING, b, &arena, &wb_unpack_outside, &m), WB_OK);
	assert_written(m, NULL, all);
}

static void absent_fields(void **state)
{
	(void)state;
	static const char nulls[] = "{\"i32\":1,\"text\":null,\"leaf\":null,\"tags\":null,\"byText\":null,"
	                            "\"byBlob\":\"AA==\",\"person\":null}";
	Weibao__Test__Everything *e = read_ok(EVERYTHING, nulls);
	assert_null(e->text);
	assert_null(e->leaf);
	assert_int_equal(e->choice_case, WEIBAO__TEST__EVERYTHING__CHOICE_BY_BLOB);
	assert_string_equal(e->with_default, "usual");
	assert_written(e, NULL,
	        "{\"i32\":1,\"leaves\":[],\"tags\":[],\"numbers\":[],\"colours\":[],\"deviceIds\":[],\"people\":[],"
	        "\"times\":[],\"flags\":[],\"byBlob\":\"AA==\"}");
}

static void each_case_of_a_oneof(void **state)
{
	(void)state;
	static const char *const cases[] = {"\"byText\":\"\"", "\"byBlob\":\"\"", "\"byLeaf\":" A_LEAF,
	        "\"byNumber\":\"0\"", "\"byPerson\":\"李\"", "\"byColour\":\"RED\""};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[256], expected[512];
		(void)snprintf(text, sizeof text, "{\"i32\":1,%s}", cases[i]);
		(void)snprintf(expected, sizeof expected,
		        "{\"i32\":1,\"leaves\":[],\"tags\":[],\"numbers\":[],\"colours\":[],\"deviceIds\":[],"
		        "\"people\":[],\"times\":[],\"flags\":[],%s}",
		        cases[i]);
		assert_written(read_ok(EVERYTHING, text), NULL, expected);
	}
	refused(EVERYTHING, "{\"i32\":1,\"byText\":\"a\",\"byNumber\":\"1\"}", WB_JSON_CONFLICT, "byNumber");
	refused(EVERYTHING, "{\"i32\":1,\"byLeaf\":" A_LEAF ",\"byPerson\":\"x\"}", WB_JSON_CONFLICT, "byPerson");
}

static void numbers_in_both_forms(void **state)
{
	(void)state;
	Weibao__Test__Everything *e =
	        read_ok(EVERYTHING, "{\"i32\":\"-5\",\"u32\":\"7\",\"i64\":-8,\"u64\":9,\"aDouble\":3,\"aFloat\":1e2}");
	assert_int_equal(e->i32, -5);
	assert_int_equal(e->u32, 7);
	assert_int_equal(e->i64, -8);
	assert_int_equal(e->u64, 9);
	assert_true(e->a_double > 2.9 && e->a_double < 3.1);
	assert_true(e->a_float > 99.f && e->a_float < 101.f);
}

static void refusals(void **state)
{
	(void)state;
	static const struct {
		const char *member;
		enum wb_json_reason reason;
		const char *path;
	} cases[] = {
	        {"\"nope\":1", WB_JSON_UNKNOWN_FIELD, "nope"},
	        {"\"nope\":null", WB_JSON_UNKNOWN_FIELD, "nope"},
	        {"\"happened_at\":\"2026-11-23T01:02:03Z\"", WB_JSON_UNKNOWN_FIELD, "happened_at"},
	        {"\"leaf\":{\"name\":\"a\",\"x\":1}", WB_JSON_UNKNOWN_FIELD, "leaf.x"},
	        {"\"text\":1", WB_JSON_WRONG_TYPE, "text"},
	        {"\"text\":[]", WB_JSON_WRONG_TYPE, "text"},
	        {"\"u32\":true", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":1.5", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":\"x\"", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":\"\"", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":\" 1\"", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":\"+1\"", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":\"01\"", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"u32\":{}", WB_JSON_WRONG_TYPE, "u32"},
	        {"\"yes\":\"true\"", WB_JSON_WRONG_TYPE, "yes"},
	        {"\"yes\":1", WB_JSON_WRONG_TYPE, "yes"},
	        {"\"aDouble\":\"1.5\"", WB_JSON_WRONG_TYPE, "aDouble"},
	        {"\"role\":1", WB_JSON_WRONG_TYPE, "role"},
	        {"\"happenedAt\":1", WB_JSON_WRONG_TYPE, "happenedAt"},
	        {"\"officeId\":1", WB_JSON_WRONG_TYPE, "officeId"},
	        {"\"leaf\":\"x\"", WB_JSON_WRONG_TYPE, "leaf"},
	        {"\"leaf\":[]", WB_JSON_WRONG_TYPE, "leaf"},
	        {"\"person\":{\"plain\":\"x\"}", WB_JSON_WRONG_TYPE, "person"},
	        {"\"tags\":\"a\"", WB_JSON_WRONG_TYPE, "tags"},
	        {"\"tags\":[\"a\",null]", WB_JSON_WRONG_TYPE, "tags[1]"},
	        {"\"tags\":[[\"a\"]]", WB_JSON_WRONG_TYPE, "tags[0]"},
	        {"\"leaves\":[" A_LEAF ",{\"name\":5}]", WB_JSON_WRONG_TYPE, "leaves[1].name"},
	        {"\"s32\":2147483648", WB_JSON_OUT_OF_RANGE, "s32"},
	        {"\"s32\":-2147483649", WB_JSON_OUT_OF_RANGE, "s32"},
	        {"\"u32\":-1", WB_JSON_OUT_OF_RANGE, "u32"},
	        {"\"u32\":4294967296", WB_JSON_OUT_OF_RANGE, "u32"},
	        {"\"u64\":\"-1\"", WB_JSON_OUT_OF_RANGE, "u64"},
	        {"\"u64\":\"18446744073709551616\"", WB_JSON_OUT_OF_RANGE, "u64"},
	        {"\"i64\":\"9223372036854775808\"", WB_JSON_OUT_OF_RANGE, "i64"},
	        {"\"i64\":\"99999999999999999999999999\"", WB_JSON_OUT_OF_RANGE, "i64"},
	        {"\"i64\":9223372036854775808", WB_JSON_OUT_OF_RANGE, "i64"},
	        {"\"aFloat\":1e39", WB_JSON_OUT_OF_RANGE, "aFloat"},
	        {"\"aDouble\":1e999", WB_JSON_OUT_OF_RANGE, "aDouble"},
	        {"\"happenedAt\":\"1969-12-31T23:59:59Z\"", WB_JSON_OUT_OF_RANGE, "happenedAt"},
	        {"\"times\":[\"2026-02-30T00:00:00Z\"]", WB_JSON_BAD_TIME, "times[0]"},
	        {"\"officeId\":\"0011\"", WB_JSON_BAD_ID, "officeId"},
	        {"\"deviceIds\":[\"" UUID "\",\"x\"]", WB_JSON_BAD_ID, "deviceIds[1]"},
	        {"\"blob\":\"A\"", WB_JSON_BAD_BASE64, "blob"},
	        {"\"blob\":\"AB==\"", WB_JSON_BAD_BASE64, "blob"},
	        {"\"blob\":\"AA=A\"", WB_JSON_BAD_BASE64, "blob"},
	        {"\"blob\":\"====\"", WB_JSON_BAD_BASE64, "blob"},
	        {"\"role\":\"ROLE_HOTLINE\"", WB_JSON_UNKNOWN_ENUM, "role"},
	        {"\"role\":\"hotline\"", WB_JSON_UNKNOWN_ENUM, "role"},
	        {"\"role\":\"UNSPECIFIED\"", WB_JSON_UNKNOWN_ENUM, "role"},
	        {"\"role\":\"\"", WB_JSON_UNKNOWN_ENUM, "role"},
	        {"\"leaf\":{\"name\":\"a\"}", WB_JSON_MISSING, "leaf.leafId"},
	        {"\"leaves\":[" A_LEAF ",{}]", WB_JSON_MISSING, "leaves[1].name"},
	        {"\"leaf\":{\"name\":\"a\",\"name\":\"b\"}", WB_JSON_DUPLICATE, "leaf.name"},
	        {"\"text\":\"\\u0000\"", WB_JSON_BAD_TEXT, "text"},
	        {"\"tags\":[\"a\",\"\xff\"]", WB_JSON_BAD_TEXT, "tags[1]"},
	        {"\"text\":\"\xed\xa0\x80\"", WB_JSON_BAD_TEXT, "text"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char text[512];
		(void)snprintf(text, sizeof text, "{\"i32\":1,%s}", cases[i].member);
		refused(EVERYTHING, text, cases[i].reason, cases[i].path);
	}
	refused(EVERYTHING, "{}", WB_JSON_MISSING, "i32");
	refused(EVERYTHING, "{\"i32\":null}", WB_JSON_MISSING, "i32");
	refused(EVERYTHING, "[]", WB_JSON_WRONG_TYPE, "");
}

static void malformed_text_has_a_place(void **state)
{
	(void)state;
	struct wb_json_problem p;
	json_t *json = NULL;
	static const char *const bad[] = {"", " ", "{", "}", "nul", "1", "\"a\"", "{\"a\":1,}", "{'a':1}", "{\"a\" 1}",
	        "[1 2]", "{\"a\":01}", "{} {}", "\xef\xbb\xbf{}", "{\"a\":\"\\q\"}", "{\"a\":\"\n\"}", "{\"a\":NaN}",
	        "]]]]", "{\"a"};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(wb_json_parse(wb_bytes_str(bad[i]), &wb_json_outside, &json, &p), WB_ERR_INVALID);
		assert_int_equal(p.reason, WB_JSON_MALFORMED);
		assert_true(p.line >= 1 && p.column >= 1);
		assert_null(json);
	}
	struct wb_bytes text = wb_bytes_str("{\n \"a\": {\n  \"b\": [1, tru]\n}}");
	assert_int_equal(wb_json_parse(text, &wb_json_outside, &json, &p), WB_ERR_INVALID);
	assert_string_equal(p.path, "a.b[1]");
	assert_int_equal(p.line, 3);
	assert_in_range(p.column, 12, 15);
}

static void too_deep_and_too_large(void **state)
{
	(void)state;
	char text[WB_TEXT_CHARS_MAX * 3 + 64];
	struct wb_json_problem p;
	json_t *json = NULL;
	memset(text, '[', WB_JSON_DEPTH_MAX + 1);
	memset(text + WB_JSON_DEPTH_MAX + 1, ']', WB_JSON_DEPTH_MAX + 1);
	struct wb_bytes fits = {(uint8_t *)text + 1, (size_t)2 * WB_JSON_DEPTH_MAX};
	struct wb_bytes over = {(uint8_t *)text, (size_t)2 * WB_JSON_DEPTH_MAX + 2};
	assert_int_equal(wb_json_parse(fits, &wb_json_outside, &json, &p), WB_OK);
	json_decref(json);
	assert_int_equal(wb_json_parse(over, &wb_json_outside, &json, &p), WB_ERR_LIMIT);
	assert_int_equal(p.reason, WB_JSON_TOO_DEEP);
	assert_int_equal(p.column, (int)WB_JSON_DEPTH_MAX + 1);

	/* A value that was not parsed here has the limit too. */
	struct wb_json_limits shallow = wb_json_outside;
	ProtobufCMessage *m;
	shallow.depth_max = 3;
	json = json_pack("{s:[{s:i}]}", "more", "n", 1);
	assert_int_equal(wb_json_to_message(json, CHAIN, &shallow, &arena, &m, &p), WB_OK);
	shallow.depth_max = 2;
	assert_int_equal(wb_json_to_message(json, CHAIN, &shallow, &arena, &m, &p), WB_ERR_LIMIT);
	assert_string_equal(p.path, "more[0]");
	json_decref(json);

	shallow.bytes_max = 1;
	assert_int_equal(wb_json_parse(wb_bytes_str("{}"), &shallow, &json, &p), WB_ERR_LIMIT);
	assert_int_equal(p.reason, WB_JSON_TOO_LARGE);
}

/* {"i32":1,"<name>":"<count times character>"} */
static const char *long_text(char *buffer, const char *name, size_t count, const char *character)
{
	size_t at = (size_t)snprintf(buffer, 64, "{\"i32\":1,\"%s\":\"", name);
	for (size_t i = 0; i < count; i++) {
		memcpy(buffer + at, character, strlen(character));
		at += strlen(character);
	}
	memcpy(buffer + at, "\"}", 3);
	return buffer;
}

static void lengths_are_counted_in_characters(void **state)
{
	(void)state;
	static char b[WB_TEXT_CHARS_MAX * 3 + 64];
	(void)read_ok(EVERYTHING, long_text(b, "text", WB_TEXT_CHARS_MAX, "维"));
	refused(EVERYTHING, long_text(b, "text", WB_TEXT_CHARS_MAX + 1, "a"), WB_JSON_TOO_LARGE, "text");
	(void)read_ok(EVERYTHING, long_text(b, "person", WB_TEXT_CHARS_MAX, "é"));
	refused(EVERYTHING, long_text(b, "person", WB_TEXT_CHARS_MAX, "维"), WB_JSON_TOO_LARGE, "person");
	refused(EVERYTHING, long_text(b, "person", WB_TEXT_CHARS_MAX + 1, "a"), WB_JSON_TOO_LARGE, "person");
}

static void long_paths_are_cut_at_a_character(void **state)
{
	(void)state;
	static char key[2000], text[2100];
	memset(key, 'x', 2);
	for (size_t i = 2; i + 3 < sizeof key; i += 3)
		memcpy(key + i, "维", 3);
	(void)snprintf(text, sizeof text, "{\"%s\":1}", key);
	ProtobufCMessage *m;
	struct wb_json_problem p;
	struct wb_bytes b = wb_bytes_str(text);
	assert_int_equal(wb_json_text_to_message(b, LEAF, &wb_json_outside, &arena, &m, &p), WB_ERR_INVALID);
	assert_true(wb_utf8_valid(p.path, strlen(p.path)));
	assert_in_range(strlen(p.path), WB_JSON_PATH_BYTES - 4, WB_JSON_PATH_BYTES - 1);
}

static void personal_on_the_way_out(void **state)
{
	(void)state;
	Weibao__V1__Personal person = WEIBAO__V1__PERSONAL__INIT;
	Weibao__Test__Required r = WEIBAO__TEST__REQUIRED__INIT;
	Weibao__Test__Leaf leaf = WEIBAO__TEST__LEAF__INIT;
	uint8_t id[16] = {0};
	struct wb_json_output english = {.language = WEIBAO__V1__LANGUAGE__LANGUAGE_EN};
	struct wb_json_output sealed = {.show_sealed = true};
	json_t *json = NULL;
	leaf.name = (char *)"n";
	leaf.leaf_id = (ProtobufCBinaryData){16, id};
	r.text = (char *)"t";
	r.visit_id = leaf.leaf_id;
	r.colour = WEIBAO__TEST__COLOUR__COLOUR_RED;
	r.leaf = &leaf;
	r.person = &person;
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_INVALID);
	person.value_case = WEIBAO__V1__PERSONAL__VALUE_BOX;
	person.box = (ProtobufCBinaryData){16, id};
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_CRYPTO);
#define REST(person)                                                                                                   \
	"{\"number\":0,\"text\":\"t\",\"visitId\":\"00000000-0000-0000-0000-000000000000\",\"yes\":false,"             \
	"\"colour\":\"RED\",\"leaf\":{\"name\":\"n\",\"leafId\":\"00000000-0000-0000-0000-000000000000\"},"            \
	"\"dueAt\":\"1970-01-01T00:00:00Z\",\"person\":" person "}"
	assert_written(&r, &sealed, REST("{\"sealed\":true}"));
	person.value_case = WEIBAO__V1__PERSONAL__VALUE_ERASED;
	person.erased = 1;
	assert_written(&r, NULL, REST("\"已删除\""));
	assert_written(&r, &english, REST("\"erased\""));
	person.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	person.plain = (char *)"张";
	assert_written(&r, NULL, REST("\"张\""));

	r.due_at = -1;
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_INVALID);
	r.due_at = 0;
	r.visit_id.len = 3;
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_INVALID);
	r.visit_id.len = 16;
	r.text = (char *)"\xff";
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_INVALID);
	r.text = (char *)"t";
	r.leaf = NULL;
	assert_int_equal(wb_message_to_json(&r.base, NULL, &json), WB_ERR_INVALID);
	assert_null(json);
}

static void the_check_of_a_message(void **state)
{
	(void)state;
	struct wb_json_problem p;
	Weibao__Test__Everything *e = read_ok(EVERYTHING, all);
	assert_int_equal(wb_message_check(&e->base, &p), WB_OK);
	assert_int_equal(p.reason, WB_JSON_NONE);
	e->leaves[1]->leaf_id.len = 0;
	assert_int_equal(wb_message_check(&e->base, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_MISSING);
	assert_string_equal(p.path, "leaves[1].leafId");
	e->leaves[1]->leaf_id.len = 16;
	e->colours[0] = WEIBAO__TEST__COLOUR__COLOUR_UNSPECIFIED;
	assert_int_equal(wb_message_check(&e->base, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_UNKNOWN_ENUM);
	assert_string_equal(p.path, "colours[0]");
}

static void every_prefix_of_a_text(void **state)
{
	(void)state;
	for (size_t len = 0; len < sizeof all - 1; len++) {
		ProtobufCMessage *m;
		struct wb_json_problem p;
		struct wb_bytes cut = {(const uint8_t *)all, len};
		enum wb_err err = wb_json_text_to_message(cut, EVERYTHING, &wb_json_outside, &arena, &m, &p);
		assert_int_equal(err, WB_ERR_INVALID);
		assert_true(p.reason == WB_JSON_MALFORMED || p.reason == WB_JSON_BAD_TEXT);
		assert_true(wb_utf8_valid(p.path, strlen(p.path)));
	}
}

static void a_full_arena(void **state)
{
	(void)state;
	for (size_t cap = 0;; cap += 64) {
		struct wb_arena small;
		ProtobufCMessage *m = NULL;
		struct wb_json_problem p;
		wb_arena_init(&small, cap);
		struct wb_bytes text = wb_bytes_str(all);
		enum wb_err err = wb_json_text_to_message(text, EVERYTHING, &wb_json_outside, &small, &m, &p);
		wb_arena_done(&small);
		assert_int_equal(p.reason, WB_JSON_NONE);
		if (err == WB_OK)
			break;
		assert_int_equal(err, WB_ERR_MEMORY);
		assert_in_range(cap, 0, 65536);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(there_and_back, setup, teardown),
	        cmocka_unit_test_setup_teardown(absent_fields, setup, teardown),
	        cmocka_unit_test_setup_teardown(each_case_of_a_oneof, setup, teardown),
	        cmocka_unit_test_setup_teardown(numbers_in_both_forms, setup, teardown),
	        cmocka_unit_test_setup_teardown(refusals, setup, teardown),
	        cmocka_unit_test_setup_teardown(malformed_text_has_a_place, setup, teardown),
	        cmocka_unit_test_setup_teardown(too_deep_and_too_large, setup, teardown),
	        cmocka_unit_test_setup_teardown(lengths_are_counted_in_characters, setup, teardown),
	        cmocka_unit_test_setup_teardown(long_paths_are_cut_at_a_character, setup, teardown),
	        cmocka_unit_test_setup_teardown(personal_on_the_way_out, setup, teardown),
	        cmocka_unit_test_setup_teardown(the_check_of_a_message, setup, teardown),
	        cmocka_unit_test_setup_teardown(every_prefix_of_a_text, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_full_arena, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
