/* Folds of uploads, attachments, imports and erasures. */
#include "services/intake/files.h"
#include "weibao/v1/intake_events.pb-c.h"

static void put(
        struct wb_fold *f, const struct wb_table *t, const char *tenant, struct wb_id id, const ProtobufCMessage *row)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	wb_put_row(f->db, t, &k, row);
}

/* ---- uploads and attachments ---- */

void intake_on_upload_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__UploadStarted *e = payload;
	Upload row = WEIBAO__V1__UPLOAD_ROW__INIT;
	row.attachment_id = e->attachment_id;
	row.size_bytes = e->size_bytes;
	row.purpose = e->purpose;
	row.subject_id = e->subject_id;
	row.has_ticket_id = e->has_ticket_id;
	row.ticket_id = e->ticket_id;
	row.has_visit_id = e->has_visit_id;
	row.visit_id = e->visit_id;
	row.file_name = e->file_name;
	row.uploader_id = e->uploader_id;
	row.expires_at = e->expires_at;
	put(f, &intake_uploads_table, ev->tenant, ev->stream_id, &row.base);
	wb_todo_put(f, "drop_upload", ev->tenant, ev->stream_id, 0, e->expires_at, NULL);
}

static void end_upload(struct wb_fold *f, const struct wb_event *ev)
{
	struct wb_key k;
	intake_key_id(&k, ev->tenant, ev->stream_id);
	wb_del(f->db, &intake_uploads_table, &k);
	wb_todo_drop(f, "drop_upload", ev->tenant, ev->stream_id, 0);
}

void intake_on_upload_dropped(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	end_upload(f, ev);
}

static void mark(struct wb_fold *f, const struct wb_table *t, const char *tenant, ProtobufCBinaryData first,
        struct wb_id attachment)
{
	struct wb_key k;
	intake_key_ids(&k, tenant, wb_id_of_field(first), attachment);
	wb_put(f->db, t, &k, ((struct wb_bytes){NULL, 0}));
}

void intake_on_attachment_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__AttachmentAdded *e = payload;
	const Upload *upload = upload_get(f->db, ev->tenant, ev->stream_id, f->arena);
	Attachment row = WEIBAO__V1__ATTACHMENT_ROW__INIT;
	row.attachment_id = e->attachment_id;
	row.sha256 = e->sha256;
	row.size_bytes = e->size_bytes;
	row.media_type = e->media_type;
	row.subject_id = e->subject_id;
	row.has_ticket_id = e->has_ticket_id;
	row.ticket_id = e->ticket_id;
	row.has_visit_id = e->has_visit_id;
	row.visit_id = e->visit_id;
	row.purpose = e->purpose;
	row.file_name = e->file_name;
	row.file_key = e->file_key;
	row.added_at = ev->recorded_at;
	row.uploader_id = upload ? upload->uploader_id : wb_field_of_id(f->arena, (struct wb_id){{0}});
	put(f, &intake_attachments_table, ev->tenant, ev->stream_id, &row.base);
	if (e->has_ticket_id)
		mark(f, &intake_attachments_by_ticket_table, ev->tenant, e->ticket_id, ev->stream_id);
	mark(f, &intake_attachments_by_subject_table, ev->tenant, e->subject_id, ev->stream_id);
	end_upload(f, ev);
}

static void attachment_gone(struct wb_fold *f, const char *tenant, struct wb_id id)
{
	Attachment *row = attachment_get(f->db, tenant, id, f->arena);
	if (!row)
		return;
	row->gone = true;
	put(f, &intake_attachments_table, tenant, id, &row->base);
}

/* ---- imports ---- */

void intake_on_import_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ImportStarted *e = payload;
	Weibao__V1__IntakeIdRow under_way = WEIBAO__V1__INTAKE_ID_ROW__INIT;
	Import row = WEIBAO__V1__IMPORT_ROW__INIT;
	struct wb_key k;
	row.import_id = e->import_id;
	row.kind = e->kind;
	row.attachment_id = e->attachment_id;
	row.status = WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_STAGING;
	row.rows = e->rows;
	row.rows_new = e->rows_new;
	row.rows_changed = e->rows_changed;
	row.rows_unchanged = e->rows_unchanged;
	row.started_at = ev->recorded_at;
	put(f, &intake_imports_table, ev->tenant, ev->stream_id, &row.base);
	intake_key(&k, ev->tenant);
	wb_key_desc_i64(&k, ev->recorded_at);
	wb_key_id(&k, ev->stream_id);
	wb_put(f->db, &intake_imports_by_time_table, &k, ((struct wb_bytes){NULL, 0}));
	under_way.id = e->import_id;
	intake_key(&k, ev->tenant);
	wb_put_row(f->db, &intake_imports_under_way_table, &k, &under_way.base);
	wb_todo_put(f, "stage_import", ev->tenant, ev->stream_id, 0, ev->recorded_at, NULL);
}

