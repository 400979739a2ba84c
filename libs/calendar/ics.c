#include "calendar/ics.h"
#include <libical/ical.h>
#include <string.h>
#include <strings.h>

#define DEPTH_MAX 8
#define NAME_WORD_MAX 24

enum event_says { SAYS_NOTHING, SAYS_CLOSED, SAYS_WORK, SAYS_NONSENSE };

struct reading {
	struct wb_arena *arena;
	enum wb_ics_plain plain;
	struct wb_ics_problem *problem;
	uint32_t *lines; /* of each BEGIN:VEVENT */
	uint32_t events_n;
	struct wb_ics_day *days;
	size_t days_n, ignored;
};

static enum wb_err bad(struct reading *r, enum wb_ics_problem_code code, uint32_t line, uint32_t event)
{
	*r->problem = (struct wb_ics_problem){.code = code, .line = line, .event = event};
	return WB_ERR_INVALID;
}

static enum wb_err event_bad(struct reading *r, enum wb_ics_problem_code code, uint32_t event)
{
	return bad(r, code, r->lines[event], event + 1);
}

/* ---- the lines: bounded, balanced, and where the events stand (libical does not tell) ---- */

struct nesting {
	char names[DEPTH_MAX][NAME_WORD_MAX];
	uint32_t depth;
	bool closed; /* the one VCALENDAR has ended */
};

static bool word_after(const char *line, size_t len, const char *prefix, char ret[static NAME_WORD_MAX])
{
	size_t n = strlen(prefix);

	if (len <= n || len - n >= NAME_WORD_MAX || strncasecmp(line, prefix, n) != 0)
		return false;
	memcpy(ret, line + n, len - n);
	ret[len - n] = '\0';
	return true;
}

/* False when the nesting breaks. */
static bool line_nests(struct nesting *nest, const char *line, size_t len, bool *ret_event)
{
	char word[NAME_WORD_MAX];

	*ret_event = false;
	if (word_after(line, len, "BEGIN:", word)) {
		bool calendar = strcasecmp(word, "VCALENDAR") == 0;

		if (nest->depth == DEPTH_MAX || nest->closed || (nest->depth == 0) != calendar)
			return false;
		*ret_event = nest->depth == 1 && strcasecmp(word, "VEVENT") == 0;
		memcpy(nest->names[nest->depth++], word, sizeof(word));
		return true;
	}
	if (word_after(line, len, "END:", word)) {
		if (nest->depth == 0 || strcasecmp(nest->names[nest->depth - 1], word) != 0)
			return false;
		nest->closed = --nest->depth == 0;
		return true;
	}
	/* Only empty lines stand outside. */
	return nest->depth > 0 || len == 0;
}

static bool digits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
	}
	return true;
}

/* libical takes «2026-02-16» for some date of its own; so the text of an event's dates is looked at here. */
static bool dates_written_well(const struct nesting *nest, const char *line, size_t len)
{
	size_t name = strcspn(line, ":;\n");
	bool start = name == 7 && strncasecmp(line, "DTSTART", name) == 0;
	bool end = name == 5 && strncasecmp(line, "DTEND", name) == 0;

	if (nest->depth != 2 || strcasecmp(nest->names[1], "VEVENT") != 0 || (!start && !end))
		return true;
	size_t at = len;
	while (at > 0 && line[at - 1] != ':')
		at--;
	const char *value = line + at;
	size_t n = len - at;

	if (n != 8 && n != 15 && n != 16)
		return false;
	if (!digits(value, 8))
		return false;
	return n == 8 || (value[8] == 'T' && digits(value + 9, 6) && (n == 15 || value[15] == 'Z'));
}

static enum wb_err lines_scan(struct reading *r, const char *text)
{
	struct nesting nest = {.depth = 0};
	uint32_t line = 1;

