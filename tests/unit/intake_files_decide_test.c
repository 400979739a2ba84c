/* Uploads, imports and erasures on a bed: what is refused, what is folded, what to-dos do, who reads what. */
#include "services/intake/attach_store.h"
#include "services/intake/files.h"
#include "tests/unit/intake_kit.h"

#include <string.h>

static const struct wb_id zero;

/* ---- uploads ---- */

static Weibao__V1__StartUpload upload_of(const char *purpose)
{
	Weibao__V1__StartUpload c = WEIBAO__V1__START_UPLOAD__INIT;
	c.purpose = (char *)(uintptr_t)purpose;
	c.size_bytes = 1000;
	return c;
}

static struct wb_id given_upload(struct intake_world *w, const char *purpose, const struct wb_id *ticket)
{
	Weibao__V1__StartUpload c = upload_of(purpose);
	c.has_ticket_id = ticket != NULL;
	if (ticket)
		c.ticket_id = idf(w, *ticket);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "UploadStarted");
	return wb_id_of_field(((const Weibao__V1__UploadStarted *)bed_event(w->b, 0))->attachment_id);
}

static struct wb_id given_attachment(
        struct intake_world *w, const char *purpose, struct wb_id subject, const struct wb_id *ticket)
{
	Weibao__V1__AttachmentAdded e = WEIBAO__V1__ATTACHMENT_ADDED__INIT;
	static uint8_t sha[32] = {1, 2, 3};
	as_lead(w);
	struct wb_id id = given_upload(w, purpose, ticket);
	e.attachment_id = idf(w, id);
	e.sha256 = (ProtobufCBinaryData){sizeof sha, sha};
	e.size_bytes = 1000;
	e.media_type = (char *)(uintptr_t) "image/png";
	e.subject_id = idf(w, subject);
	e.has_ticket_id = ticket != NULL;
	if (ticket)
		e.ticket_id = idf(w, *ticket);
	e.purpose = (char *)(uintptr_t)purpose;
	GIVEN(w, "attachment", id, e);
	return id;
}

static void uploads_are_checked(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__StartUpload c = upload_of("anything");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, UPLOAD_PURPOSE_UNKNOWN, "purpose");
	c = upload_of("photo");
	c.size_bytes = 0;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, UPLOAD_EMPTY, "sizeBytes");
	c.size_bytes = ATTACH_BYTES_MAX + 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, UPLOAD_TOO_LARGE, "sizeBytes");
	c = upload_of("photo");
	c.file_name = text(w, long_text(w, INTAKE_LINE_CHARS + 1));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_TOO_LONG, "fileName");
	c = upload_of("photo");
	c.has_ticket_id = true;
	c.ticket_id = idf(w, bed_id("no ticket"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "ticketId");
	c = upload_of("photo");
	c.has_subject_id = true;
	c.subject_id = idf(w, bed_id("nobody"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "subjectId");
	c.subject_id = idf(w, w->contact);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	const Weibao__V1__UploadStarted *e = (const Weibao__V1__UploadStarted *)bed_event(w->b, 0);
	assert_true(wb_id_equal(wb_id_of_field(e->subject_id), w->contact));
	assert_int_equal(e->expires_at, bed_now(w->b) + INTAKE_UPLOAD_US);
}

static void who_uploads_where(void **state)
{
	struct intake_world *w = *state;
	struct wb_id ticket = report_ticket(w);
	Weibao__V1__StartUpload c = upload_of("import");
	as_engineer(w);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FORBIDDEN, "purpose");
	c = upload_of("photo");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "ticketId");
	/* a user for an own ticket, under the direct user's key */
	as_user(w, w->contact);
	c.has_ticket_id = true;
	c.ticket_id = idf(w, ticket);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	assert_true(wb_id_equal(
	        wb_id_of_field(((const Weibao__V1__UploadStarted *)bed_event(w->b, 0))->subject_id), w->contact));
	as_user(w, bed_id("somebody"));
	WHEN(w, c);
	THEN_REJECTED(w->b, NOT_FOUND);
	/* a link for what it is for */
	bed_as_link(w->b, "sign", ticket, 1);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	bed_as_link(w->b, "sign", bed_id("other"), 1);
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	bed_as_link(w->b, "rate", ticket, 1); /* a rating has no files */
	WHEN(w, c);
	THEN_REJECTED(w->b, LINK_OTHER_THING);
	bed_as_link(w->b, "sign", bed_id("other"), 1);
	c = upload_of("signature");
	c.has_visit_id = true;
	c.visit_id = idf(w, bed_id("visit"));
	WHEN(w, c);
	THEN_REJECTED(w->b, FIELD_REQUIRED);
	bed_as_link(w->b, "sign", bed_id("visit"), 1);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	bed_as(w->b, WB_ROLE(AUDITOR), zero);
	WHEN(w, c);
	THEN_REJECTED(w->b, FORBIDDEN);
}

