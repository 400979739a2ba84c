#include "services/intake/decide.h"

#include "calendar/date.h"

#include <string.h>

void serials_turn(struct wb_turns *t)
{
	wb_turn_write_name(t, "serials", (struct wb_bytes){(const uint8_t *)"serials", 7});
}

char *today_text(struct wb_decision *d, const char *zone)
{
	char text[WB_DATE_TEXT_BYTES];
	wb_day_text(local_day(d->db, d->tenant, zone, d->now_us, d->arena), text);
	return wb_arena_str(d->arena, text);
}

/* ---- fields ---- */

static size_t utf8_chars(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0u) != 0x80u;
	return n;
}

static bool blank(const char *s)
{
	while (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r')
		s++;
	return *s == '\0';
}

bool need_text(struct wb_decision *d, const char *s, size_t max, const char *path)
{
	if (!s || blank(s)) {
		wb_refuse(d, WB_FIELD_REQUIRED, path);
		return false;
	}
	if (utf8_chars(s) > max) {
		wb_refuse(d, WB_FIELD_TOO_LONG, path);
		return false;
	}
	return true;
}

bool text_fits(struct wb_decision *d, const char *s, size_t max, const char *path)
{
	return !s || need_text(d, s, max, path);
}

bool need_personal(struct wb_decision *d, const Weibao__V1__Personal *p, size_t max, const char *path)
{
	return need_text(d, wb_personal_text(p), max, path);
}

bool personal_fits(struct wb_decision *d, const Weibao__V1__Personal *p, size_t max, const char *path)
{
	return !p || need_personal(d, p, max, path);
}

bool need_date(struct wb_decision *d, const char *s, const char *path, int32_t *ret_day)
{
	if (s && wb_day_parse(s, strlen(s), ret_day) == WB_OK)
		return true;
	wb_refuse(d, WB_FIELD_INVALID, path);
	return false;
}

bool date_fits(struct wb_decision *d, const char *s, const char *path)
{
	int32_t day;
	return !s || need_date(d, s, path, &day);
}

const char *path_at(struct wb_decision *d, const char *base, size_t i, const char *rest)
{
	return rest ? wb_arena_fmt(d->arena, "%s[%zu].%s", base, i, rest) : wb_arena_fmt(d->arena, "%s[%zu]", base, i);
}

/* ---- things ---- */

const Tenant *need_tenant(struct wb_decision *d)
{
	const Tenant *t = tenant_get(d->db, d->tenant, d->arena);
	if (!t)
		wb_refuse(d, WB_NOT_FOUND, NULL);
	return t;
}

const Office *need_office(struct wb_decision *d, ProtobufCBinaryData id, const char *path)
{
	const Office *row = office_now(d->db, d->tenant, wb_id_of_field(id), d->arena);
	if (row && !row->closed)
		return row;
	wb_refuse(d, row ? WB_OFFICE_NOT_OPEN : WB_NOT_FOUND, path);
	return NULL;
}

const Contact *need_contact(struct wb_decision *d, ProtobufCBinaryData id, const char *path)
{
	const Contact *row = contact_now(d->db, d->tenant, wb_id_of_field(id), d->arena);
	if (row && !row->left)
		return row;
	wb_refuse(d, row ? WB_CONTACT_GONE : WB_NOT_FOUND, path);
	return NULL;
}

const Device *need_device(struct wb_decision *d, ProtobufCBinaryData id, const char *path)
{
	const Device *row = device_now(d->db, d->tenant, wb_id_of_field(id), d->arena);
	if (row && !row->retired)
		return row;
	wb_refuse(d, row ? WB_DEVICE_RETIRED : WB_NOT_FOUND, path);
	return NULL;
}

#define ANY(type, what)                                                                                                \
	const type *any_##what(struct wb_decision *d, ProtobufCBinaryData id, const char *path)                        \
	{                                                                                                              \
		const type *row = what##_get(d->db, d->tenant, wb_id_of_field(id), d->arena);                          \
		if (!row)                                                                                              \
			wb_refuse(d, WB_NOT_FOUND, path);                                                              \
		return row;                                                                                            \
	}
ANY(Office, office)
ANY(Contact, contact)
ANY(Device, device)

/* ---- who ---- */

bool is_staff(const struct wb_decision *d)
{
	return wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_HOTLINE) ||
	       wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_PRINCIPAL) ||
	       wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_MANAGER);
}

