/*
 * Intake's files: uploads and attachments, imports, erasure of persons, search: the lists that the
 * service's value takes, and what the rooms share. Tables come behind the core's.
 */
#ifndef WB_INTAKE_FILES_H
#define WB_INTAKE_FILES_H
#include "base/clock.h"
#include "service/effects.h"
#include "services/intake/intake.h"
#include "services/intake/tables_files.h"
#include "weibao/v1/intake_files_commands.pb-c.h"
#include "weibao/v1/intake_files_queries.pb-c.h"

#define INTAKE_UPLOAD_US (14 * WB_DAY_US) /* then an upload that was not finished is dropped */
#define INTAKE_UPLOADS_EACH 20u           /* under way of one account or link */
#define INTAKE_IMPORT_ROWS 20000u         /* of one import */
#define INTAKE_IMPORT_CHUNK 50u           /* rows staged by one command */
#define INTAKE_FOUND_MAX 200u             /* of one search */

/* Who may. */
enum intake_file_roles {
	FILES_WRITERS = WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(USER) |
	                WB_ROLE(LINK),
	FILES_READERS = FILES_WRITERS | WB_ROLE(AUDITOR),
	IMPORTERS = WB_STAFF,
	IMPORT_VIEWERS = WB_STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(AUDITOR),
	TEMPLATE_READERS = WB_STAFF | WB_ROLE(REPRESENTATIVE),
	ERASERS = WB_ROLE(PRINCIPAL) | WB_ROLE(REPRESENTATIVE),
	ERASURE_READERS = ERASERS | WB_ROLE(AUDITOR),
	SEARCHERS = WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY),
	FILES_SYSTEM = WB_SYSTEM
};

/* message, name, roles */
#define INTAKE_FILE_DECISIONS(X)                                                                                       \
	X(start_upload, FILES_WRITERS)                                                                                 \
	X(put_upload_part, FILES_WRITERS)                                                                              \
	X(finish_upload, FILES_WRITERS)                                                                                \
	X(drop_upload, FILES_SYSTEM)                                                                                   \
	X(start_import, IMPORTERS)                                                                                     \
	X(discard_import, IMPORTERS)                                                                                   \
	X(stage_import_chunk, FILES_SYSTEM)                                                                            \
	X(request_erasure, ERASERS)                                                                                    \
	X(approve_erasure, ERASERS)                                                                                    \
	X(decline_erasure, ERASERS)
#define INTAKE_FILE_QUERIES(X)                                                                                         \
	X(get_upload, FILES_WRITERS)                                                                                   \
	X(get_attachment, FILES_READERS)                                                                               \
	X(list_attachments, FILES_READERS)                                                                             \
	X(import_template, TEMPLATE_READERS)                                                                           \
	X(check_import, IMPORTERS)                                                                                     \
	X(list_imports, IMPORT_VIEWERS)                                                                                \
	X(get_import, IMPORT_VIEWERS)                                                                                  \
	X(list_erasures, ERASURE_READERS)                                                                              \
	X(search_people, SEARCHERS)                                                                                    \
	X(search_devices, SEARCHERS)
#define INTAKE_FILE_FOLDS(X)                                                                                           \
	X(UploadStarted, upload_started)                                                                               \
	X(UploadDropped, upload_dropped)                                                                               \
	X(AttachmentAdded, attachment_added)                                                                           \
	X(ImportStarted, import_started)                                                                               \
	X(ImportChunkStaged, import_chunk_staged)                                                                      \
	X(ImportActivated, import_activated)                                                                           \
	X(ImportDiscarded, import_discarded)                                                                           \
	X(ErasureRequested, erasure_requested)                                                                         \
	X(ErasureDeclined, erasure_declined)                                                                           \
	X(PersonErased, person_erased)
/* kind and act function */
#define INTAKE_FILE_TODOS(X)                                                                                           \
	X(drop_upload)                                                                                                 \
	X(stage_import)

#define X(name, roles)                                                                                                 \
	wb_turns_fn intake_##name##_turns;                                                                             \
	wb_decide_fn intake_##name;
INTAKE_FILE_DECISIONS(X)
#undef X
#define X(name, roles) wb_answer_fn intake_##name;
INTAKE_FILE_QUERIES(X)
#undef X
#define X(type, name) wb_evolve_fn intake_on_##name;
INTAKE_FILE_FOLDS(X)
#undef X
#define X(name) wb_act_fn intake_act_##name;
INTAKE_FILE_TODOS(X)
#undef X

/* Work off the log, and the cache of opened names that is searched. */
extern const struct wb_effects intake_files_effects;
extern const struct wb_cache_def intake_files_cache;

/* ---- what the rooms share ---- */

/* Who uploads: the account, or what a link is for. */
struct wb_id uploader_of(const Weibao__V1__Principal *who);
/* Whether that part may be put to the upload; WB_ALREADY_SO: yes. */
enum wb_refusal upload_part_check(const Upload *row, const Weibao__V1__Principal *who, uint32_t part, size_t len);
/* Whether the asker may read a file; the decision's rules for tickets, in an answer. */
bool attachment_readable(struct wb_query *q, const Attachment *row);
/* A ticket's text for who asks: staff and the client's representatives, a user's own, an engineer's; a link's. */
bool ticket_readable(struct wb_query *q, struct wb_id ticket);
#endif
