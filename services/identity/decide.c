/* Identity's decisions. Secrets never come here: effects.c hands over what it checked and the ids it wrote under. */
#include "services/identity/identity.h"
#include "services/identity/tables.h"
#include "weibao/v1/identity_commands.pb-c.h"
#include "weibao/v1/identity_events.pb-c.h"

#include <string.h>

static const struct wb_id zero;

#define NEW(d, type, init_fn, name)                                                                                    \
	type *name = WB_ARENA_NEW((d)->arena, type);                                                                   \
	if (!name)                                                                                                     \
		return;                                                                                                \
	init_fn(name)

static void emit(struct wb_decision *d, struct wb_id account, const ProtobufCMessage *event)
{
	wb_emit(d, "account", account, event);
}

/* The account of the command in this tenant, or refused. */
static Weibao__V1__AccountRow *account_in(struct wb_decision *d, ProtobufCBinaryData field, struct wb_id *ret_id)
{
	if (!wb_require_id(d, field, "accountId", ret_id))
		return NULL;
	Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, *ret_id, d->arena);
	if (!row)
		wb_refuse(d, WB_NOT_FOUND, "accountId");
	return row;
}

/* One's own account: its home is the command's tenant. */
static Weibao__V1__AccountRow *own_account(struct wb_decision *d, struct wb_id *ret_id)
{
	*ret_id = wb_id_of_field(d->who->account_id);
	Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, *ret_id, d->arena);
	if (!row)
		wb_refuse(d, WB_SIGN_IN_REQUIRED, NULL);
	return row;
}

/* ---- turns ---- */

#define ACCOUNT_TURNS(fn, type)                                                                                        \
	static void fn(struct wb_turns *t, const char *tenant, const void *command)                                    \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "account", wb_id_of_field(c->account_id));                                            \
	}
ACCOUNT_TURNS(rename_turns, Weibao__V1__RenameAccount)
ACCOUNT_TURNS(person_turns, Weibao__V1__SetAccountPerson)
ACCOUNT_TURNS(deputy_turns, Weibao__V1__NameDeputy)
ACCOUNT_TURNS(undeputy_turns, Weibao__V1__RevokeDeputy)
ACCOUNT_TURNS(disable_turns, Weibao__V1__DisableAccount)
ACCOUNT_TURNS(enable_turns, Weibao__V1__EnableAccount)
ACCOUNT_TURNS(reset_turns, Weibao__V1__IssuePasswordReset)
ACCOUNT_TURNS(reset_totp_turns, Weibao__V1__ResetTotp)
ACCOUNT_TURNS(sign_in_turns, Weibao__V1__CheckedSignIn)

/* Grants of administrators are one matter: the last one must stay, in the whole cell. */
static void grant_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__GrantRoles *c = command;
	(void)tenant;
	wb_turn_write(t, "account", wb_id_of_field(c->account_id));
	wb_turn_write_in(t, "cell", "administrators", zero);
}

/* New secrets and logins: the login must not be taken meanwhile. */
static void secret_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	(void)tenant;
	wb_turn_write(t, "account", wb_id_of_field(c->account_id));
	if (c->has_login_key)
		wb_turn_write_name(t, "login", (struct wb_bytes){c->login_key.data, c->login_key.len});
	wb_turn_write_in(t, "cell", "administrators", zero);
}

static void own_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	/* one's own things conflict only with themselves: the id stands in the principal, not here */
	(void)tenant;
	(void)command;
	wb_turn_write_name(t, "own", (struct wb_bytes){(const uint8_t *)"own", 3});
}

/* ---- accounts ---- */

/* Which roles make sense where: staff and the installation's in "provider", the client's own in its tenant, and staff
 * again in the client units that they serve. */
static bool role_fits(Weibao__V1__Role role, bool staff, bool in_provider)
{
	uint32_t bit = 1u << role;
	if (staff)
		return bit &
		       (WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(AUDITOR) | (in_provider ? WB_ROLE(ADMINISTRATOR) : 0));
	return bit & (WB_ROLE(REPRESENTATIVE) | WB_ROLE(USER) | WB_ROLE(AUDITOR));
}