bool is_client(const struct wb_decision *d)
{
	return wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_REPRESENTATIVE) ||
	       wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_DEPUTY);
}

bool is_link(const struct wb_decision *d, const char *purpose, struct wb_id id)
{
	return purpose && wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK) && d->who->link_purpose &&
	       strcmp(d->who->link_purpose, purpose) == 0 && d->who->has_link_id &&
	       wb_id_equal(wb_id_of_field(d->who->link_id), id);
}

struct wb_id who_person(const struct wb_decision *d)
{
	return wb_id_of_field(d->who->has_person_id ? d->who->person_id : d->who->account_id);
}

bool is_self(struct wb_decision *d, ProtobufCBinaryData contact)
{
	struct wb_id id = wb_id_of_field(contact), self;
	if (!d->who->has_person_id || wb_id_is_zero(id))
		return false;
	self = wb_id_of_field(d->who->person_id);
	if (wb_id_equal(id, self))
		return true;
	const Contact *a = contact_now(d->db, d->tenant, id, d->arena),
	              *b = contact_now(d->db, d->tenant, self, d->arena);
	return a && b && wb_id_equal(wb_id_of_field(a->contact_id), wb_id_of_field(b->contact_id));
}

bool is_own_ticket(struct wb_decision *d, const Ticket *t)
{
	return is_self(d, t->caller_id) || is_self(d, t->onsite_contact_id) || is_self(d, t->direct_user_id);
}

static bool is_their_engineer(const struct wb_decision *d, const Ticket *t)
{
	struct wb_id self = who_person(d);
	if (t->has_handler_id && wb_id_equal(wb_id_of_field(t->handler_id), self))
		return true;
	for (size_t i = 0; i < t->n_engineer_ids; i++)
		if (wb_id_equal(wb_id_of_field(t->engineer_ids[i]), self))
			return true;
	return false;
}

/* ---- tickets ---- */

static bool may_see(struct wb_decision *d, const Ticket *t, const char *purpose)
{
	if (is_staff(d) || is_client(d) || wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_SYSTEM))
		return true;
	if (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER) && is_their_engineer(d, t))
		return true;
	if (wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_USER) && is_own_ticket(d, t))
		return true;
	return is_link(d, purpose, wb_id_of_field(t->ticket_id));
}

const Ticket *visible_ticket(struct wb_decision *d, ProtobufCBinaryData id, const char *purpose)
{
	const Ticket *t = ticket_get(d->db, d->tenant, wb_id_of_field(id), d->arena);
	if (t && may_see(d, t, purpose))
		return t;
	if (t && wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK))
		wb_refuse(d, WB_LINK_OTHER_THING, NULL);
	else
		wb_refuse(d, WB_NOT_FOUND, "ticketId");
	return NULL;
}

const Ticket *ticket_in_round(struct wb_decision *d, ProtobufCBinaryData id, uint32_t round, const char *purpose)
{
	const Ticket *t = visible_ticket(d, id, purpose);
	if (!t)
		return NULL;
	if (t->round == round && (!d->who->has_link_round || d->who->link_round == 0 || d->who->link_round == round))
		return t;
	wb_refuse(d, round > t->round ? WB_FIELD_INVALID : WB_ROUND_PAST, "round");
	return NULL;
}

const Ticket *open_ticket(struct wb_decision *d, ProtobufCBinaryData id, uint32_t round, const char *purpose)
{
	const Ticket *t = ticket_in_round(d, id, round, purpose);
	if (!t || ticket_open(t))
		return t;
	wb_refuse(d, WB_TICKET_NOT_OPEN, NULL);
	return NULL;
}

Weibao__V1__Personal *ticket_text(struct wb_decision *d, const Ticket *t, const Weibao__V1__Personal *p)
{
	struct wb_id subject = wb_id_of_field(t->direct_user_id), ticket = wb_id_of_field(t->ticket_id);
	if (!p)
		return NULL;
	return wb_personal_text(p) ? wb_personal(d->arena, subject, ticket, wb_personal_text(p))
	                           : wb_personal_carry(d->arena, d->tenant, p, subject, ticket);
}

