/* Reporting: lists of tickets, the case file, the feed of changes, and who sees what. */
#include "tests/unit/reporting_story.h"

#include <stdio.h>
#include <string.h>

static const Weibao__V1__ListTicketsAnswer *list(struct bed *b, const Weibao__V1__ListTickets *q)
{
	const ProtobufCMessage *m = bed_query(b, ACME, &q->base);
	if (!m)
		fail_msg("refused with %s", bed_refusal(b));
	return (const Weibao__V1__ListTicketsAnswer *)m;
}

static void then_numbers(const Weibao__V1__ListTicketsAnswer *r, const char *numbers)
{
	char all[512] = "";
	for (size_t i = 0; i < r->n_tickets; i++) {
		size_t n = strlen(all);
		(void)snprintf(all + n, sizeof all - n, "%s%s", n ? " " : "", r->tickets[i]->number);
	}
	assert_string_equal(all, numbers);
}

static struct bed *three_tickets(void)
{
	struct bed *b = bed_open(&wb_reporting_service);
	given_tenant(b, ACME);
	given_ticket_of(b, ACME, "t1", "A-1", "ann", &(struct ticket_story){.device = "pc", .category = "OS"});
	bed_pass(b, WB_MINUTE_US);
	given_ticket_of(b, ACME, "t2", "A-2", "bob", &(struct ticket_story){.office = "other", .category = "NETWORK"});
	bed_pass(b, WB_MINUTE_US);
	given_ticket_of(b, ACME, "t3", "A-3", "ann", &(struct ticket_story){.urgent = true, .uncovered = true});
	return b;
}

static void the_service_knows_its_lists(void **state)
{
	(void)state;
	assert_int_equal(wb_reporting_service.n_queries, reporting_queries_n);
	assert_int_equal(wb_reporting_service.n_evolve, reporting_evolve_n);
}

static void lists_newest_first_and_pages(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	(void)state;
	then_numbers(list(b, &q), "A-3 A-2 A-1");
	q.has_limit = true;
	q.limit = 2;
	const Weibao__V1__ListTicketsAnswer *r = list(b, &q);
	then_numbers(r, "A-3 A-2");
	assert_non_null(r->next_cursor);
	q.cursor = r->next_cursor;
	r = list(b, &q);
	then_numbers(r, "A-1");
	assert_null(r->next_cursor);
	q.cursor = NULL;
	q.has_sort = true;
	q.sort = WEIBAO__V1__TICKET_SORT__TICKET_SORT_OLDEST;
	r = list(b, &q);
	then_numbers(r, "A-1 A-2");
	q.cursor = r->next_cursor;
	then_numbers(list(b, &q), "A-3");
	q.cursor = (char *)(uintptr_t) "zz";
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_path(b), "cursor");
	bed_close(b);
}

static void filters(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	(void)state;
	q.has_contact_id = true;
	q.contact_id = bed_field(b, bed_id("ann"));
	then_numbers(list(b, &q), "A-3 A-1");
	q.has_urgency = true;
	q.urgency = WEIBAO__V1__URGENCY__URGENCY_URGENT;
	then_numbers(list(b, &q), "A-3");
	q.has_contact_id = q.has_urgency = false;
	q.category = (char *)(uintptr_t) "NETWORK";
	then_numbers(list(b, &q), "A-2");
	q.category = NULL;
	q.has_office_id = true;
	q.office_id = bed_field(b, bed_id("other"));
	then_numbers(list(b, &q), "A-2");
	q.has_office_id = false;
	q.has_device_id = true;
	q.device_id = bed_field(b, bed_id("pc"));
	then_numbers(list(b, &q), "A-1");
	q.has_device_id = false;
	q.has_covered = true;
	then_numbers(list(b, &q), "A-3");
	q.has_covered = false;
	q.has_from_at = q.has_until_at = true;
	q.from_at = BED_START + WB_MINUTE_US;
	q.until_at = BED_START + 2 * WB_MINUTE_US;
	then_numbers(list(b, &q), "A-2");
	bed_close(b);
}