static bool check_roles(struct wb_decision *d, const Weibao__V1__Role *roles, size_t n, const char *in_tenant)
{
	bool staff = strcmp(d->tenant, "provider") == 0, provider = strcmp(in_tenant, "provider") == 0;
	uint32_t bits = 0;
	for (size_t i = 0; i < n; i++) {
		if (!role_fits(roles[i], staff, provider)) {
			wb_refuse(d, WB_ROLE_NOT_HERE, "roles");
			return false;
		}
		bits |= 1u << roles[i];
	}
	if ((bits & WB_ROLE(ADMINISTRATOR)) && (bits & WB_ROLE(AUDITOR))) {
		wb_refuse(d, WB_ADMINISTRATOR_NOT_AUDITOR, "roles");
		return false;
	}
	return true;
}

static void emit_created(struct wb_decision *d, const Weibao__V1__CheckedSecret *c, struct wb_id account,
        ProtobufCBinaryData person, bool has_person)
{
	NEW(d, Weibao__V1__AccountCreated, weibao__v1__account_created__init, e);
	e->account_id = wb_field_of_id(d->arena, account);
	e->login = wb_personal(d->arena, account, zero, wb_personal_text(c->login));
	e->login_key = c->login_key;
	e->display_name = wb_personal(d->arena, account, zero, wb_personal_text(c->display_name));
	e->has_person_id = has_person;
	e->person_id = person;
	if (!e->login || !e->display_name) {
		wb_refuse(d, WB_FIELD_REQUIRED, e->login ? "displayName" : "login");
		return;
	}
	emit(d, account, &e->base);
}

static void emit_granted(
        struct wb_decision *d, struct wb_id account, const char *in_tenant, Weibao__V1__Role *roles, size_t n)
{
	NEW(d, Weibao__V1__RolesGranted, weibao__v1__roles_granted__init, e);
	e->account_id = wb_field_of_id(d->arena, account);
	e->in_tenant = (char *)(uintptr_t)in_tenant;
	e->roles = roles;
	e->n_roles = n;
	emit(d, account, &e->base);
}

static void emit_reset(struct wb_decision *d, struct wb_id account)
{
	NEW(d, Weibao__V1__PasswordResetIssued, weibao__v1__password_reset_issued__init, e);
	e->account_id = wb_field_of_id(d->arena, account);
	e->secret_id = wb_field_of_id(d->arena, wb_new_id(d, "reset"));
	e->expires_at = d->now_us + IDENTITY_RESET_US;
	emit(d, account, &e->base);
}

static void emit_password(struct wb_decision *d, struct wb_id account, ProtobufCBinaryData secret)
{
	NEW(d, Weibao__V1__PasswordSet, weibao__v1__password_set__init, e);
	e->account_id = wb_field_of_id(d->arena, account);
	e->secret_id = secret;
	emit(d, account, &e->base);
}

static bool login_free(struct wb_decision *d, const Weibao__V1__CheckedSecret *c)
{
	if (c->login_key.len != 32 || login_get(d->db, c->login_key.data, d->arena)) {
		wb_refuse(d, WB_LOGIN_TAKEN, "login");
		return false;
	}
	return true;
}

static void make_first(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	static Weibao__V1__Role administrator = WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR;
	struct wb_id account = wb_id_of_field(c->account_id);
	if (cell_has_administrator(d->db, d->arena)) {
		wb_refuse(d, WB_FIRST_RUN_OVER, NULL);
		return;
	}
	if (!c->right) {
		wb_refuse(d, WB_CODE_WRONG, "code");
		return;
	}
	if (c->weak) {
		wb_refuse(d, WB_PASSWORD_WEAK, "password");
		return;
	}
	if (!login_free(d, c))
		return;
	emit_created(d, c, account, (ProtobufCBinaryData){0, NULL}, false);
	emit_granted(d, account, "provider", &administrator, 1);
	emit_password(d, account, c->new_secret_id);
	NEW(d, Weibao__V1__FirstAdministratorMade, weibao__v1__first_administrator_made__init, e);
	e->account_id = c->account_id;
	emit(d, account, &e->base);
}