static void nobody_fills_the_disk(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__StartUpload c = upload_of("photo");
	for (uint32_t i = 0; i < INTAKE_UPLOADS_EACH; i++)
		(void)given_upload(w, "photo", NULL);
	WHEN(w, c);
	THEN_REJECTED(w->b, UPLOADS_TOO_MANY);
	bed_as(w->b, WB_ROLE(PRINCIPAL), bed_id("somebody else"));
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	bed_pass(w->b, INTAKE_UPLOAD_US);
	assert_int_equal(bed_run(w->b), INTAKE_UPLOADS_EACH + 1);
	as_lead(w);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
}

static void a_secret_device_is_never_photographed(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ChangeDevice change = WEIBAO__V1__CHANGE_DEVICE__INIT;
	Weibao__V1__DeviceDetails details = WEIBAO__V1__DEVICE_DETAILS__INIT;
	struct wb_id ticket = report_ticket(w);
	Weibao__V1__StartUpload c = upload_of("photo");
	c.has_ticket_id = true;
	c.ticket_id = idf(w, ticket);
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
	details.has_protection = true;
	details.protection = WEIBAO__V1__PROTECTION__PROTECTION_SECRET;
	change.device_id = idf(w, w->device);
	change.details = &details;
	WHEN(w, change);
	THEN_EVENT(w->b, 0, "DeviceChanged");
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, SECRET_DEVICE_NO_PHOTO, "purpose");
	/* its signed form may come as a scan all the same */
	c.purpose = (char *)(uintptr_t) "paper-form";
	WHEN(w, c);
	THEN_EVENTS(w->b, 1);
}

static void parts_belong_to_their_upload(void **state)
{
	struct intake_world *w = *state;
	uint8_t data[1000] = {0};
	Weibao__V1__PutUploadPart c = WEIBAO__V1__PUT_UPLOAD_PART__INIT;
	Weibao__V1__FinishUpload end = WEIBAO__V1__FINISH_UPLOAD__INIT;
	struct wb_id id = given_upload(w, "photo", NULL);
	c.attachment_id = idf(w, id);
	c.data = (ProtobufCBinaryData){sizeof data, data};
	WHEN(w, c);
	THEN_ALREADY(w->b); /* nothing of it stands in the log */
	c.part = 1;
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, UPLOAD_PART_WRONG, "part");
	c.part = 0;
	c.data.len = 999;
	WHEN(w, c);
	THEN_REJECTED(w->b, UPLOAD_PART_WRONG);
	c.attachment_id = end.attachment_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "attachmentId");
	WHEN(w, end);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "attachmentId");
	/* without the file on the disk there is no event */
	end.attachment_id = idf(w, id);
	WHEN(w, end);
	THEN_REJECTED(w->b, UPLOAD_NOT_STORED);
}

