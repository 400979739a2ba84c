/* Intake's answers: what its own records say, page by page, and to whom. */
#include "tests/unit/intake_kit.h"
#include "service/internal.h"

#include <stdio.h>
#include <string.h>

#define STR(s) ((char *)(uintptr_t)(s))
#define ASK(w, type, q) ((const type *)bed_query((w)->b, ACME, &(q).base))

static void refused(struct intake_world *w, const ProtobufCMessage *answer, const char *code)
{
	assert_null(answer);
	assert_string_equal(bed_refusal(w->b), code);
}

static void the_unit_and_its_contract(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__GetTenant q = WEIBAO__V1__GET_TENANT__INIT;
	Weibao__V1__GetContract k = WEIBAO__V1__GET_CONTRACT__INIT;
	Weibao__V1__ListTenants l = WEIBAO__V1__LIST_TENANTS__INIT;
	const Weibao__V1__TenantItem *t = ASK(w, Weibao__V1__TenantItem, q);
	assert_string_equal(t->tenant, ACME);
	assert_string_equal(t->code, "ACME");
	assert_int_equal(t->contract_version, 1);
	refused(w, bed_query(w->b, "other", &q.base), "NOT_FOUND");
	save_contract(w, "2024-01-01", "2024-12-31");
	assert_string_equal(ASK(w, Weibao__V1__GetContractAnswer, k)->contract->valid_from, "2024-01-01");
	k.has_contract_version = true;
	k.contract_version = 1;
	assert_string_equal(ASK(w, Weibao__V1__GetContractAnswer, k)->contract->valid_from, "2023-01-01");
	k.contract_version = 3;
	refused(w, bed_query(w->b, ACME, &k.base), "NOT_FOUND");
	Weibao__V1__OpenTenant open = WEIBAO__V1__OPEN_TENANT__INIT;
	open.code = STR("ZZ");
	open.name = STR("末局");
	open.zone = STR("Asia/Shanghai");
	open.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_when(w->b, "zz", &open.base);
	l.has_limit = true;
	l.limit = 1;
	const Weibao__V1__ListTenantsAnswer *all =
	        (const Weibao__V1__ListTenantsAnswer *)bed_query(w->b, "provider", &l.base);
	assert_int_equal(all->n_tenants, 1);
	assert_string_equal(all->tenants[0]->tenant, ACME);
	l.cursor = all->next_cursor;
	all = (const Weibao__V1__ListTenantsAnswer *)bed_query(w->b, "provider", &l.base);
	assert_string_equal(all->tenants[0]->tenant, "zz");
	assert_null(all->next_cursor);
	refused(w, bed_query(w->b, ACME, &l.base), "NOT_FOUND");
}

/* Who serves some units sees those; the bed's principals serve none, so the query is asked as one who does. */
static size_t units_seen(struct intake_world *w, Weibao__V1__Role role, char *tenant)
{
	Weibao__V1__ListTenants request = WEIBAO__V1__LIST_TENANTS__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	struct wb_query_out out = {0};
	struct wb_query q = {.arena = bed_arena(w->b), .tenant = "provider", .who = &who, .out = &out};
	who.roles = &role;
	who.n_roles = 1;
	who.tenants = &tenant;
	who.n_tenants = 1;
	assert_int_equal(wb_txn_read(bed_projection(w->b)->env, &q.db), WB_OK);
	intake_list_tenants(&q, &request);
	wb_txn_abort(q.db);
	assert_non_null(out.answer);
	return ((const Weibao__V1__ListTenantsAnswer *)out.answer)->n_tenants;
}

static void units_that_one_serves(void **state)
{
	struct intake_world *w = *state;
	assert_int_equal(units_seen(w, WEIBAO__V1__ROLE__ROLE_HOTLINE, STR(ACME)), 1);
	assert_int_equal(units_seen(w, WEIBAO__V1__ROLE__ROLE_HOTLINE, STR("acm")), 0);
	assert_int_equal(units_seen(w, WEIBAO__V1__ROLE__ROLE_ENGINEER, STR("other")), 0);
	assert_int_equal(units_seen(w, WEIBAO__V1__ROLE__ROLE_MANAGER, STR("other")), 1);
	assert_int_equal(units_seen(w, WEIBAO__V1__ROLE__ROLE_AUDITOR, STR("other")), 1);
}

