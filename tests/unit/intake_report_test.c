/* Reports: who, where, on what, covered or not, once or twice, numbered by the local date. */
#include "tests/unit/intake_kit.h"

#include <string.h>

static const Weibao__V1__TicketReported *reported(struct intake_world *w, size_t i)
{
	THEN_EVENT(w->b, i, "TicketReported");
	return (const Weibao__V1__TicketReported *)bed_event(w->b, i);
}

static const char *plain(const Weibao__V1__Personal *p)
{
	assert_non_null(p);
	return wb_personal_text(p);
}

static bool same_id(ProtobufCBinaryData field, struct wb_id id)
{
	return wb_id_equal(wb_id_of_field(field), id);
}

static void a_report_says_who_where_and_what(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFault c = report(w);
	c.has_despite_duplicates = false;
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	const Weibao__V1__TicketReported *e = reported(w, 0);
	/* 22:13 UTC on the 14th is the 15th in Shanghai */
	assert_string_equal(e->number, "ACME-20231115-0001");
	assert_string_equal(e->place->office_name, "办公室");
	assert_string_equal(plain(e->place->address), "人民路 1 号");
	assert_true(same_id(e->caller_id, w->contact) && same_id(e->direct_user_id, w->contact) &&
	            same_id(e->onsite_contact_id, w->contact));
	assert_string_equal(plain(e->direct_user_name), "张三");
	assert_string_equal(plain(e->telephone), "021-5555");
	assert_string_equal(e->serial, "SN-1");
	assert_string_equal(e->model, "M720");
	assert_int_equal(e->kind, WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT);
	assert_int_equal(e->urgency, WEIBAO__V1__URGENCY__URGENCY_NORMAL);
	assert_int_equal(e->channel, WEIBAO__V1__CHANNEL__CHANNEL_PHONE);
	assert_true(e->covered && !e->unverified && !e->has_uncovered_reason);
	assert_int_equal(e->contract_version, 1);
	assert_true(e->reported_at == bed_now(w->b));
	/* the symptom is under the user's key for this ticket alone */
	assert_true(same_id(e->symptom->subject_id, w->contact));
	assert_true(same_id(e->symptom->context_id, wb_id_of_field(e->ticket_id)));
}

static void parts_may_differ_and_merged_contacts_are_followed(void **state)
{
	struct intake_world *w = *state;
	struct wb_id li = add_contact(w, "李四", w->office), wang = add_contact(w, "王五", w->office);
	Weibao__V1__MergeContacts merge = WEIBAO__V1__MERGE_CONTACTS__INIT;
	merge.contact_id = idf(w, li);
	merge.into_id = idf(w, wang);
	WHEN(w, merge);
	Weibao__V1__ReportFault c = report(w);
	c.has_direct_user_id = true;
	c.direct_user_id = idf(w, li);
	c.telephone = text(w, "139");
	WHEN(w, c);
	const Weibao__V1__TicketReported *e = reported(w, 0);
	assert_true(same_id(e->direct_user_id, wang) && same_id(e->caller_id, w->contact));
	assert_string_equal(plain(e->direct_user_name), "王五");
	assert_string_equal(plain(e->telephone), "139");
	assert_true(same_id(e->telephone->subject_id, w->contact));
}

static void unknown_people_and_devices_are_registered_in_the_same_step(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__NewContact who = WEIBAO__V1__NEW_CONTACT__INIT;
	Weibao__V1__NewDevice device = WEIBAO__V1__NEW_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	Weibao__V1__ReportFault c = report(w);
	who.name = text(w, "赵六");
	details.serial = (char *)(uintptr_t) "SN-9";
	details.has_protection = true;
	details.protection = WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
	device.details = &details;
	c.has_caller_id = c.has_device_id = false;
	c.new_caller = &who;
	c.new_device = &device;
	WHEN(w, c);
	THEN_EVENTS(w->b, 3);
	THEN_EVENT(w->b, 0, "ContactRegistered");
	THEN_EVENT(w->b, 1, "DeviceRegistered");
	const Weibao__V1__TicketReported *e = reported(w, 2);
	const Weibao__V1__DeviceRegistered *d = (const Weibao__V1__DeviceRegistered *)bed_event(w->b, 1);
	assert_true(same_id(d->user_id, wb_id_of_field(e->direct_user_id)) && same_id(d->office_id, w->office));
	assert_true(same_id(e->device_id, wb_id_of_field(d->device_id)));
	assert_true(e->secret_device);
	/* the same serial again is that device's */
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, SERIAL_TAKEN, "newDevice.details.serial");
	c.has_device_id = true;
	WHEN(w, c); /* which one of the two? */
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "newDevice");
	c.new_device = NULL;
	c.has_caller_id = true;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "newCaller");
	c.has_caller_id = false;
	who.name = text(w, " ");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "newCaller.name");
}

