/* Client units, contracts, categories, offices, contacts and devices. */
#include "tests/unit/intake_kit.h"

#include <string.h>

#define STR(s) ((char *)(uintptr_t)(s))

/* ---- client units ---- */

static void a_client_unit_is_opened_once(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__OpenTenant c = WEIBAO__V1__OPEN_TENANT__INIT;
	c.code = STR("GOV");
	c.name = STR("某局");
	c.zone = STR("Asia/Shanghai");
	c.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	static const char *const bad_names[] = {"a", "Acme", "9a", "a_b", "-a"};
	for (size_t i = 0; i < sizeof bad_names / sizeof bad_names[0]; i++) {
		bed_when(w->b, bad_names[i], &c.base);
		THEN_REJECTED_AT(w->b, TENANT_NAME_INVALID, "tenant");
	}
	static const char *const bad_codes[] = {"A", "TOOLONGCO", "ab", "A-B"};
	for (size_t i = 0; i < sizeof bad_codes / sizeof bad_codes[0]; i++) {
		c.code = STR(bad_codes[i]);
		bed_when(w->b, "gov-1", &c.base);
		THEN_REJECTED_AT(w->b, FIELD_INVALID, "code");
	}
	c.code = STR("GOV");
	c.zone = STR("shanghai time");
	bed_when(w->b, "gov-1", &c.base);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "zone");
	c.zone = STR("Asia/Shanghai");
	c.name = STR(" ");
	bed_when(w->b, "gov-1", &c.base);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "name");
	c.name = STR("某局");
	bed_when(w->b, "gov-1", &c.base);
	THEN_EVENT(w->b, 0, "TenantOpened");
	bed_when(w->b, "gov-1", &c.base);
	THEN_REJECTED_AT(w->b, TENANT_EXISTS, "tenant");
	bed_when(w->b, "gov-2", &c.base);
	THEN_REJECTED_AT(w->b, TENANT_CODE_TAKEN, "code");
	bed_when(w->b, "provider", &c.base);
	THEN_REJECTED(w->b, NOT_FOUND);
	bed_as(w->b, WB_ROLE(HOTLINE), w->lead);
	bed_when(w->b, "gov-3", &c.base);
	THEN_REJECTED(w->b, FORBIDDEN);
	bed_as(w->b, WB_ROLE(ADMINISTRATOR), w->lead);
	c.code = STR("GOV3");
	bed_when(w->b, "gov-3", &c.base);
	THEN_EVENT(w->b, 0, "TenantOpened");
}

static void a_client_unit_is_renamed(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__RenameTenant c = WEIBAO__V1__RENAME_TENANT__INIT;
	c.name = STR("某市档案馆");
	bed_when(w->b, "nobody", &c.base);
	THEN_REJECTED(w->b, NOT_FOUND);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TenantRenamed");
	WHEN(w, c);
	THEN_ALREADY(w->b);
	c.name = long_text(w, INTAKE_NAME_CHARS + 1);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "name");
	c.name = long_text(w, INTAKE_NAME_CHARS);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "TenantRenamed");
}

