/* The runtime in a cell of one process: acceptance, repeats, to-dos, sealing, gaps, kills. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/simcell.h"
#include "service/endpoints.h"
#include "tests/harness/toy.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "wire/unpack.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define START INT64_C(1790000000000000)

struct world {
	char dir[64];
	struct simcell *cell;
	struct wb_arena arena;
};

static const struct wb_service *const both[] = {&toy_service, &toy_peer_service};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static void open_cell(struct world *w)
{
	const struct simcell_options o = {
	        .dir = w->dir, .services = both, .n_services = 2, .start_us = START, .seed = 7, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-sim-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	wb_arena_init(&w->arena, (size_t)256 << 20);
	open_cell(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	simcell_close(w->cell);
	wb_arena_done(&w->arena);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

static Weibao__V1__Request request_of(struct world *w, const ProtobufCMessage *m, struct wb_id id)
{
	static Weibao__V1__Principal who;
	static Weibao__V1__Role role = WEIBAO__V1__ROLE__ROLE_PRINCIPAL;
	static uint8_t account[16] = {1};
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	struct wb_bytes body;
	weibao__v1__principal__init(&who);
	who.account_id = (ProtobufCBinaryData){16, account};
	who.home = (char *)(uintptr_t) "provider";
	who.roles = &role;
	who.n_roles = 1;
	assert_int_equal(wb_pack(m, &w->arena, &body), WB_OK);
	q.operation = (char *)(uintptr_t)m->descriptor->short_name;
	q.tenant = (char *)(uintptr_t) "acme";
	q.principal = &who;
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	if (!wb_id_is_zero(id)) {
		q.has_command_id = true;
		q.command_id = wb_field_of_id(&w->arena, id);
	}
	return q;
}

static const Weibao__V1__Reply *ask(struct world *w, const char *service, const ProtobufCMessage *m, struct wb_id id)
{
	Weibao__V1__Request q = request_of(w, m, id);
	const Weibao__V1__Reply *r = simcell_call(w->cell, service, &q, 20 * SECOND, &w->arena);
	assert_non_null(r);
	return r;
}

static const Weibao__V1__Reply *rename_to(struct world *w, const char *name, struct wb_id id)
{
	Weibao__V1__TenantRenamed c = WEIBAO__V1__TENANT_RENAMED__INIT;
	c.name = (char *)(uintptr_t)name;
	return ask(w, "intake", &c.base, id);
}

static const Weibao__V1__Reply *note(
        struct world *w, const char *service, struct wb_id ticket, const char *text, struct wb_id id)
{
	Weibao__V1__TicketNoteAdded c = WEIBAO__V1__TICKET_NOTE_ADDED__INIT;
	Weibao__V1__Personal p = WEIBAO__V1__PERSONAL__INIT;
	uint8_t none[16] = {0};
	p.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p.plain = (char *)(uintptr_t)text;
	c.ticket_id = wb_field_of_id(&w->arena, ticket);
	c.note_id = (ProtobufCBinaryData){16, none};
	c.text = &p;
	return ask(w, service, &c.base, id);
}

static const char *read_note(struct world *w, const char *service, struct wb_id ticket)
{
	Weibao__V1__ContactLeft q = WEIBAO__V1__CONTACT_LEFT__INIT;
	ProtobufCMessage *m;
	q.contact_id = wb_field_of_id(&w->arena, ticket);
	const Weibao__V1__Reply *r = ask(w, service, &q.base, (struct wb_id){{0}});
	assert_int_equal(r->status, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK);
	assert_int_equal(wb_unpack(&weibao__v1__ticket_note_added__descriptor,
	                         (struct wb_bytes){r->body.data, r->body.len}, &w->arena, &wb_unpack_record, &m),
	        WB_OK);
	const Weibao__V1__TicketNoteAdded *e = (const Weibao__V1__TicketNoteAdded *)m;
	return e->text->value_case == WEIBAO__V1__PERSONAL__VALUE_PLAIN ? e->text->plain : NULL;
}

#define OK(r)                                                                                                          \
	do {                                                                                                           \
		if ((r)->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK)                                          \
			fail_msg("status %d, code %s", (int)(r)->status, (r)->code ? (r)->code : "-");                 \
	} while (0)

static void accepts_and_repeats(void **state)
{
	struct world *w = *state;
	struct wb_id id = simcell_new_id(w->cell);
	const Weibao__V1__Reply *first = rename_to(w, "one", id);
	OK(first);
	assert_int_equal(first->version, 1);
	const Weibao__V1__Reply *again = rename_to(w, "one", id);
	OK(again);
	assert_null(again->code);
	assert_int_equal(again->position, first->position);
	assert_int_equal(again->body.len, first->body.len);
	assert_memory_equal(again->body.data, first->body.data, first->body.len);
	/* the same id with another command */
	const Weibao__V1__Reply *other = rename_to(w, "two", id);
	assert_int_equal(other->status, WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED);
	assert_string_equal(other->code, "COMMAND_ID_REUSED");
	/* nothing to do */
	const Weibao__V1__Reply *same = rename_to(w, "one", simcell_new_id(w->cell));
	OK(same);
	assert_string_equal(same->code, "ALREADY_SO");
	/* after a restart of everything that answers */
	assert_int_equal(simcell_kill(w->cell, "intake"), WB_OK);
	simcell_advance(w->cell, SECOND);
	assert_true(simcell_ready(w->cell));
	again = rename_to(w, "one", id);
	OK(again);
	assert_memory_equal(again->body.data, first->body.data, first->body.len);
}

