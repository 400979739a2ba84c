/* Who asks: session cookies, API tokens and links, answered by identity and cached for a short while. */
#include "gateway/gateway.h"
#include "base/clock.h"
#include "service/service.h"
#include "wire/unpack.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_MAX 20000u
#define ANSWER_ARENA ((size_t)256 * 1024)

/* A credential that identity vouched for. The credential itself is not kept, only its hash. */
struct session {
	struct session *next;
	uint8_t name[16];
	int64_t until_us;
	struct wb_id account;
	struct wb_arena arena;
	const Weibao__V1__AuthenticateAnswer *who;
};

static int64_t wall_us(void)
{
	struct wb_clock c = wb_clock_system();
	return c.wall_us(c.ctx);
}

static void name_of(const char *credential, uint8_t ret[16])
{
	crypto_generichash(ret, 16, (const unsigned char *)credential, strlen(credential), NULL, 0);
}

static struct session **find(struct loop *l, const uint8_t *name)
{
	struct session **p = &l->sessions[wb_be32_get(name) % 1024];
	while (*p && memcmp((*p)->name, name, 16) != 0)
		p = &(*p)->next;
	return p;
}

static void drop(struct loop *l, struct session **p)
{
	struct session *s = *p;
	*p = s->next;
	wb_arena_done(&s->arena);
	free(s);
	l->n_sessions--;
}

static void drop_all(struct loop *l, const struct wb_id *account)
{
	for (size_t i = 0; i < 1024; i++)
		for (struct session **p = &l->sessions[i]; *p;)
			if (!account || wb_id_equal((*p)->account, *account))
				drop(l, p);
			else
				p = &(*p)->next;
}

void auth_forget(struct loop *l, struct wb_id account)
{
	drop_all(l, &account);
}

void auth_free(struct loop *l)
{
	drop_all(l, NULL);
}

uint32_t auth_roles(const Weibao__V1__AuthenticateAnswer *who, const char *tenant)
{
	uint32_t bits = 0;
	for (size_t i = 0; i < who->n_grants; i++) {
		bool here = !tenant || strcmp(who->grants[i]->tenant, tenant) == 0;
		for (size_t k = 0; k < who->grants[i]->n_roles; k++) {
			Weibao__V1__Role role = who->grants[i]->roles[k];
			/* an administrator's scope is the installation: tenants are made and given accounts by it */
			if (here || role == WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR)
				bits |= 1u << role;
		}
	}
	if (!tenant && bits == 0) /* signed in, granted nothing yet: one's own account all the same */
		bits = 1u << WEIBAO__V1__ROLE__ROLE_USER;
	return bits;
}

static const Weibao__V1__AuthenticateAnswer *open_answer(struct wb_bytes reply, struct wb_arena *a)
{
	ProtobufCMessage *m;
	if (wb_unpack(&weibao__v1__reply__descriptor, reply, a, &wb_unpack_internal, &m) != WB_OK)
		return NULL;
	const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
	struct wb_bytes body = {r->body.data, r->body.len};
	if (r->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK ||
	        wb_unpack(&weibao__v1__authenticate_answer__descriptor, body, a, &wb_unpack_internal, &m) != WB_OK)
		return NULL;
	return (const Weibao__V1__AuthenticateAnswer *)m;
}

static void keep(struct loop *l, const char *credential, struct wb_bytes reply)
{
	struct session *s = l->n_sessions < CACHE_MAX ? calloc(1, sizeof *s) : NULL; /* for its short life */
	if (!s)
		return;
	wb_arena_init(&s->arena, ANSWER_ARENA);
	s->who = open_answer(reply, &s->arena);
	if (!s->who) {
		wb_arena_done(&s->arena);
		free(s);
		return;
	}
	name_of(credential, s->name);
	s->account = wb_id_of_field(s->who->account_id);
	s->until_us = wall_us() + GATEWAY_SESSION_CACHE_US;
	if (s->who->has_expires_at && s->who->expires_at < s->until_us)
		s->until_us = s->who->expires_at;
	struct session **at = find(l, s->name);
	if (*at)
		drop(l, at);
	at = find(l, s->name);
	s->next = *at;
	*at = s;
	l->n_sessions++;
}

