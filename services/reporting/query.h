/* What the rooms of reporting's answers share: pages, who may see what, lines of tickets. */
#ifndef WB_REPORTING_QUERY_H
#define WB_REPORTING_QUERY_H
#include "services/reporting/tables.h"
#include "weibao/v1/reporting_queries.pb-c.h"

#define PAGE_DEFAULT 50u
#define PAGE_MAX 200u
#define ROWS_MAX 2000u /* looked at for one page: it may be short though more follow */

/* Those who read, less finer rules. */
#define READERS (WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))
#define READERS_AND_USERS (READERS | WB_ROLE(USER))

uint32_t rp_page_size(bool has, uint32_t limit);
/* A cursor is the hex of the last key looked at. False: it is none. */
bool rp_cursor_read(const char *cursor, struct wb_key *ret_last);
char *rp_cursor_text(struct wb_arena *a, struct wb_bytes last);

/* How much of the tenant the asker sees. */
enum scope {
	SCOPE_NOTHING,
	SCOPE_CONTACT,  /* own tickets, as a contact */
	SCOPE_ENGINEER, /* tickets handled and visits assigned */
	SCOPE_TENANT,   /* all of it */
};
struct viewer {
	enum scope scope;
	struct wb_id person; /* of SCOPE_CONTACT, SCOPE_ENGINEER */
	bool as_contact;     /* an engineer who is a contact too sees both */
};
struct viewer rp_viewer_of(const struct wb_query *q);
bool rp_may_see(const struct wb_query *q, const struct viewer *v, const Weibao__V1__ReadTicketRow *row);
/* The ticket, if there is one that the asker may see; else NOT_FOUND at path, and NULL. */
Weibao__V1__ReadTicketRow *rp_ticket_for(struct wb_query *q, struct wb_id ticket, const char *path);

/* A line of a list; NULL without memory or report. */
Weibao__V1__TicketLine *rp_line_of(struct wb_query *q, const Weibao__V1__ReadTicketRow *row);
/* The name of an engineer as it stood on the latest visit, or NULL. */
Weibao__V1__Personal *rp_engineer_name(
        struct wb_query *q, const Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer);
bool rp_field_is(bool has, ProtobufCBinaryData field, struct wb_id id);
/* An answer in the query's arena, its fields still to be initialised; refuses when memory is out. */
void *rp_answer_new(struct wb_query *q, size_t size);

/* The values of an event by their JSON paths. brief: without ids, nonces and what is long. */
void rp_event_values(struct wb_arena *a, const Weibao__V1__ReadEventRow *row, bool brief, Weibao__V1__EventValue ***ret,
        size_t *ret_n);

/* All of a ticket's rows of one part as an array in the arena; ret_rows is a Read…Row ***. */
void rp_parts_of(struct wb_query *q, struct wb_id ticket, enum part part, const ProtobufCMessageDescriptor *descriptor,
        void *ret_rows, size_t *ret_n);
/* The same of its visits, in no particular order. */
void rp_visit_rows_of(struct wb_query *q, struct wb_id ticket, Weibao__V1__ReadVisitRow ***ret, size_t *ret_n);
/* The newest visit of a ticket that was not cancelled, or NULL. */
Weibao__V1__ReadVisitRow *rp_newest_visit(Weibao__V1__ReadVisitRow **visits, size_t n);
/* Whether somebody is still on that assignment. */
bool rp_is_on_visit(const Weibao__V1__ReadVisitEngineer *g);

/* The instant at which a local date (YYYY-MM-DD; a month is YYYY-MM with "-01") begins in the tenant's zone, as the
 * calendars folded so far have its rules; without any: UTC+8. plus_months and plus_days go on from there. */
bool rp_local_start(struct wb_query *q, const char *date, int32_t plus_months, int32_t plus_days, int64_t *ret_at);

wb_answer_fn rp_answer_changes, rp_answer_list, rp_answer_search, rp_answer_ticket, rp_answer_ticket_by_number,
        rp_answer_by_link, rp_answer_board, rp_answer_agenda, rp_answer_stuck, rp_answer_register, rp_answer_attainment,
        rp_answer_history;
#endif
