/*
 * Full text in memory: tickets by what their texts contain, Chinese without word breaks (pairs of characters).
 *
 * Texts here are opened personal data (law 13): they live in this process's memory alone and end with it. An index is
 * kept for each tenant apart: no count, no time and no candidate of one depends on what another one wrote.
 * Invariants: a ticket has at most one live text; what is found contains every term of the query, letter by letter.
 * Limits: SEARCH_TEXT_MAX characters of each ticket, SEARCH_HITS_MAX hits of a query. One thread.
 */
#ifndef WB_REPORTING_SEARCH_H
#define WB_REPORTING_SEARCH_H
#include "base/arena.h"
#include "base/id.h"

#define SEARCH_TEXT_MAX 8000u
#define SEARCH_HITS_MAX 5000u
#define SEARCH_QUERY_MAX 100u /* characters of a query; further ones are not looked at */

struct search;
/* NULL: memory is out. */
struct search *rp_search_new(void);
void rp_search_free(struct search *s);
/* The text of a ticket, replacing what it had. An empty text takes it out. False: memory is out. */
bool rp_search_put(struct search *s, const char *tenant, struct wb_id ticket, int64_t reported_at, const char *text);

struct search_hit {
	int64_t reported_at;
	struct wb_id ticket;
};
/* Tickets of the tenant whose text contains every term (terms are parted by blanks), newest first, in the arena. A
 * query without a letter or digit finds nothing. */
size_t rp_search_find(const struct search *s, const char *tenant, const char *query, struct wb_arena *a,
        const struct search_hit **ret);
#endif