void intake_on_import_chunk_staged(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ImportChunkStaged *e = payload;
	Import *row = import_get(f->db, ev->tenant, ev->stream_id, f->arena);
	wb_todo_drop(f, "stage_import", ev->tenant, ev->stream_id, e->chunk);
	if (!row)
		return;
	row->rows_done = e->rows_done;
	row->chunks_done = e->chunk + 1;
	put(f, &intake_imports_table, ev->tenant, ev->stream_id, &row->base);
	if (row->status == WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_STAGING && row->rows_done < row->rows)
		wb_todo_put(f, "stage_import", ev->tenant, ev->stream_id, e->chunk + 1, ev->recorded_at, NULL);
}

static void end_import(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ImportStatus status, char *reason)
{
	Import *row = import_get(f->db, ev->tenant, ev->stream_id, f->arena);
	struct wb_key k;
	if (!row)
		return;
	wb_todo_drop(f, "stage_import", ev->tenant, ev->stream_id, row->chunks_done);
	row->status = status;
	row->has_ended_at = true;
	row->ended_at = ev->recorded_at;
	row->reason = reason;
	put(f, &intake_imports_table, ev->tenant, ev->stream_id, &row->base);
	intake_key(&k, ev->tenant);
	wb_del(f->db, &intake_imports_under_way_table, &k);
	attachment_gone(f, ev->tenant, wb_id_of_field(row->attachment_id));
}

void intake_on_import_activated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	(void)payload;
	end_import(f, ev, WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_ACTIVE, NULL);
	intake_apply_staged(f, ev, ev->stream_id);
}

void intake_on_import_discarded(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ImportDiscarded *e = payload;
	end_import(f, ev, WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_DISCARDED, e->reason);
	intake_drop_staged(f, ev->tenant, ev->stream_id);
}

/* ---- erasure ---- */

void intake_on_erasure_requested(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ErasureRequested *e = payload;
	Erasure row = WEIBAO__V1__ERASURE_ROW__INIT;
	row.subject_id = e->subject_id;
	row.status = WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_REQUESTED;
	row.reason = e->reason;
	row.requester_id = e->requester_id;
	row.requested_at = ev->recorded_at;
	put(f, &intake_erasures_table, ev->tenant, ev->stream_id, &row.base);
}

void intake_on_erasure_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ErasureDeclined *e = payload;
	Erasure *row = erasure_get(f->db, ev->tenant, ev->stream_id, f->arena);
	if (!row)
		return;
	row->status = WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_DECLINED;
	row->declined_because = e->reason;
	row->has_ended_at = true;
	row->ended_at = ev->recorded_at;
	put(f, &intake_erasures_table, ev->tenant, ev->stream_id, &row->base);
}

static void files_gone(struct wb_fold *f, const char *tenant, struct wb_id subject)
{
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes key;
	intake_key_id(&prefix, tenant, subject);
	wb_scan_prefix(&scan, f->db, &intake_attachments_by_subject_table, &prefix);
	while (wb_scan_next(&scan, &key, NULL)) {
		struct wb_id id;
		if (wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &id))
			attachment_gone(f, tenant, id);
	}
	wb_scan_done(&scan);
}

void intake_on_person_erased(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PersonErased *e = payload;
	Erasure fresh = WEIBAO__V1__ERASURE_ROW__INIT, *row = erasure_get(f->db, ev->tenant, ev->stream_id, f->arena);
	if (!row) {
		row = &fresh;
		row->subject_id = e->subject_id;
		row->requester_id = e->approver_id;
		row->requested_at = ev->recorded_at;
	}
	row->status = WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_DONE;
	row->reason = e->reason;
	row->has_approver_id = true;
	row->approver_id = e->approver_id;
	row->has_ended_at = true;
	row->ended_at = ev->recorded_at;
	row->alias_ids = e->alias_ids;
	row->n_alias_ids = e->n_alias_ids;
	put(f, &intake_erasures_table, ev->tenant, ev->stream_id, &row->base);
	files_gone(f, ev->tenant, wb_id_of_field(e->subject_id));
	for (size_t i = 0; i < e->n_alias_ids; i++)
		files_gone(f, ev->tenant, wb_id_of_field(e->alias_ids[i]));
}