/* Of 2200 tickets of an office the oldest alone fits: the first page is empty, and says where to go on. */
static void a_page_looks_at_so_many_and_goes_on(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	char name[16];
	(void)state;
	given_ticket_of(b, ACME, "rare", "A-0", "ann", &(struct ticket_story){.urgent = true});
	for (int i = 1; i < 2200; i++) {
		(void)snprintf(name, sizeof name, "t%d", i);
		bed_pass(b, WB_SECOND_US);
		given_ticket(b, ACME, name, name, "ann");
	}
	q.has_office_id = q.has_urgency = true;
	q.office_id = bed_field(b, bed_id("office"));
	q.urgency = WEIBAO__V1__URGENCY__URGENCY_URGENT;
	const Weibao__V1__ListTicketsAnswer *r = list(b, &q);
	then_numbers(r, "");
	assert_non_null(r->next_cursor);
	q.cursor = r->next_cursor;
	r = list(b, &q);
	then_numbers(r, "A-0");
	assert_null(r->next_cursor);
	bed_close(b);
}

static void a_stage_moves_in_its_index(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__TicketStage stage = STAGE(IN_PHONE);
	(void)state;
	q.stages = &stage;
	q.n_stages = 1;
	then_numbers(list(b, &q), "");
	given_handler(b, "t2", "eve");
	then_numbers(list(b, &q), "A-2");
	given_phone_solved(b, "t2", "eve", "restarted");
	then_numbers(list(b, &q), "");
	stage = STAGE(COMPLETED);
	const Weibao__V1__ListTicketsAnswer *r = list(b, &q);
	then_numbers(r, "A-2");
	assert_true(r->tickets[0]->by_phone);
	bed_close(b);
}

static void next_deadline_and_breaches(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	(void)state;
	given_clock(b, "t1", "c1", KIND(RESPONSE), bed_now(b) + 3 * WB_HOUR_US);
	given_clock(b, "t2", "c2", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	q.has_sort = true;
	q.sort = WEIBAO__V1__TICKET_SORT__TICKET_SORT_NEXT_DEADLINE;
	then_numbers(list(b, &q), "A-2 A-1");
	given_met(b, "t2", "c2", KIND(RESPONSE));
	then_numbers(list(b, &q), "A-1");
	given_breach(b, "t1", "c1", KIND(RESPONSE));
	q.has_sort = false;
	q.has_breached = q.breached = true;
	then_numbers(list(b, &q), "A-1");
	q.breached = false;
	then_numbers(list(b, &q), "A-3 A-2");
	bed_close(b);
}

static void scopes(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__GetTicket g = WEIBAO__V1__GET_TICKET__INIT;
	(void)state;
	given_ticket(b, "other", "x1", "X-1", "ann");
	given_handler(b, "t2", "eve");
	bed_as(b, WB_ROLE(USER), bed_id("ann"));
	then_numbers(list(b, &q), "A-3 A-1");
	g.ticket_id = bed_field(b, bed_id("t2"));
	assert_null(bed_query(b, ACME, &g.base));
	assert_string_equal(bed_refusal(b), "NOT_FOUND");
	/* of another tenant: not even for who sees everything */
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("boss"));
	g.ticket_id = bed_field(b, bed_id("x1"));
	assert_null(bed_query(b, ACME, &g.base));
	assert_string_equal(bed_refusal(b), "NOT_FOUND");
	bed_as(b, WB_ROLE(ENGINEER), bed_id("eve"));
	then_numbers(list(b, &q), "A-2");
	g.ticket_id = bed_field(b, bed_id("t1"));
	assert_null(bed_query(b, ACME, &g.base));
	given_member(b, "team", "eve");
	given_team(b, ACME, "team");
	then_numbers(list(b, &q), "A-3 A-2 A-1");
	assert_non_null(bed_query(b, ACME, &g.base));
	bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("rep"));
	then_numbers(list(b, &q), "A-3 A-2 A-1");
	bed_as(b, WB_ROLE(ADMINISTRATOR), bed_id("root"));
	assert_null(bed_query(b, ACME, &q.base));
	assert_string_equal(bed_refusal(b), "FORBIDDEN");
	bed_close(b);
}

