/* Imports off the log: the sealed file is read and compared on the loop, in memory of its own. A file of 20 000 rows
 * takes some hundred milliseconds once; what was read is kept while its import is being staged. */
#include "services/intake/attach_effects.h"
#include "services/intake/import.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct import_work {
	struct wb_arena arena;
	struct import_sheet sheet;
	struct import_plan plan;
	char tenant[65];
	struct wb_id import;
};

static void work_free(struct import_work *w)
{
	if (!w)
		return;
	wb_arena_done(&w->arena);
	free(w);
}

void import_forget(struct files_state *s)
{
	work_free(s->import);
	s->import = NULL;
}

/* A file as it stands in the log, ready to be read; false: it is gone, too large, or no import file. */
static bool read_file(struct files_state *s, struct wb_txn *db, const char *tenant, struct wb_id attachment,
        struct wb_arena *a, struct wb_bytes *ret)
{
	const Attachment *row = attachment_get(db, tenant, attachment, a);
	uint8_t key[ATTACH_KEY_BYTES];
	if (!row || row->gone || !row->purpose || strcmp(row->purpose, "import") != 0 ||
	        row->size_bytes > IMPORT_BYTES_MAX || row->sha256.len != ATTACH_SHA_BYTES ||
	        !files_key(s, a, tenant, row, key))
		return false;
	enum wb_err err = attach_read_all(s->store, row->sha256.data, key, row->size_bytes, a, ret);
	sodium_memzero(key, sizeof key);
	return err == WB_OK;
}

/* Reads and compares; NULL: the file cannot be read. import: zero for a check. */
static struct import_work *work_new(struct files_state *s, struct wb_txn *db, const char *tenant,
        struct wb_id attachment, Weibao__V1__ImportKind kind, struct wb_id import)
{
	struct import_work *w = calloc(1, sizeof *w); /* lives while its import is staged */
	struct wb_bytes file;
	if (!w || strlen(tenant) >= sizeof w->tenant) {
		free(w);
		return NULL;
	}
	memcpy(w->tenant, tenant, strlen(tenant) + 1);
	w->import = import;
	wb_arena_init(&w->arena, IMPORT_ARENA_BYTES);
	w->plan = (struct import_plan){
	        .db = db, .opener = s->opener, .tenant = w->tenant, .import = import, .sheet = &w->sheet};
	if (!read_file(s, db, tenant, attachment, &w->arena, &file) ||
	        import_sheet_read(file, kind, &w->arena, &w->sheet) != WB_OK ||
	        (w->sheet.n_problems == 0 || w->sheet.n_lines ? import_plan_make(&w->plan) : WB_OK) != WB_OK) {
		work_free(w);
		return NULL;
	}
	return w;
}

/* ---- commands ---- */

void *import_begin_start(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__StartImport *c = command;
	Weibao__V1__PlannedImport *r = WB_ARENA_NEW(d->arena, Weibao__V1__PlannedImport);
	const struct wb_id none = {{0}};
	size_t n;
	if (!r || !import_columns(c->kind, &n))
		return NULL;
	struct import_work *w = work_new(state, d->db, d->tenant, wb_id_of_field(c->attachment_id), c->kind, none);
	weibao__v1__planned_import__init(r);
	r->kind = c->kind;
	r->attachment_id = c->attachment_id;
	r->readable = w != NULL;
	if (w) {
		r->problems = w->sheet.n_problems;
		r->rows = w->sheet.n_lines;
		r->rows_new = w->sheet.rows_new;
		r->rows_changed = w->sheet.rows_changed;
		r->rows_unchanged = w->sheet.rows_unchanged;
	}
	work_free(w);
	return r;
}

static struct import_work *work_of(struct files_state *s, const struct wb_decision *d, const Import *row)
{
	struct wb_id id = wb_id_of_field(row->import_id);
	if (s->import && wb_id_equal(s->import->import, id) && strcmp(s->import->tenant, d->tenant) == 0) {
		s->import->plan.db = d->db;
		return s->import;
	}
	import_forget(s);
	s->import = work_new(s, d->db, d->tenant, wb_id_of_field(row->attachment_id), row->kind, id);
	return s->import;
}

