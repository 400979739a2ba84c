/* Dispatch: engineers and teams, booking, visits. See README.md. What the files of this folder share. */
#ifndef WB_DISPATCH_H
#define WB_DISPATCH_H
#include "base/clock.h"
#include "service/service.h"
#include "services/dispatch/tables.h"
#include "weibao/v1/dispatch_events.pb-c.h"

struct wb_effects;
extern const struct wb_service wb_dispatch_service;

#define DISPATCH_PLANNED_MINUTES 60u
#define DISPATCH_PLANNED_MIN 5u
#define DISPATCH_PLANNED_MAX 720u
#define DISPATCH_TRAVEL_MINUTES 15u
#define DISPATCH_TRAVEL_US (DISPATCH_TRAVEL_MINUTES * WB_MINUTE_US)
/* The longest slot that a booking can have: how far back an overlap is looked for. */
#define DISPATCH_SLOT_MAX_US ((DISPATCH_PLANNED_MAX + DISPATCH_TRAVEL_MINUTES) * WB_MINUTE_US)
#define DISPATCH_AHEAD_US (366 * WB_DAY_US)         /* visits are agreed at most that far ahead */
#define DISPATCH_LATE_EVIDENCE_US (24 * WB_HOUR_US) /* offline facts: older ones are held for the lead (HoldFact) */
#define DISPATCH_SKEW_US (2 * WB_MINUTE_US)         /* a phone's clock may be ahead by that */
#define DISPATCH_TEAM_MIN 3u
#define DISPATCH_VISIT_ENGINEERS 8u
#define DISPATCH_TEXT_BYTES 200u
#define DISPATCH_LONG_TEXT_BYTES 4000u

#define NEW(d, type, init_fn, name)                                                                                    \
	type *name = WB_ARENA_NEW((d)->arena, type);                                                                   \
	if (!name)                                                                                                     \
		return;                                                                                                \
	init_fn(name)

/* ---- looking up and refusing (require.c) ---- */

/* A visit of a command: ids, rows and who is concerned. */
struct visit_ref {
	struct wb_id ticket_id, visit_id;
	Ticket *ticket;
	Visit *visit;
};
/* The ticket of a command; its round must be the present one (a past one: ROUND_PAST). */
bool dp_ticket_require(
        struct wb_decision *d, ProtobufCBinaryData ticket, uint32_t round, struct wb_id *ret_id, Ticket **ret);
/* The visit of a command, whatever its state. The round is the visit's; while it is not under way, also the ticket's.
 */
bool dp_visit_require(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *ret);
/* The same, and the caller is an engineer on it; another's visit is NOT_FOUND. */
bool dp_visit_require_mine(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit, uint32_t round,
        struct visit_ref *ret);
/* The same, and on site (or, with back, left with a device taken back): else VISIT_NOT_ON_SITE or VISIT_OVER. */
bool dp_visit_require_working(struct wb_decision *d, ProtobufCBinaryData ticket, ProtobufCBinaryData visit,
        uint32_t round, bool back, struct visit_ref *ret);
/* Whether the caller is caller, on-site contact or direct user of the ticket (ROLE_USER), or holds a link of one of two
 * purposes (the second may be NULL) for the ticket or the visit (ROLE_LINK; visit may be NULL). Staff, engineers and
 * representatives are not asked: true. */
bool dp_caller_concerned(const Weibao__V1__Principal *who, const Ticket *ticket, const Visit *visit,
        const char *purpose, const char *or_purpose);
/* When it happened: now, or the offline time within its bounds (else TIME_OUT_OF_RANGE at occurredAt). */
bool dp_occurred_require(struct wb_decision *d, bool has_occurred, int64_t occurred_at, int64_t *ret_at);
/* Emits on visits/<ticket>, as an offline fact where the command gave a time of its own. */
void dp_visit_emit(
        struct wb_decision *d, struct wb_id ticket, const ProtobufCMessage *event, bool has_occurred, int64_t at);