static void a_contract_is_checked_and_versioned(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__SaveContract c = WEIBAO__V1__SAVE_CONTRACT__INIT;
	ProtobufCBinaryData ids[1];
	char *numbers[1] = {STR("")};
	c.number = STR("HT-1");
	c.valid_from = STR("2024-01-01");
	c.valid_until = STR("2024-02-30");
	c.covers_all_offices = true;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "validUntil");
	c.valid_until = STR("2023-12-31");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CONTRACT_PERIOD_INVALID, "validUntil");
	c.valid_until = STR("2024-01-01");
	c.covers_all_offices = false;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CONTRACT_COVERS_NOTHING, "officeIds");
	ids[0] = idf(w, bed_id("nowhere"));
	c.office_ids = ids;
	c.n_office_ids = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeIds[0]");
	c.covers_all_offices = true;
	c.n_office_ids = 0;
	c.excluded_device_ids = ids;
	c.n_excluded_device_ids = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "excludedDeviceIds[0]");
	c.n_excluded_device_ids = 0;
	c.hotline_numbers = numbers;
	c.n_hotline_numbers = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "hotlineNumbers[0]");
	char *many[11];
	for (size_t i = 0; i < 11; i++)
		many[i] = STR("021-8888");
	c.hotline_numbers = many;
	c.n_hotline_numbers = 11;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "hotlineNumbers");
	c.hotline_numbers = numbers;
	c.n_hotline_numbers = 1;
	numbers[0] = STR("021-8888");
	ProtobufCBinaryData *offices = WB_ARENA_ARRAY(bed_arena(w->b), ProtobufCBinaryData, 2001);
	for (size_t i = 0; i < 2001; i++)
		offices[i] = idf(w, w->office);
	c.excluded_device_ids = offices;
	c.n_excluded_device_ids = 2001;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "excludedDeviceIds");
	c.n_excluded_device_ids = 0;
	c.covers_all_offices = false;
	c.office_ids = offices;
	c.n_office_ids = 2001;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "officeIds");
	c.covers_all_offices = true;
	c.n_office_ids = 0;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ContractSaved");
	assert_int_equal(((const Weibao__V1__ContractSaved *)bed_event(w->b, 0))->contract_version, 2);
	bed_when(w->b, "nobody", &c.base);
	THEN_REJECTED(w->b, NOT_FOUND);
	bed_as(w->b, WB_ROLE(HOTLINE), w->lead);
	WHEN(w, c);
	THEN_REJECTED(w->b, FORBIDDEN);
}

static void categories_stand_below_the_base_ones(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__AddCategory c = WEIBAO__V1__ADD_CATEGORY__INIT;
	Weibao__V1__RetireCategory r = WEIBAO__V1__RETIRE_CATEGORY__INIT;
	Weibao__V1__ReportFault f = report(w);
	c.category = STR("printer");
	c.parent = STR("HARDWARE");
	c.name = STR("打印机");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "category");
	c.category = STR("OS");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CATEGORY_EXISTS, "category");
	c.category = r.category = f.category = STR("PRINTER");
	c.parent = STR("FURNITURE");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CATEGORY_UNKNOWN, "parent");
	c.parent = STR("HARDWARE");
	c.has_planned_minutes = true;
	c.planned_minutes = 4;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "plannedMinutes");
	c.planned_minutes = 90;
	WHEN(w, r);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "category");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "CategoryAdded");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CATEGORY_EXISTS, "category");
	WHEN(w, f);
	THEN_EVENT(w->b, 0, "TicketReported");
	WHEN(w, r);
	THEN_EVENT(w->b, 0, "CategoryRetired");
	WHEN(w, r);
	THEN_ALREADY(w->b);
	WHEN(w, f);
	THEN_REJECTED_AT(w->b, CATEGORY_UNKNOWN, "category");
	WHEN(w, c); /* taken into use again */
	THEN_EVENT(w->b, 0, "CategoryAdded");
}

/* ---- offices ---- */

static Weibao__V1__ChangeOffice change_office(struct intake_world *w, struct wb_id id, const struct wb_id *parent)
{
	Weibao__V1__ChangeOffice c = WEIBAO__V1__CHANGE_OFFICE__INIT;
	c.office_id = idf(w, id);
	c.name = STR("新名");
	c.has_parent_id = parent != NULL;
	if (parent)
		c.parent_id = idf(w, *parent);
	return c;
}