static void categories_with_the_base_ones_first(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ListCategories q = WEIBAO__V1__LIST_CATEGORIES__INIT;
	Weibao__V1__AddCategory c = WEIBAO__V1__ADD_CATEGORY__INIT;
	c.category = STR("PRINTER");
	c.parent = STR("HARDWARE");
	c.name = STR("打印机");
	WHEN(w, c);
	const Weibao__V1__ListCategoriesAnswer *r = ASK(w, Weibao__V1__ListCategoriesAnswer, q);
	assert_int_equal(r->n_categories, 10);
	assert_string_equal(r->categories[0]->name, "操作系统");
	assert_string_equal(r->categories[9]->category, "PRINTER");
	assert_string_equal(r->categories[9]->parent, "HARDWARE");
}

static void contacts_page_by_page(void **state)
{
	struct intake_world *w = *state;
	struct wb_id other = add_office(w, "外处", NULL);
	Weibao__V1__ListContacts q = WEIBAO__V1__LIST_CONTACTS__INIT;
	size_t n = 0, pages = 0;
	for (int i = 0; i < 6; i++)
		(void)add_contact(w, "某人", other);
	q.has_office_id = true;
	q.office_id = idf(w, other);
	q.has_limit = true;
	q.limit = 4;
	do {
		const Weibao__V1__ListContactsAnswer *r = ASK(w, Weibao__V1__ListContactsAnswer, q);
		for (size_t i = 0; i < r->n_contacts; i++)
			assert_true(wb_id_equal(wb_id_of_field(r->contacts[i]->office_id), other));
		n += r->n_contacts;
		pages++;
		q.cursor = r->next_cursor;
	} while (q.cursor);
	assert_int_equal(n, 6);
	assert_int_equal(pages, 2);
	q.has_office_id = false;
	assert_int_equal(ASK(w, Weibao__V1__ListContactsAnswer, q)->n_contacts, 4);
	q.cursor = STR("xyz");
	refused(w, bed_query(w->b, ACME, &q.base), "FIELD_INVALID");
}

static void users_see_themselves_alone(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__GetContact q = WEIBAO__V1__GET_CONTACT__INIT;
	Weibao__V1__ListContacts l = WEIBAO__V1__LIST_CONTACTS__INIT;
	struct wb_id li = add_contact(w, "李四", w->office);
	as_user(w, w->contact);
	q.contact_id = idf(w, li);
	refused(w, bed_query(w->b, ACME, &q.base), "NOT_FOUND");
	q.contact_id = idf(w, w->contact);
	assert_string_equal(wb_personal_text(ASK(w, Weibao__V1__ContactItem, q)->name), "张三");
	refused(w, bed_query(w->b, ACME, &l.base), "FORBIDDEN");
}

static void devices_by_office_serial_and_alias(void **state)
{
	struct intake_world *w = *state;
	struct wb_id twin = add_device(w, "SN-12", NULL, NULL);
	Weibao__V1__ListDevices q = WEIBAO__V1__LIST_DEVICES__INIT;
	Weibao__V1__GetDevice g = WEIBAO__V1__GET_DEVICE__INIT;
	Weibao__V1__MergeDevices m = WEIBAO__V1__MERGE_DEVICES__INIT;
	assert_int_equal(ASK(w, Weibao__V1__ListDevicesAnswer, q)->n_devices, 2);
	q.serial = STR("sn-1");
	assert_int_equal(ASK(w, Weibao__V1__ListDevicesAnswer, q)->n_devices, 2);
	q.serial = STR("SN-12");
	assert_int_equal(ASK(w, Weibao__V1__ListDevicesAnswer, q)->n_devices, 1);
	q.serial = NULL;
	q.has_office_id = true;
	q.office_id = idf(w, w->office);
	assert_int_equal(ASK(w, Weibao__V1__ListDevicesAnswer, q)->n_devices, 1);
	m.device_id = g.device_id = idf(w, twin);
	m.into_id = idf(w, w->device);
	WHEN(w, m);
	assert_true(wb_id_equal(wb_id_of_field(ASK(w, Weibao__V1__DeviceItem, g)->device_id), w->device));
	g.device_id = idf(w, bed_id("nothing"));
	refused(w, bed_query(w->b, ACME, &g.base), "NOT_FOUND");
}

static void a_label_shows_no_more_than_it_must(void **state)
{
	struct intake_world *w = *state;
	struct wb_id device = add_device(w, "PF-ABC-7788", &w->office, &w->contact);
	Weibao__V1__GetDeviceLabel q = WEIBAO__V1__GET_DEVICE_LABEL__INIT;
	bed_as_link(w->b, "report", device, 0);
	const Weibao__V1__GetDeviceLabelAnswer *r = ASK(w, Weibao__V1__GetDeviceLabelAnswer, q);
	assert_string_equal(r->office_name, "办公室");
	assert_string_equal(r->serial_end, "7788");
	bed_as_link(w->b, "rate", device, 0);
	refused(w, bed_query(w->b, ACME, &q.base), "NOT_FOUND");
}

