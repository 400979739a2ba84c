/*
 * Identity's work off the log: passwords are checked and hashed on the worker, secrets written before the event that
 * activates them, and answers show what no event holds. What a job knows of secrets is wiped when it ends.
 */
#include "services/identity/identity.h"
#include "services/identity/secrets.h"
#include "services/identity/tables.h"
#include "weibao/v1/identity_commands.pb-c.h"
#include "weibao/v1/identity_events.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 1024

/* ---- state ---- */

struct seen {
	struct seen *next;
	struct wb_id session;
	int64_t at;
};
struct state {
	struct secrets *secrets;
	struct seen *seen[1024]; /* when a session was last asked for: idle time-out */
};

static void *effects_open(const char *dir, struct wb_random random)
{
	struct state *s = calloc(1, sizeof *s); /* the process's life */
	if (!s)
		return NULL;
	s->secrets = secrets_open(dir, random);
	if (!s->secrets) {
		free(s);
		return NULL;
	}
	(void)secrets_first_run(s->secrets); /* the code is there before anybody asks */
	return s;
}

static void effects_close(void *state)
{
	struct state *s = state;
	for (size_t i = 0; i < 1024; i++) {
		while (s->seen[i]) {
			struct seen *next = s->seen[i]->next;
			free(s->seen[i]);
			s->seen[i] = next;
		}
	}
	secrets_close(s->secrets);
	free(s);
}

static struct seen **seen_of(struct state *s, struct wb_id session)
{
	struct seen **p = &s->seen[wb_be32_get(session.b + 12) % 1024];
	while (*p && !wb_id_equal((*p)->session, session))
		p = &(*p)->next;
	return p;
}

/* ---- a job ---- */

struct job {
	struct wb_id account, checked, fresh, base; /* base: what new ids are derived from */
	char home[33];
	bool right, has_hash, want_hash, weak, no_check;
	char hash[WB_PASSWORD_TEXT_BYTES], made[WB_PASSWORD_TEXT_BYTES];
	char given[TEXT_MAX], fresh_password[TEXT_MAX];
	uint8_t login_key[32];
	bool has_login_key;
	uint32_t factor, recovery_index;
	char peer[64];
	const ProtobufCMessage *command; /* in the command's arena */
	bool failed;
};

static struct job *job_new(const struct wb_decision *d, const ProtobufCMessage *command)
{
	struct job *j = sodium_malloc(sizeof *j); /* holds secrets: guarded, wiped when freed */
	if (!j)
		return NULL;
	memset(j, 0, sizeof *j);
	j->base = d->command_id;
	j->command = command;
	(void)snprintf(j->home, sizeof j->home, "%s", d->tenant);
	return j;
}

static bool take_text(char ret[TEXT_MAX], const Weibao__V1__Personal *p)
{
	const char *text = wb_personal_text(p);
	size_t n = text ? strlen(text) : 0;
	if (!text || n >= TEXT_MAX)
		return false;
	memcpy(ret, text, n + 1);
	return true;
}

static void take_password(struct job *j, const Weibao__V1__Personal *p)
{
	if (!take_text(j->fresh_password, p) || password_weak(j->fresh_password))
		j->weak = true;
	else
		j->want_hash = true;
	j->fresh = wb_id_derive(j->base, "password", 0);
}

static void take_login(struct state *s, struct job *j, const Weibao__V1__Personal *p)
{
	char login[TEXT_MAX];
	if (!take_text(login, p))
		return;
	secrets_login_key(s->secrets, login, j->login_key);
	j->has_login_key = true;
}

/* The account behind a login, with the password version to check against. */
static const Weibao__V1__AccountRow *find_login(
        struct state *s, const struct wb_decision *d, struct job *j, const Weibao__V1__Personal *login)
{
	take_login(s, j, login);
	const Weibao__V1__LoginRow *row = j->has_login_key ? login_get(d->db, j->login_key, d->arena) : NULL;
	if (!row || strcmp(row->tenant, d->tenant) != 0)
		return NULL;
	j->account = wb_id_of_field(row->account_id);
	return account_get(d->db, row->tenant, j->account, d->arena);
}