static void if_match_is_checked(void **state)
{
	struct world *w = *state;
	Weibao__V1__TenantRenamed c = WEIBAO__V1__TENANT_RENAMED__INIT;
	OK(rename_to(w, "one", simcell_new_id(w->cell)));
	c.name = (char *)(uintptr_t) "two";
	Weibao__V1__Request q = request_of(w, &c.base, simcell_new_id(w->cell));
	q.has_if_version = true;
	q.if_version = 9;
	const Weibao__V1__Reply *r = simcell_call(w->cell, "intake", &q, SECOND, &w->arena);
	assert_non_null(r);
	assert_string_equal(r->code, "VERSION_MISMATCH");
	q.if_version = 1;
	r = simcell_call(w->cell, "intake", &q, SECOND, &w->arena);
	assert_non_null(r);
	OK(r);
	assert_int_equal(r->version, 2);
}

static void seals_and_reacts(void **state)
{
	struct world *w = *state;
	struct wb_id ticket = simcell_new_id(w->cell);
	OK(note(w, "intake", ticket, "主机不启动", simcell_new_id(w->cell)));
	assert_string_equal(read_note(w, "intake", ticket), "主机不启动");
	/* another service asks the keyring for the key */
	assert_string_equal(read_note(w, "dispatch", ticket), "主机不启动");
	simcell_advance(w->cell, 2 * SECOND);
	struct wb_runtime_stats s;
	wb_runtime_stats(simcell_runtime(w->cell, "intake"), &s);
	assert_int_equal(s.todos, 0); /* the to-do was done: TicketVerified */
	assert_int_equal(s.todos_done, 1);
}

static void another_service_gets_a_key_made(void **state)
{
	struct world *w = *state;
	struct wb_id ticket = simcell_new_id(w->cell);
	OK(note(w, "dispatch", ticket, "from the peer", simcell_new_id(w->cell)));
	assert_string_equal(read_note(w, "intake", ticket), "from the peer");
}

static void a_final_refusal_ends_a_todo(void **state)
{
	struct world *w = *state;
	OK(rename_to(w, "doom", simcell_new_id(w->cell)));
	simcell_advance(w->cell, 3 * SECOND);
	struct wb_runtime_stats s;
	wb_runtime_stats(simcell_runtime(w->cell, "intake"), &s);
	assert_int_equal(s.todos, 0);
	assert_int_equal(s.todos_ended, 1);
}

