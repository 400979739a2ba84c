/* Folds of offices, contacts and devices; imported ones wait in the staging table until their import is in force. */
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/intake_events.pb-c.h"

#define ROW_ARENA_BYTES ((size_t)1 << 20)

static void put_mark(struct wb_fold *f, const struct wb_table *table, const struct wb_key *k)
{
	wb_put(f->db, table, k, (struct wb_bytes){NULL, 0});
}

/* ---- offices ---- */

static void put_office(struct wb_fold *f, const char *tenant, const Office *row)
{
	struct wb_key k;
	intake_key_id(&k, tenant, wb_id_of_field(row->office_id));
	wb_put_row(f->db, &intake_offices_table, &k, &row->base);
}

static void below_key(struct wb_key *k, const char *tenant, const Office *row)
{
	intake_key_ids(k, tenant, row->has_parent_id ? wb_id_of_field(row->parent_id) : (struct wb_id){{0}},
	        wb_id_of_field(row->office_id));
}

static void index_office(struct wb_fold *f, const char *tenant, const Office *row, bool open)
{
	struct wb_key k;
	below_key(&k, tenant, row);
	if (open)
		put_mark(f, &intake_offices_below_table, &k);
	else
		wb_del(f->db, &intake_offices_below_table, &k);
}

static void apply_office(struct wb_fold *f, const char *tenant, const Weibao__V1__OfficeRegistered *e)
{
	Office row = WEIBAO__V1__OFFICE_ROW__INIT;
	row.office_id = e->office_id;
	row.has_parent_id = e->has_parent_id;
	row.parent_id = e->parent_id;
	row.name = e->name;
	row.address = e->address;
	row.natural_key = e->natural_key;
	row.place_key = e->place_key;
	put_office(f, tenant, &row);
	index_office(f, tenant, &row, true);
}

static void apply_office_changed(struct wb_fold *f, const char *tenant, const Weibao__V1__OfficeChanged *e)
{
	Office *row = office_get(f->db, tenant, wb_id_of_field(e->office_id), f->arena);
	if (!row)
		return;
	bool open = !row->closed && !row->has_merged_into_id;
	index_office(f, tenant, row, false);
	row->has_parent_id = e->has_parent_id;
	row->parent_id = e->parent_id;
	row->name = e->name;
	row->address = e->address;
	row->place_key = e->place_key;
	put_office(f, tenant, row);
	index_office(f, tenant, row, open);
}

/* ---- contacts ---- */

static void put_contact(struct wb_fold *f, const char *tenant, const Contact *row)
{
	struct wb_key k;
	intake_key_id(&k, tenant, wb_id_of_field(row->contact_id));
	wb_put_row(f->db, &intake_contacts_table, &k, &row->base);
}

static void index_contact(struct wb_fold *f, const char *tenant, const Contact *row, bool there)
{
	struct wb_key k;
	intake_key_ids(&k, tenant, wb_id_of_field(row->office_id), wb_id_of_field(row->contact_id));
	if (there)
		put_mark(f, &intake_contacts_by_office_table, &k);
	else
		wb_del(f->db, &intake_contacts_by_office_table, &k);
}

static void apply_contact(struct wb_fold *f, const char *tenant, const Weibao__V1__ContactRegistered *e)
{
	Contact row = WEIBAO__V1__CONTACT_ROW__INIT;
	row.contact_id = e->contact_id;
	row.office_id = e->office_id;
	row.name = e->name;
	row.telephones = e->telephones;
	row.n_telephones = e->n_telephones;
	row.email = e->email;
	put_contact(f, tenant, &row);
	index_contact(f, tenant, &row, true);
}

static void apply_contact_changed(struct wb_fold *f, const char *tenant, const Weibao__V1__ContactChanged *e)
{
	Contact *row = contact_get(f->db, tenant, wb_id_of_field(e->contact_id), f->arena);
	if (!row)
		return;
	index_contact(f, tenant, row, false);
	row->office_id = e->office_id;
	row->name = e->name;
	row->telephones = e->telephones;
	row->n_telephones = e->n_telephones;
	row->email = e->email;
	put_contact(f, tenant, row);
	index_contact(f, tenant, row, !row->left && !row->has_merged_into_id);
}

void intake_on_contact_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContactMerged *e = payload;
	Contact *row = contact_get(f->db, ev->tenant, wb_id_of_field(e->contact_id), f->arena);
	if (!row)
		return;
	index_contact(f, ev->tenant, row, false);
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	put_contact(f, ev->tenant, row);
}

