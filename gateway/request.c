/* One request from the socket to the service: route, who, tenant, roles, body, command id, send. */
#include "gateway/gateway.h"
#include "base/clock.h"
#include "seal/token.h"
#include "service/endpoints.h"
#include "service/service.h"
#include "weibao/v1/identity_commands.pb-c.h"
#include "wire/unpack.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOT_AFTER_US (GATEWAY_TIMEOUT_MS * INT64_C(1000))
#define OCTETS_MAX ((size_t)512 * 1024)

static const char *const services[GATEWAY_SERVICES] = {
        "intake", "dispatch", "sla-timer", "survey", "reporting", "identity"};

static int64_t wall_us(void)
{
	struct wb_clock c = wb_clock_system();
	return c.wall_us(c.ctx);
}

/* ---- the bus ---- */

struct wb_client *loop_client(struct loop *l, const char *service)
{
	char endpoint[WB_ENDPOINT_BYTES];
	for (size_t i = 0; i < GATEWAY_SERVICES; i++) {
		if (strcmp(services[i], service) != 0)
			continue;
		if (l->clients[i])
			return l->clients[i];
		if (wb_endpoint(l->gateway->prefix, service, false, endpoint) != WB_OK)
			return NULL;
		struct wb_client_options o = {
		        .endpoint = endpoint, .inflight_max = GATEWAY_PENDING_MAX, .body_bytes_max = 8u << 20};
		if (wb_curve_dir_connect(l->keys, service, &o.curve) != WB_OK)
			return NULL;
		return wb_client_open(l->gateway->bus, l->base, &o, &l->clients[i]) == WB_OK ? l->clients[i] : NULL;
	}
	return NULL;
}

enum wb_err loop_send(
        struct loop *l, const char *service, Weibao__V1__Request *q, struct wb_arena *a, wb_client_cb *cb, void *ctx)
{
	struct wb_client *client = loop_client(l, service);
	struct wb_bytes packed;
	q->request_id = ++l->next_id;
	if (!client || wb_pack(&q->base, a, &packed) != WB_OK)
		return WB_ERR_CLOSED;
	return wb_client_send(client, q->request_id, packed, GATEWAY_TIMEOUT_MS, cb, ctx);
}

/* ---- taking one in ---- */

void pending_free(struct pending *p)
{
	p->loop->n_pending--;
	wb_arena_done(&p->arena);
	free(p);
}

static Weibao__V1__Language language_of(const char *accept)
{
	/* the first of zh and en that stands there; Chinese where nothing is said */
	const char *zh = accept ? strstr(accept, "zh") : NULL, *en = accept ? strstr(accept, "en") : NULL;
	return en && (!zh || en < zh) ? WEIBAO__V1__LANGUAGE__LANGUAGE_EN : WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
}

static const char *cookie_value(struct wb_arena *a, const char *header, const char *name)
{
	size_t n = strlen(name);
	for (const char *p = header; p && *p;) {
		p += strspn(p, " ;");
		size_t len = strcspn(p, ";");
		if (len > n && strncmp(p, name, n) == 0 && p[n] == '=')
			return wb_arena_copy(a, p + n + 1, len - n - 1);
		p += len;
	}
	return NULL;
}

static const char *const *copy_segments(struct wb_arena *a, const struct wb_http_request *r, size_t skip)
{
	const char **s = WB_ARENA_ARRAY(a, const char *, r->segments_count + 1);
	for (size_t i = skip; s && i < r->segments_count; i++)
		s[i - skip] = wb_arena_str(a, r->segments[i]);
	return s;
}

static const struct wb_http_pair *copy_params(struct wb_arena *a, const struct wb_http_request *r)
{
	struct wb_http_pair *s = WB_ARENA_ARRAY(a, struct wb_http_pair, r->params_count + 1);
	for (size_t i = 0; s && i < r->params_count; i++)
		s[i] = (struct wb_http_pair){wb_arena_str(a, r->params[i].name), wb_arena_str(a, r->params[i].value)};
	return s;
}

