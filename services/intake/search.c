/*
 * The search for people and devices: an index in memory over names and telephones that are sealed everywhere else. It
 * is made at the start, follows the events, and never leaves the process; an erased person is taken out of it.
 *
 * A search walks its tenant's entries: some thousand people and some ten thousand devices take a few milliseconds.
 */
#include "service/page.h"
#include "services/intake/files.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 6
#define WORD_BYTES 64
#define OFFICES_MAX 512 /* that one word may name */
#define ONE_ARENA_BYTES ((size_t)1 << 20)

struct entry {
	struct wb_id id, office;
	char *text;   /* folded: a name; serial, asset number and model behind each other */
	char *digits; /* of a person's telephones, each between line ends */
};
struct list {
	struct entry *all;
	size_t n, room;
};
enum kind { PEOPLE, OFFICES, DEVICES, KINDS };
struct tenant {
	struct tenant *next;
	char name[65];
	struct list lists[KINDS];
};
struct search {
	struct tenant *tenants;
};

/* ---- entries: heap, since they change for the process's life ---- */

static void wipe(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

static void entry_done(struct entry *e)
{
	wipe(e->text);
	wipe(e->digits);
}

static void list_empty(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		entry_done(&l->all[i]);
	l->n = 0;
}

static struct entry *list_find(struct list *l, struct wb_id id)
{
	for (size_t i = 0; i < l->n; i++)
		if (wb_id_equal(l->all[i].id, id))
			return &l->all[i];
	return NULL;
}

static void list_drop(struct list *l, struct wb_id id)
{
	struct entry *e = list_find(l, id);
	if (!e)
		return;
	entry_done(e);
	*e = l->all[--l->n];
}

/* Takes the texts over. Out of memory: the entry is not found, nothing else is wrong. fresh: the id is not there yet.
 */
static void list_put(struct list *l, struct entry e, bool fresh)
{
	struct entry *old = fresh ? NULL : list_find(l, e.id);
	if (!old && l->n == l->room) {
		size_t room = l->room ? 2 * l->room : 64;
		struct entry *all = realloc(l->all, room * sizeof *all);
		if (!all) {
			entry_done(&e);
			return;
		}
		l->all = all;
		l->room = room;
	}
	if (old)
		entry_done(old);
	*(old ? old : &l->all[l->n++]) = e;
}

static struct tenant *tenant_of(struct search *s, const char *name, bool make)
{
	struct tenant *t = s->tenants;
	while (t && strcmp(t->name, name) != 0)
		t = t->next;
	if (t || !make || strlen(name) >= sizeof t->name)
		return t;
	t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	memcpy(t->name, name, strlen(name) + 1);
	t->next = s->tenants;
	s->tenants = t;
	return t;
}

/* ---- folding ---- */

/* Lower case, full-width Latin and digits as ASCII, no blanks. Returns what it wrote, at most as much as it read. */
static size_t fold(const char *text, char *out)
{
	size_t n = 0;
	for (const unsigned char *p = (const unsigned char *)text; *p;) {
		if (p[0] == 0xEF && (p[1] == 0xBC || p[1] == 0xBD) && p[2]) { /* U+FF01 … U+FF5E */
			unsigned c = (p[1] == 0xBC ? 0xFF00u : 0xFF40u) + (p[2] & 0x3Fu);
			if (c >= 0xFF01u && c <= 0xFF5Eu) {
				char ascii = (char)(c - 0xFEE0u);
				out[n++] = ascii >= 'A' && ascii <= 'Z' ? (char)(ascii + 32) : ascii;
				p += 3;
				continue;
			}
		}
		if (p[0] == 0xE3 && p[1] == 0x80 && p[2] == 0x80) { /* ideographic space */
			p += 3;
			continue;
		}
		if (*p != ' ')
			out[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : (char)*p;
		p++;
	}
	out[n] = '\0';
	return n;
}

static char *folded(const char *a, const char *b, const char *c)
{
	const char *all[] = {a, b, c};
	size_t room = 4, n = 0;
	for (size_t i = 0; i < 3; i++)
		room += all[i] ? strlen(all[i]) : 0;
	char *out = malloc(room);
	for (size_t i = 0; out && i < 3; i++) {
		if (!all[i])
			continue;
		n += fold(all[i], out + n);
		out[n++] = '\n';
	}
	if (out)
		out[n] = '\0';
	return out;
}

/* ---- rows to entries ---- */

static char *digits_of(const Contact *row, const char *tenant, struct wb_opener *o, struct wb_arena *a)
{
	char *out = wb_arena_alloc(a, 1 + row->n_telephones * 64);
	size_t n = 0;
	for (size_t i = 0; out && i < row->n_telephones; i++) {
		const char *number = wb_open_personal(o, a, tenant, row->telephones[i]->number);
		for (size_t k = 0; number && number[k] && k < 60; k++)
			if (number[k] >= '0' && number[k] <= '9')
				out[n++] = number[k];
		out[n++] = '\n';
	}
	return out ? strdup(out) : NULL;
}

static void put_person(struct tenant *t, const Contact *row, struct wb_opener *o, struct wb_arena *a, bool fresh)
{
	struct wb_id id = wb_id_of_field(row->contact_id);
	const char *name = row->left || row->has_merged_into_id ? NULL : wb_open_personal(o, a, t->name, row->name);
	if (!name) {
		list_drop(&t->lists[PEOPLE], id);
		return;
	}
	list_put(&t->lists[PEOPLE],
	        (struct entry){.id = id,
	                .office = wb_id_of_field(row->office_id),
	                .text = folded(name, NULL, NULL),
	                .digits = digits_of(row, t->name, o, a)},
	        fresh);
}

static void put_office(struct tenant *t, const Office *row, bool fresh)
{
	struct wb_id id = wb_id_of_field(row->office_id);
	list_put(&t->lists[OFFICES], (struct entry){.id = id, .text = folded(row->name, NULL, NULL)}, fresh);
}

static void put_device(struct tenant *t, const Device *row, bool fresh)
{
	struct wb_id id = wb_id_of_field(row->device_id);
	const Weibao__V1__DeviceDetails *x = row->details;
	if (row->has_merged_into_id) {
		list_drop(&t->lists[DEVICES], id);
		return;
	}
	list_put(&t->lists[DEVICES],
	        (struct entry){.id = id,
	                .office = wb_id_of_field(row->office_id),
	                .text = folded(x->serial, x->asset_number, x->model)},
	        fresh);
}

/* ---- filling ---- */

struct filling {
	struct search *search;
	struct wb_txn *db;
	struct wb_opener *opener;
	struct wb_arena *one;
};

static void put_row(struct filling *f, struct tenant *t, enum kind kind, struct wb_bytes value)
{
	if (kind == PEOPLE) {
		const Contact *row = (const Contact *)wb_unpack_row(
		        f->db, &intake_contacts_table, value, &weibao__v1__contact_row__descriptor, f->one);
		if (row)
			put_person(t, row, f->opener, f->one, true);
	} else if (kind == OFFICES) {
		const Office *row = (const Office *)wb_unpack_row(
		        f->db, &intake_offices_table, value, &weibao__v1__office_row__descriptor, f->one);
		if (row)
			put_office(t, row, true);
	} else {
		const Device *row = (const Device *)wb_unpack_row(
		        f->db, &intake_devices_table, value, &weibao__v1__device_row__descriptor, f->one);
		if (row)
			put_device(t, row, true);
	}
}

/* Every row of one kind, of one tenant or (NULL) of all. */
static void fill(struct filling *f, enum kind kind, const char *tenant)
{
	static const struct wb_table *const tables[KINDS] = {[PEOPLE] = &intake_contacts_table,
	        [OFFICES] = &intake_offices_table,
	        [DEVICES] = &intake_devices_table};
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_bytes key, value;
	char name[65];
	if (tenant)
		intake_key(&prefix, tenant);
	else
		wb_key_init(&prefix);
	wb_scan_prefix(&scan, f->db, tables[kind], &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader r;
		wb_key_reader_init(&r, key);
		wb_arena_reset(f->one);
		struct tenant *t =
		        wb_key_read_text(&r, name, sizeof name, NULL) ? tenant_of(f->search, name, true) : NULL;
		if (t)
			put_row(f, t, kind, value);
	}
	wb_scan_done(&scan);
}

static void refill(struct filling *f, const char *tenant)
{
	struct tenant *t = tenant_of(f->search, tenant, true);
	for (int k = 0; t && k < KINDS; k++) {
		list_empty(&t->lists[k]);
		fill(f, (enum kind)k, tenant);
	}
}

static void *search_open(struct wb_txn *db, struct wb_opener *o, const char *dir)
{
	struct search *s = calloc(1, sizeof *s); /* the process's life */
	struct wb_arena one;
	(void)dir; /* memory alone */
	if (!s)
		return NULL;
	wb_arena_init(&one, ONE_ARENA_BYTES);
	struct filling f = {s, db, o, &one};
	for (int k = 0; k < KINDS; k++)
		fill(&f, (enum kind)k, NULL);
	wb_arena_done(&one);
	return s;
}

static void search_close(void *cache)
{
	struct search *s = cache;
	while (s->tenants) {
		struct tenant *t = s->tenants;
		s->tenants = t->next;
		for (int k = 0; k < KINDS; k++) {
			list_empty(&t->lists[k]);
			free(t->lists[k].all);
		}
		free(t);
	}
	free(s);
}

/* ---- events: the row is read again, whatever the event said ---- */

static void again_person(struct filling *f, struct tenant *t, struct wb_id id)
{
	const Contact *row = contact_get(f->db, t->name, id, f->one);
	if (row)
		put_person(t, row, f->opener, f->one, false);
}

static void on_erased(struct filling *f, struct tenant *t, const struct wb_event *ev)
{
	const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)ev->payload;
	(void)f;
	list_drop(&t->lists[PEOPLE], wb_id_of_field(e->subject_id));
	for (size_t i = 0; i < e->n_alias_ids; i++)
		list_drop(&t->lists[PEOPLE], wb_id_of_field(e->alias_ids[i]));
}

static void on_event(struct filling *f, struct tenant *t, const struct wb_event *ev)
{
	if (strcmp(ev->type, "ImportActivated") == 0 || strcmp(ev->type, "OfficesMerged") == 0) {
		refill(f, ev->tenant);
	} else if (strcmp(ev->type, "PersonErased") == 0) {
		on_erased(f, t, ev);
	} else if (strcmp(ev->stream_kind, "contact") == 0) {
		again_person(f, t, ev->stream_id);
	} else if (strcmp(ev->stream_kind, "office") == 0) {
		const Office *row = office_get(f->db, t->name, ev->stream_id, f->one);
		if (row)
			put_office(t, row, false);
	} else if (strcmp(ev->stream_kind, "device") == 0) {
		const Device *row = device_get(f->db, t->name, ev->stream_id, f->one);
		if (row)
			put_device(t, row, false);
	}
}

static void search_event(void *cache, struct wb_txn *db, struct wb_opener *o, const struct wb_event *ev)
{
	struct wb_arena one;
	struct tenant *t = tenant_of(cache, ev->tenant, true);
	wb_arena_init(&one, ONE_ARENA_BYTES);
	struct filling f = {cache, db, o, &one};
	if (t)
		on_event(&f, t, ev);
	wb_arena_done(&one);
}

const struct wb_cache_def intake_files_cache = {search_open, search_event, search_close};

/* ---- searching ---- */

struct words {
	struct {
		char text[WORD_BYTES];
		bool digits;
		struct wb_id offices[OFFICES_MAX]; /* whose names have it */
		size_t n_offices;
	} all[WORDS_MAX];
	size_t n;
};

static size_t chars(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0u) != 0x80u;
	return n;
}

