/* Queries over client units, offices, contacts and devices. */
#include "service/page.h"
#include "service/projection.h"
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/intake_queries.pb-c.h"

#include <string.h>

#define STREAM_VERSION(q, kind, id) wb_projection_version((q)->db, (q)->tenant, kind, id)

/* ---- client units ---- */

static Weibao__V1__TenantItem *tenant_item(struct wb_arena *a, const char *tenant, const Tenant *row)
{
	Weibao__V1__TenantItem *i = WB_ARENA_NEW(a, Weibao__V1__TenantItem);
	if (!i)
		return NULL;
	weibao__v1__tenant_item__init(i);
	i->tenant = wb_arena_str(a, tenant);
	i->code = row->code;
	i->name = row->name;
	i->zone = row->zone;
	i->language = row->language;
	i->contract_version = row->contract_version;
	i->opened_at = row->opened_at;
	return i;
}

void intake_get_tenant(struct wb_query *q, const void *request)
{
	const struct wb_id zero = {{0}};
	const Tenant *row = tenant_get(q->db, q->tenant, q->arena);
	Weibao__V1__TenantItem *i = row ? tenant_item(q->arena, q->tenant, row) : NULL;
	(void)request;
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, NULL);
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "tenant", zero);
}

/* Principal, manager, auditor and administrator see all units; who else serves some, those. */
static bool unit_seen(const struct wb_query *q, const char *tenant)
{
	for (size_t i = 0; i < q->who->n_roles; i++)
		if (q->who->roles[i] != WEIBAO__V1__ROLE__ROLE_HOTLINE &&
		        q->who->roles[i] != WEIBAO__V1__ROLE__ROLE_ENGINEER)
			return true;
	for (size_t i = 0; i < q->who->n_tenants; i++)
		if (strcmp(q->who->tenants[i], tenant) == 0)
			return true;
	return false;
}