	for (const char *p = text; *p; line++) {
		size_t len = strcspn(p, "\n");
		size_t content = len > 0 && p[len - 1] == '\r' ? len - 1 : len;
		bool event;

		if (content > WB_ICS_LINE_BYTES_MAX)
			return bad(r, WB_ICS_PROBLEM_LINE_LONG, line, 0);
		if (!line_nests(&nest, p, content, &event))
			return bad(r, WB_ICS_PROBLEM_NOT_A_CALENDAR, line, 0);
		if (!dates_written_well(&nest, p, content))
			return bad(r, WB_ICS_PROBLEM_EVENT_MALFORMED, line, r->events_n);
		if (event && r->events_n == WB_ICS_EVENTS_MAX)
			return bad(r, WB_ICS_PROBLEM_EVENTS_MANY, line, 0);
		if (event)
			r->lines[r->events_n++] = line;
		p += len + (p[len] == '\n');
	}
	return nest.closed ? WB_OK : bad(r, WB_ICS_PROBLEM_NOT_A_CALENDAR, line - (line > 1), 0);
}

/* ---- one event ---- */

static bool contains(const char *text, const char *part)
{
	return text && strstr(text, part) != NULL;
}

/* libical drops a property that it cannot read and leaves a remark; dates must not get lost that way. */
static bool remarks_matter(icalcomponent *ev)
{
	static const char *const names[] = {"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "STATUS"};

	for (icalproperty *p = icalcomponent_get_first_property(ev, ICAL_XLICERROR_PROPERTY); p;
	        p = icalcomponent_get_next_property(ev, ICAL_XLICERROR_PROPERTY)) {
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (contains(icalproperty_get_xlicerror(p), names[i]))
				return true;
		}
	}
	return false;
}

static enum event_says x_property_says(icalproperty *p)
{
	const char *name = icalproperty_get_x_name(p), *value = icalproperty_get_x(p);

	if (!name || !value)
		return SAYS_NOTHING;
	if (strcasecmp(name, "X-WEIBAO-DAY") == 0) {
		if (strcasecmp(value, "WORK") == 0)
			return SAYS_WORK;
		return strcasecmp(value, "CLOSED") == 0 ? SAYS_CLOSED : SAYS_NONSENSE;
	}
	return SAYS_NOTHING;
}

static enum event_says apple_property_says(icalproperty *p)
{
	const char *name = icalproperty_get_x_name(p), *value = icalproperty_get_x(p);

	if (!name || !value || strcasecmp(name, "X-APPLE-SPECIAL-DAY") != 0)
		return SAYS_NOTHING;
	if (strcasecmp(value, "ALTERNATE-WORKDAY") == 0)
		return SAYS_WORK;
	return strcasecmp(value, "WORK-HOLIDAY") == 0 ? SAYS_CLOSED : SAYS_NOTHING;
}

static enum event_says event_says(icalcomponent *ev, const char *summary)
{
	enum event_says own = SAYS_NOTHING, apple = SAYS_NOTHING;

	for (icalproperty *p = icalcomponent_get_first_property(ev, ICAL_X_PROPERTY); p;
	        p = icalcomponent_get_next_property(ev, ICAL_X_PROPERTY)) {
		own = own == SAYS_NOTHING ? x_property_says(p) : own;
		apple = apple == SAYS_NOTHING ? apple_property_says(p) : apple;
	}
	if (own != SAYS_NOTHING)
		return own;
	if (apple != SAYS_NOTHING)
		return apple;
	/* 班 first: «春节调休上班» has both. */
	if (contains(summary, "班"))
		return SAYS_WORK;
	return contains(summary, "休") || contains(summary, "假") ? SAYS_CLOSED : SAYS_NOTHING;
}

static bool is_date(struct icaltimetype t)
{
	return !icaltime_is_null_time(t) && t.is_date;
}

static enum wb_err date_of(struct icaltimetype t, int32_t *ret_day)
{
	if (t.month < 1 || t.month > 12 || t.day < 1 || t.day > 31)
		return WB_ERR_INVALID;
	return wb_day_of_date(
	        (struct wb_date){.year = t.year, .month = (uint8_t)t.month, .day = (uint8_t)t.day}, ret_day);
}

/* The length in days by DTEND or DURATION; 1 without either; 0 when it is not whole days forward,
 * -1 when it ends outside the range of dates. */