/* The effect adds the login's key; the command itself stands beside it. */
static void create_account(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedAccount *c = command;
	struct wb_id account = wb_id_of_field(c->checked->account_id);
	if (!login_free(d, c->checked) || !check_roles(d, c->account->roles, c->account->n_roles, d->tenant))
		return;
	emit_created(d, c->checked, account, c->account->person_id, c->account->has_person_id);
	if (c->account->n_roles)
		emit_granted(d, account, d->tenant, c->account->roles, c->account->n_roles);
	emit_reset(d, account);
}

static void account_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__CheckedAccount *c = command;
	secret_turns(t, tenant, c->checked);
}

static void rename_account(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RenameAccount *c = command;
	struct wb_id id;
	if (!account_in(d, c->account_id, &id))
		return;
	NEW(d, Weibao__V1__AccountRenamed, weibao__v1__account_renamed__init, e);
	e->account_id = c->account_id;
	e->display_name = wb_personal(d->arena, id, zero, wb_personal_text(c->display_name));
	emit(d, id, &e->base);
}

static void set_person(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SetAccountPerson *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	if (!row)
		return;
	if (row->has_person_id && wb_id_equal(wb_id_of_field(row->person_id), wb_id_of_field(c->person_id))) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__AccountPersonSet, weibao__v1__account_person_set__init, e);
	e->account_id = c->account_id;
	e->person_id = c->person_id;
	emit(d, id, &e->base);
}

static bool other_administrator(struct wb_decision *d, struct wb_id but)
{
	struct wb_scan scan;
	struct wb_bytes key, value;
	struct wb_key prefix;
	bool found = false;
	wb_key_init(&prefix);
	wb_key_str(&prefix, "provider");
	wb_scan_prefix(&scan, d->db, &accounts_table, &prefix);
	while (!found && wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__AccountRow *row = (const Weibao__V1__AccountRow *)wb_unpack_row(
		        d->db, &accounts_table, value, &weibao__v1__account_row__descriptor, d->arena);
		found = row && !row->disabled && !wb_id_equal(wb_id_of_field(row->account_id), but) &&
		        grant_has(grant_in(row, "provider"), WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR);
	}
	wb_scan_done(&scan);
	return found;
}

static bool has_anywhere(const Weibao__V1__AccountRow *row, Weibao__V1__Role role, const char *but_tenant)
{
	for (size_t i = 0; i < row->n_grants; i++)
		if (strcmp(row->grants[i]->tenant, but_tenant) != 0 && grant_has(row->grants[i], role))
			return true;
	return false;
}

static bool list_has(const Weibao__V1__Role *roles, size_t n, Weibao__V1__Role role)
{
	for (size_t i = 0; i < n; i++)
		if (roles[i] == role)
			return true;
	return false;
}

static void grant_roles(struct wb_decision *d, const void *command)
{
	const Weibao__V1__GrantRoles *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	bool staff = strcmp(d->tenant, "provider") == 0;
	if (!row || !check_roles(d, c->roles, c->n_roles, c->in_tenant))
		return;
	if ((!staff && strcmp(c->in_tenant, d->tenant) != 0) || strcmp(c->in_tenant, "cell") == 0) {
		wb_refuse(d, WB_ROLE_NOT_HERE, "inTenant"); /* a client unit's people see their own unit only */
		return;
	}
	bool admin = list_has(c->roles, c->n_roles, WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR);
	bool auditor = list_has(c->roles, c->n_roles, WEIBAO__V1__ROLE__ROLE_AUDITOR);
	if ((admin && has_anywhere(row, WEIBAO__V1__ROLE__ROLE_AUDITOR, c->in_tenant)) ||
	        (auditor && has_anywhere(row, WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR, c->in_tenant))) {
		wb_refuse(d, WB_ADMINISTRATOR_NOT_AUDITOR, "roles");
		return;
	}
	bool was = grant_has(grant_in(row, c->in_tenant), WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR);
	if (was && !admin && !other_administrator(d, id)) {
		wb_refuse(d, WB_LAST_ADMINISTRATOR, "roles");
		return;
	}
	emit_granted(d, id, c->in_tenant, c->roles, c->n_roles);
}

