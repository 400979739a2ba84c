/* One row against what is known: the events that would bring it about. */
#include "services/intake/import.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <string.h>

#define FAULT(name) WEIBAO__V1__IMPORT_FAULT__IMPORT_FAULT_##name
/* A message in the arena, or the row ends: the arena's owner sees that it is full. */
#define NEW(a, type, init_fn, name)                                                                                    \
	type *name = WB_ARENA_NEW(a, type);                                                                            \
	if (!name)                                                                                                     \
		return NULL;                                                                                           \
	init_fn(name)

static const struct wb_id zero;

static bool given(const char *cell)
{
	return cell[0] != '\0';
}

static bool differs(const char *cell, const char *known)
{
	return given(cell) && (!known || strcmp(cell, known) != 0);
}

static char *text(const char *cell)
{
	return given(cell) ? (char *)(uintptr_t)cell : NULL;
}

static Weibao__V1__Personal *personal(struct wb_arena *a, struct wb_id subject, const char *cell)
{
	return given(cell) ? wb_personal(a, subject, zero, cell) : NULL;
}

/* An office of the projection, or one that the sheet brings in a row before this one. */
static const struct known *find_office(struct import_plan *p, const struct import_line *line, const char *path)
{
	const struct known *k = known_find(&p->offices, path);
	return k && (k->line == 0 || p->sheet->lines[k->line - 1].row < line->row) ? k : NULL;
}

/* ---- offices ---- */

static Weibao__V1__PlannedEvent *new_office(struct import_plan *p, struct import_line *line, struct wb_arena *a)
{
	const char *path = line->cells[OFFICE_PATH], *slash = strrchr(path, '/');
	const struct known *parent = NULL;
	struct wb_id id = wb_id_derive(p->import, "row", line->row);
	if (slash) {
		char *above = wb_arena_copy(a, path, (size_t)(slash - path));
		parent = above ? find_office(p, line, above) : NULL;
		if (!parent) {
			import_problem(p->sheet, line, OFFICE_PATH, FAULT(PARENT_UNKNOWN), NULL);
			return NULL;
		}
	}
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	NEW(a, Weibao__V1__OfficeRegistered, weibao__v1__office_registered__init, o);
	o->office_id = wb_field_of_id(a, id);
	o->has_parent_id = parent != NULL;
	if (parent)
		o->parent_id = wb_field_of_id(a, parent->id);
	o->name = (char *)(uintptr_t)(slash ? slash + 1 : path);
	o->address = personal(a, id, line->cells[OFFICE_ADDRESS]);
	o->natural_key = (char *)(uintptr_t)path;
	o->has_import_id = true;
	o->import_id = wb_field_of_id(a, p->import);
	o->place_key = text(line->cells[OFFICE_PLACE]);
	e->office = o;
	return e;
}

Weibao__V1__PlannedEvent *import_office_row(struct import_plan *p, struct import_line *line, struct wb_arena *a)
{
	const struct known *k = known_find(&p->offices, line->cells[OFFICE_PATH]);
	if (!k || k->line)
		return new_office(p, line, a);
	const Office *row = office_get(p->db, p->tenant, k->id, a);
	if (!row)
		return NULL;
	bool address = differs(line->cells[OFFICE_ADDRESS], import_open(p, a, row->address));
	bool place = differs(line->cells[OFFICE_PLACE], row->place_key);
	if (!address && !place)
		return NULL;
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	NEW(a, Weibao__V1__OfficeChanged, weibao__v1__office_changed__init, o);
	o->office_id = row->office_id;
	o->has_parent_id = row->has_parent_id;
	o->parent_id = row->parent_id;
	o->name = row->name;
	o->address = address ? personal(a, k->id, line->cells[OFFICE_ADDRESS]) : row->address;
	o->has_import_id = true;
	o->import_id = wb_field_of_id(a, p->import);
	o->place_key = place ? text(line->cells[OFFICE_PLACE]) : row->place_key;
	e->office_changed = o;
	return e;
}

/* ---- contacts ---- */

struct telephones {
	Weibao__V1__Telephone *all[INTAKE_TELEPHONES];
	size_t n;
	bool changed;
};

static bool same_number(
        const struct import_plan *p, struct wb_arena *a, const Weibao__V1__Telephone *t, const char *cell)
{
	const char *number = import_open(p, a, t->number);
	return number && strcmp(import_digits(a, number), import_digits(a, cell)) == 0;
}

/* Puts a number to the list, or the extension to the number that is there. */
static void put_telephone(const struct import_plan *p, struct wb_arena *a, struct wb_id contact, const char *number,
        const char *extension, struct telephones *list)
{
	Weibao__V1__Telephone *t = NULL;
	if (!given(number))
		return;
	for (size_t i = 0; i < list->n && !t; i++)
		if (same_number(p, a, list->all[i], number))
			t = list->all[i];
	if (t && !differs(extension, import_open(p, a, t->extension)))
		return;
	if (!t && list->n == INTAKE_TELEPHONES)
		return;
	if (!t) {
		t = WB_ARENA_NEW(a, Weibao__V1__Telephone);
		if (!t)
			return;
		weibao__v1__telephone__init(t);
		t->number = personal(a, contact, number);
		list->all[list->n++] = t;
	}
	if (given(extension))
		t->extension = personal(a, contact, extension);
	list->changed = true;
}

