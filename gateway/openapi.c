/* GET /openapi.json: OpenAPI 3.1 from the route table, the messages' descriptors and the list of refusals. */
#include "gateway/gateway.h"
#include "proto/registry.h"
#include "wire/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *text_schema(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

static json_t *content(const char *media, json_t *schema, json_t *example)
{
	json_t *c = json_pack("{s:o}", "schema", schema);
	if (example)
		json_object_set_new(c, "example", example);
	return json_pack("{s:o}", media, c);
}

static json_t *problem_example(const char *code)
{
	const struct wb_refusal_text *t = wb_refusal_find(code);
	char type[96];
	(void)snprintf(type, sizeof type, "/problems/%s", code);
	return json_pack("{s:s,s:s,s:i,s:s}", "type", type, "title", t->en, "status", t->status, "code", code);
}

static json_t *problem_response(const char *description, const char *code)
{
	return json_pack("{s:s,s:o}", "description", description, "content",
	        content("application/problem+json", json_pack("{s:s}", "$ref", "#/components/schemas/Problem"),
	                problem_example(code)));
}

static json_t *header(const char *description)
{
	return json_pack("{s:s,s:o}", "description", description, "schema", text_schema("string"));
}

static json_t *parameter(const char *name, const char *in, bool required, json_t *schema, const char *description)
{
	json_t *p = json_pack("{s:s,s:s,s:b,s:o}", "name", name, "in", in, "required", required, "schema", schema);
	if (description)
		json_object_set_new(p, "description", json_string(description));
	return p;
}

static bool is_later(const struct wb_route *r, const char *field)
{
	for (size_t i = 0; i < r->n_later; i++)
		if (strcmp(r->later[i], field) == 0)
			return true;
	return false;
}

static const ProtobufCFieldDescriptor *field_named(const ProtobufCMessageDescriptor *d, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(d, name);
}

static json_t *parameters(const struct wb_route *r)
{
	json_t *all = json_array();
	char name[128];
	for (size_t i = 0; i < r->n_segments; i++) {
		if (!r->is_param[i])
			continue;
		bool tenant = strcmp(r->segments[i], "tenant") == 0;
		const char *field = tenant ? NULL : wb_route_field(r->descriptor, r->segments[i]);
		json_array_append_new(all,
		        parameter(r->segments[i], "path", true,
		                tenant ? text_schema("string") : wb_schema_field(field_named(r->descriptor, field)),
		                tenant ? "tenant id" : NULL));
	}
	for (unsigned i = 0; r->method == WB_HTTP_GET && i < r->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &r->descriptor->fields[i];
		if (!is_later(r, f->name) && wb_json_name(f, name, sizeof name))
			json_array_append_new(all, parameter(name, "query", f->label == PROTOBUF_C_LABEL_REQUIRED,
			                                   wb_schema_field(f), NULL));
	}
	if (r->kind == WB_ROUTE_COMMAND) {
		json_array_append_new(all, parameter("Idempotency-Key", "header", false, text_schema("string"),
		                                   "best a UUIDv7; the same key gives the same answer, for ever"));
		json_array_append_new(
		        all, parameter("If-Match", "header", false, text_schema("string"), "the ETag last seen"));
	}
	json_array_append_new(all, parameter("Weibao-After", "header", false, text_schema("string"),
	                                   "the Weibao-Position last seen: the answer is not older"));
	return all;
}

/* The body's example and schema are the message's, less what the path fills. */
static json_t *body_of(const struct wb_route *r)
{
	json_t *schema = wb_schema_message(r->descriptor), *example = wb_json_example(r->descriptor);
	json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required");
	for (size_t i = 0; i < r->n_later; i++) {
		char name[128];
		if (!wb_json_name(field_named(r->descriptor, r->later[i]), name, sizeof name))
			continue;
		json_object_del(properties, name);
		json_object_del(example, name);
		for (size_t k = 0; k < json_array_size(required); k++)
			if (strcmp(json_string_value(json_array_get(required, k)), name) == 0)
				json_array_remove(required, k--);
	}
	if (required && json_array_size(required) == 0)
		json_object_del(schema, "required");
	return json_pack("{s:b,s:o}", "required", 1, "content", content("application/json", schema, example));
}

static const ProtobufCMessageDescriptor *answer_of(
        const struct wb_route *r, const struct wb_message_type *types, size_t n)
{
	static const char *const revealed[][2] = {{"SignIn", "SignInAnswer"}, {"CreateAccount", "CodeAnswer"},
	        {"IssuePasswordReset", "CodeAnswer"}, {"ConfirmTotp", "RecoveryCodesAnswer"},
	        {"IssueToken", "TokenAnswer"}, {"GetAccount", "AccountItem"}};
	char name[160];
	(void)snprintf(name, sizeof name, "%sAnswer", r->message);
	for (size_t i = 0; i < sizeof revealed / sizeof revealed[0]; i++)
		if (strcmp(revealed[i][0], r->message) == 0)
			(void)snprintf(name, sizeof name, "%s", revealed[i][1]);
	for (size_t i = 0; i < n; i++)
		if (strcmp(types[i].name, name) == 0)
			return types[i].descriptor;
	return NULL;
}

