/* What intake's tests share: a client unit «acme» with an office, a contact, a device and a contract, on a bed. */
#ifndef WB_TESTS_INTAKE_KIT_H
#define WB_TESTS_INTAKE_KIT_H
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "tests/harness/bed.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/intake_queries.pb-c.h"
#include "weibao/v1/sla_events.pb-c.h"
#include "weibao/v1/survey_events.pb-c.h"

#define ACME "acme"
#define STATUS(s) WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_##s
/* Decides a command on the stack as «acme»'s. */
#define WHEN(w, c) bed_when((w)->b, ACME, &(c).base)
/* An event in the past, of stream kind and id. */
#define GIVEN(w, kind, id, e) bed_given((w)->b, ACME, kind, id, &(e).base)

struct intake_world {
	struct bed *b;
	struct wb_id lead, engineer, other_engineer; /* persons */
	struct wb_id office, contact, device;
};

/* setup and teardown for cmocka: *state is a struct intake_world. */
int intake_world_setup(void **state);    /* all of it */
int intake_world_empty(void **state);    /* not even the tenant is open */
int intake_world_teardown(void **state); /* refolds and compares */

ProtobufCBinaryData idf(struct intake_world *w, struct wb_id id);
Weibao__V1__Personal *text(struct intake_world *w, const char *s);
/* A text of n times «修». */
char *long_text(struct intake_world *w, size_t n);

void as_lead(struct intake_world *w);
void as_engineer(struct intake_world *w);
void as_system(struct intake_world *w);
void as_user(struct intake_world *w, struct wb_id contact);

/* Each by its command, which must succeed. */
void open_acme(struct intake_world *w);
void save_contract(struct intake_world *w, const char *from, const char *until);
struct wb_id add_office(struct intake_world *w, const char *name, const struct wb_id *parent);
struct wb_id add_contact(struct intake_world *w, const char *name, struct wb_id office);
struct wb_id add_device(
        struct intake_world *w, const char *serial, const struct wb_id *office, const struct wb_id *user);
/* A report of the world's contact on its device, in spite of others. */
Weibao__V1__ReportFault report(struct intake_world *w);
struct wb_id report_ticket(struct intake_world *w);
/* Brings a new ticket into that status by what happens on the way there. */
struct wb_id ticket_in(struct intake_world *w, Weibao__V1__TicketStatus status);
Weibao__V1__GetTicketStateAnswer *state_of(struct intake_world *w, struct wb_id ticket);

/* What dispatch and survey say. */
void visit_scheduled(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit);
void visit_cancelled(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit);
void visit_ended(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit);
void service_completed(struct intake_world *w, struct wb_id ticket, uint32_t round, struct wb_id visit);
void engineer_assigned(struct intake_world *w, struct wb_id ticket, struct wb_id visit, struct wb_id engineer);
void further_visit_declined(struct intake_world *w, struct wb_id ticket, uint32_t round);
void engineer_registered(struct intake_world *w, struct wb_id engineer);
#endif