static struct pending *pending_new(struct loop *l, const struct wb_http_request *r)
{
	struct pending *p = calloc(1, sizeof *p); /* until the answer */
	if (!p)
		return NULL;
	l->n_pending++;
	p->loop = l;
	p->http_id = r->id;
	wb_arena_init(&p->arena, GATEWAY_ARENA_BYTES);
	struct wb_arena *a = &p->arena;
	const char *auth = wb_http_header(r, "Authorization"), *type = wb_http_header(r, "Content-Type"),
	           *accept = wb_http_header(r, "Accept");
	p->method = r->method;
	p->language = language_of(wb_http_header(r, "Accept-Language"));
	p->peer = wb_arena_str(a, r->peer);
	p->is_tls = r->is_tls;
	p->wants_html = accept && strstr(accept, "text/html");
	p->wants_octets = accept && strstr(accept, "application/octet-stream");
	p->octets = type && strncmp(type, "application/octet-stream", 24) == 0;
	p->other_type = type && !p->octets && strncasecmp(type, "application/json", 16) != 0;
	p->cookie = cookie_value(a, wb_http_header(r, "Cookie"), "weibao_session");
	p->bearer = auth && strncmp(auth, "Bearer ", 7) == 0 ? wb_arena_str(a, auth + 7) : NULL;
	p->link = wb_arena_str(a, wb_http_header(r, "Weibao-Link"));
	p->csrf = wb_arena_str(a, wb_http_header(r, "X-CSRF-Token"));
	p->key = wb_arena_str(a, wb_http_header(r, "Idempotency-Key"));
	p->if_match = wb_arena_str(a, wb_http_header(r, "If-Match"));
	p->after = wb_arena_str(a, wb_http_header(r, "Weibao-After"));
	if (!p->after)
		p->after = wb_arena_str(a, wb_http_header(r, "Last-Event-ID"));
	p->traceparent = wb_arena_str(a, wb_http_header(r, "traceparent"));
	p->segments = copy_segments(a, r, 2);
	p->n_segments = r->segments_count >= 2 ? r->segments_count - 2 : 0;
	p->params = copy_params(a, r);
	p->n_params = r->params_count;
	p->body = (struct wb_bytes){wb_arena_copy(a, r->body.data, r->body.len), r->body.len};
	return p;
}

static void method_not_allowed(struct pending *p, uint32_t allow)
{
	char text[64] = "";
	size_t n = 0;
	for (unsigned m = WB_HTTP_GET; m <= WB_HTTP_OPTIONS; m++) {
		if (allow & (1u << m)) {
			int w = snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "",
			        wb_http_method_name((enum wb_http_method)m));
			n += (size_t)w;
		}
	}
	answer_refusal(p, "METHOD_NOT_ALLOWED", NULL, text);
}

void request_take(struct loop *l, const struct wb_http_request *r)
{
	uint32_t allow = 0;
	struct pending *p = l->n_pending < GATEWAY_PENDING_MAX ? pending_new(l, r) : NULL;
	if (!p) {
		static const char busy[] = "{\"title\":\"Busy\",\"status\":503,\"code\":\"BUSY\"}";
		static const struct wb_http_pair retry = {"Retry-After", "1"};
		answer_now(l, r->id, 503, "application/problem+json", wb_bytes_str(busy), &retry, 1);
		return;
	}
	if (l->feed_us + GATEWAY_FEED_SILENT_US < wall_us()) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return;
	}
	enum wb_http_method method = p->method == WB_HTTP_HEAD ? WB_HTTP_GET : p->method;
	switch (wb_route_find(method, p->segments, p->n_segments, &p->route, &allow)) {
	case WB_ROUTE_NO_PATH:
		answer_refusal(p, "ROUTE_UNKNOWN", NULL, NULL);
		return;
	case WB_ROUTE_NO_METHOD:
		method_not_allowed(p, allow);
		return;
	case WB_ROUTE_FOUND:
		break;
	}
	auth_start(p);
}

/* ---- the message ---- */

static bool set_path(struct pending *p)
{
	struct wb_json_problem problem;
	for (size_t i = 0; i < p->route->n_segments; i++) {
		if (!p->route->is_param[i] || strcmp(p->route->segments[i], "tenant") == 0)
			continue;
		const char *field = wb_route_field(p->message->descriptor, p->route->segments[i]);
		if (wb_message_set_text(p->message, field, p->segments[i], &p->arena, &problem) != WB_OK) {
			answer_refusal(p, "PATH_INVALID", p->route->segments[i], NULL);
			return false;
		}
	}
	return true;
}

static bool read_params(struct pending *p, const struct wb_json_limits *limits)
{
	struct wb_json_problem problem;
	struct wb_json_param *params = WB_ARENA_ARRAY(&p->arena, struct wb_json_param, p->n_params + 1);
	for (size_t i = 0; params && i < p->n_params; i++)
		params[i] = (struct wb_json_param){p->params[i].name, p->params[i].value};
	if (!params || wb_json_params_to_message(params, p->n_params, p->route->descriptor, limits, &p->arena,
	                       &p->message, &problem) != WB_OK) {
		answer_refusal(p, "PARAMETER_INVALID", problem.path, wb_json_reason_text(problem.reason));
		return false;
	}
	return true;
}