/* A telephone as people write it: digits with signs between. */
static bool is_number(const char *s)
{
	size_t digits = 0;
	for (; *s; s++) {
		if (*s >= '0' && *s <= '9')
			digits++;
		else if (!strchr("-()+", *s))
			return false;
	}
	return digits >= 3;
}

static void keep_digits(char *s)
{
	char *to = s;
	for (; *s; s++)
		if (*s >= '0' && *s <= '9')
			*to++ = *s;
	*to = '\0';
}

/* Cuts at blanks and folds; false: nothing worth a search, or too much. */
static bool cut(const char *text, bool people, struct words *w)
{
	size_t long_enough = 0;
	while (*text) {
		size_t n = strcspn(text, " \t\n");
		if (n >= WORD_BYTES || (n && w->n == WORDS_MAX))
			return false;
		if (n) {
			char word[WORD_BYTES];
			memcpy(word, text, n);
			word[n] = '\0';
			(void)fold(word, w->all[w->n].text);
			w->all[w->n].digits = people && is_number(w->all[w->n].text);
			if (w->all[w->n].digits)
				keep_digits(w->all[w->n].text);
			long_enough += chars(w->all[w->n].text) >= 2;
			w->n += w->all[w->n].text[0] != '\0';
		}
		text += n + (text[n] != '\0');
	}
	return long_enough > 0;
}

