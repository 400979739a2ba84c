/* Decisions on reports: what makes a ticket. Who plays which part, whether it is covered, whether it is a duplicate. */
#include "services/intake/decide.h"

#include "calendar/date.h"

#include <stdio.h>
#include <string.h>

static const struct wb_id zero;

/* A report on its way to TicketReported. */
struct report {
	const Tenant *tenant;
	const Office *office;
	struct wb_id caller, onsite, user;
	Weibao__V1__Personal *caller_name, *onsite_name, *user_name, *telephone;
	const Device *device; /* NULL: none on record */
	struct wb_id device_id;
	bool has_device, secret;
	char *model, *serial;
	bool covered, chargeable;
	Weibao__V1__UncoveredReason reason;
	uint32_t contract_version;
};

/* ---- turns: tickets of one person or device are decided one after the other, so that no duplicate slips by ---- */

static void open_turn(struct wb_turns *t, bool has, ProtobufCBinaryData id)
{
	if (has)
		wb_turn_write_name(t, "open-tickets-of", (struct wb_bytes){id.data, id.len});
}

static void part_turns(struct wb_turns *t, bool has, ProtobufCBinaryData id)
{
	if (has)
		wb_turn_read(t, "contact", wb_id_of_field(id));
}

void intake_report_fault_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ReportFault *c = command;
	(void)tenant;
	wb_turn_read(t, "tenant", zero);
	wb_turn_read(t, "office", wb_id_of_field(c->office_id));
	open_turn(t, c->has_caller_id, c->caller_id);
	open_turn(t, c->has_direct_user_id, c->direct_user_id);
	open_turn(t, c->has_device_id, c->device_id);
	part_turns(t, c->has_caller_id, c->caller_id);
	part_turns(t, c->has_onsite_contact_id, c->onsite_contact_id);
	part_turns(t, c->has_direct_user_id, c->direct_user_id);
	if (c->has_device_id)
		wb_turn_read(t, "device", wb_id_of_field(c->device_id));
	if (c->new_device && c->new_device->details->serial)
		serials_turn(t);
}

void intake_report_as_client_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ReportFaultAsClient *c = command;
	(void)tenant;
	/* the reporter stands in the principal: they all wait for each other, they are few; one who phones and clicks
	 * at the same instant makes two, and the lead links them */
	wb_turn_write_name(t, "client-reports", (struct wb_bytes){(const uint8_t *)"all", 3});
	wb_turn_read(t, "tenant", zero);
	open_turn(t, c->has_device_id, c->device_id);
	if (c->has_office_id)
		wb_turn_read(t, "office", wb_id_of_field(c->office_id));
	part_turns(t, c->has_onsite_contact_id, c->onsite_contact_id);
}

/* ---- duplicates ---- */

static bool not_solved_yet(const Ticket *t)
{
	return t && ticket_open(t) && t->status != WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_COMPLETED;
}

/* The first ticket of that device or person on which work is still to be done; NULL: none. */
static const Ticket *duplicate_in(struct wb_decision *d, const struct wb_table *table, struct wb_id id)
{
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_scan scan;
	struct wb_id ticket;
	const Ticket *found = NULL;
	intake_key_id(&prefix, d->tenant, id);
	wb_scan_prefix(&scan, d->db, table, &prefix);
	while (!found && wb_scan_next(&scan, &key, NULL)) {
		if (!wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket))
			continue;
		const Ticket *t = ticket_get(d->db, d->tenant, ticket, d->arena);
		if (not_solved_yet(t))
			found = t;
	}
	wb_scan_done(&scan);
	return found;
}

static bool no_duplicate(struct wb_decision *d, const struct report *r, bool despite)
{
	const Ticket *t = NULL;
	if (despite)
		return true;
	if (r->has_device)
		t = duplicate_in(d, &intake_open_by_device_table, r->device_id);
	if (!t)
		t = duplicate_in(d, &intake_open_by_contact_table, r->caller);
	if (!t)
		t = duplicate_in(d, &intake_open_by_contact_table, r->user);
	if (!t)
		return true;
	wb_refuse(d, WB_POSSIBLE_DUPLICATE, "despiteDuplicates");
	/* a stranger at a QR label learns no numbers */
	wb_refuse_arg(d, "number", "%s", wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK) ? "" : t->number);
	return false;
}

/* ---- coverage ---- */

/* Rows that are only looked at: a contract may name thousands of offices and devices. */
#define LOOK_ARENA_BYTES ((size_t)2 << 20)

