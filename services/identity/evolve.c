/* Identity's fold: accounts, logins, sessions, tokens, the sign-in log. */
#include "services/identity/tables.h"
#include "services/identity/identity.h"
#include "weibao/v1/identity_events.pb-c.h"

#include <string.h>

static Weibao__V1__AccountRow *account_of(struct wb_fold *f, const struct wb_event *ev)
{
	return account_get(f->db, ev->tenant, ev->stream_id, f->arena);
}

static void put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__AccountRow *row)
{
	struct wb_key k;
	account_key(&k, ev->tenant, ev->stream_id);
	wb_put_row(f->db, &accounts_table, &k, &row->base);
}

static void put_home(struct wb_fold *f, const struct wb_table *table, const struct wb_key *k, const struct wb_event *ev)
{
	Weibao__V1__LoginRow row = WEIBAO__V1__LOGIN_ROW__INIT;
	row.tenant = (char *)(uintptr_t)ev->tenant;
	row.account_id = wb_field_of_id(f->arena, ev->stream_id);
	wb_put_row(f->db, table, k, &row.base);
}

static void log_signin(struct wb_fold *f, const struct wb_event *ev, const char *what, const char *peer)
{
	Weibao__V1__SignInRow row = WEIBAO__V1__SIGN_IN_ROW__INIT;
	struct wb_key k;
	row.at = ev->recorded_at;
	row.what = (char *)(uintptr_t)what;
	row.peer = (char *)(uintptr_t)peer;
	wb_key_init(&k);
	wb_key_id(&k, ev->stream_id);
	wb_key_desc_i64(&k, ev->recorded_at);
	wb_key_desc_u64(&k, ev->position);
	wb_put_row(f->db, &signins_table, &k, &row.base);
}

static void on_created(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AccountCreated *e = payload;
	Weibao__V1__AccountRow row = WEIBAO__V1__ACCOUNT_ROW__INIT;
	struct wb_key k;
	row.account_id = e->account_id;
	row.login = e->login;
	row.display_name = e->display_name;
	row.has_person_id = e->has_person_id;
	row.person_id = e->person_id;
	row.login_key = e->login_key;
	put(f, ev, &row);
	wb_key_init(&k);
	wb_key_bytes(&k, e->login_key.data, e->login_key.len);
	put_home(f, &logins_table, &k, ev);
	id_key(&k, ev->stream_id);
	put_home(f, &homes_table, &k, ev);
}

static void on_renamed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AccountRenamed *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->display_name = e->display_name;
	put(f, ev, row);
}

static void on_person(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AccountPersonSet *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->has_person_id = true;
	row->person_id = e->person_id;
	put(f, ev, row);
}

/* The grants of that tenant are replaced; none: they are taken out. */
static void set_grant(
        struct wb_fold *f, Weibao__V1__AccountRow *row, const char *tenant, Weibao__V1__Role *roles, size_t n)
{
	Weibao__V1__Grant **all = WB_ARENA_ARRAY(f->arena, Weibao__V1__Grant *, row->n_grants + 1);
	size_t kept = 0;
	if (!all)
		return;
	for (size_t i = 0; i < row->n_grants; i++)
		if (strcmp(row->grants[i]->tenant, tenant) != 0)
			all[kept++] = row->grants[i];
	if (n) {
		Weibao__V1__Grant *g = WB_ARENA_NEW(f->arena, Weibao__V1__Grant);
		if (!g)
			return;
		weibao__v1__grant__init(g);
		g->tenant = (char *)(uintptr_t)tenant;
		g->roles = roles;
		g->n_roles = n;
		all[kept++] = g;
	}
	row->grants = all;
	row->n_grants = kept;
}

static void on_granted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RolesGranted *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	set_grant(f, row, e->in_tenant, e->roles, e->n_roles);
	put(f, ev, row);
}

static void on_deputy(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeputyNamed *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->deputy = true;
	row->has_deputy_until = e->has_until_at;
	row->deputy_until = e->until_at;
	put(f, ev, row);
}

static void on_deputy_revoked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__AccountRow *row = account_of(f, ev);
	(void)payload;
	if (!row)
		return;
	row->deputy = false;
	row->has_deputy_until = false;
	put(f, ev, row);
}

static void on_disabled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__AccountRow *row = account_of(f, ev);
	(void)payload;
	if (!row)
		return;
	row->disabled = true;
	row->sessions_ended++;
	put(f, ev, row);
}

static void on_enabled(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__AccountRow *row = account_of(f, ev);
	(void)payload;
	if (!row)
		return;
	row->disabled = false;
	row->failures = 0;
	row->has_locked_until = false;
	put(f, ev, row);
}

static void on_password(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PasswordSet *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->has_password_id = true;
	row->password_id = e->secret_id;
	row->must_change = e->must_change;
	row->has_reset_id = false;
	row->failures = 0;
	row->has_locked_until = false;
	row->sessions_ended++; /* whoever knew the old one is out */
	put(f, ev, row);
}

static void on_reset(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PasswordResetIssued *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->has_reset_id = true;
	row->reset_id = e->secret_id;
	row->has_reset_expires_at = true;
	row->reset_expires_at = e->expires_at;
	put(f, ev, row);
}

