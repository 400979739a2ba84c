/*
 * Uploads off the log: parts are sealed and synced on the worker before their command is answered, a file before the
 * event that names it; files go when their person, or their import, is over.
 */
#include "services/intake/attach_effects.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SWEEP_US (INTAKE_UPLOAD_US + WB_DAY_US)

static void *effects_open(const char *dir, struct wb_random random)
{
	struct files_state *s = calloc(1, sizeof *s); /* the process's life */
	(void)random;                                 /* keys are never of a seed */
	if (!s)
		return NULL;
	s->store = attach_store_open(dir);
	if (!s->store) {
		free(s);
		return NULL;
	}
	return s;
}

static void effects_close(void *state)
{
	struct files_state *s = state;
	import_forget(s);
	attach_store_close(s->store);
	free(s);
}

static void effects_opener(void *state, struct wb_opener *opener)
{
	((struct files_state *)state)->opener = opener;
}

bool files_key(const struct files_state *s, struct wb_arena *a, const char *tenant, const Attachment *row,
        uint8_t ret_key[static ATTACH_KEY_BYTES])
{
	const char *text = row->file_key && s->opener ? wb_open_personal(s->opener, a, tenant, row->file_key) : NULL;
	return text && wb_unhex(text, ret_key, ATTACH_KEY_BYTES);
}

/* ---- jobs ---- */

struct job {
	char tenant[65];
	struct wb_id upload;
	uint32_t part, size;
	struct wb_bytes data; /* of the command, which waits for this job */
	char purpose[32];
	struct attach_sealed sealed;
	enum wb_err err;
};

static struct job *job_new(const struct wb_decision *d, const Upload *row)
{
	struct job *j = sodium_malloc(sizeof *j); /* holds a key: guarded, wiped when freed */
	if (!j)
		return NULL;
	memset(j, 0, sizeof *j);
	(void)snprintf(j->tenant, sizeof j->tenant, "%s", d->tenant);
	(void)snprintf(j->purpose, sizeof j->purpose, "%s", row->purpose);
	j->upload = wb_id_of_field(row->attachment_id);
	j->size = row->size_bytes;
	return j;
}

/* What a crash left behind: an upload whose to-do or event came while this process was away. One at a time. */
static void *begin_upload(void *state, const struct wb_decision *d, const void *command)
{
	struct files_state *s = state;
	char tenant[65];
	struct wb_id id;
	(void)command;
	if (!attach_oldest(s->store, d->now_us - SWEEP_US, tenant, &id) || upload_get(d->db, tenant, id, d->arena))
		return NULL;
	const Attachment *row = attachment_get(d->db, tenant, id, d->arena);
	attach_forget(s->store, tenant, id, row && !row->gone ? row->sha256.data : NULL);
	return NULL;
}

static void *begin_part(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__PutUploadPart *c = command;
	const Upload *row = upload_get(d->db, d->tenant, wb_id_of_field(c->attachment_id), d->arena);
	(void)state;
	if (upload_part_check(row, d->who, c->part, c->data.len) != WB_ALREADY_SO)
		return NULL;
	struct job *j = job_new(d, row);
	if (!j)
		return NULL;
	j->part = c->part;
	j->data = (struct wb_bytes){c->data.data, c->data.len};
	return j;
}

static void work_part(void *state, void *job)
{
	struct files_state *s = state;
	struct job *j = job;
	j->err = attach_put_part(s->store, j->tenant, j->upload, j->part, j->data);
}

static Weibao__V1__SealedUpload *sealed_new(const struct job *j, struct wb_arena *a)
{
	Weibao__V1__SealedUpload *r = WB_ARENA_NEW(a, Weibao__V1__SealedUpload);
	if (!r)
		return NULL;
	weibao__v1__sealed_upload__init(r);
	r->attachment_id = wb_field_of_id(a, j->upload);
	r->complete = j->sealed.complete;
	r->media_known = j->sealed.media_known;
	return r;
}

/* NULL: it is stored, the command is decided as it is. */
static const ProtobufCMessage *end_part(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	Weibao__V1__SealedUpload *failed = j->err ? sealed_new(j, a) : NULL;
	(void)state;
	sodium_free(j);
	return failed ? &failed->base : NULL;
}

