/* Decisions on a client unit: opening and renaming it, its contract, its categories. */
#include "services/intake/decide.h"

#include "calendar/date.h"

#include <string.h>

static const struct wb_id zero;

static void tenant_turns(struct wb_turns *t)
{
	wb_turn_write(t, "tenant", zero);
}

static bool all_of(const char *s, const char *allowed)
{
	for (; *s; s++)
		if (!strchr(allowed, *s))
			return false;
	return true;
}

#define DIGITS "0123456789"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"

void intake_open_tenant_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	const Weibao__V1__OpenTenant *c = command;
	(void)tenant;
	tenant_turns(t);
	/* unique in the whole installation, so the name's turn must not depend on the tenant */
	wb_turn_write_in(t, "cell", "tenant-code", wb_id_of("tenant-code", c->code, strlen(c->code)));
}

static bool zone_fits(struct wb_decision *d, const char *zone)
{
	size_t n = strlen(zone);
	if (n >= 2 && n <= 64 && all_of(zone, UPPER LOWER DIGITS "/_+-") && strchr(UPPER, zone[0]))
		return true;
	wb_refuse(d, WB_FIELD_INVALID, "zone");
	return false;
}

void intake_open_tenant(struct wb_decision *d, const void *command)
{
	const Weibao__V1__OpenTenant *c = command;
	size_t n = strlen(d->tenant), code = strlen(c->code);
	struct wb_key k;
	if (n < 2 || n > 32 || !all_of(d->tenant, LOWER DIGITS "-") || !strchr(LOWER, d->tenant[0])) {
		wb_refuse(d, WB_TENANT_NAME_INVALID, "tenant");
		return;
	}
	if (tenant_get(d->db, d->tenant, d->arena)) {
		wb_refuse(d, WB_TENANT_EXISTS, "tenant");
		return;
	}
	if (code < 2 || code > 8 || !all_of(c->code, UPPER DIGITS)) {
		wb_refuse(d, WB_FIELD_INVALID, "code");
		return;
	}
	if (!need_text(d, c->name, INTAKE_NAME_CHARS, "name") || !zone_fits(d, c->zone))
		return;
	wb_key_init(&k);
	wb_key_str(&k, c->code);
	if (wb_has(d->db, &intake_codes_table, &k)) {
		wb_refuse(d, WB_TENANT_CODE_TAKEN, "code");
		return;
	}
	NEW(d, Weibao__V1__TenantOpened, weibao__v1__tenant_opened__init, e);
	e->code = c->code;
	e->name = c->name;
	e->zone = c->zone;
	e->language = c->language;
	wb_emit(d, "tenant", zero, &e->base);
}

void intake_rename_tenant_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	tenant_turns(t);
}

void intake_rename_tenant(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RenameTenant *c = command;
	const Tenant *row = need_tenant(d);
	if (!row || !need_text(d, c->name, INTAKE_NAME_CHARS, "name"))
		return;
	if (strcmp(row->name, c->name) == 0) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__TenantRenamed, weibao__v1__tenant_renamed__init, e);
	e->name = c->name;
	wb_emit(d, "tenant", zero, &e->base);
}

/* ---- the contract ---- */

void intake_save_contract_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	tenant_turns(t);
}

#define CONTRACT_LIST_MAX 2000u
#define HOTLINES_MAX 10u

static bool scope_fits(struct wb_decision *d, const Weibao__V1__SaveContract *c)
{
	struct wb_key k;
	if (!c->covers_all_offices && c->n_office_ids == 0) {
		wb_refuse(d, WB_CONTRACT_COVERS_NOTHING, "officeIds");
		return false;
	}
	if (c->n_office_ids > CONTRACT_LIST_MAX || c->n_excluded_device_ids > CONTRACT_LIST_MAX) {
		wb_refuse(
		        d, WB_FIELD_TOO_LONG, c->n_office_ids > CONTRACT_LIST_MAX ? "officeIds" : "excludedDeviceIds");
		return false;
	}
	for (size_t i = 0; i < c->n_office_ids; i++) {
		intake_key_id(&k, d->tenant, wb_id_of_field(c->office_ids[i]));
		if (!wb_has(d->db, &intake_offices_table, &k)) {
			wb_refuse(d, WB_NOT_FOUND, path_at(d, "officeIds", i, NULL));
			return false;
		}
	}
	for (size_t i = 0; i < c->n_excluded_device_ids; i++) {
		intake_key_id(&k, d->tenant, wb_id_of_field(c->excluded_device_ids[i]));
		if (!wb_has(d->db, &intake_devices_table, &k)) {
			wb_refuse(d, WB_NOT_FOUND, path_at(d, "excludedDeviceIds", i, NULL));
			return false;
		}
	}
	return true;
}