static json_t *ok_response(const struct wb_route *r, json_t *schemas)
{
	size_t n;
	const struct wb_message_type *types = wb_message_types(&n);
	const ProtobufCMessageDescriptor *d = answer_of(r, types, n);
	json_t *schema, *example, *response;
	if (d) {
		WB_ASSERT(wb_schema_add(schemas, d) == WB_OK);
		schema = wb_schema_ref(d);
		example = wb_json_example(d);
	} else {
		schema = json_pack("{s:s}", "$ref", "#/components/schemas/Accepted");
		example = json_pack("{s:s,s:[{s:s,s:s,s:s,s:s,s:s,s:s,s:o}]}", "commandId",
		        "01930000-0000-7000-8000-000000000001", "events", "type", r->message, "tenant", "acme",
		        "streamKind", "ticket", "streamId", "01930000-0000-7000-8000-000000000002", "streamVersion",
		        "1", "recordedAt", "2026-01-05T01:00:00Z", "data", json_object());
	}
	response = json_pack("{s:s,s:o,s:{s:o,s:o}}", "description", d ? "the answer" : "accepted: the events it made",
	        "content", content("application/json", schema, example), "headers", "Weibao-Position",
	        header("position token: bring it back as Weibao-After"), "ETag", header("version of the thing"));
	return response;
}

static json_t *operation(const struct wb_route *r, json_t *schemas)
{
	json_t *responses = json_object(), *op;
	json_object_set_new(responses, "200", ok_response(r, schemas));
	json_object_set_new(responses, "400", problem_response("malformed", "BODY_MALFORMED"));
	if (!r->anonymous) {
		json_object_set_new(responses, "401", problem_response("not signed in", "SIGN_IN_REQUIRED"));
		json_object_set_new(responses, "403", problem_response("not allowed", "FORBIDDEN"));
	}
	json_object_set_new(responses, "404", problem_response("not there, or not yours", "NOT_FOUND"));
	if (r->kind == WB_ROUTE_COMMAND) {
		json_object_set_new(responses, "409", problem_response("refused as things stand", "STATE_CHANGED"));
		json_object_set_new(responses, "412", problem_response("changed meanwhile", "VERSION_MISMATCH"));
	}
	json_object_set_new(responses, "422", problem_response("a field is not valid", "BODY_INVALID"));
	json_object_set_new(responses, "503", problem_response("try again", "BUSY"));
	op = json_pack("{s:s,s:s,s:[s],s:o,s:o}", "operationId", r->message, "summary", r->en, "tags", r->service,
	        "parameters", parameters(r), "responses", responses);
	json_object_set_new(op, "description", json_string(r->zh));
	json_object_set_new(op, "x-kind", json_string(r->kind == WB_ROUTE_COMMAND ? "command" : "query"));
	if (r->method != WB_HTTP_GET)
		json_object_set_new(op, "requestBody", body_of(r));
	if (r->anonymous)
		json_object_set_new(op, "security", json_array());
	/* what the body refers to */
	json_t *tmp = json_object();
	WB_ASSERT(wb_schema_add(tmp, r->descriptor) == WB_OK);
	json_object_update_missing(schemas, tmp);
	json_decref(tmp);
	return op;
}

static void add_fixed(json_t *schemas)
{
	json_object_set_new(schemas, "Problem",
	        json_pack("{s:s,s:[s,s,s],s:{s:o,s:o,s:o,s:o,s:o,s:{s:s,s:{s:s,s:{s:o,s:o,s:o}}}}}", "type", "object",
	                "required", "title", "status", "code", "properties", "type", text_schema("string"), "title",
	                text_schema("string"), "status", text_schema("integer"), "code", text_schema("string"),
	                "detail", text_schema("string"), "fields", "type", "array", "items", "type", "object",
	                "properties", "path", text_schema("string"), "code", text_schema("string"), "message",
	                text_schema("string")));
	json_object_set_new(schemas, "Accepted",
	        json_pack("{s:s,s:[s,s],s:{s:{s:s,s:s},s:{s:s,s:{s:s}},s:o}}", "type", "object", "required",
	                "commandId", "events", "properties", "commandId", "type", "string", "format", "uuid", "events",
	                "type", "array", "items", "type", "object", "code", text_schema("string")));
}

static const char *method_key(enum wb_http_method m)
{
	static const char *const names[] = {"get", "head", "post", "put", "patch", "delete", "options"};
	return names[m];
}

char *openapi_text(void)
{
	size_t n;
	const struct wb_route *routes = wb_routes(&n);
	json_t *paths = json_object(), *schemas = json_object(), *doc;
	add_fixed(schemas);
	for (size_t i = 0; i < n; i++) {
		char path[256];
		(void)snprintf(path, sizeof path, "/api/v1%s", routes[i].path);
		json_t *item = json_object_get(paths, path);
		if (!item) {
			item = json_object();
			json_object_set_new(paths, path, item);
		}
		json_object_set_new(item, method_key(routes[i].method), operation(&routes[i], schemas));
	}
	doc = json_pack("{s:s,s:{s:s,s:s,s:s},s:o,s:{s:o,s:{s:{s:s,s:s},s:{s:s,s:s,s:s},s:{s:s,s:s,s:s}}},s:[{s:[]},{s:"
	                "[]},{s:[]}]}",
	        "openapi", "3.1.0", "info", "title", "weibao", "version", "1", "description",
	        "IT-maintenance service. See docs/api.md for what this description does not say.", "paths", paths,
	        "components", "schemas", schemas, "securitySchemes", "bearer", "type", "http", "scheme", "bearer",
	        "session", "type", "apiKey", "in", "cookie", "name", "weibao_session", "link", "type", "apiKey", "in",
	        "header", "name", "Weibao-Link", "security", "bearer", "session", "link");
	char *text = doc ? json_dumps(doc, JSON_INDENT(1)) : NULL;
	json_decref(doc);
	return text;
}
