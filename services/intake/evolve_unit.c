/* Folds of a client unit: itself, contracts, categories; and what of policy, calendars and engineers counts here. */
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/dispatch_events.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "weibao/v1/sla_events.pb-c.h"

static void put_tenant(struct wb_fold *f, const struct wb_event *ev, const Tenant *row)
{
	struct wb_key k;
	intake_key(&k, ev->tenant);
	wb_put_row(f->db, &intake_tenants_table, &k, &row->base);
}

void intake_on_tenant_opened(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantOpened *e = payload;
	Tenant row = WEIBAO__V1__TENANT_ROW__INIT;
	Weibao__V1__TenantRefRow ref = WEIBAO__V1__TENANT_REF_ROW__INIT;
	struct wb_key k;
	row.code = e->code;
	row.name = e->name;
	row.zone = e->zone;
	row.language = e->language;
	row.opened_at = ev->recorded_at;
	put_tenant(f, ev, &row);
	ref.tenant = (char *)(uintptr_t)ev->tenant;
	wb_key_init(&k);
	wb_key_str(&k, e->code);
	wb_put_row(f->db, &intake_codes_table, &k, &ref.base);
}

void intake_on_tenant_renamed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__TenantRenamed *e = payload;
	Tenant *row = tenant_get(f->db, ev->tenant, f->arena);
	if (!row)
		return;
	row->name = e->name;
	put_tenant(f, ev, row);
}

void intake_on_contract_saved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ContractSaved *e = payload;
	Tenant *row = tenant_get(f->db, ev->tenant, f->arena);
	struct wb_key k;
	if (!row)
		return;
	intake_key_n(&k, ev->tenant, e->contract_version);
	wb_put_row(f->db, &intake_contracts_table, &k, &e->base);
	row->contract_version = e->contract_version;
	put_tenant(f, ev, row);
}

void intake_on_category_added(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CategoryAdded *e = payload;
	Weibao__V1__CategoryRow row = WEIBAO__V1__CATEGORY_ROW__INIT;
	struct wb_key k;
	row.category = e->category;
	row.parent = e->parent;
	row.name = e->name;
	row.has_planned_minutes = e->has_planned_minutes;
	row.planned_minutes = e->planned_minutes;
	intake_key_str(&k, ev->tenant, e->category);
	wb_put_row(f->db, &intake_categories_table, &k, &row.base);
}

void intake_on_category_retired(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CategoryRetired *e = payload;
	struct wb_key k;
	intake_key_str(&k, ev->tenant, e->category);
	Weibao__V1__CategoryRow *row = (Weibao__V1__CategoryRow *)wb_get_row(
	        f->db, &intake_categories_table, &k, &weibao__v1__category_row__descriptor, f->arena);
	if (!row)
		return;
	row->retired = true;
	wb_put_row(f->db, &intake_categories_table, &k, &row->base);
}

void intake_on_policy_saved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__PolicySaved *e = payload;
	Weibao__V1__PolicyDaysRow row = WEIBAO__V1__POLICY_DAYS_ROW__INIT;
	struct wb_key k;
	row.reopen_days = e->terms->reopen_days;
	row.complaint_days = e->terms->complaint_days;
	intake_key(&k, ev->tenant);
	wb_put_row(f->db, &intake_policy_days_table, &k, &row.base);
}

/* The zone's rules are data of the calendars: ticket numbers carry the local date by them. */
void intake_on_calendar_saved(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__CalendarSaved *e = payload;
	Weibao__V1__ZoneRow row = WEIBAO__V1__ZONE_ROW__INIT;
	struct wb_key k;
	row.zone = e->zone;
	row.transitions = e->transitions;
	row.n_transitions = e->n_transitions;
	intake_key_str(&k, ev->tenant, e->zone);
	wb_put_row(f->db, &intake_zones_table, &k, &row.base);
}

static void put_engineer(struct wb_fold *f, ProtobufCBinaryData id, bool left)
{
	Weibao__V1__EngineerKnownRow row = WEIBAO__V1__ENGINEER_KNOWN_ROW__INIT;
	struct wb_key k;
	row.left = left;
	wb_key_init(&k);
	wb_key_id(&k, wb_id_of_field(id));
	wb_put_row(f->db, &intake_engineers_table, &k, &row.base);
}

void intake_on_engineer_registered(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerRegistered *e = payload;
	(void)ev;
	put_engineer(f, e->engineer_id, false);
}

void intake_on_engineer_left(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__EngineerLeft *e = payload;
	(void)ev;
	put_engineer(f, e->engineer_id, true);
}