static int64_t event_length(icalcomponent *ev, int32_t first)
{
	icalproperty *end = icalcomponent_get_first_property(ev, ICAL_DTEND_PROPERTY);
	icalproperty *duration = icalcomponent_get_first_property(ev, ICAL_DURATION_PROPERTY);
	int32_t last;

	if (end) {
		struct icaltimetype t = icalproperty_get_dtend(end);
		enum wb_err err = is_date(t) ? date_of(t, &last) : WB_ERR_INVALID;

		if (err)
			return err == WB_ERR_LIMIT ? -1 : 0;
		return last > first ? last - first : 0;
	}
	if (duration) {
		struct icaldurationtype d = icalproperty_get_duration(duration);

		if (d.is_neg || d.hours || d.minutes || d.seconds || d.weeks > 1000 || d.days > 10000)
			return 0;
		return (int64_t)d.weeks * 7 + d.days;
	}
	return 1;
}

static const char *name_copy(struct wb_arena *arena, const char *summary)
{
	size_t len = summary ? strlen(summary) : 0;

	if (len > WB_ICS_NAME_BYTES_MAX) {
		len = WB_ICS_NAME_BYTES_MAX;
		while (len > 0 && ((unsigned char)summary[len] & 0xC0) == 0x80)
			len--;
	}
	return wb_arena_copy(arena, summary, len);
}

/* Puts a day into its place; the same said twice is one, a contradiction is a problem. */
static enum wb_err day_put(struct reading *r, struct wb_ics_day day, uint32_t event)
{
	size_t i = r->days_n;

	while (i > 0 && r->days[i - 1].day > day.day)
		i--;
	if (i > 0 && r->days[i - 1].day == day.day) {
		if (r->days[i - 1].kind == day.kind)
			return WB_OK;
		(void)event_bad(r, WB_ICS_PROBLEM_CONFLICT, event);
		r->problem->day = day.day;
		return WB_ERR_INVALID;
	}
	if (r->days_n == WB_CALENDAR_SPECIALS_MAX)
		return event_bad(r, WB_ICS_PROBLEM_DAYS_MANY, event);
	memmove(&r->days[i + 1], &r->days[i], (r->days_n - i) * sizeof(r->days[0]));
	r->days[i] = day;
	r->days_n++;
	return WB_OK;
}

static bool repeats(icalcomponent *ev)
{
	return icalcomponent_get_first_property(ev, ICAL_RRULE_PROPERTY) ||
	       icalcomponent_get_first_property(ev, ICAL_RDATE_PROPERTY);
}

/* Where its range is known: what it says about each of the days. */
static enum wb_err event_days(struct reading *r, icalcomponent *ev, uint32_t event, int32_t first, int64_t length)
{
	const char *summary = icalcomponent_get_summary(ev);
	enum event_says says = event_says(ev, summary);
	struct wb_ics_day day = {.kind = says == SAYS_WORK ? WB_ICS_WORK : WB_ICS_CLOSED};
	enum wb_err err = WB_OK;

	if (says == SAYS_NONSENSE)
		return event_bad(r, WB_ICS_PROBLEM_KIND_UNKNOWN, event);
	if (says == SAYS_NOTHING && r->plain == WB_ICS_PLAIN_IGNORED) {
		r->ignored++;
		return WB_OK;
	}
	day.name = name_copy(r->arena, summary);
	if (!day.name)
		return WB_ERR_MEMORY;
	for (int32_t i = 0; !err && i < length; i++) {
		day.day = first + i;
		err = day_put(r, day, event);
	}
	return err;
}

static enum wb_err event_read(struct reading *r, icalcomponent *ev, uint32_t event)
{
	icalproperty *start = icalcomponent_get_first_property(ev, ICAL_DTSTART_PROPERTY);
	int32_t first;

