/* Path and query parameters to messages. */
#include "unit/wire_test.pb-c.h"
#include "wire/json.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define EVERYTHING (&weibao__test__everything__descriptor)
#define REQUIRED (&weibao__test__required__descriptor)
#define LEAF (&weibao__test__leaf__descriptor)
#define UUID "00112233-4455-6677-8899-aabbccddeeff"

static struct wb_arena arena;

static int setup(void **state)
{
	(void)state;
	wb_arena_init(&arena, (size_t)1024 * 1024);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	wb_arena_done(&arena);
	return 0;
}

static void expect(
        ProtobufCMessage *m, const char *field, const char *text, enum wb_json_reason reason, const char *path)
{
	struct wb_json_problem p;
	enum wb_err err = wb_message_set_text(m, field, text, &arena, &p);
	assert_int_equal(p.reason, reason);
	assert_string_equal(p.path, path);
	assert_true((err == WB_OK) == (reason == WB_JSON_NONE));
}

static void single_fields(void **state)
{
	(void)state;
	ProtobufCMessage *m = wb_message_new(EVERYTHING, &arena);
	Weibao__Test__Everything *e = (Weibao__Test__Everything *)m;
	expect(m, "i32", "-7", WB_JSON_NONE, "");
	expect(m, "yes", "true", WB_JSON_NONE, "");
	expect(m, "a_double", "-1.5e1", WB_JSON_NONE, "");
	expect(m, "happened_at", "1970-01-01T00:00:01Z", WB_JSON_NONE, "");
	expect(m, "office_id", UUID, WB_JSON_NONE, "");
	expect(m, "role", "AUDITOR", WB_JSON_NONE, "");
	expect(m, "person", "张", WB_JSON_NONE, "");
	expect(m, "with_default", "other", WB_JSON_NONE, "");
	expect(m, "by_text", "t", WB_JSON_NONE, "");
	assert_int_equal(e->i32, -7);
	assert_true(e->has_yes && e->yes);
	assert_true(e->a_double < -14.9 && e->a_double > -15.1);
	assert_int_equal(e->happened_at, 1000000);
	assert_int_equal(e->role, WEIBAO__V1__ROLE__ROLE_AUDITOR);
	assert_string_equal(e->person->plain, "张");
	assert_string_equal(e->by_text, "t");

	expect(m, "office_id", UUID, WB_JSON_DUPLICATE, "officeId");
	expect(m, "person", "李", WB_JSON_DUPLICATE, "person");
	expect(m, "by_text", "t", WB_JSON_DUPLICATE, "byText");
	expect(m, "by_number", "1", WB_JSON_CONFLICT, "byNumber");
	expect(m, "nope", "1", WB_JSON_UNKNOWN_FIELD, "nope");
	expect(m, "leaf", "{}", WB_JSON_WRONG_TYPE, "leaf");
}

static void refused_ones_change_nothing(void **state)
{
	(void)state;
	ProtobufCMessage *m = wb_message_new(EVERYTHING, &arena);
	Weibao__Test__Everything *e = (Weibao__Test__Everything *)m;
	expect(m, "yes", "1", WB_JSON_WRONG_TYPE, "yes");
	expect(m, "yes", "TRUE", WB_JSON_WRONG_TYPE, "yes");
	expect(m, "a_double", "0x10", WB_JSON_WRONG_TYPE, "aDouble");
	expect(m, "a_double", "", WB_JSON_WRONG_TYPE, "aDouble");
	expect(m, "a_double", "1e", WB_JSON_WRONG_TYPE, "aDouble");
	expect(m, "a_double", "1e999", WB_JSON_OUT_OF_RANGE, "aDouble");
	expect(m, "a_float", "1e39", WB_JSON_OUT_OF_RANGE, "aFloat");
	expect(m, "u32", "4294967296", WB_JSON_OUT_OF_RANGE, "u32");
	expect(m, "office_id", "x", WB_JSON_BAD_ID, "officeId");
	expect(m, "text", "\xff", WB_JSON_BAD_TEXT, "text");
	expect(m, "role", "NOBODY", WB_JSON_UNKNOWN_ENUM, "role");
	expect(m, "by_number", "x", WB_JSON_WRONG_TYPE, "byNumber");
	assert_false(e->has_yes || e->has_a_double || e->has_a_float || e->has_u32 || e->has_office_id || e->has_role);
	assert_int_equal(e->choice_case, 0);
	expect(m, "device_ids", "x", WB_JSON_BAD_ID, "deviceIds[0]");
	assert_int_equal(e->n_device_ids, 0);
}