/* A part of a file comes as it is: into the message's field «data». */
static bool read_octets(struct pending *p)
{
	const ProtobufCFieldDescriptor *f =
	        protobuf_c_message_descriptor_get_field_by_name(p->route->descriptor, "data");
	if (!f || f->type != PROTOBUF_C_TYPE_BYTES) {
		answer_refusal(p, "MEDIA_TYPE_UNSUPPORTED", NULL, NULL);
		return false;
	}
	if (p->body.len > OCTETS_MAX) {
		answer_refusal(p, "BODY_TOO_LARGE", NULL, NULL);
		return false;
	}
	p->message = wb_message_new(p->route->descriptor, &p->arena);
	if (!p->message) {
		answer_refusal(p, "BUSY", NULL, NULL);
		return false;
	}
	ProtobufCBinaryData data = {p->body.len, (uint8_t *)(uintptr_t)p->body.data};
	memcpy((char *)p->message + f->offset, &data, sizeof data);
	if (f->label == PROTOBUF_C_LABEL_OPTIONAL) {
		protobuf_c_boolean has = 1;
		memcpy((char *)p->message + f->quantifier_offset, &has, sizeof has);
	}
	return true;
}

static bool read_message(struct pending *p)
{
	struct wb_json_limits limits = wb_json_outside;
	struct wb_json_problem problem;
	static const struct wb_bytes empty = {(const uint8_t *)"{}", 2};
	limits.later = p->route->later;
	if (p->method == WB_HTTP_GET || p->method == WB_HTTP_HEAD)
		return read_params(p, &limits) && set_path(p);
	if (p->octets)
		return read_octets(p) && set_path(p);
	if (p->other_type && p->body.len) {
		answer_refusal(p, "MEDIA_TYPE_UNSUPPORTED", NULL, NULL);
		return false;
	}
	limits.bytes_max = (size_t)1 << 20;
	struct wb_bytes text = p->body.len ? p->body : empty;
	if (wb_json_text_to_message(text, p->route->descriptor, &limits, &p->arena, &p->message, &problem) != WB_OK) {
		answer_json_problem(p, &problem);
		return false;
	}
	if (!set_path(p))
		return false;
	if (wb_message_check(p->message, &problem) != WB_OK) {
		answer_json_problem(p, &problem);
		return false;
	}
	return true;
}

/* ---- the command id ---- */

static bool key_valid(const char *key)
{
	size_t n = strlen(key);
	for (size_t i = 0; i < n; i++)
		if (key[i] < 0x21 || key[i] > 0x7e)
			return false;
	return n > 0 && n <= GATEWAY_KEY_CHARS_MAX;
}

/* The key's time where it has one (a UUIDv7), else now; then a hash of tenant, account, operation and key. */
static bool make_command_id(struct pending *p, const Weibao__V1__Principal *who)
{
	uint8_t buf[1024], h[SHA256_DIGEST_LENGTH], random[16];
	char made[WB_ID_TEXT_BYTES];
	struct wb_id uuid;
	if (p->key && !key_valid(p->key)) {
		answer_refusal(p, "KEY_INVALID", NULL, NULL);
		return false;
	}
	if (!p->key) {
		randombytes_buf(random, sizeof random);
		wb_id_text(wb_id_v7(wall_us(), random), made);
		p->key = wb_arena_str(&p->arena, made);
	}
	bool v7 = wb_id_parse(p->key, strlen(p->key), &uuid) && wb_id_is_v7(uuid);
	int n = snprintf((char *)buf, sizeof buf, "%s|%s|%s|", p->tenant, p->route->message, p->key);
	if (n < 0 || (size_t)n + who->account_id.len > sizeof buf) {
		answer_refusal(p, "KEY_INVALID", NULL, NULL);
		return false;
	}
	memcpy(buf + n, who->account_id.data, who->account_id.len);
	SHA256(buf, (size_t)n + who->account_id.len, h);
	/* no time in the key: a fixed one, so that the same key gives the same id whenever it comes again */
	int64_t born = 0;
	if (v7) {
		uint8_t t[8] = {0};
		memcpy(t + 2, uuid.b, 6);
		born = (int64_t)wb_be64_get(t) * 1000;
	}
	p->command_id = wb_id_v7(born, h);
	return true;
}

/* ---- sending ---- */

