#include "service/projection.h"
#include "ledger/record.h"
#include "proto/registry.h"
#include "service/tables.h"
#include "weibao/v1/envelope.pb-c.h"
#include "weibao/v1/intake_events.pb-c.h"
#include "wire/unpack.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_ARENA_BYTES ((size_t)4 * 1024 * 1024)
#define META_FORMAT 1u
#define CHAIN_BYTES sizeof(struct wb_hash)

const struct wb_table wb_table_meta = {"_meta", 0};
const struct wb_table wb_table_versions = {"_versions", 1};
const struct wb_table wb_table_commands = {"_commands", 2};
const struct wb_table wb_table_todo = {"_todo", 3};
const struct wb_table wb_table_due = {"_due", 4};
const struct wb_table wb_table_epochs = {"_epochs", 5};
const struct wb_table wb_table_erased = {"_erased", 6};
_Static_assert(WB_RUNTIME_TABLES == WB_SERVICE_TABLES_BASE, "a service's tables follow the runtime's");

/* ---- meta: whose fold this is and how far it went; in the same transaction as the tables ---- */

#define META_BYTES (4 + 16 + 4 + 8 + 32 + 8 + 32)

static void meta_key(struct wb_key *k)
{
	wb_key_init(k);
	wb_key_str(k, "position");
}

static void fold_version_digest(const struct wb_service *s, uint8_t ret[32])
{
	EVP_Digest(s->fold_version, strlen(s->fold_version), ret, NULL, EVP_sha256(), NULL);
}

static void meta_write(const struct wb_projection *p, struct wb_txn *txn)
{
	uint8_t b[META_BYTES], *w = b;
	struct wb_key k;
	wb_be32_put(w, META_FORMAT);
	memcpy(w + 4, p->log_id.b, 16);
	wb_be32_put(w + 20, p->incarnation);
	wb_be64_put(w + 24, p->position);
	memcpy(w + 32, &p->chain, CHAIN_BYTES);
	wb_be64_put(w + 64, (uint64_t)p->time_us);
	fold_version_digest(p->service, w + 72);
	meta_key(&k);
	wb_put(txn, &wb_table_meta, &k, ((struct wb_bytes){b, sizeof b}));
}

/* True if the environment holds a fold of this service's version; then fills in where it stands. */
static bool meta_read(struct wb_projection *p, struct wb_txn *txn)
{
	struct wb_bytes v;
	struct wb_key k;
	uint8_t fold[32];
	meta_key(&k);
	if (!wb_get(txn, &wb_table_meta, &k, &v) || v.len != META_BYTES || wb_be32_get(v.data) != META_FORMAT)
		return false;
	fold_version_digest(p->service, fold);
	if (memcmp(v.data + 72, fold, sizeof fold) != 0)
		return false;
	memcpy(p->log_id.b, v.data + 4, 16);
	p->incarnation = wb_be32_get(v.data + 20);
	p->position = wb_be64_get(v.data + 24);
	memcpy(&p->chain, v.data + 32, CHAIN_BYTES);
	p->time_us = (int64_t)wb_be64_get(v.data + 64);
	p->has_log = true;
	return true;
}

/* ---- open, reset, close ---- */

static int by_type(const void *a, const void *b)
{
	const struct wb_evolve_def *const *x = a, *const *y = b;
	return strcmp((*x)->event_type, (*y)->event_type);
}

static enum wb_err index_types(struct wb_projection *p)
{
	const struct wb_service *s = p->service;
	p->by_type = calloc(s->n_evolve ? s->n_evolve : 1, sizeof *p->by_type);
	if (!p->by_type)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < s->n_evolve; i++) {
		WB_ASSERT(wb_message_type_find(s->evolve[i].event_type));
		p->by_type[i] = &s->evolve[i];
	}
	qsort(p->by_type, s->n_evolve, sizeof *p->by_type, by_type);
	return WB_OK;
}