static void load_hash(struct state *s, struct job *j, const Weibao__V1__AccountRow *row)
{
	if (!row || !row->has_password_id)
		return;
	j->checked = wb_id_of_field(row->password_id);
	j->has_hash = secrets_get_password(s->secrets, j->checked, j->hash);
}

/* On the worker: the slow part. */
static void work(void *state, void *job)
{
	struct job *j = job;
	(void)state;
	if (!j->no_check)
		j->right = wb_password_holds(wb_password_cost_usual, j->has_hash ? j->hash : NULL, j->given);
	if (j->want_hash && (j->right || j->no_check) &&
	        wb_password_hash(wb_password_cost_usual, j->fresh_password, j->made) != WB_OK)
		j->failed = true;
}

static void free_job(struct job *j)
{
	sodium_free(j);
}

static ProtobufCBinaryData field(struct wb_arena *a, struct wb_id id)
{
	return wb_field_of_id(a, id);
}

/* What decide gets: ids and yes or no. The new hash is on the disk by now. */
static Weibao__V1__CheckedSecret *checked(struct state *s, struct job *j, struct wb_arena *a)
{
	Weibao__V1__CheckedSecret *c = WB_ARENA_NEW(a, Weibao__V1__CheckedSecret);
	bool write = j->made[0] != '\0';
	if (!c)
		return NULL;
	if (write && secrets_put_password(s->secrets, j->fresh, j->made) != WB_OK)
		j->failed = true;
	weibao__v1__checked_secret__init(c);
	c->account_id = field(a, j->account);
	c->home = wb_arena_str(a, j->home);
	c->right = j->right && !j->failed;
	c->checked_secret_id = field(a, j->checked);
	c->new_secret_id = field(a, write && !j->failed ? j->fresh : (struct wb_id){{0}});
	c->has_weak = true;
	c->weak = j->weak;
	if (j->has_login_key) {
		c->has_login_key = true;
		c->login_key =
		        (ProtobufCBinaryData){sizeof j->login_key, wb_arena_copy(a, j->login_key, sizeof j->login_key)};
	}
	return c;
}

static const ProtobufCMessage *end_checked(void *state, void *job, struct wb_arena *a)
{
	Weibao__V1__CheckedSecret *c = checked(state, job, a);
	free_job(job);
	return c ? &c->base : NULL;
}

/* ---- one begin a command ---- */

static void *begin_first(void *state, const struct wb_decision *d, const void *command)
{
	struct state *s = state;
	const Weibao__V1__MakeFirstAdministrator *c = command;
	struct job *j = job_new(d, command);
	const char *code = secrets_first_run(s->secrets), *given = wb_personal_text(c->code);
	if (!j)
		return NULL;
	j->no_check = true;
	j->right = code && given && code_equal(code, given);
	j->account = wb_id_derive(d->command_id, "account", 0);
	take_login(s, j, c->login);
	take_password(j, c->password);
	return j;
}

static const ProtobufCMessage *end_first(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	const Weibao__V1__MakeFirstAdministrator *c = (const Weibao__V1__MakeFirstAdministrator *)j->command;
	Weibao__V1__CheckedSecret *r = checked(state, j, a);
	if (r) {
		r->login = c->login;
		r->display_name = c->display_name;
	}
	free_job(j);
	return r ? &r->base : NULL;
}

static void *begin_create(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__CreateAccount *c = command;
	struct job *j = job_new(d, command);
	if (!j)
		return NULL;
	j->no_check = true;
	j->account = wb_id_derive(d->command_id, "account", 0);
	take_login(state, j, c->login);
	return j;
}

static const ProtobufCMessage *end_create(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	/* the command is the request's own and lives in the same arena */
	Weibao__V1__CreateAccount *c = (Weibao__V1__CreateAccount *)(uintptr_t)j->command;
	Weibao__V1__CheckedAccount *r = WB_ARENA_NEW(a, Weibao__V1__CheckedAccount);
	Weibao__V1__CheckedSecret *k = checked(state, j, a);
	free_job(j);
	if (!r || !k)
		return NULL;
	k->login = c->login;
	k->display_name = c->display_name;
	weibao__v1__checked_account__init(r);
	r->checked = k;
	r->account = c;
	return &r->base;
}