static void *begin_finish(void *state, const struct wb_decision *d, const void *command)
{
	const Weibao__V1__FinishUpload *c = command;
	const Upload *row = upload_get(d->db, d->tenant, wb_id_of_field(c->attachment_id), d->arena);
	(void)state;
	if (!row || !wb_id_equal(wb_id_of_field(row->uploader_id), uploader_of(d->who)))
		return NULL;
	return job_new(d, row);
}

static void work_finish(void *state, void *job)
{
	struct files_state *s = state;
	struct job *j = job;
	j->err = attach_seal(s->store, j->tenant, j->upload, j->size, j->purpose, &j->sealed);
}

static const ProtobufCMessage *end_finish(void *state, void *job, struct wb_arena *a)
{
	struct job *j = job;
	Weibao__V1__SealedUpload *r = sealed_new(j, a);
	Weibao__V1__Personal *key = WB_ARENA_NEW(a, Weibao__V1__Personal);
	char *text = wb_arena_alloc(a, 2 * ATTACH_KEY_BYTES + 1);
	(void)state;
	if (r && key && text && !j->err && j->sealed.media_known) {
		wb_hex(j->sealed.key, sizeof j->sealed.key, text);
		weibao__v1__personal__init(key);
		key->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
		key->plain = text;
		r->file_key = key;
		r->has_sha256 = true;
		r->sha256 =
		        (ProtobufCBinaryData){ATTACH_SHA_BYTES, wb_arena_copy(a, j->sealed.sha256, ATTACH_SHA_BYTES)};
		r->media_type = wb_arena_str(a, j->sealed.type);
	}
	if (r && j->err) /* not its parts' fault: to be tried again */
		r->complete = r->media_known = true;
	sodium_free(j);
	return r ? &r->base : NULL;
}

static const struct wb_effect_def defs[] = {
        {&weibao__v1__start_upload__descriptor, begin_upload, NULL, NULL},
        {&weibao__v1__put_upload_part__descriptor, begin_part, work_part, end_part},
        {&weibao__v1__finish_upload__descriptor, begin_finish, work_finish, end_finish},
        {&weibao__v1__start_import__descriptor, import_begin_start, NULL, import_end},
        {&weibao__v1__stage_import_chunk__descriptor, import_begin_chunk, NULL, import_end},
};

/* ---- what events do to files ---- */

static void remove_of(struct files_state *s, struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	const Attachment *row = attachment_get(db, tenant, id, a);
	if (row && row->sha256.len == ATTACH_SHA_BYTES)
		attach_remove(s->store, row->sha256.data);
}

static void remove_of_subject(
        struct files_state *s, struct wb_txn *db, const char *tenant, ProtobufCBinaryData subject, struct wb_arena *a)
{
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes key;
	struct wb_id id;
	intake_key_id(&prefix, tenant, wb_id_of_field(subject));
	wb_scan_prefix(&scan, db, &intake_attachments_by_subject_table, &prefix);
	while (wb_scan_next(&scan, &key, NULL))
		if (wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &id))
			remove_of(s, db, tenant, id, a);
	wb_scan_done(&scan);
}

static void effects_event(void *state, struct wb_txn *db, const struct wb_event *ev)
{
	struct files_state *s = state;
	struct wb_arena a;
	wb_arena_init(&a, (size_t)1 << 20);
	if (strcmp(ev->type, "AttachmentAdded") == 0) {
		const Weibao__V1__AttachmentAdded *e = (const Weibao__V1__AttachmentAdded *)ev->payload;
		attach_forget(
		        s->store, ev->tenant, ev->stream_id, e->sha256.len == ATTACH_SHA_BYTES ? e->sha256.data : NULL);
	} else if (strcmp(ev->type, "UploadDropped") == 0) {
		attach_forget(s->store, ev->tenant, ev->stream_id, NULL);
	} else if (strcmp(ev->type, "ImportActivated") == 0 || strcmp(ev->type, "ImportDiscarded") == 0) {
		const Import *row = import_get(db, ev->tenant, ev->stream_id, &a);
		if (row)
			remove_of(s, db, ev->tenant, wb_id_of_field(row->attachment_id), &a);
		import_forget(s);
	} else if (strcmp(ev->type, "PersonErased") == 0) {
		const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)ev->payload;
		remove_of_subject(s, db, ev->tenant, e->subject_id, &a);
		for (size_t i = 0; i < e->n_alias_ids; i++)
			remove_of_subject(s, db, ev->tenant, e->alias_ids[i], &a);
	}
	wb_arena_done(&a);
}