static void find_offices(const struct tenant *t, struct words *w)
{
	const struct list *l = &t->lists[OFFICES];
	for (size_t k = 0; k < w->n; k++)
		for (size_t i = 0; i < l->n && w->all[k].n_offices < OFFICES_MAX; i++)
			if (l->all[i].text && strstr(l->all[i].text, w->all[k].text))
				w->all[k].offices[w->all[k].n_offices++] = l->all[i].id;
}

static bool word_found(const struct words *w, size_t k, const struct entry *e)
{
	if (e->text && strstr(e->text, w->all[k].text))
		return true;
	if (w->all[k].digits && e->digits && strstr(e->digits, w->all[k].text))
		return true;
	for (size_t i = 0; i < w->all[k].n_offices; i++)
		if (wb_id_equal(w->all[k].offices[i], e->office))
			return true;
	return false;
}

static bool found(const struct words *w, const struct entry *e)
{
	for (size_t k = 0; k < w->n; k++)
		if (!word_found(w, k, e))
			return false;
	return true;
}

/* The ids that are found, at most limit and one more. False: refused. */
static bool run(
        struct wb_query *q, const char *text, enum kind kind, uint32_t limit, struct wb_id *ret_ids, size_t *ret_n)
{
	struct words *w = WB_ARENA_NEW(q->arena, struct words);
	const struct tenant *t = q->cache ? tenant_of(q->cache, q->tenant, false) : NULL;
	*ret_n = 0;
	if (!w || !cut(text, kind == PEOPLE, w)) {
		wb_query_refuse(q, WB_SEARCH_TOO_SHORT, "text");
		return false;
	}
	if (!q->cache) {
		wb_query_refuse(q, WB_UNAVAILABLE, NULL);
		return false;
	}
	if (!t)
		return true;
	find_offices(t, w);
	for (size_t i = 0; i < t->lists[kind].n && *ret_n <= limit; i++)
		if (found(w, &t->lists[kind].all[i]))
			ret_ids[(*ret_n)++] = t->lists[kind].all[i].id;
	return true;
}