static void offices_are_a_tree(void **state)
{
	struct intake_world *w = *state;
	struct wb_id a = add_office(w, "甲", NULL), b = add_office(w, "乙", &a), c = add_office(w, "丙", &b);
	Weibao__V1__ChangeOffice change = change_office(w, a, &c);
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, OFFICE_CYCLE, "parentId");
	change = change_office(w, a, &a);
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, OFFICE_CYCLE, "parentId");
	change = change_office(w, c, &a);
	WHEN(w, change);
	THEN_EVENT(w->b, 0, "OfficeChanged");
	change = change_office(w, b, &c);
	change.effective_on = STR("tomorrow");
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "effectiveOn");
	change.effective_on = STR("2023-12-01");
	change.name = STR("");
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "name");
	change = change_office(w, bed_id("nowhere"), NULL);
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeId");
	/* a chain deeper than the house walks is refused */
	struct wb_id last = a;
	for (unsigned i = 0; i < INTAKE_TREE_DEPTH - 1; i++)
		last = add_office(w, "层", &last);
	Weibao__V1__RegisterOffice deeper = WEIBAO__V1__REGISTER_OFFICE__INIT;
	deeper.name = STR("过深");
	deeper.has_parent_id = true;
	deeper.parent_id = idf(w, last);
	WHEN(w, deeper);
	THEN_REJECTED_AT(w->b, OFFICE_CYCLE, "parentId");
}

static void a_merged_office_takes_everything_along(void **state)
{
	struct intake_world *w = *state;
	struct wb_id into = add_office(w, "新处", NULL), below = add_office(w, "科室", &w->office);
	Weibao__V1__MergeOffices c = WEIBAO__V1__MERGE_OFFICES__INIT;
	c.office_id = idf(w, w->office);
	c.into_id = idf(w, below);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, OFFICE_CYCLE, "intoId");
	c.into_id = c.office_id;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, MERGE_WITH_ITSELF, "intoId");
	c.into_id = idf(w, into);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "OfficesMerged");
	assert_string_equal(((const Weibao__V1__OfficesMerged *)bed_event(w->b, 0))->effective_on, "2023-11-15");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, OFFICE_NOT_OPEN, "officeId");
	Weibao__V1__CloseOffice end = WEIBAO__V1__CLOSE_OFFICE__INIT;
	end.office_id = c.office_id;
	WHEN(w, end); /* it is the other one by now */
	THEN_REJECTED_AT(w->b, OFFICE_NOT_OPEN, "officeId");
	Weibao__V1__ListContacts lc = WEIBAO__V1__LIST_CONTACTS__INIT;
	Weibao__V1__ListDevices ld = WEIBAO__V1__LIST_DEVICES__INIT;
	Weibao__V1__GetOffice go = WEIBAO__V1__GET_OFFICE__INIT;
	lc.has_office_id = ld.has_office_id = true;
	lc.office_id = ld.office_id = idf(w, into);
	go.office_id = idf(w, below);
	const Weibao__V1__ListContactsAnswer *contacts =
	        (const Weibao__V1__ListContactsAnswer *)bed_query(w->b, ACME, &lc.base);
	const Weibao__V1__ListDevicesAnswer *devices =
	        (const Weibao__V1__ListDevicesAnswer *)bed_query(w->b, ACME, &ld.base);
	const Weibao__V1__OfficeItem *office = (const Weibao__V1__OfficeItem *)bed_query(w->b, ACME, &go.base);
	assert_int_equal(contacts->n_contacts, 1);
	assert_int_equal(devices->n_devices, 1);
	assert_true(wb_id_equal(wb_id_of_field(office->parent_id), into));
	/* the old id stays good: a report there stands in the new one */
	Weibao__V1__ReportFault f = report(w);
	WHEN(w, f);
	THEN_EVENT(w->b, 0, "TicketReported");
	const Weibao__V1__TicketReported *e = (const Weibao__V1__TicketReported *)bed_event(w->b, 0);
	assert_string_equal(e->place->office_name, "新处");
}

/* Past what fits into the memory of one event, so that all are moved or the test fails. */
static void a_large_office_is_merged_whole(void **state)
{
	struct intake_world *w = *state;
	struct wb_id into = add_office(w, "新处", NULL);
	Weibao__V1__MergeOffices c = WEIBAO__V1__MERGE_OFFICES__INIT;
	Weibao__V1__ContactRegistered e = WEIBAO__V1__CONTACT_REGISTERED__INIT;
	Weibao__V1__ListContacts l = WEIBAO__V1__LIST_CONTACTS__INIT;
	size_t n = 0;
	e.office_id = idf(w, w->office);
	e.name = text(w, long_text(w, 1000));
	for (uint32_t i = 0; i < 1500; i++) {
		struct wb_id id = wb_id_derive(into, "contact", i);
		e.contact_id = idf(w, id);
		GIVEN(w, "contact", id, e);
	}
	c.office_id = idf(w, w->office);
	c.into_id = idf(w, into);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "OfficesMerged");
	l.has_office_id = l.has_limit = true;
	l.office_id = c.into_id;
	l.limit = 200;
	do {
		const Weibao__V1__ListContactsAnswer *r =
		        (const Weibao__V1__ListContactsAnswer *)bed_query(w->b, ACME, &l.base);
		n += r->n_contacts;
		l.cursor = r->next_cursor;
	} while (l.cursor);
	assert_int_equal(n, 1501);
}

