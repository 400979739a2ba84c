/* Decisions on offices and contacts. */
#include "services/intake/decide.h"

#include <string.h>

static const struct wb_id zero;

/* The tree is one matter: who moves a part of it must not race with who moves what is above. */
static void tree_turn(struct wb_turns *t)
{
	wb_turn_write_name(t, "office-tree", (struct wb_bytes){(const uint8_t *)"tree", 4});
}

/* ---- offices ---- */

void intake_register_office_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_read(t, "tenant", zero);
	tree_turn(t);
}

static bool office_fields_fit(
        struct wb_decision *d, const char *name, const Weibao__V1__Personal *address, const char *place_key)
{
	return need_text(d, name, INTAKE_NAME_CHARS, "name") &&
	       personal_fits(d, address, INTAKE_LINE_CHARS, "address") &&
	       text_fits(d, place_key, INTAKE_NAME_CHARS, "placeKey");
}

/* The parent as it is now. Deeper than the house walks is as bad as a cycle. */
static bool parent_fits(struct wb_decision *d, bool has, ProtobufCBinaryData id, ProtobufCBinaryData *ret_parent)
{
	const Office *row = has ? need_office(d, id, "parentId") : NULL;
	if (!has)
		return true;
	if (!row)
		return false;
	*ret_parent = row->office_id;
	for (unsigned depth = 0; row && row->has_parent_id; depth++) {
		if (depth + 2 >= INTAKE_TREE_DEPTH) {
			wb_refuse(d, WB_OFFICE_CYCLE, "parentId");
			return false;
		}
		row = office_now(d->db, d->tenant, wb_id_of_field(row->parent_id), d->arena);
	}
	return true;
}

void intake_register_office(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RegisterOffice *c = command;
	struct wb_id id = wb_new_id(d, "office");
	ProtobufCBinaryData parent = {0, NULL};
	if (!need_tenant(d) || !office_fields_fit(d, c->name, c->address, c->place_key) ||
	        !parent_fits(d, c->has_parent_id, c->parent_id, &parent))
		return;
	NEW(d, Weibao__V1__OfficeRegistered, weibao__v1__office_registered__init, e);
	e->office_id = wb_field_of_id(d->arena, id);
	e->has_parent_id = c->has_parent_id;
	e->parent_id = parent;
	e->name = c->name;
	e->address = wb_personal(d->arena, id, zero, wb_personal_text(c->address));
	e->place_key = c->place_key;
	wb_emit(d, "office", id, &e->base);
}

void intake_change_office_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ChangeOffice *c = command;
	(void)tenant;
	wb_turn_write(t, "office", wb_id_of_field(c->office_id));
	tree_turn(t);
}

/* The record itself, still in use. */
static const Office *office_in_use(struct wb_decision *d, ProtobufCBinaryData id, const char *path)
{
	const Office *row = any_office(d, id, path);
	if (row && (row->closed || row->has_merged_into_id)) {
		wb_refuse(d, WB_OFFICE_NOT_OPEN, path);
		return NULL;
	}
	return row;
}

void intake_change_office(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeOffice *c = command;
	struct wb_id id = wb_id_of_field(c->office_id);
	ProtobufCBinaryData parent = {0, NULL};
	if (!office_in_use(d, c->office_id, "officeId") || !office_fields_fit(d, c->name, c->address, c->place_key) ||
	        !date_fits(d, c->effective_on, "effectiveOn") ||
	        !parent_fits(d, c->has_parent_id, c->parent_id, &parent))
		return;
	if (c->has_parent_id && office_below(d->db, d->tenant, wb_id_of_field(parent), id, d->arena)) {
		wb_refuse(d, WB_OFFICE_CYCLE, "parentId");
		return;
	}
	NEW(d, Weibao__V1__OfficeChanged, weibao__v1__office_changed__init, e);
	e->office_id = c->office_id;
	e->has_parent_id = c->has_parent_id;
	e->parent_id = parent;
	e->name = c->name;
	e->address = wb_personal(d->arena, id, zero, wb_personal_text(c->address));
	e->effective_on = c->effective_on;
	e->place_key = c->place_key;
	wb_emit(d, "office", id, &e->base);
}

void intake_merge_offices_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MergeOffices *c = command;
	(void)tenant;
	wb_turn_write(t, "office", wb_id_of_field(c->office_id));
	wb_turn_write(t, "office", wb_id_of_field(c->into_id));
	tree_turn(t);
}

void intake_merge_offices(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MergeOffices *c = command;
	struct wb_id id = wb_id_of_field(c->office_id);
	const Tenant *tenant = need_tenant(d);
	const Office *row = tenant ? office_in_use(d, c->office_id, "officeId") : NULL;
	const Office *into = row ? need_office(d, c->into_id, "intoId") : NULL;
	if (!into || !date_fits(d, c->effective_on, "effectiveOn"))
		return;
	if (wb_id_equal(wb_id_of_field(into->office_id), id)) {
		wb_refuse(d, WB_MERGE_WITH_ITSELF, "intoId");
		return;
	}
	/* its lower offices go to the other one: that must not stand below it */
	if (office_below(d->db, d->tenant, wb_id_of_field(into->office_id), id, d->arena)) {
		wb_refuse(d, WB_OFFICE_CYCLE, "intoId");
		return;
	}
	NEW(d, Weibao__V1__OfficesMerged, weibao__v1__offices_merged__init, e);
	e->office_id = c->office_id;
	e->into_id = into->office_id;
	e->effective_on = c->effective_on;
	if (!e->effective_on)
		e->effective_on = today_text(d, tenant->zone);
	wb_emit(d, "office", id, &e->base);
}