static bool contract_fits(struct wb_decision *d, const Weibao__V1__SaveContract *c)
{
	int32_t from, until;
	if (!need_text(d, c->number, INTAKE_NAME_CHARS, "number") || !need_date(d, c->valid_from, "validFrom", &from) ||
	        !need_date(d, c->valid_until, "validUntil", &until) ||
	        !text_fits(d, c->note, INTAKE_TEXT_CHARS, "note"))
		return false;
	if (until < from) {
		wb_refuse(d, WB_CONTRACT_PERIOD_INVALID, "validUntil");
		return false;
	}
	if (c->n_hotline_numbers > HOTLINES_MAX) {
		wb_refuse(d, WB_FIELD_TOO_LONG, "hotlineNumbers");
		return false;
	}
	for (size_t i = 0; i < c->n_hotline_numbers; i++)
		if (!need_text(d, c->hotline_numbers[i], 30, path_at(d, "hotlineNumbers", i, NULL)))
			return false;
	return scope_fits(d, c);
}

void intake_save_contract(struct wb_decision *d, const void *command)
{
	const Weibao__V1__SaveContract *c = command;
	const Tenant *row = need_tenant(d);
	if (!row || !contract_fits(d, c))
		return;
	NEW(d, Weibao__V1__ContractSaved, weibao__v1__contract_saved__init, e);
	e->contract_version = row->contract_version + 1;
	e->number = c->number;
	e->valid_from = c->valid_from;
	e->valid_until = c->valid_until;
	e->covers_all_offices = c->covers_all_offices;
	e->office_ids = c->office_ids;
	e->n_office_ids = c->covers_all_offices ? 0 : c->n_office_ids;
	e->excluded_device_ids = c->excluded_device_ids;
	e->n_excluded_device_ids = c->n_excluded_device_ids;
	e->hotline_numbers = c->hotline_numbers;
	e->n_hotline_numbers = c->n_hotline_numbers;
	e->has_team_id = c->has_team_id;
	e->team_id = c->team_id;
	e->has_charge_limit_fen = c->has_charge_limit_fen;
	e->charge_limit_fen = c->charge_limit_fen;
	e->note = c->note;
	wb_emit(d, "tenant", zero, &e->base);
}

/* ---- categories ---- */

static Weibao__V1__CategoryRow *category_get(struct wb_decision *d, const char *category)
{
	struct wb_key k;
	intake_key_str(&k, d->tenant, category);
	return (Weibao__V1__CategoryRow *)wb_get_row(
	        d->db, &intake_categories_table, &k, &weibao__v1__category_row__descriptor, d->arena);
}

void intake_add_category_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	tenant_turns(t);
}

void intake_add_category(struct wb_decision *d, const void *command)
{
	const Weibao__V1__AddCategory *c = command;
	size_t n = strlen(c->category);
	if (!need_tenant(d))
		return;
	if (n < 2 || n > 32 || !all_of(c->category, UPPER DIGITS "_")) {
		wb_refuse(d, WB_FIELD_INVALID, "category");
		return;
	}
	if (!category_is_base(c->parent)) {
		wb_refuse(d, WB_CATEGORY_UNKNOWN, "parent");
		return;
	}
	if (!need_text(d, c->name, INTAKE_NAME_CHARS, "name"))
		return;
	if (c->has_planned_minutes && (c->planned_minutes < 5 || c->planned_minutes > 1440)) {
		wb_refuse(d, WB_FIELD_INVALID, "plannedMinutes");
		return;
	}
	const Weibao__V1__CategoryRow *old = category_get(d, c->category);
	if (category_is_base(c->category) || (old && !old->retired)) {
		wb_refuse(d, WB_CATEGORY_EXISTS, "category");
		return;
	}
	NEW(d, Weibao__V1__CategoryAdded, weibao__v1__category_added__init, e);
	e->category = c->category;
	e->parent = c->parent;
	e->name = c->name;
	e->has_planned_minutes = c->has_planned_minutes;
	e->planned_minutes = c->planned_minutes;
	wb_emit(d, "tenant", zero, &e->base);
}

void intake_retire_category_turns(struct wb_turns *t, const char *tenant, const void *command)
{
	(void)tenant;
	(void)command;
	tenant_turns(t);
}

void intake_retire_category(struct wb_decision *d, const void *command)
{
	const Weibao__V1__RetireCategory *c = command;
	if (!need_tenant(d))
		return;
	const Weibao__V1__CategoryRow *row = strlen(c->category) <= 32 ? category_get(d, c->category) : NULL;
	if (!row) {
		wb_refuse(d, WB_NOT_FOUND, "category");
		return;
	}
	if (row->retired) {
		wb_already(d);
		return;
	}
	NEW(d, Weibao__V1__CategoryRetired, weibao__v1__category_retired__init, e);
	e->category = c->category;
	wb_emit(d, "tenant", zero, &e->base);
}
