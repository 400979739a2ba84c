/* What an append is answered: versions, conditions, command ids, epochs, sizes, time. */
#include "journal_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static void the_first_record_is_the_incarnation(void **state)
{
	struct kit *k = *state;
	struct wb_journal_query q = {.from = 1, .limit = 10};
	struct wb_journal_page p;
	struct wb_record_view v;
	assert_int_equal(wb_journal_read(k->r, &q, &k->arena, &p), WB_OK);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.head, 1);
	assert_int_equal(wb_record_scan(p.records[0].record, &v), WB_OK);
	assert_true(wb_bytes_equal(v.event_type, wb_bytes_str("IncarnationStarted")));
	assert_true(wb_bytes_equal(v.tenant, wb_bytes_str("cell")));
	assert_int_equal(v.tenant_position, 1);
}

static void versions_are_checked(void **state)
{
	struct kit *k = *state;
	assert_int_equal(kit_epoch(k, "intake", 1, 0).outcome, OUT(OK));
	struct wb_journal_result r = kit_ticket(k, 1, 0);
	assert_int_equal(r.outcome, OUT(OK));
	assert_int_equal(r.position, 3);
	assert_int_equal(r.count, 1);
	assert_int_equal(kit_ticket(k, 1, 1).outcome, OUT(OK));
	r = kit_ticket(k, 1, 1);
	assert_int_equal(r.outcome, OUT(CONFLICT));
	assert_int_equal(r.version, 2);
	assert_true(wb_id_equal(r.stream_id, kit_id(1)));
	assert_int_equal(kit_ticket(k, 2, 5).outcome, OUT(CONFLICT));
	assert_int_equal(wb_journal_head(k->j), 4);
	assert_int_equal(k->feed.count, 0);
}

static void one_append_is_all_or_nothing(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	kit_event(k, a, "ticket", 1, 0, 10);
	kit_event(k, a, "ticket", 1, 1, 10);
	kit_event(k, a, "ticket", 2, 0, 10);
	kit_event(k, a, "ticket", 1, 1, 10); /* should be 2 */
	assert_int_equal(kit_send(k, a).outcome, OUT(CONFLICT));
	assert_int_equal(wb_journal_head(k->j), 2);
	a->events[3]->expected_version = 2;
	struct wb_journal_result r = kit_send(k, a);
	assert_int_equal(r.outcome, OUT(OK));
	assert_int_equal(r.count, 4);
	assert_int_equal(k->feed.count, 4);
	assert_int_equal(k->feed.first, 3);
	assert_int_equal(k->feed.complete_to, 6);
	assert_int_equal(kit_ticket(k, 1, 3).outcome, OUT(OK));
	assert_int_equal(kit_ticket(k, 2, 1).outcome, OUT(OK));
}

static void conditions_are_checked_across_tenants(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	(void)kit_tenant_ticket(k, "provider", 7, 0);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	kit_event(k, a, "ticket", 1, 0, 10);
	kit_condition(k, a, NULL, "visits", 1, 0);
	kit_condition(k, a, "provider", "ticket", 7, 0);
	struct wb_journal_result r = kit_send(k, a);
	assert_int_equal(r.outcome, OUT(CONFLICT));
	assert_int_equal(r.version, 1);
	assert_true(wb_bytes_equal(r.tenant, wb_bytes_str("provider")));
	a->conditions[1]->version = 1;
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
}

static void the_same_command_is_accepted_once(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	kit_event(k, a, "ticket", 1, 0, 10);
	kit_event(k, a, "ticket", 1, 1, 10);
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
	struct wb_journal_result r = kit_send(k, a);
	assert_int_equal(r.outcome, OUT(DUPLICATE));
	assert_int_equal(r.position, 3);
	assert_int_equal(r.count, 2);
	a->command_digest.data[0] ^= 1;
	assert_int_equal(kit_send(k, a).outcome, OUT(OTHER));
	a->command_digest.data[0] ^= 1;
	kit_crash(k);
	kit_open(k);
	r = kit_send(k, a);
	assert_int_equal(r.outcome, OUT(DUPLICATE));
	assert_int_equal(r.position, 3);
	assert_int_equal(r.count, 2);
}