static void name_deputy(struct wb_decision *d, const void *command)
{
	const Weibao__V1__NameDeputy *c = command;
	struct wb_id id;
	if (!account_in(d, c->account_id, &id))
		return;
	if (wb_id_equal(id, wb_id_of_field(d->who->account_id))) {
		wb_refuse(d, WB_SELF_NOT_ALLOWED, "accountId");
		return;
	}
	if (c->has_until_at && c->until_at <= d->now_us) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "untilAt");
		return;
	}
	NEW(d, Weibao__V1__DeputyNamed, weibao__v1__deputy_named__init, e);
	e->account_id = c->account_id;
	e->has_until_at = c->has_until_at;
	e->until_at = c->until_at;
	emit(d, id, &e->base);
}

static void revoke_deputy(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RevokeDeputy *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	if (!row)
		return;
	if (!row->deputy) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__DeputyRevoked, weibao__v1__deputy_revoked__init, e);
	e->account_id = c->account_id;
	emit(d, id, &e->base);
}

static void disable_account(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DisableAccount *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	if (!row)
		return;
	if (row->disabled) {
		wb_already(d);
		return;
	}
	if (grant_has(grant_in(row, "provider"), WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR) && !other_administrator(d, id)) {
		wb_refuse(d, WB_LAST_ADMINISTRATOR, "accountId");
		return;
	}
	NEW(d, Weibao__V1__AccountDisabled, weibao__v1__account_disabled__init, e);
	e->account_id = c->account_id;
	e->reason = c->reason;
	emit(d, id, &e->base);
}

static void enable_account(struct wb_decision *d, const void *command)
{
	const Weibao__V1__EnableAccount *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	if (!row)
		return;
	if (!row->disabled && !row->has_locked_until) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__AccountEnabled, weibao__v1__account_enabled__init, e);
	e->account_id = c->account_id;
	emit(d, id, &e->base);
}

/* ---- passwords ---- */

static void issue_reset(struct wb_decision *d, const void *command)
{
	const Weibao__V1__IssuePasswordReset *c = command;
	struct wb_id id;
	if (account_in(d, c->account_id, &id))
		emit_reset(d, id);
}

static void set_by_code(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, id, d->arena);
	bool current = row && row->has_reset_id && row->reset_expires_at >= d->now_us &&
	               wb_id_equal(wb_id_of_field(row->reset_id), wb_id_of_field(c->checked_secret_id));
	if (!current || !c->right || row->disabled) {
		wb_refuse(d, WB_CODE_WRONG, "code");
		return;
	}
	if (c->weak) {
		wb_refuse(d, WB_PASSWORD_WEAK, "password");
		return;
	}
	emit_password(d, id, c->new_secret_id);
}

static void change_password(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, id, d->arena);
	if (!row || !row->has_password_id || !c->right ||
	        !wb_id_equal(wb_id_of_field(row->password_id), wb_id_of_field(c->checked_secret_id))) {
		wb_refuse(d, WB_PASSWORD_WRONG, "oldPassword");
		return;
	}
	if (c->weak) {
		wb_refuse(d, WB_PASSWORD_WEAK, "password");
		return;
	}
	emit_password(d, id, c->new_secret_id);
}

/* ---- two factors ---- */

static void confirm_totp(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, id, d->arena);
	if (!row || row->has_totp_id) {
		wb_refuse(d, row ? WB_TWO_FACTOR_ON : WB_NOT_FOUND, NULL);
		return;
	}
	if (!c->right) {
		wb_refuse(d, WB_CODE_WRONG, "code");
		return;
	}
	NEW(d, Weibao__V1__TotpEnabled, weibao__v1__totp_enabled__init, e);
	e->account_id = c->account_id;
	e->secret_id = c->checked_secret_id;
	emit(d, id, &e->base);
	NEW(d, Weibao__V1__RecoveryCodesIssued, weibao__v1__recovery_codes_issued__init, r);
	r->account_id = c->account_id;
	r->secret_id = wb_field_of_id(d->arena, wb_new_id(d, "recovery"));
	r->count = IDENTITY_RECOVERY_CODES;
	emit(d, id, &r->base);
}