static void *begin_by_code(void *state, const struct wb_decision *d, const void *command)
{
	struct state *s = state;
	const Weibao__V1__SetPasswordByCode *c = command;
	struct job *j = job_new(d, command);
	char code[WB_SECRET_TEXT_BYTES];
	if (!j)
		return NULL;
	const Weibao__V1__AccountRow *row = find_login(s, d, j, c->login);
	const char *given = wb_personal_text(c->code);
	j->no_check = true;
	if (row && row->has_reset_id && given) {
		j->checked = wb_id_of_field(row->reset_id);
		secrets_code(s->secrets, "reset", j->checked, 0, code);
		j->right = code_equal(code, given);
	}
	j->has_login_key = false; /* not a new login */
	take_password(j, c->password);
	j->want_hash = j->want_hash && j->right;
	return j;
}

static const Weibao__V1__AccountRow *own(const struct wb_decision *d, struct job *j)
{
	j->account = wb_id_of_field(d->who->account_id);
	return account_get(d->db, d->tenant, j->account, d->arena);
}

static void *begin_change(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangePassword *c = command;
	struct job *j = job_new(d, command);
	if (!j)
		return NULL;
	load_hash(state, j, own(d, j));
	(void)take_text(j->given, c->old_password);
	take_password(j, c->password);
	return j;
}

static void *begin_disable_totp(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__DisableTotp *c = command;
	struct job *j = job_new(d, command);
	if (!j)
		return NULL;
	load_hash(state, j, own(d, j));
	(void)take_text(j->given, c->password);
	return j;
}

static bool totp_right(const uint8_t seed[static WB_TOTP_SEED_BYTES], int64_t now_us, const char *code)
{
	uint64_t step;
	return wb_totp_holds((struct wb_bytes){seed, WB_TOTP_SEED_BYTES}, now_us, 0, code, &step);
}

/* The seed that PrepareTotp showed: a new one after each time it was turned off. */
static struct wb_id totp_secret(const Weibao__V1__AccountRow *row)
{
	return wb_id_derive(wb_id_of_field(row->account_id), "totp", row->sessions_ended);
}

static void *begin_confirm(void *state, const struct wb_decision *d, const void *command)
{
	struct state *s = state;
	const Weibao__V1__ConfirmTotp *c = command;
	struct job *j = job_new(d, command);
	uint8_t seed[WB_TOTP_SEED_BYTES];
	if (!j)
		return NULL;
	const Weibao__V1__AccountRow *row = own(d, j);
	const char *code = wb_personal_text(c->code);
	j->no_check = true;
	if (row && code) {
		j->checked = totp_secret(row);
		secrets_totp_seed(s->secrets, j->checked, seed);
		j->right = totp_right(seed, d->now_us, code);
		sodium_memzero(seed, sizeof seed);
	}
	return j;
}

/* ---- sign-in ---- */

static void check_factor(struct state *s, struct job *j, const struct wb_decision *d, const Weibao__V1__AccountRow *row,
        const char *code)
{
	uint8_t seed[WB_TOTP_SEED_BYTES];
	char text[WB_SECRET_TEXT_BYTES];
	if (!code || !row->has_totp_id)
		return;
	secrets_totp_seed(s->secrets, wb_id_of_field(row->totp_id), seed);
	j->factor = totp_right(seed, d->now_us, code) ? 2 : 1;
	sodium_memzero(seed, sizeof seed);
	for (uint32_t i = 0; j->factor == 1 && row->has_recovery_id && i < IDENTITY_RECOVERY_CODES; i++) {
		secrets_code(s->secrets, "recovery", wb_id_of_field(row->recovery_id), i, text);
		if (code_equal(text, code)) {
			j->factor = 3;
			j->recovery_index = i;
		}
	}
}

static void *begin_sign_in(void *state, const struct wb_decision *d, const void *command)
{
	struct state *s = state;
	const Weibao__V1__SignIn *c = command;
	struct job *j = job_new(d, command);
	if (!j)
		return NULL;
	const Weibao__V1__AccountRow *row = find_login(s, d, j, c->login);
	load_hash(s, j, row);
	(void)take_text(j->given, c->password);
	if (row)
		check_factor(s, j, d, row, wb_personal_text(c->code));
	secrets_peer(s->secrets, c->peer ? c->peer : "", j->peer);
	return j;
}

