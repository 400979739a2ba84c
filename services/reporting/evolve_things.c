/* Tenants, offices, contacts, devices, teams: what tickets refer to, as it is now. */
#include "services/reporting/evolve.h"

#include <string.h>

static void tenant_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTenantRow *row)
{
	struct wb_key k;
	rp_tenant_key(&k, ev->tenant);
	wb_put_row(f->db, &rp_tenants_table, &k, &row->base);
}

/* The tenant's row, or a new one: its events may come in any order. */
static Weibao__V1__ReadTenantRow *tenant_of(struct wb_fold *f, const struct wb_event *ev)
{
	Weibao__V1__ReadTenantRow *row = rp_tenant_get(f->db, ev->tenant, f->arena);
	if (row)
		return row;
	row = WB_ARENA_NEW(f->arena, Weibao__V1__ReadTenantRow);
	if (row)
		weibao__v1__read_tenant_row__init(row);
	else
		wb_txn_fail(f->db, WB_ERR_MEMORY, &rp_tenants_table);
	return row;
}

void rp_fold_tenant_opened(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantOpened *e = payload;
	Weibao__V1__ReadTenantRow *row = tenant_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->code = e->code;
	row->name = e->name;
	row->zone = e->zone;
	row->has_language = true;
	row->language = e->language;
	tenant_put(f, ev, row);
}

void rp_fold_tenant_renamed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantRenamed *e = payload;
	Weibao__V1__ReadTenantRow *row = tenant_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->name = e->name;
	tenant_put(f, ev, row);
}

void rp_fold_team_assigned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamAssigned *e = payload;
	Weibao__V1__ReadTenantRow *row = tenant_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->has_team_id = true;
	row->team_id = e->team_id;
	row->team_name = e->team_name;
	tenant_put(f, ev, row);
}

/* A calendar of the tenant's own zone brings the rules by which its months begin. */
void rp_fold_calendar_saved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CalendarSaved *e = payload;
	Weibao__V1__ReadTenantRow *row = tenant_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row || e->n_transitions == 0 || (row->zone && strcmp(row->zone, e->zone) != 0))
		return;
	row->transitions = e->transitions;
	row->n_transitions = e->n_transitions;
	tenant_put(f, ev, row);
}

void rp_fold_member_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamMemberAdded *e = payload;
	struct wb_key k;
	uint8_t until[8];
	rp_note(f, ev, NULL);
	rp_member_key(&k, wb_id_of_field(e->team_id), wb_id_of_field(e->engineer_id));
	wb_be64_put(until, e->has_until_at ? (uint64_t)e->until_at : INT64_MAX);
	wb_put(f->db, &rp_things_table, &k, ((struct wb_bytes){until, sizeof until}));
}

void rp_fold_member_removed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TeamMemberRemoved *e = payload;
	struct wb_key k;
	rp_note(f, ev, NULL);
	rp_member_key(&k, wb_id_of_field(e->team_id), wb_id_of_field(e->engineer_id));
	(void)wb_del(f->db, &rp_things_table, &k);
}

/* ---- offices ---- */

static Weibao__V1__ReadOfficeRow *office_of(struct wb_fold *f, const struct wb_event *ev)
{
	return (Weibao__V1__ReadOfficeRow *)rp_thing_get(
	        f->db, ev->tenant, THING_OFFICE, ev->stream_id, &weibao__v1__read_office_row__descriptor, f->arena);
}

static void office_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadOfficeRow *row)
{
	rp_thing_put(f, ev, THING_OFFICE, ev->stream_id, &row->base);
}

void rp_fold_office_registered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__OfficeRegistered *e = payload;
	Weibao__V1__ReadOfficeRow row = WEIBAO__V1__READ_OFFICE_ROW__INIT;
	rp_note(f, ev, NULL);
	row.name = e->name;
	row.has_parent_id = e->has_parent_id;
	row.parent_id = e->parent_id;
	row.address = e->address;
	office_put(f, ev, &row);
}

void rp_fold_office_changed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__OfficeChanged *e = payload;
	Weibao__V1__ReadOfficeRow *row = office_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->name = e->name;
	row->has_parent_id = e->has_parent_id;
	row->parent_id = e->parent_id;
	row->address = e->address;
	office_put(f, ev, row);
}

void rp_fold_offices_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__OfficesMerged *e = payload;
	Weibao__V1__ReadOfficeRow *row = office_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	office_put(f, ev, row);
}

