#include "services/intake/csv.h"

#include <iconv.h>
#include <string.h>

const struct csv_limits csv_usual = {.rows = 200000, .columns = 64, .cell_bytes = 4096};

const char *csv_reason_text(enum csv_reason r)
{
	switch (r) {
	case CSV_FINE:
		return "fine";
	case CSV_ENCODING:
		return "encoding";
	case CSV_ROWS:
		return "rows";
	case CSV_COLUMNS:
		return "columns";
	case CSV_CELL:
		return "cell";
	case CSV_QUOTE:
		return "quote";
	case CSV_AFTER_QUOTE:
		return "after-quote";
	case CSV_OPEN_QUOTE:
		return "open-quote";
	case CSV_CR:
		return "carriage-return";
	}
	return "unknown";
}

/* ---- characters ---- */

static bool has_mark(struct wb_bytes f)
{
	return f.len >= 3 && memcmp(f.data, CSV_MARK, 3) == 0;
}

/* The row in which decoding broke off, as far as line ends tell. */
static uint32_t row_at(const uint8_t *data, size_t len)
{
	uint32_t row = 1;
	for (size_t i = 0; i < len && row < UINT32_MAX; i++)
		row += data[i] == '\n';
	return row;
}

static enum wb_err bad_at(struct wb_bytes f, size_t at, struct csv_error *e)
{
	*e = (struct csv_error){CSV_ENCODING, row_at(f.data, at), 0};
	return WB_ERR_INVALID;
}

/* A character of four bytes becomes one of four at most, one of two one of three, one byte stays: twice is enough. */
static enum wb_err from_gb18030(struct wb_bytes f, struct wb_arena *a, struct wb_bytes *ret, struct csv_error *e)
{
	size_t left = 2 * f.len, in_left = f.len;
	char *in = (char *)(uintptr_t)f.data, *out = wb_arena_alloc(a, left + 1), *p = out;
	if (!out)
		return WB_ERR_MEMORY;
	iconv_t cd = iconv_open("UTF-8", "GB18030");
	if (cd == (iconv_t)-1)
		return WB_ERR_UNSUPPORTED;
	size_t n = iconv(cd, &in, &in_left, &p, &left);
	iconv_close(cd);
	if (n == (size_t)-1 || in_left)
		return bad_at(f, f.len - in_left, e);
	*ret = (struct wb_bytes){(const uint8_t *)out, (size_t)(p - out)};
	return wb_utf8_valid(ret->data, ret->len) ? WB_OK : bad_at(f, f.len, e);
}

static enum wb_err decode(
        struct wb_bytes f, struct wb_arena *a, struct csv_table *t, char **ret, size_t *ret_len, struct csv_error *e)
{
	bool marked = has_mark(f);
	const uint8_t *nul = f.len ? memchr(f.data, 0, f.len) : NULL;
	struct wb_bytes text = f;
	if (nul)
		return bad_at(f, (size_t)(nul - f.data), e);
	if (marked)
		text = (struct wb_bytes){f.data + 3, f.len - 3};
	if (wb_utf8_valid(text.data, text.len)) {
		t->encoding = marked ? CSV_UTF8_MARKED : CSV_UTF8;
		*ret = wb_arena_copy(a, text.data, text.len);
		*ret_len = text.len;
		return *ret ? WB_OK : WB_ERR_MEMORY;
	}
	if (marked)
		return bad_at(f, f.len, e);
	enum wb_err err = from_gb18030(f, a, &text, e);
	t->encoding = CSV_GB18030;
	*ret = (char *)(uintptr_t)text.data;
	*ret_len = text.len;
	return err;
}

/* ---- records ---- */

/* One walk over the text: first it only counts and checks, then, with rows and cells given, it fills them in, taking
 * the quotes out in place. */
struct walk {
	const struct csv_limits *limits;
	char *text;
	size_t len, at;
	uint32_t row, column; /* under way, from 1 */
	bool fill;
	struct csv_row *rows;
	char **cells;
	size_t n_rows, n_cells;
	struct csv_error error;
};

static bool fail_at(struct walk *w, enum csv_reason r, uint32_t column)
{
	w->error = (struct csv_error){r, w->row, column};
	return false;
}

static bool at_end(const struct walk *w)
{
	return w->at == w->len || w->text[w->at] == ',' || w->text[w->at] == '\n' ||
	       (w->text[w->at] == '\r' && w->at + 1 < w->len && w->text[w->at + 1] == '\n');
}

static bool quoted_cell(struct walk *w, size_t *ret_from, size_t *ret_len)
{
	size_t to = w->at, from = to;
	for (w->at++;; w->at++) {
		if (w->at == w->len)
			return fail_at(w, CSV_OPEN_QUOTE, w->column);
		if (w->text[w->at] == '"') {
			if (w->at + 1 == w->len || w->text[w->at + 1] != '"')
				break;
			w->at++;
		}
		if (w->fill)
			w->text[to] = w->text[w->at];
		to++;
	}
	w->at++;
	*ret_from = from;
	*ret_len = to - from;
	return at_end(w) || fail_at(w, CSV_AFTER_QUOTE, w->column);
}