static void fill_chunk(
        struct import_work *w, const struct wb_decision *d, uint32_t from, uint32_t to, Weibao__V1__PlannedChunk *r)
{
	r->events = WB_ARENA_ARRAY(d->arena, Weibao__V1__PlannedEvent *, INTAKE_IMPORT_CHUNK);
	for (uint32_t i = from; r->events && i < to; i++) {
		Weibao__V1__PlannedEvent *e = import_row_events(&w->plan, &w->sheet.lines[i], d->arena);
		if (e)
			r->events[r->n_events++] = e;
	}
}

void *import_begin_chunk(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__StageImportChunk *c = command;
	const Import *row = import_get(d->db, d->tenant, wb_id_of_field(c->import_id), d->arena);
	Weibao__V1__PlannedChunk *r = WB_ARENA_NEW(d->arena, Weibao__V1__PlannedChunk);
	if (!r || !row || row->status != WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_STAGING)
		return NULL;
	struct import_work *w = work_of(state, d, row);
	uint64_t from = (uint64_t)c->chunk * INTAKE_IMPORT_CHUNK, to = from + INTAKE_IMPORT_CHUNK;
	weibao__v1__planned_chunk__init(r);
	r->import_id = row->import_id;
	r->chunk = c->chunk;
	to = to < row->rows ? to : row->rows;
	r->rows_done = (uint32_t)to;
	r->readable = w && w->sheet.n_problems == 0 && w->sheet.n_lines == row->rows && from < to;
	if (r->readable)
		fill_chunk(w, d, (uint32_t)from, (uint32_t)to, r);
	if (w && w->sheet.n_problems) /* something that a row names has gone meanwhile */
		r->readable = false;
	if (w)
		w->plan.db = NULL; /* the transaction ends with this round */
	return r;
}

/* Job and message are one, in the command's arena. */
const ProtobufCMessage *import_end(void *state, void *job, struct wb_arena *arena)
{
	(void)state;
	(void)arena;
	return job;
}

/* ---- the check ---- */

static Weibao__V1__ImportProblem *problem_of(const struct import_problem *p, struct wb_arena *a)
{
	Weibao__V1__ImportProblem *r = WB_ARENA_NEW(a, Weibao__V1__ImportProblem);
	if (!r)
		return NULL;
	weibao__v1__import_problem__init(r);
	r->row = p->row;
	r->has_column = p->column != 0;
	r->column = p->column;
	r->fault = p->fault;
	r->heading = wb_arena_str(a, p->heading);
	r->detail = wb_arena_str(a, p->detail);
	return r;
}

static void fill_check(const struct import_sheet *s, Weibao__V1__CheckImportAnswer *r, struct wb_arena *a)
{
	uint32_t n = s->n_problems < IMPORT_PROBLEMS_MAX ? s->n_problems : IMPORT_PROBLEMS_MAX;
	r->rows = s->n_lines;
	r->rows_new = s->rows_new;
	r->rows_changed = s->rows_changed;
	r->rows_unchanged = s->rows_unchanged;
	r->problems_total = s->n_problems;
	r->problems = WB_ARENA_ARRAY(a, Weibao__V1__ImportProblem *, n + 1);
	for (uint32_t i = 0; r->problems && i < n; i++) {
		Weibao__V1__ImportProblem *p = problem_of(&s->problems[i], a);
		if (p)
			r->problems[r->n_problems++] = p;
	}
}

void import_check(struct files_state *s, struct wb_query *q, const Weibao__V1__CheckImport *c)
{
	struct wb_id id = wb_id_of_field(c->attachment_id);
	const struct wb_id none = {{0}};
	const Attachment *row = attachment_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__CheckImportAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__CheckImportAnswer);
	if (!row || !row->purpose || strcmp(row->purpose, "import") != 0) {
		wb_query_refuse(q, row ? WB_IMPORT_FILE_WRONG : WB_NOT_FOUND, "attachmentId");
		return;
	}
	struct import_work *w = r ? work_new(s, q->db, q->tenant, id, c->kind, none) : NULL;
	if (!w) {
		wb_query_refuse(q, row->size_bytes > IMPORT_BYTES_MAX ? WB_UPLOAD_TOO_LARGE : WB_ATTACHMENT_GONE,
		        "attachmentId");
		return;
	}
	weibao__v1__check_import_answer__init(r);
	fill_check(&w->sheet, r, q->arena);
	work_free(w);
	wb_answer(q, &r->base);
}
