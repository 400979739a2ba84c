/* Tables of files, imports and erasures, behind the core's: keys and rows. */
#ifndef WB_INTAKE_TABLES_FILES_H
#define WB_INTAKE_TABLES_FILES_H
#include "services/intake/tables.h"
#include "weibao/v1/intake_files_rows.pb-c.h"

#define INTAKE_FILE_TABLES(X)                                                                                          \
	X(uploads)                /* tenant, attachment → UploadRow: under way */                                    \
	X(attachments)            /* tenant, attachment → AttachmentRow */                                           \
	X(attachments_by_ticket)  /* tenant, ticket, attachment */                                                     \
	X(attachments_by_subject) /* tenant, subject, attachment */                                                    \
	X(imports)                /* tenant, import → ImportRow */                                                   \
	X(imports_by_time)        /* tenant, descending start, import */                                               \
	X(imports_under_way)      /* tenant → IntakeIdRow */                                                         \
	X(erasures)               /* tenant, subject → ErasureRow */
#define X(name) extern const struct wb_table intake_##name##_table;
INTAKE_FILE_TABLES(X)
#undef X

typedef Weibao__V1__UploadRow Upload;
typedef Weibao__V1__AttachmentRow Attachment;
typedef Weibao__V1__ImportRow Import;
typedef Weibao__V1__ErasureRow Erasure;
Upload *upload_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Attachment *attachment_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Import *import_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Erasure *erasure_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
/* Whether an import of the tenant is being staged. */
bool import_under_way(struct wb_txn *db, const char *tenant, struct wb_arena *a);
/* Whether the rows that an import brought are in force. */
bool import_is_active(struct wb_txn *db, const char *tenant, struct wb_id import, struct wb_arena *a);
#endif