static uint64_t next(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return *state >> 33;
}

/* Kills and a bad transport all the way; what was acknowledged is there once, rebuilds are equal. */
static void survives(struct world *w, unsigned seed)
{
	struct simcell_faults faults = {100, 100, 100, 60};
	struct wb_id ids[40];
	char text[32];
	uint64_t random = seed;
	simcell_faults(w->cell, faults);
	for (unsigned i = 0; i < 40; i++) {
		ids[i] = simcell_new_id(w->cell);
		(void)snprintf(text, sizeof text, "note %u", i);
		struct wb_id id = simcell_new_id(w->cell);
		const Weibao__V1__Reply *r;
		unsigned tries = 0;
		do {
			Weibao__V1__TicketNoteAdded c = WEIBAO__V1__TICKET_NOTE_ADDED__INIT;
			Weibao__V1__Personal p = WEIBAO__V1__PERSONAL__INIT;
			uint8_t none[16] = {0};
			p.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
			p.plain = text;
			c.ticket_id = wb_field_of_id(&w->arena, ids[i]);
			c.note_id = (ProtobufCBinaryData){16, none};
			c.text = &p;
			Weibao__V1__Request q = request_of(w, &c.base, id);
			r = simcell_call(w->cell, "intake", &q, SECOND, &w->arena);
			if (next(&random) % 4 == 0)
				assert_int_equal(
				        simcell_kill(w->cell, next(&random) % 2 ? "intake" : "dispatch"), WB_OK);
			if (next(&random) % 9 == 0)
				assert_int_equal(simcell_kill_journal(w->cell), WB_OK);
		} while ((!r || r->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK) && ++tries < 200);
		assert_true(tries < 200);
	}
	simcell_faults(w->cell, (struct simcell_faults){0, 0, 0, 0});
	simcell_advance(w->cell, 90 * SECOND);
	assert_true(simcell_ready(w->cell));
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(text, sizeof text, "note %u", i);
		assert_string_equal(read_note(w, "intake", ids[i]), text);
		assert_string_equal(read_note(w, "dispatch", ids[i]), text);
	}
	struct wb_runtime_stats s;
	wb_runtime_stats(simcell_runtime(w->cell, "intake"), &s);
	assert_int_equal(s.todos, 0);
	/* epochs, 40 notes and 40 reactions: each exactly once */
	struct wb_arena a;
	wb_arena_init(&a, (size_t)64 << 20);
	struct wb_journal_reader *reader;
	struct wb_journal_page page;
	unsigned notes = 0, verified = 0;
	assert_int_equal(wb_journal_reader_open(simcell_journal(w->cell), &reader), WB_OK);
	const struct wb_journal_query q = {.from = 1, .limit = 2000};
	assert_int_equal(wb_journal_read(reader, &q, &a, &page), WB_OK);
	for (size_t i = 0; i < page.count; i++) {
		struct wb_record rec = {page.records[i].position, page.records[i].record};
		struct wb_event ev;
		assert_int_equal(wb_event_open(&rec, &a, &ev), WB_OK);
		notes += strcmp(ev.type, "TicketNoteAdded") == 0;
		verified += strcmp(ev.type, "TicketVerified") == 0;
	}
	assert_int_equal(notes, 40);
	assert_int_equal(verified, 40);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(simcell_refold(w->cell, both[i]->name), WB_OK);
	wb_journal_reader_close(reader);
	wb_arena_done(&a);
}

static void survives_kills_and_a_bad_transport(void **state)
{
	survives(*state, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(accepts_and_repeats, setup, teardown),
	        cmocka_unit_test_setup_teardown(if_match_is_checked, setup, teardown),
	        cmocka_unit_test_setup_teardown(seals_and_reacts, setup, teardown),
	        cmocka_unit_test_setup_teardown(another_service_gets_a_key_made, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_final_refusal_ends_a_todo, setup, teardown),
	        cmocka_unit_test_setup_teardown(survives_kills_and_a_bad_transport, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