static void a_batch_sees_itself(void **state)
{
	struct kit *k = *state;
	struct wb_journal_result r[5];
	(void)kit_epoch(k, "intake", 1, 0);
	Weibao__V1__Append *a[5];
	for (size_t i = 0; i < 5; i++) {
		a[i] = kit_append(k, "intake", 1, i == 4 ? "beta" : "acme");
		kit_event(k, a[i], "ticket", 1, i < 2 ? i : 0, 10);
	}
	a[2]->command_id = a[0]->command_id; /* a retry in the same batch */
	assert_int_equal(wb_journal_append(k->j, (const Weibao__V1__Append *const *)a, 5, r, &k->feed), WB_OK);
	assert_int_equal(r[0].outcome, OUT(OK));
	assert_int_equal(r[1].outcome, OUT(OK));
	assert_int_equal(r[2].outcome, OUT(DUPLICATE));
	assert_int_equal(r[2].position, r[0].position);
	assert_int_equal(r[3].outcome, OUT(CONFLICT));
	assert_int_equal(r[3].version, 2);
	assert_int_equal(r[4].outcome, OUT(OK));
	assert_int_equal(k->feed.count, 3);
	struct wb_record_view v;
	assert_int_equal(wb_record_scan(k->feed.records[2], &v), WB_OK);
	assert_int_equal(v.tenant_position, 1);
}

static void an_older_epoch_is_fenced(void **state)
{
	struct kit *k = *state;
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	kit_event(k, a, "ticket", 1, 0, 10);
	assert_int_equal(kit_send(k, a).outcome, OUT(FENCED)); /* not started */
	assert_int_equal(kit_epoch(k, "intake", 1, 0).outcome, OUT(OK));
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
	uint64_t command = k->next_command + 1;
	assert_int_equal(kit_epoch(k, "intake", 5, 1).outcome, OUT(OK));
	kit_event(k, a, "ticket", 2, 0, 10);
	kit_command(k, a, 4711, 1);
	struct wb_journal_result r = kit_send(k, a);
	assert_int_equal(r.outcome, OUT(FENCED));
	assert_int_equal(r.version, 5);
	assert_int_equal(kit_epoch(k, "intake", 5, 2).outcome, OUT(FENCED));
	assert_int_equal(kit_epoch(k, "intake", 4, 2).outcome, OUT(FENCED));
	/* its start, sent again, is known and not fenced by itself */
	k->next_command = command - 1;
	assert_int_equal(kit_epoch(k, "intake", 5, 1).outcome, OUT(DUPLICATE));
	kit_crash(k);
	kit_open(k);
	assert_int_equal(kit_send(k, a).outcome, OUT(FENCED));
	assert_int_equal(kit_epoch(k, "dispatch", 1, 0).outcome, OUT(OK));
}

static void what_is_unsound_is_invalid(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID)); /* no event */
	kit_event(k, a, "ticket", 1, 0, 10);
	static const char *const tenants[] = {
	        "", "Acme", "a b", "a/b", "../x", "x123456789012345678901234567890123456789012345678901234567890123"};
	for (size_t i = 0; i < sizeof tenants / sizeof tenants[0]; i++) {
		a->tenant = wb_arena_str(&k->arena, tenants[i]);
		assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	}
	a->tenant = wb_arena_str(&k->arena, "cell"); /* nobody's but for epochs */
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	a->tenant = wb_arena_str(&k->arena, "acme");
	a->service = wb_arena_str(&k->arena, "journal");
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	a->service = wb_arena_str(&k->arena, "intake");
	a->command_digest.len = 31;
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	a->command_digest.len = 32;
	a->events[0]->stream_id.len = 15;
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	a->events[0]->stream_id.len = 16;
	memset(a->command_id.data, 0, 16);
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	kit_command(k, a, 99, 1);
	a->traceparent = wb_arena_str(&k->arena, "00-zz\n");
	assert_int_equal(kit_send(k, a).outcome, OUT(INVALID));
	a->traceparent = wb_arena_str(&k->arena, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
}

static void what_is_too_large_is_refused_and_leaves_nothing(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	kit_event(k, a, "ticket", 1, 0, 100);
	kit_event(k, a, "ticket", 1, 1, 60000);
	assert_int_equal(kit_send(k, a).outcome, OUT(TOO_LARGE));
	a->events[1]->payload.len = 59000;
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
	Weibao__V1__Append *b = kit_append(k, "intake", 1, "acme");
	for (uint64_t i = 0; i < 10; i++)
		kit_event(k, b, "ticket", 2, i, 55000);
	assert_int_equal(kit_send(k, b).outcome, OUT(TOO_LARGE));
	b->n_events = 9;
	assert_int_equal(kit_send(k, b).outcome, OUT(OK));
}

