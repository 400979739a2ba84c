/*
 * The runtime's own tables in every projection; the service's own begin at index WB_SERVICE_TABLES_BASE.
 *
 *   _meta      "position" → fixed struct                            where the fold stands
 *   _versions  tenant, kind, id → be64                              stream versions, of all services
 *   _commands  command id → be64 position, be32 count, digest       accepted commands of this service
 *   _todo      kind, tenant, ref, n → fixed head, body              what is owed
 *   _due       i64 due, kind, tenant, ref, n → empty                the same by time
 *   _epochs    service → be64                                       newest epoch of each service
 *   _erased    tenant, subject → empty                              persons whose key is deleted
 */
#ifndef WB_SERVICE_TABLES_H
#define WB_SERVICE_TABLES_H
#include "service/service.h"

extern const struct wb_table wb_table_meta, wb_table_versions, wb_table_commands, wb_table_todo, wb_table_due,
        wb_table_epochs, wb_table_erased;
#define WB_RUNTIME_TABLES 7
#endif