static bool in_force(const Weibao__V1__ContractSaved *c, int32_t day)
{
	int32_t from, until;
	return wb_day_parse(c->valid_from, strlen(c->valid_from), &from) == WB_OK &&
	       wb_day_parse(c->valid_until, strlen(c->valid_until), &until) == WB_OK && from <= day && day <= until;
}

/* The latest version that is in force on that day; NULL: none. */
static const Weibao__V1__ContractSaved *contract_on(struct wb_decision *d, uint32_t latest, int32_t day)
{
	struct wb_arena look;
	uint32_t v = latest;
	wb_arena_init(&look, LOOK_ARENA_BYTES);
	for (; v >= 1; v--) {
		wb_arena_reset(&look);
		const Weibao__V1__ContractSaved *c = contract_get(d->db, d->tenant, v, &look);
		if (c && in_force(c, day))
			break;
	}
	wb_arena_done(&look);
	return v ? contract_get(d->db, d->tenant, v, d->arena) : NULL;
}

static bool site_covered(struct wb_decision *d, const Weibao__V1__ContractSaved *c, const Office *office)
{
	struct wb_id id = wb_id_of_field(office->office_id);
	struct wb_arena look;
	bool covered = c->covers_all_offices;
	wb_arena_init(&look, LOOK_ARENA_BYTES);
	for (size_t i = 0; !covered && i < c->n_office_ids; i++) {
		wb_arena_reset(&look);
		covered = office_below(d->db, d->tenant, id, wb_id_of_field(c->office_ids[i]), &look);
	}
	wb_arena_done(&look);
	return covered;
}

static bool device_excluded(struct wb_decision *d, const Weibao__V1__ContractSaved *c, struct wb_id device)
{
	struct wb_arena look;
	bool excluded = false;
	wb_arena_init(&look, LOOK_ARENA_BYTES);
	for (size_t i = 0; !excluded && i < c->n_excluded_device_ids; i++) {
		wb_arena_reset(&look);
		const Device *x = device_now(d->db, d->tenant, wb_id_of_field(c->excluded_device_ids[i]), &look);
		excluded = x && wb_id_equal(wb_id_of_field(x->device_id), device);
	}
	wb_arena_done(&look);
	return excluded;
}

static void check_coverage(struct wb_decision *d, struct report *r, int64_t reported_at)
{
	const Weibao__V1__ContractSaved *c;
	r->reason = WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_NO_CONTRACT;
	if (r->tenant->contract_version == 0)
		return;
	r->reason = WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_PERIOD;
	c = contract_on(
	        d, r->tenant->contract_version, local_day(d->db, d->tenant, r->tenant->zone, reported_at, d->arena));
	if (!c)
		return;
	r->contract_version = c->contract_version;
	r->reason = WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_SITE;
	if (!site_covered(d, c, r->office))
		return;
	r->reason = WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_DEVICE;
	if (r->has_device && device_excluded(d, c, r->device_id))
		return;
	r->covered = true;
	r->reason = WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_UNSPECIFIED;
}

static const char *reason_text(Weibao__V1__UncoveredReason reason)
{
	switch (reason) {
	case WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_NO_CONTRACT:
		return "NO_CONTRACT";
	case WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_PERIOD:
		return "PERIOD";
	case WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_SITE:
		return "SITE";
	case WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_DEVICE:
		return "DEVICE";
	case WEIBAO__V1__UNCOVERED_REASON__UNCOVERED_REASON_UNSPECIFIED:
	case _WEIBAO__V1__UNCOVERED_REASON_IS_INT_SIZE:
		break;
	}
	return "";
}

/* chargeable: staff take it without cover, for a charge and without SLA. */
static bool coverage_fits(struct wb_decision *d, struct report *r, int64_t reported_at, bool chargeable)
{
	check_coverage(d, r, reported_at);
	r->chargeable = !r->covered && chargeable;
	if (r->covered || chargeable)
		return true;
	wb_refuse(d, WB_NOT_COVERED, "chargeable");
	wb_refuse_arg(d, "reason", "%s", reason_text(r->reason));
	return false;
}

/* ---- the ticket ---- */

/* CODE-20261123-0001: the local date of now, counted for each tenant and day. */
static char *next_number(struct wb_decision *d, const Tenant *tenant)
{
	struct wb_date date = wb_day_date(local_day(d->db, d->tenant, tenant->zone, d->now_us, d->arena));
	char *day = wb_arena_fmt(d->arena, "%04d%02u%02u", date.year, (unsigned)date.month, (unsigned)date.day);
	struct wb_key k;
	if (!day)
		return NULL;
	intake_key_str(&k, d->tenant, day);
	const Weibao__V1__TicketCounterRow *row = (const Weibao__V1__TicketCounterRow *)wb_get_row(
	        d->db, &intake_ticket_counters_table, &k, &weibao__v1__ticket_counter_row__descriptor, d->arena);
	return wb_arena_fmt(d->arena, "%s-%s-%04u", tenant->code, day, wb_counter_next(d, day, row ? row->last : 0));
}