static void repeated_fields_append(void **state)
{
	(void)state;
	ProtobufCMessage *m = NULL;
	struct wb_json_problem p;
	struct wb_bytes body = wb_bytes_str("{\"i32\":1,\"tags\":[\"a\",\"b\",\"c\"]}");
	assert_int_equal(wb_json_text_to_message(body, EVERYTHING, &wb_json_outside, &arena, &m, &p), WB_OK);
	Weibao__Test__Everything *e = (Weibao__Test__Everything *)m;
	expect(m, "tags", "d", WB_JSON_NONE, "");
	expect(m, "tags", "e", WB_JSON_NONE, "");
	expect(m, "device_ids", UUID, WB_JSON_NONE, "");
	expect(m, "device_ids", UUID, WB_JSON_NONE, "");
	expect(m, "flags", "true", WB_JSON_NONE, "");
	expect(m, "people", "王", WB_JSON_NONE, "");
	assert_int_equal(e->n_tags, 5);
	assert_string_equal(e->tags[0], "a");
	assert_string_equal(e->tags[4], "e");
	assert_int_equal(e->n_device_ids, 2);
	assert_int_equal(e->device_ids[1].data[1], 0x11);
	assert_string_equal(e->people[0]->plain, "王");
}

static void query_parameters(void **state)
{
	(void)state;
	const struct wb_json_param good[] = {{"name", "n"}, {"leafId", UUID}, {"count", "3"}};
	const struct wb_json_param twice[] = {{"name", "n"}, {"leafId", UUID}, {"name", "n"}};
	const struct wb_json_param snake[] = {{"name", "n"}, {"leaf_id", UUID}};
	const struct wb_json_param bad[] = {{"\xff", "n"}};
	ProtobufCMessage *m = NULL;
	struct wb_json_problem p;
	assert_int_equal(wb_json_params_to_message(good, 3, LEAF, &wb_json_outside, &arena, &m, &p), WB_OK);
	assert_int_equal(((Weibao__Test__Leaf *)m)->count, 3);
	assert_int_equal(wb_json_params_to_message(good, 1, LEAF, &wb_json_outside, &arena, &m, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_MISSING);
	assert_string_equal(p.path, "leafId");
	assert_int_equal(wb_json_params_to_message(twice, 3, LEAF, &wb_json_outside, &arena, &m, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_DUPLICATE);
	assert_string_equal(p.path, "name");
	assert_int_equal(wb_json_params_to_message(snake, 2, LEAF, &wb_json_outside, &arena, &m, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_UNKNOWN_FIELD);
	assert_int_equal(wb_json_params_to_message(bad, 1, LEAF, &wb_json_outside, &arena, &m, &p), WB_ERR_INVALID);
	assert_string_equal(p.path, "?");
}

static void later_fields_are_the_callers(void **state)
{
	(void)state;
	static const char *const later[] = {"leaf_id", NULL};
	struct wb_json_limits limits = wb_json_outside;
	ProtobufCMessage *m = NULL;
	struct wb_json_problem p;
	limits.later = later;
	struct wb_bytes body = wb_bytes_str("{\"name\":\"n\"}");
	struct wb_bytes both = wb_bytes_str("{\"name\":\"n\",\"leafId\":\"" UUID "\"}");
	struct wb_bytes inner = wb_bytes_str("{\"i32\":1,\"leaf\":{\"name\":\"n\"}}");
	assert_int_equal(wb_json_text_to_message(body, LEAF, &limits, &arena, &m, &p), WB_OK);
	assert_int_equal(wb_message_check(m, &p), WB_ERR_INVALID);
	assert_string_equal(p.path, "leafId");
	expect(m, "leaf_id", UUID, WB_JSON_NONE, "");
	assert_int_equal(wb_message_check(m, &p), WB_OK);
	assert_int_equal(wb_json_text_to_message(both, LEAF, &limits, &arena, &m, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_UNKNOWN_FIELD);
	assert_string_equal(p.path, "leafId");
	/* Of the outermost message only. */
	assert_int_equal(wb_json_text_to_message(inner, EVERYTHING, &limits, &arena, &m, &p), WB_ERR_INVALID);
	assert_string_equal(p.path, "leaf.leafId");
	const struct wb_json_param param = {"leafId", UUID};
	assert_int_equal(wb_json_params_to_message(&param, 1, LEAF, &limits, &arena, &m, &p), WB_ERR_INVALID);
	assert_int_equal(p.reason, WB_JSON_UNKNOWN_FIELD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(single_fields, setup, teardown),
	        cmocka_unit_test_setup_teardown(refused_ones_change_nothing, setup, teardown),
	        cmocka_unit_test_setup_teardown(repeated_fields_append, setup, teardown),
	        cmocka_unit_test_setup_teardown(query_parameters, setup, teardown),
	        cmocka_unit_test_setup_teardown(later_fields_are_the_callers, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