static void unfinished_uploads_are_dropped(void **state)
{
	struct intake_world *w = *state;
	int64_t at = bed_now(w->b);
	struct wb_id id = given_upload(w, "photo", NULL), kept = given_attachment(w, "photo", w->contact, NULL);
	assert_int_equal(bed_todo(w->b, "drop_upload", ACME, id, 0), at + INTAKE_UPLOAD_US);
	assert_int_equal(bed_todo(w->b, "drop_upload", ACME, kept, 0), -1);
	bed_pass(w->b, INTAKE_UPLOAD_US - 1);
	assert_int_equal(bed_run(w->b), 0);
	bed_pass(w->b, 1);
	assert_int_equal(bed_run(w->b), 1);
	THEN_EVENT(w->b, 0, "UploadDropped");
	assert_int_equal(bed_todo(w->b, "drop_upload", ACME, id, 0), -1);
	Weibao__V1__DropUpload again = WEIBAO__V1__DROP_UPLOAD__INIT;
	again.attachment_id = idf(w, id);
	as_system(w);
	WHEN(w, again);
	THEN_ALREADY(w->b);
	as_lead(w);
	WHEN(w, again);
	THEN_REJECTED(w->b, FORBIDDEN);
}

static size_t listed(struct intake_world *w, struct wb_id ticket, bool *ret_gone)
{
	Weibao__V1__ListAttachments c = WEIBAO__V1__LIST_ATTACHMENTS__INIT;
	c.ticket_id = idf(w, ticket);
	const Weibao__V1__ListAttachmentsAnswer *r =
	        (const Weibao__V1__ListAttachmentsAnswer *)bed_query(w->b, ACME, &c.base);
	if (!r)
		return SIZE_MAX;
	if (ret_gone && r->n_attachments)
		*ret_gone = r->attachments[0]->gone;
	return r->n_attachments;
}

static void files_of_a_ticket(void **state)
{
	struct intake_world *w = *state;
	struct wb_id ticket = report_ticket(w), other = report_ticket(w);
	(void)given_attachment(w, "photo", w->contact, &ticket);
	(void)given_attachment(w, "paper-form", w->contact, &ticket);
	assert_int_equal(listed(w, ticket, NULL), 2);
	assert_int_equal(listed(w, other, NULL), 0);
	as_user(w, w->contact);
	assert_int_equal(listed(w, ticket, NULL), 2);
	as_user(w, bed_id("somebody"));
	assert_int_equal(listed(w, ticket, NULL), SIZE_MAX);
	bed_as_link(w->b, "sign", ticket, 1);
	assert_int_equal(listed(w, ticket, NULL), 2);
	assert_int_equal(listed(w, other, NULL), SIZE_MAX);
}

/* ---- imports ---- */

static struct wb_id given_import(struct intake_world *w, struct wb_id file)
{
	Weibao__V1__ImportStarted e = WEIBAO__V1__IMPORT_STARTED__INIT;
	struct wb_id id = bed_id("import");
	e.import_id = idf(w, id);
	e.kind = WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES;
	e.attachment_id = idf(w, file);
	e.rows = 60;
	e.rows_new = 60;
	GIVEN(w, "import", id, e);
	return id;
}

static void given_staged_office(struct intake_world *w, struct wb_id import)
{
	Weibao__V1__OfficeRegistered e = WEIBAO__V1__OFFICE_REGISTERED__INIT;
	e.office_id = idf(w, bed_id("imported"));
	e.name = (char *)(uintptr_t) "档案室";
	e.has_import_id = true;
	e.import_id = idf(w, import);
	GIVEN(w, "office", bed_id("imported"), e);
}

static void given_chunk(struct intake_world *w, struct wb_id import, uint32_t chunk, uint32_t done)
{
	Weibao__V1__ImportChunkStaged e = WEIBAO__V1__IMPORT_CHUNK_STAGED__INIT;
	e.import_id = idf(w, import);
	e.chunk = chunk;
	e.rows_done = done;
	GIVEN(w, "import", import, e);
}

static bool office_there(struct intake_world *w)
{
	Weibao__V1__GetOffice c = WEIBAO__V1__GET_OFFICE__INIT;
	c.office_id = idf(w, bed_id("imported"));
	return bed_query(w->b, ACME, &c.base) != NULL;
}

