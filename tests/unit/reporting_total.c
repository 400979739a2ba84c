/* Reporting's fold is total: any event in any order, of things that are or are not there, and every query answers after
 * it. Refolded the dumps are equal (bed_close). */
#include "proto/registry.h"
#include "tests/unit/reporting_story.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <string.h>

#define ORDERS 12u

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && strcmp(s + n - m, end) == 0;
}

static bool is_id(const char *name)
{
	return strcmp(name, "id") == 0 || ends_with(name, "_id") || ends_with(name, "_ids");
}

/* Few values, so that events are about the same things. */
static uint32_t rolled;
static uint32_t roll(uint32_t below)
{
	rolled = rolled * 1664525u + 1013904223u;
	return (rolled >> 16) % below;
}

static ProtobufCMessage *filled(struct bed *b, const ProtobufCMessageDescriptor *d);

static void fill_bytes(struct bed *b, const ProtobufCFieldDescriptor *f, ProtobufCBinaryData *at)
{
	char name[80];
	uint8_t *ref = wb_arena_alloc(bed_arena(b), 20);
	if (strcmp(f->name, "ticket_id") == 0) {
		*at = bed_field(b, bed_id(roll(4) ? "t1" : "t2"));
	} else if (is_id(f->name)) {
		(void)snprintf(name, sizeof name, "%s%u", f->name, roll(3));
		*at = bed_field(b, bed_id(name));
	} else {
		*at = (ProtobufCBinaryData){20, ref};
	}
}

static void fill_one(struct bed *b, const ProtobufCFieldDescriptor *f, char *at)
{
	const ProtobufCEnumDescriptor *e = f->descriptor;
	int64_t time = bed_now(b) + (int64_t)roll(100) * WB_MINUTE_US;
	uint64_t large = roll(1000);
	uint32_t small = 1 + roll(3);
	protobuf_c_boolean yes = roll(2) == 0;
	switch (f->type) {
	case PROTOBUF_C_TYPE_MESSAGE:
		*(ProtobufCMessage **)(void *)at = filled(b, f->descriptor);
		break;
	case PROTOBUF_C_TYPE_STRING:
		*(char **)(void *)at = wb_arena_fmt(bed_arena(b), "%s%u", f->name, roll(2));
		break;
	case PROTOBUF_C_TYPE_BYTES:
		fill_bytes(b, f, (ProtobufCBinaryData *)(void *)at);
		break;
	case PROTOBUF_C_TYPE_ENUM:
		*(int *)(void *)at = e->values[1 + roll((uint32_t)e->n_values - 1)].value;
		break;
	case PROTOBUF_C_TYPE_BOOL:
		memcpy(at, &yes, sizeof yes);
		break;
	case PROTOBUF_C_TYPE_SFIXED64:
		memcpy(at, &time, sizeof time);
		break;
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_FIXED64:
		memcpy(at, &large, sizeof large);
		break;
	case PROTOBUF_C_TYPE_INT32:
	case PROTOBUF_C_TYPE_SINT32:
	case PROTOBUF_C_TYPE_SFIXED32:
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_FIXED32:
		memcpy(at, &small, sizeof small);
		break;
	case PROTOBUF_C_TYPE_FLOAT:
	case PROTOBUF_C_TYPE_DOUBLE:
		fail_msg("%s: a number of that kind is never in an event", f->name);
	}
}

static ProtobufCMessage *filled(struct bed *b, const ProtobufCMessageDescriptor *d)
{
	if (d == &weibao__v1__personal__descriptor)
		return &bed_personal(b, "某人")->base;
	ProtobufCMessage *m = wb_message_new(d, bed_arena(b));
	assert_non_null(m);
	for (unsigned i = 0; i < d->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &d->fields[i];
		char *base = (char *)m;
		if (f->label == PROTOBUF_C_LABEL_OPTIONAL && roll(3) == 0)
			continue;
		if (f->label == PROTOBUF_C_LABEL_REPEATED) {
			char *one = wb_arena_alloc(bed_arena(b), 32);
			*(size_t *)(void *)(base + f->quantifier_offset) = 1;
			*(char **)(void *)(base + f->offset) = one;
			fill_one(b, f, one);
			continue;
		}
		if (f->label == PROTOBUF_C_LABEL_OPTIONAL && f->type != PROTOBUF_C_TYPE_MESSAGE &&
		        f->type != PROTOBUF_C_TYPE_STRING)
			*(protobuf_c_boolean *)(void *)(base + f->quantifier_offset) = 1;
		fill_one(b, f, base + f->offset);
	}
	return m;
}

