/* Queries over files, imports and erasures, as far as the projection answers them. What needs the files themselves is
 * answered by the effects; without them (a replay) it is not to be had. */
#include "service/page.h"
#include "service/projection.h"
#include "services/intake/import.h"

#include <string.h>

static bool has_role(const struct wb_query *q, uint32_t roles)
{
	for (size_t i = 0; i < q->who->n_roles; i++)
		if (roles & (1u << q->who->roles[i]))
			return true;
	return false;
}

static bool is_person(struct wb_query *q, ProtobufCBinaryData id)
{
	return q->who->has_person_id && wb_id_equal(wb_id_of_field(q->who->person_id), wb_id_of_field(id));
}

bool ticket_readable(struct wb_query *q, struct wb_id ticket)
{
	const Ticket *t = ticket_get(q->db, q->tenant, ticket, q->arena);
	if (!t)
		return false;
	if (has_role(q, WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR)))
		return true;
	if (has_role(q, WB_ROLE(LINK)))
		return q->who->has_link_id && wb_id_equal(wb_id_of_field(q->who->link_id), ticket);
	return is_person(q, t->caller_id) || is_person(q, t->onsite_contact_id) || is_person(q, t->direct_user_id);
}

bool attachment_readable(struct wb_query *q, const Attachment *row)
{
	if (has_role(q, WB_STAFF))
		return true;
	if (row->purpose && strcmp(row->purpose, "import") == 0)
		return false; /* whole lists of people: of those who import */
	if (wb_id_equal(wb_id_of_field(row->uploader_id), uploader_of(q->who)))
		return true;
	if (row->has_ticket_id)
		return ticket_readable(q, wb_id_of_field(row->ticket_id));
	if (has_role(q, WB_ROLE(LINK)))
		return q->who->has_link_id && row->has_visit_id &&
		       wb_id_equal(wb_id_of_field(q->who->link_id), wb_id_of_field(row->visit_id));
	return has_role(q, WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR));
}

void intake_get_upload(struct wb_query *q, const void *request)
{
	(void)request;
	wb_query_refuse(q, WB_UNAVAILABLE, NULL);
}

void intake_get_attachment(struct wb_query *q, const void *request)
{
	(void)request;
	wb_query_refuse(q, WB_UNAVAILABLE, NULL);
}

void intake_check_import(struct wb_query *q, const void *request)
{
	(void)request;
	wb_query_refuse(q, WB_UNAVAILABLE, NULL);
}

/* ---- attachments ---- */

static Weibao__V1__AttachmentItem *attachment_item(struct wb_query *q, struct wb_bytes key)
{
	struct wb_id id;
	Weibao__V1__AttachmentItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__AttachmentItem);
	if (!i || !wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &id))
		return NULL;
	const Attachment *row = attachment_get(q->db, q->tenant, id, q->arena);
	if (!row)
		return NULL;
	weibao__v1__attachment_item__init(i);
	i->attachment_id = row->attachment_id;
	i->media_type = row->media_type;
	i->size_bytes = row->size_bytes;
	i->sha256 = row->sha256;
	i->purpose = row->purpose;
	i->has_ticket_id = row->has_ticket_id;
	i->ticket_id = row->ticket_id;
	i->has_visit_id = row->has_visit_id;
	i->visit_id = row->visit_id;
	i->file_name = row->file_name;
	i->added_at = row->added_at;
	i->gone = row->gone;
	return i;
}

