/*
 * The service form (附表一) as a page to print: like the paper, filled in as far as it is known, or blank. Pure: from
 * the answer of GetServiceForm, whose texts are open here and nowhere before. Everything that people wrote is escaped;
 * the page holds no script, loads nothing, and its only style is the one that form_policy allows by its hash.
 */
#ifndef WB_GATEWAY_FORM_H
#define WB_GATEWAY_FORM_H
#include "base/arena.h"
#include "base/bytes.h"
#include "weibao/v1/dispatch_onsite_queries.pb-c.h"

/* The page in the arena; empty: there was no memory. */
struct wb_bytes form_page(struct wb_arena *a, const Weibao__V1__ServiceFormAnswer *form);
/* Its Content-Security-Policy, in the arena; NULL: there was no memory. */
const char *form_policy(struct wb_arena *a);
#endif