/* ---- people and devices ---- */

bool telephones_of(struct wb_decision *d, Weibao__V1__TelephoneEntry *const *entries, size_t n, struct wb_id contact,
        const char *path, Weibao__V1__Telephone ***ret)
{
	const struct wb_id none = {{0}};
	if (n > INTAKE_TELEPHONES) {
		wb_refuse(d, WB_FIELD_TOO_LONG, path);
		return false;
	}
	Weibao__V1__Telephone **all = WB_ARENA_ARRAY(d->arena, Weibao__V1__Telephone *, n + 1);
	for (size_t i = 0; all && i < n; i++) {
		const Weibao__V1__TelephoneEntry *e = entries[i];
		if (!need_personal(d, e->number, 30, path_at(d, path, i, "number")) ||
		        !personal_fits(d, e->extension, 10, path_at(d, path, i, "extension")))
			return false;
		all[i] = WB_ARENA_NEW(d->arena, Weibao__V1__Telephone);
		if (!all[i])
			return false;
		weibao__v1__telephone__init(all[i]);
		all[i]->number = wb_personal(d->arena, contact, none, wb_personal_text(e->number));
		all[i]->extension = wb_personal(d->arena, contact, none, wb_personal_text(e->extension));
	}
	*ret = all;
	return all != NULL;
}

static bool detail_fits(struct wb_decision *d, const char *s, const char *base, const char *name)
{
	return text_fits(d, s, INTAKE_NAME_CHARS, wb_arena_fmt(d->arena, "%s.%s", base, name));
}

bool details_fit(struct wb_decision *d, const Weibao__V1__DeviceDetails *x, const char *base)
{
	return detail_fits(d, x->device_type, base, "deviceType") && detail_fits(d, x->model, base, "model") &&
	       detail_fits(d, x->serial, base, "serial") && detail_fits(d, x->asset_number, base, "assetNumber") &&
	       detail_fits(d, x->os, base, "os") && detail_fits(d, x->vendor, base, "vendor") &&
	       date_fits(d, x->purchased_on, wb_arena_fmt(d->arena, "%s.purchasedOn", base)) &&
	       date_fits(d, x->warranty_until, wb_arena_fmt(d->arena, "%s.warrantyUntil", base));
}

bool serial_free(struct wb_decision *d, const char *serial, struct wb_id but, const char *path)
{
	struct wb_id holder;
	if (!serial || !serial_holder(d->db, d->tenant, serial, d->arena, &holder) || wb_id_equal(holder, but))
		return true;
	wb_refuse(d, WB_SERIAL_TAKEN, path);
	return false;
}

void emit_contact(struct wb_decision *d, struct wb_id id, struct wb_id office, const Weibao__V1__Personal *name,
        Weibao__V1__Telephone **telephones, size_t n_telephones, const Weibao__V1__Personal *email)
{
	const struct wb_id none = {{0}};
	NEW(d, Weibao__V1__ContactRegistered, weibao__v1__contact_registered__init, e);
	e->contact_id = wb_field_of_id(d->arena, id);
	e->office_id = wb_field_of_id(d->arena, office);
	e->name = wb_personal(d->arena, id, none, wb_personal_text(name));
	e->telephones = telephones;
	e->n_telephones = n_telephones;
	e->email = wb_personal(d->arena, id, none, wb_personal_text(email));
	wb_emit(d, "contact", id, &e->base);
}

void emit_device(struct wb_decision *d, struct wb_id id, const Weibao__V1__DeviceDetails *details,
        const struct wb_id *office, const struct wb_id *user)
{
	NEW(d, Weibao__V1__DeviceRegistered, weibao__v1__device_registered__init, e);
	e->device_id = wb_field_of_id(d->arena, id);
	e->details = (Weibao__V1__DeviceDetails *)(uintptr_t)details;
	e->has_office_id = office != NULL;
	if (office)
		e->office_id = wb_field_of_id(d->arena, *office);
	e->has_user_id = user != NULL;
	if (user)
		e->user_id = wb_field_of_id(d->arena, *user);
	wb_emit(d, "device", id, &e->base);
}