static const ProtobufCMessage *end_sign_in(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	Weibao__V1__CheckedSignIn *c = WB_ARENA_NEW(a, Weibao__V1__CheckedSignIn);
	(void)state;
	if (c) {
		weibao__v1__checked_sign_in__init(c);
		c->account_id = field(a, j->account);
		c->home = wb_arena_str(a, j->home);
		c->password_right = j->right;
		c->secret_id = field(a, j->checked);
		c->factor = j->factor;
		c->has_recovery_index = j->factor == 3;
		c->recovery_index = j->recovery_index;
		c->peer = wb_arena_str(a, j->peer);
	}
	free_job(j);
	return c ? &c->base : NULL;
}

static const struct wb_effect_def defs[] = {
        {&weibao__v1__make_first_administrator__descriptor, begin_first, work, end_first},
        {&weibao__v1__create_account__descriptor, begin_create, NULL, end_create},
        {&weibao__v1__set_password_by_code__descriptor, begin_by_code, work, end_checked},
        {&weibao__v1__change_password__descriptor, begin_change, work, end_checked},
        {&weibao__v1__disable_totp__descriptor, begin_disable_totp, work, end_checked},
        {&weibao__v1__confirm_totp__descriptor, begin_confirm, NULL, end_checked},
        {&weibao__v1__sign_in__descriptor, begin_sign_in, work, end_sign_in},
};

/* ---- answers that show more than their events ---- */

static const ProtobufCMessage *event_of(const Weibao__V1__CommandAnswer *answer, const ProtobufCMessageDescriptor *type)
{
	for (size_t i = 0; i < answer->n_events; i++)
		if (strcmp(answer->events[i]->type, type->short_name) == 0)
			return protobuf_c_message_unpack(
			        type, NULL, answer->events[i]->data.len, answer->events[i]->data.data);
	return NULL;
}

static void free_event(const ProtobufCMessage *m)
{
	if (m)
		protobuf_c_message_free_unpacked((ProtobufCMessage *)(uintptr_t)m, NULL);
}

static const ProtobufCMessage *reveal_sign_in(
        struct state *s, const Weibao__V1__CommandAnswer *answer, struct wb_arena *a)
{
	Weibao__V1__SignInAnswer *r = WB_ARENA_NEW(a, Weibao__V1__SignInAnswer);
	const Weibao__V1__SignedIn *in =
	        (const Weibao__V1__SignedIn *)event_of(answer, &weibao__v1__signed_in__descriptor);
	const Weibao__V1__SignInFailed *no =
	        (const Weibao__V1__SignInFailed *)event_of(answer, &weibao__v1__sign_in_failed__descriptor);
	char token[WB_SECRET_TEXT_BYTES], csrf[WB_SECRET_TEXT_BYTES];
	if (!r)
		return NULL;
	weibao__v1__sign_in_answer__init(r);
	if (in) {
		struct wb_id session = wb_id_of_field(in->session_id);
		secrets_token(s->secrets, IDENTITY_SESSION_PREFIX, session, token);
		secrets_code(s->secrets, "csrf", session, 0, csrf);
		r->signed_in = true;
		r->token = wb_arena_str(a, token);
		r->csrf = wb_arena_str(a, csrf);
		r->has_expires_at = true;
		r->expires_at = in->expires_at;
		r->has_account_id = true;
		r->account_id = field(a, wb_id_of_field(in->account_id));
	} else if (no && no->has_locked_until) {
		r->has_locked_until = true;
		r->locked_until = no->locked_until;
	}
	free_event(in ? &in->base : NULL);
	free_event(no ? &no->base : NULL);
	return &r->base;
}

