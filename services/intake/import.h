/*
 * Imports: a file of offices, contacts or devices against what is known.
 *
 * A sheet is what a file says: its rows by the columns of its kind, each cell trimmed and checked by itself. A plan
 * compares it with the projection and says of each row whether it is new, a change, or nothing new, and makes the
 * events that would bring it about. Natural keys: an office's path, a contact's office, name and telephone, a device's
 * serial. An empty cell, and a column that is not there, leave what is known as it is.
 *
 * Names are opened for the comparison in memory alone. Everything runs on the loop, in the arenas given.
 */
#ifndef WB_INTAKE_IMPORT_H
#define WB_INTAKE_IMPORT_H
#include "services/intake/csv.h"
#include "services/intake/files.h"

#define IMPORT_COLUMNS_MAX 12
#define IMPORT_PROBLEMS_MAX 200u
#define IMPORT_BYTES_MAX ((size_t)8 * 1024 * 1024)
#define IMPORT_ARENA_BYTES ((size_t)256 * 1024 * 1024)

enum office_column { OFFICE_PATH, OFFICE_ADDRESS, OFFICE_PLACE };
enum contact_column {
	CONTACT_OFFICE,
	CONTACT_NAME,
	CONTACT_TELEPHONE,
	CONTACT_EXTENSION,
	CONTACT_TELEPHONE_2,
	CONTACT_EXTENSION_2,
	CONTACT_EMAIL
};
enum device_column {
	DEVICE_SERIAL,
	DEVICE_TYPE,
	DEVICE_MODEL,
	DEVICE_ASSET,
	DEVICE_OS,
	DEVICE_PURCHASED,
	DEVICE_WARRANTY,
	DEVICE_VENDOR,
	DEVICE_PROTECTION,
	DEVICE_OFFICE,
	DEVICE_USER,
	DEVICE_USER_TELEPHONE
};

enum import_check { IMPORT_TEXT, IMPORT_PATH, IMPORT_NUMBER, IMPORT_TELEPHONE, IMPORT_DATE, IMPORT_PROTECTION };
struct import_column {
	const char *zh, *en;
	bool required;
	enum import_check check;
	uint32_t max_chars;
};
/* The columns of a kind in the order of its enum above; NULL and 0 for a kind that is not known. */
const struct import_column *import_columns(Weibao__V1__ImportKind kind, size_t *ret_n);

struct import_problem {
	uint32_t row, column; /* as the spreadsheet counts, from 1; row 0: the file */
	Weibao__V1__ImportFault fault;
	const char *heading, *detail; /* or NULL */
};
struct import_line {
	uint32_t row;
	bool bad;                              /* a cell is wrong: it is not compared */
	const char *cells[IMPORT_COLUMNS_MAX]; /* "" where it is empty or its column is not there */
};
struct import_sheet {
	Weibao__V1__ImportKind kind;
	struct wb_arena *arena;
	struct import_line *lines;
	uint32_t n_lines;
	uint32_t at[IMPORT_COLUMNS_MAX]; /* the file's column of each of ours, from 1; 0: not there */
	struct import_problem problems[IMPORT_PROBLEMS_MAX];
	uint32_t n_problems; /* all of them, also past the maximum */
	uint32_t rows_new, rows_changed, rows_unchanged;
};

/* The file to fill in. Errors: MEMORY; INVALID: no such kind. */
WB_MUST_CHECK enum wb_err import_template(Weibao__V1__ImportKind kind, struct wb_arena *a, struct wb_bytes *ret);
/* Reads a file; what is wrong stands in the problems. Errors: MEMORY. */
WB_MUST_CHECK enum wb_err import_sheet_read(
        struct wb_bytes file, Weibao__V1__ImportKind kind, struct wb_arena *a, struct import_sheet *ret);
/* Notes a problem; line may be NULL, column is ours. */
void import_problem(struct import_sheet *s, struct import_line *line, size_t column, Weibao__V1__ImportFault fault,
        const char *detail);
/* Digits alone: how telephones are compared. In the arena. */
char *import_digits(struct wb_arena *a, const char *telephone);
/* A serial as it is compared. In the arena. */
char *import_serial(struct wb_arena *a, const char *serial);

/* ---- what is known, by natural keys ---- */

struct known {
	const char *key;
	struct wb_id id, office;
	uint32_t line; /* of the sheet, from 1; 0: of the projection */
};
struct known_list {
	struct known *all;
	size_t n, room;
};
bool known_add(struct known_list *l, struct wb_arena *a, struct known k);
void known_sort(struct known_list *l);
/* The first with that key, or NULL; those behind it may have the same. */
const struct known *known_find(const struct known_list *l, const char *key);

struct import_plan {
	struct wb_txn *db;
	struct wb_opener *opener; /* NULL: only plain texts are read (tests) */
	const char *tenant;
	struct wb_id import; /* new records' ids come from it and the row */
	struct import_sheet *sheet;
	struct known_list offices; /* path; the sheet's own too */
	struct known_list people;  /* office, name and a telephone */
	struct known_list names;   /* name alone */
};
/* A sealed or plain text; NULL: none, or erased. In the arena. */
const char *import_open(const struct import_plan *p, struct wb_arena *a, const Weibao__V1__Personal *text);
/* Collects what is known and compares every row, filling in the sheet's counts and problems. Errors: MEMORY. */
WB_MUST_CHECK enum wb_err import_plan_make(struct import_plan *p);
/* The events of one row, in the arena; NULL: it is nothing new, or wrong, or the arena is full. */
Weibao__V1__PlannedEvent *import_row_events(struct import_plan *p, struct import_line *line, struct wb_arena *a);
/* The three kinds of rows. */
Weibao__V1__PlannedEvent *import_office_row(struct import_plan *p, struct import_line *line, struct wb_arena *a);
Weibao__V1__PlannedEvent *import_contact_row(struct import_plan *p, struct import_line *line, struct wb_arena *a);
Weibao__V1__PlannedEvent *import_device_row(struct import_plan *p, struct import_line *line, struct wb_arena *a);
#endif