void intake_on_contact_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContactLeft *e = payload;
	Contact *row = contact_get(f->db, ev->tenant, wb_id_of_field(e->contact_id), f->arena);
	if (!row)
		return;
	index_contact(f, ev->tenant, row, false);
	row->left = true;
	put_contact(f, ev->tenant, row);
}

/* ---- devices ---- */

static void put_device(struct wb_fold *f, const char *tenant, const Device *row)
{
	struct wb_key k;
	intake_key_id(&k, tenant, wb_id_of_field(row->device_id));
	wb_put_row(f->db, &intake_devices_table, &k, &row->base);
}

/* Its place in the office's list and its serial: there while it is in use. */
static void index_device(struct wb_fold *f, const char *tenant, const Device *row, bool in_use)
{
	const char *serial = row->details->serial;
	struct wb_id holder;
	struct wb_key k;
	intake_key_ids(&k, tenant, row->has_office_id ? wb_id_of_field(row->office_id) : (struct wb_id){{0}},
	        wb_id_of_field(row->device_id));
	if (in_use)
		put_mark(f, &intake_devices_by_office_table, &k);
	else
		wb_del(f->db, &intake_devices_by_office_table, &k);
	if (!serial || !serial[0])
		return;
	intake_key_serial(&k, tenant, serial);
	bool held = serial_holder(f->db, tenant, serial, f->arena, &holder);
	if (in_use && !held) {
		Weibao__V1__IntakeIdRow id = WEIBAO__V1__INTAKE_ID_ROW__INIT;
		id.id = row->device_id;
		wb_put_row(f->db, &intake_serials_table, &k, &id.base);
	} else if (!in_use && held && wb_id_equal(holder, wb_id_of_field(row->device_id))) {
		wb_del(f->db, &intake_serials_table, &k);
	}
}

static bool device_in_use(const Device *row)
{
	return !row->retired && !row->has_merged_into_id;
}

static void apply_device(struct wb_fold *f, const char *tenant, const Weibao__V1__DeviceRegistered *e)
{
	Device row = WEIBAO__V1__DEVICE_ROW__INIT;
	row.device_id = e->device_id;
	row.details = e->details;
	row.has_office_id = e->has_office_id;
	row.office_id = e->office_id;
	row.has_user_id = e->has_user_id;
	row.user_id = e->user_id;
	put_device(f, tenant, &row);
	index_device(f, tenant, &row, true);
}

static Device *device_of(struct wb_fold *f, const char *tenant, ProtobufCBinaryData id)
{
	return device_get(f->db, tenant, wb_id_of_field(id), f->arena);
}

static void apply_device_changed(struct wb_fold *f, const char *tenant, const Weibao__V1__DeviceChanged *e)
{
	Device *row = device_of(f, tenant, e->device_id);
	if (!row)
		return;
	Weibao__V1__DeviceDetails details = *e->details;
	details.serial = row->details->serial; /* replaced by an event of its own */
	index_device(f, tenant, row, false);
	row->details = &details;
	put_device(f, tenant, row);
	index_device(f, tenant, row, device_in_use(row));
}

static void apply_device_moved(struct wb_fold *f, const char *tenant, const Weibao__V1__DeviceMoved *e)
{
	Device *row = device_of(f, tenant, e->device_id);
	if (!row)
		return;
	index_device(f, tenant, row, false);
	row->has_office_id = true;
	row->office_id = e->office_id;
	put_device(f, tenant, row);
	index_device(f, tenant, row, device_in_use(row));
}

static void apply_device_user(struct wb_fold *f, const char *tenant, const Weibao__V1__DeviceUserChanged *e)
{
	Device *row = device_of(f, tenant, e->device_id);
	if (!row)
		return;
	row->has_user_id = e->has_user_id;
	row->user_id = e->user_id;
	put_device(f, tenant, row);
}

void intake_on_device_serial_replaced(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceSerialReplaced *e = payload;
	Device *row = device_of(f, ev->tenant, e->device_id);
	if (!row)
		return;
	index_device(f, ev->tenant, row, false);
	row->details->serial = e->new_serial;
	put_device(f, ev->tenant, row);
	index_device(f, ev->tenant, row, device_in_use(row));
}