static const ProtobufCMessage *reveal_code(struct state *s, const Weibao__V1__CommandAnswer *answer, struct wb_arena *a)
{
	const Weibao__V1__PasswordResetIssued *e = (const Weibao__V1__PasswordResetIssued *)event_of(
	        answer, &weibao__v1__password_reset_issued__descriptor);
	Weibao__V1__CodeAnswer *r = WB_ARENA_NEW(a, Weibao__V1__CodeAnswer);
	char code[WB_SECRET_TEXT_BYTES];
	if (!e || !r)
		return NULL;
	weibao__v1__code_answer__init(r);
	secrets_code(s->secrets, "reset", wb_id_of_field(e->secret_id), 0, code);
	r->account_id = field(a, wb_id_of_field(e->account_id));
	r->code = wb_arena_str(a, code);
	r->expires_at = e->expires_at;
	free_event(&e->base);
	return &r->base;
}

static const ProtobufCMessage *reveal_recovery(
        struct state *s, const Weibao__V1__CommandAnswer *answer, struct wb_arena *a)
{
	const Weibao__V1__RecoveryCodesIssued *e = (const Weibao__V1__RecoveryCodesIssued *)event_of(
	        answer, &weibao__v1__recovery_codes_issued__descriptor);
	Weibao__V1__RecoveryCodesAnswer *r = WB_ARENA_NEW(a, Weibao__V1__RecoveryCodesAnswer);
	char code[WB_SECRET_TEXT_BYTES];
	if (!e || !r)
		return NULL;
	weibao__v1__recovery_codes_answer__init(r);
	r->codes = WB_ARENA_ARRAY(a, char *, IDENTITY_RECOVERY_CODES);
	for (uint32_t i = 0; r->codes && i < IDENTITY_RECOVERY_CODES; i++) {
		secrets_code(s->secrets, "recovery", wb_id_of_field(e->secret_id), i, code);
		r->codes[r->n_codes++] = wb_arena_str(a, code);
	}
	free_event(&e->base);
	return &r->base;
}

static const ProtobufCMessage *reveal_token(
        struct state *s, const Weibao__V1__CommandAnswer *answer, struct wb_arena *a)
{
	const Weibao__V1__TokenIssued *e =
	        (const Weibao__V1__TokenIssued *)event_of(answer, &weibao__v1__token_issued__descriptor);
	Weibao__V1__TokenAnswer *r = WB_ARENA_NEW(a, Weibao__V1__TokenAnswer);
	char token[WB_SECRET_TEXT_BYTES];
	if (!e || !r)
		return NULL;
	weibao__v1__token_answer__init(r);
	secrets_token(s->secrets, IDENTITY_TOKEN_PREFIX, wb_id_of_field(e->token_id), token);
	r->token_id = field(a, wb_id_of_field(e->token_id));
	r->token = wb_arena_str(a, token);
	free_event(&e->base);
	return &r->base;
}

static const ProtobufCMessage *reveal(
        void *state, const char *operation, const Weibao__V1__CommandAnswer *answer, struct wb_arena *a)
{
	if (strcmp(operation, "SignIn") == 0)
		return reveal_sign_in(state, answer, a);
	if (strcmp(operation, "CreateAccount") == 0 || strcmp(operation, "IssuePasswordReset") == 0)
		return reveal_code(state, answer, a);
	if (strcmp(operation, "ConfirmTotp") == 0)
		return reveal_recovery(state, answer, a);
	if (strcmp(operation, "IssueToken") == 0)
		return reveal_token(state, answer, a);
	return NULL;
}

static void on_event(void *state, struct wb_txn *db, const struct wb_event *ev)
{
	struct state *s = state;
	(void)db;
	if (strcmp(ev->type, "FirstAdministratorMade") == 0)
		secrets_first_run_over(s->secrets);
}

/* ---- queries that need secrets ---- */

static Weibao__V1__AuthenticateAnswer *not_valid(struct wb_query *q, enum wb_refusal why)
{
	Weibao__V1__AuthenticateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__AuthenticateAnswer);
	if (!r)
		return NULL;
	weibao__v1__authenticate_answer__init(r);
	r->why = (char *)(uintptr_t)wb_refusal_text(why)->code;
	return r;
}

