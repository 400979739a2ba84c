#include "services/identity/tables.h"

#include <string.h>

const struct wb_table accounts_table = {"accounts", WB_SERVICE_TABLES_BASE};
const struct wb_table logins_table = {"logins", WB_SERVICE_TABLES_BASE + 1};
const struct wb_table homes_table = {"homes", WB_SERVICE_TABLES_BASE + 2};
const struct wb_table sessions_table = {"sessions", WB_SERVICE_TABLES_BASE + 3};
const struct wb_table tokens_table = {"tokens", WB_SERVICE_TABLES_BASE + 4};
const struct wb_table by_token_table = {"by_token", WB_SERVICE_TABLES_BASE + 5};
const struct wb_table signins_table = {"signins", WB_SERVICE_TABLES_BASE + 6};
const struct wb_table cell_table = {"cell", WB_SERVICE_TABLES_BASE + 7};
const struct wb_table *const identity_tables[] = {&accounts_table, &logins_table, &homes_table, &sessions_table,
        &tokens_table, &by_token_table, &signins_table, &cell_table};
const size_t identity_tables_n = sizeof identity_tables / sizeof identity_tables[0];

void account_key(struct wb_key *k, const char *tenant, struct wb_id account)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, account);
}

void id_key(struct wb_key *k, struct wb_id id)
{
	wb_key_init(k);
	wb_key_id(k, id);
}

void pair_key(struct wb_key *k, struct wb_id first, struct wb_id second)
{
	wb_key_init(k);
	wb_key_id(k, first);
	wb_key_id(k, second);
}

void cell_key(struct wb_key *k)
{
	wb_key_init(k);
	wb_key_str(k, "cell");
}

Weibao__V1__AccountRow *account_get(struct wb_txn *db, const char *tenant, struct wb_id account, struct wb_arena *a)
{
	struct wb_key k;
	account_key(&k, tenant, account);
	return (Weibao__V1__AccountRow *)wb_get_row(db, &accounts_table, &k, &weibao__v1__account_row__descriptor, a);
}

Weibao__V1__AccountRow *account_anywhere(
        struct wb_txn *db, struct wb_id account, struct wb_arena *a, const char **ret_home)
{
	struct wb_key k;
	id_key(&k, account);
	const Weibao__V1__LoginRow *home =
	        (const Weibao__V1__LoginRow *)wb_get_row(db, &homes_table, &k, &weibao__v1__login_row__descriptor, a);
	if (!home)
		return NULL;
	if (ret_home)
		*ret_home = home->tenant;
	return account_get(db, home->tenant, account, a);
}

Weibao__V1__LoginRow *login_get(struct wb_txn *db, const uint8_t key[static 32], struct wb_arena *a)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_bytes(&k, key, 32);
	return (Weibao__V1__LoginRow *)wb_get_row(db, &logins_table, &k, &weibao__v1__login_row__descriptor, a);
}

Weibao__V1__SessionRow *session_get(struct wb_txn *db, struct wb_id session, struct wb_arena *a)
{
	struct wb_key k;
	id_key(&k, session);
	return (Weibao__V1__SessionRow *)wb_get_row(db, &sessions_table, &k, &weibao__v1__session_row__descriptor, a);
}

bool cell_has_administrator(struct wb_txn *db, struct wb_arena *a)
{
	struct wb_key k;
	cell_key(&k);
	const Weibao__V1__CellRow *row =
	        (const Weibao__V1__CellRow *)wb_get_row(db, &cell_table, &k, &weibao__v1__cell_row__descriptor, a);
	return row && row->has_administrator;
}

const Weibao__V1__Grant *grant_in(const Weibao__V1__AccountRow *row, const char *tenant)
{
	for (size_t i = 0; i < row->n_grants; i++)
		if (strcmp(row->grants[i]->tenant, tenant) == 0)
			return row->grants[i];
	return NULL;
}

bool grant_has(const Weibao__V1__Grant *g, Weibao__V1__Role role)
{
	for (size_t i = 0; g && i < g->n_roles; i++)
		if (g->roles[i] == role)
			return true;
	return false;
}
