#include "services/dispatch/onsite.h"

#define AT(n) (WB_SERVICE_TABLES_BASE + DISPATCH_CORE_TABLES_N + (n))
#define ROWS_MAX 500u

const struct wb_table dp_onsite_table = {"onsite", AT(0)};
const struct wb_table dp_repairs_table = {"repairs", AT(1)};
const struct wb_table dp_held_table = {"held", AT(2)};
const struct wb_table dp_asked_table = {"asked", AT(3)};
const struct wb_table dp_units_table = {"units", AT(4)};

static void kind_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum onsite kind)
{
	dp_thing_key(k, tenant, ticket);
	wb_key_u8(k, (uint8_t)kind);
}

void dp_onsite_key(struct wb_key *k, const char *tenant, struct wb_id ticket, enum onsite kind, struct wb_id id)
{
	kind_key(k, tenant, ticket, kind);
	wb_key_id(k, id);
}

struct wb_id dp_round_id(uint32_t round)
{
	struct wb_id id = {{0}};
	wb_be32_put(id.b + WB_ID_BYTES - 4, round);
	return id;
}

ProtobufCMessage *dp_onsite_get(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind,
        struct wb_id id, const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a)
{
	struct wb_key k;
	dp_onsite_key(&k, tenant, ticket, kind, id);
	return wb_get_row(db, &dp_onsite_table, &k, descriptor, a);
}

Weibao__V1__UnitRow *dp_unit_get(struct wb_txn *db, const char *tenant, struct wb_arena *a)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, tenant);
	return (Weibao__V1__UnitRow *)wb_get_row(db, &dp_units_table, &k, &weibao__v1__unit_row__descriptor, a);
}

bool dp_onsite_room(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind)
{
	struct wb_key prefix;
	kind_key(&prefix, tenant, ticket, kind);
	return wb_count(db, &dp_onsite_table, &prefix, ROWS_MAX) < ROWS_MAX;
}

size_t dp_onsite_all(struct wb_txn *db, const char *tenant, struct wb_id ticket, enum onsite kind,
        const ProtobufCMessageDescriptor *descriptor, struct wb_arena *a, ProtobufCMessage ***ret)
{
	struct wb_key prefix;
	struct wb_bytes value;
	struct wb_scan scan;
	size_t n = 0;
	kind_key(&prefix, tenant, ticket, kind);
	size_t size = wb_count(db, &dp_onsite_table, &prefix, ROWS_MAX);
	*ret = WB_ARENA_ARRAY(a, ProtobufCMessage *, size + 1);
	if (!*ret)
		return 0;
	wb_scan_prefix(&scan, db, &dp_onsite_table, &prefix);
	while (n < size && wb_scan_next(&scan, NULL, &value)) {
		ProtobufCMessage *row = wb_unpack_row(db, &dp_onsite_table, value, descriptor, a);
		if (row)
			(*ret)[n++] = row;
	}
	wb_scan_done(&scan);
	return n;
}