static void an_office_is_closed_once_empty(void **state)
{
	struct intake_world *w = *state;
	struct wb_id empty = add_office(w, "空处", NULL), parent = add_office(w, "上级", NULL);
	(void)add_office(w, "下级", &parent);
	Weibao__V1__CloseOffice c = WEIBAO__V1__CLOSE_OFFICE__INIT;
	Weibao__V1__RegisterContact k = WEIBAO__V1__REGISTER_CONTACT__INIT;
	c.office_id = idf(w, w->office);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, OFFICE_NOT_EMPTY, "officeId");
	c.office_id = idf(w, parent);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, OFFICE_NOT_EMPTY, "officeId");
	c.office_id = k.office_id = idf(w, empty);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "OfficeClosed");
	WHEN(w, c);
	THEN_ALREADY(w->b);
	k.name = text(w, "晚到");
	WHEN(w, k);
	THEN_REJECTED_AT(w->b, OFFICE_NOT_OPEN, "officeId");
	Weibao__V1__ChangeOffice change = change_office(w, empty, NULL);
	WHEN(w, change);
	THEN_REJECTED_AT(w->b, OFFICE_NOT_OPEN, "officeId");
	c.office_id = idf(w, bed_id("nowhere"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeId");
}

/* ---- contacts ---- */

static void contacts_are_changed_merged_and_leave(void **state)
{
	struct intake_world *w = *state;
	struct wb_id li = add_contact(w, "李四", w->office);
	Weibao__V1__ChangeContact c = WEIBAO__V1__CHANGE_CONTACT__INIT;
	Weibao__V1__TelephoneEntry phone = WEIBAO__V1__TELEPHONE_ENTRY__INIT, *phones[INTAKE_TELEPHONES + 1];
	for (size_t i = 0; i <= INTAKE_TELEPHONES; i++)
		phones[i] = &phone;
	phone.number = text(w, "1");
	c.contact_id = idf(w, li);
	c.office_id = idf(w, w->office);
	c.name = text(w, "李四四");
	c.telephones = phones;
	c.n_telephones = INTAKE_TELEPHONES + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "telephones");
	c.n_telephones = 2;
	phone.number = text(w, "");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "telephones[0].number");
	phone.number = text(w, "2");
	phone.extension = text(w, "12345678901");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "telephones[0].extension");
	phone.extension = NULL;
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ContactChanged");
	Weibao__V1__MergeContacts m = WEIBAO__V1__MERGE_CONTACTS__INIT;
	m.contact_id = m.into_id = idf(w, li);
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, MERGE_WITH_ITSELF, "intoId");
	m.into_id = idf(w, bed_id("nobody"));
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "intoId");
	m.into_id = idf(w, w->contact);
	WHEN(w, m);
	THEN_EVENT(w->b, 0, "ContactMerged");
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, CONTACT_GONE, "contactId");
	m.contact_id = idf(w, w->contact);
	m.into_id = idf(w, li); /* back into its own alias */
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, MERGE_WITH_ITSELF, "intoId");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, CONTACT_GONE, "contactId");
	Weibao__V1__LeaveContact l = WEIBAO__V1__LEAVE_CONTACT__INIT;
	l.contact_id = idf(w, li);
	WHEN(w, l);
	THEN_REJECTED_AT(w->b, CONTACT_GONE, "contactId");
	l.contact_id = idf(w, w->contact);
	WHEN(w, l);
	THEN_EVENT(w->b, 0, "ContactLeft");
	WHEN(w, l);
	THEN_ALREADY(w->b);
	Weibao__V1__ReportFault f = report(w);
	WHEN(w, f);
	THEN_REJECTED_AT(w->b, CONTACT_GONE, "callerId");
}

