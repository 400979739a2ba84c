/*
 * The route table: the only place where a route stands (gateway/routes/<service>.def). From it come dispatch,
 * authorisation, validation and /openapi.json.
 *
 * A path is below /api/v1; {name} fills the message's field of that JSON name; {tenant} is the tenant. A path without
 * {tenant} is of the account's home; one whose only role is LINK is anonymous.
 */
#ifndef WB_GATEWAY_ROUTE_H
#define WB_GATEWAY_ROUTE_H
#include "gateway/http/request.h"
#include "weibao/v1/common.pb-c.h"
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WB_ROUTE_SEGMENTS_MAX 12
#define WB_ROUTE_PARAMS_MAX 6

enum wb_route_kind { WB_ROUTE_COMMAND, WB_ROUTE_QUERY };
enum wb_route_tenant { WB_ROUTE_CLIENT, WB_ROUTE_PROVIDER, WB_ROUTE_ANY };

struct wb_route {
	enum wb_http_method method;
	const char *path;    /* "/tenants/{tenant}/tickets" */
	const char *message; /* short name */
	const char *service;
	enum wb_route_kind kind;
	uint32_t roles; /* bits 1 << Role */
	enum wb_route_tenant tenant;
	const char *en, *zh; /* summary */
	/* filled by wb_routes_init */
	const ProtobufCMessageDescriptor *descriptor;
	const char *segments[WB_ROUTE_SEGMENTS_MAX]; /* literal text, or the name of a parameter */
	bool is_param[WB_ROUTE_SEGMENTS_MAX];
	size_t n_segments;
	bool has_tenant, anonymous;
	const char *later[WB_ROUTE_PARAMS_MAX + 1]; /* .proto names of fields that the path fills, NULL-terminated */
	size_t n_later;
};

/* Checks the table (each message exists, each parameter is a field) and prepares it. A mistake is a bug: asserts. */
void wb_routes_init(void);
const struct wb_route *wb_routes(size_t *ret_count);

enum wb_route_match { WB_ROUTE_FOUND, WB_ROUTE_NO_PATH, WB_ROUTE_NO_METHOD };
/* Finds the route of segments (below /api/v1). ret_allow: on NO_METHOD the methods that the path has, as bits. */
enum wb_route_match wb_route_find(enum wb_http_method method, const char *const *segments, size_t n,
        const struct wb_route **ret_route, uint32_t *ret_allow);
/* Name of the .proto field behind a JSON name in a message, or NULL. */
const char *wb_route_field(const ProtobufCMessageDescriptor *d, const char *json_name);
#endif