static enum wb_err open_env(struct wb_projection *p, const struct wb_table **tables, size_t map_bytes)
{
	const struct wb_env_options o = {
	        .dir = p->dir,
	        .sync = WB_SYNC_LAZY,
	        .tables = tables,
	        .table_count = WB_RUNTIME_TABLES + p->service->n_tables,
	        .map_bytes = map_bytes,
	};
	return wb_env_open(&o, &p->env);
}

/* The list must outlive the environment: it is kept for the life of the process, one a service. */
static const struct wb_table **all_tables(const struct wb_service *s)
{
	static const struct wb_table *const own[WB_RUNTIME_TABLES] = {&wb_table_meta, &wb_table_versions,
	        &wb_table_commands, &wb_table_todo, &wb_table_due, &wb_table_epochs, &wb_table_erased};
	const struct wb_table **t = calloc(WB_RUNTIME_TABLES + s->n_tables, sizeof *t);
	if (!t)
		return NULL;
	for (size_t i = 0; i < WB_RUNTIME_TABLES; i++)
		t[i] = own[i];
	for (size_t i = 0; i < s->n_tables; i++) {
		WB_ASSERT(s->tables[i]->index == WB_RUNTIME_TABLES + i);
		t[WB_RUNTIME_TABLES + i] = s->tables[i];
	}
	return t;
}

static enum wb_err load_meta(struct wb_projection *p, bool *ret_sound)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_read(p->env, &txn);
	if (err)
		return err;
	*ret_sound = meta_read(p, txn);
	wb_txn_abort(txn);
	return WB_OK;
}

enum wb_err wb_projection_open(
        struct wb_projection *p, const struct wb_service *service, const struct wb_projection_options *options)
{
	bool sound = false;
	*p = (struct wb_projection){.service = service};
	wb_arena_init(&p->arena, EVENT_ARENA_BYTES);
	p->dir = strdup(options->dir);
	p->tables = all_tables(service);
	enum wb_err err = p->dir && p->tables ? index_types(p) : WB_ERR_MEMORY;
	if (!err)
		err = wb_hasher_open(&p->hasher);
	if (!err && options->scratch)
		err = wb_env_remove(p->dir);
	if (!err)
		err = open_env(p, p->tables, options->map_bytes);
	if (err == WB_ERR_CORRUPT) { /* damaged, or of a boot that did not stop cleanly: folded anew */
		err = wb_env_remove(p->dir);
		if (!err)
			err = open_env(p, p->tables, options->map_bytes);
	}
	if (!err)
		err = load_meta(p, &sound);
	if (!err && !sound && !wb_env_was_new(p->env)) { /* another fold version */
		wb_env_abandon(p->env);
		p->env = NULL;
		err = wb_env_remove(p->dir);
		if (!err)
			err = open_env(p, p->tables, options->map_bytes);
	}
	if (err)
		wb_projection_close(p);
	return err;
}

void wb_projection_close(struct wb_projection *p)
{
	enum wb_err err = wb_env_close(p->env);
	(void)err; /* then it counts as not cleanly stopped and is folded anew: nothing is lost */
	p->env = NULL;
	wb_arena_done(&p->arena);
	free(p->dir);
	free(p->by_type);
	free(p->tables);
	wb_hasher_close(p->hasher);
	p->hasher = NULL;
	p->dir = NULL;
	p->by_type = NULL;
	p->tables = NULL;
}

void wb_projection_abandon(struct wb_projection *p)
{
	wb_env_abandon(p->env);
	p->env = NULL;
	wb_projection_close(p);
}

enum wb_err wb_projection_reset(struct wb_projection *p, struct wb_id log_id, uint32_t incarnation)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_write(p->env, &txn);
	if (err)
		return err;
	for (size_t i = 0; i < WB_RUNTIME_TABLES + p->service->n_tables; i++)
		wb_clear(txn, p->tables[i]);
	p->log_id = log_id;
	p->incarnation = incarnation;
	p->has_log = true;
	p->position = 0;
	p->time_us = 0;
	p->parked_at = 0;
	p->chain = wb_chain_start(p->hasher, log_id);
	meta_write(p, txn);
	return wb_txn_commit(txn);
}

/* ---- the fold ---- */

