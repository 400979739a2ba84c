/*
 * verify: everything that can be recomputed is. From position 1: each record's shape, the hash chain (compared with
 * what the source says at the end of each page), versions of streams and positions of tenants without a hole, recorded
 * times that never go back, and each tenant's RFC 6962 tree, whose root is compared with a checkpoint that the journal
 * signs.
 */
#include "ops/audit/audit.h"
#include "ledger/hash.h"
#include "ledger/note.h"
#include "ledger/record.h"
#include "ledger/tree.h"
#include "weibao/v1/journal_queries.pb-c.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAGE 1000u
#define ARENA_BYTES ((size_t)256 << 20)
#define PROGRESS 100000u

struct tenant {
	struct tenant *next;
	char *name;
	uint64_t position;
	struct wb_tree tree;
};
/* stream → version, open addressing; grows */
struct stream {
	uint8_t key[WB_HASH_BYTES];
	uint64_t version;
};
struct check {
	struct wb_hasher *hasher;
	struct wb_hash chain;
	uint64_t position, problems;
	int64_t recorded_at;
	struct tenant *tenants;
	size_t n_tenants;
	struct stream *streams;
	size_t n_streams, size;
};

static void problem(struct check *c, uint64_t position, const char *what)
{
	c->problems++;
	(void)fprintf(stderr, "weibao-audit: position %llu: %s\n", (unsigned long long)position, what);
}

static struct tenant *tenant_of(struct check *c, struct wb_bytes name)
{
	for (struct tenant *t = c->tenants; t; t = t->next)
		if (strlen(t->name) == name.len && memcmp(t->name, name.data, name.len) == 0)
			return t;
	struct tenant *t = calloc(1, sizeof *t); /* the run's life */
	if (!t)
		return NULL;
	t->name = strndup((const char *)name.data, name.len);
	wb_tree_init(&t->tree);
	t->next = c->tenants;
	c->tenants = t;
	c->n_tenants++;
	return t->name ? t : NULL;
}

static struct stream *slot_of(const struct check *c, const uint8_t *key)
{
	size_t at = wb_be32_get(key) % c->size;
	while (c->streams[at].version && memcmp(c->streams[at].key, key, WB_HASH_BYTES) != 0)
		at = (at + 1) % c->size;
	return &c->streams[at];
}

static bool grow(struct check *c)
{
	struct check bigger = *c;
	bigger.size = c->size ? 2 * c->size : 4096;
	bigger.streams = calloc(bigger.size, sizeof *bigger.streams);
	if (!bigger.streams)
		return false;
	for (size_t i = 0; i < c->size; i++)
		if (c->streams[i].version)
			*slot_of(&bigger, c->streams[i].key) = c->streams[i];
	free(c->streams);
	*c = bigger;
	return true;
}

static bool version_follows(struct check *c, const struct wb_record_view *v)
{
	const struct wb_bytes parts[] = {v->tenant, {(const uint8_t *)"/", 1}, v->stream_kind,
	        {(const uint8_t *)"/", 1}, {v->stream_id.b, WB_ID_BYTES}};
	struct wb_hash key = wb_hasher_sum(c->hasher, parts, sizeof parts / sizeof parts[0]);
	if (2 * (c->n_streams + 1) > c->size && !grow(c))
		return false;
	struct stream *s = slot_of(c, key.b);
	if (s->version == 0)
		c->n_streams++;
	memcpy(s->key, key.b, sizeof s->key);
	bool follows = v->stream_version == s->version + 1;
	s->version = v->stream_version;
	return follows;
}

static void check_record(struct check *c, const struct audit_record *r)
{
	struct wb_record_view v;
	struct wb_hash leaf = wb_chain_leaf(c->hasher, r->bytes);
	c->chain = wb_chain_next(c->hasher, &c->chain, r->position, &leaf);
	if (r->position != c->position + 1)
		problem(c, r->position, "positions have a hole");
	c->position = r->position;
	if (wb_record_scan(r->bytes, &v) != WB_OK) {
		problem(c, r->position, "not a sound record");
		return;
	}
	struct tenant *t = tenant_of(c, v.tenant);
	if (!t)
		return;
	if (v.tenant_position != t->position + 1)
		problem(c, r->position, "its tenant's positions have a hole");
	t->position = v.tenant_position;
	wb_tree_append(c->hasher, &t->tree, &leaf);
	if (!version_follows(c, &v))
		problem(c, r->position, "its stream's versions have a hole");
	if (v.recorded_at < c->recorded_at)
		problem(c, r->position, "recorded before the record in front of it");
	c->recorded_at = v.recorded_at;
}