static uint32_t limit_of(bool has, uint32_t limit)
{
	if (!has || limit == 0)
		return WB_PAGE_DEFAULT;
	return limit < INTAKE_FOUND_MAX ? limit : INTAKE_FOUND_MAX;
}

static char *office_name(struct wb_query *q, bool has, ProtobufCBinaryData id)
{
	const Office *row = has ? office_now(q->db, q->tenant, wb_id_of_field(id), q->arena) : NULL;
	return row ? row->name : NULL;
}

static Weibao__V1__PersonFound *person_found(struct wb_query *q, struct wb_id id)
{
	const Contact *row = contact_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__PersonFound *r = WB_ARENA_NEW(q->arena, Weibao__V1__PersonFound);
	if (!row || !r)
		return NULL;
	weibao__v1__person_found__init(r);
	r->contact_id = row->contact_id;
	r->office_id = row->office_id;
	r->office_name = office_name(q, true, row->office_id);
	r->name = row->name;
	r->telephones = row->telephones;
	r->n_telephones = row->n_telephones;
	r->email = row->email;
	r->left = row->left;
	return r;
}

void intake_search_people(struct wb_query *q, const void *request)
{
	const Weibao__V1__SearchPeople *c = request;
	uint32_t limit = limit_of(c->has_limit, c->limit);
	struct wb_id ids[INTAKE_FOUND_MAX + 1];
	size_t n;
	Weibao__V1__SearchPeopleAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__SearchPeopleAnswer);
	if (!r || !run(q, c->text, PEOPLE, limit, ids, &n))
		return;
	weibao__v1__search_people_answer__init(r);
	r->more = n > limit;
	r->people = WB_ARENA_ARRAY(q->arena, Weibao__V1__PersonFound *, limit);
	for (size_t i = 0; r->people && i < n && i < limit; i++) {
		Weibao__V1__PersonFound *p = person_found(q, ids[i]);
		if (p)
			r->people[r->n_people++] = p;
	}
	wb_answer(q, &r->base);
}

static Weibao__V1__DeviceFound *device_found(struct wb_query *q, struct wb_id id)
{
	const Device *row = device_get(q->db, q->tenant, id, q->arena);
	Weibao__V1__DeviceFound *r = WB_ARENA_NEW(q->arena, Weibao__V1__DeviceFound);
	if (!row || !r)
		return NULL;
	weibao__v1__device_found__init(r);
	r->device_id = row->device_id;
	r->details = row->details;
	r->has_office_id = row->has_office_id;
	r->office_id = row->office_id;
	r->office_name = office_name(q, row->has_office_id, row->office_id);
	r->has_user_id = row->has_user_id;
	r->user_id = row->user_id;
	r->retired = row->retired;
	return r;
}

void intake_search_devices(struct wb_query *q, const void *request)
{
	const Weibao__V1__SearchDevices *c = request;
	uint32_t limit = limit_of(c->has_limit, c->limit);
	struct wb_id ids[INTAKE_FOUND_MAX + 1];
	size_t n;
	Weibao__V1__SearchDevicesAnswer *r = WB_ARENA_NEW(q->arena, Weibao__V1__SearchDevicesAnswer);
	if (!r || !run(q, c->text, DEVICES, limit, ids, &n))
		return;
	weibao__v1__search_devices_answer__init(r);
	r->more = n > limit;
	r->devices = WB_ARENA_ARRAY(q->arena, Weibao__V1__DeviceFound *, limit);
	for (size_t i = 0; r->devices && i < n && i < limit; i++) {
		Weibao__V1__DeviceFound *p = device_found(q, ids[i]);
		if (p)
			r->devices[r->n_devices++] = p;
	}
	wb_answer(q, &r->base);
}
