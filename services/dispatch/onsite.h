/*
 * The work on site: the format gate, signatures, hardware and custody, charges, held facts. Its lists for service.c,
 * its table and what its files share. All of it stands in the stream visits/<ticket>.
 *
 * The format gate (the rule that must be impossible to break): statement shown → consent signed (names the statement
 * and what was shown) → disk formatted (names the consent). Each consent is good for one format of its disk on its
 * visit, and is void after withdrawal, a rejected paper signature, a correction of the device, or the visit's end.
 */
#ifndef WB_DISPATCH_ONSITE_H
#define WB_DISPATCH_ONSITE_H
#include "services/dispatch/dispatch.h"
#include "weibao/v1/dispatch_onsite_commands.pb-c.h"
#include "weibao/v1/dispatch_onsite_queries.pb-c.h"
#include "weibao/v1/dispatch_onsite_rows.pb-c.h"

enum onsite {
	ONSITE_STATEMENT = 1, /* id: the statement → StatementRow */
	ONSITE_FORM_SHOWN,    /* the visit → FormShownRow */
	ONSITE_DECISION,      /* HardwareDecisionRow */
	ONSITE_REPAIR,        /* RepairRow */
	ONSITE_CUSTODY,       /* CustodyRow */
	ONSITE_LOAN,          /* LoanRow */
	ONSITE_CHARGE,        /* ChargeRow */
	ONSITE_FACT,          /* HeldFactRow */
	ONSITE_FOLLOW_UP      /* the round (dp_round_id) → FollowUpRecorded */
};
extern const struct wb_table dp_onsite_table;  /* tenant, ticket, enum onsite, id → row */
extern const struct wb_table dp_repairs_table; /* tenant, repair number (descending), repair → OnsiteRefRow */
extern const struct wb_table dp_held_table;    /* tenant, fact → OnsiteRefRow: not settled */
extern const struct wb_table dp_asked_table;   /* tenant, decision → OnsiteRefRow: not decided */
extern const struct wb_table dp_units_table;   /* tenant → UnitRow */
#define ONSITE_TABLES &dp_onsite_table, &dp_repairs_table, &dp_held_table, &dp_asked_table, &dp_units_table,

void dp_onsite_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum onsite kind, struct wb_id id);
/* The id that a row of a round stands under. */
struct wb_id dp_round_id(uint32_t round);
/* The row in the arena; NULL: there is none. */
ProtobufCMessage *dp_onsite_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind,
        struct wb_id id, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a);
Weibao__V1__UnitRow *dp_unit_get(struct wb_txn *db, const char *tenant, struct wb_arena *a);
/* Whether a ticket may have one more of that kind: dp_onsite_all sees all that there are. */
bool dp_onsite_room(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind);
/* The same for a decision; refused with COMMAND_TOO_LARGE. */
bool dp_room_require(struct wb_decision *d, struct wb_id ticket, enum onsite kind);
/* All rows of a kind of a ticket. */
size_t dp_onsite_all(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a, ProtobufCMessage ***ret);

/* ---- signatures (decide_sign.c) ---- */

/*
 * What was shown, as lines «name:length:value» in a fixed order (a missing value has the length 0), is bound by SHA-256
 * over the nonce and this text. The length is in bytes, so that no value can pass for a line.
 */
struct shown {
	struct wb_arena *arena;
	uint8_t *text;
	size_t len, cap;
	bool overflow;
};
/* NULL: refused, there is no memory. */
struct shown *dp_shown_begin(struct wb_decision *d, const char *title);
void dp_shown_line(struct shown *s, const char *name, const char *value);
void dp_shown_number(struct shown *s, const char *name, int64_t value);
void dp_shown_id(struct shown *s, const char *name, ProtobufCBinaryData id);
/* A sealed text is bound by its ciphertext, which stands for it: nobody without the key can tell, and the log alone
 * proves it. */
void dp_shown_box(struct shown *s, const char *name, const Weibao__V1__Personal *box);
/* The commitment, in the arena; the nonce is the command's (64 hex digits), filled in by the service's effect where it
 * was missing. False: refused. */
bool dp_shown_commit(struct wb_decision *d, const struct shown *s, const Weibao__V1__Personal *nonce,
        struct wb_id subject, struct wb_id context, ProtobufCBinaryData *ret_commitment,
        Weibao__V1__Personal **ret_nonce);
/* When something was shown or signed, as dp_occurred_require; not before the arrival. A time of its own is a phone's:
 * an engineer's alone. */
bool dp_signing_time(
        struct wb_decision *d, const struct visit_ref *v, bool has_occurred, int64_t occurred_at, int64_t *ret_at);