void intake_on_device_retired(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceRetired *e = payload;
	Device *row = device_of(f, ev->tenant, e->device_id);
	if (!row)
		return;
	index_device(f, ev->tenant, row, false);
	row->retired = true;
	put_device(f, ev->tenant, row);
}

void intake_on_device_reinstated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceReinstated *e = payload;
	Device *row = device_of(f, ev->tenant, e->device_id);
	if (!row)
		return;
	row->retired = false;
	put_device(f, ev->tenant, row);
	index_device(f, ev->tenant, row, device_in_use(row));
}

void intake_on_device_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__DeviceMerged *e = payload;
	Device *row = device_of(f, ev->tenant, e->device_id), *into = device_of(f, ev->tenant, e->into_id);
	if (!row)
		return;
	index_device(f, ev->tenant, row, false);
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	put_device(f, ev->tenant, row);
	if (into) /* two records of one serial: the one that stays has it now */
		index_device(f, ev->tenant, into, device_in_use(into));
}

/* ---- an office goes: what stands in it goes along ---- */

/* The id at the end of the first key below (tenant, first); false: none is left. */
static bool first_below(
        struct wb_fold *f, const struct wb_table *table, const char *tenant, struct wb_id first, struct wb_id *ret_id)
{
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_scan scan;
	intake_key_id(&prefix, tenant, first);
	wb_scan_prefix(&scan, f->db, table, &prefix);
	bool found = wb_scan_next(&scan, &key, NULL) && key.len >= WB_ID_BYTES &&
	             wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, ret_id);
	wb_scan_done(&scan);
	return found;
}

/* Each turn takes one entry away, so that this ends; f has an arena of its own, taken back each time. */
static void move_offices(struct wb_fold *f, const char *tenant, struct wb_id from, ProtobufCBinaryData into)
{
	struct wb_id id;
	while (first_below(f, &intake_offices_below_table, tenant, from, &id)) {
		wb_arena_reset(f->arena);
		struct wb_key k;
		Office *row = office_get(f->db, tenant, id, f->arena);
		intake_key_ids(&k, tenant, from, id);
		if (!wb_del(f->db, &intake_offices_below_table, &k))
			return;
		if (!row || wb_id_equal(id, wb_id_of_field(into)))
			continue;
		row->has_parent_id = true;
		row->parent_id = into;
		put_office(f, tenant, row);
		index_office(f, tenant, row, true);
	}
}

static void move_contacts(struct wb_fold *f, const char *tenant, struct wb_id from, ProtobufCBinaryData into)
{
	struct wb_id id;
	while (first_below(f, &intake_contacts_by_office_table, tenant, from, &id)) {
		wb_arena_reset(f->arena);
		struct wb_key k;
		Contact *row = contact_get(f->db, tenant, id, f->arena);
		intake_key_ids(&k, tenant, from, id);
		if (!wb_del(f->db, &intake_contacts_by_office_table, &k))
			return;
		if (!row)
			continue;
		row->office_id = into;
		put_contact(f, tenant, row);
		index_contact(f, tenant, row, true);
	}
}

static void move_devices(struct wb_fold *f, const char *tenant, struct wb_id from, ProtobufCBinaryData into)
{
	struct wb_id id;
	while (first_below(f, &intake_devices_by_office_table, tenant, from, &id)) {
		wb_arena_reset(f->arena);
		struct wb_key k;
		Device *row = device_get(f->db, tenant, id, f->arena);
		intake_key_ids(&k, tenant, from, id);
		if (!wb_del(f->db, &intake_devices_by_office_table, &k))
			return;
		if (!row)
			continue;
		row->has_office_id = true;
		row->office_id = into;
		put_device(f, tenant, row);
		index_device(f, tenant, row, true);
	}
}

void intake_on_offices_merged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__OfficesMerged *e = payload;
	struct wb_id id = wb_id_of_field(e->office_id);
	Office *row = office_get(f->db, ev->tenant, id, f->arena);
	if (!row)
		return;
	index_office(f, ev->tenant, row, false);
	row->has_merged_into_id = true;
	row->merged_into_id = e->into_id;
	put_office(f, ev->tenant, row);
	/* all that stand in a large office would not fit in an event's arena */
	struct wb_arena one;
	struct wb_fold each = *f;
	wb_arena_init(&one, ROW_ARENA_BYTES);
	each.arena = &one;
	move_offices(&each, ev->tenant, id, e->into_id);
	move_contacts(&each, ev->tenant, id, e->into_id);
	move_devices(&each, ev->tenant, id, e->into_id);
	wb_arena_done(&one);
}

