/* The reader of comma-separated values: encodings, quotes, line ends, limits, and where an error is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/intake/csv.h"

#include <stdio.h>
#include <string.h>

struct read {
	struct wb_arena arena;
	struct csv_table t;
	struct csv_error e;
	enum wb_err err;
};

static int setup(void **state)
{
	static struct read r;
	memset(&r, 0, sizeof r);
	wb_arena_init(&r.arena, (size_t)16 << 20);
	*state = &r;
	return 0;
}

static int teardown(void **state)
{
	wb_arena_done(&((struct read *)*state)->arena);
	return 0;
}

static void read_n(struct read *r, const char *data, size_t len, const struct csv_limits *limits)
{
	r->err = csv_read((struct wb_bytes){(const uint8_t *)data, len}, limits, &r->arena, &r->t, &r->e);
}

static void read_text(struct read *r, const char *text)
{
	read_n(r, text, strlen(text), &csv_usual);
}

static void cell_is(const struct read *r, size_t row, size_t cell, const char *text)
{
	assert_true(row < r->t.n_rows && cell < r->t.rows[row].n_cells);
	assert_string_equal(r->t.rows[row].cells[cell], text);
}

static void refused(const struct read *r, enum csv_reason why, uint32_t row, uint32_t column)
{
	assert_int_equal(r->err, WB_ERR_INVALID);
	assert_string_equal(csv_reason_text(r->e.reason), csv_reason_text(why));
	assert_int_equal(r->e.row, row);
	assert_int_equal(r->e.column, column);
}

static void rows_and_cells(void **state)
{
	struct read *r = *state;
	read_text(r, "处室,地址\r\n信息处,\"人民路 1 号, 3 楼\"\n\n\"a \"\"b\"\"\nc\",\n");
	assert_int_equal(r->err, WB_OK);
	assert_int_equal(r->t.encoding, CSV_UTF8);
	assert_int_equal(r->t.n_rows, 3);
	cell_is(r, 0, 1, "地址");
	cell_is(r, 1, 1, "人民路 1 号, 3 楼");
	cell_is(r, 2, 0, "a \"b\"\nc");
	cell_is(r, 2, 1, "");
	assert_int_equal(r->t.rows[2].n_cells, 2);
	/* the blank one counts: the number is the spreadsheet's */
	assert_int_equal(r->t.rows[2].number, 4);
}

static void ends_without_line_end(void **state)
{
	struct read *r = *state;
	read_text(r, "a,\"b\"");
	assert_int_equal(r->t.n_rows, 1);
	cell_is(r, 0, 1, "b");
	read_text(r, "a,");
	assert_int_equal(r->t.rows[0].n_cells, 2);
	cell_is(r, 0, 1, "");
	read_text(r, "");
	assert_int_equal(r->err, WB_OK);
	assert_int_equal(r->t.n_rows, 0);
	/* a quoted empty cell is a row, a bare line is none */
	read_text(r, "\"\"\n\n");
	assert_int_equal(r->t.n_rows, 1);
}

static void encodings(void **state)
{
	struct read *r = *state;
	read_text(r, CSV_MARK "处室\n");
	assert_int_equal(r->t.encoding, CSV_UTF8_MARKED);
	cell_is(r, 0, 0, "处室");
	/* 处室,张伟 in GB18030, with a four-byte character (U+20000 is 95 32 82 36) */
	read_text(r, "\xB4\xA6\xCA\xD2,\xD5\xC5\xCE\xB0\x95\x32\x82\x36\n");
	assert_int_equal(r->err, WB_OK);
	assert_int_equal(r->t.encoding, CSV_GB18030);
	cell_is(r, 0, 0, "处室");
	cell_is(r, 0, 1, "张伟\xF0\xA0\x80\x80");
	read_text(r, "a\nb,\xFF\xFF\n");
	refused(r, CSV_ENCODING, 2, 0);
	read_text(r, CSV_MARK "\xB4\xA6\n");
	assert_int_equal(r->e.reason, CSV_ENCODING);
	read_n(r, "a\nb\0c\n", 6, &csv_usual);
	refused(r, CSV_ENCODING, 2, 0);
}

static void malformed(void **state)
{
	struct read *r = *state;
	read_text(r, "a\nb,c\"d\n");
	refused(r, CSV_QUOTE, 2, 2);
	read_text(r, "a\nb,c,\"d\"e\n");
	refused(r, CSV_AFTER_QUOTE, 2, 3);
	read_text(r, "a\n\"b\nc\nd");
	refused(r, CSV_OPEN_QUOTE, 2, 1);
	read_text(r, "a\rb\n");
	refused(r, CSV_CR, 1, 1);
}

static void limits(void **state)
{
	struct read *r = *state;
	const struct csv_limits few = {.rows = 2, .columns = 2, .cell_bytes = 3};
	read_n(r, "a\nb\n", 4, &few);
	assert_int_equal(r->err, WB_OK);
	read_n(r, "a\nb\nc", 5, &few);
	refused(r, CSV_ROWS, 3, 0);
	read_n(r, "a\nb,c,d", 7, &few);
	refused(r, CSV_COLUMNS, 2, 3);
	read_n(r, "abc,\"abcd\"", 10, &few);
	refused(r, CSV_CELL, 1, 2);
	/* nothing is kept of what does not fit the arena */
	struct wb_arena small;
	wb_arena_init(&small, 64);
	static const char many[] = "a,a,a,a,a,a,a,a,a,a,a,a,a,a,a,a\n";
	assert_int_equal(
	        csv_read((struct wb_bytes){(const uint8_t *)many, sizeof many - 1}, &csv_usual, &small, &r->t, &r->e),
	        WB_ERR_MEMORY);
	wb_arena_done(&small);
}

static void writes_what_it_reads(void **state)
{
	struct read *r = *state;
	const char *cells[] = {"a", "b,c", "d\"e", "", NULL, "二\r\n行", " f"};
	char out[128];
	size_t n = csv_write(out, sizeof out, cells, 7);
	assert_in_range(n, 10, sizeof out);
	read_n(r, out, n, &csv_usual);
	assert_int_equal(r->err, WB_OK);
	assert_int_equal(r->t.n_rows, 1);
	for (size_t i = 0; i < 7; i++)
		cell_is(r, 0, i, cells[i] ? cells[i] : "");
	/* never a part of a record */
	memset(out, '#', sizeof out);
	assert_int_equal(csv_write(out, n - 1, cells, 7), n);
	assert_int_equal(out[0], '#');
	/* a cell that begins as a marked file does is no mark */
	const char *marked[] = {CSV_MARK "a"};
	n = csv_write(out, sizeof out, marked, 1);
	read_n(r, out, n, &csv_usual);
	cell_is(r, 0, 0, CSV_MARK "a");
	const char *formula[] = {"=1+2", "-3"};
	n = csv_write(out, sizeof out, formula, 2);
	assert_int_equal(n, strlen("'=1+2,'-3\r\n"));
	assert_memory_equal(out, "'=1+2,'-3\r\n", n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(rows_and_cells, setup, teardown),
	        cmocka_unit_test_setup_teardown(ends_without_line_end, setup, teardown),
	        cmocka_unit_test_setup_teardown(encodings, setup, teardown),
	        cmocka_unit_test_setup_teardown(malformed, setup, teardown),
	        cmocka_unit_test_setup_teardown(limits, setup, teardown),
	        cmocka_unit_test_setup_teardown(writes_what_it_reads, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