static const struct wb_evolve_def *evolve_of(const struct wb_projection *p, const char *type)
{
	size_t lo = 0, hi = p->service->n_evolve;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(p->by_type[mid]->event_type, type);
		if (c == 0)
			return p->by_type[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static void stream_key(struct wb_key *k, const char *tenant, const char *kind, struct wb_id id)
{
	wb_key_init(k);
	wb_key_str(k, tenant);
	wb_key_str(k, kind);
	wb_key_id(k, id);
}

static void fold_version(struct wb_txn *txn, const struct wb_event *ev)
{
	struct wb_key k;
	uint8_t v[8];
	stream_key(&k, ev->tenant, ev->stream_kind, ev->stream_id);
	wb_be64_put(v, ev->version);
	wb_put(txn, &wb_table_versions, &k, ((struct wb_bytes){v, sizeof v}));
}

/* The first event of a command makes its row, the others count up. */
static void fold_command(struct wb_txn *txn, const struct wb_event *ev)
{
	const Weibao__V1__Envelope *e = ev->envelope;
	uint8_t row[8 + 4 + 32];
	struct wb_bytes had;
	struct wb_key k;
	struct wb_id id;
	if (!wb_id_from_bytes(e->command_id.data, e->command_id.len, &id) || e->command_digest.len != 32)
		return;
	wb_key_init(&k);
	wb_key_id(&k, id);
	if (wb_get(txn, &wb_table_commands, &k, &had) && had.len == sizeof row) {
		memcpy(row, had.data, sizeof row);
		wb_be32_put(row + 8, wb_be32_get(row + 8) + 1);
	} else {
		wb_be64_put(row, ev->position);
		wb_be32_put(row + 8, 1);
		memcpy(row + 12, e->command_digest.data, 32);
	}
	wb_put(txn, &wb_table_commands, &k, ((struct wb_bytes){row, sizeof row}));
}

static void epoch_key(struct wb_key *k, const char *service)
{
	wb_key_init(k);
	wb_key_str(k, service);
}

static void fold_erased(struct wb_txn *txn, const char *tenant, ProtobufCBinaryData subject)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, tenant);
	wb_key_id(&k, wb_id_of_field(subject));
	wb_put(txn, &wb_table_erased, &k, ((struct wb_bytes){NULL, 0}));
}

/* The runtime's own events: epochs, to-dos that ended by a final refusal, persons erased. */
static void fold_own(struct wb_fold *f, const struct wb_event *ev)
{
	if (strcmp(ev->type, "EpochStarted") == 0) {
		const Weibao__V1__EpochStarted *e = (const Weibao__V1__EpochStarted *)ev->payload;
		struct wb_key k;
		uint8_t v[8];
		epoch_key(&k, e->service);
		wb_be64_put(v, e->epoch);
		wb_put(f->db, &wb_table_epochs, &k, ((struct wb_bytes){v, sizeof v}));
	} else if (strcmp(ev->type, "PersonErased") == 0) {
		const Weibao__V1__PersonErased *e = (const Weibao__V1__PersonErased *)ev->payload;
		fold_erased(f->db, ev->tenant, e->subject_id);
		for (size_t i = 0; i < e->n_alias_ids; i++)
			fold_erased(f->db, ev->tenant, e->alias_ids[i]);
	} else if (strcmp(ev->type, "ToDoEnded") == 0) {
		const Weibao__V1__ToDoEnded *e = (const Weibao__V1__ToDoEnded *)ev->payload;
		if (strcmp(e->service, f->projection->service->name) == 0 && e->ref.len == WB_ID_BYTES + 4) {
			struct wb_id ref;
			memcpy(ref.b, e->ref.data, WB_ID_BYTES);
			wb_todo_drop(f, e->kind, ev->tenant, ref, wb_be32_get(e->ref.data + WB_ID_BYTES));
		}
	}
}

static bool is_own(const char *type)
{
	return strcmp(type, "EpochStarted") == 0 || strcmp(type, "ToDoEnded") == 0 || strcmp(type, "PersonErased") == 0;
}

