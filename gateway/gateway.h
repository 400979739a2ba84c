/*
 * The gateway: HTTP and JSON in front, ZeroMQ and protobuf behind. It authenticates, checks, makes the command id,
 * sends, and shows the answer; it keeps no state of the business.
 *
 * Rooms: route.* the table · auth.c who asks (sessions, cached, dropped at the feed's word) · request.c one request
 * from the socket to the service · answer.c the reply as JSON, problems in two languages · openapi.c the description ·
 * sse.c changes as server-sent events · form.c the service form to print · main.c. Each event loop of the server has
 * everything of its own (struct loop): no locks. The gateway never decides: roles and tenants are checked here early
 * and by the owner again.
 */
#ifndef WB_GATEWAY_H
#define WB_GATEWAY_H
#include "base/arena.h"
#include "base/id.h"
#include "bus/client.h"
#include "bus/feed.h"
#include "gateway/http/server.h"
#include "gateway/route.h"
#include "service/curve_dir.h"
#include "proto/refusals.h"
#include "weibao/v1/bus.pb-c.h"
#include "weibao/v1/identity_queries.pb-c.h"
#include "wire/json.h"

#define GATEWAY_LOOPS_MAX 16
#define GATEWAY_SERVICES 6
#define GATEWAY_PENDING_MAX 4096 /* requests under way, a loop */
#define GATEWAY_ARENA_BYTES ((size_t)48 << 20)
#define GATEWAY_TIMEOUT_MS 15000
#define GATEWAY_SESSION_CACHE_US (60 * INT64_C(1000000))
#define GATEWAY_FEED_SILENT_US (30 * INT64_C(1000000)) /* then 503 to all but health: revocations may be missed */
#define GATEWAY_KEY_CHARS_MAX 128

struct loop;
struct session; /* auth.c */

struct gateway {
	const char *prefix;    /* of the bus */
	uint8_t token_key[32]; /* position tokens */
	struct wb_bus *bus;
	const char *curve; /* folder of keys; NULL: plain */
	struct wb_http_server *server;
	struct wb_http_tls *tls;
	struct loop *loops[GATEWAY_LOOPS_MAX];
	bool demo;
	char *openapi; /* the whole text, made once */
	size_t openapi_len;
};

struct loop {
	struct gateway *gateway;
	struct wb_http_loop *http;
	struct event_base *base;
	struct wb_client *clients[GATEWAY_SERVICES];
	struct wb_feed_sub *feed;
	struct wb_curve_dir *keys; /* NULL: plain */
	struct session *sessions[1024];
	size_t n_sessions;
	uint64_t next_id;
	size_t n_pending;
	int64_t feed_us;     /* wall time when the feed was last heard */
	struct wb_id log_id; /* as the feed says */
	uint32_t incarnation;
	uint64_t head;
	struct stream *streams; /* sse.c */
};

/* One request, from its arrival to its answer. */
struct pending {
	struct loop *loop;
	uint64_t http_id;
	struct wb_arena arena;
	const struct wb_route *route;
	enum wb_http_method method;
	Weibao__V1__Language language;
	const char *tenant; /* of the path, else the account's home */
	const char *peer;
	bool is_tls, wants_html, wants_octets, octets;
	bool other_type; /* a body that is neither JSON nor octets */
	const char *cookie, *bearer, *link, *csrf, *key, *if_match, *after, *traceparent;
	const char *const *segments; /* below /api/v1 */
	size_t n_segments;
	const struct wb_http_pair *params;
	size_t n_params;
	struct wb_bytes body;
	ProtobufCMessage *message;
	const Weibao__V1__AuthenticateAnswer *who;
	struct wb_id command_id;
	const char *home; /* SignIn, SetPasswordByCode: where the login is at home */
};

/* ---- request.c ---- */
void request_take(struct loop *l, const struct wb_http_request *r);
/* Goes on once it is known who asks (who NULL: anonymous). */
void request_authenticated(struct pending *p, const Weibao__V1__AuthenticateAnswer *who);
void pending_free(struct pending *p);
/* The client to a service of this loop; NULL: unknown name. */
struct wb_client *loop_client(struct loop *l, const char *service);
/* Packs and sends a Request; err if it could not be sent. cb gets ctx. */
enum wb_err loop_send(
        struct loop *l, const char *service, Weibao__V1__Request *q, struct wb_arena *a, wb_client_cb *cb, void *ctx);

/* ---- auth.c ---- */
/* Finds out who asks, from the cache or from identity, then calls request_authenticated or answers with a problem. */
void auth_start(struct pending *p);
/* An event of an account: what was cached of it is dropped. */
void auth_forget(struct loop *l, struct wb_id account);
void auth_free(struct loop *l);
/* The roles (bits) in a tenant; for own matters those of all grants. */
uint32_t auth_roles(const Weibao__V1__AuthenticateAnswer *who, const char *tenant);

/* ---- answer.c ---- */
/* Answers with a problem (RFC 9457) and frees the request. path and detail may be NULL. */
void answer_refusal(struct pending *p, const char *code, const char *path, const char *detail);
void answer_json_problem(struct pending *p, const struct wb_json_problem *bad);
/* Answers with what the service replied and frees the request. */
void answer_reply(struct pending *p, const Weibao__V1__Reply *reply);
void answer_now(struct loop *l, uint64_t http_id, int status, const char *type, struct wb_bytes body,
        const struct wb_http_pair *headers, size_t n_headers);
/* The position token of a position in this loop's log. */
void answer_position(struct loop *l, uint64_t position, const Weibao__V1__Reply *reply, char *ret, size_t size);

/* ---- openapi.c ---- */
/* The OpenAPI 3.1 description of the route table; heap, or NULL. */
char *openapi_text(void);

/* ---- sse.c ---- */
/* Begins the stream of a request that was authorised for these roles; takes the request over. */
void sse_start(struct pending *p, uint32_t roles);
void sse_on_head(struct loop *l);
void sse_gone(struct loop *l, uint64_t http_id);
void sse_ready(struct loop *l, uint64_t http_id);
void sse_free(struct loop *l);
#endif