static bool plain_cell(struct walk *w, size_t *ret_from, size_t *ret_len)
{
	size_t from = w->at;
	for (; !at_end(w); w->at++) {
		if (w->text[w->at] == '"')
			return fail_at(w, CSV_QUOTE, w->column);
		if (w->text[w->at] == '\r')
			return fail_at(w, CSV_CR, w->column);
	}
	*ret_from = from;
	*ret_len = w->at - from;
	return true;
}

/* What ends the cell; true while the record goes on. Its first byte is free for the NUL of the cell before it. */
static bool pass_end(struct walk *w)
{
	if (w->at == w->len)
		return false;
	char c = w->text[w->at++];
	if (c == '\r')
		w->at++;
	return c == ',';
}

static bool one_row(struct walk *w)
{
	size_t first = w->n_cells, bytes = 0;
	bool more = true;
	for (w->column = 1; more; w->column++) {
		size_t from = 0, len = 0;
		if (w->column > w->limits->columns)
			return fail_at(w, CSV_COLUMNS, w->column);
		bool quoted = w->at < w->len && w->text[w->at] == '"';
		if (!(quoted ? quoted_cell(w, &from, &len) : plain_cell(w, &from, &len)))
			return false;
		if (len > w->limits->cell_bytes)
			return fail_at(w, CSV_CELL, w->column);
		more = pass_end(w);
		if (w->fill) {
			w->text[from + len] = '\0';
			w->cells[w->n_cells] = w->text + from;
		}
		w->n_cells++;
		bytes += len + quoted;
	}
	if (w->n_cells - first == 1 && bytes == 0) { /* blank */
		w->n_cells = first;
		return true;
	}
	if (w->fill)
		w->rows[w->n_rows] = (struct csv_row){w->row, (uint32_t)(w->n_cells - first), w->cells + first};
	w->n_rows++;
	return true;
}

static bool walk_all(struct walk *w, bool fill)
{
	w->fill = fill;
	w->at = 0;
	w->n_rows = w->n_cells = 0;
	for (w->row = 1; w->at < w->len; w->row++) {
		if (w->row > w->limits->rows)
			return fail_at(w, CSV_ROWS, 0);
		if (!one_row(w))
			return false;
	}
	return true;
}

enum wb_err csv_read(struct wb_bytes file, const struct csv_limits *limits, struct wb_arena *a,
        struct csv_table *ret_table, struct csv_error *ret_error)
{
	struct walk w = {.limits = limits};
	*ret_table = (struct csv_table){0};
	*ret_error = (struct csv_error){0};
	enum wb_err err = decode(file, a, ret_table, &w.text, &w.len, ret_error);
	if (err)
		return err;
	if (!walk_all(&w, false)) {
		*ret_error = w.error;
		return WB_ERR_INVALID;
	}
	/* one more of each: a blank record puts a cell before it is taken back */
	w.rows = WB_ARENA_ARRAY(a, struct csv_row, w.n_rows + 1);
	w.cells = WB_ARENA_ARRAY(a, char *, w.n_cells + 1);
	if (!w.rows || !w.cells)
		return WB_ERR_MEMORY;
	(void)walk_all(&w, true); /* the same text as before: it cannot fail */
	ret_table->rows = w.rows;
	ret_table->n_rows = w.n_rows;
	return WB_OK;
}

/* ---- writing ---- */

struct writing {
	char *out;
	size_t size, n;
};

static void put(struct writing *w, char c)
{
	if (w->n < w->size)
		w->out[w->n] = c;
	w->n++;
}

/* Excel and others run a cell that begins so. */
static bool is_formula(const char *cell)
{
	return cell[0] && strchr("=+-@\t\r", cell[0]);
}

static void put_cell(struct writing *w, const char *cell)
{
	bool quote = strpbrk(cell, ",\"\r\n") || cell[0] == ' ' || strncmp(cell, CSV_MARK, 3) == 0;
	if (quote)
		put(w, '"');
	if (is_formula(cell))
		put(w, '\'');
	for (; *cell; cell++) {
		if (*cell == '"')
			put(w, '"');
		put(w, *cell);
	}
	if (quote)
		put(w, '"');
}

size_t csv_write(char *out, size_t size, const char *const *cells, size_t n)
{
	struct writing all = {NULL, 0, 0}, w = {out, size, 0};
	for (size_t i = 0; i < n; i++) {
		if (i)
			put(&all, ',');
		put_cell(&all, cells[i] ? cells[i] : "");
	}
	all.n += 2;
	if (all.n > size)
		return all.n;
	for (size_t i = 0; i < n; i++) {
		if (i)
			put(&w, ',');
		put_cell(&w, cells[i] ? cells[i] : "");
	}
	put(&w, '\r');
	put(&w, '\n');
	return w.n;
}