static void numbers_count_each_local_day(void **state)
{
	struct intake_world *w = *state;
	(void)report_ticket(w);
	Weibao__V1__ReportFault c = report(w);
	WHEN(w, c);
	assert_string_equal(reported(w, 0)->number, "ACME-20231115-0002");
	bed_pass(w->b, 17 * WB_HOUR_US); /* 15:13 UTC: 23:13 in Shanghai */
	WHEN(w, c);
	assert_string_equal(reported(w, 0)->number, "ACME-20231115-0003");
	bed_pass(w->b, WB_HOUR_US);
	WHEN(w, c);
	assert_string_equal(reported(w, 0)->number, "ACME-20231116-0001");
}

static void numbers_follow_the_calendars_zone(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__CalendarSaved e = WEIBAO__V1__CALENDAR_SAVED__INIT;
	Weibao__V1__ZoneTransition a = WEIBAO__V1__ZONE_TRANSITION__INIT, b = WEIBAO__V1__ZONE_TRANSITION__INIT;
	Weibao__V1__ZoneTransition *all[2] = {&a, &b};
	a.at = 0;
	a.offset_s = 3600;
	b.at = bed_now(w->b) + WB_HOUR_US;
	b.offset_s = 2 * 3600;
	e.calendar_id = idf(w, bed_id("calendar"));
	e.calendar_version = 1;
	e.name = (char *)(uintptr_t) "热线";
	e.zone = (char *)(uintptr_t) "Asia/Shanghai";
	e.tz_version = (char *)(uintptr_t) "2023c";
	e.transitions = all;
	e.n_transitions = 2;
	GIVEN(w, "calendar", bed_id("calendar"), e);
	Weibao__V1__ReportFault c = report(w);
	WHEN(w, c); /* 22:13 UTC, an hour ahead: still the 14th */
	assert_string_equal(reported(w, 0)->number, "ACME-20231114-0001");
	bed_pass(w->b, WB_HOUR_US);
	WHEN(w, c); /* 23:13 UTC, two hours ahead by now */
	assert_string_equal(reported(w, 0)->number, "ACME-20231115-0001");
}

static void a_report_may_be_a_day_old_and_no_more(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFault c = report(w);
	c.has_reported_at = true;
	c.reported_at = bed_now(w->b) + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "reportedAt");
	c.reported_at = bed_now(w->b) - 24 * WB_HOUR_US - 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, TIME_OUT_OF_RANGE, "reportedAt");
	c.reported_at = bed_now(w->b) - 24 * WB_HOUR_US;
	WHEN(w, c);
	assert_true(reported(w, 0)->reported_at == c.reported_at);
	assert_string_equal(reported(w, 0)->number, "ACME-20231115-0001");
}

static void a_duplicate_is_shown_once(void **state)
{
	struct intake_world *w = *state;
	struct wb_id first = report_ticket(w), li = add_contact(w, "李四", w->office);
	Weibao__V1__ReportFault c = report(w);
	c.has_despite_duplicates = false;
	WHEN(w, c); /* same device and person */
	THEN_REJECTED_AT(w->b, POSSIBLE_DUPLICATE, "despiteDuplicates");
	c.caller_id = idf(w, li);
	WHEN(w, c); /* same device */
	THEN_REJECTED(w->b, POSSIBLE_DUPLICATE);
	c.caller_id = idf(w, w->contact);
	c.has_device_id = false;
	WHEN(w, c); /* same person */
	THEN_REJECTED(w->b, POSSIBLE_DUPLICATE);
	c.caller_id = idf(w, li);
	c.has_direct_user_id = true;
	c.direct_user_id = idf(w, w->contact);
	WHEN(w, c); /* same user, another calls */
	THEN_REJECTED(w->b, POSSIBLE_DUPLICATE);
	c.has_direct_user_id = false;
	WHEN(w, c); /* another person, no device */
	THEN_EVENT(w->b, 0, "TicketReported");
	Weibao__V1__SolveByPhone solve = WEIBAO__V1__SOLVE_BY_PHONE__INIT;
	solve.ticket_id = idf(w, first);
	solve.round = 1;
	solve.steps = text(w, "重启");
	WHEN(w, solve);
	c = report(w);
	c.has_despite_duplicates = false;
	WHEN(w, c); /* the first is solved: this is another fault */
	THEN_EVENT(w->b, 0, "TicketReported");
}