/* ---- devices ---- */

static void a_serial_belongs_to_one_device_in_use(void **state)
{
	struct intake_world *w = *state;
	struct wb_id other = add_device(w, "SN-2", NULL, NULL);
	Weibao__V1__RegisterDevice c = WEIBAO__V1__REGISTER_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	Weibao__V1__ReplaceDeviceSerial r = WEIBAO__V1__REPLACE_DEVICE_SERIAL__INIT;
	Weibao__V1__RetireDevice retire = WEIBAO__V1__RETIRE_DEVICE__INIT;
	Weibao__V1__ReinstateDevice back = WEIBAO__V1__REINSTATE_DEVICE__INIT;
	c.details = &details;
	details.serial = STR("sn -1"); /* another spelling of SN-1 */
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, SERIAL_TAKEN, "details.serial");
	r.device_id = idf(w, other);
	r.new_serial = STR("SN-1");
	r.reason = STR("换主板");
	WHEN(w, r);
	THEN_REJECTED_AT(w->b, SERIAL_TAKEN, "newSerial");
	r.new_serial = STR("SN-2");
	WHEN(w, r);
	THEN_ALREADY(w->b);
	retire.device_id = back.device_id = idf(w, w->device);
	retire.reason = STR("");
	WHEN(w, retire);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reason");
	retire.reason = STR("报废");
	WHEN(w, back);
	THEN_ALREADY(w->b);
	WHEN(w, retire);
	THEN_EVENT(w->b, 0, "DeviceRetired");
	WHEN(w, retire);
	THEN_ALREADY(w->b);
	r.new_serial = STR("SN-1"); /* free now */
	WHEN(w, r);
	THEN_EVENT(w->b, 0, "DeviceSerialReplaced");
	assert_string_equal(((const Weibao__V1__DeviceSerialReplaced *)bed_event(w->b, 0))->old_serial, "SN-2");
	WHEN(w, back);
	THEN_REJECTED_AT(w->b, SERIAL_TAKEN, "deviceId");
	details.serial = STR("SN-2"); /* and so is the one before */
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "DeviceRegistered");
	r.new_serial = STR("SN-5");
	WHEN(w, r);
	WHEN(w, back);
	THEN_EVENT(w->b, 0, "DeviceReinstated");
}

static void devices_are_changed_and_moved(void **state)
{
	struct intake_world *w = *state;
	struct wb_id elsewhere = add_office(w, "外处", NULL);
	Weibao__V1__ChangeDevice c = WEIBAO__V1__CHANGE_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	c.device_id = idf(w, w->device);
	c.details = &details;
	details.serial = STR("SN-X");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, SERIAL_FIXED, "details.serial");
	details.serial = NULL;
	details.purchased_on = STR("2020-13-01");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_INVALID, "details.purchasedOn");
	details.purchased_on = STR("2020-12-01");
	details.model = long_text(w, INTAKE_NAME_CHARS + 1);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "details.model");
	details.model = STR("M920");
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "DeviceChanged");
	assert_string_equal(((const Weibao__V1__DeviceChanged *)bed_event(w->b, 0))->details->serial, "SN-1");
	Weibao__V1__MoveDevice m = WEIBAO__V1__MOVE_DEVICE__INIT;
	m.device_id = c.device_id;
	m.office_id = idf(w, bed_id("nowhere"));
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeId");
	m.office_id = idf(w, elsewhere);
	WHEN(w, m);
	THEN_EVENT(w->b, 0, "DeviceMoved");
	WHEN(w, m);
	THEN_ALREADY(w->b);
	Weibao__V1__ChangeDeviceUser u = WEIBAO__V1__CHANGE_DEVICE_USER__INIT;
	u.device_id = c.device_id;
	u.has_user_id = true;
	u.user_id = idf(w, bed_id("nobody"));
	WHEN(w, u);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "userId");
	u.user_id = idf(w, w->contact);
	WHEN(w, u);
	THEN_ALREADY(w->b);
	u.has_user_id = false;
	WHEN(w, u);
	THEN_EVENT(w->b, 0, "DeviceUserChanged");
	WHEN(w, u);
	THEN_ALREADY(w->b);
	Weibao__V1__RetireDevice retire = WEIBAO__V1__RETIRE_DEVICE__INIT;
	retire.device_id = c.device_id;
	retire.reason = STR("报废");
	WHEN(w, retire);
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, DEVICE_RETIRED, "deviceId");
	Weibao__V1__ReportFault f = report(w);
	WHEN(w, f);
	THEN_REJECTED_AT(w->b, DEVICE_RETIRED, "deviceId");
	c.device_id = idf(w, bed_id("nothing"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "deviceId");
}