static Weibao__V1__TicketPlace *place_of(struct wb_decision *d, const Office *office)
{
	Weibao__V1__TicketPlace *place = WB_ARENA_NEW(d->arena, Weibao__V1__TicketPlace);
	if (!place)
		return NULL;
	weibao__v1__ticket_place__init(place);
	place->office_id = office->office_id;
	place->office_name = office->name;
	place->address = office->address;
	place->place_key = office->place_key;
	return place;
}

static Weibao__V1__TicketReported *ticket_new(struct wb_decision *d, const struct report *r, struct wb_id id)
{
	Weibao__V1__TicketReported *e = WB_ARENA_NEW(d->arena, Weibao__V1__TicketReported);
	if (!e)
		return NULL;
	weibao__v1__ticket_reported__init(e);
	e->ticket_id = wb_field_of_id(d->arena, id);
	e->number = next_number(d, r->tenant);
	e->place = place_of(d, r->office);
	e->caller_id = wb_field_of_id(d->arena, r->caller);
	e->onsite_contact_id = wb_field_of_id(d->arena, r->onsite);
	e->direct_user_id = wb_field_of_id(d->arena, r->user);
	e->caller_name = r->caller_name;
	e->onsite_contact_name = r->onsite_name;
	e->direct_user_name = r->user_name;
	e->telephone = r->telephone;
	e->has_device_id = r->has_device;
	if (r->has_device)
		e->device_id = wb_field_of_id(d->arena, r->device_id);
	e->model = r->model;
	e->serial = r->serial;
	e->has_secret_device = r->secret;
	e->secret_device = r->secret;
	e->covered = r->covered;
	e->has_uncovered_reason = !r->covered;
	e->uncovered_reason = r->reason;
	e->has_chargeable = r->chargeable;
	e->chargeable = r->chargeable;
	e->has_contract_version = r->contract_version != 0;
	e->contract_version = r->contract_version;
	return e;
}

static void use_device(struct report *r, const Device *device)
{
	r->device = device;
	r->has_device = true;
	r->device_id = wb_id_of_field(device->device_id);
	r->model = device->details->model;
	r->serial = device->details->serial;
	r->secret = device->details->has_protection &&
	            device->details->protection == WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
}

static void use_caller(struct report *r, const Contact *c)
{
	r->caller = r->onsite = r->user = wb_id_of_field(c->contact_id);
	r->caller_name = r->onsite_name = r->user_name = c->name;
	r->telephone = c->n_telephones ? c->telephones[0]->number : NULL;
}

static bool use_part(struct wb_decision *d, bool has, ProtobufCBinaryData id, const char *path, struct wb_id *ret_id,
        Weibao__V1__Personal **ret_name)
{
	const Contact *c = has ? need_contact(d, id, path) : NULL;
	if (!has)
		return true;
	if (!c)
		return false;
	*ret_id = wb_id_of_field(c->contact_id);
	*ret_name = c->name;
	return true;
}

/* ---- by phone, by staff ---- */

/* A caller that is not known yet: registered with the ticket. */
static bool new_caller(struct wb_decision *d, struct report *r, const Weibao__V1__NewContact *c)
{
	struct wb_id id = wb_new_id(d, "contact");
	Weibao__V1__Telephone **telephones;
	const Office *office = c->has_office_id ? need_office(d, c->office_id, "newCaller.officeId") : r->office;
	if (!office || !need_personal(d, c->name, INTAKE_NAME_CHARS, "newCaller.name") ||
	        !telephones_of(d, c->telephones, c->n_telephones, id, "newCaller.telephones", &telephones))
		return false;
	emit_contact(d, id, wb_id_of_field(office->office_id), c->name, telephones, c->n_telephones, NULL);
	r->caller = r->onsite = r->user = id;
	r->caller_name = wb_personal(d->arena, id, zero, wb_personal_text(c->name));
	r->onsite_name = r->user_name = r->caller_name;
	r->telephone = c->n_telephones ? telephones[0]->number : NULL;
	return true;
}

