/* The cache of opened texts: what search.c indexes, gathered from the projection. */
#include "services/reporting/cache.h"
#include "services/reporting/tables.h"
#include "weibao/v1/intake_events.pb-c.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_ARENA ((size_t)4 * 1024 * 1024)
#define GATHER_BYTES (3 * SEARCH_TEXT_MAX)

/* The text of one ticket while it is put together. */
struct gather {
	struct wb_txn *db;
	struct wb_opener *opener;
	struct wb_arena arena;
	const char *tenant;
	char *text; /* GATHER_BYTES */
	size_t n;
};

static void add(struct gather *g, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	if (n == 0 || g->n + n + 2 > GATHER_BYTES)
		return;
	memcpy(g->text + g->n, text, n);
	g->n += n;
	g->text[g->n++] = '\n';
	g->text[g->n] = 0;
}

static void add_personal(struct gather *g, const Weibao__V1__Personal *p)
{
	if (p)
		add(g, wb_open_personal(g->opener, &g->arena, g->tenant, p));
}

static void add_report(struct gather *g, const Weibao__V1__TicketReported *e)
{
	add(g, e->number);
	add(g, e->place->office_name);
	add(g, e->model);
	add(g, e->serial);
	add_personal(g, e->symptom);
	add_personal(g, e->caller_name);
	add_personal(g, e->onsite_contact_name);
	add_personal(g, e->direct_user_name);
	add_personal(g, e->telephone);
}

static void add_parts(struct gather *g, struct wb_id ticket, enum part part)
{
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	rp_part_prefix(&prefix, g->tenant, ticket, part);
	wb_scan_prefix(&scan, g->db, &rp_parts_table, &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		if (part == PART_FORM) {
			const Weibao__V1__ReadFormRow *row = (const Weibao__V1__ReadFormRow *)wb_unpack_row(
			        g->db, &rp_parts_table, value, &weibao__v1__read_form_row__descriptor, &g->arena);
			add_personal(g, row ? row->solution : NULL);
		} else {
			const Weibao__V1__ReadSolutionRow *row = (const Weibao__V1__ReadSolutionRow *)wb_unpack_row(
			        g->db, &rp_parts_table, value, &weibao__v1__read_solution_row__descriptor, &g->arena);
			add_personal(g, row ? row->text : NULL);
		}
	}
	wb_scan_done(&scan);
}

static void put_ticket(struct search *s, struct gather *g, const char *tenant, struct wb_id ticket)
{
	wb_arena_reset(&g->arena);
	g->tenant = tenant;
	g->n = 0;
	g->text[0] = 0;
	const Weibao__V1__ReadTicketRow *row = rp_ticket_get(g->db, tenant, ticket, &g->arena);
	const Weibao__V1__TicketReported *report = rp_report_get(g->db, tenant, ticket, &g->arena);
	if (!row || !report)
		return;
	add_report(g, report);
	add(g, row->model);
	add(g, row->serial);
	add_parts(g, ticket, PART_FORM);
	add_parts(g, ticket, PART_SOLUTION);
	(void)rp_search_put(s, tenant, ticket, row->reported_at, g->text);
}

static bool gather_open(struct gather *g, struct wb_txn *db, struct wb_opener *o)
{
	*g = (struct gather){.db = db, .opener = o, .text = malloc(GATHER_BYTES)}; /* past its call nothing stays */
	wb_arena_init(&g->arena, GATHER_ARENA);
	return g->text != NULL;
}

static void gather_close(struct gather *g)
{
	if (g->text)
		memset(g->text, 0, GATHER_BYTES);
	free(g->text);
	wb_arena_done(&g->arena);
}

static void *open_cache(struct wb_txn *db, struct wb_opener *o, const char *dir)
{
	struct search *s = rp_search_new();
	struct wb_bytes key, value;
	struct wb_scan scan;
	struct gather g;
	(void)dir; /* memory alone */
	if (!gather_open(&g, db, o) || !s) {
		gather_close(&g);
		rp_search_free(s);
		return NULL;
	}
	wb_scan_prefix(&scan, db, &rp_tickets_table, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		struct wb_key_reader r;
		struct wb_id ticket;
		char tenant[128];
		wb_key_reader_init(&r, key);
		if (wb_key_read_text(&r, tenant, sizeof tenant, NULL) && wb_key_read_id(&r, &ticket))
			put_ticket(s, &g, tenant, ticket);
	}
	wb_scan_done(&scan);
	gather_close(&g);
	return s;
}

/* The tickets under a value of an index: their texts are gathered anew, without what can no longer be opened. */
static void put_indexed(
        struct search *s, struct gather *g, const char *tenant, enum dimension by, ProtobufCBinaryData person)
{
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	struct wb_id ticket;
	rp_index_prefix(&prefix, tenant, by, rp_bytes_of_field(person));
	wb_scan_prefix(&scan, g->db, &rp_ticket_index_table, &prefix);
	while (wb_scan_next(&scan, &key, &value))
		if (wb_id_from_bytes(key.data + key.len - WB_ID_BYTES, WB_ID_BYTES, &ticket))
			put_ticket(s, g, tenant, ticket);
	wb_scan_done(&scan);
}

static void on_erased(struct search *s, struct gather *g, const struct wb_event *ev)
{
	const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)ev->payload;
	put_indexed(s, g, ev->tenant, BY_CONTACT, e->subject_id);
	put_indexed(s, g, ev->tenant, BY_ENGINEER, e->subject_id);
	for (size_t i = 0; i < e->n_alias_ids; i++) {
		put_indexed(s, g, ev->tenant, BY_CONTACT, e->alias_ids[i]);
		put_indexed(s, g, ev->tenant, BY_ENGINEER, e->alias_ids[i]);
	}
}

static void on_event(void *cache, struct wb_txn *db, struct wb_opener *o, const struct wb_event *ev)
{
	static const char *const texts[] = {"TicketReported", "TicketDeviceCorrected", "PhoneSolved", "TicketNoteAdded",
	        "WorkRecorded", "FormFilled"};
	struct gather g;
	bool erased = strcmp(ev->type, "PersonErased") == 0, text = false;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		text = text || strcmp(ev->type, texts[i]) == 0;
	if (!erased && !text)
		return;
	if (gather_open(&g, db, o)) {
		if (erased)
			on_erased(cache, &g, ev);
		else
			put_ticket(cache, &g, ev->tenant, ev->stream_id);
	}
	gather_close(&g);
}

static void close_cache(void *cache)
{
	rp_search_free(cache);
}

const struct wb_cache_def reporting_cache = {.open = open_cache, .event = on_event, .close = close_cache};