	if (icalcomponent_get_status(ev) == ICAL_STATUS_CANCELLED) {
		r->ignored++;
		return WB_OK;
	}
	if (remarks_matter(ev))
		return event_bad(r, WB_ICS_PROBLEM_EVENT_MALFORMED, event);
	if (!start || !is_date(icalproperty_get_dtstart(start)))
		return event_bad(r, WB_ICS_PROBLEM_NO_DATE, event);
	if (repeats(ev))
		return event_bad(r, WB_ICS_PROBLEM_REPEATS, event);
	enum wb_err err = date_of(icalproperty_get_dtstart(start), &first);
	if (err)
		return event_bad(
		        r, err == WB_ERR_LIMIT ? WB_ICS_PROBLEM_DATE_RANGE : WB_ICS_PROBLEM_EVENT_MALFORMED, event);
	int64_t length = event_length(ev, first);
	if (length <= 0)
		return event_bad(r, length < 0 ? WB_ICS_PROBLEM_DATE_RANGE : WB_ICS_PROBLEM_END_BEFORE_START, event);
	if (length > WB_ICS_EVENT_DAYS_MAX)
		return event_bad(r, WB_ICS_PROBLEM_TOO_LONG, event);
	if (first + length > WB_DAY_MAX)
		return event_bad(r, WB_ICS_PROBLEM_DATE_RANGE, event);
	return event_days(r, ev, event, first, length);
}

static enum wb_err events_read(struct reading *r, icalcomponent *root)
{
	uint32_t i = 0;

	for (icalcomponent *ev = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT); ev;
	        ev = icalcomponent_get_next_component(root, ICAL_VEVENT_COMPONENT), i++) {
		if (i >= r->events_n)
			return bad(r, WB_ICS_PROBLEM_NOT_A_CALENDAR, 0, 0);
		enum wb_err err = event_read(r, ev, i);
		if (err)
			return err;
	}
	return i == r->events_n ? WB_OK : bad(r, WB_ICS_PROBLEM_NOT_A_CALENDAR, 0, 0);
}

enum wb_err wb_ics_read(const void *text, size_t len, enum wb_ics_plain plain, struct wb_arena *arena,
        struct wb_ics_days *ret, struct wb_ics_problem *ret_problem)
{
	struct reading r = {.arena = arena, .plain = plain, .problem = ret_problem};
	const char *begin = text;

	if (len > WB_ICS_BYTES_MAX)
		return bad(&r, WB_ICS_PROBLEM_TOO_LARGE, 0, 0);
	if (len >= 3 && memcmp(begin, "\xEF\xBB\xBF", 3) == 0) {
		begin += 3;
		len -= 3;
	}
	if (!wb_utf8_valid(begin, len))
		return bad(&r, WB_ICS_PROBLEM_NOT_TEXT, 0, 0);
	char *copy = wb_arena_copy(arena, begin, len);
	r.lines = WB_ARENA_ARRAY(arena, uint32_t, WB_ICS_EVENTS_MAX);
	r.days = WB_ARENA_ARRAY(arena, struct wb_ics_day, WB_CALENDAR_SPECIALS_MAX);
	if (!copy || !r.lines || !r.days)
		return WB_ERR_MEMORY;
	enum wb_err err = lines_scan(&r, copy);
	if (err)
		return err;
	icalerror_set_errors_are_fatal(false);
	icalcomponent *root = icalparser_parse_string(copy);
	if (!root)
		return bad(&r, WB_ICS_PROBLEM_NOT_A_CALENDAR, 0, 0);
	err = events_read(&r, root);
	icalcomponent_free(root);
	if (err)
		return err;
	*ret = (struct wb_ics_days){.days = r.days, .n = r.days_n, .ignored = r.ignored};
	return WB_OK;
}

const char *wb_ics_problem_name(enum wb_ics_problem_code code)
{
	static const char *const names[] = {
#define X(name, text) #name,
	        WB_ICS_PROBLEMS(X)
#undef X
	};

	return (size_t)code < sizeof(names) / sizeof(names[0]) ? names[code] : "UNKNOWN";
}

const char *wb_ics_problem_text(enum wb_ics_problem_code code)
{
	static const char *const texts[] = {
#define X(name, text) text,
	        WB_ICS_PROBLEMS(X)
#undef X
	};

	return (size_t)code < sizeof(texts) / sizeof(texts[0]) ? texts[code] : "unknown problem";
}
