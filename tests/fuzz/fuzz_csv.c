/*
 * Any bytes as comma-separated values (libFuzzer). What is accepted keeps the limits, and its cells, written and read
 * again, are the same but for the apostrophe that takes a formula its force.
 */
#include "services/intake/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct csv_limits limits = {.rows = 1000, .columns = 16, .cell_bytes = 256};

static void same(const char *was, const char *is)
{
	WB_ASSERT(strcmp(was, is) == 0 || (is[0] == '\'' && strcmp(was, is + 1) == 0));
}

static void write_and_read(const struct csv_row *row, struct wb_arena *a)
{
	struct csv_table t;
	struct csv_error e;
	char out[16 * 520];
	size_t n = csv_write(out, sizeof out, (const char *const *)row->cells, row->n_cells);
	WB_ASSERT(n <= sizeof out);
	const struct csv_limits more = {.rows = 1000, .columns = 16, .cell_bytes = 257};
	if (csv_read((struct wb_bytes){(const uint8_t *)out, n}, &more, a, &t, &e) != WB_OK)
		return; /* the arena's cap, or a quote or carriage return that a formula's apostrophe left bare */
	WB_ASSERT(t.n_rows <= 1);
	if (t.n_rows == 0)
		return;
	WB_ASSERT(t.rows[0].n_cells == row->n_cells);
	for (uint32_t i = 0; i < row->n_cells; i++)
		same(row->cells[i], t.rows[0].cells[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wb_arena a;
	struct csv_table t;
	struct csv_error e;
	wb_arena_init(&a, (size_t)4 << 20);
	enum wb_err err = csv_read((struct wb_bytes){data, size}, &limits, &a, &t, &e);
	WB_ASSERT((err == WB_ERR_INVALID) == (e.reason != CSV_FINE));
	WB_ASSERT(e.row <= size + 1 && e.column <= limits.columns + 1);
	for (size_t i = 0; err == WB_OK && i < t.n_rows; i++) {
		WB_ASSERT(t.rows[i].n_cells >= 1 && t.rows[i].n_cells <= limits.columns);
		WB_ASSERT(t.rows[i].number <= limits.rows && (i == 0 || t.rows[i].number > t.rows[i - 1].number));
		for (uint32_t c = 0; c < t.rows[i].n_cells; c++) {
			size_t n = strlen(t.rows[i].cells[c]);
			WB_ASSERT(n <= limits.cell_bytes && wb_utf8_valid(t.rows[i].cells[c], n));
		}
		if (i < 16)
			write_and_read(&t.rows[i], &a);
	}
	wb_arena_done(&a);
	return 0;
}
