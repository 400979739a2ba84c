/*
 * Random commands of a hundred kinds of mistakes against a small registry: whatever was accepted, the indexes say what
 * the rows say, the offices stay a tree, a serial is held once, and no ticket number is given twice. Each seed refolds
 * its log at the end (bed_close).
 */
#include "tests/unit/intake_kit.h"

#include <stdlib.h>
#include <string.h>

#define SEEDS 24
#define STEPS 250
#define POOL 12

struct walk {
	struct intake_world *w;
	struct wb_id offices[POOL], contacts[POOL], devices[POOL], tickets[POOL];
	size_t n_offices, n_contacts, n_devices, n_tickets;
	char numbers[STEPS][32];
	size_t n_numbers;
	uint64_t random;
	size_t accepted;
};

static uint32_t below(struct walk *k, uint32_t n)
{
	k->random ^= k->random << 13;
	k->random ^= k->random >> 7;
	k->random ^= k->random << 17;
	return (uint32_t)((k->random >> 20) % n);
}

/* One of the pool, sometimes one that is not there. */
static ProtobufCBinaryData pick(struct walk *k, const struct wb_id *pool, size_t n)
{
	if (n == 0 || below(k, 40) == 0)
		return idf(k->w, bed_id("nothing"));
	return idf(k->w, pool[below(k, (uint32_t)n)]);
}

/* New things take the place of old ones once the pool is full. */
static void keep(struct walk *k, struct wb_id *pool, size_t *n, ProtobufCBinaryData id)
{
	if (*n < POOL)
		pool[(*n)++] = wb_id_of_field(id);
	else
		pool[below(k, POOL)] = wb_id_of_field(id);
}

static char *serial(struct walk *k)
{
	static const char *const some[] = {"A-1", "a-1", "A -1", "A-2", "A-3", "B", "C", "D", "E", "F"};
	return (char *)(uintptr_t)some[below(k, 10)];
}

#define OFFICE pick(k, k->offices, k->n_offices)
#define CONTACT pick(k, k->contacts, k->n_contacts)
#define DEVICE pick(k, k->devices, k->n_devices)
#define TICKET pick(k, k->tickets, k->n_tickets)
#define MADE(type) ((const Weibao__V1__##type *)bed_event(k->w->b, 0))

static bool ok(struct walk *k)
{
	bool accepted = !bed_refusal(k->w->b) && bed_events(k->w->b) > 0;
	k->accepted += accepted;
	return accepted;
}

static void step_office(struct walk *k)
{
	Weibao__V1__RegisterOffice add = WEIBAO__V1__REGISTER_OFFICE__INIT;
	Weibao__V1__ChangeOffice change = WEIBAO__V1__CHANGE_OFFICE__INIT;
	Weibao__V1__MergeOffices merge = WEIBAO__V1__MERGE_OFFICES__INIT;
	Weibao__V1__CloseOffice end = WEIBAO__V1__CLOSE_OFFICE__INIT;
	add.name = change.name = (char *)(uintptr_t) "处";
	switch (below(k, 6)) {
	case 0:
	case 1:
		add.has_parent_id = below(k, 3) > 0;
		add.parent_id = OFFICE;
		WHEN(k->w, add);
		if (ok(k))
			keep(k, k->offices, &k->n_offices, MADE(OfficeRegistered)->office_id);
		break;
	case 2:
	case 3:
		change.office_id = OFFICE;
		change.has_parent_id = below(k, 4) > 0;
		change.parent_id = OFFICE;
		WHEN(k->w, change);
		break;
	case 4:
		merge.office_id = OFFICE;
		merge.into_id = OFFICE;
		WHEN(k->w, merge);
		break;
	default:
		end.office_id = OFFICE;
		WHEN(k->w, end);
		break;
	}
}

static void step_contact(struct walk *k)
{
	Weibao__V1__RegisterContact add = WEIBAO__V1__REGISTER_CONTACT__INIT;
	Weibao__V1__ChangeContact change = WEIBAO__V1__CHANGE_CONTACT__INIT;
	Weibao__V1__MergeContacts merge = WEIBAO__V1__MERGE_CONTACTS__INIT;
	Weibao__V1__LeaveContact leave = WEIBAO__V1__LEAVE_CONTACT__INIT;
	add.name = change.name = text(k->w, "某人");
	switch (below(k, 5)) {
	case 0:
	case 1:
		add.office_id = OFFICE;
		WHEN(k->w, add);
		if (ok(k))
			keep(k, k->contacts, &k->n_contacts, MADE(ContactRegistered)->contact_id);
		break;
	case 2:
		change.contact_id = CONTACT;
		change.office_id = OFFICE;
		WHEN(k->w, change);
		break;
	case 3:
		merge.contact_id = CONTACT;
		merge.into_id = CONTACT;
		WHEN(k->w, merge);
		break;
	default:
		leave.contact_id = CONTACT;
		WHEN(k->w, leave);
		break;
	}
}

