#include "services/intake/tables_files.h"

enum {
#define X(name) INDEX_##name,
	INTAKE_FILE_TABLES(X)
#undef X
};
#define X(name)                                                                                                        \
	const struct wb_table intake_##name##_table = {                                                                \
	        #name, WB_SERVICE_TABLES_BASE + INTAKE_CORE_TABLES_N + INDEX_##name};
INTAKE_FILE_TABLES(X)
#undef X

#define GET(type, what, table, descriptor_name)                                                                        \
	type *what##_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)                   \
	{                                                                                                              \
		struct wb_key k;                                                                                       \
		intake_key_id(&k, tenant, id);                                                                         \
		return (type *)wb_get_row(db, &table, &k, &weibao__v1__##descriptor_name##__descriptor, a);            \
	}
GET(Upload, upload, intake_uploads_table, upload_row)
GET(Attachment, attachment, intake_attachments_table, attachment_row)
GET(Import, import, intake_imports_table, import_row)
GET(Erasure, erasure, intake_erasures_table, erasure_row)

bool import_under_way(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	(void)a;
	intake_key(&k, tenant);
	return wb_has(db, &intake_imports_under_way_table, &k);
}

bool import_is_active(struct wb_txn *db, const char *tenant, struct wb_id import, struct wb_arena *a)
{
	const Import *row = import_get(db, tenant, import, a);
	return row && row->status == WEIBAO__V1__IMPORT_STATUS__IMPORT_STATUS_ACTIVE;
}
