/* What intake's decisions share: checks that refuse, and who may act on a ticket. All pure. */
#ifndef WB_INTAKE_DECIDE_H
#define WB_INTAKE_DECIDE_H
#include "base/clock.h"
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"

/* A message in the arena, or the function ends: the runtime sees that the arena is full. */
#define NEW(d, type, init_fn, name)                                                                                    \
	type *name = WB_ARENA_NEW((d)->arena, type);                                                                   \
	if (!name)                                                                                                     \
		return;                                                                                                \
	init_fn(name)

/* Turns of a command whose exclusive thing is named by an id field. */
#define TURNS_ON(name, type, kind, field)                                                                              \
	void intake_##name##_turns(struct wb_turns *t, const char *tenant, const void *command)                        \
	{                                                                                                              \
		const type *c = command;                                                                               \
		(void)tenant;                                                                                          \
		wb_turn_write(t, kind, wb_id_of_field(c->field));                                                      \
	}

/* Whoever takes a serial waits for the others of the tenant that do: two spellings may be one serial. */
void serials_turn(struct wb_turns *t);
/* The tenant's local date of now, YYYY-MM-DD. */
char *today_text(struct wb_decision *d, const char *zone);

/* ---- fields: false after a refusal ---- */
/* Some text, not only blanks, at most max characters. */
bool need_text(struct wb_decision *d, const char *s, size_t max, const char *path);
/* The same where it may be absent (NULL); an empty one is refused. */
bool text_fits(struct wb_decision *d, const char *s, size_t max, const char *path);
bool need_personal(struct wb_decision *d, const Weibao__V1__Personal *p, size_t max, const char *path);
bool personal_fits(struct wb_decision *d, const Weibao__V1__Personal *p, size_t max, const char *path);
bool need_date(struct wb_decision *d, const char *s, const char *path, int32_t *ret_day);
/* NULL is fine. */
bool date_fits(struct wb_decision *d, const char *s, const char *path);
/* JSON path «base[i]» or «base[i].rest». */
const char *path_at(struct wb_decision *d, const char *base, size_t i, const char *rest);

/* ---- things: NULL after a refusal ---- */
const Tenant *need_tenant(struct wb_decision *d);
/* What it is now (merged ones followed); closed, left, retired ones are refused. */
const Office *need_office(struct wb_decision *d, ProtobufCBinaryData id, const char *path);
const Contact *need_contact(struct wb_decision *d, ProtobufCBinaryData id, const char *path);
const Device *need_device(struct wb_decision *d, ProtobufCBinaryData id, const char *path);
/* The record itself, whatever became of it. */
const Office *any_office(struct wb_decision *d, ProtobufCBinaryData id, const char *path);
const Contact *any_contact(struct wb_decision *d, ProtobufCBinaryData id, const char *path);
const Device *any_device(struct wb_decision *d, ProtobufCBinaryData id, const char *path);

/* ---- who ---- */
bool is_staff(const struct wb_decision *d);
bool is_client(const struct wb_decision *d);
bool is_link(const struct wb_decision *d, const char *purpose, struct wb_id id);
/* The engineer or contact behind the account, else the account. */
struct wb_id who_person(const struct wb_decision *d);
/* Whether that contact (or what it was merged into) is the person behind the account. */
bool is_self(struct wb_decision *d, ProtobufCBinaryData contact);
/* Whether a client user is a part of the ticket: caller, on-site contact or direct user. */
bool is_own_ticket(struct wb_decision *d, const Ticket *t);

/* ---- tickets ---- */
/* The ticket for who may see it: staff, the client's representatives, a user's own, an engineer's, the link's; else
 * NOT_FOUND. purpose: that of a link, or NULL: none will do. */
const Ticket *visible_ticket(struct wb_decision *d, ProtobufCBinaryData id, const char *purpose);
/* The same in its present round (ROUND_PAST otherwise). */
const Ticket *ticket_in_round(struct wb_decision *d, ProtobufCBinaryData id, uint32_t round, const char *purpose);
/* The same, not ended either. */
const Ticket *open_ticket(struct wb_decision *d, ProtobufCBinaryData id, uint32_t round, const char *purpose);
/* Text about a ticket: under the direct user's key for this ticket. Sealed text of another is carried over. */
Weibao__V1__Personal *ticket_text(struct wb_decision *d, const Ticket *t, const Weibao__V1__Personal *p);
/* Telephones of a command sealed for a contact; false after a refusal. */
bool telephones_of(struct wb_decision *d, Weibao__V1__TelephoneEntry *const *entries, size_t n, struct wb_id contact,
        const char *path, Weibao__V1__Telephone ***ret);
/* Lengths, dates and protection of a device's details. */
bool details_fit(struct wb_decision *d, const Weibao__V1__DeviceDetails *x, const char *base);
/* Emits ContactRegistered / DeviceRegistered of a new id. */
void emit_contact(struct wb_decision *d, struct wb_id id, struct wb_id office, const Weibao__V1__Personal *name,
        Weibao__V1__Telephone **telephones, size_t n_telephones, const Weibao__V1__Personal *email);
void emit_device(struct wb_decision *d, struct wb_id id, const Weibao__V1__DeviceDetails *details,
        const struct wb_id *office, const struct wb_id *user);
/* Refuses unless no other device in use has that serial. but: a device that may. */
bool serial_free(struct wb_decision *d, const char *serial, struct wb_id but, const char *path);
#endif