/* The sentence that stands on the form for a kind of statement; never NULL. */
const char *dp_statement_text(Weibao__V1__StatementKind kind);
/* The signature of a command as it stands in an event, or NULL: refused. */
Weibao__V1__Signature *dp_signature(struct wb_decision *d, const struct visit_ref *v,
        const Weibao__V1__SignatureInput *in, ProtobufCBinaryData commitment, Weibao__V1__Personal *nonce);
/* Whoever may bring a user's signature or word about this visit: an engineer on it, somebody of the ticket, a link. */
bool dp_signing_may(struct wb_decision *d, const struct visit_ref *v);

/* ---- facts that no longer fit (decide_held.c) ---- */

/* After a decision on an offline fact: where it was refused because of how things stand now, it is held instead, as
 * long as who sends it was on that visit. */
void dp_hold(struct wb_decision *d, const ProtobufCMessage *command, ProtobufCBinaryData ticket,
        ProtobufCBinaryData visit, bool has_occurred, int64_t occurred_at);

/* Facts: the decision, and held if it no longer fits. */
#define DP_FACTS(X)                                                                                                    \
	X(depart, Depart)                                                                                              \
	X(arrive, Arrive)                                                                                              \
	X(diagnose_visit, DiagnoseVisit)                                                                               \
	X(record_work, RecordWork)                                                                                     \
	X(fill_form, FillForm)                                                                                         \
	X(leave_visit, LeaveVisit)
#define DP_DECLARE_FACT(name, type) void dp_fact_##name(struct wb_decision *d, const void *command);
DP_FACTS(DP_DECLARE_FACT)
#undef DP_DECLARE_FACT

#define ONSITE_LIST(X)                                                                                                 \
	X(show_format_statement, WB_ROLE(ENGINEER))                                                                    \
	X(sign_format_consent, WB_ROLE(ENGINEER) | DP_SIGNERS)                                                         \
	X(withdraw_format_consent, WB_ROLE(ENGINEER) | DP_SIGNERS | WB_STAFF)                                          \
	X(record_format, WB_ROLE(ENGINEER))                                                                            \
	X(record_format_without_consent, WB_ROLE(ENGINEER) | WB_STAFF)                                                 \
	X(show_form, WB_ROLE(ENGINEER) | DP_SIGNERS)                                                                   \
	X(sign_form, WB_ROLE(ENGINEER) | DP_SIGNERS)                                                                   \
	X(check_paper_signature, WB_STAFF)                                                                             \
	X(ask_hardware_decision, WB_ROLE(ENGINEER) | WB_STAFF)                                                         \
	X(decide_hardware, DP_CLIENTS)                                                                                 \
	X(open_repair, WB_ROLE(ENGINEER) | WB_STAFF)                                                                   \
	X(request_repair_part, WB_ROLE(ENGINEER) | WB_STAFF)                                                           \
	X(receive_repair_part, WB_ROLE(ENGINEER) | WB_STAFF)                                                           \
	X(close_repair, WB_ROLE(ENGINEER) | WB_STAFF)                                                                  \
	X(take_custody, WB_ROLE(ENGINEER))                                                                             \
	X(move_custody, WB_ROLE(ENGINEER) | WB_STAFF)                                                                  \
	X(return_custody, WB_ROLE(ENGINEER))                                                                           \
	X(leave_loan, WB_ROLE(ENGINEER))                                                                               \
	X(return_loan, WB_ROLE(ENGINEER) | WB_STAFF)                                                                   \
	X(propose_amount, WB_ROLE(ENGINEER) | WB_STAFF)                                                                \
	X(accept_amount, DP_SIGNERS)                                                                                   \
	X(decline_amount, DP_SIGNERS)                                                                                  \
	X(invoice_charge, WB_STAFF)                                                                                    \
	X(record_payment, WB_STAFF)                                                                                    \
	X(waive_charge, WB_ROLE(PRINCIPAL) | WB_ROLE(MANAGER))                                                         \
	X(settle_fact, WB_STAFF)
#define DP_CLIENTS (WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY))
#define DP_SIGNERS (DP_CLIENTS | WB_ROLE(USER) | WB_ROLE(LINK))
#define ONSITE_DECLARE(name, roles)                                                                                    \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command);                             \
	void dp_decide_##name(struct wb_decision *d, const void *command);
ONSITE_LIST(ONSITE_DECLARE)
#undef ONSITE_DECLARE
#define ONSITE_COMMAND(name, roles)                                                                                    \
	{&weibao__v1__##name##__descriptor, dp_turns_##name, dp_decide_##name, roles, WB_TENANT_CLIENT},
#define ONSITE_COMMANDS ONSITE_LIST(ONSITE_COMMAND)

/* A command's turn: the ticket's visits. */
#define ONSITE_TURNS(name, type)                                                                                       \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command)                              \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, "visits", wb_id_of_field(c->ticket_id));                                              \
	}