static void registered(struct bed *b, const char *contact)
{
	Weibao__V1__ContactRegistered e = WEIBAO__V1__CONTACT_REGISTERED__INIT;
	e.contact_id = bed_field(b, bed_id(contact));
	e.office_id = bed_field(b, bed_id("office"));
	e.name = bed_personal(b, contact);
	bed_given(b, ACME, "contact", bed_id(contact), &e.base);
}

/* Two ids turn out to be one person: past tickets and new ones are theirs under both. */
static void merged_contacts_keep_their_tickets(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__ContactMerged merged = WEIBAO__V1__CONTACT_MERGED__INIT;
	(void)state;
	registered(b, "ann");
	registered(b, "bob");
	merged.contact_id = bed_field(b, bed_id("ann"));
	merged.into_id = bed_field(b, bed_id("bob"));
	bed_given(b, ACME, "contact", bed_id("ann"), &merged.base);
	bed_pass(b, WB_MINUTE_US);
	given_ticket(b, ACME, "t4", "A-4", "ann");
	bed_as(b, WB_ROLE(USER), bed_id("bob"));
	then_numbers(list(b, &q), "A-4 A-3 A-2 A-1");
	bed_as(b, WB_ROLE(USER), bed_id("ann"));
	then_numbers(list(b, &q), "A-4 A-3 A-1");
	bed_close(b);
}

/* The latest answer of the round counts; a follow-up is as good as its worst grade. */
static void the_grade_is_the_latest_answer(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__RatingGiven rating = WEIBAO__V1__RATING_GIVEN__INIT;
	Weibao__V1__FollowUpRecorded call = WEIBAO__V1__FOLLOW_UP_RECORDED__INIT;
	(void)state;
	rating.ticket_id = call.ticket_id = bed_field(b, bed_id("t3"));
	rating.round = call.round = 1;
	rating.grade = GRADE(SATISFIED);
	rating.via = WEIBAO__V1__RATING_VIA__RATING_VIA_LINK;
	bed_given(b, ACME, "survey", bed_id("t3"), &rating.base);
	assert_int_equal(list(b, &q)->tickets[0]->grade, GRADE(SATISFIED));
	call.quality = call.progress = call.attitude = GRADE(VERY_SATISFIED);
	call.conformity = GRADE(DISSATISFIED);
	call.caller_id = bed_field(b, bed_id("lead"));
	call.called_at = bed_now(b);
	bed_given(b, ACME, "survey", bed_id("t3"), &call.base);
	assert_int_equal(list(b, &q)->tickets[0]->grade, GRADE(DISSATISFIED));
	assert_false(list(b, &q)->tickets[1]->has_grade);
	bed_close(b);
}

static void the_case_file(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__GetTicketByNumber n = WEIBAO__V1__GET_TICKET_BY_NUMBER__INIT;
	Weibao__V1__GetTicket g = WEIBAO__V1__GET_TICKET__INIT;
	Weibao__V1__TicketLinked linked = WEIBAO__V1__TICKET_LINKED__INIT;
	(void)state;
	given_visit(b, ACME, "t1", "v1", bed_now(b) + WB_HOUR_US);
	given_assigned(b, ACME, "t1", "v1", "eve", bed_now(b), bed_now(b) + 2 * WB_HOUR_US);
	given_clock(b, "t1", "c1", KIND(RESPONSE), bed_now(b) + WB_HOUR_US);
	linked.ticket_id = bed_field(b, bed_id("t3"));
	linked.to_ticket_id = bed_field(b, bed_id("t1"));
	linked.to_number = (char *)(uintptr_t) "A-1";
	bed_given(b, ACME, "ticket", bed_id("t3"), &linked.base);
	n.number = (char *)(uintptr_t) "A-1";
	const Weibao__V1__GetTicketByNumberAnswer *by =
	        (const Weibao__V1__GetTicketByNumberAnswer *)bed_query(b, ACME, &n.base);
	assert_non_null(by);
	const Weibao__V1__GetTicketAnswer *r = by->ticket_case;
	assert_int_equal(r->ticket->stage, STAGE(VISITING));
	assert_string_equal(r->ticket->engineer_name->plain, "eve");
	assert_string_equal(r->report->symptom->plain, "does not start");
	assert_int_equal(r->n_people, 3);
	assert_int_equal(r->n_visits, 1);
	assert_int_equal(r->visits[0]->visit->n_engineers, 1);
	assert_int_equal(r->n_clocks, 1);
	assert_int_equal(r->n_links, 1);
	assert_string_equal(r->links[0]->number, "A-3");
	assert_true(r->links[0]->duplicate_of_this);
	assert_int_equal(r->n_timeline, 4);
	assert_string_equal(r->timeline[0]->event_type, "TicketReported");
	assert_string_equal(r->timeline[3]->event_type, "ClockStarted");
	g.ticket_id = bed_field(b, bed_id("t1"));
	g.has_timeline_limit = true;
	g.timeline_limit = 3;
	r = (const Weibao__V1__GetTicketAnswer *)bed_query(b, ACME, &g.base);
	assert_int_equal(r->n_timeline, 3);
	g.timeline_cursor = r->next_timeline_cursor;
	assert_non_null(g.timeline_cursor);
	r = (const Weibao__V1__GetTicketAnswer *)bed_query(b, ACME, &g.base);
	assert_int_equal(r->n_timeline, 1);
	n.number = (char *)(uintptr_t) "A-9";
	assert_null(bed_query(b, ACME, &n.base));
	bed_close(b);
}