static void on_totp(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TotpEnabled *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->has_totp_id = true;
	row->totp_id = e->secret_id;
	put(f, ev, row);
}

static void on_totp_off(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__AccountRow *row = account_of(f, ev);
	(void)payload;
	if (!row)
		return;
	row->has_totp_id = false;
	row->has_recovery_id = false;
	put(f, ev, row);
}

static void on_recovery(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RecoveryCodesIssued *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->has_recovery_id = true;
	row->recovery_id = e->secret_id;
	row->recovery_used = 0;
	put(f, ev, row);
}

static void on_recovery_used(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__RecoveryCodeUsed *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row || e->index >= 32)
		return;
	row->recovery_used |= 1u << e->index;
	put(f, ev, row);
}

static void on_token(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TokenIssued *e = payload;
	Weibao__V1__TokenRow row = WEIBAO__V1__TOKEN_ROW__INIT;
	struct wb_key k;
	row.tenant = (char *)(uintptr_t)ev->tenant;
	row.account_id = e->account_id;
	row.name = e->name;
	row.issued_at = ev->recorded_at;
	row.has_expires_at = e->has_expires_at;
	row.expires_at = e->expires_at;
	pair_key(&k, ev->stream_id, wb_id_of_field(e->token_id));
	wb_put_row(f->db, &tokens_table, &k, &row.base);
	id_key(&k, wb_id_of_field(e->token_id));
	put_home(f, &by_token_table, &k, ev);
}

static void on_token_revoked(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TokenRevoked *e = payload;
	struct wb_key k;
	pair_key(&k, ev->stream_id, wb_id_of_field(e->token_id));
	wb_del(f->db, &tokens_table, &k);
	id_key(&k, wb_id_of_field(e->token_id));
	wb_del(f->db, &by_token_table, &k);
}

static void on_signed_in(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__SignedIn *e = payload;
	Weibao__V1__SessionRow row = WEIBAO__V1__SESSION_ROW__INIT;
	Weibao__V1__AccountRow *account = account_of(f, ev);
	struct wb_key k;
	if (!account)
		return;
	row.tenant = (char *)(uintptr_t)ev->tenant;
	row.account_id = e->account_id;
	row.started_at = ev->recorded_at;
	row.expires_at = e->expires_at;
	row.generation = account->sessions_ended;
	id_key(&k, wb_id_of_field(e->session_id));
	wb_put_row(f->db, &sessions_table, &k, &row.base);
	account->failures = 0;
	account->has_locked_until = false;
	account->has_last_signed_in_at = true;
	account->last_signed_in_at = ev->recorded_at;
	put(f, ev, account);
	log_signin(f, ev, e->second_factor ? "signed in with second factor" : "signed in", e->peer);
}

static void on_failed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__SignInFailed *e = payload;
	Weibao__V1__AccountRow *row = account_of(f, ev);
	if (!row)
		return;
	row->failures = e->failures;
	row->has_locked_until = e->has_locked_until;
	row->locked_until = e->locked_until;
	put(f, ev, row);
	log_signin(f, ev, e->has_locked_until ? "failed, locked" : "failed", e->peer);
}

static void on_signed_out(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__SignedOut *e = payload;
	struct wb_id session = wb_id_of_field(e->session_id);
	struct wb_key k;
	if (wb_id_is_zero(session)) { /* everywhere */
		Weibao__V1__AccountRow *row = account_of(f, ev);
		if (!row)
			return;
		row->sessions_ended++;
		put(f, ev, row);
	} else {
		id_key(&k, session);
		wb_del(f->db, &sessions_table, &k);
	}
	log_signin(f, ev, "signed out", "");
}

static void on_first(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__CellRow row = WEIBAO__V1__CELL_ROW__INIT;
	struct wb_key k;
	(void)ev;
	(void)payload;
	row.has_administrator = true;
	cell_key(&k);
	wb_put_row(f->db, &cell_table, &k, &row.base);
}

const struct wb_evolve_def identity_evolve[] = {
        {"AccountCreated", on_created},
        {"AccountRenamed", on_renamed},
        {"AccountPersonSet", on_person},
        {"RolesGranted", on_granted},
        {"DeputyNamed", on_deputy},
        {"DeputyRevoked", on_deputy_revoked},
        {"AccountDisabled", on_disabled},
        {"AccountEnabled", on_enabled},
        {"PasswordSet", on_password},
        {"PasswordResetIssued", on_reset},
        {"TotpEnabled", on_totp},
        {"TotpDisabled", on_totp_off},
        {"RecoveryCodesIssued", on_recovery},
        {"RecoveryCodeUsed", on_recovery_used},
        {"TokenIssued", on_token},
        {"TokenRevoked", on_token_revoked},
        {"SignedIn", on_signed_in},
        {"SignInFailed", on_failed},
        {"SignedOut", on_signed_out},
        {"FirstAdministratorMade", on_first},
};
const size_t identity_evolve_n = sizeof identity_evolve / sizeof identity_evolve[0];