/* The ids that every event of a visit begins with. */
#define ONSITE_OF(e, v)                                                                                                \
	do {                                                                                                           \
		(e)->ticket_id = (v)->visit->ticket_id;                                                                \
		(e)->round = (v)->visit->round;                                                                        \
		(e)->visit_id = (v)->visit->visit_id;                                                                  \
	} while (0)

#define ONSITE_EVENTS(X)                                                                                               \
	X(FormatStatementShown, statement_shown)                                                                       \
	X(FormatConsentSigned, consent_signed)                                                                         \
	X(FormatConsentWithdrawn, consent_withdrawn)                                                                   \
	X(DiskFormatted, formatted)                                                                                    \
	X(DiskFormattedWithoutConsent, violation)                                                                      \
	X(FormShown, form_shown)                                                                                       \
	X(PaperSignatureChecked, paper_checked)                                                                        \
	X(HardwareDecisionAsked, decision_asked)                                                                       \
	X(HardwareDecided, decided)                                                                                    \
	X(RepairOpened, repair_opened)                                                                                 \
	X(RepairPartRequested, part_requested)                                                                         \
	X(RepairPartReceived, part_received)                                                                           \
	X(RepairClosed, repair_closed)                                                                                 \
	X(CustodyTaken, custody_taken)                                                                                 \
	X(CustodyMoved, custody_moved)                                                                                 \
	X(CustodyReturned, custody_returned)                                                                           \
	X(LoanLeft, loan_left)                                                                                         \
	X(LoanReturned, loan_returned)                                                                                 \
	X(AmountProposed, amount_proposed)                                                                             \
	X(AmountAccepted, amount_accepted)                                                                             \
	X(AmountDeclined, amount_declined)                                                                             \
	X(ChargeInvoiced, charge_invoiced)                                                                             \
	X(ChargePaid, charge_paid)                                                                                     \
	X(ChargeWaived, charge_waived)                                                                                 \
	X(FactHeld, fact_held)                                                                                         \
	X(FactSettled, fact_settled)                                                                                   \
	X(FollowUpRecorded, follow_up)                                                                                 \
	X(ComplaintMade, complaint_made)                                                                               \
	X(TenantOpened, tenant_opened)                                                                                 \
	X(TenantRenamed, tenant_renamed)                                                                               \
	X(ContractSaved, contract_saved)                                                                               \
	X(CalendarSaved, calendar_saved)
#define ONSITE_FOLD(event, name) void dp_fold_##name(struct wb_fold *f, const struct wb_event *ev, const void *payload);
ONSITE_EVENTS(ONSITE_FOLD)
#undef ONSITE_FOLD
#define ONSITE_EVOLVE_ROW(event, name) {#event, dp_fold_##name},
#define ONSITE_EVOLVE ONSITE_EVENTS(ONSITE_EVOLVE_ROW)

/* Owed to intake: the complaint that a format without consent opens. ref: the complaint that it will be. */
#define DISPATCH_TODO_VIOLATION "violation"
void dp_act_violation(struct wb_errand *e, const struct wb_todo *todo);
#define ONSITE_TODOS {DISPATCH_TODO_VIOLATION, dp_act_violation},

void dp_answer_get_service_form(struct wb_query *q, const void *request);
void dp_answer_get_onsite_work(struct wb_query *q, const void *request);
void dp_answer_list_repairs(struct wb_query *q, const void *request);
void dp_answer_list_held_facts(struct wb_query *q, const void *request);
void dp_answer_list_hardware_decisions(struct wb_query *q, const void *request);
#define DP_ONSITE_READERS (WB_STAFF | DP_CLIENTS | WB_ROLE(ENGINEER) | WB_ROLE(AUDITOR))
#define ONSITE_QUERIES                                                                                                 \
	{&weibao__v1__get_service_form__descriptor, dp_answer_get_service_form,                                        \
	        DP_ONSITE_READERS | WB_ROLE(USER) | WB_ROLE(LINK), WB_TENANT_CLIENT},                                  \
	        {&weibao__v1__get_onsite_work__descriptor, dp_answer_get_onsite_work,                                  \
	                DP_ONSITE_READERS | WB_ROLE(USER), WB_TENANT_CLIENT},                                          \
	        {&weibao__v1__list_repairs__descriptor, dp_answer_list_repairs, DP_ONSITE_READERS, WB_TENANT_CLIENT},  \
	        {&weibao__v1__list_held_facts__descriptor, dp_answer_list_held_facts,                                  \
	                WB_STAFF | DP_CLIENTS | WB_ROLE(AUDITOR), WB_TENANT_CLIENT},                                   \
	        {&weibao__v1__list_hardware_decisions__descriptor, dp_answer_list_hardware_decisions,                  \
	                DP_ONSITE_READERS, WB_TENANT_CLIENT},
#endif