static enum wb_err unpack_payload(struct wb_projection *p, struct wb_event *ev)
{
	const struct wb_message_type *t = wb_message_type_find(ev->type);
	if (!t)
		return WB_ERR_INVALID;
	ProtobufCMessage *m;
	struct wb_bytes payload = {ev->envelope->payload.data, ev->envelope->payload.len};
	enum wb_err err = wb_unpack(t->descriptor, payload, &p->arena, &wb_unpack_record, &m);
	if (!err)
		ev->payload = m;
	return err;
}

enum wb_err wb_event_open(const struct wb_record *r, struct wb_arena *arena, struct wb_event *ret)
{
	ProtobufCMessage *m;
	enum wb_err err = wb_unpack(&weibao__v1__envelope__descriptor, r->bytes, arena, &wb_unpack_record, &m);
	if (err)
		return err;
	const Weibao__V1__Envelope *e = (const Weibao__V1__Envelope *)m;
	*ret = (struct wb_event){
	        .position = r->position,
	        .tenant_position = e->tenant_position,
	        .tenant = e->tenant,
	        .stream_kind = e->stream_kind,
	        .version = e->stream_version,
	        .type = e->event_type,
	        .recorded_at = e->recorded_at,
	        .occurred_at = e->has_occurred_at ? e->occurred_at : e->recorded_at,
	        .envelope = e,
	};
	return wb_id_from_bytes(e->stream_id.data, e->stream_id.len, &ret->stream_id) ? WB_OK : WB_ERR_CORRUPT;
}

static enum wb_err fold_one(struct wb_projection *p, struct wb_txn *txn, const struct wb_record *r)
{
	struct wb_event ev;
	wb_arena_reset(&p->arena);
	enum wb_err err = wb_event_open(r, &p->arena, &ev);
	if (err)
		return err;
	const struct wb_evolve_def *def = evolve_of(p, ev.type);
	bool own = is_own(ev.type);
	if (def || own || p->on_event) {
		err = unpack_payload(p, &ev);
		if (err && (def || own))
			return err;
	}
	struct wb_fold f = {.db = txn, .arena = &p->arena, .event = &ev, .projection = p};
	fold_version(txn, &ev);
	if (strcmp(ev.envelope->service, p->service->name) == 0)
		fold_command(txn, &ev);
	if (own)
		fold_own(&f, &ev);
	if (def)
		def->evolve(&f, &ev, ev.payload);
	struct wb_hash leaf = wb_chain_leaf(p->hasher, r->bytes);
	p->chain = wb_chain_next(p->hasher, &p->chain, r->position, &leaf);
	p->position = r->position;
	p->time_us = ev.recorded_at;
	if (p->on_event && !wb_txn_error(txn))
		p->on_event(p->on_event_ctx, &ev);
	return wb_txn_error(txn);
}

struct mark {
	uint64_t position;
	int64_t time_us;
	struct wb_hash chain;
};

static struct mark mark_of(const struct wb_projection *p)
{
	return (struct mark){p->position, p->time_us, p->chain};
}

static void mark_restore(struct wb_projection *p, const struct mark *m)
{
	p->position = m->position;
	p->time_us = m->time_us;
	p->chain = m->chain;
}

static enum wb_err fold_batch(struct wb_projection *p, const struct wb_record *records, size_t n)
{
	struct wb_txn *txn;
	enum wb_err err = wb_txn_write(p->env, &txn);
	for (size_t i = 0; !err && i < n; i++)
		err = fold_one(p, txn, &records[i]);
	if (err) {
		wb_txn_abort(txn);
		return err;
	}
	meta_write(p, txn);
	return wb_txn_commit(txn);
}

