#include "services/intake/tables.h"

#include "base/clock.h"
#include "calendar/date.h"
#include "services/intake/intake.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <string.h>

#define X(name) const struct wb_table intake_##name##_table = {#name, WB_SERVICE_TABLES_BASE + INTAKE_TABLE_##name};
INTAKE_TABLES(X)
#undef X

const struct intake_category intake_base_categories[] = {
        {"OS", "操作系统", "Operating system"},
        {"TOOLS", "工具软件", "Tool software"},
        {"HARDWARE", "硬件", "Hardware"},
        {"PARTS", "备件安装", "Parts installation"},
        {"VIRUS", "病毒", "Virus"},
        {"ANTIVIRUS", "防病毒升级/补丁", "Anti-virus updates and patches"},
        {"NETWORK", "网络", "Network"},
        {"CONSULTING", "技术咨询", "Technical advice"},
        {"OTHER", "其他", "Other"},
};
const size_t intake_base_categories_n = sizeof intake_base_categories / sizeof intake_base_categories[0];

void intake_key(struct wb_key *k, const char *tenant)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
}

void intake_key_id(struct wb_key *k, const char *tenant, struct wb_id id)
{
	intake_key(k, tenant);
	wb_key_id(k, id);
}

void intake_key_ids(struct wb_key *k, const char *tenant, struct wb_id first, struct wb_id second)
{
	intake_key_id(k, tenant, first);
	wb_key_id(k, second);
}

void intake_key_str(struct wb_key *k, const char *tenant, const char *s)
{
	intake_key(k, tenant);
	wb_key_str(k, s);
}

void intake_key_time(struct wb_key *k, const char *tenant, int64_t at, struct wb_id id)
{
	intake_key(k, tenant);
	wb_key_desc_i64(k, at);
	wb_key_id(k, id);
}

void intake_key_n(struct wb_key *k, const char *tenant, uint32_t n)
{
	intake_key(k, tenant);
	wb_key_u32(k, n);
}

/* ret holds INTAKE_LINE_CHARS + 1. */
static size_t fold_serial(const char *serial, char *ret)
{
	size_t n = 0;
	for (const char *s = serial; *s && n < INTAKE_LINE_CHARS; s++)
		if (*s != ' ')
			ret[n++] = *s >= 'a' && *s <= 'z' ? (char)(*s - 'a' + 'A') : *s;
	ret[n] = '\0';
	return n;
}

void intake_key_serial(struct wb_key *k, const char *tenant, const char *serial)
{
	char folded[INTAKE_LINE_CHARS + 1];
	(void)fold_serial(serial, folded);
	intake_key_str(k, tenant, folded);
}

void intake_key_serial_prefix(struct wb_key *k, const char *tenant, const char *begin)
{
	char folded[INTAKE_LINE_CHARS + 1];
	size_t n = fold_serial(begin, folded);
	intake_key(k, tenant);
	wb_key_text_prefix(k, (struct wb_bytes){(const uint8_t *)folded, n});
}

#define GET(type, table, key, descriptor) (type *)wb_get_row(db, &intake_##table##_table, key, &descriptor, a)

Tenant *tenant_get(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	intake_key(&k, tenant);
	return GET(Tenant, tenants, &k, weibao__v1__tenant_row__descriptor);
}

Weibao__V1__ContractSaved *contract_get(struct wb_txn *db, const char *tenant, uint32_t version, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_n(&k, tenant, version);
	return GET(Weibao__V1__ContractSaved, contracts, &k, weibao__v1__contract_saved__descriptor);
}

Office *office_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	return GET(Office, offices, &k, weibao__v1__office_row__descriptor);
}

Contact *contact_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	return GET(Contact, contacts, &k, weibao__v1__contact_row__descriptor);
}

Device *device_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	return GET(Device, devices, &k, weibao__v1__device_row__descriptor);
}

Ticket *ticket_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	return GET(Ticket, tickets, &k, weibao__v1__ticket_row__descriptor);
}

Complaint *complaint_get(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)
{
	struct wb_key k;
	intake_key_id(&k, tenant, id);
	return GET(Complaint, complaints, &k, weibao__v1__complaint_row__descriptor);
}