static void uncovered_faults_name_the_reason(void **state)
{
	struct intake_world *w = *state;
	struct wb_id elsewhere = add_office(w, "外地处", NULL), below = add_office(w, "科室", &w->office);
	Weibao__V1__SaveContract s = WEIBAO__V1__SAVE_CONTRACT__INIT;
	ProtobufCBinaryData offices[1] = {idf(w, w->office)}, devices[1] = {idf(w, w->device)};
	s.number = (char *)(uintptr_t) "HT-2";
	s.valid_from = (char *)(uintptr_t) "2023-11-01";
	s.valid_until = (char *)(uintptr_t) "2023-11-15"; /* today's local date: inclusive */
	s.office_ids = offices;
	s.n_office_ids = 1;
	WHEN(w, s);
	THEN_EVENT(w->b, 0, "ContractSaved");
	Weibao__V1__ReportFault c = report(w);
	c.office_id = idf(w, below);
	WHEN(w, c); /* below a covered office */
	assert_int_equal(reported(w, 0)->contract_version, 2);
	c.office_id = idf(w, elsewhere);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_COVERED, "chargeable");
	c.has_chargeable = c.chargeable = true;
	WHEN(w, c);
	assert_int_equal(reported(w, 0)->uncovered_reason, WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_SITE);
	assert_true(!reported(w, 0)->covered && reported(w, 0)->chargeable);
	s.excluded_device_ids = devices;
	s.n_excluded_device_ids = 1;
	WHEN(w, s);
	c = report(w);
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_COVERED);
	c.has_chargeable = c.chargeable = true;
	WHEN(w, c);
	assert_int_equal(reported(w, 0)->uncovered_reason, WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_DEVICE);
	/* tomorrow only the first contract is in force, and next year none */
	bed_pass(w->b, WB_DAY_US);
	c = report(w);
	WHEN(w, c);
	assert_int_equal(reported(w, 0)->contract_version, 1);
	bed_pass(w->b, 60 * WB_DAY_US);
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_COVERED);
	c.has_chargeable = c.chargeable = true;
	WHEN(w, c);
	assert_int_equal(reported(w, 0)->uncovered_reason, WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_PERIOD);
}

static void without_a_contract_nothing_is_covered(void **state)
{
	struct intake_world *w = *state;
	open_acme(w);
	w->office = add_office(w, "办公室", NULL);
	w->contact = add_contact(w, "张三", w->office);
	Weibao__V1__ReportFault c = report(w);
	c.has_device_id = false;
	c.model = (char *)(uintptr_t) "旧机器";
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_COVERED);
	c.has_chargeable = c.chargeable = true;
	WHEN(w, c);
	assert_int_equal(reported(w, 0)->uncovered_reason, WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_NO_CONTRACT);
	assert_string_equal(reported(w, 0)->model, "旧机器");
	assert_false(reported(w, 0)->has_contract_version);
}

static void fields_are_checked(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFault c = report(w);
	c.office_id = idf(w, bed_id("nowhere"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeId");
	c = report(w);
	c.category = (char *)(uintptr_t) "COFFEE";
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CATEGORY_UNKNOWN, "category");
	c = report(w);
	c.symptom = text(w, " \n");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "symptom");
	c.symptom = text(w, long_text(w, INTAKE_TEXT_CHARS + 1));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "symptom");
	c = report(w);
	c.has_caller_id = false;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "callerId");
	c = report(w);
	c.onsite_contact_id = idf(w, bed_id("nobody"));
	c.has_onsite_contact_id = true;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "onsiteContactId");
	c = report(w);
	c.device_id = idf(w, bed_id("nothing"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "deviceId");
	c = report(w);
	bed_when(w->b, "other", &c.base);
	THEN_REJECTED(w->b, NOT_FOUND);
	as_engineer(w);
	WHEN(w, c);
	THEN_REJECTED(w->b, FORBIDDEN);
}

/* ---- by the client ---- */

