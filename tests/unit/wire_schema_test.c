/* Schemas and examples: of the test's messages in full, of every message of the product by their properties. */
#include "proto/registry.h"
#include "unit/wire_test.pb-c.h"
#include "wire/json.h"
#include "wire/schema.h"
#include "wire/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define UUID_SCHEMA "{\"type\":\"string\",\"format\":\"uuid\"}"
#define TEXT_SCHEMA "{\"type\":\"string\",\"maxLength\":4000}"
#define UINT32_SCHEMA "{\"type\":\"integer\",\"minimum\":0,\"maximum\":4294967295}"

static void assert_json(json_t *json, const char *expected)
{
	json_error_t error;
	json_t *wanted = json_loads(expected, JSON_REJECT_DUPLICATES, &error);
	assert_non_null(wanted);
	assert_non_null(json);
	if (!json_equal(json, wanted)) {
		char *text = json_dumps(json, JSON_COMPACT);
		print_error("got %s\n", text);
		free(text);
	}
	assert_true(json_equal(json, wanted));
	json_decref(wanted);
	json_decref(json);
}

static void the_schema_of_a_message(void **state)
{
	(void)state;
	assert_json(wb_schema_message(&weibao__test__required__descriptor),
	        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	        "\"number\":" UINT32_SCHEMA ",\"text\":" TEXT_SCHEMA ",\"visitId\":" UUID_SCHEMA
	        ",\"yes\":{\"type\":\"boolean\"},\"colour\":{\"type\":\"string\",\"enum\":[\"RED\",\"DARK_GREEN\"]},"
	        "\"leaf\":{\"$ref\":\"#/components/schemas/Leaf\"},"
	        "\"dueAt\":{\"type\":\"string\",\"format\":\"date-time\"},\"person\":" TEXT_SCHEMA "},"
	        "\"required\":[\"number\",\"text\",\"visitId\",\"yes\",\"colour\",\"leaf\",\"dueAt\",\"person\"]}");
	assert_json(wb_schema_message(&weibao__test__empty__descriptor),
	        "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{}}");
	json_t *everything = wb_schema_message(&weibao__test__everything__descriptor);
	json_t *properties = json_object_get(everything, "properties");
	assert_json(json_incref(json_object_get(properties, "deviceIds")),
	        "{\"type\":\"array\",\"items\":" UUID_SCHEMA "}");
	assert_json(json_incref(json_object_get(properties, "blob")),
	        "{\"type\":\"string\",\"contentEncoding\":\"base64\"}");
	assert_json(json_incref(json_object_get(everything, "allOf")),
	        "[{\"oneOf\":[{\"required\":[\"byText\"]},{\"required\":[\"byBlob\"]},{\"required\":[\"byLeaf\"]},"
	        "{\"required\":[\"byNumber\"]},{\"required\":[\"byPerson\"]},{\"required\":[\"byColour\"]},"
	        "{\"not\":{\"anyOf\":[{\"required\":[\"byText\"]},{\"required\":[\"byBlob\"]},"
	        "{\"required\":[\"byLeaf\"]},{\"required\":[\"byNumber\"]},{\"required\":[\"byPerson\"]},"
	        "{\"required\":[\"byColour\"]}]}}]}]");
	json_decref(everything);
}

static void schemas_are_collected(void **state)
{
	(void)state;
	json_t *schemas = json_object();
	assert_int_equal(wb_schema_add(schemas, &weibao__test__required__descriptor), WB_OK);
	assert_int_equal(json_object_size(schemas), 2);
	assert_non_null(json_object_get(schemas, "Leaf"));
	assert_int_equal(wb_schema_add(schemas, &weibao__test__chain__descriptor), WB_OK);
	assert_int_equal(wb_schema_add(schemas, &weibao__test__leaf__descriptor), WB_OK);
	assert_int_equal(json_object_size(schemas), 3);
	json_decref(schemas);
}

/* The example is accepted, written back as it was, and survives the wire. */
static void assert_example(const ProtobufCMessageDescriptor *d)
{
	struct wb_arena arena;
	ProtobufCMessage *m = NULL, *again = NULL;
	struct wb_json_problem p;
	struct wb_bytes b;
	wb_arena_init(&arena, (size_t)4 * 1024 * 1024);
	json_t *example = wb_json_example(d), *second = wb_json_example(d), *back = NULL;
	assert_non_null(example);
	assert_true(json_equal(example, second));
	enum wb_err err = wb_json_to_message(example, d, &wb_json_outside, &arena, &m, &p);
	if (err)
		print_error("%s: %s at %s\n", d->name, wb_json_reason_name(p.reason), p.path);
	assert_int_equal(err, WB_OK);
	assert_int_equal(wb_pack(m, &arena, &b), WB_OK);
	assert_int_equal(wb_unpack(d, b, &arena, &wb_unpack_outside, &again), WB_OK);
	assert_int_equal(wb_message_to_json(again, NULL, &back), WB_OK);
	/* A recursive type's example ends without the empty lists that are written back. */
	if (d != &weibao__test__chain__descriptor)
		assert_true(json_equal(example, back));
	json_decref(example);
	json_decref(second);
	json_decref(back);
	wb_arena_done(&arena);
}

static void examples_of_the_test(void **state)
{
	(void)state;
	assert_example(&weibao__test__everything__descriptor);
	assert_example(&weibao__test__required__descriptor);
	assert_example(&weibao__test__leaf__descriptor);
	assert_example(&weibao__test__chain__descriptor);
	assert_example(&weibao__test__empty__descriptor);
}

static void every_message_of_the_product(void **state)
{
	(void)state;
	size_t count;
	const struct wb_message_type *types = wb_message_types(&count);
	json_t *schemas = json_object();
	assert_true(count > 50);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(wb_schema_add(schemas, types[i].descriptor), WB_OK);
		if (strcmp(types[i].name, "Personal") != 0)
			assert_example(types[i].descriptor);
	}
	assert_int_equal(json_object_size(schemas), count - 1);
	json_decref(schemas);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_schema_of_a_message),
	        cmocka_unit_test(schemas_are_collected),
	        cmocka_unit_test(examples_of_the_test),
	        cmocka_unit_test(every_message_of_the_product),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