/* An event of that type in a stream as its service would name it. */
static void given_any(struct bed *b, const struct wb_evolve_def *def)
{
	const struct wb_message_type *t = wb_message_type_find(def->event_type);
	static const char *const of_ticket[] = {"ticket", "visits", "clocks", "survey"};
	assert_non_null(t);
	const ProtobufCMessage *m = filled(b, t->descriptor);
	const ProtobufCFieldDescriptor *first = &t->descriptor->fields[0];
	struct wb_id id = bed_id("thing");
	const char *kind = "thing";
	if (strcmp(first->name, "ticket_id") == 0) {
		id = wb_id_of_field(*(const ProtobufCBinaryData *)(const void *)((const char *)m + first->offset));
		kind = of_ticket[roll(4)];
	} else if (is_id(first->name)) {
		id = wb_id_of_field(*(const ProtobufCBinaryData *)(const void *)((const char *)m + first->offset));
	}
	bed_given(b, ACME, kind, id, m);
}

static void ask_all(struct bed *b)
{
	Weibao__V1__GetTicket one = WEIBAO__V1__GET_TICKET__INIT;
	Weibao__V1__EngineerAgenda agenda = WEIBAO__V1__ENGINEER_AGENDA__INIT;
	Weibao__V1__ServiceRegister reg = WEIBAO__V1__SERVICE_REGISTER__INIT;
	Weibao__V1__Attainment attainment = WEIBAO__V1__ATTAINMENT__INIT;
	Weibao__V1__ListChanges changes = WEIBAO__V1__LIST_CHANGES__INIT;
	Weibao__V1__ListTickets list = WEIBAO__V1__LIST_TICKETS__INIT;
	Weibao__V1__SearchTickets search = WEIBAO__V1__SEARCH_TICKETS__INIT;
	Weibao__V1__History history = WEIBAO__V1__HISTORY__INIT;
	Weibao__V1__Board board = WEIBAO__V1__BOARD__INIT;
	Weibao__V1__Stuck stuck = WEIBAO__V1__STUCK__INIT;
	one.ticket_id = bed_field(b, bed_id("t1"));
	agenda.engineer_id = bed_field(b, bed_id("engineer_id1"));
	agenda.from_at = BED_START;
	agenda.until_at = BED_START + 30 * WB_DAY_US;
	reg.from_on = (char *)(uintptr_t) "2023-11-01";
	reg.until_on = (char *)(uintptr_t) "2023-12-01";
	attainment.month = (char *)(uintptr_t) "2023-11";
	search.text = (char *)(uintptr_t) "某人";
	const ProtobufCMessage *all[] = {&one.base, &agenda.base, &reg.base, &attainment.base, &changes.base,
	        &list.base, &search.base, &history.base, &board.base, &stuck.base};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		const ProtobufCMessage *m = bed_query(b, ACME, all[i]);
		struct wb_bytes packed;
		if (!m && strcmp(bed_refusal(b), "NOT_FOUND") != 0)
			fail_msg("%s: %s at %s", all[i]->descriptor->short_name, bed_refusal(b), bed_path(b));
		/* what is answered can be sent: nothing that is required is missing */
		if (m)
			assert_int_equal(wb_pack(m, bed_arena(b), &packed), WB_OK);
	}
}

/* ---- what the indexes say is what the rows say ---- */

static void check_value(const Weibao__V1__ReadTicketRow *row, uint8_t by, const uint8_t *value, size_t n)
{
	struct wb_id id = {{0}};
	bool found = false;
	if (n == WB_ID_BYTES)
		memcpy(id.b, value, n);
	switch ((enum dimension)by) {
	case BY_STAGE:
		assert_int_equal(value[0], row->stage);
		break;
	case BY_URGENCY:
		assert_int_equal(value[0], row->urgency);
		break;
	case BY_BREACHED:
		assert_int_equal(value[0], row->breaches > 0);
		break;
	case BY_DEVICE:
		assert_true(row->has_device_id); /* under the id of then and the one it was merged into */
		break;
	case BY_CATEGORY:
		assert_int_equal(n, strlen(row->category));
		assert_memory_equal(value, row->category, n);
		break;
	case BY_ENGINEER:
		for (size_t i = 0; i < row->n_engineer_ids; i++)
			found = found || wb_id_equal(wb_id_of_field(row->engineer_ids[i]), id);
		assert_true(found);
		break;
	case BY_ALL:
	case BY_OFFICE:
	case BY_CONTACT:
	case BY_COVERED:
		break; /* never changes */
	}
}