static void device_made(struct walk *k)
{
	Weibao__V1__RegisterDevice add = WEIBAO__V1__REGISTER_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	details.serial = below(k, 5) ? serial(k) : NULL;
	add.details = &details;
	add.has_office_id = below(k, 3) > 0;
	add.office_id = OFFICE;
	add.has_user_id = below(k, 2) > 0;
	add.user_id = CONTACT;
	WHEN(k->w, add);
	if (ok(k))
		keep(k, k->devices, &k->n_devices, MADE(DeviceRegistered)->device_id);
}

static void step_device(struct walk *k)
{
	Weibao__V1__MoveDevice move = WEIBAO__V1__MOVE_DEVICE__INIT;
	Weibao__V1__ReplaceDeviceSerial replace = WEIBAO__V1__REPLACE_DEVICE_SERIAL__INIT;
	Weibao__V1__RetireDevice retire = WEIBAO__V1__RETIRE_DEVICE__INIT;
	Weibao__V1__ReinstateDevice back = WEIBAO__V1__REINSTATE_DEVICE__INIT;
	Weibao__V1__MergeDevices merge = WEIBAO__V1__MERGE_DEVICES__INIT;
	switch (below(k, 8)) {
	case 0:
		move.device_id = DEVICE;
		move.office_id = OFFICE;
		WHEN(k->w, move);
		break;
	case 1:
		replace.device_id = DEVICE;
		replace.new_serial = serial(k);
		replace.reason = (char *)(uintptr_t) "换主板";
		WHEN(k->w, replace);
		break;
	case 2:
		retire.device_id = DEVICE;
		retire.reason = (char *)(uintptr_t) "报废";
		WHEN(k->w, retire);
		break;
	case 3:
		back.device_id = DEVICE;
		WHEN(k->w, back);
		break;
	case 4:
		merge.device_id = DEVICE;
		merge.into_id = DEVICE;
		WHEN(k->w, merge);
		break;
	default:
		device_made(k);
		break;
	}
}

static void ticket_made(struct walk *k)
{
	Weibao__V1__ReportFault c = report(k->w);
	c.office_id = OFFICE;
	c.caller_id = CONTACT;
	c.has_direct_user_id = below(k, 2) > 0;
	c.direct_user_id = CONTACT;
	c.has_device_id = below(k, 2) > 0;
	c.device_id = DEVICE;
	c.despite_duplicates = below(k, 2) > 0;
	WHEN(k->w, c);
	if (!ok(k))
		return;
	const Weibao__V1__TicketReported *e = MADE(TicketReported);
	keep(k, k->tickets, &k->n_tickets, e->ticket_id);
	for (size_t i = 0; i < k->n_numbers; i++)
		assert_string_not_equal(k->numbers[i], e->number);
	strncpy(k->numbers[k->n_numbers++], e->number, sizeof k->numbers[0] - 1);
}

static void step_ticket(struct walk *k)
{
	Weibao__V1__CancelTicket cancel = WEIBAO__V1__CANCEL_TICKET__INIT;
	Weibao__V1__LinkTicket link = WEIBAO__V1__LINK_TICKET__INIT;
	Weibao__V1__CorrectDevice correct = WEIBAO__V1__CORRECT_DEVICE__INIT;
	Weibao__V1__SolveByPhone solve = WEIBAO__V1__SOLVE_BY_PHONE__INIT;
	Weibao__V1__CloseTicket end = WEIBAO__V1__CLOSE_TICKET__INIT;
	Weibao__V1__ReopenTicket reopen = WEIBAO__V1__REOPEN_TICKET__INIT;
	cancel.ticket_id = link.ticket_id = correct.ticket_id = solve.ticket_id = end.ticket_id = reopen.ticket_id =
	        TICKET;
	cancel.round = link.round = correct.round = solve.round = end.round = reopen.round = 1 + below(k, 2);
	cancel.reason = solve.steps = reopen.reason = text(k->w, "如此");
	switch (below(k, 9)) {
	case 0:
		WHEN(k->w, cancel);
		break;
	case 1:
		link.to_ticket_id = TICKET;
		WHEN(k->w, link);
		break;
	case 2:
		correct.device_id = DEVICE;
		WHEN(k->w, correct);
		break;
	case 3:
		WHEN(k->w, solve);
		break;
	case 4:
		end.reason = WEIBAO__V1__CLOSE_REASON__CLOSE_REASON_FOLLOWED_UP;
		as_system(k->w);
		WHEN(k->w, end);
		as_lead(k->w);
		break;
	case 5:
		WHEN(k->w, reopen);
		break;
	default:
		ticket_made(k);
		break;
	}
}

/* ---- what must hold ---- */

typedef void visit_fn(struct walk *k, struct wb_txn *db, struct wb_arena *a, struct wb_id id, size_t *indexed);

static void each(struct walk *k, struct wb_txn *db, const struct wb_table *table, visit_fn *visit, size_t *indexed)
{
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_scan scan;
	struct wb_id id;
	intake_key(&prefix, ACME);
	wb_scan_prefix(&scan, db, table, &prefix);
	while (wb_scan_next(&scan, &key, NULL)) {
		struct wb_arena a;
		wb_arena_init(&a, 1 << 20);
		assert_true(wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &id));
		visit(k, db, &a, id, indexed);
		wb_arena_done(&a);
	}
	wb_scan_done(&scan);
}