static bool read_after(struct pending *p, Weibao__V1__Request *q)
{
	struct wb_log_position at;
	if (!p->after)
		return true;
	if (wb_position_token_open(p->after, p->loop->gateway->token_key, &at) != WB_OK) {
		answer_refusal(p, "POSITION_INVALID", NULL, NULL);
		return false;
	}
	q->has_after = true;
	q->after = at.position;
	q->has_incarnation = true;
	q->incarnation = at.incarnation;
	q->has_log_id = true;
	q->log_id = wb_field_of_id(&p->arena, at.log_id);
	return true;
}

/* "v<number>", as we give ETags. */
static bool read_if_match(struct pending *p, Weibao__V1__Request *q)
{
	const char *text = p->if_match;
	char *end = NULL;
	if (!text || strcmp(text, "*") == 0)
		return true;
	bool shaped = strncmp(text, "\"v", 2) == 0 && text[2] >= '0' && text[2] <= '9' && strlen(text) < 24;
	uint64_t version = shaped ? strtoull(text + 2, &end, 10) : 0;
	if (!shaped || strcmp(end, "\"") != 0) {
		answer_refusal(p, "IF_MATCH_INVALID", NULL, NULL);
		return false;
	}
	q->has_if_version = true;
	q->if_version = version;
	return true;
}

static void on_reply(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	static const struct wb_unpack_limits limits = {
	        .bytes_max = 8u << 20, .depth_max = 8, .fields_max = WB_INTERNAL_FIELDS_MAX, .mode = WB_UNPACK_LENIENT};
	struct pending *p = ctx;
	ProtobufCMessage *m;
	if (err || wb_unpack(&weibao__v1__reply__descriptor, reply, &p->arena, &limits, &m) != WB_OK)
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
	else
		answer_reply(p, (const Weibao__V1__Reply *)m);
}

static void fill_principal(struct pending *p, Weibao__V1__Principal *who, uint32_t roles)
{
	static uint8_t nobody[WB_ID_BYTES];
	const Weibao__V1__AuthenticateAnswer *w = p->who;
	weibao__v1__principal__init(who);
	who->roles = WB_ARENA_ARRAY(&p->arena, Weibao__V1__Role, 32);
	for (unsigned r = 0; who->roles && r < 32; r++)
		if (roles & (1u << r))
			who->roles[who->n_roles++] = (Weibao__V1__Role)r;
	who->has_language = true;
	who->language = p->language;
	if (!w) {
		who->account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
		who->home = (char *)(uintptr_t) "provider";
		who->link_purpose = (char *)(uintptr_t) "anonymous";
		return;
	}
	who->account_id = w->account_id;
	who->home = w->home;
	who->has_person_id = w->has_person_id;
	who->person_id = w->person_id;
	who->has_session_id = w->has_session_id;
	who->session_id = w->session_id;
	who->link_purpose = w->link_purpose;
	who->has_link_id = w->has_link_id;
	who->link_id = w->link_id;
	who->has_link_round = w->has_link_round;
	who->link_round = w->link_round;
	who->tenants = WB_ARENA_ARRAY(&p->arena, char *, w->n_grants + 1);
	for (size_t i = 0; who->tenants && i < w->n_grants; i++)
		if (w->grants[i]->n_roles)
			who->tenants[who->n_tenants++] = w->grants[i]->tenant;
}

static void send_request(struct pending *p, uint32_t roles)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who;
	struct wb_bytes body;
	fill_principal(p, &who, roles);
	q.operation = (char *)(uintptr_t)p->route->message;
	q.tenant = (char *)(uintptr_t)p->tenant;
	q.principal = &who;
	q.traceparent = (char *)(uintptr_t)p->traceparent;
	if (!read_after(p, &q) || !read_if_match(p, &q))
		return;
	if (p->route->kind == WB_ROUTE_COMMAND) {
		if (!make_command_id(p, &who))
			return;
		q.has_command_id = true;
		q.command_id = wb_field_of_id(&p->arena, p->command_id);
		q.has_not_after = true;
		q.not_after = wall_us() + NOT_AFTER_US;
	}
	if (wb_pack(p->message, &p->arena, &body) != WB_OK) {
		answer_refusal(p, "BODY_INVALID", NULL, NULL);
		return;
	}
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	if (loop_send(p->loop, p->route->service, &q, &p->arena, on_reply, p) != WB_OK)
		answer_refusal(p, "BUSY", NULL, NULL);
}

/* ---- a login's home: SignIn and SetPasswordByCode are decided in the tenant where the account lives ---- */