static void check_tickets(struct bed *b, struct wb_txn *txn)
{
	struct wb_bytes key, value;
	struct wb_scan scan;
	size_t of_stage = 0, engineers = 0, expected = 0;
	wb_scan_prefix(&scan, txn, &rp_ticket_index_table, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader r;
		char tenant[64], text[128];
		struct wb_id ticket = {{0}};
		uint8_t by = 0;
		int64_t at = 0;
		size_t n = 0;
		wb_key_reader_init(&r, key);
		assert_true(wb_key_read_text(&r, tenant, sizeof tenant, NULL) && wb_key_read_u8(&r, &by) &&
		            wb_key_read_text(&r, text, sizeof text, &n) && wb_key_read_i64(&r, &at) &&
		            wb_key_read_id(&r, &ticket) && wb_key_read_end(&r));
		const Weibao__V1__ReadTicketRow *row = rp_ticket_get(txn, tenant, ticket, bed_arena(b));
		assert_non_null(row);
		assert_int_equal(row->reported_at, at);
		check_value(row, by, (const uint8_t *)text, n);
		of_stage += by == BY_STAGE;
		engineers += by == BY_ENGINEER;
	}
	assert_int_equal(of_stage, wb_rows(txn, &rp_tickets_table));
	size_t due = 0;
	wb_scan_prefix(&scan, txn, &rp_tickets_table, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ReadTicketRow *row = (const Weibao__V1__ReadTicketRow *)wb_unpack_row(
		        txn, &rp_tickets_table, value, &weibao__v1__read_ticket_row__descriptor, bed_arena(b));
		struct wb_key k;
		expected += row->n_engineer_ids;
		if (!row->has_next_deadline_at)
			continue;
		due++;
		rp_due_key(&k, ACME, row->next_deadline_at, wb_id_of_field(row->ticket_id));
		assert_true(wb_has(txn, &rp_due_tickets_table, &k));
	}
	assert_int_equal(engineers, expected);
	assert_int_equal(due, wb_rows(txn, &rp_due_tickets_table));
}

static void check_clocks(struct bed *b, struct wb_txn *txn)
{
	struct wb_bytes key, value;
	struct wb_scan scan;
	size_t open = 0;
	wb_scan_prefix(&scan, txn, &rp_clocks_table, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ReadClockRow *c = (const Weibao__V1__ReadClockRow *)wb_unpack_row(
		        txn, &rp_clocks_table, value, &weibao__v1__read_clock_row__descriptor, bed_arena(b));
		bool frozen = c->has_frozen && c->frozen;
		struct wb_id ticket;
		struct wb_key k;
		if (!rp_clock_is_open(c))
			continue;
		open++;
		assert_true(wb_id_from_bytes(key.data + key.len - 2 * WB_ID_BYTES, WB_ID_BYTES, &ticket));
		rp_clock_open_key(&k, ACME, frozen, frozen ? (int64_t)c->remaining_us : c->deadline_at, ticket,
		        wb_id_of_field(c->clock_id));
		assert_true(wb_has(txn, &rp_clocks_open_table, &k));
	}
	assert_int_equal(open, wb_rows(txn, &rp_clocks_open_table));
	assert_int_equal(wb_rows(txn, &rp_clocks_table), wb_rows(txn, &rp_clocks_started_table));
}

static void check_indexes(struct bed *b)
{
	struct wb_txn *txn;
	assert_int_equal(wb_txn_read(bed_projection(b)->env, &txn), WB_OK);
	check_tickets(b, txn);
	check_clocks(b, txn);
	assert_int_equal(wb_txn_error(txn), WB_OK);
	wb_txn_abort(txn);
}

static void any_event_in_any_order(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= ORDERS; seed++) {
		struct bed *b = bed_open(&wb_reporting_service);
		rolled = seed;
		if (seed % 2) /* else: about things that nobody ever reported */
			given_ticket(b, ACME, "t1", "A-1", "ann");
		bed_cache(b);
		for (size_t i = 0; i < 3 * reporting_evolve_n; i++) {
			given_any(b, &reporting_evolve[roll((uint32_t)reporting_evolve_n)]);
			bed_pass(b, WB_MINUTE_US);
		}
		ask_all(b);
		check_indexes(b);
		bed_close(b);
	}
}

static void every_event_once_after_the_other(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	(void)state;
	rolled = 77;
	given_ticket(b, ACME, "t1", "A-1", "ann");
	bed_cache(b);
	for (size_t i = 0; i < 2 * reporting_evolve_n; i++)
		given_any(b, &reporting_evolve[i % reporting_evolve_n]);
	ask_all(b);
	check_indexes(b);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_event_in_any_order),
	        cmocka_unit_test(every_event_once_after_the_other),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