void intake_list_tenants(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListTenants *c = request;
	Weibao__V1__ListTenantsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListTenantsAnswer);
	struct wb_key all; /* of every tenant */
	struct wb_bytes key, value;
	struct wb_page p;
	wb_key_init(&all);
	if (!r || !wb_page_open(&p, q, &intake_tenants_table, &all, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_tenants_answer__init(r);
	r->tenants = WB_ARENA_ARRAY(q->arena, Weibao__V1__TenantItem *, p.limit);
	while (r->tenants && wb_page_next(&p, &key, &value)) {
		char tenant[64];
		struct wb_key_reader reader;
		const Tenant *row = (const Tenant *)wb_unpack_row(
		        q->db, &intake_tenants_table, value, &weibao__v1__tenant_row__descriptor, q->arena);
		wb_key_reader_init(&reader, key);
		if (!row || !wb_key_read_text(&reader, tenant, sizeof tenant, NULL))
			break;
		if (!unit_seen(q, tenant))
			continue;
		Weibao__V1__TenantItem *i = tenant_item(q->arena, tenant, row);
		if (!i)
			break;
		r->tenants[r->n_tenants++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

void intake_get_contract(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetContract *c = request;
	const Tenant *row = tenant_get(q->db, q->tenant, q->arena);
	uint32_t version = c->has_contract_version ? c->contract_version : row ? row->contract_version : 0;
	Weibao__V1__GetContractAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__GetContractAnswer);
	Weibao__V1__ContractSaved *contract = contract_get(q->db, q->tenant, version, q->arena);
	if (!r || !contract) {
		wb_query_refuse(q, WB_NOT_FOUND, c->has_contract_version ? "contractVersion" : NULL);
		return;
	}
	weibao__v1__get_contract_answer__init(r);
	r->contract = contract;
	wb_answer(q, &r->base);
}

static Weibao__V1__CategoryItem *category_item(struct wb_arena *a, char *category, char *name)
{
	Weibao__V1__CategoryItem *i = WB_ARENA_NEW(a, Weibao__V1__CategoryItem);
	if (!i)
		return NULL;
	weibao__v1__category_item__init(i);
	i->category = category;
	i->name = name;
	return i;
}

void intake_list_categories(struct wb_query *q, const void *request)
{
	const Tenant *tenant = tenant_get(q->db, q->tenant, q->arena);
	bool english = tenant && tenant->language == WEIBAO__V1__LANGUAGE__LANGUAGE_EN;
	Weibao__V1__ListCategoriesAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListCategoriesAnswer);
	size_t room = intake_base_categories_n + WB_PAGE_MAX;
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_scan scan;
	(void)request;
	if (!tenant || !r) {
		wb_query_refuse(q, WB_NOT_FOUND, NULL);
		return;
	}
	weibao__v1__list_categories_answer__init(r);
	r->categories = WB_ARENA_ARRAY(q->arena, Weibao__V1__CategoryItem *, room);
	for (size_t k = 0; r->categories && k < intake_base_categories_n; k++) {
		const struct intake_category *base = &intake_base_categories[k];
		Weibao__V1__CategoryItem *i = category_item(
		        q->arena, (char *)(uintptr_t)base->code, (char *)(uintptr_t)(english ? base->en : base->zh));
		if (i)
			r->categories[r->n_categories++] = i;
	}
	intake_key(&prefix, q->tenant);
	wb_scan_prefix(&scan, q->db, &intake_categories_table, &prefix);
	while (r->categories && r->n_categories < room && wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__CategoryRow *row = (const Weibao__V1__CategoryRow *)wb_unpack_row(
		        q->db, &intake_categories_table, value, &weibao__v1__category_row__descriptor, q->arena);
		Weibao__V1__CategoryItem *i = row ? category_item(q->arena, row->category, row->name) : NULL;
		if (!i)
			break;
		i->parent = row->parent;
		i->has_planned_minutes = row->has_planned_minutes;
		i->planned_minutes = row->planned_minutes;
		i->retired = row->retired;
		r->categories[r->n_categories++] = i;
	}
	wb_scan_done(&scan);
	wb_answer(q, &r->base);
}

/* ---- offices ---- */

static Weibao__V1__OfficeItem *office_item(struct wb_query *q, const Office *row)
{
	Weibao__V1__OfficeItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__OfficeItem);
	if (!i)
		return NULL;
	weibao__v1__office_item__init(i);
	i->office_id = row->office_id;
	i->has_parent_id = row->has_parent_id;
	i->parent_id = row->parent_id;
	i->name = row->name;
	i->address = row->address;
	i->place_key = row->place_key;
	i->closed = row->closed;
	i->has_merged_into_id = row->has_merged_into_id;
	i->merged_into_id = row->merged_into_id;
	i->version = STREAM_VERSION(q, "office", wb_id_of_field(row->office_id));
	return i;
}

void intake_list_offices(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListOffices *c = request;
	Weibao__V1__ListOfficesAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListOfficesAnswer);
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_page p;
	intake_key(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &intake_offices_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_offices_answer__init(r);
	r->offices = WB_ARENA_ARRAY(q->arena, Weibao__V1__OfficeItem *, p.limit);
	while (r->offices && wb_page_next(&p, &key, &value)) {
		const Office *row = (const Office *)wb_unpack_row(
		        q->db, &intake_offices_table, value, &weibao__v1__office_row__descriptor, q->arena);
		Weibao__V1__OfficeItem *i = row ? office_item(q, row) : NULL;
		if (!i)
			break;
		r->offices[r->n_offices++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

void intake_get_office(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetOffice *c = request;
	const Office *row = office_get(q->db, q->tenant, wb_id_of_field(c->office_id), q->arena);
	Weibao__V1__OfficeItem *i = row ? office_item(q, row) : NULL;
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, "officeId");
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "office", wb_id_of_field(c->office_id));
}

/* ---- contacts ---- */

static Weibao__V1__ContactItem *contact_item(struct wb_query *q, const Contact *row)
{
	Weibao__V1__ContactItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__ContactItem);
	if (!i)
		return NULL;
	weibao__v1__contact_item__init(i);
	i->contact_id = row->contact_id;
	i->office_id = row->office_id;
	i->name = row->name;
	i->telephones = row->telephones;
	i->n_telephones = row->n_telephones;
	i->email = row->email;
	i->left = row->left;
	i->has_merged_into_id = row->has_merged_into_id;
	i->merged_into_id = row->merged_into_id;
	i->version = STREAM_VERSION(q, "contact", wb_id_of_field(row->contact_id));
	return i;
}

/* The id at a key's end. */
static struct wb_id last_id(struct wb_bytes key)
{
	struct wb_id id = {{0}};
	if (key.len >= WB_ID_BYTES)
		memcpy(id.b, key.data + key.len - WB_ID_BYTES, WB_ID_BYTES);
	return id;
}

void intake_list_contacts(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListContacts *c = request;
	Weibao__V1__ListContactsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListContactsAnswer);
	const struct wb_table *table = c->has_office_id ? &intake_contacts_by_office_table : &intake_contacts_table;
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_page p;
	if (c->has_office_id)
		intake_key_id(&prefix, q->tenant, wb_id_of_field(c->office_id));
	else
		intake_key(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_contacts_answer__init(r);
	r->contacts = WB_ARENA_ARRAY(q->arena, Weibao__V1__ContactItem *, p.limit);
	while (r->contacts && wb_page_next(&p, &key, &value)) {
		const Contact *row = contact_get(q->db, q->tenant, last_id(key), q->arena);
		Weibao__V1__ContactItem *i = row ? contact_item(q, row) : NULL;
		if (!i)
			break;
		r->contacts[r->n_contacts++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

/* A client user sees the own record alone. */
static bool own_contact_only(const struct wb_query *q)
{
	for (size_t i = 0; i < q->who->n_roles; i++)
		if (q->who->roles[i] != WEIBAO__V1__ROLE__ROLE_USER)
			return false;
	return true;
}

void intake_get_contact(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetContact *c = request;
	struct wb_id id = wb_id_of_field(c->contact_id);
	const Contact *row = contact_get(q->db, q->tenant, id, q->arena);
	bool hidden =
	        own_contact_only(q) && !(q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), id));
	Weibao__V1__ContactItem *i = row && !hidden ? contact_item(q, row) : NULL;
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, "contactId");
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "contact", id);
}