/* The grants with the deputy's powers added while they last. */
static void fill_account(
        struct wb_query *q, Weibao__V1__AuthenticateAnswer *r, Weibao__V1__AccountRow *row, const char *home)
{
	bool deputy = row->deputy && (!row->has_deputy_until || row->deputy_until > q->now_us);
	r->valid = true;
	r->has_account_id = true;
	r->account_id = row->account_id;
	r->home = (char *)(uintptr_t)home;
	r->has_person_id = row->has_person_id;
	r->person_id = row->person_id;
	r->has_must_change_password = true;
	r->must_change_password = row->must_change;
	r->grants = WB_ARENA_ARRAY(q->arena, Weibao__V1__Grant *, row->n_grants + 1);
	for (size_t i = 0; r->grants && i < row->n_grants; i++)
		r->grants[r->n_grants++] = row->grants[i];
	Weibao__V1__Grant *g = deputy ? WB_ARENA_NEW(q->arena, Weibao__V1__Grant) : NULL;
	if (g) {
		static Weibao__V1__Role roles[] = {WEIBAO__V1__ROLE__ROLE_DEPUTY};
		weibao__v1__grant__init(g);
		g->tenant = (char *)(uintptr_t)home;
		g->roles = roles;
		g->n_roles = 1;
		r->grants[r->n_grants++] = g;
	}
}

static Weibao__V1__AuthenticateAnswer *by_session(struct state *s, struct wb_query *q, const char *credential)
{
	struct wb_id session;
	const char *home;
	if (!secrets_token_id(s->secrets, IDENTITY_SESSION_PREFIX, credential, &session))
		return not_valid(q, WB_SIGN_IN_REQUIRED);
	const Weibao__V1__SessionRow *row = session_get(q->db, session, q->arena);
	Weibao__V1__AccountRow *account =
	        row ? account_anywhere(q->db, wb_id_of_field(row->account_id), q->arena, &home) : NULL;
	struct seen **seen = seen_of(s, session);
	int64_t last = *seen ? (*seen)->at : row ? row->started_at : 0;
	if (!*seen && last < q->now_us - IDENTITY_IDLE_US)
		last = row && row->expires_at > q->now_us ? q->now_us
		                                          : 0; /* we were restarted: its clock begins anew */
	if (!account || account->disabled || account->sessions_ended != row->generation ||
	        row->expires_at <= q->now_us || q->now_us - last > IDENTITY_IDLE_US)
		return not_valid(q, WB_SESSION_EXPIRED);
	if (!*seen) {
		*seen = calloc(1, sizeof **seen);
		if (!*seen)
			return not_valid(q, WB_UNAVAILABLE);
		(*seen)->session = session;
	}
	(*seen)->at = q->now_us;
	Weibao__V1__AuthenticateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__AuthenticateAnswer);
	if (!r)
		return NULL;
	weibao__v1__authenticate_answer__init(r);
	fill_account(q, r, account, home);
	r->has_session_id = true;
	r->session_id = field(q->arena, session);
	r->has_expires_at = true;
	r->expires_at = row->expires_at;
	char csrf[WB_SECRET_TEXT_BYTES];
	secrets_code(s->secrets, "csrf", session, 0, csrf);
	r->csrf = wb_arena_str(q->arena, csrf);
	return r;
}

static Weibao__V1__AuthenticateAnswer *by_token(struct state *s, struct wb_query *q, const char *credential)
{
	struct wb_id token;
	struct wb_key k;
	const char *home;
	if (!secrets_token_id(s->secrets, IDENTITY_TOKEN_PREFIX, credential, &token))
		return not_valid(q, WB_SIGN_IN_REQUIRED);
	id_key(&k, token);
	const Weibao__V1__LoginRow *owner = (const Weibao__V1__LoginRow *)wb_get_row(
	        q->db, &by_token_table, &k, &weibao__v1__login_row__descriptor, q->arena);
	if (!owner)
		return not_valid(q, WB_SESSION_EXPIRED);
	pair_key(&k, wb_id_of_field(owner->account_id), token);
	const Weibao__V1__TokenRow *row = (const Weibao__V1__TokenRow *)wb_get_row(
	        q->db, &tokens_table, &k, &weibao__v1__token_row__descriptor, q->arena);
	Weibao__V1__AccountRow *account = account_anywhere(q->db, wb_id_of_field(owner->account_id), q->arena, &home);
	if (!row || !account || account->disabled || (row->has_expires_at && row->expires_at <= q->now_us))
		return not_valid(q, WB_SESSION_EXPIRED);
	Weibao__V1__AuthenticateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__AuthenticateAnswer);
	if (!r)
		return NULL;
	weibao__v1__authenticate_answer__init(r);
	fill_account(q, r, account, home);
	r->has_expires_at = row->has_expires_at;
	r->expires_at = row->expires_at;
	return r;
}