static const Weibao__V1__Personal *login_of(const ProtobufCMessage *m)
{
	const ProtobufCFieldDescriptor *f = protobuf_c_message_descriptor_get_field_by_name(m->descriptor, "login");
	Weibao__V1__Personal *login = NULL;
	if (f && f->type == PROTOBUF_C_TYPE_MESSAGE)
		memcpy(&login, (const char *)m + f->offset, sizeof login);
	return login;
}

static void on_home(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct pending *p = ctx;
	ProtobufCMessage *m;
	if (err || wb_unpack(&weibao__v1__reply__descriptor, reply, &p->arena, &wb_unpack_internal, &m) != WB_OK) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return;
	}
	const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
	struct wb_bytes body = {r->body.data, r->body.len};
	if (r->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK ||
	        wb_unpack(&weibao__v1__home_of_login_answer__descriptor, body, &p->arena, &wb_unpack_internal, &m) !=
	                WB_OK) {
		answer_refusal(p, r->code ? r->code : "UNAVAILABLE", NULL, NULL);
		return;
	}
	p->tenant = ((const Weibao__V1__HomeOfLoginAnswer *)m)->home;
	send_request(p, 1u << WEIBAO__V1__ROLE__ROLE_LINK);
}

static void find_home(struct pending *p)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__HomeOfLogin ask = WEIBAO__V1__HOME_OF_LOGIN__INIT;
	Weibao__V1__Principal who;
	struct wb_bytes body;
	fill_principal(p, &who, 1u << WEIBAO__V1__ROLE__ROLE_LINK);
	ask.login = (Weibao__V1__Personal *)(uintptr_t)login_of(p->message);
	q.operation = (char *)(uintptr_t) "HomeOfLogin";
	q.tenant = (char *)(uintptr_t) "provider";
	q.principal = &who;
	if (wb_pack(&ask.base, &p->arena, &body) != WB_OK) {
		answer_refusal(p, "FIELD_REQUIRED", "login", NULL);
		return;
	}
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	if (loop_send(p->loop, "identity", &q, &p->arena, on_home, p) != WB_OK)
		answer_refusal(p, "BUSY", NULL, NULL);
}

static void set_peer(struct pending *p)
{
	if (p->message->descriptor == &weibao__v1__sign_in__descriptor)
		((Weibao__V1__SignIn *)(void *)p->message)->peer = (char *)(uintptr_t)p->peer;
}

/* ---- authorised? ---- */

static bool tenant_fits(const struct wb_route *r, const char *tenant)
{
	bool provider = strcmp(tenant, "provider") == 0;
	switch (r->tenant) {
	case WB_ROUTE_CLIENT:
		return !provider;
	case WB_ROUTE_PROVIDER:
		return provider;
	case WB_ROUTE_ANY:
		break;
	}
	return true;
}

static const char *path_tenant(const struct pending *p)
{
	for (size_t i = 0; i < p->route->n_segments; i++)
		if (p->route->is_param[i] && strcmp(p->route->segments[i], "tenant") == 0)
			return p->segments[i];
	return NULL;
}

void request_authenticated(struct pending *p, const Weibao__V1__AuthenticateAnswer *who)
{
	const struct wb_route *r = p->route;
	p->who = who;
	if (r->anonymous) {
		p->tenant = "provider";
		if (!read_message(p))
			return;
		set_peer(p);
		if (login_of(p->message) && r->tenant == WB_ROUTE_ANY)
			find_home(p);
		else
			send_request(p, 1u << WEIBAO__V1__ROLE__ROLE_LINK);
		return;
	}
	p->tenant = r->has_tenant ? path_tenant(p) : who->home;
	uint32_t roles = auth_roles(who, r->has_tenant ? p->tenant : NULL);
	/* no grant there: as if the tenant did not exist */
	if (roles == 0 || !tenant_fits(r, p->tenant)) {
		answer_refusal(p, "NOT_FOUND", NULL, NULL);
		return;
	}
	if ((roles & r->roles) == 0) {
		answer_refusal(p, "FORBIDDEN", NULL, NULL);
		return;
	}
	if (who->has_must_change_password && who->must_change_password && strcmp(r->message, "ChangePassword") != 0 &&
	        strcmp(r->message, "MyAccount") != 0 && strcmp(r->message, "SignOut") != 0) {
		answer_refusal(p, "PASSWORD_MUST_CHANGE", NULL, NULL);
		return;
	}
	if (strcmp(r->message, "ListChanges") == 0)
		sse_start(p, roles);
	else if (read_message(p))
		send_request(p, roles);
}
