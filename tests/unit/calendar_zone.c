/* The TZif reader against the C library, its footer rules, and files that are none. */
#include "calendar/zone.h"
#include "calendar/zone_rule.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#define FROM_US (INT64_C(631152000) * WB_SECOND_US)   /* 1990 */
#define UNTIL_US (INT64_C(2208988800) * WB_SECOND_US) /* 2040 */

static int32_t libc_offset(int64_t at_us)
{
	time_t s = (time_t)(at_us / WB_SECOND_US);
	struct tm tm;

	assert_non_null(localtime_r(&s, &tm));
	return (int32_t)tm.tm_gmtoff;
}

static void compare_at(const struct wb_calendar *cal, const char *name, int64_t at_us)
{
	struct wb_local_time t;

	assert_int_equal(wb_calendar_local(cal, at_us, &t), WB_OK);
	if (t.offset_s != libc_offset(at_us))
		fail_msg("%s at %lld: %d instead of %d", name, (long long)at_us, t.offset_s, libc_offset(at_us));
}

/* Every five hours and a bit, and around every transition. */
static void same_as_the_c_library(void **unused)
{
	static const char *const names[] = {"Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe",
	        "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Asia/Tehran",
	        "Africa/Cairo", "Europe/Dublin", "America/Havana", "Antarctica/Troll", "Asia/Gaza", "Pacific/Chatham",
	        "America/St_Johns", "Etc/GMT+12", "UTC", "America/Godthab", "Asia/Urumqi"};

	(void)unused;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct wb_calendar cal = {.always = true};
		struct wb_calendar_problem problem;
		struct wb_arena arena;
		struct wb_zone zone;

		wb_arena_init(&arena, 1 << 20);
		assert_int_equal(wb_zone_read(NULL, names[i], FROM_US, UNTIL_US, &arena, &zone), WB_OK);
		wb_zone_apply(&zone, &cal);
		assert_true(wb_calendar_valid(&cal, &problem));
		assert_int_equal(setenv("TZ", names[i], 1), 0);
		tzset();
		for (int64_t at = FROM_US; at < UNTIL_US; at += 5 * WB_HOUR_US + 7 * WB_MINUTE_US)
			compare_at(&cal, names[i], at);
		for (uint32_t k = 1; k < zone.transitions_n; k++) {
			compare_at(&cal, names[i], zone.transitions[k].at_us - WB_SECOND_US);
			compare_at(&cal, names[i], zone.transitions[k].at_us);
			assert_int_not_equal(zone.transitions[k].offset_s, zone.transitions[k - 1].offset_s);
		}
		wb_arena_done(&arena);
	}
}

static void the_mainland(void **unused)
{
	struct wb_arena arena;
	struct wb_zone zone;
	int64_t from, until;

	(void)unused;
	wb_arena_init(&arena, 1 << 20);
	wb_zone_horizon(INT64_C(1771000000000000), &from, &until);
	assert_int_equal(from, INT64_C(1609459200000000));  /* 2021 */
	assert_int_equal(until, INT64_C(2745532800000000)); /* 2057 */
	assert_int_equal(wb_zone_read(NULL, "Asia/Shanghai", from, until, &arena, &zone), WB_OK);
	assert_int_equal(zone.transitions_n, 1);
	assert_int_equal(zone.transitions[0].at_us, from);
	assert_int_equal(zone.transitions[0].offset_s, 28800);
	assert_string_equal(zone.name, "Asia/Shanghai");
	/* 2026f, 2025b …, or nothing said. */
	assert_true(strcmp(zone.version, "unversioned") == 0 || (strlen(zone.version) >= 5 && zone.version[0] == '2'));
	wb_arena_done(&arena);
}

