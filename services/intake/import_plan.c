/* What is known, by natural keys, and each row against it. */
#include "services/intake/import.h"

#include <stdlib.h>
#include <string.h>

#define ROW_ARENA_BYTES ((size_t)1 << 20)

/* ---- lists ---- */

bool known_add(struct known_list *l, struct wb_arena *a, struct known k)
{
	if (l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 256;
		struct known *all = WB_ARENA_ARRAY(a, struct known, room);
		if (!all)
			return false;
		if (l->n)
			memcpy(all, l->all, l->n * sizeof *all);
		l->all = all;
		l->room = room;
	}
	l->all[l->n++] = k;
	return true;
}

/* By key, then the projection's before the sheet's, these in order. */
static int by_key(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int c = strcmp(x->key, y->key);
	if (c)
		return c;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return memcmp(x->id.b, y->id.b, sizeof x->id.b);
}

void known_sort(struct known_list *l)
{
	if (l->n)
		qsort(l->all, l->n, sizeof *l->all, by_key);
}

const struct known *known_find(const struct known_list *l, const char *key)
{
	size_t lo = 0, hi = l->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (strcmp(l->all[mid].key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->n && strcmp(l->all[lo].key, key) == 0 ? &l->all[lo] : NULL;
}

const char *import_open(const struct import_plan *p, struct wb_arena *a, const Weibao__V1__Personal *text)
{
	if (!text)
		return NULL;
	if (text->value_case == WEIBAO__V1__PERSONAL__VALUE_PLAIN)
		return text->plain;
	return p->opener ? wb_open_personal(p->opener, a, p->tenant, text) : NULL;
}

/* ---- offices ---- */

struct office {
	struct wb_id id, parent;
	bool has_parent, usable;
	const char *name;
};
struct offices {
	struct office *all;
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	return memcmp(((const struct office *)a)->id.b, ((const struct office *)b)->id.b, WB_ID_BYTES);
}

static bool load_offices(struct import_plan *p, struct wb_arena *one, struct offices *ret)
{
	struct wb_arena *keep = p->sheet->arena;
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes value;
	intake_key(&prefix, p->tenant);
	size_t room = wb_count(p->db, &intake_offices_table, &prefix, SIZE_MAX);
	ret->all = WB_ARENA_ARRAY(keep, struct office, room + 1);
	wb_scan_prefix(&scan, p->db, &intake_offices_table, &prefix);
	while (ret->all && ret->n < room && wb_scan_next(&scan, NULL, &value)) {
		wb_arena_reset(one);
		const Office *row = (const Office *)wb_unpack_row(
		        p->db, &intake_offices_table, value, &weibao__v1__office_row__descriptor, one);
		if (!row)
			break;
		ret->all[ret->n++] = (struct office){
		        .id = wb_id_of_field(row->office_id),
		        .parent = wb_id_of_field(row->parent_id),
		        .has_parent = row->has_parent_id,
		        .usable = !row->closed && !row->has_merged_into_id,
		        .name = wb_arena_str(keep, row->name),
		};
	}
	wb_scan_done(&scan);
	if (ret->n)
		qsort(ret->all, ret->n, sizeof *ret->all, by_id);
	return ret->all != NULL;
}

static const char *path_of(const struct offices *all, const struct office *o, struct wb_arena *a)
{
	const char *path = o->name;
	for (unsigned depth = 0; path && o->has_parent && depth < INTAKE_TREE_DEPTH; depth++) {
		const struct office wanted = {.id = o->parent};
		o = bsearch(&wanted, all->all, all->n, sizeof *all->all, by_id);
		if (!o)
			break;
		path = wb_arena_fmt(a, "%s/%s", o->name, path);
	}
	return path;
}

static bool know_offices(struct import_plan *p, struct wb_arena *one)
{
	struct offices all = {0};
	struct import_sheet *s = p->sheet;
	if (!load_offices(p, one, &all))
		return false;
	for (size_t i = 0; i < all.n; i++) {
		const char *path = all.all[i].usable ? path_of(&all, &all.all[i], s->arena) : NULL;
		if (path && !known_add(&p->offices, s->arena, (struct known){.key = path, .id = all.all[i].id}))
			return false;
	}
	for (uint32_t i = 0; s->kind == WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES && i < s->n_lines; i++) {
		const struct known k = {.key = s->lines[i].cells[OFFICE_PATH],
		        .id = wb_id_derive(p->import, "row", s->lines[i].row),
		        .line = i + 1};
		if (!s->lines[i].bad && !known_add(&p->offices, s->arena, k))
			return false;
	}
	known_sort(&p->offices);
	return !s->arena->overflowed;
}

/* ---- people ---- */

static bool know_person(struct import_plan *p, const Contact *row, struct wb_arena *one)
{
	struct wb_arena *keep = p->sheet->arena;
	const char *name = import_open(p, one, row->name);
	struct known k = {.id = wb_id_of_field(row->contact_id), .office = wb_id_of_field(row->office_id)};
	char office[WB_ID_TEXT_BYTES];
	if (!name)
		return true; /* erased: nobody can be known by it any more */
	wb_id_text(k.office, office);
	k.key = wb_arena_str(keep, name);
	if (!k.key || !known_add(&p->names, keep, k))
		return false;
	for (size_t i = 0; i < row->n_telephones; i++) {
		const char *number = import_open(p, one, row->telephones[i]->number);
		const char *digits = number ? import_digits(one, number) : NULL;
		k.key = digits ? wb_arena_fmt(keep, "%s\n%s\n%s", office, name, digits) : NULL;
		if (digits && (!k.key || !known_add(&p->people, keep, k)))
			return false;
	}
	return true;
}

static bool know_people(struct import_plan *p, struct wb_arena *one)
{
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes value;
	bool well = true;
	intake_key(&prefix, p->tenant);
	wb_scan_prefix(&scan, p->db, &intake_contacts_table, &prefix);
	while (well && wb_scan_next(&scan, NULL, &value)) {
		wb_arena_reset(one);
		const Contact *row = (const Contact *)wb_unpack_row(
		        p->db, &intake_contacts_table, value, &weibao__v1__contact_row__descriptor, one);
		well = row && (row->left || row->has_merged_into_id || know_person(p, row, one));
	}
	wb_scan_done(&scan);
	known_sort(&p->people);
	known_sort(&p->names);
	return well;
}

/* ---- the comparison ---- */

Weibao__V1__PlannedEvent *import_row_events(struct import_plan *p, struct import_line *line, struct wb_arena *a)
{
	switch (p->sheet->kind) {
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES:
		return import_office_row(p, line, a);
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_CONTACTS:
		return import_contact_row(p, line, a);
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_DEVICES:
		return import_device_row(p, line, a);
	case WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_UNSPECIFIED:
	case _WEIBAO__V1__IMPORT_KIND_IS_INT_SIZE:
		break;
	}
	return NULL;
}

static void compare(struct import_plan *p, struct import_line *line, struct wb_arena *one)
{
	struct import_sheet *s = p->sheet;
	wb_arena_reset(one);
	const Weibao__V1__PlannedEvent *e = line->bad ? NULL : import_row_events(p, line, one);
	if (line->bad)
		return;
	if (!e)
		s->rows_unchanged++;
	else if (e->office || e->contact || e->device)
		s->rows_new++;
	else
		s->rows_changed++;
}

enum wb_err import_plan_make(struct import_plan *p)
{
	struct wb_arena one;
	struct import_sheet *s = p->sheet;
	bool offices = s->kind == WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_OFFICES;
	wb_arena_init(&one, ROW_ARENA_BYTES);
	bool well = know_offices(p, &one) && (offices || know_people(p, &one));
	for (uint32_t i = 0; well && i < s->n_lines; i++)
		compare(p, &s->lines[i], &one);
	wb_arena_done(&one);
	return well && !s->arena->overflowed ? WB_OK : WB_ERR_MEMORY;
}