/* Whether anything stands under (tenant, id) in that index. */
static bool any_below(struct wb_decision *d, const struct wb_table *table, struct wb_id id)
{
	struct wb_key k;
	intake_key_id(&k, d->tenant, id);
	return wb_count(d->db, table, &k, 1) > 0;
}

void intake_close_office_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__CloseOffice *c = command;
	(void)tenant;
	wb_turn_write(t, "office", wb_id_of_field(c->office_id)); /* who comes into it reads it */
	tree_turn(t);
}

void intake_close_office(struct wb_decision *d, const void *command)
{
	const Weibao__V1__CloseOffice *c = command;
	struct wb_id id = wb_id_of_field(c->office_id);
	const Office *row = any_office(d, c->office_id, "officeId");
	if (!row)
		return;
	if (row->closed) {
		wb_already(d);
		return;
	}
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_OFFICE_NOT_OPEN, "officeId");
		return;
	}
	if (any_below(d, &intake_offices_below_table, id) || any_below(d, &intake_contacts_by_office_table, id) ||
	        any_below(d, &intake_devices_by_office_table, id)) {
		wb_refuse(d, WB_OFFICE_NOT_EMPTY, "officeId");
		return;
	}
	NEW(d, Weibao__V1__OfficeClosed, weibao__v1__office_closed__init, e);
	e->office_id = c->office_id;
	wb_emit(d, "office", id, &e->base);
}

/* ---- contacts ---- */

void intake_register_contact_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__RegisterContact *c = command;
	(void)tenant;
	wb_turn_read(t, "office", wb_id_of_field(c->office_id));
}

void intake_register_contact(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RegisterContact *c = command;
	struct wb_id id = wb_new_id(d, "contact");
	Weibao__V1__Telephone **telephones;
	const Office *office = need_office(d, c->office_id, "officeId");
	if (!office || !need_personal(d, c->name, INTAKE_NAME_CHARS, "name") ||
	        !personal_fits(d, c->email, INTAKE_LINE_CHARS, "email") ||
	        !telephones_of(d, c->telephones, c->n_telephones, id, "telephones", &telephones))
		return;
	emit_contact(d, id, wb_id_of_field(office->office_id), c->name, telephones, c->n_telephones, c->email);
}

void intake_change_contact_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__ChangeContact *c = command;
	(void)tenant;
	wb_turn_write(t, "contact", wb_id_of_field(c->contact_id));
	wb_turn_read(t, "office", wb_id_of_field(c->office_id));
}

/* The record itself, still there. */
static const Contact *contact_in_use(struct wb_decision *d, ProtobufCBinaryData id, const char *path)
{
	const Contact *row = any_contact(d, id, path);
	if (row && (row->left || row->has_merged_into_id)) {
		wb_refuse(d, WB_CONTACT_GONE, path);
		return NULL;
	}
	return row;
}

void intake_change_contact(struct wb_decision *d, const void *command)
{
	const Weibao__V1__ChangeContact *c = command;
	struct wb_id id = wb_id_of_field(c->contact_id);
	Weibao__V1__Telephone **telephones;
	if (!contact_in_use(d, c->contact_id, "contactId"))
		return;
	const Office *office = need_office(d, c->office_id, "officeId");
	if (!office || !need_personal(d, c->name, INTAKE_NAME_CHARS, "name") ||
	        !personal_fits(d, c->email, INTAKE_LINE_CHARS, "email") ||
	        !telephones_of(d, c->telephones, c->n_telephones, id, "telephones", &telephones))
		return;
	NEW(d, Weibao__V1__ContactChanged, weibao__v1__contact_changed__init, e);
	e->contact_id = c->contact_id;
	e->office_id = office->office_id;
	e->name = wb_personal(d->arena, id, zero, wb_personal_text(c->name));
	e->telephones = telephones;
	e->n_telephones = c->n_telephones;
	e->email = wb_personal(d->arena, id, zero, wb_personal_text(c->email));
	wb_emit(d, "contact", id, &e->base);
}

void intake_merge_contacts_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__MergeContacts *c = command;
	(void)tenant;
	wb_turn_write(t, "contact", wb_id_of_field(c->contact_id));
	wb_turn_write(t, "contact", wb_id_of_field(c->into_id));
}

void intake_merge_contacts(struct wb_decision *d, const void *command)
{
	const Weibao__V1__MergeContacts *c = command;
	struct wb_id id = wb_id_of_field(c->contact_id);
	const Contact *row = any_contact(d, c->contact_id, "contactId");
	if (!row)
		return;
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_CONTACT_GONE, "contactId");
		return;
	}
	const Contact *into = need_contact(d, c->into_id, "intoId");
	if (!into)
		return;
	if (wb_id_equal(wb_id_of_field(into->contact_id), id)) {
		wb_refuse(d, WB_MERGE_WITH_ITSELF, "intoId");
		return;
	}
	NEW(d, Weibao__V1__ContactMerged, weibao__v1__contact_merged__init, e);
	e->contact_id = c->contact_id;
	e->into_id = into->contact_id;
	wb_emit(d, "contact", id, &e->base);
}

TURNS_ON(leave_contact, Weibao__V1__LeaveContact, "contact", contact_id)

void intake_leave_contact(struct wb_decision *d, const void *command)
{
	const Weibao__V1__LeaveContact *c = command;
	const Contact *row = any_contact(d, c->contact_id, "contactId");
	if (!row)
		return;
	if (row->has_merged_into_id) {
		wb_refuse(d, WB_CONTACT_GONE, "contactId");
		return;
	}
	if (row->left) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__ContactLeft, weibao__v1__contact_left__init, e);
	e->contact_id = c->contact_id;
	wb_emit(d, "contact", wb_id_of_field(c->contact_id), &e->base);
}