static int check_log(struct audit_source *s, struct check *c)
{
	struct wb_arena a;
	struct audit_page page;
	int status = AUDIT_FINE;
	wb_arena_init(&a, ARENA_BYTES);
	do {
		wb_arena_reset(&a);
		if (audit_source_read(s, c->position + 1, PAGE, &a, &page) != WB_OK) {
			(void)fprintf(stderr, "weibao-audit: no answer from the journal\n");
			status = AUDIT_UNREACHABLE;
			break;
		}
		if (c->position == 0)
			c->chain = wb_chain_start(c->hasher, page.log_id);
		for (size_t i = 0; i < page.count; i++)
			check_record(c, &page.records[i]);
		if (page.count && page.has_chain && memcmp(page.chain, c->chain.b, sizeof page.chain) != 0) {
			problem(c, c->position, "the hash chain does not hold up to here");
			break;
		}
		if (page.damaged_position) {
			problem(c, page.damaged_position, "the record is damaged");
			break;
		}
		if (isatty(2) && c->position % PROGRESS < PAGE)
			(void)fprintf(stderr, "\r%llu of %llu ", (unsigned long long)c->position,
			        (unsigned long long)page.head);
	} while (page.count);
	wb_arena_done(&a);
	return status;
}

/* A checkpoint of what the journal has now: of this size or, since it goes on, a later one; then our tree is brought
 * there first. ret_signed: whether there was one to compare with. */
static bool root_agrees(struct audit_source *s, struct check *c, struct tenant *t, bool *ret_signed)
{
	struct wb_arena a;
	struct wb_bytes answer, text = {NULL, 0};
	struct wb_checkpoint cp;
	ProtobufCMessage *m;
	bool agrees = true;
	*ret_signed = false;
	wb_arena_init(&a, ARENA_BYTES);
	if (audit_source_ask(s, t->name, "GetCheckpoint", (struct wb_bytes){NULL, 0}, &a, &answer) == WB_OK &&
	        wb_unpack(&weibao__v1__get_checkpoint_answer__descriptor, answer, &a, &wb_unpack_internal, &m) ==
	                WB_OK) {
		const Weibao__V1__GetCheckpointAnswer *g = (const Weibao__V1__GetCheckpointAnswer *)m;
		uint8_t key[WB_NOTE_PUBLIC_BYTES];
		const char *name;
		enum wb_err err = wb_note_vkey_parse(g->verifier_key, &a, &name, key);
		if (!err)
			err = wb_note_verify(key, name, wb_bytes_str(g->note), &text);
		if (!err)
			err = wb_checkpoint_parse(text, &a, &cp);
		if (err) {
			agrees = false;
		} else if (cp.size == t->tree.size) {
			struct wb_hash root = wb_tree_root(c->hasher, &t->tree);
			*ret_signed = true;
			agrees = memcmp(&root, &cp.root, sizeof root) == 0;
		}
	}
	wb_arena_done(&a);
	return agrees;
}

static void check_roots(struct audit_source *s, struct check *c, const struct audit_options *o, uint64_t *ret_signed)
{
	for (struct tenant *t = c->tenants; t; t = t->next) {
		struct wb_hash root = wb_tree_root(c->hasher, &t->tree);
		char hex[2 * WB_HASH_BYTES + 1];
		bool signed_ = false;
		wb_hex(root.b, sizeof root.b, hex);
		if (!root_agrees(s, c, t, &signed_)) {
			c->problems++;
			(void)fprintf(
			        stderr, "weibao-audit: tenant %s: the signed checkpoint has another root\n", t->name);
		}
		*ret_signed += signed_;
		if (!o->json)
			(void)printf("tenant %s: %llu records, root %s%s\n", t->name, (unsigned long long)t->tree.size,
			        hex, signed_ ? ", as signed" : "");
	}
}

int audit_verify(struct audit_source *s, const struct audit_options *o)
{
	struct check c = {.position = 0, .recorded_at = INT64_MIN};
	char hex[2 * WB_HASH_BYTES + 1];
	uint64_t compared = 0;
	if (wb_hasher_open(&c.hasher) != WB_OK)
		return AUDIT_UNREACHABLE;
	int status = check_log(s, &c);
	if (status == AUDIT_FINE)
		check_roots(s, &c, o, &compared);
	wb_hex(c.chain.b, sizeof c.chain.b, hex);
	if (o->json)
		(void)printf("{\"position\":%llu,\"chain\":\"%s\",\"tenants\":%zu,\"streams\":%zu,\"checkpoints\":%llu,"
		             "\"problems\":%llu}\n",
		        (unsigned long long)c.position, hex, c.n_tenants, c.n_streams, (unsigned long long)compared,
		        (unsigned long long)c.problems);
	else
		(void)printf("%llu records, chain %s, %zu tenants, %zu streams: %llu problem(s)\n",
		        (unsigned long long)c.position, hex, c.n_tenants, c.n_streams, (unsigned long long)c.problems);
	for (struct tenant *next, *t = c.tenants; t; t = next) {
		next = t->next;
		free(t->name);
		free(t);
	}
	free(c.streams);
	wb_hasher_close(c.hasher);
	return status ? status : c.problems ? AUDIT_DIFFERS : AUDIT_FINE;
}
