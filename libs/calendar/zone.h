/*
 * The bridge from the system's time-zone database to the data of a calendar. NOT pure: reads files. It is called when a
 * calendar is made or edited, before the command; decide and evolve only ever see the transitions that stand in the
 * event, so that an update of the system changes no judged past.
 *
 * Reads TZif version 2 and up (RFC 8536), the footer's POSIX rule included, which gives the years behind the table.
 * Files are checked as input from outside: sizes, indexes and order. Threads: no shared state.
 */
#ifndef WB_CALENDAR_ZONE_H
#define WB_CALENDAR_ZONE_H
#include "base/arena.h"
#include "calendar/calendar.h"

#define WB_ZONE_DIR "/usr/share/zoneinfo"
#define WB_ZONE_NAME_MAX 64
#define WB_ZONE_FILE_BYTES_MAX (256 * 1024)
#define WB_ZONE_HORIZON_BACK_YEARS 5 /* what wb_zone_horizon takes */
#define WB_ZONE_HORIZON_AHEAD_YEARS 30

struct wb_zone {
	struct wb_zone_transition *transitions; /* the first at from_us; only real changes of the offset */
	uint32_t transitions_n;
	int64_t until_us;
	const char *name;    /* as given */
	const char *version; /* of the database, e.g. "2026f"; "unversioned" where it does not say */
};

/* Reads a zone from `dir` (NULL: WB_ZONE_DIR) for the horizon [from_us, until_us). All memory is the arena's.
 * WB_ERR_INVALID: a name that is not one (letters, digits, _ + - and / between, no dots), or a horizon that ends before
 * it begins. WB_ERR_NOT_FOUND: no such zone. WB_ERR_CORRUPT: not a sound TZif file. WB_ERR_UNSUPPORTED: version 1, or
 * with leap seconds. WB_ERR_LIMIT: file, transitions or horizon too large. WB_ERR_IO, WB_ERR_MEMORY. */
enum wb_err wb_zone_read(const char *dir, const char *name, int64_t from_us, int64_t until_us, struct wb_arena *arena,
        struct wb_zone *ret) WB_MUST_CHECK;
/* The usual horizon of a calendar that is saved at now_us: whole years around it, cut at the range of calendar.h. */
void wb_zone_horizon(int64_t now_us, int64_t *ret_from_us, int64_t *ret_until_us);
/* Puts the zone into a calendar (pointers, no copies). */
void wb_zone_apply(const struct wb_zone *zone, struct wb_calendar *cal);
#endif
