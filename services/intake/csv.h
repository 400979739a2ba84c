/*
 * Comma-separated values, bounded.
 *
 * A file is UTF-8 (with or without a byte order mark) or, where it is not, GB18030, as spreadsheets of mainland China
 * write it. Records end with LF or CR LF, cells are quoted by RFC 4180 and may hold commas, quotes and line ends.
 * Blank records are skipped but counted, so that a row's number is the one that the spreadsheet shows.
 *
 * What is malformed or over a limit is refused as a whole, with row and column: nothing is guessed. Cells come out as
 * valid UTF-8 without NUL. Pure but for the arena and the C library's converter; any thread.
 */
#ifndef WB_INTAKE_CSV_H
#define WB_INTAKE_CSV_H
#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"

struct csv_limits {
	uint32_t rows;     /* blank ones included */
	uint32_t columns;  /* of one row */
	size_t cell_bytes; /* of one cell as UTF-8 */
};
extern const struct csv_limits csv_usual; /* 200 000 rows, 64 columns, 4 KiB */

enum csv_reason {
	CSV_FINE,
	CSV_ENCODING,    /* neither UTF-8 nor GB18030, or a NUL */
	CSV_ROWS,        /* more rows than the limit */
	CSV_COLUMNS,     /* more columns than the limit */
	CSV_CELL,        /* a cell is longer than the limit */
	CSV_QUOTE,       /* a quote inside a cell that does not begin with one */
	CSV_AFTER_QUOTE, /* text behind a closing quote */
	CSV_OPEN_QUOTE,  /* a quote that is never closed: row and column are where it was opened */
	CSV_CR           /* a carriage return without line feed */
};
/* «encoding», «rows» … for messages and answers; never NULL. */
const char *csv_reason_text(enum csv_reason r);
struct csv_error {
	enum csv_reason reason;
	uint32_t row, column; /* from 1; 0: the file as a whole */
};

enum csv_encoding { CSV_UTF8, CSV_UTF8_MARKED, CSV_GB18030 };
struct csv_row {
	uint32_t number; /* in the file, from 1 */
	uint32_t n_cells;
	char **cells; /* of the arena */
};
struct csv_table {
	enum csv_encoding encoding;
	struct csv_row *rows; /* those that are not blank */
	size_t n_rows;
};

/* Reads a whole file. Errors: INVALID (ret_error says why and where), MEMORY (the arena's cap). */
WB_MUST_CHECK enum wb_err csv_read(struct wb_bytes file, const struct csv_limits *limits, struct wb_arena *a,
        struct csv_table *ret_table, struct csv_error *ret_error);

/* Writes one record, quoted where it must be, with CR LF; a cell that a spreadsheet would take for a formula gets an
 * apostrophe in front. Returns the bytes it takes; writes none when they are more than size. NULL cells are empty. */
size_t csv_write(char *out, size_t size, const char *const *cells, size_t n);
/* The byte order mark that makes spreadsheets read UTF-8. */
#define CSV_MARK "\xEF\xBB\xBF"
#endif