static void too_little_space_refuses_early(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	k->j->options.reserve_bytes = UINT64_MAX;
	kit_pass(k, WB_SECOND_US);
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(FULL));
	k->j->options.reserve_bytes = 1;
	kit_pass(k, WB_SECOND_US);
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(OK));
}

/* ---- time ---- */

static void recorded_time_never_goes_back(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	int64_t before = kit_ticket(k, 1, 0).recorded_at;
	k->wall_us -= 10 * WB_MINUTE_US;
	int64_t after = kit_ticket(k, 1, 1).recorded_at;
	assert_true(after > before && after < before + 10);
	/* forward again to where it was: nothing to be suspicious of */
	k->wall_us += 10 * WB_MINUTE_US;
	kit_pass(k, WB_MINUTE_US);
	assert_int_equal(kit_ticket(k, 1, 2).outcome, OUT(OK));
}

static void a_later_record_is_stamped_after_what_was_announced(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	kit_pass(k, 5 * WB_SECOND_US);
	assert_int_equal(wb_journal_heartbeat(k->j, &k->feed), WB_OK);
	int64_t announced = k->feed.time_us;
	assert_int_equal(announced, k->wall_us);
	assert_int_equal(k->feed.complete_to, 2);
	assert_int_equal(k->feed.first, 3);
	k->wall_us -= 30;
	assert_true(kit_ticket(k, 1, 0).recorded_at > announced);
	announced = k->feed.time_us;
	assert_true(kit_ticket(k, 1, 1).recorded_at > announced);
}

static void a_restart_never_stamps_what_was_announced(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	for (int i = 0; i < 50; i++) {
		kit_pass(k, 300 * 1000);
		assert_int_equal(wb_journal_heartbeat(k->j, &k->feed), WB_OK);
	}
	int64_t announced = k->feed.time_us;
	kit_crash(k);
	k->wall_us -= WB_HOUR_US; /* and the clock goes wrong meanwhile */
	kit_open(k);
	struct wb_journal_result r = kit_ticket(k, 1, 0);
	assert_int_equal(r.outcome, OUT(OK));
	assert_true(r.recorded_at > announced);
	assert_true(r.recorded_at < announced + 2 * WB_SECOND_US);
}

static void a_step_forward_stops_until_confirmed(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	assert_int_equal(wb_journal_confirm_clock(k->j, &k->feed), WB_ERR_AGAIN);
	k->wall_us += 61 * WB_SECOND_US;
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(CLOCK_SUSPECT));
	assert_int_equal(wb_journal_heartbeat(k->j, &k->feed), WB_ERR_CLOCK);
	assert_int_equal(wb_journal_head(k->j), 2);
	assert_int_equal(wb_journal_confirm_clock(k->j, &k->feed), WB_OK);
	assert_int_equal(k->feed.count, 1);
	assert_int_equal(wb_journal_heartbeat(k->j, &k->feed), WB_OK);
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(OK));
}

static void many_small_steps_are_a_step(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	enum wb_err err = WB_OK;
	int steps = 0;
	for (; !err && steps < 100; steps++) {
		k->wall_us += 5 * WB_SECOND_US;
		err = wb_journal_heartbeat(k->j, &k->feed);
	}
	assert_int_equal(err, WB_ERR_CLOCK);
	assert_true(steps < 20);
}

static void a_long_gap_at_start_is_suspect(void **state)
{
	struct kit *k = *state;
	(void)kit_epoch(k, "intake", 1, 0);
	kit_close(k);
	kit_pass(k, 31 * WB_DAY_US);
	kit_open(k);
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(CLOCK_SUSPECT));
	kit_close(k);
	k->options.clock_confirmed = true;
	kit_open(k);
	k->options.clock_confirmed = false;
	assert_int_equal(kit_ticket(k, 1, 0).outcome, OUT(OK));
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(the_first_record_is_the_incarnation),
	        T(versions_are_checked),
	        T(one_append_is_all_or_nothing),
	        T(conditions_are_checked_across_tenants),
	        T(the_same_command_is_accepted_once),
	        T(a_batch_sees_itself),
	        T(an_older_epoch_is_fenced),
	        T(what_is_unsound_is_invalid),
	        T(what_is_too_large_is_refused_and_leaves_nothing),
	        T(too_little_space_refuses_early),
	        T(recorded_time_never_goes_back),
	        T(a_later_record_is_stamped_after_what_was_announced),
	        T(a_restart_never_stamps_what_was_announced),
	        T(a_step_forward_stops_until_confirmed),
	        T(many_small_steps_are_a_step),
	        T(a_long_gap_at_start_is_suspect),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