static void rules(void **unused)
{
	static const char *const none[] = {"", "C", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
	        "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5.0/168,M10.5.0", "CET-25",
	        "CET-1:60", "<CET-1", "<>-1", "CET-1CEST,J0,J365", "CET-1CEST,366,1", "CET-1 ",
	        "CET-1CEST,M3.5.0,M10.5.0x"};
	struct wb_zone_transition t[2];
	struct wb_zone_rule r;

	(void)unused;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		if (wb_zone_rule_parse(none[i], &r))
			fail_msg("«%s» was taken for a rule", none[i]);
	}
	assert_true(wb_zone_rule_parse("<+0330>-3:30", &r));
	assert_int_equal(r.std_offset_s, 12600);
	assert_false(r.dst);
	assert_true(wb_zone_rule_parse("CET-1CEST,M3.5.0,M10.5.0/3", &r));
	wb_zone_rule_year(&r, 2050, t);
	assert_int_equal(t[0].at_us, INT64_C(2531955600000000)); /* 2050-03-27 01:00 */
	assert_int_equal(wb_day_date((int32_t)(t[1].at_us / WB_DAY_US)).day, 30);
	/* The leap day: J60 is always the first of March, 59 the sixtieth day of any year. */
	assert_true(wb_zone_rule_parse("AAA0BBB,J60/0,300/0", &r));
	wb_zone_rule_year(&r, 2028, t);
	assert_int_equal(wb_day_date((int32_t)(t[0].at_us / WB_DAY_US)).month, 3);
	assert_true(wb_zone_rule_parse("AAA0BBB,59/0,300/0", &r));
	wb_zone_rule_year(&r, 2028, t);
	assert_int_equal(wb_day_date((int32_t)(t[0].at_us / WB_DAY_US)).day, 29);
	/* Negative and long times, and the south, where summer spans the new year. */
	assert_true(wb_zone_rule_parse("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &r));
	assert_int_equal(r.start.time_s, -3600);
	assert_true(wb_zone_rule_parse("AEST-10AEDT,M10.1.0,M4.1.0/3", &r));
	wb_zone_rule_year(&r, 2026, t);
	assert_int_equal(t[0].offset_s, 36000);
	assert_int_equal(t[1].offset_s, 39600);
}

static void refused_names(void **unused)
{
	static const char *const names[] = {"", "/etc/passwd", "../../etc/passwd", "Asia/../UTC", "Asia//Shanghai",
	        "Asia/", "A.B", "Asia Shanghai", "Ünïted",
	        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
	struct wb_arena arena;
	struct wb_zone zone;

	(void)unused;
	wb_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(wb_zone_read(NULL, names[i], FROM_US, UNTIL_US, &arena, &zone), WB_ERR_INVALID);
	assert_int_equal(wb_zone_read(NULL, "Asia/Nowhere", FROM_US, UNTIL_US, &arena, &zone), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_zone_read(NULL, "Asia", FROM_US, UNTIL_US, &arena, &zone), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_zone_read(NULL, "UTC", UNTIL_US, FROM_US, &arena, &zone), WB_ERR_INVALID);
	assert_int_equal(wb_zone_read(NULL, "UTC", FROM_US, INT64_MAX, &arena, &zone), WB_ERR_LIMIT);
	wb_arena_done(&arena);
}

static size_t slurp(const char *path, uint8_t *data, size_t max)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size_t n = fread(data, 1, max, f);
	(void)fclose(f);
	return n;
}

static void spill(const char *path, const uint8_t *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

/* Cut at every length and with every byte changed: an answer, never more than that. */
static void damaged_files(void **unused)
{
	char dir[] = "/tmp/weibao-zone-XXXXXX", path[64];
	static uint8_t good[65536], data[65536];
	size_t n = slurp(WB_ZONE_DIR "/Europe/Berlin", good, sizeof(good));
	struct wb_arena arena;
	struct wb_zone zone;

	(void)unused;
	assert_non_null(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/Zone", dir);
	wb_arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < n; i += 1 + i / 64) {
		spill(path, good, i);
		wb_arena_reset(&arena);
		if (wb_zone_read(dir, "Zone", FROM_US, UNTIL_US, &arena, &zone) == WB_OK)
			fail_msg("cut at %zu of %zu was taken", i, n);
	}
	for (size_t i = 0; i < n; i += 1 + i / 256) {
		memcpy(data, good, n);
		data[i] ^= (uint8_t)(1 + i * 37);
		spill(path, data, n);
		wb_arena_reset(&arena);
		if (wb_zone_read(dir, "Zone", FROM_US, UNTIL_US, &arena, &zone) == WB_OK) {
			struct wb_calendar cal = {.always = true};
			struct wb_calendar_problem problem;

			wb_zone_apply(&zone, &cal);
			assert_true(wb_calendar_valid(&cal, &problem));
			assert_string_equal(zone.version, "unversioned");
		}
	}
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rmdir(dir), 0);
	wb_arena_done(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(same_as_the_c_library),
	        cmocka_unit_test(the_mainland),
	        cmocka_unit_test(rules),
	        cmocka_unit_test(refused_names),
	        cmocka_unit_test(damaged_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