static void a_timeline_has_values(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__GetTicket g = WEIBAO__V1__GET_TICKET__INIT;
	bool office = false, symptom = false;
	(void)state;
	g.ticket_id = bed_field(b, bed_id("t2"));
	const Weibao__V1__GetTicketAnswer *r = (const Weibao__V1__GetTicketAnswer *)bed_query(b, ACME, &g.base);
	for (size_t i = 0; i < r->timeline[0]->n_values; i++) {
		const Weibao__V1__EventValue *v = r->timeline[0]->values[i];
		office = office || (strcmp(v->name, "place.officeName") == 0 && strcmp(v->text, "other") == 0);
		symptom = symptom ||
		          (strcmp(v->name, "symptom") == 0 && strcmp(v->personal->plain, "does not start") == 0);
	}
	assert_true(office);
	assert_true(symptom);
	bed_close(b);
}

static void changes(void **state)
{
	struct bed *b = three_tickets();
	Weibao__V1__ListChanges q = WEIBAO__V1__LIST_CHANGES__INIT;
	(void)state;
	const Weibao__V1__ListChangesAnswer *r = (const Weibao__V1__ListChangesAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_changes, 4);
	assert_string_equal(r->changes[1]->kind, "ticket");
	assert_int_equal(r->up_to, 4);
	assert_false(r->more);
	q.after = 2;
	q.has_limit = true;
	q.limit = 1;
	r = (const Weibao__V1__ListChangesAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_changes, 1);
	assert_int_equal(r->changes[0]->position, 3);
	assert_int_equal(r->up_to, 3);
	assert_true(r->more);
	/* a contact hears of own tickets only, and the position goes on all the same */
	bed_as(b, WB_ROLE(USER), bed_id("bob"));
	q.after = 0;
	q.limit = 50;
	r = (const Weibao__V1__ListChangesAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_changes, 1);
	assert_int_equal(r->changes[0]->position, 3);
	assert_int_equal(r->up_to, 4);
	/* another tenant's are never there */
	bed_as(b, WB_ROLE(PRINCIPAL), bed_id("boss"));
	r = (const Weibao__V1__ListChangesAnswer *)bed_query(b, "other", &q.base);
	assert_int_equal(r->n_changes, 0);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_service_knows_its_lists),
	        cmocka_unit_test(lists_newest_first_and_pages),
	        cmocka_unit_test(filters),
	        cmocka_unit_test(a_page_looks_at_so_many_and_goes_on),
	        cmocka_unit_test(a_stage_moves_in_its_index),
	        cmocka_unit_test(next_deadline_and_breaches),
	        cmocka_unit_test(scopes),
	        cmocka_unit_test(merged_contacts_keep_their_tickets),
	        cmocka_unit_test(the_grade_is_the_latest_answer),
	        cmocka_unit_test(the_case_file),
	        cmocka_unit_test(a_timeline_has_values),
	        cmocka_unit_test(changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