static Weibao__V1__AuthenticateAnswer *by_link(struct state *s, struct wb_query *q, const char *credential)
{
	static Weibao__V1__Role roles[] = {WEIBAO__V1__ROLE__ROLE_LINK};
	struct wb_link l;
	Weibao__V1__AuthenticateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__AuthenticateAnswer);
	Weibao__V1__Grant *g = WB_ARENA_NEW(q->arena, Weibao__V1__Grant);
	if (!r || !g || secrets_link_open(s->secrets, credential, q->now_us, &l) != WB_OK)
		return not_valid(q, WB_LINK_INVALID);
	weibao__v1__authenticate_answer__init(r);
	weibao__v1__grant__init(g);
	g->tenant = wb_arena_str(q->arena, l.tenant);
	g->roles = roles;
	g->n_roles = 1;
	r->valid = true;
	r->has_account_id = true;
	r->account_id = field(q->arena, (struct wb_id){{0}});
	r->home = g->tenant;
	r->grants = WB_ARENA_ARRAY(q->arena, Weibao__V1__Grant *, 1);
	if (!r->grants)
		return NULL;
	r->grants[r->n_grants++] = g;
	r->link_purpose = wb_arena_str(q->arena, l.purpose);
	r->has_link_id = true;
	r->link_id = field(q->arena, l.id);
	r->has_link_round = true;
	r->link_round = l.round;
	r->has_expires_at = true;
	r->expires_at = l.expires_us;
	return r;
}

static void authenticate(struct state *s, struct wb_query *q, const Weibao__V1__Authenticate *c)
{
	Weibao__V1__AuthenticateAnswer *r = NULL;
	switch (c->kind) {
	case WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_SESSION:
		r = by_session(s, q, c->credential);
		break;
	case WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_TOKEN:
		r = by_token(s, q, c->credential);
		break;
	case WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_LINK:
		r = by_link(s, q, c->credential);
		break;
	case WEIBAO__V1__CREDENTIAL_KIND__CREDENTIAL_KIND_UNSPECIFIED:
	case _WEIBAO__V1__CREDENTIAL_KIND_IS_INT_SIZE:
		break;
	}
	if (r)
		wb_answer(q, &r->base);
	else
		wb_query_refuse(q, WB_FIELD_INVALID, "kind");
}

static void home_of_login(struct state *s, struct wb_query *q, const Weibao__V1__HomeOfLogin *c)
{
	Weibao__V1__HomeOfLoginAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__HomeOfLoginAnswer);
	const char *login = wb_personal_text(c->login);
	uint8_t key[32];
	if (!r || !login) {
		wb_query_refuse(q, WB_FIELD_REQUIRED, "login");
		return;
	}
	secrets_login_key(s->secrets, login, key);
	const Weibao__V1__LoginRow *row = login_get(q->db, key, q->arena);
	weibao__v1__home_of_login_answer__init(r);
	r->home = row ? row->tenant : (char *)(uintptr_t) "provider";
	wb_answer(q, &r->base);
}

static void prepare_totp(struct state *s, struct wb_query *q)
{
	Weibao__V1__PrepareTotpAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__PrepareTotpAnswer);
	Weibao__V1__AccountRow *row = account_anywhere(q->db, wb_id_of_field(q->who->account_id), q->arena, NULL);
	uint8_t seed[WB_TOTP_SEED_BYTES];
	char text[33];
	if (!row || !r || row->has_totp_id) {
		wb_query_refuse(q, row && row->has_totp_id ? WB_TWO_FACTOR_ON : WB_SIGN_IN_REQUIRED, NULL);
		return;
	}
	secrets_totp_seed(s->secrets, totp_secret(row), seed);
	wb_totp_seed_text(seed, text);
	weibao__v1__prepare_totp_answer__init(r);
	r->seed = wb_arena_str(q->arena, text);
	r->uri = wb_arena_fmt(
	        q->arena, "otpauth://totp/weibao?secret=%s&issuer=weibao&algorithm=SHA1&digits=6&period=30", text);
	wb_answer(q, &r->base);
}