static Weibao__V1__ReportFaultAsClient client_report(struct intake_world *w)
{
	Weibao__V1__ReportFaultAsClient c = WEIBAO__V1__REPORT_FAULT_AS_CLIENT__INIT;
	c.category = (char *)(uintptr_t) "NETWORK";
	c.symptom = text(w, "上不了网");
	return c;
}

static void a_user_reports_for_oneself_unverified(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFaultAsClient c = client_report(w);
	as_user(w, w->contact);
	WHEN(w, c);
	const Weibao__V1__TicketReported *e = reported(w, 0);
	struct wb_id ticket = wb_id_of_field(e->ticket_id);
	assert_true(e->unverified && e->channel == WEIBAO__V1__CHANNEL__CHANNEL_WEB);
	assert_true(same_id(e->place->office_id, w->office) && same_id(e->caller_id, w->contact));
	WHEN(w, c);
	THEN_REJECTED(w->b, POSSIBLE_DUPLICATE);
	Weibao__V1__VerifyReport v = WEIBAO__V1__VERIFY_REPORT__INIT;
	v.ticket_id = idf(w, ticket);
	v.round = 1;
	WHEN(w, v);
	THEN_REJECTED(w->b, FORBIDDEN);
	as_lead(w);
	WHEN(w, v);
	THEN_EVENT(w->b, 0, "TicketVerified");
	assert_false(state_of(w, ticket)->unverified);
	WHEN(w, v);
	THEN_ALREADY(w->b);
}

static void who_is_no_contact_cannot_report(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFaultAsClient c = client_report(w);
	Weibao__V1__LeaveContact leave = WEIBAO__V1__LEAVE_CONTACT__INIT;
	as_user(w, bed_id("stranger"));
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_FOUND);
	leave.contact_id = idf(w, w->contact);
	as_lead(w);
	WHEN(w, leave);
	as_user(w, w->contact);
	WHEN(w, c);
	THEN_REJECTED(w->b, CONTACT_GONE);
}

static void a_label_leads_to_its_device_alone(void **state)
{
	struct intake_world *w = *state;
	struct wb_id bare = add_device(w, "SN-2", &w->office, NULL), lost = add_device(w, "SN-3", NULL, NULL);
	Weibao__V1__ReportFaultAsClient c = client_report(w);
	bed_as_link(w->b, "report", w->device, 0);
	WHEN(w, c);
	const Weibao__V1__TicketReported *e = reported(w, 0);
	assert_true(same_id(e->device_id, w->device) && same_id(e->caller_id, w->contact) && e->unverified);
	assert_int_equal(e->channel, WEIBAO__V1__CHANNEL__CHANNEL_QR);
	assert_null(e->telephone); /* that of the record is not the stranger's */
	c.has_device_id = true;
	c.device_id = idf(w, bare);
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	c.has_device_id = false;
	bed_as_link(w->b, "rate", w->device, 0);
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	bed_as_link(w->b, "report", lost, 0);
	WHEN(w, c);
	THEN_REJECTED(w->b, DEVICE_NOT_PLACED);
	bed_as_link(w->b, "report", bare, 0);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reporterName");
	c.reporter_name = text(w, "路过的人");
	c.telephone = text(w, "138");
	WHEN(w, c);
	THEN_EVENTS(w->b, 2);
	THEN_EVENT(w->b, 0, "ContactRegistered");
	assert_string_equal(plain(reported(w, 1)->caller_name), "路过的人");
	assert_string_equal(plain(reported(w, 1)->telephone), "138");
}

static void clients_cannot_take_uncovered_faults(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ReportFaultAsClient c = client_report(w);
	bed_pass(w->b, 100 * WB_DAY_US);
	as_user(w, w->contact);
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_COVERED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_report_says_who_where_and_what),
	        T(parts_may_differ_and_merged_contacts_are_followed),
	        T(unknown_people_and_devices_are_registered_in_the_same_step),
	        T(numbers_count_each_local_day),
	        T(numbers_follow_the_calendars_zone),
	        T(a_report_may_be_a_day_old_and_no_more),
	        T(a_duplicate_is_shown_once),
	        T(uncovered_faults_name_the_reason),
	        cmocka_unit_test_setup_teardown(
	                without_a_contract_nothing_is_covered, intake_world_empty, intake_world_teardown),
	        T(fields_are_checked),
	        T(a_user_reports_for_oneself_unverified),
	        T(who_is_no_contact_cannot_report),
	        T(a_label_leads_to_its_device_alone),
	        T(clients_cannot_take_uncovered_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