/* ---- answers that need the files ---- */

static void get_upload(struct files_state *s, struct wb_query *q, const Weibao__V1__GetUpload *c)
{
	struct wb_id id = wb_id_of_field(c->attachment_id);
	const Upload *row = upload_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__GetUploadAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__GetUploadAnswer);
	if (!r || !row || !wb_id_equal(wb_id_of_field(row->uploader_id), uploader_of(q->who))) {
		wb_query_refuse(q, WB_NOT_FOUND, "attachmentId");
		return;
	}
	weibao__v1__get_upload_answer__init(r);
	r->attachment_id = row->attachment_id;
	r->size_bytes = row->size_bytes;
	r->part_bytes = ATTACH_PART_BYTES;
	r->parts = attach_parts(row->size_bytes);
	r->expires_at = row->expires_at;
	r->missing_parts = WB_ARENA_ARRAY(q->arena, uint32_t, r->parts);
	for (uint32_t i = 0; r->missing_parts && i < r->parts; i++)
		if (!attach_has_part(s->store, q->tenant, id, i))
			r->missing_parts[r->n_missing_parts++] = i;
	wb_answer(q, &r->base);
}

static void get_attachment(struct files_state *s, struct wb_query *q, const Weibao__V1__GetAttachment *c)
{
	const Attachment *row = attachment_get(q->db, q->tenant, wb_id_of_field(c->attachment_id), q->arena);
	Weibao__V1__GetAttachmentAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__GetAttachmentAnswer);
	uint8_t key[ATTACH_KEY_BYTES];
	struct wb_bytes data;
	if (!r || !row || !attachment_readable(q, row)) {
		wb_query_refuse(q, WB_NOT_FOUND, "attachmentId");
		return;
	}
	if (c->part >= attach_parts(row->size_bytes)) {
		wb_query_refuse(q, WB_NOT_FOUND, "part");
		return;
	}
	if (row->gone || row->sha256.len != ATTACH_SHA_BYTES || !files_key(s, q->arena, q->tenant, row, key)) {
		wb_query_refuse(q, WB_ATTACHMENT_GONE, NULL);
		return;
	}
	enum wb_err err = attach_read(s->store, row->sha256.data, key, row->size_bytes, c->part, q->arena, &data);
	sodium_memzero(key, sizeof key);
	if (err) {
		wb_query_refuse(q, err == WB_ERR_NOT_FOUND ? WB_ATTACHMENT_GONE : WB_UNAVAILABLE, NULL);
		return;
	}
	weibao__v1__get_attachment_answer__init(r);
	r->attachment_id = row->attachment_id;
	r->media_type = row->media_type;
	r->size_bytes = row->size_bytes;
	r->parts = attach_parts(row->size_bytes);
	r->part = c->part;
	r->data = (ProtobufCBinaryData){data.len, (uint8_t *)(uintptr_t)data.data};
	r->file_name = row->file_name;
	wb_answer(q, &r->base);
}

static bool effects_query(void *state, struct wb_query *q, const ProtobufCMessage *request)
{
	struct files_state *s = state;
	const ProtobufCMessageDescriptor *type = request->descriptor;
	if (type == &weibao__v1__get_upload__descriptor)
		get_upload(s, q, (const Weibao__V1__GetUpload *)request);
	else if (type == &weibao__v1__get_attachment__descriptor)
		get_attachment(s, q, (const Weibao__V1__GetAttachment *)request);
	else if (type == &weibao__v1__check_import__descriptor)
		import_check(s, q, (const Weibao__V1__CheckImport *)request);
	else
		return false;
	return true;
}

const struct wb_effects intake_files_effects = {
        .open = effects_open,
        .close = effects_close,
        .defs = defs,
        .n_defs = sizeof defs / sizeof defs[0],
        .event = effects_event,
        .query = effects_query,
        .opener = effects_opener,
};