static void a_tickets_state_to_those_it_concerns(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__GetTicketState q = WEIBAO__V1__GET_TICKET_STATE__INIT;
	q.ticket_id = idf(w, t);
	const Weibao__V1__GetTicketStateAnswer *r = ASK(w, Weibao__V1__GetTicketStateAnswer, q);
	assert_int_equal(r->version, 1);
	assert_int_equal(r->round, 1);
	as_user(w, w->contact);
	assert_non_null(bed_query(w->b, ACME, &q.base));
	as_user(w, bed_id("another"));
	refused(w, bed_query(w->b, ACME, &q.base), "NOT_FOUND");
	bed_as_link(w->b, "confirm", t, 1);
	assert_non_null(bed_query(w->b, ACME, &q.base));
	bed_as_link(w->b, "confirm", bed_id("other"), 1);
	refused(w, bed_query(w->b, ACME, &q.base), "NOT_FOUND");
}

static void duplicates_before_saving(void **state)
{
	struct intake_world *w = *state;
	struct wb_id t = report_ticket(w);
	Weibao__V1__ListDuplicates q = WEIBAO__V1__LIST_DUPLICATES__INIT;
	q.has_device_id = q.has_contact_id = true;
	q.device_id = idf(w, w->device);
	q.contact_id = idf(w, w->contact);
	const Weibao__V1__ListDuplicatesAnswer *r = ASK(w, Weibao__V1__ListDuplicatesAnswer, q);
	assert_int_equal(r->n_tickets, 1);
	assert_true(wb_id_equal(wb_id_of_field(r->tickets[0]->ticket_id), t) && r->tickets[0]->same_device);
	q.has_device_id = false;
	r = ASK(w, Weibao__V1__ListDuplicatesAnswer, q);
	assert_int_equal(r->n_tickets, 1);
	assert_false(r->tickets[0]->same_device);
	q.contact_id = idf(w, add_contact(w, "李四", w->office));
	assert_int_equal(ASK(w, Weibao__V1__ListDuplicatesAnswer, q)->n_tickets, 0);
}

static void complaints_newest_first(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__MakeComplaint c = WEIBAO__V1__MAKE_COMPLAINT__INIT;
	Weibao__V1__ListComplaints q = WEIBAO__V1__LIST_COMPLAINTS__INIT;
	Weibao__V1__GetComplaint g = WEIBAO__V1__GET_COMPLAINT__INIT;
	static const char *const texts[] = {"一", "二", "三"};
	as_user(w, w->contact);
	for (size_t i = 0; i < 3; i++) {
		c.text = text(w, texts[i]);
		bed_pass(w->b, WB_HOUR_US);
		WHEN(w, c);
		g.complaint_id = ((const Weibao__V1__ComplaintMade *)bed_event(w->b, 0))->complaint_id;
	}
	q.has_limit = true;
	q.limit = 2;
	const Weibao__V1__ListComplaintsAnswer *r = ASK(w, Weibao__V1__ListComplaintsAnswer, q);
	assert_int_equal(r->n_complaints, 2);
	assert_string_equal(wb_personal_text(r->complaints[0]->text), "三");
	q.cursor = r->next_cursor;
	r = ASK(w, Weibao__V1__ListComplaintsAnswer, q);
	assert_int_equal(r->n_complaints, 1);
	assert_string_equal(wb_personal_text(r->complaints[0]->text), "一");
	assert_string_equal(wb_personal_text(ASK(w, Weibao__V1__ComplaintItem, g)->text), "三");
	as_user(w, bed_id("another"));
	refused(w, bed_query(w->b, ACME, &g.base), "NOT_FOUND");
	q.cursor = NULL;
	assert_int_equal(ASK(w, Weibao__V1__ListComplaintsAnswer, q)->n_complaints, 0);
	as_lead(w);
	q.has_open_only = q.open_only = true;
	assert_int_equal(ASK(w, Weibao__V1__ListComplaintsAnswer, q)->n_complaints, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(the_unit_and_its_contract),
	        T(units_that_one_serves),
	        T(categories_with_the_base_ones_first),
	        T(contacts_page_by_page),
	        T(users_see_themselves_alone),
	        T(devices_by_office_serial_and_alias),
	        T(a_label_shows_no_more_than_it_must),
	        T(a_tickets_state_to_those_it_concerns),
	        T(duplicates_before_saving),
	        T(complaints_newest_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