static void totp_off(struct wb_decision *d, struct wb_id id, const Weibao__V1__AccountRow *row)
{
	if (!row->has_totp_id) {
		wb_refuse(d, WB_TWO_FACTOR_OFF, NULL);
		return;
	}
	NEW(d, Weibao__V1__TotpDisabled, weibao__v1__totp_disabled__init, e);
	e->account_id = row->account_id;
	emit(d, id, &e->base);
}

static void disable_totp(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSecret *c = command;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = account_get(d->db, d->tenant, id, d->arena);
	if (!row || !c->right)
		wb_refuse(d, WB_PASSWORD_WRONG, "password");
	else
		totp_off(d, id, row);
}

static void reset_totp(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ResetTotp *c = command;
	struct wb_id id;
	const Weibao__V1__AccountRow *row = account_in(d, c->account_id, &id);
	if (row)
		totp_off(d, id, row);
}

/* ---- tokens ---- */

static void issue_token(struct wb_decision *d, const void *command)
{
	const Weibao__V1__IssueToken *c = command;
	struct wb_id id;
	if (!own_account(d, &id))
		return;
	if (c->name[0] == '\0') {
		wb_refuse(d, WB_FIELD_REQUIRED, "name");
		return;
	}
	if (c->has_expires_at && c->expires_at <= d->now_us) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "expiresAt");
		return;
	}
	NEW(d, Weibao__V1__TokenIssued, weibao__v1__token_issued__init, e);
	e->account_id = wb_field_of_id(d->arena, id);
	e->token_id = wb_field_of_id(d->arena, wb_new_id(d, "token"));
	e->name = c->name;
	e->has_expires_at = c->has_expires_at;
	e->expires_at = c->expires_at;
	emit(d, id, &e->base);
}

static void revoke_token(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RevokeToken *c = command;
	struct wb_id id, token;
	struct wb_key k;
	if (!own_account(d, &id) || !wb_require_id(d, c->token_id, "tokenId", &token))
		return;
	pair_key(&k, id, token);
	if (!wb_has(d->db, &tokens_table, &k)) {
		wb_refuse(d, WB_NOT_FOUND, "tokenId");
		return;
	}
	NEW(d, Weibao__V1__TokenRevoked, weibao__v1__token_revoked__init, e);
	e->account_id = wb_field_of_id(d->arena, id);
	e->token_id = c->token_id;
	emit(d, id, &e->base);
}

/* ---- sign-in ---- */

static void failed(struct wb_decision *d, struct wb_id id, const Weibao__V1__AccountRow *row, const char *peer)
{
	NEW(d, Weibao__V1__SignInFailed, weibao__v1__sign_in_failed__init, e);
	e->account_id = row->account_id;
	e->peer = (char *)(uintptr_t)peer;
	e->failures = row->failures + 1;
	if (e->failures >= IDENTITY_LOCK_AFTER) {
		e->has_locked_until = true;
		e->locked_until = d->now_us + IDENTITY_LOCK_US;
	}
	emit(d, id, &e->base);
}

static void signed_in(struct wb_decision *d, struct wb_id id, const Weibao__V1__CheckedSignIn *c)
{
	if (c->factor == 3) {
		NEW(d, Weibao__V1__RecoveryCodeUsed, weibao__v1__recovery_code_used__init, u);
		u->account_id = c->account_id;
		u->index = c->recovery_index;
		emit(d, id, &u->base);
	}
	NEW(d, Weibao__V1__SignedIn, weibao__v1__signed_in__init, e);
	e->account_id = c->account_id;
	e->session_id = wb_field_of_id(d->arena, wb_new_id(d, "session"));
	e->second_factor = c->factor >= 2;
	e->peer = c->peer;
	e->expires_at = d->now_us + IDENTITY_SESSION_US;
	emit(d, id, &e->base);
}

