/* What a file says: headings, cells, and what is wrong with each by itself. Pure. */
#include "services/intake/import.h"

#include "calendar/date.h"

#include <stdio.h>
#include <string.h>

#define FAULT(name) WEIBAO__V1__IMPORT_FAULT__IMPORT_FAULT_##name

static const struct import_column office_columns[] = {
        [OFFICE_PATH] = {"处室路径", "office", true, IMPORT_PATH, 1000},
        [OFFICE_ADDRESS] = {"地址", "address", false, IMPORT_TEXT, INTAKE_LINE_CHARS},
        [OFFICE_PLACE] = {"同址标识", "place", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
};
static const struct import_column contact_columns[] = {
        [CONTACT_OFFICE] = {"处室路径", "office", true, IMPORT_PATH, 1000},
        [CONTACT_NAME] = {"姓名", "name", true, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [CONTACT_TELEPHONE] = {"电话", "telephone", true, IMPORT_TELEPHONE, 30},
        [CONTACT_EXTENSION] = {"分机", "extension", false, IMPORT_NUMBER, 10},
        [CONTACT_TELEPHONE_2] = {"电话2", "telephone2", false, IMPORT_TELEPHONE, 30},
        [CONTACT_EXTENSION_2] = {"分机2", "extension2", false, IMPORT_NUMBER, 10},
        [CONTACT_EMAIL] = {"邮箱", "email", false, IMPORT_TEXT, INTAKE_LINE_CHARS},
};
static const struct import_column device_columns[] = {
        [DEVICE_SERIAL] = {"序列号", "serial", true, IMPORT_NUMBER, INTAKE_NAME_CHARS},
        [DEVICE_TYPE] = {"设备类型", "type", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [DEVICE_MODEL] = {"机型", "model", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [DEVICE_ASSET] = {"资产编号", "asset", false, IMPORT_NUMBER, INTAKE_NAME_CHARS},
        [DEVICE_OS] = {"操作系统", "os", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [DEVICE_PURCHASED] = {"购买日期", "purchased", false, IMPORT_DATE, 10},
        [DEVICE_WARRANTY] = {"保修期至", "warranty", false, IMPORT_DATE, 10},
        [DEVICE_VENDOR] = {"供应商", "vendor", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [DEVICE_PROTECTION] = {"保护级别", "protection", false, IMPORT_PROTECTION, 10},
        [DEVICE_OFFICE] = {"处室路径", "office", false, IMPORT_PATH, 1000},
        [DEVICE_USER] = {"使用人", "user", false, IMPORT_TEXT, INTAKE_NAME_CHARS},
        [DEVICE_USER_TELEPHONE] = {"使用人电话", "user-telephone", false, IMPORT_TELEPHONE, 30},
};
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

const struct import_column *import_columns(Weibao__V1__ImportKind kind, size_t *ret_n)
{
	*ret_n = 0;
	switch (kind) {
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES:
		*ret_n = COUNT(office_columns);
		return office_columns;
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_CONTACTS:
		*ret_n = COUNT(contact_columns);
		return contact_columns;
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_DEVICES:
		*ret_n = COUNT(device_columns);
		return device_columns;
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_UNSPECIFIED:
	case _WEIBAO__V1__IMPORT_KIND_IS_INT_SIZE:
		break;
	}
	return NULL;
}

enum wb_err import_template(Weibao__V1__ImportKind kind, struct wb_arena *a, struct wb_bytes *ret)
{
	size_t n, mark = strlen(CSV_MARK);
	const struct import_column *columns = import_columns(kind, &n);
	const char *cells[IMPORT_COLUMNS_MAX];
	if (!columns)
		return WB_ERR_INVALID;
	for (size_t i = 0; i < n; i++)
		cells[i] = columns[i].zh;
	size_t len = csv_write(NULL, 0, cells, n);
	char *out = wb_arena_alloc(a, mark + len);
	if (!out)
		return WB_ERR_MEMORY;
	memcpy(out, CSV_MARK, mark);
	(void)csv_write(out + mark, len, cells, n);
	*ret = (struct wb_bytes){(const uint8_t *)out, mark + len};
	return WB_OK;
}

/* ---- problems ---- */

void import_problem(struct import_sheet *s, struct import_line *line, size_t column, Weibao__V1__ImportFault fault,
        const char *detail)
{
	size_t n;
	const struct import_column *columns = import_columns(s->kind, &n);
	if (s->n_problems < IMPORT_PROBLEMS_MAX)
		s->problems[s->n_problems] = (struct import_problem){
		        .row = line ? line->row : 0,
		        .column = column < n ? s->at[column] : 0,
		        .fault = fault,
		        .heading = column < n ? columns[column].zh : NULL,
		        .detail = detail ? wb_arena_str(s->arena, detail) : NULL,
		};
	s->n_problems++;
	if (line)
		line->bad = true;
}

static void file_problem(
        struct import_sheet *s, uint32_t row, uint32_t column, Weibao__V1__ImportFault fault, const char *detail)
{
	if (s->n_problems < IMPORT_PROBLEMS_MAX)
		s->problems[s->n_problems] = (struct import_problem){
		        .row = row, .column = column, .fault = fault, .detail = wb_arena_str(s->arena, detail)};
	s->n_problems++;
}

/* ---- cells ---- */

static size_t blank_at(const char *s)
{
	if (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\n')
		return 1;
	if (strncmp(s, "\xE3\x80\x80", 3) == 0) /* the ideographic space */
		return 3;
	return strncmp(s, "\xC2\xA0", 2) == 0 ? 2 : 0;
}

/* In place: no blanks around it, nor the apostrophe that makes a spreadsheet leave a number alone. */
static char *trim(char *s)
{
	for (size_t n; (n = blank_at(s));)
		s += n;
	if (*s == '\'')
		s++;
	size_t end = 0;
	for (size_t i = 0; s[i];) {
		size_t n = blank_at(s + i);
		i += n ? n : 1;
		if (!n)
			end = i;
	}
	s[end] = '\0';
	return s;
}

static uint32_t chars(const char *s)
{
	uint32_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0u) != 0x80u;
	return n;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* 1.23E+15, 1E+12: what a spreadsheet makes of a long number. */
static bool scientific(const char *s)
{
	const char *p = s;
	while (is_digit(*p))
		p++;
	if (p == s)
		return false;
	if (*p == '.')
		for (p++; is_digit(*p); p++) {
		}
	if ((*p != 'E' && *p != 'e') || p[1] != '+' || !is_digit(p[2]))
		return false;
	for (p += 2; is_digit(*p); p++) {
	}
	return *p == '\0';
}

static bool is_telephone(const char *s)
{
	size_t digits = 0;
	for (; *s; s++) {
		if (is_digit(*s))
			digits++;
		else if (!strchr("+-() ", *s))
			return false;
	}
	return digits >= 3 && digits <= 20;
}

char *import_digits(struct wb_arena *a, const char *telephone)
{
	char *out = wb_arena_alloc(a, strlen(telephone) + 1);
	size_t n = 0;
	for (; out && *telephone; telephone++)
		if (is_digit(*telephone))
			out[n++] = *telephone;
	return out;
}

char *import_serial(struct wb_arena *a, const char *serial)
{
	char *out = wb_arena_alloc(a, strlen(serial) + 1);
	size_t n = 0;
	for (; out && *serial; serial++)
		if (*serial != ' ')
			out[n++] = *serial >= 'a' && *serial <= 'z' ? (char)(*serial - 'a' + 'A') : *serial;
	return out;
}

static bool number(const char **s, uint32_t max_digits, uint32_t *ret)
{
	uint32_t n = 0;
	*ret = 0;
	for (; is_digit(**s) && n < max_digits; (*s)++, n++)
		*ret = *ret * 10 + (uint32_t)(**s - '0');
	return n > 0;
}

/* 2026-2-3, 2026/2/3, 2026.2.3 → 2026-02-03; NULL: no date. */
static const char *date(struct wb_arena *a, const char *s)
{
	uint32_t y, m, d;
	char text[WB_DATE_TEXT_BYTES];
	int32_t day;
	if (!number(&s, 4, &y) || !*s || !strchr("-/.", *s++) || !number(&s, 2, &m) || !*s || !strchr("-/.", *s++) ||
	        !number(&s, 2, &d) || *s)
		return NULL;
	const struct wb_date civil = {(int32_t)y, (uint8_t)m, (uint8_t)d};
	if (wb_day_of_date(civil, &day) != WB_OK)
		return NULL;
	wb_day_text(day, text);
	return wb_arena_str(a, text);
}

/* «信息中心 / 运维科» and «信息中心／运维科» are one path: no blanks around the slashes, none at the ends. */
static const char *path(struct wb_arena *a, char *s)
{
	char *out = wb_arena_alloc(a, strlen(s) + 1);
	size_t n = 0;
	while (out && *s) {
		char *end = s;
		size_t slash = 0;
		for (; *end; end++) {
			slash = *end == '/' ? 1 : strncmp(end, "\xEF\xBC\x8F", 3) == 0 ? 3 : 0;
			if (slash)
				break;
		}
		char *next = end + slash;
		*end = '\0';
		s = trim(s);
		size_t len = strlen(s);
		if (len && n)
			out[n++] = '/';
		memcpy(out + n, s, len);
		n += len;
		s = next;
	}
	return out;
}

static const char *protection(const char *s)
{
	static const char *const known[][2] = {{"普通", "NORMAL"}, {"内部", "INTERNAL"}, {"涉密", "SECRET"}};
	for (size_t i = 0; i < COUNT(known); i++)
		if (strcmp(s, known[i][0]) == 0 || strcmp(s, known[i][1]) == 0)
			return known[i][1];
	return NULL;
}

/* The cell as it is kept; a problem is noted where it is wrong. */
static const char *checked(struct import_sheet *s, struct import_line *line, size_t column, char *cell)
{
	size_t n;
	const struct import_column *c = &import_columns(s->kind, &n)[column];
	const char *kept = cell;
	if (chars(cell) > c->max_chars) {
		import_problem(s, line, column, FAULT(CELL_TOO_LONG), NULL);
		return "";
	}
	switch (c->check) {
	case IMPORT_TEXT:
		break;
	case IMPORT_PATH:
		kept = path(s->arena, cell);
		break;
	case IMPORT_NUMBER:
	case IMPORT_TELEPHONE:
		if (scientific(cell))
			import_problem(s, line, column, FAULT(SCIENTIFIC), NULL);
		else if (c->check == IMPORT_TELEPHONE && !is_telephone(cell))
			import_problem(s, line, column, FAULT(TELEPHONE_INVALID), NULL);
		break;
	case IMPORT_DATE:
		kept = date(s->arena, cell);
		if (!kept)
			import_problem(s, line, column, FAULT(DATE_INVALID), NULL);
		break;
	case IMPORT_PROTECTION:
		kept = protection(cell);
		if (!kept)
			import_problem(s, line, column, FAULT(PROTECTION_UNKNOWN), NULL);
		break;
	}
	return kept ? kept : "";
}

/* ---- headings and rows ---- */

static void read_headings(struct import_sheet *s, const struct csv_row *row)
{
	size_t n;
	const struct import_column *columns = import_columns(s->kind, &n);
	for (uint32_t i = 0; i < row->n_cells; i++) {
		const char *heading = trim(row->cells[i]);
		size_t c = 0;
		while (c < n && strcmp(columns[c].zh, heading) != 0 && strcmp(columns[c].en, heading) != 0)
			c++;
		if (c == n) {
			if (heading[0])
				file_problem(s, row->number, i + 1, FAULT(COLUMN_UNKNOWN), heading);
		} else if (s->at[c]) {
			file_problem(s, row->number, i + 1, FAULT(COLUMN_TWICE), heading);
		} else {
			s->at[c] = i + 1;
		}
	}
	for (size_t c = 0; c < n; c++)
		if (columns[c].required && !s->at[c])
			file_problem(s, row->number, 0, FAULT(COLUMN_MISSING), columns[c].zh);
}

static void read_line(struct import_sheet *s, const struct csv_row *row, uint32_t width, struct import_line *line)
{
	size_t n;
	const struct import_column *columns = import_columns(s->kind, &n);
	line->row = row->number;
	for (uint32_t i = width; i < row->n_cells; i++) {
		if (trim(row->cells[i])[0]) {
			import_problem(s, line, n, FAULT(TOO_MANY_CELLS), NULL);
			break;
		}
	}
	for (size_t c = 0; c < n; c++) {
		char *cell = s->at[c] && s->at[c] <= row->n_cells ? trim(row->cells[s->at[c] - 1]) : NULL;
		line->cells[c] = "";
		if (cell && cell[0])
			line->cells[c] = checked(s, line, c, cell);
		else if (columns[c].required)
			import_problem(s, line, c, FAULT(CELL_REQUIRED), NULL);
	}
}

static bool empty_row(const struct csv_row *row)
{
	for (uint32_t i = 0; i < row->n_cells; i++)
		for (const char *p = row->cells[i]; *p; p += blank_at(p))
			if (!blank_at(p))
				return false;
	return true;
}

/* ---- one thing twice ---- */

static const char *natural_key(struct import_sheet *s, const struct import_line *l)
{
	switch (s->kind) {
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES:
		return l->cells[OFFICE_PATH];
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_CONTACTS:
		return wb_arena_fmt(s->arena, "%s\n%s\n%s", l->cells[CONTACT_OFFICE], l->cells[CONTACT_NAME],
		        import_digits(s->arena, l->cells[CONTACT_TELEPHONE]));
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_DEVICES:
		return import_serial(s->arena, l->cells[DEVICE_SERIAL]);
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_UNSPECIFIED:
	case _WEIBAO__V1__IMPORT_KIND_IS_INT_SIZE:
		break;
	}
	return NULL;
}

static void find_doubles(struct import_sheet *s)
{
	struct known_list all = {0};
	for (uint32_t i = 0; i < s->n_lines; i++) {
		const char *key = s->lines[i].bad ? NULL : natural_key(s, &s->lines[i]);
		if (key && !known_add(&all, s->arena, (struct known){.key = key, .line = i + 1}))
			return;
	}
	known_sort(&all);
	for (size_t i = 1; i < all.n; i++) {
		if (strcmp(all.all[i].key, all.all[i - 1].key) != 0)
			continue;
		char first[16];
		size_t one = i - 1;
		while (one && strcmp(all.all[one - 1].key, all.all[i].key) == 0)
			one--;
		(void)snprintf(first, sizeof first, "%u", s->lines[all.all[one].line - 1].row);
		import_problem(s, &s->lines[all.all[i].line - 1], 0, FAULT(DUPLICATE_IN_FILE), first);
	}
}

enum wb_err import_sheet_read(
        struct wb_bytes file, Weibao__V1__ImportKind kind, struct wb_arena *a, struct import_sheet *ret)
{
	struct csv_table t;
	struct csv_error e;
	memset(ret, 0, sizeof *ret);
	ret->kind = kind;
	ret->arena = a;
	enum wb_err err = csv_read(file, &csv_usual, a, &t, &e);
	if (err == WB_ERR_INVALID) {
		file_problem(ret, e.row, e.column, FAULT(FILE_MALFORMED), csv_reason_text(e.reason));
		return WB_OK;
	}
	if (err)
		return err;
	if (t.n_rows == 0) {
		file_problem(ret, 0, 0, FAULT(FILE_MALFORMED), "empty");
		return WB_OK;
	}
	if (t.n_rows - 1 > INTAKE_IMPORT_ROWS) {
		file_problem(ret, 0, 0, FAULT(TOO_MANY_ROWS), NULL);
		return WB_OK;
	}
	read_headings(ret, &t.rows[0]);
	if (ret->n_problems)
		return WB_OK;
	ret->lines = WB_ARENA_ARRAY(a, struct import_line, t.n_rows);
	if (!ret->lines)
		return WB_ERR_MEMORY;
	for (size_t i = 1; i < t.n_rows; i++)
		if (!empty_row(&t.rows[i]))
			read_line(ret, &t.rows[i], t.rows[0].n_cells, &ret->lines[ret->n_lines++]);
	find_doubles(ret);
	return a->overflowed ? WB_ERR_MEMORY : WB_OK;
}
