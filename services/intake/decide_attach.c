/* Decisions on uploads. The bytes go another way (attach_effects.c): what comes here are sizes, ids and a file's hash.
 */
#include "services/intake/attach_kind.h"
#include "services/intake/decide.h"
#include "services/intake/files.h"

#include <string.h>

#define PURPOSE_PHOTO "photo"
#define PURPOSE_IMPORT "import"

static const struct wb_id zero;

struct wb_id uploader_of(const Weibao__V1__Principal *who)
{
	bool link = wb_has_role(who, WEIBAO__V1__ROLE__ROLE_LINK) && who->has_link_id;
	return wb_id_of_field(link ? who->link_id : who->account_id);
}

void intake_start_upload_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	wb_turn_read(t, "tenant", zero);
}

/* Photos show what stands in the room: never of a device of protection level secret. */
static bool photo_allowed(struct wb_decision *d, const Weibao__V1__StartUpload *c, const Ticket *t)
{
	const Device *device =
	        t && t->has_device_id ? device_now(d->db, d->tenant, wb_id_of_field(t->device_id), d->arena) : NULL;
	bool secret = device && device->details->has_protection &&
	              device->details->protection == WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
	if (strcmp(c->purpose, PURPOSE_PHOTO) != 0 || !secret)
		return true;
	wb_refuse(d, WB_SECRET_DEVICE_NO_PHOTO, "purpose");
	return false;
}

/* What a link is for decides whether files belong to it at all. */
static bool link_takes_files(const struct wb_decision *d)
{
	static const char *const purposes[] = {"sign", "complain", "report"};
	for (size_t i = 0; d->who->link_purpose && i < sizeof purposes / sizeof purposes[0]; i++)
		if (strcmp(d->who->link_purpose, purposes[i]) == 0)
			return true;
	return false;
}

/* One who begins and never ends fills the disk. */
static bool few_under_way(struct wb_decision *d)
{
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes value;
	struct wb_id self = uploader_of(d->who);
	size_t n = 0;
	intake_key(&prefix, d->tenant);
	wb_scan_prefix(&scan, d->db, &intake_uploads_table, &prefix);
	while (n < INTAKE_UPLOADS_EACH && wb_scan_next(&scan, NULL, &value)) {
		const Upload *row = (const Upload *)wb_unpack_row(
		        d->db, &intake_uploads_table, value, &weibao__v1__upload_row__descriptor, d->arena);
		n += row && wb_id_equal(wb_id_of_field(row->uploader_id), self);
	}
	wb_scan_done(&scan);
	if (n == INTAKE_UPLOADS_EACH)
		wb_refuse(d, WB_UPLOADS_TOO_MANY, NULL);
	return n < INTAKE_UPLOADS_EACH;
}

/* A link without sign-in uploads for what it is for; a client user for an own ticket; import files are staff's. */
static bool place_allowed(struct wb_decision *d, const Weibao__V1__StartUpload *c, const Ticket **ret_ticket)
{
	bool link = wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_LINK), import = strcmp(c->purpose, PURPOSE_IMPORT) == 0;
	*ret_ticket = NULL;
	if (import && !is_staff(d)) {
		wb_refuse(d, WB_FORBIDDEN, "purpose");
		return false;
	}
	if (import && (c->has_ticket_id || c->has_visit_id)) {
		wb_refuse(d, WB_FIELD_INVALID, c->has_ticket_id ? "ticketId" : "visitId");
		return false;
	}
	if (link && !link_takes_files(d)) {
		wb_refuse(d, WB_LINK_OTHER_THING, NULL);
		return false;
	}
	if (link && c->has_visit_id && d->who->has_link_id &&
	        wb_id_equal(wb_id_of_field(c->visit_id), wb_id_of_field(d->who->link_id)))
		return true;
	if (c->has_ticket_id) {
		*ret_ticket = visible_ticket(d, c->ticket_id, d->who->link_purpose);
		return *ret_ticket != NULL;
	}
	if (is_staff(d) || (c->has_visit_id && wb_has_role(d->who, WEIBAO__V1__ROLE__ROLE_ENGINEER)))
		return true;
	wb_refuse(d, WB_FIELD_REQUIRED, "ticketId");
	return false;
}

/* Whose key: the contact named, else the ticket's direct user, else the file's own. */
static bool find_subject(
        struct wb_decision *d, const Weibao__V1__StartUpload *c, const Ticket *t, struct wb_id own, struct wb_id *ret)
{
	*ret = own;
	if (c->has_subject_id) {
		const Contact *contact = any_contact(d, c->subject_id, "subjectId");
		if (!contact)
			return false;
		*ret = wb_id_of_field(c->subject_id);
	} else if (t) {
		*ret = wb_id_of_field(t->direct_user_id);
	}
	return true;
}