static bool purpose_known(const char *purpose)
{
	static const char *const known[] = {
	        "rate", "visit", "sign", "amount", "confirm", "exception", "report", "complain"};
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(known[i], purpose) == 0)
			return true;
	return false;
}

static void make_link(struct state *s, struct wb_query *q, const Weibao__V1__MakeLink *c)
{
	Weibao__V1__MakeLinkAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__MakeLinkAnswer);
	uint32_t days = c->has_days ? c->days : 7;
	struct wb_link l = {.id = wb_id_of_field(c->id), .round = c->round};
	char code[WB_SECRET_TEXT_BYTES];
	if (!r || !purpose_known(c->purpose) || days == 0 || days > 366) {
		wb_query_refuse(q, WB_FIELD_INVALID, purpose_known(c->purpose) ? "days" : "purpose");
		return;
	}
	if (strcmp(c->purpose, "exception") == 0 && !wb_has_role(q->who, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE)) {
		wb_query_refuse(q, WB_FORBIDDEN, "purpose"); /* it binds the client: staff never see such a link */
		return;
	}
	(void)snprintf(l.tenant, sizeof l.tenant, "%s", q->tenant);
	(void)snprintf(l.purpose, sizeof l.purpose, "%s", c->purpose);
	l.expires_us = q->now_us + (int64_t)days * WB_DAY_US;
	weibao__v1__make_link_answer__init(r);
	r->token = secrets_link(s->secrets, &l, q->arena);
	r->expires_at = l.expires_us;
	if (!r->token || secrets_code_for_link(s->secrets, r->token, l.expires_us, code) != WB_OK) {
		wb_query_refuse(q, WB_UNAVAILABLE, NULL);
		return;
	}
	r->code = wb_arena_str(q->arena, code);
	wb_answer(q, &r->base);
}

static void resolve_code(struct state *s, struct wb_query *q, const Weibao__V1__ResolveCode *c)
{
	Weibao__V1__ResolveCodeAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ResolveCodeAnswer);
	char *token = secrets_link_of_code(s->secrets, c->code, q->now_us, q->arena);
	struct wb_link l;
	if (!r || !token || secrets_link_open(s->secrets, token, q->now_us, &l) != WB_OK) {
		wb_query_refuse(q, WB_LINK_INVALID, "code");
		return;
	}
	weibao__v1__resolve_code_answer__init(r);
	r->token = token;
	r->tenant = wb_arena_str(q->arena, l.tenant);
	r->purpose = wb_arena_str(q->arena, l.purpose);
	r->id = field(q->arena, l.id);
	r->has_round = true;
	r->round = l.round;
	wb_answer(q, &r->base);
}

static bool query(void *state, struct wb_query *q, const ProtobufCMessage *request)
{
	const ProtobufCMessageDescriptor *type = request->descriptor;
	if (type == &weibao__v1__authenticate__descriptor)
		authenticate(state, q, (const Weibao__V1__Authenticate *)request);
	else if (type == &weibao__v1__home_of_login__descriptor)
		home_of_login(state, q, (const Weibao__V1__HomeOfLogin *)request);
	else if (type == &weibao__v1__prepare_totp__descriptor)
		prepare_totp(state, q);
	else if (type == &weibao__v1__make_link__descriptor)
		make_link(state, q, (const Weibao__V1__MakeLink *)request);
	else if (type == &weibao__v1__resolve_code__descriptor)
		resolve_code(state, q, (const Weibao__V1__ResolveCode *)request);
	else
		return false;
	return true;
}

const struct wb_effects identity_effects = {
        effects_open, effects_close, defs, sizeof defs / sizeof defs[0], reveal, on_event, query};