void intake_on_office_closed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__OfficeClosed *e = payload;
	Office *row = office_get(f->db, ev->tenant, wb_id_of_field(e->office_id), f->arena);
	if (!row)
		return;
	index_office(f, ev->tenant, row, false);
	row->closed = true;
	put_office(f, ev->tenant, row);
}

/* ---- imports ---- */

static void stage_key(struct wb_key *k, const char *tenant, struct wb_id import, uint64_t position)
{
	intake_key_id(k, tenant, import);
	wb_key_u64(k, position);
}

/* The fold of an event that an import may bring: staged with an import's id, else applied. */
#define FOLD(event, type, apply, member)                                                                               \
	void intake_on_##event(struct wb_fold *f, const struct wb_event *ev, const void *payload)                      \
	{                                                                                                              \
		Weibao__V1__StagedRow row = WEIBAO__V1__STAGED_ROW__INIT;                                              \
		struct wb_key k;                                                                                       \
		const type *e = payload;                                                                               \
		if (!e->has_import_id) {                                                                               \
			apply(f, ev->tenant, e);                                                                       \
			return;                                                                                        \
		}                                                                                                      \
		row.member = (type *)(uintptr_t)e;                                                                     \
		stage_key(&k, ev->tenant, wb_id_of_field(e->import_id), ev->tenant_position);                          \
		wb_put_row(f->db, &intake_staged_table, &k, &row.base);                                                \
	}
FOLD(office_registered, Weibao__V1__OfficeRegistered, apply_office, office)
FOLD(office_changed, Weibao__V1__OfficeChanged, apply_office_changed, office_changed)
FOLD(contact_registered, Weibao__V1__ContactRegistered, apply_contact, contact)
FOLD(contact_changed, Weibao__V1__ContactChanged, apply_contact_changed, contact_changed)
FOLD(device_registered, Weibao__V1__DeviceRegistered, apply_device, device)
FOLD(device_changed, Weibao__V1__DeviceChanged, apply_device_changed, device_changed)
FOLD(device_moved, Weibao__V1__DeviceMoved, apply_device_moved, device_moved)
FOLD(device_user_changed, Weibao__V1__DeviceUserChanged, apply_device_user, device_user)

static void apply_row(struct wb_fold *f, const char *tenant, const Weibao__V1__StagedRow *row)
{
	if (row->office)
		apply_office(f, tenant, row->office);
	if (row->office_changed)
		apply_office_changed(f, tenant, row->office_changed);
	if (row->contact)
		apply_contact(f, tenant, row->contact);
	if (row->contact_changed)
		apply_contact_changed(f, tenant, row->contact_changed);
	if (row->device)
		apply_device(f, tenant, row->device);
	if (row->device_changed)
		apply_device_changed(f, tenant, row->device_changed);
	if (row->device_moved)
		apply_device_moved(f, tenant, row->device_moved);
	if (row->device_user)
		apply_device_user(f, tenant, row->device_user);
}

/* Takes the staged rows of an import out, first to last; with apply they come into force. */
static void empty_stage(struct wb_fold *f, const char *tenant, struct wb_id import, bool apply)
{
	struct wb_key prefix, whole;
	struct wb_bytes key, value;
	struct wb_scan scan;
	struct wb_arena one; /* of a row: all of an import's would not fit in an event's */
	struct wb_fold row_fold = *f;
	wb_arena_init(&one, ROW_ARENA_BYTES);
	row_fold.arena = &one;
	intake_key_id(&prefix, tenant, import);
	wb_scan_prefix(&scan, f->db, &intake_staged_table, &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		wb_arena_reset(&one);
		const Weibao__V1__StagedRow *row = (const Weibao__V1__StagedRow *)wb_unpack_row(
		        f->db, &intake_staged_table, value, &weibao__v1__staged_row__descriptor, &one);
		wb_key_copy(&whole, key);
		if (!row || !wb_del(f->db, &intake_staged_table, &whole))
			break;
		if (apply)
			apply_row(&row_fold, tenant, row);
	}
	wb_scan_done(&scan);
	wb_arena_done(&one);
}

void intake_apply_staged(struct wb_fold *f, const struct wb_event *ev, struct wb_id import)
{
	empty_stage(f, ev->tenant, import, true);
}

void intake_drop_staged(struct wb_fold *f, const char *tenant, struct wb_id import)
{
	empty_stage(f, tenant, import, false);
}