static bool parts_fit(struct wb_decision *d, struct report *r, const Weibao__V1__ReportFault *c)
{
	if (c->has_caller_id == (c->new_caller != NULL)) {
		wb_refuse(d, c->new_caller ? WB_FIELD_INVALID : WB_FIELD_REQUIRED,
		        c->new_caller ? "newCaller" : "callerId");
		return false;
	}
	if (c->has_caller_id) {
		const Contact *caller = need_contact(d, c->caller_id, "callerId");
		if (!caller)
			return false;
		use_caller(r, caller);
	} else if (!new_caller(d, r, c->new_caller)) {
		return false;
	}
	if (c->telephone) {
		if (!need_personal(d, c->telephone, 30, "telephone"))
			return false;
		r->telephone = wb_personal(d->arena, r->caller, zero, wb_personal_text(c->telephone));
	}
	return use_part(d, c->has_onsite_contact_id, c->onsite_contact_id, "onsiteContactId", &r->onsite,
	               &r->onsite_name) &&
	       use_part(d, c->has_direct_user_id, c->direct_user_id, "directUserId", &r->user, &r->user_name);
}

static bool new_device(struct wb_decision *d, struct report *r, const Weibao__V1__NewDevice *c)
{
	struct wb_id id = wb_new_id(d, "device"), office = wb_id_of_field(r->office->office_id);
	if (!details_fit(d, c->details, "newDevice.details") ||
	        !serial_free(d, c->details->serial, zero, "newDevice.details.serial"))
		return false;
	emit_device(d, id, c->details, &office, &r->user);
	r->has_device = true;
	r->device_id = id;
	r->model = c->details->model;
	r->serial = c->details->serial;
	r->secret = c->details->has_protection && c->details->protection == WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
	return true;
}

static bool device_fits(struct wb_decision *d, struct report *r, const Weibao__V1__ReportFault *c)
{
	if (c->has_device_id && c->new_device) {
		wb_refuse(d, WB_FIELD_INVALID, "newDevice");
		return false;
	}
	if (c->new_device)
		return new_device(d, r, c->new_device);
	if (c->has_device_id) {
		const Device *device = need_device(d, c->device_id, "deviceId");
		if (device)
			use_device(r, device);
		return device != NULL;
	}
	r->model = c->model;
	r->serial = c->serial;
	return text_fits(d, c->model, INTAKE_NAME_CHARS, "model") &&
	       text_fits(d, c->serial, INTAKE_NAME_CHARS, "serial");
}

static bool category_fits(struct wb_decision *d, const char *category)
{
	if (category_usable(d->db, d->tenant, category, d->arena))
		return true;
	wb_refuse(d, WB_CATEGORY_UNKNOWN, "category");
	return false;
}

void intake_report_fault(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReportFault *c = command;
	struct report r = {.tenant = need_tenant(d)};
	struct wb_id id = wb_new_id(d, "ticket");
	int64_t at = c->has_reported_at ? c->reported_at : d->now_us;
	if (!r.tenant)
		return;
	r.office = need_office(d, c->office_id, "officeId");
	if (!r.office || !category_fits(d, c->category) || !need_personal(d, c->symptom, INTAKE_TEXT_CHARS, "symptom"))
		return;
	if (at > d->now_us || at < d->now_us - INTAKE_BACKDATE_US) {
		wb_refuse(d, WB_TIME_OUT_OF_RANGE, "reportedAt");
		return;
	}
	if (!parts_fit(d, &r, c) || !device_fits(d, &r, c) ||
	        !no_duplicate(d, &r, c->has_despite_duplicates && c->despite_duplicates) ||
	        !coverage_fits(d, &r, at, c->has_chargeable && c->chargeable))
		return;
	Weibao__V1__TicketReported *e = ticket_new(d, &r, id);
	if (!e)
		return;
	e->category = c->category;
	e->kind = c->has_kind ? c->kind : WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e->urgency = c->has_urgency ? c->urgency : WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	e->symptom = wb_personal(d->arena, r.user, id, wb_personal_text(c->symptom));
	e->channel = c->has_channel ? c->channel : WEIBAO__V1__CHANNEL__CHANNEL_PHONE;
	e->reported_at = at;
	e->unverified = false;
	wb_emit(d, "ticket", id, &e->base);
}

/* ---- by the client, by a device's label ---- */

/* Signed in: the reporter is a contact of the client unit. */
static bool own_report(struct wb_decision *d, struct report *r, const Weibao__V1__ReportFaultAsClient *c)
{
	const Contact *self = contact_now(d->db, d->tenant, who_person(d), d->arena);
	if (!self || self->left) {
		wb_refuse(d, self ? WB_CONTACT_GONE : WB_NOT_FOUND, NULL);
		return false;
	}
	use_caller(r, self);
	r->office = need_office(d, c->has_office_id ? c->office_id : self->office_id, "officeId");
	if (!r->office)
		return false;
	if (c->has_device_id) {
		const Device *device = need_device(d, c->device_id, "deviceId");
		if (!device)
			return false;
		use_device(r, device);
	} else {
		r->model = c->model;
		r->serial = c->serial;
	}
	return use_part(
	        d, c->has_onsite_contact_id, c->onsite_contact_id, "onsiteContactId", &r->onsite, &r->onsite_name);
}

