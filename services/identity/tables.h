/* Identity's tables: keys and rows. */
#ifndef WB_IDENTITY_TABLES_H
#define WB_IDENTITY_TABLES_H
#include "service/service.h"
#include "weibao/v1/identity_rows.pb-c.h"

extern const struct wb_table accounts_table; /* tenant, account → AccountRow */
extern const struct wb_table logins_table;   /* login key (32 bytes) → LoginRow */
extern const struct wb_table homes_table;    /* account → LoginRow: its home tenant */
extern const struct wb_table sessions_table; /* session → SessionRow */
extern const struct wb_table tokens_table;   /* account, token → TokenRow; and token alone → account: by_token */
extern const struct wb_table by_token_table; /* token → LoginRow */
extern const struct wb_table signins_table;  /* account, descending time, position → SignInRow */
extern const struct wb_table cell_table;     /* "cell" → CellRow */
extern const struct wb_table *const identity_tables[];
extern const size_t identity_tables_n;

typedef Weibao__V1__AccountRow Account;

void account_key(struct wb_key *k, const char *tenant, struct wb_id account);
void id_key(struct wb_key *k, struct wb_id id);
void pair_key(struct wb_key *k, struct wb_id first, struct wb_id second);
void cell_key(struct wb_key *k);
/* In the arena; NULL: none. */
Weibao__V1__AccountRow *account_get(struct wb_txn *db, const char *tenant, struct wb_id account, struct wb_arena *a);
/* Wherever its home is. */
Weibao__V1__AccountRow *account_anywhere(
        struct wb_txn *db, struct wb_id account, struct wb_arena *a, const char **ret_home);
Weibao__V1__LoginRow *login_get(struct wb_txn *db, const uint8_t key[static 32], struct wb_arena *a);
Weibao__V1__SessionRow *session_get(struct wb_txn *db, struct wb_id session, struct wb_arena *a);
bool cell_has_administrator(struct wb_txn *db, struct wb_arena *a);
/* The roles in a tenant; NULL: none. */
const Weibao__V1__Grant *grant_in(const Weibao__V1__AccountRow *row, const char *tenant);
bool grant_has(const Weibao__V1__Grant *g, Weibao__V1__Role role);
#endif