/* Merges never make a cycle (decide), and the depth bounds what a damaged log could. */
#define NOW(type, what)                                                                                                \
	type *what##_now(struct wb_txn *db, const char *tenant, struct wb_id id, struct wb_arena *a)                   \
	{                                                                                                              \
		type *row = what##_get(db, tenant, id, a);                                                             \
		for (unsigned i = 0; row && row->has_merged_into_id && i < INTAKE_TREE_DEPTH; i++)                     \
			row = what##_get(db, tenant, wb_id_of_field(row->merged_into_id), a);                          \
		return row;                                                                                            \
	}
NOW(Office, office)
NOW(Contact, contact)
NOW(Device, device)

bool serial_holder(struct wb_txn *db, const char *tenant, const char *serial, struct wb_arena *a, struct wb_id *ret_id)
{
	struct wb_key k;
	intake_key_serial(&k, tenant, serial);
	const Weibao__V1__IntakeIdRow *row =
	        GET(Weibao__V1__IntakeIdRow, serials, &k, weibao__v1__intake_id_row__descriptor);
	if (row)
		*ret_id = wb_id_of_field(row->id);
	return row != NULL;
}

bool office_below(struct wb_txn *db, const char *tenant, struct wb_id office, struct wb_id above, struct wb_arena *a)
{
	const Office *top = office_now(db, tenant, above, a), *row = office_now(db, tenant, office, a);
	for (unsigned i = 0; top && row && i <= INTAKE_TREE_WALK; i++) {
		if (wb_id_equal(wb_id_of_field(row->office_id), wb_id_of_field(top->office_id)))
			return true;
		if (!row->has_parent_id)
			return false;
		row = office_now(db, tenant, wb_id_of_field(row->parent_id), a);
	}
	return false;
}

Weibao__V1__PolicyDaysRow policy_days(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	Weibao__V1__PolicyDaysRow days = WEIBAO__V1__POLICY_DAYS_ROW__INIT;
	struct wb_key k;
	intake_key(&k, tenant);
	const Weibao__V1__PolicyDaysRow *row =
	        GET(Weibao__V1__PolicyDaysRow, policy_days, &k, weibao__v1__policy_days_row__descriptor);
	days.reopen_days = row ? row->reopen_days : INTAKE_REOPEN_DAYS;
	days.complaint_days = row ? row->complaint_days : INTAKE_COMPLAINT_DAYS;
	return days;
}

bool category_is_base(const char *category)
{
	for (size_t i = 0; i < intake_base_categories_n; i++)
		if (strcmp(intake_base_categories[i].code, category) == 0)
			return true;
	return false;
}

bool category_usable(struct wb_txn *db, const char *tenant, const char *category, struct wb_arena *a)
{
	struct wb_key k;
	if (category_is_base(category))
		return true;
	if (strlen(category) > INTAKE_NAME_CHARS)
		return false;
	intake_key_str(&k, tenant, category);
	const Weibao__V1__CategoryRow *row =
	        GET(Weibao__V1__CategoryRow, categories, &k, weibao__v1__category_row__descriptor);
	return row && !row->retired;
}

int32_t local_day(struct wb_txn *db, const char *tenant, const char *zone, int64_t at_us, struct wb_arena *a)
{
	struct wb_key k;
	/* the zone's rules come with the first calendar; until then the mainland's offset, or none */
	int64_t offset_s = strcmp(zone, "Asia/Shanghai") == 0 ? 8 * 3600 : 0, s, day;
	intake_key_str(&k, tenant, zone);
	const Weibao__V1__ZoneRow *row = GET(Weibao__V1__ZoneRow, zones, &k, weibao__v1__zone_row__descriptor);
	for (size_t i = 0; row && i < row->n_transitions && row->transitions[i]->at <= at_us; i++)
		offset_s = row->transitions[i]->offset_s;
	s = at_us / WB_SECOND_US + offset_s;
	day = s / WB_DAY_SECONDS - (s % WB_DAY_SECONDS < 0);
	return (int32_t)(day < WB_DAY_MIN ? WB_DAY_MIN : day >= WB_DAY_MAX ? WB_DAY_MAX - 1 : day);
}

bool ticket_open(const Ticket *t)
{
	switch (t->status) {
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_REPORTED:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_IN_PHONE:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_NEEDS_VISIT:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_VISITING:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_COMPLETED:
		return true;
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_UNSPECIFIED:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_CLOSED:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_CANCELLED:
	case WEIBAO__V1__TICKET_STATUS__TICKET_STATUS_LINKED:
	case _WEIBAO__V1__TICKET_STATUS_IS_INT_SIZE:
		break;
	}
	return false;
}