static const Weibao__V1__ImportItem *import_of(struct intake_world *w, struct wb_id id)
{
	Weibao__V1__GetImport c = WEIBAO__V1__GET_IMPORT__INIT;
	c.import_id = idf(w, id);
	return (const Weibao__V1__ImportItem *)bed_query(w->b, ACME, &c.base);
}

static void imported_rows_are_seen_once_in_force(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ImportActivated e = WEIBAO__V1__IMPORT_ACTIVATED__INIT;
	struct wb_id id = given_import(w, given_attachment(w, "import", bed_id("file"), NULL));
	assert_true(bed_todo(w->b, "stage_import", ACME, id, 0) >= 0);
	given_staged_office(w, id);
	given_chunk(w, id, 0, 50);
	assert_int_equal(bed_todo(w->b, "stage_import", ACME, id, 0), -1);
	assert_true(bed_todo(w->b, "stage_import", ACME, id, 1) >= 0);
	assert_false(office_there(w));
	given_chunk(w, id, 1, 60);
	assert_int_equal(bed_todo(w->b, "stage_import", ACME, id, 2), -1);
	e.import_id = idf(w, id);
	GIVEN(w, "import", id, e);
	assert_true(office_there(w));
	const Weibao__V1__ImportItem *item = import_of(w, id);
	assert_non_null(item);
	assert_int_equal(item->status, WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_ACTIVE);
	assert_int_equal(item->rows_done, 60);
	Weibao__V1__DiscardImport c = WEIBAO__V1__DISCARD_IMPORT__INIT;
	c.import_id = idf(w, id);
	c.reason = (char *)(uintptr_t) "x";
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, IMPORT_OVER, "importId");
}

static void a_discarded_import_leaves_nothing(void **state)
{
	struct intake_world *w = *state;
	struct wb_id id = given_import(w, given_attachment(w, "import", bed_id("file"), NULL));
	Weibao__V1__DiscardImport c = WEIBAO__V1__DISCARD_IMPORT__INIT;
	given_staged_office(w, id);
	given_chunk(w, id, 0, 50);
	c.import_id = idf(w, id);
	c.reason = (char *)(uintptr_t) " ";
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reason");
	c.reason = (char *)(uintptr_t) "传错文件";
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ImportDiscarded");
	assert_false(office_there(w));
	assert_int_equal(bed_todo(w->b, "stage_import", ACME, id, 1), -1);
	assert_string_equal(import_of(w, id)->reason, "传错文件");
	WHEN(w, c);
	THEN_REJECTED(w->b, IMPORT_OVER);
	c.import_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "importId");
}

static void starting_needs_an_import_file(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__StartImport c = WEIBAO__V1__START_IMPORT__INIT;
	Weibao__V1__StageImportChunk chunk = WEIBAO__V1__STAGE_IMPORT_CHUNK__INIT;
	struct wb_id file = given_attachment(w, "import", bed_id("file"), NULL);
	c.kind = WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES;
	c.attachment_id = idf(w, bed_id("none"));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "attachmentId");
	c.attachment_id = idf(w, given_attachment(w, "photo", bed_id("file"), NULL));
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, IMPORT_FILE_WRONG, "attachmentId");
	c.attachment_id = idf(w, file);
	WHEN(w, c);
	THEN_REJECTED(w->b, UNAVAILABLE); /* nobody read it: a bed has no effects */
	struct wb_id id = given_import(w, file);
	chunk.import_id = idf(w, id);
	WHEN(w, chunk);
	THEN_REJECTED(w->b, FORBIDDEN);
	as_system(w);
	WHEN(w, chunk);
	THEN_REJECTED(w->b, BUSY);
	chunk.import_id = idf(w, bed_id("none"));
	WHEN(w, chunk);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "importId");
	as_lead(w);
	Weibao__V1__ImportDiscarded e = WEIBAO__V1__IMPORT_DISCARDED__INIT;
	e.import_id = idf(w, id);
	e.reason = (char *)(uintptr_t) "x";
	GIVEN(w, "import", id, e);
	WHEN(w, c);
	THEN_REJECTED_AT(w->b, ATTACHMENT_GONE, "attachmentId");
}