/* By the label: the device and its office are given by the link; the person may be a stranger. */
static bool label_report(struct wb_decision *d, struct report *r, const Weibao__V1__ReportFaultAsClient *c)
{
	if (!d->who->has_link_id || !is_link(d, "report", wb_id_of_field(d->who->link_id)) ||
	        (c->has_device_id && !is_link(d, "report", wb_id_of_field(c->device_id)))) {
		wb_refuse(d, WB_LINK_OTHER_THING, NULL);
		return false;
	}
	const Device *device = need_device(d, d->who->link_id, "deviceId");
	if (!device)
		return false;
	use_device(r, device);
	r->office = device->has_office_id ? office_now(d->db, d->tenant, wb_id_of_field(device->office_id), d->arena)
	                                  : NULL;
	if (!r->office) {
		wb_refuse(d, WB_DEVICE_NOT_PLACED, NULL);
		return false;
	}
	const Contact *user =
	        device->has_user_id ? contact_now(d->db, d->tenant, wb_id_of_field(device->user_id), d->arena) : NULL;
	if (user && !user->left) {
		use_caller(r, user);
		r->telephone = NULL; /* that of who reports, or none */
		if (c->reporter_name)
			r->caller_name = wb_personal(d->arena, r->caller, zero, wb_personal_text(c->reporter_name));
		return true;
	}
	if (!need_personal(d, c->reporter_name, INTAKE_NAME_CHARS, "reporterName"))
		return false;
	struct wb_id id = wb_new_id(d, "contact");
	emit_contact(d, id, wb_id_of_field(r->office->office_id), c->reporter_name, NULL, 0, NULL);
	r->caller = r->onsite = r->user = id;
	r->caller_name = wb_personal(d->arena, id, zero, wb_personal_text(c->reporter_name));
	r->onsite_name = r->user_name = r->caller_name;
	return true;
}

void intake_report_as_client(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ReportFaultAsClient *c = command;
	struct report r = {.tenant = need_tenant(d)};
	struct wb_id id = wb_new_id(d, "ticket");
	bool by_link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK);
	if (!r.tenant || !category_fits(d, c->category) ||
	        !need_personal(d, c->symptom, INTAKE_TEXT_CHARS, "symptom") ||
	        !personal_fits(d, c->telephone, 30, "telephone") ||
	        !personal_fits(d, c->reporter_name, INTAKE_NAME_CHARS, "reporterName") ||
	        !text_fits(d, c->model, INTAKE_NAME_CHARS, "model") ||
	        !text_fits(d, c->serial, INTAKE_NAME_CHARS, "serial"))
		return;
	if (!(by_link ? label_report(d, &r, c) : own_report(d, &r, c)) ||
	        !no_duplicate(d, &r, c->has_despite_duplicates && c->despite_duplicates) ||
	        !coverage_fits(d, &r, d->now_us, false))
		return;
	if (c->telephone)
		r.telephone = wb_personal(d->arena, r.caller, zero, wb_personal_text(c->telephone));
	Weibao__V1__TicketReported *e = ticket_new(d, &r, id);
	if (!e)
		return;
	e->category = c->category;
	e->kind = c->has_kind ? c->kind : WEIBAO__V1__TICKET_KIND__TICKET_KIND_FAULT;
	e->urgency = c->has_urgency ? c->urgency : WEIBAO__V1__URGENCY__URGENCY_NORMAL;
	e->symptom = wb_personal(d->arena, r.user, id, wb_personal_text(c->symptom));
	e->channel = by_link ? WEIBAO__V1__CHANNEL__CHANNEL_QR : WEIBAO__V1__CHANNEL__CHANNEL_WEB;
	e->reported_at = d->now_us;
	e->unverified = true;
	wb_emit(d, "ticket", id, &e->base);
}

TURNS_ON(verify_report, Weibao__V1__VerifyReport, "ticket", ticket_id)

void intake_verify_report(struct wb_decision *d, const void *command)
{
	const Weibao__V1__VerifyReport *c = command;
	const Ticket *t = open_ticket(d, c->ticket_id, c->round, NULL);
	if (!t)
		return;
	if (!t->unverified) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TicketVerified, weibao__v1__ticket_verified__init, e);
	e->ticket_id = c->ticket_id;
	wb_emit(d, "ticket", wb_id_of_field(c->ticket_id), &e->base);
}