void intake_list_attachments(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListAttachments *c = request;
	struct wb_id ticket = wb_id_of_field(c->ticket_id);
	Weibao__V1__ListAttachmentsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListAttachmentsAnswer);
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_page p;
	if (!ticket_readable(q, ticket)) {
		wb_query_refuse(q, WB_NOT_FOUND, "ticketId");
		return;
	}
	intake_key_id(&prefix, q->tenant, ticket);
	if (!r || !wb_page_open(&p, q, &intake_attachments_by_ticket_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_attachments_answer__init(r);
	r->attachments = WB_ARENA_ARRAY(q->arena, Weibao__V1__AttachmentItem *, p.limit);
	while (r->attachments && wb_page_next(&p, &key, NULL)) {
		Weibao__V1__AttachmentItem *i = attachment_item(q, key);
		if (!i)
			break;
		r->attachments[r->n_attachments++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

/* ---- imports ---- */

void intake_import_template(struct wb_query *q, const void *request)
{
	const Weibao__V1__ImportTemplate *c = request;
	Weibao__V1__ImportTemplateAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ImportTemplateAnswer);
	struct wb_bytes data;
	if (!r || import_template(c->kind, q->arena, &data) != WB_OK) {
		wb_query_refuse(q, WB_FIELD_INVALID, "kind");
		return;
	}
	weibao__v1__import_template_answer__init(r);
	r->file_name =
	        (char *)(uintptr_t)(c->kind == WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES ? "处室导入模板.csv"
	                            : c->kind == WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_CONTACTS ? "联系人导入模板.csv"
	                                                                                       : "设备导入模板.csv");
	r->media_type = (char *)(uintptr_t) "text/csv; charset=utf-8";
	r->data = (ProtobufCBinaryData){data.len, (uint8_t *)(uintptr_t)data.data};
	wb_answer(q, &r->base);
}

static Weibao__V1__ImportItem *import_item(struct wb_query *q, const Import *row)
{
	Weibao__V1__ImportItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__ImportItem);
	if (!i || !row)
		return NULL;
	weibao__v1__import_item__init(i);
	i->import_id = row->import_id;
	i->kind = row->kind;
	i->status = row->status;
	i->rows = row->rows;
	i->rows_new = row->rows_new;
	i->rows_changed = row->rows_changed;
	i->rows_unchanged = row->rows_unchanged;
	i->rows_done = row->rows_done;
	i->started_at = row->started_at;
	i->has_ended_at = row->has_ended_at;
	i->ended_at = row->ended_at;
	i->reason = row->reason;
	i->version = wb_projection_version(q->db, q->tenant, "import", wb_id_of_field(row->import_id));
	return i;
}

void intake_get_import(struct wb_query *q, const void *request)
{
	const Weibao__V1__GetImport *c = request;
	struct wb_id id = wb_id_of_field(c->import_id);
	Weibao__V1__ImportItem *i = import_item(q, import_get(q->db, q->tenant, id, q->arena));
	if (!i) {
		wb_query_refuse(q, WB_NOT_FOUND, "importId");
		return;
	}
	wb_answer(q, &i->base);
	wb_answer_version(q, "import", id);
}

void intake_list_imports(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListImports *c = request;
	Weibao__V1__ListImportsAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListImportsAnswer);
	struct wb_key prefix;
	struct wb_bytes key;
	struct wb_page p;
	intake_key(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &intake_imports_by_time_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_imports_answer__init(r);
	r->imports = WB_ARENA_ARRAY(q->arena, Weibao__V1__ImportItem *, p.limit);
	while (r->imports && wb_page_next(&p, &key, NULL)) {
		struct wb_id id;
		Weibao__V1__ImportItem *i = wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &id)
		                                    ? import_item(q, import_get(q->db, q->tenant, id, q->arena))
		                                    : NULL;
		if (!i)
			break;
		r->imports[r->n_imports++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}

/* ---- erasures ---- */

static Weibao__V1__ErasureItem *erasure_item(struct wb_query *q, const Erasure *row)
{
	Weibao__V1__ErasureItem *i = WB_ARENA_NEW(q->arena, Weibao__V1__ErasureItem);
	if (!i || !row)
		return NULL;
	weibao__v1__erasure_item__init(i);
	i->subject_id = row->subject_id;
	i->status = row->status;
	i->reason = row->reason;
	i->requester_id = row->requester_id;
	i->requested_at = row->requested_at;
	i->has_approver_id = row->has_approver_id;
	i->approver_id = row->approver_id;
	i->has_ended_at = row->has_ended_at;
	i->ended_at = row->ended_at;
	i->declined_because = row->declined_because;
	i->alias_ids = row->alias_ids;
	i->n_alias_ids = row->n_alias_ids;
	i->version = wb_projection_version(q->db, q->tenant, "erasure", wb_id_of_field(row->subject_id));
	return i;
}

void intake_list_erasures(struct wb_query *q, const void *request)
{
	const Weibao__V1__ListErasures *c = request;
	Weibao__V1__ListErasuresAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__ListErasuresAnswer);
	struct wb_key prefix;
	struct wb_bytes value;
	struct wb_page p;
	intake_key(&prefix, q->tenant);
	if (!r || !wb_page_open(&p, q, &intake_erasures_table, &prefix, c->cursor, c->has_limit, c->limit))
		return;
	weibao__v1__list_erasures_answer__init(r);
	r->erasures = WB_ARENA_ARRAY(q->arena, Weibao__V1__ErasureItem *, p.limit);
	while (r->erasures && wb_page_next(&p, NULL, &value)) {
		Weibao__V1__ErasureItem *i =
		        erasure_item(q, (const Erasure *)wb_unpack_row(q->db, &intake_erasures_table, value,
		                                &weibao__v1__erasure_row__descriptor, q->arena));
		if (!i)
			break;
		r->erasures[r->n_erasures++] = i;
		p.n++;
	}
	r->next_cursor = wb_page_done(&p);
	wb_answer(q, &r->base);
}