/* ---- erasure ---- */

static void as_approver(struct intake_world *w)
{
	bed_as(w->b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
}

static void merge(struct intake_world *w, struct wb_id from, struct wb_id into)
{
	Weibao__V1__MergeContacts c = WEIBAO__V1__MERGE_CONTACTS__INIT;
	c.contact_id = idf(w, from);
	c.into_id = idf(w, into);
	WHEN(w, c);
	THEN_EVENT(w->b, 0, "ContactMerged");
}

static void given_request(struct intake_world *w, struct wb_id subject)
{
	Weibao__V1__ErasureRequested e = WEIBAO__V1__ERASURE_REQUESTED__INIT;
	e.subject_id = idf(w, subject);
	e.reason = (char *)(uintptr_t) "本人要求";
	e.requester_id = idf(w, bed_id("another account"));
	GIVEN(w, "erasure", subject, e);
}

static void erasing_takes_two(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__RequestErasure ask = WEIBAO__V1__REQUEST_ERASURE__INIT;
	Weibao__V1__ApproveErasure approve = WEIBAO__V1__APPROVE_ERASURE__INIT;
	Weibao__V1__DeclineErasure decline = WEIBAO__V1__DECLINE_ERASURE__INIT;
	ask.reason = decline.reason = (char *)(uintptr_t) "本人要求";
	ask.subject_id = approve.subject_id = decline.subject_id = idf(w, w->contact);
	bed_as(w->b, WB_ROLE(HOTLINE) | WB_ROLE(MANAGER), w->lead);
	WHEN(w, ask);
	THEN_REJECTED(w->b, FORBIDDEN);
	as_approver(w);
	WHEN(w, approve);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "subjectId");
	WHEN(w, ask);
	THEN_EVENT(w->b, 0, "ErasureRequested");
	WHEN(w, ask);
	THEN_REJECTED(w->b, ERASURE_REQUESTED);
	WHEN(w, approve);
	THEN_REJECTED(w->b, ERASURE_SAME_ACCOUNT);
	WHEN(w, decline);
	THEN_EVENT(w->b, 0, "ErasureDeclined");
	WHEN(w, approve);
	THEN_REJECTED_AT(w->b, ERASURE_NOT_REQUESTED, "subjectId");
	given_request(w, w->contact);
	WHEN(w, approve);
	THEN_EVENT(w->b, 0, "PersonErased");
	Weibao__V1__ChangeContact change = WEIBAO__V1__CHANGE_CONTACT__INIT;
	change.contact_id = idf(w, w->contact);
	change.office_id = idf(w, w->office);
	change.name = text(w, "张三");
	as_lead(w);
	WHEN(w, change);
	THEN_REJECTED(w->b, CONTACT_GONE); /* nothing new comes under a key that is gone */
	as_approver(w);
	WHEN(w, approve);
	THEN_REJECTED(w->b, PERSON_IS_ERASED);
	WHEN(w, ask);
	THEN_REJECTED(w->b, PERSON_IS_ERASED);
	WHEN(w, decline);
	THEN_REJECTED(w->b, PERSON_IS_ERASED);
	ask.subject_id = idf(w, bed_id("nobody"));
	WHEN(w, ask);
	THEN_REJECTED_AT(w->b, NOT_FOUND, "subjectId");
	ask.subject_id = idf(w, w->contact);
	ask.reason = (char *)(uintptr_t) "";
	WHEN(w, ask);
	THEN_REJECTED_AT(w->b, FIELD_REQUIRED, "reason");
}

