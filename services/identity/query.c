/* Identity's queries over its projection alone; those that need secrets are answered in effects.c. */
#include "service/page.h"
#include "services/identity/identity.h"
#include "services/identity/tables.h"
#include "weibao/v1/identity_queries.pb-c.h"

#include <string.h>

static Weibao__V1__AccountItem *item_of(struct wb_arena *a, const Weibao__V1__AccountRow *row)
{
	Weibao__V1__AccountItem *i = WB_ARENA_NEW(a, Weibao__V1__AccountItem);
	if (!i)
		return NULL;
	weibao__v1__account_item__init(i);
	i->account_id = row->account_id;
	i->login = row->login;
	i->display_name = row->display_name;
	i->has_person_id = row->has_person_id;
	i->person_id = row->person_id;
	i->grants = row->grants;
	i->n_grants = row->n_grants;
	i->disabled = row->disabled;
	i->two_factor = row->has_totp_id;
	i->has_last_signed_in_at = row->has_last_signed_in_at;
	i->last_signed_in_at = row->last_signed_in_at;
	i->has_locked_until = row->has_locked_until;
	i->locked_until = row->locked_until;
	i->has_deputy_until = row->deputy && row->has_deputy_until;
	i->deputy_until = row->deputy_until;
	return i;
}

static void list_accounts(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListAccounts *c = request;
	Weibao__V1__ListAccountsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListAccountsAnswer);
	struct wb_key prefix;
	struct wb_bytes value;
	struct wb_page p;
	wb_key_init(&prefix);
	wb_key_str(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &accounts_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_accounts_answer__init(r);
	r->accounts = WB_ARENA_ARRAY(q->arena, Weibao__V1__AccountItem *, p.limit);
	while (r->accounts && wb_page_next(&p, NULL, &value)) {
		const Weibao__V1__AccountRow *row = (const Weibao__V1__AccountRow *)wb_unpack_row(
		        q->db, &accounts_table, value, &weibao__v1__account_row__descriptor, q->arena);
		Weibao__V1__AccountItem *item = row ? item_of(q->arena, row) : NULL;
		if (!item)
			break;
		r->accounts[r->n_accounts++] = item;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

static void get_account(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetAccount *c = request;
	struct wb_id id = wb_id_of_field(c->account_id);
	const Weibao__V1__AccountRow *row = account_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__AccountItem *item = row ? item_of(q->arena, row) : NULL;
	if (!item) {
		wb_query_refuse(q, WB_NOT_FOUND, "accountId");
		return;
	}
	wb_answer(q, &item->base);
	wb_answer_version(q, "account", id);
}

static void my_account(struct wb_query *q, const void *request)
{
	const char *home;
	struct wb_id id = wb_id_of_field(q->who->account_id);
	Weibao__V1__AccountRow *row = account_anywhere(q->db, id, q->arena, &home);
	Weibao__V1__MyAccountAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__MyAccountAnswer);
	(void)request;
	if (!row || !r) {
		wb_query_refuse(q, WB_SIGN_IN_REQUIRED, NULL);
		return;
	}
	weibao__v1__my_account_answer__init(r);
	r->account_id = row->account_id;
	r->home = (char *)(uintptr_t)home;
	r->has_person_id = row->has_person_id;
	r->person_id = row->person_id;
	r->login = row->login;
	r->display_name = row->display_name;
	r->grants = row->grants;
	r->n_grants = row->n_grants;
	r->two_factor = row->has_totp_id;
	r->must_change_password = row->must_change;
	wb_answer(q, &r->base);
}

static void list_signins(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListSignIns *c = request;
	Weibao__V1__ListSignInsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListSignInsAnswer);
	struct wb_id id = wb_id_of_field(c->account_id);
	struct wb_bytes value;
	struct wb_key prefix;
	struct wb_page p;
	if (!account_get(q->db, q->tenant, id, q->arena)) {
		wb_query_refuse(q, WB_NOT_FOUND, "accountId");
		return;
	}
	id_key(&prefix, id);
	if (!r || !wb_page_open(&p, q, &signins_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_sign_ins_answer__init(r);
	r->items = WB_ARENA_ARRAY(q->arena, Weibao__V1__SignInItem *, p.limit);
	while (r->items && wb_page_next(&p, NULL, &value)) {
		const Weibao__V1__SignInRow *row = (const Weibao__V1__SignInRow *)wb_unpack_row(
		        q->db, &signins_table, value, &weibao__v1__sign_in_row__descriptor, q->arena);
		Weibao__V1__SignInItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__SignInItem);
		if (!row || !i)
			break;
		weibao__v1__sign_in_item__init(i);
		i->at = row->at;
		i->what = row->what;
		i->peer = row->peer;
		r->items[r->n_items++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

static void list_tokens(struct wb_query *q, const void *request)
{
	Weibao__V1__ListTokensAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListTokensAnswer);
	struct wb_id account = wb_id_of_field(q->who->account_id), first, token;
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_scan scan;
	(void)request;
	if (!r)
		return;
	weibao__v1__list_tokens_answer__init(r);
	r->tokens = WB_ARENA_ARRAY(q->arena, Weibao__V1__TokenItem *, WB_PAGE_MAX);
	id_key(&prefix, account);
	wb_scan_prefix(&scan, q->db, &tokens_table, &prefix);
	while (r->tokens && r->n_tokens < WB_PAGE_MAX && wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader reader;
		const Weibao__V1__TokenRow *row = (const Weibao__V1__TokenRow *)wb_unpack_row(
		        q->db, &tokens_table, value, &weibao__v1__token_row__descriptor, q->arena);
		Weibao__V1__TokenItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__TokenItem);
		wb_key_reader_init(&reader, key);
		if (!row || !i || !wb_key_read_id(&reader, &first) || !wb_key_read_id(&reader, &token))
			break;
		weibao__v1__token_item__init(i);
		i->token_id = wb_field_of_id(q->arena, token);
		i->name = row->name;
		i->issued_at = row->issued_at;
		i->has_expires_at = row->has_expires_at;
		i->expires_at = row->expires_at;
		r->tokens[r->n_tokens++] = i;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}

static void first_run_state(struct wb_query *q, const void *request)
{
	Weibao__V1__FirstRunStateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__FirstRunStateAnswer);
	(void)request;
	if (!r)
		return;
	weibao__v1__first_run_state_answer__init(r);
	r->needed = !cell_has_administrator(q->db, q->arena);
	wb_answer(q, &r->base);
}

/* A query that effects.c answers: reached only where there are no effects (a replay). */
static void needs_secrets(struct wb_query *q, const void *request)
{
	(void)request;
	wb_query_refuse(q, WB_UNAVAILABLE, NULL);
}

#define LINK WB_ROLE(LINK)
#define ADMIN (WB_ROLE(ADMINISTRATOR) | WB_ROLE(AUDITOR))
#define LINK_MAKERS (WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE))
const struct wb_query_def identity_queries[] = {
        {&weibao__v1__authenticate__descriptor, needs_secrets, LINK | WB_SYSTEM, WB_TENANT_ANY},
        {&weibao__v1__home_of_login__descriptor, needs_secrets, LINK, WB_TENANT_ANY},
        {&weibao__v1__my_account__descriptor, my_account, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__list_accounts__descriptor, list_accounts, ADMIN | WB_ROLE(REPRESENTATIVE), WB_TENANT_ANY},
        {&weibao__v1__get_account__descriptor, get_account, ADMIN | WB_ROLE(REPRESENTATIVE), WB_TENANT_ANY},
        {&weibao__v1__list_sign_ins__descriptor, list_signins, ADMIN, WB_TENANT_ANY},
        {&weibao__v1__list_tokens__descriptor, list_tokens, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__prepare_totp__descriptor, needs_secrets, IDENTITY_ANYONE, WB_TENANT_ANY},
        {&weibao__v1__make_link__descriptor, needs_secrets, LINK_MAKERS, WB_TENANT_CLIENT},
        {&weibao__v1__resolve_code__descriptor, needs_secrets, LINK, WB_TENANT_ANY},
        {&weibao__v1__first_run_state__descriptor, first_run_state, LINK, WB_TENANT_PROVIDER},
};
const size_t identity_queries_n = sizeof identity_queries / sizeof identity_queries[0];