static void a_merged_device_is_an_alias(void **state)
{
	struct intake_world *w = *state;
	struct wb_id twin = add_device(w, "SN-1B", &w->office, NULL);
	Weibao__V1__MergeDevices c = WEIBAO__V1__MERGE_DEVICES__INIT;
	c.device_id = c.into_id = idf(w, twin);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, MERGE_WITH_ITSELF, "intoId");
	c.into_id = idf(w, w->device);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "DeviceMerged");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, DEVICE_IS_ALIAS, "deviceId");
	Weibao__V1__RetireDevice retire = WEIBAO__V1__RETIRE_DEVICE__INIT;
	Weibao__V1__ReinstateDevice back = WEIBAO__V1__REINSTATE_DEVICE__INIT;
	Weibao__V1__MoveDevice m = WEIBAO__V1__MOVE_DEVICE__INIT;
	retire.device_id = back.device_id = m.device_id = c.device_id;
	retire.reason = STR("报废");
	m.office_id = idf(w, w->office);
	WHEN(w, retire);
	THEN_REJECTED_AT(w->b, DEVICE_IS_ALIAS, "deviceId");
	WHEN(w, back);
	THEN_REJECTED_AT(w->b, DEVICE_IS_ALIAS, "deviceId");
	WHEN(w, m);
	THEN_REJECTED_AT(w->b, DEVICE_IS_ALIAS, "deviceId");
	/* a report on the alias is one on the device, and a duplicate of its open ones */
	Weibao__V1__ReportFault f = report(w);
	f.device_id = idf(w, twin);
	WHEN(w, f);
	const Weibao__V1__TicketReported *e = (const Weibao__V1__TicketReported *)bed_event(w->b, 0);
	assert_true(wb_id_equal(wb_id_of_field(e->device_id), w->device));
}

/* ---- imports: staged rows come into force together ---- */

static void staged_rows_are_not_there_yet(void **state)
{
	struct intake_world *w = *state;
	struct wb_id office = bed_id("staged office"), import = bed_id("import");
	Weibao__V1__OfficeRegistered e = WEIBAO__V1__OFFICE_REGISTERED__INIT;
	Weibao__V1__RegisterContact c = WEIBAO__V1__REGISTER_CONTACT__INIT;
	e.office_id = c.office_id = idf(w, office);
	e.name = STR("导入处");
	e.has_import_id = true;
	e.import_id = idf(w, import);
	GIVEN(w, "office", office, e);
	c.name = text(w, "某人");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "officeId");
}

#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_client_unit_is_opened_once),
	        T(a_client_unit_is_renamed),
	        T(a_contract_is_checked_and_versioned),
	        T(categories_stand_below_the_base_ones),
	        T(offices_are_a_tree),
	        T(a_merged_office_takes_everything_along),
	        T(a_large_office_is_merged_whole),
	        T(an_office_is_closed_once_empty),
	        T(contacts_are_changed_merged_and_leave),
	        T(a_serial_belongs_to_one_device_in_use),
	        T(devices_are_changed_and_moved),
	        T(a_merged_device_is_an_alias),
	        T(staged_rows_are_not_there_yet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
