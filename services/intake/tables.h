/* The core's tables: keys and rows. Those of files come behind them (files.h). */
#ifndef WB_INTAKE_TABLES_H
#define WB_INTAKE_TABLES_H
#include "service/service.h"
#include "weibao/v1/intake_rows.pb-c.h"

#define INTAKE_TABLES(X)                                                                                               \
	X(tenants)            /* tenant → TenantRow */                                                               \
	X(codes)              /* code → TenantRefRow */                                                              \
	X(contracts)          /* tenant, version → ContractSaved */                                                  \
	X(policy_days)        /* tenant → PolicyDaysRow */                                                           \
	X(zones)              /* tenant, zone → ZoneRow */                                                           \
	X(categories)         /* tenant, code → CategoryRow: the tenant's own */                                     \
	X(offices)            /* tenant, office → OfficeRow */                                                       \
	X(offices_below)      /* tenant, parent, office: open ones */                                                  \
	X(contacts)           /* tenant, contact → ContactRow */                                                     \
	X(contacts_by_office) /* tenant, office, contact: those still there */                                         \
	X(devices)            /* tenant, device → DeviceRow */                                                       \
	X(devices_by_office)  /* tenant, office, device: in use */                                                     \
	X(serials)            /* tenant, serial → IntakeIdRow: devices in use */                                     \
	X(engineers)          /* engineer → EngineerKnownRow */                                                      \
	X(tickets)            /* tenant, ticket → TicketRow */                                                       \
	X(open_by_device)     /* tenant, device, ticket: not ended */                                                  \
	X(open_by_contact)    /* tenant, contact, ticket: not ended, as caller or direct user */                       \
	X(ticket_counters)    /* tenant, YYYYMMDD → TicketCounterRow */                                              \
	X(complaints)         /* tenant, complaint → ComplaintRow */                                                 \
	X(complaint_times)    /* tenant, latest first, complaint */                                                    \
	X(complaint_handling) /* complaint, client, position → ComplaintHandlingRow: the provider's */               \
	X(staged)             /* tenant, import, tenant position → StagedRow */

enum intake_table_index {
#define X(name) INTAKE_TABLE_##name,
	INTAKE_TABLES(X)
#undef X
	        INTAKE_CORE_TABLES_N /* the first index, from WB_SERVICE_TABLES_BASE, that is free */
};
#define X(name) extern const struct wb_table intake_##name##_table;
INTAKE_TABLES(X)
#undef X

typedef Weibao__V1__TenantRow Tenant;
typedef Weibao__V1__OfficeRow Office;
typedef Weibao__V1__ContactRow Contact;
typedef Weibao__V1__DeviceRow Device;
typedef Weibao__V1__TicketRow Ticket;
typedef Weibao__V1__ComplaintRow Complaint;

/* ---- keys ---- */
void intake_key(struct wb_key *k, const char *tenant);
void intake_key_id(struct wb_key *k, const char *tenant, struct wb_id id);
void intake_key_ids(struct wb_key *k, const char *tenant, struct wb_id first, struct wb_id second);
void intake_key_str(struct wb_key *k, const char *tenant, const char *s);
/* Latest first. */
void intake_key_time(struct wb_key *k, const char *tenant, int64_t at, struct wb_id id);
void intake_key_n(struct wb_key *k, const char *tenant, uint32_t n);
/* A serial as it is compared: without blanks, upper case. */
void intake_key_serial(struct wb_key *k, const char *tenant, const char *serial);
/* The prefix of all serials that begin so. */
void intake_key_serial_prefix(struct wb_key *k, const char *tenant, const char *begin);

/* ---- rows, in the arena; NULL: none ---- */
Tenant *tenant_get(struct wb_txn *db, const char *tenant, struct wb_arena *a);
Weibao__V1__ContractSaved *contract_get(struct wb_txn *db, const char *tenant, uint32_t version, struct wb_arena *a);
Office *office_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Contact *contact_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Device *device_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Ticket *ticket_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Complaint *complaint_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
/* What a merged record is now: follows the chain of merges. NULL: none. */
Office *office_now(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Contact *contact_now(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
Device *device_now(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a);
/* The device in use with that serial; false: none. */
bool serial_holder(struct wb_txn *db, const char *tenant, const char *serial, struct wb_arena *a, struct wb_id *ret_id);
/* Whether the office is below the other one (or is it). */
bool office_below(struct wb_txn *db, const char *tenant, struct wb_id office, struct wb_id above, struct wb_arena *a);
/* The policy's days, or the defaults. */
Weibao__V1__PolicyDaysRow policy_days(struct wb_txn *db, const char *tenant, struct wb_arena *a);
/* Whether a category may be given to tickets: a base one, or the tenant's own that is in use. */
bool category_usable(struct wb_txn *db, const char *tenant, const char *category, struct wb_arena *a);
/* The local day number of an instant by the tenant's zone, as far as it is known. */
int32_t local_day(struct wb_txn *db, const char *tenant, const char *zone, int64_t at_us, struct wb_arena *a);

/* The base categories, «OS» to «OTHER», with their Chinese and English names. */
struct intake_category {
	const char *code, *zh, *en;
};
extern const struct intake_category intake_base_categories[];
extern const size_t intake_base_categories_n;
bool category_is_base(const char *category);

/* Neither closed, cancelled nor linked. */
bool ticket_open(const Ticket *t);
#endif