void rp_fold_office_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__ReadOfficeRow *row = office_of(f, ev);
	(void)payload;
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->has_closed = row->closed = true;
	office_put(f, ev, row);
}

/* ---- contacts ---- */

static Weibao__V1__ReadContactRow *contact_of(struct wb_fold *f, const struct wb_event *ev)
{
	return (Weibao__V1__ReadContactRow *)rp_thing_get(
	        f->db, ev->tenant, THING_CONTACT, ev->stream_id, &weibao__v1__read_contact_row__descriptor, f->arena);
}

static void contact_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadContactRow *row)
{
	rp_thing_put(f, ev, THING_CONTACT, ev->stream_id, &row->base);
}

void rp_fold_contact_registered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContactRegistered *e = payload;
	Weibao__V1__ReadContactRow row = WEIBAO__V1__READ_CONTACT_ROW__INIT;
	rp_note(f, ev, NULL);
	row.office_id = e->office_id;
	row.name = e->name;
	row.telephones = e->telephones;
	row.n_telephones = e->n_telephones;
	row.email = e->email;
	contact_put(f, ev, &row);
}

void rp_fold_contact_changed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContactChanged *e = payload;
	Weibao__V1__ReadContactRow *row = contact_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->office_id = e->office_id;
	row->name = e->name;
	row->telephones = e->telephones;
	row->n_telephones = e->n_telephones;
	row->email = e->email;
	contact_put(f, ev, row);
}

void rp_fold_contact_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContactMerged *e = payload;
	Weibao__V1__ReadContactRow *row = contact_of(f, ev);
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	contact_put(f, ev, row);
	rp_index_copy(f, ev, BY_CONTACT, e->contact_id, e->into_id);
}

void rp_fold_contact_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	Weibao__V1__ReadContactRow *row = contact_of(f, ev);
	(void)payload;
	rp_note(f, ev, NULL);
	if (!row)
		return;
	row->has_left = row->left = true;
	contact_put(f, ev, row);
}

/* ---- devices ---- */

/* Notes the event; NULL: there is no such device. */
static Weibao__V1__ReadDeviceRow *device_of(struct wb_fold *f, const struct wb_event *ev)
{
	rp_note(f, ev, NULL);
	return (Weibao__V1__ReadDeviceRow *)rp_thing_get(
	        f->db, ev->tenant, THING_DEVICE, ev->stream_id, &weibao__v1__read_device_row__descriptor, f->arena);
}

static void device_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadDeviceRow *row)
{
	rp_thing_put(f, ev, THING_DEVICE, ev->stream_id, &row->base);
}

void rp_fold_device_registered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceRegistered *e = payload;
	Weibao__V1__ReadDeviceRow row = WEIBAO__V1__READ_DEVICE_ROW__INIT;
	rp_note(f, ev, NULL);
	row.details = e->details;
	row.has_office_id = e->has_office_id;
	row.office_id = e->office_id;
	row.has_user_id = e->has_user_id;
	row.user_id = e->user_id;
	device_put(f, ev, &row);
}

void rp_fold_device_changed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceChanged *e = payload;
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	char *serial = row->details->serial; /* that has an event of its own */
	row->details = e->details;
	row->details->serial = serial;
	device_put(f, ev, row);
}

void rp_fold_device_moved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceMoved *e = payload;
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	row->has_office_id = true;
	row->office_id = e->office_id;
	device_put(f, ev, row);
}

void rp_fold_device_user(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceUserChanged *e = payload;
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	row->has_user_id = e->has_user_id;
	row->user_id = e->user_id;
	device_put(f, ev, row);
}

void rp_fold_device_serial(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceSerialReplaced *e = payload;
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	row->details->serial = e->new_serial;
	device_put(f, ev, row);
}

static void device_retired(struct wb_fold *f, const struct wb_event *ev, bool retired)
{
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	row->has_retired = row->retired = retired;
	device_put(f, ev, row);
}

void rp_fold_device_retired(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	device_retired(f, ev, true);
}

void rp_fold_device_reinstated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	device_retired(f, ev, false);
}

void rp_fold_device_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceMerged *e = payload;
	Weibao__V1__ReadDeviceRow *row = device_of(f, ev);
	if (!row)
		return;
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	device_put(f, ev, row);
	rp_index_copy(f, ev, BY_DEVICE, e->device_id, e->into_id);
}
