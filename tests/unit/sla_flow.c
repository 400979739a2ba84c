/* The clocks of a ticket through its flow: what starts, stops, moves and voids them; timers; rounds. */
#include "tests/unit/sla_kit.h"

/* Report at 10:00: response by 11:00, resolution by 14:00; both met; the follow-up call within three service days. */
static void test_a_day(void **state)
{
	struct bed *b = sla_bed();
	(void)state;
	sla_report(b, "2024-03-04 10:00");
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	THEN_CLOCK(b, RESOLUTION, RUNNING, "2024-03-04 14:00");
	sla_explains(b, WB_SLA_KIND(RESOLUTION));
	sla_called(b, "2024-03-04 10:20", false);
	THEN_CLOCK(b, RESPONSE, RUNNING, "2024-03-04 11:00");
	sla_called(b, "2024-03-04 10:30", true);
	THEN_CLOCK(b, RESPONSE, MET, "2024-03-04 11:00");
	assert_int_equal(sla_clock_view(b, WB_SLA_KIND(RESPONSE))->used_us, 30 * WB_MINUTE_US);
	sla_needed(b, "2024-03-04 10:40");
	THEN_CLOCK(b, APPOINTMENT, RUNNING, "2024-03-04 11:10");
	sla_scheduled(b, "2024-03-04 10:50", "2024-03-04 13:00", NULL);
	THEN_CLOCK(b, APPOINTMENT, MET, "2024-03-04 11:10");
	THEN_CLOCK(b, ARRIVAL, RUNNING, "2024-03-04 13:00");
	sla_arrived(b, "2024-03-04 13:00");
	THEN_CLOCK(b, ARRIVAL, MET, "2024-03-04 13:00");
	sla_completed(b, "2024-03-04 13:50");
	THEN_CLOCK(b, RESOLUTION, MET, "2024-03-04 14:00");
	THEN_CLOCK(b, FOLLOW_UP, RUNNING, "2024-03-07 17:00");
	sla_followed(b, "2024-03-07 17:00");
	THEN_CLOCK(b, FOLLOW_UP, MET, "2024-03-07 17:00");
	assert_int_equal(bed_todo_count(b), 0);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
