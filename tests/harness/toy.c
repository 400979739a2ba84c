#include "tests/harness/toy.h"
#include "service/projection.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <string.h>

static const struct wb_table notes = {"notes", WB_SERVICE_TABLES_BASE};
static const struct wb_table names = {"names", WB_SERVICE_TABLES_BASE + 1};
static const struct wb_table *const tables[] = {&notes, &names};
static const struct wb_id zero;

static void note_key(struct wb_key *k, const char *tenant, struct wb_id ticket)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_id(k, ticket);
}

static void name_key(struct wb_key *k, const char *tenant)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
}

/* ---- evolve ---- */

/* Both toys fold every note; only the one that made it owes a reaction. */
static bool is_ours(const struct wb_fold *f, const struct wb_event *ev)
{
	return strcmp(ev->envelope->service, f->projection->service->name) == 0;
}

static void on_note(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketNoteAdded *e = payload;
	struct wb_key k;
	note_key(&k, ev->tenant, wb_id_of_field(e->ticket_id));
	wb_put_row(f->db, &notes, &k, &e->base);
	if (is_ours(f, ev))
		wb_todo_put(f, "verify", ev->tenant, wb_id_of_field(e->ticket_id), 0, ev->recorded_at, NULL);
}

static void on_verified(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TicketVerified *e = payload;
	wb_todo_drop(f, "verify", ev->tenant, wb_id_of_field(e->ticket_id), 0);
}

static void on_renamed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantRenamed *e = payload;
	struct wb_key k;
	name_key(&k, ev->tenant);
	wb_put_row(f->db, &names, &k, &e->base);
	if (strcmp(e->name, "doom") == 0 && is_ours(f, ev))
		wb_todo_put(f, "doomed", ev->tenant, wb_id_of("toy", "doom", 4), 7, ev->recorded_at, NULL);
}

static const struct wb_evolve_def evolve[] = {
        {"TicketNoteAdded", on_note}, {"TicketVerified", on_verified}, {"TenantRenamed", on_renamed}};

/* ---- decide ---- */

static void note_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__TicketNoteAdded *c = command;
	(void)tenant;
	wb_turn_write(t, "ticket", wb_id_of_field(c->ticket_id));
}

static void decide_note(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TicketNoteAdded *c = command;
	Weibao__V1__TicketNoteAdded *e = WB_ARENA_NEW(d->arena, Weibao__V1__TicketNoteAdded);
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	weibao__v1__ticket_note_added__init(e);
	e->ticket_id = c->ticket_id;
	e->note_id = wb_field_of_id(d->arena, wb_new_id(d, "note"));
	e->text = wb_personal(d->arena, ticket, zero, wb_personal_text(c->text));
	wb_emit(d, "ticket", ticket, &e->base);
}

static void verified_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__TicketVerified *c = command;
	(void)tenant;
	wb_turn_write(t, "ticket", wb_id_of_field(c->ticket_id));
}

static void decide_verified(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TicketVerified *c = command;
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	struct wb_key k;
	note_key(&k, d->tenant, ticket);
	if (!wb_has(d->db, &notes, &k))
		wb_refuse(d, WB_STATE_CHANGED, "ticketId");
	else
		wb_emit(d, "ticket", ticket, &c->base);
}

static void tenant_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_write(t, "tenant", zero);
}

static void decide_renamed(struct wb_decision *d, const void *command)
{
	const Weibao__V1__TenantRenamed *c = command;
	struct wb_key k;
	name_key(&k, d->tenant);
	const Weibao__V1__TenantRenamed *had = (const Weibao__V1__TenantRenamed *)wb_get_row(
	        d->db, &names, &k, &weibao__v1__tenant_renamed__descriptor, d->arena);
	if (had && strcmp(had->name, c->name) == 0)
		wb_already(d);
	else
		wb_emit(d, "tenant", zero, &c->base);
}

static void decide_closed(struct wb_decision *d, const void *command)
{
	(void)command;
	wb_refuse(d, WB_ROUND_PAST, "round");
}

static const struct wb_command_def commands[] = {
        {&weibao__v1__ticket_note_added__descriptor, note_turns, decide_note, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__ticket_verified__descriptor, verified_turns, decide_verified, WB_STAFF | WB_SYSTEM,
                WB_TENANT_CLIENT},
        {&weibao__v1__tenant_renamed__descriptor, tenant_turns, decide_renamed, WB_STAFF, WB_TENANT_CLIENT},
        {&weibao__v1__ticket_closed__descriptor, tenant_turns, decide_closed, WB_STAFF | WB_SYSTEM, WB_TENANT_CLIENT},
};

/* ---- to-dos ---- */

static void act_verify(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__TicketVerified *c = WB_ARENA_NEW(e->arena, Weibao__V1__TicketVerified);
	weibao__v1__ticket_verified__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	wb_errand_send(e, NULL, &c->base);
}

static void act_doomed(struct wb_errand *e, const struct wb_todo *row)
{
	Weibao__V1__TicketClosed *c = WB_ARENA_NEW(e->arena, Weibao__V1__TicketClosed);
	weibao__v1__ticket_closed__init(c);
	c->ticket_id = wb_field_of_id(e->arena, row->ref);
	c->round = 1;
	c->reason = WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP;
	wb_errand_send(e, NULL, &c->base);
}

static const struct wb_todo_def todos[] = {{"verify", act_verify}, {"doomed", act_doomed}};

/* ---- queries ---- */

static void answer_note(struct wb_query *q, const void *request)
{
	const Weibao__V1__ContactLeft *r = request;
	struct wb_key k;
	note_key(&k, q->tenant, wb_id_of_field(r->contact_id));
	const ProtobufCMessage *row =
	        wb_get_row(q->db, &notes, &k, &weibao__v1__ticket_note_added__descriptor, q->arena);
	if (!row) {
		wb_query_refuse(q, WB_NOT_FOUND, "contactId");
		return;
	}
	wb_answer(q, row);
	wb_answer_version(q, "ticket", wb_id_of_field(r->contact_id));
}

static const struct wb_query_def queries[] = {
        {&weibao__v1__contact_left__descriptor, answer_note, WB_STAFF, WB_TENANT_CLIENT},
};

#define TABLES tables, sizeof tables / sizeof tables[0]
#define COMMANDS commands, sizeof commands / sizeof commands[0]
#define QUERIES queries, 1
#define EVOLVE evolve, sizeof evolve / sizeof evolve[0]
#define TODOS todos, sizeof todos / sizeof todos[0]

const struct wb_service toy_service = {"intake", "toy-1", TABLES, COMMANDS, QUERIES, EVOLVE, TODOS, NULL, NULL};
const struct wb_service toy_peer_service = {"dispatch", "toy-1", TABLES, COMMANDS, QUERIES, EVOLVE, TODOS, NULL, NULL};