static void expect(struct wb_txn *db, const struct wb_table *table, struct wb_id first, struct wb_id second, bool there,
        size_t *indexed)
{
	struct wb_key key;
	intake_key_ids(&key, ACME, first, second);
	assert_int_equal(wb_has(db, table, &key), there);
	*indexed += there;
}

static void check_office(struct walk *k, struct wb_txn *db, struct wb_arena *a, struct wb_id id, size_t *indexed)
{
	const Office *row = office_get(db, ACME, id, a);
	bool open = !row->closed && !row->has_merged_into_id;
	struct wb_id parent = row->has_parent_id ? wb_id_of_field(row->parent_id) : (struct wb_id){{0}};
	unsigned depth = 0;
	(void)k;
	expect(db, &intake_offices_below_table, parent, id, open, indexed);
	for (const Office *up = row; open && up && up->has_parent_id; depth++) {
		assert_true(depth < 200); /* a tree: the way up ends */
		up = office_now(db, ACME, wb_id_of_field(up->parent_id), a);
		assert_true(up && !up->closed);
	}
}

static void check_contact(struct walk *k, struct wb_txn *db, struct wb_arena *a, struct wb_id id, size_t *indexed)
{
	const Contact *row = contact_get(db, ACME, id, a);
	(void)k;
	expect(db, &intake_contacts_by_office_table, wb_id_of_field(row->office_id), id,
	        !row->left && !row->has_merged_into_id, indexed);
	assert_non_null(contact_now(db, ACME, id, a));
}

static void check_device(struct walk *k, struct wb_txn *db, struct wb_arena *a, struct wb_id id, size_t *indexed)
{
	const Device *row = device_get(db, ACME, id, a);
	bool in_use = !row->retired && !row->has_merged_into_id;
	struct wb_id office = row->has_office_id ? wb_id_of_field(row->office_id) : (struct wb_id){{0}}, holder;
	(void)k;
	expect(db, &intake_devices_by_office_table, office, id, in_use, indexed);
	if (!row->details->serial)
		return;
	bool held = serial_holder(db, ACME, row->details->serial, a, &holder);
	if (in_use)
		assert_true(held && wb_id_equal(holder, id)); /* so two in use never have one serial */
	else
		assert_true(!held || !wb_id_equal(holder, id));
}

static void check_ticket(struct walk *k, struct wb_txn *db, struct wb_arena *a, struct wb_id id, size_t *indexed)
{
	const Ticket *row = ticket_get(db, ACME, id, a);
	struct wb_id caller = wb_id_of_field(row->caller_id), user = wb_id_of_field(row->direct_user_id);
	size_t other = 0;
	(void)k;
	expect(db, &intake_open_by_contact_table, caller, id, ticket_open(row), indexed);
	expect(db, &intake_open_by_contact_table, user, id, ticket_open(row),
	        wb_id_equal(caller, user) ? &other : indexed);
	if (row->has_device_id)
		expect(db, &intake_open_by_device_table, wb_id_of_field(row->device_id), id, ticket_open(row), &other);
}

static void check_all(struct walk *k)
{
	struct wb_txn *db;
	size_t n[4] = {0};
	assert_int_equal(wb_txn_read(bed_projection(k->w->b)->env, &db), WB_OK);
	each(k, db, &intake_offices_table, check_office, &n[0]);
	each(k, db, &intake_contacts_table, check_contact, &n[1]);
	each(k, db, &intake_devices_table, check_device, &n[2]);
	each(k, db, &intake_tickets_table, check_ticket, &n[3]);
	/* nothing else stands in the indexes */
	assert_int_equal(wb_rows(db, &intake_offices_below_table), n[0]);
	assert_int_equal(wb_rows(db, &intake_contacts_by_office_table), n[1]);
	assert_int_equal(wb_rows(db, &intake_devices_by_office_table), n[2]);
	assert_int_equal(wb_rows(db, &intake_open_by_contact_table), n[3]);
	assert_int_equal(wb_txn_error(db), WB_OK);
	wb_txn_abort(db);
}

static void indexes_say_what_the_rows_say(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		void *world;
		struct walk *k = calloc(1, sizeof *k);
		assert_int_equal(intake_world_setup(&world), 0);
		k->w = world;
		k->random = seed * UINT64_C(0x9E3779B97F4A7C15);
		k->offices[k->n_offices++] = k->w->office;
		k->contacts[k->n_contacts++] = k->w->contact;
		k->devices[k->n_devices++] = k->w->device;
		for (size_t i = 0; i < STEPS; i++) {
			switch (below(k, 4)) {
			case 0:
				step_office(k);
				break;
			case 1:
				step_contact(k);
				break;
			case 2:
				step_device(k);
				break;
			default:
				step_ticket(k);
				break;
			}
			bed_pass(k->w->b, WB_HOUR_US / 2);
			if (i % 25 == 24)
				check_all(k);
		}
		assert_true(k->accepted > 20); /* the walk goes somewhere */
		free(k);
		intake_world_teardown(&world);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(indexes_say_what_the_rows_say)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