/* ---- devices ---- */

static Weibao__V1__DeviceItem *device_item(struct wb_query *q, const Device *row)
{
	Weibao__V1__DeviceItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__DeviceItem);
	if (!i)
		return NULL;
	weibao__v1__device_item__init(i);
	i->device_id = row->device_id;
	i->details = row->details;
	i->has_office_id = row->has_office_id;
	i->office_id = row->office_id;
	i->has_user_id = row->has_user_id;
	i->user_id = row->user_id;
	i->retired = row->retired;
	i->has_merged_into_id = row->has_merged_into_id;
	i->merged_into_id = row->merged_into_id;
	i->version = STREAM_VERSION(q, "device", wb_id_of_field(row->device_id));
	return i;
}

/* Which list: that of the office, of serials, or all. */
static const struct wb_table *device_list(struct wb_query *q, const Weibao__V1__ListDevices *c, struct wb_key *prefix)
{
	if (c->has_office_id) {
		intake_key_id(prefix, q->tenant, wb_id_of_field(c->office_id));
		return &intake_devices_by_office_table;
	}
	if (c->serial) {
		intake_key_serial_prefix(prefix, q->tenant, c->serial);
		return &intake_serials_table;
	}
	intake_key(prefix, q->tenant);
	return &intake_devices_table;
}

void intake_list_devices(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListDevices *c = request;
	Weibao__V1__ListDevicesAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListDevicesAnswer);
	struct wb_key prefix;
	struct wb_bytes key, value;
	struct wb_page p;
	const struct wb_table *table = device_list(q, c, &prefix);
	if (!r || !wb_page_open(&p, q, table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_devices_answer__init(r);
	r->devices = WB_ARENA_ARRAY(q->arena, Weibao__V1__DeviceItem *, p.limit);
	while (r->devices && wb_page_next(&p, &key, &value)) {
		struct wb_id id = last_id(key);
		if (table == &intake_serials_table) {
			const Weibao__V1__IntakeIdRow *ref = (const Weibao__V1__IntakeIdRow *)wb_unpack_row(
			        q->db, table, value, &weibao__v1__intake_id_row__descriptor, q->arena);
			id = ref ? wb_id_of_field(ref->id) : (struct wb_id){{0}};
		}
		const Device *row = device_get(q->db, q->tenant, id, q->arena);
		Weibao__V1__DeviceItem *i = row ? device_item(q, row) : NULL;
		if (!i)
			break;
		r->devices[r->n_devices++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

void intake_get_device(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetDevice *c = request;
	const Device *row = device_now(q->db, q->tenant, wb_id_of_field(c->device_id), q->arena);
	Weibao__V1__DeviceItem *i = row ? device_item(q, row) : NULL;
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, "deviceId");
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "device", wb_id_of_field(row->device_id));
}

/* The last four characters; a shorter one is shown by its last two. */
static char *serial_end(struct wb_arena *a, const char *serial)
{
	size_t n = serial ? strlen(serial) : 0, shown = n > 4 ? 4 : n > 2 ? 2 : 0;
	while (shown && ((unsigned char)serial[n - shown] & 0xc0u) == 0x80u)
		shown--; /* not within a character */
	return shown ? wb_arena_str(a, serial + n - shown) : NULL;
}

void intake_get_device_label(struct wb_query *q, const void *request)
{
	bool link = q->who->link_purpose && strcmp(q->who->link_purpose, "report") == 0 && q->who->has_link_id;
	Weibao__V1__GetDeviceLabelAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__GetDeviceLabelAnswer);
	const Device *row = link ? device_now(q->db, q->tenant, wb_id_of_field(q->who->link_id), q->arena) : NULL;
	(void)request;
	if (!r || !row || row->retired) {
		wb_query_refuse(q, WB_NOT_FOUND, NULL);
		return;
	}
	const Office *office =
	        row->has_office_id ? office_now(q->db, q->tenant, wb_id_of_field(row->office_id), q->arena) : NULL;
	weibao__v1__get_device_label_answer__init(r);
	r->device_id = row->device_id;
	r->office_name = office ? office->name : NULL;
	r->serial_end = serial_end(q->arena, row->details->serial);
	wb_answer(q, &r->base);
}