static void sign_in(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CheckedSignIn *c = command;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = wb_id_is_zero(id) ? NULL : account_get(d->db, d->tenant, id, d->arena);
	if (!row || !row->has_password_id) {
		wb_refuse(d, WB_SIGN_IN_WRONG, NULL);
		return;
	}
	if (row->has_locked_until && row->locked_until > d->now_us) {
		wb_refuse(d, WB_ACCOUNT_LOCKED, NULL);
		return;
	}
	bool right = c->password_right && wb_id_equal(wb_id_of_field(row->password_id), wb_id_of_field(c->secret_id));
	bool recovered = c->factor == 3 && (row->recovery_used & (1u << c->recovery_index)) == 0;
	if (!right)
		failed(d, id, row, c->peer);
	else if (row->disabled)
		wb_refuse(d, WB_ACCOUNT_DISABLED, NULL);
	else if (row->has_totp_id && c->factor == 0)
		wb_refuse(d, WB_SECOND_FACTOR_REQUIRED, "code");
	else if (row->has_totp_id && c->factor != 2 && !recovered)
		failed(d, id, row, c->peer);
	else
		signed_in(d, id, c);
}

static void signed_out(struct wb_decision *d, struct wb_id session, const char *cause)
{
	struct wb_id id;
	if (!own_account(d, &id))
		return;
	NEW(d, Weibao__V1__SignedOut, weibao__v1__signed_out__init, e);
	e->account_id = wb_field_of_id(d->arena, id);
	e->session_id = wb_field_of_id(d->arena, session);
	e->cause = (char *)(uintptr_t)cause;
	emit(d, id, &e->base);
}

static void sign_out(struct wb_decision *d, const void *command)
{
	struct wb_id session = wb_id_of_field(d->who->session_id);
	(void)command;
	if (wb_id_is_zero(session) || !session_get(d->db, session, d->arena))
		wb_already(d);
	else
		signed_out(d, session, "own");
}

static void sign_out_everywhere(struct wb_decision *d, const void *command)
{
	(void)command;
	signed_out(d, zero, "everywhere");
}

#define LINK WB_ROLE(LINK)
#define ADMIN WB_ROLE(ADMINISTRATOR)
const struct wb_command_def identity_commands[] = {
        {&weibao__v1__make_first_administrator__descriptor, secret_turns, make_first, LINK, WB_TENANT_PROVIDER},
        {&weibao__v1__create_account__descriptor, account_turns, create_account, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__rename_account__descriptor, rename_turns, rename_account, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__set_account_person__descriptor, person_turns, set_person, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__grant_roles__descriptor, grant_turns, grant_roles, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__name_deputy__descriptor, deputy_turns, name_deputy, WB_ROLE(REPRESENTATIVE), WB_TENANT_CLIENT},
        {&weibao__v1__revoke_deputy__descriptor, undeputy_turns, revoke_deputy, WB_ROLE(REPRESENTATIVE),
                WB_TENANT_CLIENT},
        {&weibao__v1__disable_account__descriptor, disable_turns, disable_account, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__enable_account__descriptor, enable_turns, enable_account, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__issue_password_reset__descriptor, reset_turns, issue_reset, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__set_password_by_code__descriptor, secret_turns, set_by_code, LINK, WB_TENANT_ANY},
        {&weibao__v1__change_password__descriptor, secret_turns, change_password, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__confirm_totp__descriptor, secret_turns, confirm_totp, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__disable_totp__descriptor, secret_turns, disable_totp, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__reset_totp__descriptor, reset_totp_turns, reset_totp, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__issue_token__descriptor, own_turns, issue_token, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__revoke_token__descriptor, own_turns, revoke_token, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__sign_in__descriptor, sign_in_turns, sign_in, LINK, WB_TENANT_ANY},
        {&weibao__v1__sign_out__descriptor, own_turns, sign_out, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__sign_out_everywhere__descriptor, own_turns, sign_out_everywhere, IDENTITY_ANYONE, WB_TENANT_ANY},
};
const size_t identity_commands_n = sizeof identity_commands / sizeof identity_commands[0];