static const char *credential_of(const struct pending *p, Weibao__V1__CredentialKind *ret_kind)
{
	if (p->link) {
		*ret_kind = WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_LINK;
		return p->link;
	}
	if (p->bearer) {
		*ret_kind = strncmp(p->bearer, "wbs_", 4) == 0 ? WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_SESSION
		                                               : WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_TOKEN;
		return p->bearer;
	}
	*ret_kind = WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_SESSION;
	return p->cookie;
}

/* A cookie is sent by the browser by itself: a write must show that our own page made it. */
static bool csrf_holds(const struct pending *p, const Weibao__V1__AuthenticateAnswer *who)
{
	bool by_cookie = p->cookie && !p->bearer && !p->link;
	if (!by_cookie || p->method == WB_HTTP_GET || p->method == WB_HTTP_HEAD)
		return true;
	return p->csrf && who->csrf && strlen(p->csrf) == strlen(who->csrf) &&
	       sodium_memcmp(p->csrf, who->csrf, strlen(who->csrf)) == 0;
}

/* The cached answer may go any time: the request keeps a copy of its own. */
static void go_on(struct pending *p, const Weibao__V1__AuthenticateAnswer *who)
{
	struct wb_bytes packed;
	ProtobufCMessage *m;
	if (!who->valid) {
		answer_refusal(p, who->why ? who->why : "SIGN_IN_REQUIRED", NULL, NULL);
	} else if (!csrf_holds(p, who)) {
		answer_refusal(p, "CSRF_REQUIRED", NULL, NULL);
	} else if (wb_pack(&who->base, &p->arena, &packed) != WB_OK ||
	           wb_unpack(&weibao__v1__authenticate_answer__descriptor, packed, &p->arena, &wb_unpack_internal,
	                   &m) != WB_OK) {
		answer_refusal(p, "BUSY", NULL, NULL);
	} else {
		request_authenticated(p, (const Weibao__V1__AuthenticateAnswer *)m);
	}
}

static void on_answer(void *ctx, enum wb_err err, struct wb_bytes reply)
{
	struct pending *p = ctx;
	Weibao__V1__CredentialKind kind;
	const Weibao__V1__AuthenticateAnswer *who = err ? NULL : open_answer(reply, &p->arena);
	if (!who) {
		answer_refusal(p, "UNAVAILABLE", NULL, NULL);
		return;
	}
	if (who->valid)
		keep(p->loop, credential_of(p, &kind), reply);
	go_on(p, who);
}

static void ask(struct pending *p, Weibao__V1__CredentialKind kind, const char *credential)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Authenticate c = WEIBAO__V1__AUTHENTICATE__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	Weibao__V1__Role role = WEIBAO__V1__ROLE__ROLE_SYSTEM;
	uint8_t nobody[WB_ID_BYTES] = {0};
	struct wb_bytes body;
	c.kind = kind;
	c.credential = (char *)(uintptr_t)credential;
	who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	who.home = (char *)(uintptr_t) "cell";
	who.roles = &role;
	who.n_roles = 1;
	q.operation = (char *)(uintptr_t) "Authenticate";
	q.tenant = (char *)(uintptr_t) "provider";
	q.principal = &who;
	if (wb_pack(&c.base, &p->arena, &body) != WB_OK) {
		answer_refusal(p, "SIGN_IN_REQUIRED", NULL, NULL);
		return;
	}
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	if (loop_send(p->loop, "identity", &q, &p->arena, on_answer, p) != WB_OK)
		answer_refusal(p, "BUSY", NULL, NULL);
}

void auth_start(struct pending *p)
{
	Weibao__V1__CredentialKind kind;
	uint8_t name[16];
	const char *credential = credential_of(p, &kind);
	if (p->route && p->route->anonymous) {
		request_authenticated(p, NULL);
		return;
	}
	if (!credential || strlen(credential) > 512) {
		answer_refusal(p, "SIGN_IN_REQUIRED", NULL, NULL);
		return;
	}
	name_of(credential, name);
	struct session **s = find(p->loop, name);
	if (*s && (*s)->until_us > wall_us())
		go_on(p, (*s)->who);
	else
		ask(p, kind, credential);
}