static void every_id_of_the_person_goes(void **state)
{
	struct intake_world *w = *state;
	struct wb_id a = add_contact(w, "甲", w->office), b = add_contact(w, "乙", w->office),
	             c = add_contact(w, "丙", w->office), other = add_contact(w, "丁", w->office);
	struct wb_id ticket = report_ticket(w);
	bool gone = false;
	merge(w, a, b);
	merge(w, b, c);
	merge(w, other, w->contact);
	(void)given_attachment(w, "photo", a, &ticket);
	given_request(w, b);
	as_approver(w);
	Weibao__V1__ApproveErasure approve = WEIBAO__V1__APPROVE_ERASURE__INIT;
	approve.subject_id = idf(w, b);
	WHEN(w, approve);
	THEN_EVENTS(w->b, 2);
	THEN_EVENT(w->b, 1, "ContactLeft"); /* of the three the one that still stood for itself */
	const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)bed_event(w->b, 0);
	assert_int_equal(e->n_alias_ids, 2);
	for (size_t i = 0; i < 2; i++) {
		struct wb_id id = wb_id_of_field(e->alias_ids[i]);
		assert_true(wb_id_equal(id, a) || wb_id_equal(id, c));
	}
	assert_int_equal(listed(w, ticket, &gone), 1);
	assert_true(gone);
	Weibao__V1__ListErasures list = WEIBAO__V1__LIST_ERASURES__INIT;
	const Weibao__V1__ListErasuresAnswer *r =
	        (const Weibao__V1__ListErasuresAnswer *)bed_query(w->b, ACME, &list.base);
	assert_non_null(r);
	assert_int_equal(r->n_erasures, 1);
	assert_int_equal(r->erasures[0]->status, WEIBAO__V1__ERASURE_STATUS__ERASURE_STATUS_DONE);
	assert_int_equal(r->erasures[0]->n_alias_ids, 2);
}

/* ---- answers ---- */

static void templates(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__ImportTemplate c = WEIBAO__V1__IMPORT_TEMPLATE__INIT;
	c.kind = WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_CONTACTS;
	const Weibao__V1__ImportTemplateAnswer *r =
	        (const Weibao__V1__ImportTemplateAnswer *)bed_query(w->b, ACME, &c.base);
	static const char expected[] = "\xEF\xBB\xBF处室路径,姓名,电话,分机,电话2,分机2,邮箱\r\n";
	assert_non_null(r);
	assert_int_equal(r->data.len, strlen(expected));
	assert_memory_equal(r->data.data, expected, r->data.len);
	as_user(w, w->contact);
	assert_null(bed_query(w->b, ACME, &c.base));
	assert_string_equal(bed_refusal(w->b), "FORBIDDEN");
}

static void nothing_is_answered_without_effects_and_cache(void **state)
{
	struct intake_world *w = *state;
	Weibao__V1__SearchPeople people = WEIBAO__V1__SEARCH_PEOPLE__INIT;
	Weibao__V1__SearchDevices devices = WEIBAO__V1__SEARCH_DEVICES__INIT;
	people.text = devices.text = (char *)(uintptr_t) "张伟";
	assert_null(bed_query(w->b, ACME, &people.base));
	assert_string_equal(bed_refusal(w->b), "UNAVAILABLE");
	assert_null(bed_query(w->b, ACME, &devices.base));
	people.text = (char *)(uintptr_t) "12";
	assert_null(bed_query(w->b, ACME, &people.base));
	assert_string_equal(bed_refusal(w->b), "UNAVAILABLE"); /* two characters of a name are enough */
	people.text = (char *)(uintptr_t) " 　";
	assert_null(bed_query(w->b, ACME, &people.base));
	assert_string_equal(bed_refusal(w->b), "SEARCH_TOO_SHORT");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, intake_world_setup, intake_world_teardown)
	const struct CMUnitTest tests[] = {
	        T(uploads_are_checked),
	        T(who_uploads_where),
	        T(nobody_fills_the_disk),
	        T(a_secret_device_is_never_photographed),
	        T(parts_belong_to_their_upload),
	        T(unfinished_uploads_are_dropped),
	        T(files_of_a_ticket),
	        T(imported_rows_are_seen_once_in_force),
	        T(a_discarded_import_leaves_nothing),
	        T(starting_needs_an_import_file),
	        T(erasing_takes_two),
	        T(every_id_of_the_person_goes),
	        T(templates),
	        T(nothing_is_answered_without_effects_and_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