static void put_telephones(const struct import_plan *p, struct wb_arena *a, struct wb_id contact,
        const struct import_line *line, struct telephones *list)
{
	put_telephone(p, a, contact, line->cells[CONTACT_TELEPHONE], line->cells[CONTACT_EXTENSION], list);
	put_telephone(p, a, contact, line->cells[CONTACT_TELEPHONE_2], line->cells[CONTACT_EXTENSION_2], list);
}

static Weibao__V1__Telephone **copy(struct wb_arena *a, const struct telephones *list)
{
	return wb_arena_copy(a, list->all, list->n * sizeof list->all[0]);
}

static Weibao__V1__PlannedEvent *new_contact(
        struct import_plan *p, struct import_line *line, const struct known *office, struct wb_arena *a)
{
	struct wb_id id = wb_id_derive(p->import, "row", line->row);
	struct telephones list = {.n = 0};
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	NEW(a, Weibao__V1__ContactRegistered, weibao__v1__contact_registered__init, c);
	put_telephones(p, a, id, line, &list);
	c->contact_id = wb_field_of_id(a, id);
	c->office_id = wb_field_of_id(a, office->id);
	c->name = personal(a, id, line->cells[CONTACT_NAME]);
	c->telephones = copy(a, &list);
	c->n_telephones = list.n;
	c->email = personal(a, id, line->cells[CONTACT_EMAIL]);
	c->has_import_id = true;
	c->import_id = wb_field_of_id(a, p->import);
	e->contact = c;
	return c->telephones ? e : NULL;
}

Weibao__V1__PlannedEvent *import_contact_row(struct import_plan *p, struct import_line *line, struct wb_arena *a)
{
	const struct known *office = find_office(p, line, line->cells[CONTACT_OFFICE]), *k;
	struct telephones list = {.n = 0};
	char id[WB_ID_TEXT_BYTES];
	if (!office) {
		import_problem(p->sheet, line, CONTACT_OFFICE, FAULT(OFFICE_UNKNOWN), NULL);
		return NULL;
	}
	wb_id_text(office->id, id);
	const char *key = wb_arena_fmt(
	        a, "%s\n%s\n%s", id, line->cells[CONTACT_NAME], import_digits(a, line->cells[CONTACT_TELEPHONE]));
	k = key ? known_find(&p->people, key) : NULL;
	const Contact *row = k ? contact_get(p->db, p->tenant, k->id, a) : NULL;
	if (!row)
		return key ? new_contact(p, line, office, a) : NULL;
	for (; list.n < row->n_telephones && list.n < INTAKE_TELEPHONES; list.n++)
		list.all[list.n] = row->telephones[list.n];
	put_telephones(p, a, k->id, line, &list);
	bool email = differs(line->cells[CONTACT_EMAIL], import_open(p, a, row->email));
	if (!email && !list.changed)
		return NULL;
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	NEW(a, Weibao__V1__ContactChanged, weibao__v1__contact_changed__init, c);
	c->contact_id = row->contact_id;
	c->office_id = row->office_id;
	c->name = row->name;
	c->telephones = copy(a, &list);
	c->n_telephones = list.n;
	c->email = email ? personal(a, k->id, line->cells[CONTACT_EMAIL]) : row->email;
	c->has_import_id = true;
	c->import_id = wb_field_of_id(a, p->import);
	e->contact_changed = c;
	return c->telephones ? e : NULL;
}

/* ---- devices ---- */

static bool has_telephone(const struct import_plan *p, struct wb_arena *a, struct wb_id contact, const char *cell)
{
	const Contact *row = contact_get(p->db, p->tenant, contact, a);
	for (size_t i = 0; row && i < row->n_telephones; i++)
		if (same_number(p, a, row->telephones[i], cell))
			return true;
	return false;
}

/* By name and, where they are given, telephone and office: exactly one, or a problem. */
static const struct known *find_user(
        struct import_plan *p, struct import_line *line, const struct known *office, struct wb_arena *a)
{
	const char *name = line->cells[DEVICE_USER], *telephone = line->cells[DEVICE_USER_TELEPHONE];
	const struct known *found = NULL, *here = NULL;
	size_t n = 0, n_here = 0;
	for (const struct known *k = known_find(&p->names, name);
	        k && (size_t)(k - p->names.all) < p->names.n && strcmp(k->key, name) == 0; k++) {
		if (given(telephone) && !has_telephone(p, a, k->id, telephone))
			continue;
		n++;
		found = k;
		if (office && wb_id_equal(office->id, k->office)) {
			n_here++;
			here = k;
		}
	}
	if (n == 1)
		return found;
	if (n_here == 1)
		return here;
	import_problem(p->sheet, line, DEVICE_USER, n ? FAULT(USER_AMBIGUOUS) : FAULT(USER_UNKNOWN), NULL);
	return NULL;
}

