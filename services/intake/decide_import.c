/* Decisions on imports. The rows come from the sealed file by the effects (import_effects.c): here it is said whether
 * an import may begin, and a chunk's events are put into the log. */
#include "services/intake/decide.h"
#include "services/intake/files.h"

#include <string.h>

static const struct wb_id zero;

void intake_start_import_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_read(t, "tenant", zero);
	wb_turn_write_name(t, "import", (struct wb_bytes){(const uint8_t *)"import", 6});
}

static bool file_fits(struct wb_decision *d, ProtobufCBinaryData attachment)
{
	const Attachment *file = attachment_get(d->db, d->tenant, wb_id_of_field(attachment), d->arena);
	enum wb_refusal r = WB_ALREADY_SO;
	if (!file)
		r = WB_NOT_FOUND;
	else if (!file->purpose || strcmp(file->purpose, "import") != 0)
		r = WB_IMPORT_FILE_WRONG;
	else if (file->gone)
		r = WB_ATTACHMENT_GONE;
	if (r != WB_ALREADY_SO)
		wb_refuse(d, r, "attachmentId");
	return r == WB_ALREADY_SO;
}

static bool plan_fits(struct wb_decision *d, const Weibao__V1__PlannedImport *c)
{
	if (!c->readable) {
		wb_refuse(d, WB_ATTACHMENT_GONE, "attachmentId");
	} else if (c->problems) {
		wb_refuse(d, WB_IMPORT_HAS_PROBLEMS, "attachmentId");
		wb_refuse_arg(d, "problems", "%u", c->problems);
	} else if (c->rows_new + c->rows_changed == 0) {
		wb_refuse(d, WB_IMPORT_CHANGES_NOTHING, "attachmentId");
	} else if (import_under_way(d->db, d->tenant, d->arena)) {
		wb_refuse(d, WB_IMPORT_UNDER_WAY, NULL);
	}
	return !wb_refused(d);
}

void intake_start_import(struct wb_decision *d, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__PlannedImport *c = command;
	struct wb_id id = wb_new_id(d, "import");
	bool planned = m->descriptor == &weibao__v1__planned_import__descriptor;
	if (!need_tenant(d) ||
	        !file_fits(d, planned ? c->attachment_id : ((const Weibao__V1__StartImport *)command)->attachment_id))
		return;
	if (!planned) {
		wb_refuse(d, WB_UNAVAILABLE, NULL); /* nobody read the file */
		return;
	}
	if (!plan_fits(d, c))
		return;
	NEW(d, Weibao__V1__ImportStarted, weibao__v1__import_started__init, e);
	e->import_id = wb_field_of_id(d->arena, id);
	e->kind = c->kind;
	e->attachment_id = c->attachment_id;
	e->rows = c->rows;
	e->rows_new = c->rows_new;
	e->rows_changed = c->rows_changed;
	e->rows_unchanged = c->rows_unchanged;
	wb_emit(d, "import", id, &e->base);
}

TURNS_ON(discard_import, Weibao__V1__DiscardImport, "import", import_id)

/* The import while it is being staged; refuses if it is not. */
static const Import *staging(struct wb_decision *d, ProtobufCBinaryData field, struct wb_id *ret_id)
{
	if (!wb_require_id(d, field, "importId", ret_id))
		return NULL;
	const Import *row = import_get(d->db, d->tenant, *ret_id, d->arena);
	if (row && row->status == WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_STAGING)
		return row;
	wb_refuse(d, row ? WB_IMPORT_OVER : WB_NOT_FOUND, "importId");
	return NULL;
}

static void emit_discarded(struct wb_decision *d, struct wb_id id, const char *reason)
{
	NEW(d, Weibao__V1__ImportDiscarded, weibao__v1__import_discarded__init, e);
	e->import_id = wb_field_of_id(d->arena, id);
	e->reason = wb_arena_str(d->arena, reason);
	wb_emit(d, "import", id, &e->base);
}

void intake_discard_import(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DiscardImport *c = command;
	struct wb_id id;
	if (staging(d, c->import_id, &id) && need_text(d, c->reason, INTAKE_LINE_CHARS, "reason"))
		emit_discarded(d, id, c->reason);
}

/* ---- a chunk ---- */

void intake_stage_import_chunk_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__PlannedChunk *planned = command;
	const Weibao__V1__StageImportChunk *c = command;
	(void)tenant;
	wb_turn_write(t, "import",
	        wb_id_of_field(
	                m->descriptor == &weibao__v1__planned_chunk__descriptor ? planned->import_id : c->import_id));
}

/* Changes of records meet those of people: the journal's versions settle it, and the chunk is decided anew. */
static void emit_planned(struct wb_decision *d, const Weibao__V1__PlannedEvent *e)
{
	if (e->office)
		wb_emit(d, "office", wb_id_of_field(e->office->office_id), &e->office->base);
	if (e->office_changed)
		wb_emit(d, "office", wb_id_of_field(e->office_changed->office_id), &e->office_changed->base);
	if (e->contact)
		wb_emit(d, "contact", wb_id_of_field(e->contact->contact_id), &e->contact->base);
	if (e->contact_changed)
		wb_emit(d, "contact", wb_id_of_field(e->contact_changed->contact_id), &e->contact_changed->base);
	if (e->device)
		wb_emit(d, "device", wb_id_of_field(e->device->device_id), &e->device->base);
	if (e->device_changed)
		wb_emit(d, "device", wb_id_of_field(e->device_changed->device_id), &e->device_changed->base);
	if (e->device_moved)
		wb_emit(d, "device", wb_id_of_field(e->device_moved->device_id), &e->device_moved->base);
	if (e->device_user)
		wb_emit(d, "device", wb_id_of_field(e->device_user->device_id), &e->device_user->base);
}

static void emit_staged(struct wb_decision *d, struct wb_id id, const Weibao__V1__PlannedChunk *c, bool last)
{
	NEW(d, Weibao__V1__ImportChunkStaged, weibao__v1__import_chunk_staged__init, e);
	e->import_id = c->import_id;
	e->chunk = c->chunk;
	e->rows_done = c->rows_done;
	wb_emit(d, "import", id, &e->base);
	if (!last)
		return;
	NEW(d, Weibao__V1__ImportActivated, weibao__v1__import_activated__init, a);
	a->import_id = c->import_id;
	wb_emit(d, "import", id, &a->base);
}

void intake_stage_import_chunk(struct wb_decision *d, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__PlannedChunk *c = command;
	bool planned = m->descriptor == &weibao__v1__planned_chunk__descriptor;
	struct wb_id id;
	const Import *row =
	        staging(d, planned ? c->import_id : ((const Weibao__V1__StageImportChunk *)command)->import_id, &id);
	if (!row)
		return;
	if (!planned) {
		wb_refuse(d, WB_BUSY, NULL); /* nobody read the file */
		return;
	}
	if (c->chunk != row->chunks_done) {
		wb_already(d);
		return;
	}
	if (!c->readable) {
		emit_discarded(d, id, "the file can no longer be read, or no longer fits");
		return;
	}
	for (size_t i = 0; i < c->n_events; i++)
		emit_planned(d, c->events[i]);
	emit_staged(d, id, c, c->rows_done >= row->rows);
}
