#include "calendar/zone.h"
#include "calendar/zone_rule.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_BYTES 44
#define FOOTER_BYTES_MAX 128
#define VERSION_BYTES_MAX 32

struct tzif {
	uint32_t isutc_n, isstd_n, leap_n, time_n, type_n, char_n;
	const uint8_t *times;   /* time_n × be64 seconds */
	const uint8_t *indexes; /* time_n × type */
	const uint8_t *types;   /* type_n × (be32 offset, dst, name) */
	char footer[FOOTER_BYTES_MAX];
};

/* The transitions under way: what lies before the horizon collapses into its first entry. */
struct builder {
	struct wb_zone_transition t[WB_CALENDAR_TRANSITIONS_MAX];
	uint32_t n;
	int64_t from_us, until_us;
};

static bool name_valid(const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len > WB_ZONE_NAME_MAX || name[0] == '/' || name[len - 1] == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = name[i];
		bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

		if (!word && c != '_' && c != '+' && c != '-' && (c != '/' || name[i + 1] == '/'))
			return false;
	}
	return true;
}

/* Reads a small regular file whole; at most max bytes, or its beginning when cut is allowed. */
static enum wb_err file_read(const char *path, size_t max, bool cut, struct wb_arena *arena, struct wb_bytes *ret)
{
	struct stat st;
	enum wb_err err = WB_OK;
	size_t len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? WB_ERR_NOT_FOUND : WB_ERR_IO;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return WB_ERR_NOT_FOUND;
	}
	uint8_t *data = wb_arena_alloc(arena, max + 1);
	if (!data)
		err = WB_ERR_MEMORY;
	while (!err && len <= max) {
		ssize_t got = read(fd, data + len, max + 1 - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = WB_ERR_IO;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	close(fd);
	if (!err && len > max && !cut)
		err = WB_ERR_LIMIT;
	if (err)
		return err;
	*ret = (struct wb_bytes){data, len > max ? max : len};
	return WB_OK;
}

static enum wb_err header_read(const uint8_t *p, size_t len, struct tzif *ret)
{
	if (len < HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return WB_ERR_CORRUPT;
	if (p[4] < '2')
		return WB_ERR_UNSUPPORTED;
	ret->isutc_n = wb_be32_get(p + 20);
	ret->isstd_n = wb_be32_get(p + 24);
	ret->leap_n = wb_be32_get(p + 28);
	ret->time_n = wb_be32_get(p + 32);
	ret->type_n = wb_be32_get(p + 36);
	ret->char_n = wb_be32_get(p + 40);
	return WB_OK;
}

static uint64_t body_bytes(const struct tzif *z, uint64_t time_bytes)
{
	return z->time_n * (time_bytes + 1) + z->type_n * UINT64_C(6) + z->char_n + z->leap_n * (time_bytes + 4) +
	       z->isstd_n + z->isutc_n;
}

static enum wb_err footer_read(const uint8_t *p, size_t len, struct tzif *z)
{
	const uint8_t *end = len > 1 && p[0] == '\n' ? memchr(p + 1, '\n', len - 1) : NULL;

	if (!end || (size_t)(end - p - 1) >= sizeof(z->footer) || memchr(p + 1, '\0', (size_t)(end - p - 1)))
		return WB_ERR_CORRUPT;
	memcpy(z->footer, p + 1, (size_t)(end - p - 1));
	z->footer[end - p - 1] = '\0';
	return WB_OK;
}

static int64_t time_at(const struct tzif *z, uint32_t i)
{
	return (int64_t)wb_be64_get(z->times + (size_t)i * 8);
}

static int32_t type_offset(const struct tzif *z, uint32_t type)
{
	return (int32_t)wb_be32_get(z->types + (size_t)type * 6);
}

static enum wb_err tables_check(const struct tzif *z)
{
	for (uint32_t i = 0; i < z->type_n; i++) {
		int32_t off = type_offset(z, i);

		if (off > WB_CALENDAR_OFFSET_MAX_S || off < -WB_CALENDAR_OFFSET_MAX_S)
			return WB_ERR_CORRUPT;
	}
	for (uint32_t i = 0; i < z->time_n; i++) {
		if (z->indexes[i] >= z->type_n || (i > 0 && time_at(z, i) <= time_at(z, i - 1)))
			return WB_ERR_CORRUPT;
	}
	return WB_OK;
}

/* The first body has 32-bit times and is only stepped over. */
static enum wb_err tzif_read(struct wb_bytes file, struct tzif *z)
{
	enum wb_err err = header_read(file.data, file.len, z);
	const uint8_t *p = file.data;
	size_t len = file.len;

	if (err)
		return err;
	if (body_bytes(z, 4) > len - HEADER_BYTES)
		return WB_ERR_CORRUPT;
	p += HEADER_BYTES + body_bytes(z, 4);
	len -= HEADER_BYTES + body_bytes(z, 4);
	err = header_read(p, len, z);
	if (err)
		return err;
	p += HEADER_BYTES;
	len -= HEADER_BYTES;
	if (body_bytes(z, 8) > len || z->type_n == 0)
		return WB_ERR_CORRUPT;
	if (z->leap_n > 0)
		return WB_ERR_UNSUPPORTED;
	z->times = p;
	z->indexes = z->times + (size_t)z->time_n * 8;
	z->types = z->indexes + z->time_n;
	err = tables_check(z);
	return err ? err : footer_read(p + body_bytes(z, 8), len - body_bytes(z, 8), z);
}

/* In ascending order of at_us. */
static enum wb_err builder_add(struct builder *b, int64_t at_us, int32_t offset_s)
{
	if (at_us <= b->from_us) {
		b->t[0].offset_s = offset_s;
		return WB_OK;
	}
	if (at_us >= b->until_us || offset_s == b->t[b->n - 1].offset_s)
		return WB_OK;
	if (at_us == b->t[b->n - 1].at_us) {
		/* Two changes at one instant (daylight saving all the year): the second one holds. */
		b->t[b->n - 1].offset_s = offset_s;
		if (b->n > 1 && b->t[b->n - 2].offset_s == offset_s)
			b->n--;
		return WB_OK;
	}
	if (b->n == WB_CALENDAR_TRANSITIONS_MAX)
		return WB_ERR_LIMIT;
	b->t[b->n++] = (struct wb_zone_transition){at_us, offset_s};
	return WB_OK;
}

/* The years behind the table. */
static enum wb_err rule_add(const struct tzif *z, struct builder *b)
{
	struct wb_zone_rule rule;
	int64_t last_us = WB_CALENDAR_MIN_US;
	enum wb_err err = WB_OK;

	if (z->footer[0] == '\0')
		return WB_OK;
	if (!wb_zone_rule_parse(z->footer, &rule))
		return WB_ERR_CORRUPT;
	if (!rule.dst)
		return WB_OK;
	if (z->time_n > 0 && time_at(z, z->time_n - 1) > WB_CALENDAR_MIN_US / WB_SECOND_US)
		last_us = time_at(z, z->time_n - 1) * WB_SECOND_US;
	int64_t begin_us = last_us > b->from_us - 400 * WB_DAY_US ? last_us : b->from_us - 400 * WB_DAY_US;
	int32_t year = wb_day_date((int32_t)(begin_us / WB_DAY_US) - 1).year;
	int32_t until_year = wb_day_date((int32_t)(b->until_us / WB_DAY_US)).year;

	for (year = year < 1900 ? 1900 : year; !err && year <= until_year && year < 2200; year++) {
		struct wb_zone_transition t[2];

		wb_zone_rule_year(&rule, year, t);
		for (int i = 0; !err && i < 2; i++) {
			if (t[i].at_us > last_us)
				err = builder_add(b, t[i].at_us, t[i].offset_s);
		}
	}
	return err;
}

static enum wb_err transitions_build(const struct tzif *z, struct builder *b)
{
	enum wb_err err = WB_OK;

	b->t[0] = (struct wb_zone_transition){b->from_us, type_offset(z, 0)};
	b->n = 1;
	for (uint32_t i = 0; !err && i < z->time_n; i++) {
		int64_t at_s = time_at(z, i);

		/* Beyond what fits: far before, and far behind, every horizon. */
		if (at_s < WB_CALENDAR_MIN_US / WB_SECOND_US)
			at_s = WB_CALENDAR_MIN_US / WB_SECOND_US;
		if (at_s >= WB_CALENDAR_MAX_US / WB_SECOND_US)
			return WB_OK;
		err = builder_add(b, at_s * WB_SECOND_US, type_offset(z, z->indexes[i]));
	}
	return err ? err : rule_add(z, b);
}

/* «# version 2026f» is the first line of tzdata.zi. */
static const char *version_read(const char *dir, struct wb_arena *arena)
{
	static const char mark[] = "# version ";
	struct wb_bytes head;
	char *path = wb_arena_fmt(arena, "%s/tzdata.zi", dir);
	size_t n = 0;

	if (!path)
		return NULL;
	enum wb_err err = file_read(path, sizeof(mark) - 1 + VERSION_BYTES_MAX, true, arena, &head);
	if (err == WB_ERR_MEMORY)
		return NULL;
	if (err || head.len < sizeof(mark) || memcmp(head.data, mark, sizeof(mark) - 1) != 0)
		return "unversioned";
	const uint8_t *text = head.data + sizeof(mark) - 1;
	while (n < head.len - (sizeof(mark) - 1) && text[n] > ' ' && text[n] < 127)
		n++;
	return n > 0 ? wb_arena_copy(arena, text, n) : "unversioned";
}

enum wb_err wb_zone_read(const char *dir, const char *name, int64_t from_us, int64_t until_us, struct wb_arena *arena,
        struct wb_zone *ret)
{
	struct builder b = {.from_us = from_us, .until_us = until_us};
	struct wb_zone z = {.until_us = until_us};
	struct wb_bytes file;
	struct tzif tzif;
	const char *where = dir ? dir : WB_ZONE_DIR;

	if (!name_valid(name) || until_us <= from_us)
		return WB_ERR_INVALID;
	if (from_us < WB_CALENDAR_MIN_US || until_us > WB_CALENDAR_MAX_US)
		return WB_ERR_LIMIT;
	char *path = wb_arena_fmt(arena, "%s/%s", where, name);
	if (!path)
		return WB_ERR_MEMORY;
	enum wb_err err = file_read(path, WB_ZONE_FILE_BYTES_MAX, false, arena, &file);
	if (!err)
		err = tzif_read(file, &tzif);
	if (!err)
		err = transitions_build(&tzif, &b);
	if (err)
		return err;
	z.transitions = WB_ARENA_ARRAY(arena, struct wb_zone_transition, b.n);
	z.name = wb_arena_str(arena, name);
	z.version = version_read(where, arena);
	if (!z.transitions || !z.name || !z.version)
		return WB_ERR_MEMORY;
	memcpy(z.transitions, b.t, b.n * sizeof(b.t[0]));
	z.transitions_n = b.n;
	*ret = z;
	return WB_OK;
}

static int64_t year_begin_us(int32_t year)
{
	int32_t day = 0;

	if (year < 1900)
		return WB_CALENDAR_MIN_US;
	if (year > 2199)
		return WB_CALENDAR_MAX_US;
	WB_ASSERT(wb_day_of_date((struct wb_date){.year = year, .month = 1, .day = 1}, &day) == WB_OK);
	return day * WB_DAY_US;
}

void wb_zone_horizon(int64_t now_us, int64_t *ret_from_us, int64_t *ret_until_us)
{
	int64_t at = now_us < WB_CALENDAR_MIN_US ? WB_CALENDAR_MIN_US : now_us;
	int32_t year = wb_day_date((int32_t)((at < WB_CALENDAR_MAX_US ? at : WB_CALENDAR_MAX_US) / WB_DAY_US)).year;

	*ret_from_us = year_begin_us(year - WB_ZONE_HORIZON_BACK_YEARS);
	*ret_until_us = year_begin_us(year + 1 + WB_ZONE_HORIZON_AHEAD_YEARS);
}

void wb_zone_apply(const struct wb_zone *zone, struct wb_calendar *cal)
{
	cal->transitions = zone->transitions;
	cal->transitions_n = zone->transitions_n;
	cal->horizon_until_us = zone->until_us;
	cal->zone = zone->name;
	cal->tz_version = zone->version;
}
