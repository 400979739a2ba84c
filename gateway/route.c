#include "gateway/route.h"
#include "base/err.h"
#include "proto/registry.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words of the .def files. */
enum {
	HOTLINE = 1u << WEIBAO__V1__ROLE__ROLE_HOTLINE,
	ENGINEER = 1u << WEIBAO__V1__ROLE__ROLE_ENGINEER,
	PRINCIPAL = 1u << WEIBAO__V1__ROLE__ROLE_PRINCIPAL,
	MANAGER = 1u << WEIBAO__V1__ROLE__ROLE_MANAGER,
	REPRESENTATIVE = 1u << WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE,
	DEPUTY = 1u << WEIBAO__V1__ROLE__ROLE_DEPUTY,
	USER = 1u << WEIBAO__V1__ROLE__ROLE_USER,
	AUDITOR = 1u << WEIBAO__V1__ROLE__ROLE_AUDITOR,
	ADMINISTRATOR = 1u << WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR,
	LINK = 1u << WEIBAO__V1__ROLE__ROLE_LINK,
	ANYONE = HOTLINE | ENGINEER | PRINCIPAL | MANAGER | REPRESENTATIVE | DEPUTY | USER | AUDITOR | ADMINISTRATOR
};

#define ROUTE(m, p, msg, svc, k, r, t, e, z)                                                                           \
	{.method = WB_HTTP_##m,                                                                                        \
	        .path = p,                                                                                             \
	        .message = #msg,                                                                                       \
	        .service = svc,                                                                                        \
	        .kind = ROUTE_##k,                                                                                     \
	        .roles = (r),                                                                                          \
	        .tenant = WB_ROUTE_##t,                                                                                \
	        .en = e,                                                                                               \
	        .zh = z},
#define ROUTE_C WB_ROUTE_COMMAND
#define ROUTE_Q WB_ROUTE_QUERY

static struct wb_route table[] = {
#include "gateway/routes/all.def"
};
#define COUNT (sizeof table / sizeof table[0])

const char *wb_route_field(const ProtobufCMessageDescriptor *d, const char *json_name)
{
	char name[128];
	for (unsigned i = 0; i < d->n_fields; i++)
		if (wb_json_name(&d->fields[i], name, sizeof name) && strcmp(name, json_name) == 0)
			return d->fields[i].name;
	return NULL;
}

static void split(struct wb_route *r)
{
	char *text = strdup(r->path); /* lives as long as the table: the process */
	WB_ASSERT(text);
	for (char *p = text; *p;) {
		WB_ASSERT(*p == '/' && r->n_segments < WB_ROUTE_SEGMENTS_MAX);
		*p++ = '\0';
		char *end = p + strcspn(p, "/");
		size_t n = (size_t)(end - p);
		bool param = n > 2 && p[0] == '{' && p[n - 1] == '}';
		r->segments[r->n_segments] = param ? p + 1 : p;
		r->is_param[r->n_segments] = param;
		if (param)
			p[n - 1] = '\0';
		r->n_segments++;
		p = end;
	}
}

static void prepare(struct wb_route *r)
{
	const struct wb_message_type *t = wb_message_type_find(r->message);
	if (!t) {
		fprintf(stderr, "route %s: there is no message %s\n", r->path, r->message);
		abort();
	}
	r->descriptor = t->descriptor;
	split(r);
	for (size_t i = 0; i < r->n_segments; i++) {
		if (!r->is_param[i])
			continue;
		if (strcmp(r->segments[i], "tenant") == 0) {
			r->has_tenant = true;
			continue;
		}
		const char *field = wb_route_field(r->descriptor, r->segments[i]);
		if (!field || r->n_later == WB_ROUTE_PARAMS_MAX) {
			fprintf(stderr, "route %s: %s has no field %s\n", r->path, r->message, r->segments[i]);
			abort();
		}
		r->later[r->n_later++] = field;
	}
	r->anonymous = !r->has_tenant && r->roles == LINK;
}

void wb_routes_init(void)
{
	for (size_t i = 0; i < COUNT; i++)
		if (!table[i].descriptor)
			prepare(&table[i]);
}

const struct wb_route *wb_routes(size_t *ret_count)
{
	*ret_count = COUNT;
	return table;
}

static bool fits(const struct wb_route *r, const char *const *segments, size_t n)
{
	if (r->n_segments != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!r->is_param[i] && strcmp(r->segments[i], segments[i]) != 0)
			return false;
	return true;
}

/* Literal segments win over parameters: /tickets/search before /tickets/{ticketId}. */
static size_t literals(const struct wb_route *r)
{
	size_t n = 0;
	for (size_t i = 0; i < r->n_segments; i++)
		n += !r->is_param[i];
	return n;
}

enum wb_route_match wb_route_find(enum wb_http_method method, const char *const *segments, size_t n,
        const struct wb_route **ret_route, uint32_t *ret_allow)
{
	const struct wb_route *best = NULL;
	uint32_t allow = 0;
	for (size_t i = 0; i < COUNT; i++) {
		const struct wb_route *r = &table[i];
		if (!fits(r, segments, n))
			continue;
		allow |= 1u << r->method;
		if (r->method == method && (!best || literals(r) > literals(best)))
			best = r;
	}
	if (best) {
		*ret_route = best;
		return WB_ROUTE_FOUND;
	}
	*ret_allow = allow;
	return allow ? WB_ROUTE_NO_METHOD : WB_ROUTE_NO_PATH;
}