/* Text fields. max in bytes. Empty is FIELD_REQUIRED; a NULL is so too. */
bool dp_text_require(struct wb_decision *d, const char *text, size_t max, const char *path);
bool dp_text_optional(struct wb_decision *d, const char *text, size_t max, const char *path);
/* The plain text of a Personal in a command, checked, as a Personal of (subject, context); NULL if refused. */
Weibao__V1__Personal *dp_personal_require(struct wb_decision *d, const Weibao__V1__Personal *in, size_t max,
        const char *path, struct wb_id subject, struct wb_id context);
/* The same where it may be missing; *ret is NULL then. */
bool dp_personal_optional(struct wb_decision *d, const Weibao__V1__Personal *in, size_t max, const char *path,
        struct wb_id subject, struct wb_id context, Weibao__V1__Personal **ret);
/* A sealed Personal of another tenant for (subject, context) here. */
Weibao__V1__Personal *dp_personal_carry(struct wb_arena *a, const char *box_tenant, const Weibao__V1__Personal *box,
        struct wb_id subject, struct wb_id context);
/* Who acts: the person behind the account, else the account. */
struct wb_id dp_actor_id(const Weibao__V1__Principal *who);
/* Whose key seals what is written about a ticket: its direct user's. */
struct wb_id dp_ticket_subject(const Ticket *ticket);
/* Which staff role, or SYSTEM, the caller has. */
bool dp_caller_is_staff(const Weibao__V1__Principal *who);

/* ---- the end of a visit (decide_visit.c) ---- */

/* For a visit that left with a device taken back: at the return of the last thing (custody_out is 1 before it).
 * Emits VisitEnded, and if completes ServiceCompleted, unless the round is completed already, the ticket is over, or
 * another visit of it is open and will say so. */
void dp_visit_end(struct wb_decision *d, const struct visit_ref *v, bool completes, bool has_occurred, int64_t at);

/* ---- who is free (suggest.c): pure, over a read transaction ---- */

struct slot {
	int64_t from, arrival, until; /* travel before it included in from */
	uint32_t travel_minutes;
};
/* The slot of a visit for that engineer: without travel if the booking just before is at the same place. */
struct slot dp_slot_of(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, const char *place_key,
        int64_t arrival, uint32_t planned, struct wb_id but_visit);
/* Whether another booking of the engineer, of any tenant, stands in the way: between two visits lies the travel gap
 * unless they are at one place. */
bool dp_engineer_booked(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer, const char *place_key,
        int64_t arrival, int64_t until, struct wb_id but_visit);
bool dp_engineer_on_leave(const Engineer *e, int64_t from, int64_t until);
bool dp_engineer_in_shift(const Engineer *e, int64_t from, int64_t until);
/* Whether the engineer is in that team at that time. ret_member may be NULL. */
bool dp_team_has(const Team *team, struct wb_id engineer, int64_t at, const Weibao__V1__TeamMember **ret_member);
/* Whether visits of the engineer, in any tenant, are open, or wait for a device and have nobody else on them. */
bool dp_engineer_has_open(struct wb_txn *db, struct wb_arena *a, struct wb_id engineer);
/* The names and issuers of the certifications that are valid on the day. */
char **dp_certificates_at(struct wb_arena *a, const Engineer *e, int64_t at, size_t *ret_n);
/* What speaks for and against an engineer, as codes, with a score. */
struct suggestion {
	const char *reasons[12];
	size_t n_reasons;
	int32_t score;
	bool bookable;
};
struct suggest_for {
	const char *tenant;
	const Ticket *ticket;
	const Weibao__V1__AssignmentRow *assignment;
	int64_t arrival;
	uint32_t planned_minutes;
	struct wb_id but_visit;
};
void dp_suggest(
        struct wb_txn *db, struct wb_arena *a, const struct suggest_for *s, const Engineer *e, struct suggestion *ret);
uint32_t dp_planned_minutes(struct wb_txn *db, struct wb_arena *a, const char *tenant, const Ticket *ticket);

/* ---- events as folded (evolve_visit.c), for to-dos ---- */
#define DISPATCH_TODO_CANCEL "cancel_visit"
#endif