enum wb_err wb_projection_fold(struct wb_projection *p, const struct wb_record *records, size_t n)
{
	while (n && records->position <= p->position) {
		records++;
		n--;
	}
	for (size_t i = 0; i < n; i++)
		if (records[i].position != p->position + 1 + i)
			return WB_ERR_INVALID;
	if (p->parked_at)
		return WB_ERR_CORRUPT;
	struct mark before = mark_of(p);
	while (n) {
		enum wb_err err = fold_batch(p, records, n);
		if (!err)
			return WB_OK;
		uint64_t reached = p->position;
		mark_restore(p, &before);
		if (err == WB_ERR_FULL) {
			err = wb_env_grow(p->env);
			if (err)
				return err;
			continue;
		}
		if (err == WB_ERR_IO)
			return err;
		if (n == 1) {
			p->parked_at = records->position;
			return WB_ERR_CORRUPT;
		}
		n = reached > before.position ? (size_t)(reached - before.position)
		                              : 1; /* what was good, or the bad one alone */
		err = wb_projection_fold(p, records, n);
		if (err)
			return err;
		return WB_ERR_AGAIN;
	}
	return WB_OK;
}

/* ---- reading ---- */

uint64_t wb_projection_version(struct wb_txn *txn, const char *tenant, const char *kind, struct wb_id id)
{
	struct wb_bytes v;
	struct wb_key k;
	stream_key(&k, tenant, kind, id);
	return wb_get(txn, &wb_table_versions, &k, &v) && v.len == 8 ? wb_be64_get(v.data) : 0;
}

bool wb_projection_accepted(struct wb_txn *txn, struct wb_id command_id, struct wb_accepted *ret)
{
	struct wb_bytes v;
	struct wb_key k;
	wb_key_init(&k);
	wb_key_id(&k, command_id);
	if (!wb_get(txn, &wb_table_commands, &k, &v) || v.len != 44)
		return false;
	ret->position = wb_be64_get(v.data);
	ret->count = wb_be32_get(v.data + 8);
	memcpy(ret->digest, v.data + 12, 32);
	return true;
}

uint64_t wb_projection_epoch(struct wb_txn *txn, const char *service)
{
	struct wb_bytes v;
	struct wb_key k;
	epoch_key(&k, service);
	return wb_get(txn, &wb_table_epochs, &k, &v) && v.len == 8 ? wb_be64_get(v.data) : 0;
}

/* ---- dumps ---- */

struct dumping {
	void (*line)(void *ctx, const char *text);
	void *ctx;
	enum wb_err err;
};

static bool dump_row(void *ctx, const char *table, struct wb_bytes key, struct wb_bytes value)
{
	struct dumping *d = ctx;
	if (strcmp(table, wb_table_meta.name) == 0)
		return true;
	size_t tl = strlen(table);
	char *text = malloc(tl + 2 * key.len + 2 * value.len + 3);
	if (!text) {
		d->err = WB_ERR_MEMORY;
		return false;
	}
	memcpy(text, table, tl);
	text[tl] = ' ';
	wb_hex(key.data, key.len, text + tl + 1);
	text[tl + 1 + 2 * key.len] = ' ';
	wb_hex(value.data, value.len, text + tl + 2 + 2 * key.len);
	d->line(d->ctx, text);
	free(text);
	return true;
}

enum wb_err wb_projection_dump(struct wb_projection *p, void (*line)(void *ctx, const char *text), void *ctx)
{
	struct dumping d = {line, ctx, WB_OK};
	struct wb_txn *txn;
	enum wb_err err = wb_txn_read(p->env, &txn);
	if (err)
		return err;
	if (!wb_txn_dump(txn, dump_row, &d))
		err = d.err ? d.err : wb_txn_error(txn);
	wb_txn_abort(txn);
	return err;
}

static void digest_line(void *ctx, const char *text)
{
	EVP_DigestUpdate(ctx, text, strlen(text));
	EVP_DigestUpdate(ctx, "\n", 1);
}

enum wb_err wb_projection_digest(struct wb_projection *p, uint8_t ret_digest[32])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	if (!md)
		return WB_ERR_MEMORY;
	enum wb_err err = EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 ? WB_OK : WB_ERR_CRYPTO;
	if (!err)
		err = wb_projection_dump(p, digest_line, md);
	if (!err)
		EVP_DigestFinal_ex(md, ret_digest, NULL);
	EVP_MD_CTX_free(md);
	return err;
}