static Weibao__V1__Protection protection_of(const char *cell)
{
	return strcmp(cell, "SECRET") == 0     ? WEIBAO__V1__PROTECTION__PROTECTION_SECRET
	       : strcmp(cell, "INTERNAL") == 0 ? WEIBAO__V1__PROTECTION__PROTECTION_INTERNAL
	                                       : WEIBAO__V1__PROTECTION__PROTECTION_NORMAL;
}

/* Fills in what the row says; true if that is something new. */
static bool fill_details(const struct import_line *line, Weibao__V1__DeviceDetails *x)
{
	const struct {
		size_t column;
		char **field;
	} all[] = {
	        {DEVICE_TYPE, &x->device_type},
	        {DEVICE_MODEL, &x->model},
	        {DEVICE_ASSET, &x->asset_number},
	        {DEVICE_OS, &x->os},
	        {DEVICE_PURCHASED, &x->purchased_on},
	        {DEVICE_WARRANTY, &x->warranty_until},
	        {DEVICE_VENDOR, &x->vendor},
	};
	bool changed = false;
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const char *cell = line->cells[all[i].column];
		if (differs(cell, *all[i].field)) {
			*all[i].field = text(cell);
			changed = true;
		}
	}
	const char *cell = line->cells[DEVICE_PROTECTION];
	if (given(cell) && (!x->has_protection || x->protection != protection_of(cell))) {
		x->has_protection = true;
		x->protection = protection_of(cell);
		changed = true;
	}
	return changed;
}

static Weibao__V1__PlannedEvent *new_device(struct import_plan *p, struct import_line *line, const struct known *office,
        const struct known *user, struct wb_arena *a)
{
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	NEW(a, Weibao__V1__DeviceRegistered, weibao__v1__device_registered__init, x);
	NEW(a, Weibao__V1__DeviceDetails, weibao__v1__device_details__init, details);
	(void)fill_details(line, details);
	details->serial = text(line->cells[DEVICE_SERIAL]);
	x->device_id = wb_field_of_id(a, wb_id_derive(p->import, "row", line->row));
	x->details = details;
	x->has_office_id = office != NULL;
	if (office)
		x->office_id = wb_field_of_id(a, office->id);
	x->has_user_id = user != NULL;
	if (user)
		x->user_id = wb_field_of_id(a, user->id);
	x->has_import_id = true;
	x->import_id = wb_field_of_id(a, p->import);
	e->device = x;
	return e;
}

static bool other_id(bool has, ProtobufCBinaryData now, const struct known *wanted)
{
	return wanted && (!has || !wb_id_equal(wb_id_of_field(now), wanted->id));
}

static Weibao__V1__PlannedEvent *changed_device(struct import_plan *p, const struct import_line *line, Device *row,
        const struct known *office, const struct known *user, struct wb_arena *a)
{
	bool details = fill_details(line, row->details), moved = other_id(row->has_office_id, row->office_id, office),
	     other_user = other_id(row->has_user_id, row->user_id, user);
	if (!details && !moved && !other_user)
		return NULL;
	NEW(a, Weibao__V1__PlannedEvent, weibao__v1__planned_event__init, e);
	if (details) {
		NEW(a, Weibao__V1__DeviceChanged, weibao__v1__device_changed__init, x);
		x->device_id = row->device_id;
		x->details = row->details;
		x->has_import_id = true;
		x->import_id = wb_field_of_id(a, p->import);
		e->device_changed = x;
	}
	if (moved) {
		NEW(a, Weibao__V1__DeviceMoved, weibao__v1__device_moved__init, x);
		x->device_id = row->device_id;
		x->office_id = wb_field_of_id(a, office->id);
		x->has_import_id = true;
		x->import_id = wb_field_of_id(a, p->import);
		e->device_moved = x;
	}
	if (other_user) {
		NEW(a, Weibao__V1__DeviceUserChanged, weibao__v1__device_user_changed__init, x);
		x->device_id = row->device_id;
		x->has_user_id = true;
		x->user_id = wb_field_of_id(a, user->id);
		x->has_import_id = true;
		x->import_id = wb_field_of_id(a, p->import);
		e->device_user = x;
	}
	return e;
}

Weibao__V1__PlannedEvent *import_device_row(struct import_plan *p, struct import_line *line, struct wb_arena *a)
{
	const char *path = line->cells[DEVICE_OFFICE];
	const struct known *office = given(path) ? find_office(p, line, path) : NULL, *user = NULL;
	struct wb_id id;
	if (given(path) && !office)
		import_problem(p->sheet, line, DEVICE_OFFICE, FAULT(OFFICE_UNKNOWN), NULL);
	if (given(line->cells[DEVICE_USER]))
		user = find_user(p, line, office, a);
	if (line->bad)
		return NULL;
	if (!serial_holder(p->db, p->tenant, line->cells[DEVICE_SERIAL], a, &id))
		return new_device(p, line, office, user, a);
	Device *row = device_get(p->db, p->tenant, id, a);
	return row ? changed_device(p, line, row, office, user, a) : NULL;
}