void intake_start_upload(struct wb_decision *d, const void *command)
{
	const Weibao__V1__StartUpload *c = command;
	struct wb_id id = wb_new_id(d, "attachment"), subject;
	const Ticket *t;
	if (!need_tenant(d))
		return;
	if (!attach_purpose_known(c->purpose)) {
		wb_refuse(d, WB_UPLOAD_PURPOSE_UNKNOWN, "purpose");
		return;
	}
	if (c->size_bytes == 0 || c->size_bytes > ATTACH_BYTES_MAX) {
		wb_refuse(d, c->size_bytes ? WB_UPLOAD_TOO_LARGE : WB_UPLOAD_EMPTY, "sizeBytes");
		return;
	}
	if (!personal_fits(d, c->file_name, INTAKE_LINE_CHARS, "fileName") || !place_allowed(d, c, &t) ||
	        !photo_allowed(d, c, t) || !few_under_way(d) || !find_subject(d, c, t, id, &subject))
		return;
	NEW(d, Weibao__V1__UploadStarted, weibao__v1__upload_started__init, e);
	e->attachment_id = wb_field_of_id(d->arena, id);
	e->size_bytes = c->size_bytes;
	e->purpose = c->purpose;
	e->subject_id = wb_field_of_id(d->arena, subject);
	e->has_ticket_id = c->has_ticket_id;
	e->ticket_id = c->ticket_id;
	e->has_visit_id = c->has_visit_id;
	e->visit_id = c->visit_id;
	e->file_name = wb_personal(d->arena, subject, zero, wb_personal_text(c->file_name));
	e->uploader_id = wb_field_of_id(d->arena, uploader_of(d->who));
	e->expires_at = d->now_us + INTAKE_UPLOAD_US;
	wb_emit(d, "attachment", id, &e->base);
}

/* ---- parts ---- */

enum wb_refusal upload_part_check(const Upload *row, const Weibao__V1__Principal *who, uint32_t part, size_t len)
{
	if (!row || !wb_id_equal(wb_id_of_field(row->uploader_id), uploader_of(who)))
		return WB_NOT_FOUND;
	uint32_t size = attach_part_size(row->size_bytes, part);
	return size && size == len ? WB_ALREADY_SO : WB_UPLOAD_PART_WRONG;
}

void intake_put_upload_part_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__PutUploadPart *c = command;
	const Weibao__V1__SealedUpload *failed = command;
	(void)tenant;
	wb_turn_write(t, "attachment",
	        wb_id_of_field(m->descriptor == &weibao__v1__sealed_upload__descriptor ? failed->attachment_id
	                                                                               : c->attachment_id));
}

/* The part is on the disk by now, or the effect says that it is not. Nothing of it stands in the log. */
void intake_put_upload_part(struct wb_decision *d, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__PutUploadPart *c = command;
	if (m->descriptor == &weibao__v1__sealed_upload__descriptor) {
		wb_refuse(d, WB_UPLOAD_NOT_STORED, NULL);
		return;
	}
	const Upload *row = upload_get(d->db, d->tenant, wb_id_of_field(c->attachment_id), d->arena);
	enum wb_refusal r = upload_part_check(row, d->who, c->part, c->data.len);
	if (r == WB_ALREADY_SO)
		wb_already(d);
	else
		wb_refuse(d, r, r == WB_NOT_FOUND ? "attachmentId" : "part");
}

/* ---- the end ---- */

void intake_finish_upload_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__SealedUpload *sealed = command;
	const Weibao__V1__FinishUpload *c = command;
	(void)tenant;
	wb_turn_write(t, "attachment",
	        wb_id_of_field(m->descriptor == &weibao__v1__sealed_upload__descriptor ? sealed->attachment_id
	                                                                               : c->attachment_id));
}

static void emit_added(struct wb_decision *d, const Upload *row, const Weibao__V1__SealedUpload *c)
{
	struct wb_id subject = wb_id_of_field(row->subject_id);
	NEW(d, Weibao__V1__AttachmentAdded, weibao__v1__attachment_added__init, e);
	e->attachment_id = row->attachment_id;
	e->sha256 = c->sha256;
	e->size_bytes = row->size_bytes;
	e->media_type = c->media_type;
	e->subject_id = row->subject_id;
	e->has_ticket_id = row->has_ticket_id;
	e->ticket_id = row->ticket_id;
	e->has_visit_id = row->has_visit_id;
	e->visit_id = row->visit_id;
	e->purpose = row->purpose;
	e->file_name = row->file_name;
	e->file_key = wb_personal(d->arena, subject, zero, wb_personal_text(c->file_key));
	wb_emit(d, "attachment", wb_id_of_field(row->attachment_id), &e->base);
}

void intake_finish_upload(struct wb_decision *d, const void *command)
{
	const ProtobufCMessage *m = command;
	const Weibao__V1__SealedUpload *c = command;
	bool worked = m->descriptor == &weibao__v1__sealed_upload__descriptor;
	struct wb_id id =
	        wb_id_of_field(worked ? c->attachment_id : ((const Weibao__V1__FinishUpload *)command)->attachment_id);
	const Upload *row = upload_get(d->db, d->tenant, id, d->arena);
	if (!row || !wb_id_equal(wb_id_of_field(row->uploader_id), uploader_of(d->who))) {
		wb_refuse(d, WB_NOT_FOUND, "attachmentId");
		return;
	}
	if (!worked || !c->complete) {
		wb_refuse(d, worked ? WB_UPLOAD_INCOMPLETE : WB_UPLOAD_NOT_STORED, NULL);
		return;
	}
	if (!c->media_known || !c->has_sha256) {
		wb_refuse(d, c->media_known ? WB_UPLOAD_NOT_STORED : WB_MEDIA_TYPE_REFUSED, NULL);
		return;
	}
	emit_added(d, row, c);
}

void intake_drop_upload_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__DropUpload *c = command;
	(void)tenant;
	wb_turn_write(t, "attachment", wb_id_of_field(c->attachment_id));
}

void intake_drop_upload(struct wb_decision *d, const void *command)
{
	const Weibao__V1__DropUpload *c = command;
	struct wb_id id;
	if (!wb_require_id(d, c->attachment_id, "attachmentId", &id))
		return;
	if (!upload_get(d->db, d->tenant, id, d->arena)) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__UploadDropped, weibao__v1__upload_dropped__init, e);
	e->attachment_id = c->attachment_id;
	wb_emit(d, "attachment", id, &e->base);
}
