/* Requests to the journal itself: one table of operations. */
#include "host.h"

#include "ledger/tile.h"
#include "proto/refusals.h"
#include "weibao/v1/journal_commands.pb-c.h"
#include "weibao/v1/journal_queries.pb-c.h"
#include "wire/unpack.h"

#include <string.h>

struct call {
	struct wb_journal_host *h;
	struct wb_journal_reader *r;
	struct wb_arena *a;
	const Weibao__V1__Request *request;
	const ProtobufCMessage *body;
	ProtobufCMessage *answer; /* what the operation made */
};

static enum wb_err get_checkpoint(struct call *c)
{
	Weibao__V1__GetCheckpointAnswer *m = WB_ARENA_NEW(c->a, Weibao__V1__GetCheckpointAnswer);
	struct wb_bytes note;
	const char *vkey;
	if (!m)
		return WB_ERR_MEMORY;
	weibao__v1__get_checkpoint_answer__init(m);
	(void)pthread_mutex_lock(&c->h->lock);
	enum wb_err err = wb_journal_checkpoint(c->h->j, c->request->tenant, c->a, &note);
	if (!err)
		err = wb_journal_checkpoint_key(c->h->j, c->request->tenant, c->a, &vkey);
	(void)pthread_mutex_unlock(&c->h->lock);
	if (err == WB_ERR_CORRUPT)
		wb_journal_die(c->h, err, "another root was signed for this size before", 0);
	if (err)
		return err;
	m->note = wb_arena_copy(c->a, note.data, note.len);
	m->verifier_key = (char *)(uintptr_t)vkey;
	c->answer = &m->base;
	return m->note ? WB_OK : WB_ERR_MEMORY;
}

/* Each record of the tile behind its length, as tlog-tiles has it. */
static enum wb_err entries(struct call *c, const struct wb_tile_name *name, struct wb_bytes *ret)
{
	struct wb_journal_query q = {
	        .from = name->index * WB_TILE_WIDTH + 1, .limit = name->width, .tenant = c->request->tenant};
	uint8_t *out = NULL;
	size_t len = 0;
	for (uint32_t n = 0; n < name->width;) {
		struct wb_journal_page p;
		enum wb_err err = wb_journal_read(c->r, &q, c->a, &p);
		if (err || p.count == 0)
			return err ? err : WB_ERR_NOT_FOUND;
		size_t more = 0;
		for (size_t i = 0; i < p.count; i++)
			more += 2 + p.records[i].record.len;
		uint8_t *grown = wb_arena_alloc(c->a, len + more);
		if (!grown)
			return WB_ERR_MEMORY;
		if (len)
			memcpy(grown, out, len);
		out = grown;
		for (size_t i = 0; i < p.count; i++) {
			struct wb_bytes r = p.records[i].record;
			wb_be16_put(out + len, (uint16_t)r.len);
			memcpy(out + len + 2, r.data, r.len);
			len += 2 + r.len;
		}
		n += (uint32_t)p.count;
		q.from += p.count;
		q.limit -= (uint32_t)p.count;
	}
	*ret = (struct wb_bytes){out, len};
	return WB_OK;
}

static enum wb_err get_tile(struct call *c)
{
	const Weibao__V1__GetTile *q = (const Weibao__V1__GetTile *)c->body;
	Weibao__V1__GetTileAnswer *m = WB_ARENA_NEW(c->a, Weibao__V1__GetTileAnswer);
	struct wb_tile_name name;
	struct wb_bytes content;
	if (!m)
		return WB_ERR_MEMORY;
	if (!wb_tile_path_parse(q->path, &name))
		return WB_ERR_NOT_FOUND;
	weibao__v1__get_tile_answer__init(m);
	enum wb_err err = name.entries ? entries(c, &name, &content)
	                               : wb_journal_tile(c->r, c->request->tenant, name.level, name.index, name.width,
	                                         c->a, &content);
	if (err)
		return err;
	m->content = (ProtobufCBinaryData){content.len, (uint8_t *)(uintptr_t)content.data};
	c->answer = &m->base;
	return WB_OK;
}

static enum wb_err give_proof(struct call *c, struct wb_bytes hashes)
{
	Weibao__V1__GetProofAnswer *m = WB_ARENA_NEW(c->a, Weibao__V1__GetProofAnswer);
	size_t n = hashes.len / WB_HASH_BYTES;
	ProtobufCBinaryData *list = WB_ARENA_ARRAY(c->a, ProtobufCBinaryData, n + 1);
	if (!m || !list)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < n; i++)
		list[i] = (ProtobufCBinaryData){WB_HASH_BYTES, (uint8_t *)(uintptr_t)hashes.data + i * WB_HASH_BYTES};
	weibao__v1__get_proof_answer__init(m);
	m->n_hashes = n;
	m->hashes = list;
	c->answer = &m->base;
	return WB_OK;
}

static enum wb_err get_inclusion(struct call *c)
{
	const Weibao__V1__GetInclusionProof *q = (const Weibao__V1__GetInclusionProof *)c->body;
	struct wb_bytes hashes;
	enum wb_err err =
	        wb_journal_proof_inclusion(c->r, c->request->tenant, q->leaf_index, q->tree_size, c->a, &hashes);
	return err ? err : give_proof(c, hashes);
}

static enum wb_err get_consistency(struct call *c)
{
	const Weibao__V1__GetConsistencyProof *q = (const Weibao__V1__GetConsistencyProof *)c->body;
	struct wb_bytes hashes;
	enum wb_err err =
	        wb_journal_proof_consistency(c->r, c->request->tenant, q->old_size, q->new_size, c->a, &hashes);
	return err ? err : give_proof(c, hashes);
}

static enum wb_err confirm_clock(struct call *c)
{
	const Weibao__V1__Principal *p = c->request->principal;
	struct wb_journal_feed feed;
	bool may = false;
	for (size_t i = 0; i < p->n_roles; i++)
		may |= p->roles[i] == WEIBAO__V1__ROLE__ROLE_ADMINISTRATOR;
	if (!may)
		return WB_ERR_DENIED;
	(void)pthread_mutex_lock(&c->h->lock);
	enum wb_err err = wb_journal_confirm_clock(c->h->j, &feed);
	if (!err)
		wb_journal_publish(c->h, &feed, c->a);
	(void)pthread_mutex_unlock(&c->h->lock);
	return err;
}

static const struct operation {
	const char *name;
	const ProtobufCMessageDescriptor *descriptor;
	enum wb_err (*run)(struct call *c);
} operations[] = {
        {"GetCheckpoint", &weibao__v1__get_checkpoint__descriptor, get_checkpoint},
        {"GetTile", &weibao__v1__get_tile__descriptor, get_tile},
        {"GetInclusionProof", &weibao__v1__get_inclusion_proof__descriptor, get_inclusion},
        {"GetConsistencyProof", &weibao__v1__get_consistency_proof__descriptor, get_consistency},
        {"ConfirmClock", &weibao__v1__confirm_clock__descriptor, confirm_clock},
};

static enum wb_err run(struct call *c)
{
	struct wb_bytes body = {c->request->body.data, c->request->body.len};
	for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++) {
		const struct operation *op = &operations[i];
		ProtobufCMessage *m;
		if (strcmp(op->name, c->request->operation) != 0)
			continue;
		if (wb_unpack(op->descriptor, body, c->a, &wb_unpack_outside, &m))
			return WB_ERR_INVALID;
		c->body = m;
		return op->run(c);
	}
	return WB_ERR_NOT_FOUND;
}

static void outcome(Weibao__V1__Reply *reply, enum wb_err err)
{
	enum wb_refusal code = err == WB_ERR_DENIED      ? WB_FORBIDDEN
	                       : err == WB_ERR_NOT_FOUND ? WB_NOT_FOUND
	                       : err == WB_ERR_INVALID   ? WB_FIELD_INVALID
	                       : err == WB_ERR_AGAIN     ? WB_ALREADY_SO
	                       : err == WB_ERR_FULL      ? WB_JOURNAL_FULL
	                                                 : WB_UNAVAILABLE;
	const struct wb_refusal_text *t = wb_refusal_text(code);
	reply->status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED;
	reply->code = (char *)(uintptr_t)t->code;
	reply->has_final = 1;
	reply->final = t->final;
}

enum wb_err wb_journal_request(struct wb_journal_host *h, struct wb_journal_reader *r, struct wb_bytes message,
        struct wb_arena *a, struct wb_bytes *ret_reply)
{
	struct call c = {.h = h, .r = r, .a = a};
	Weibao__V1__Reply reply = WEIBAO__V1__REPLY__INIT;
	ProtobufCMessage *m;
	struct wb_bytes body = {0};
	if (wb_unpack(&weibao__v1__request__descriptor, message, a, &wb_unpack_internal, &m))
		return WB_ERR_INVALID;
	c.request = (const Weibao__V1__Request *)m;
	reply.request_id = c.request->request_id;
	reply.status = WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK;
	enum wb_err err = run(&c);
	if (!err && c.answer) {
		err = wb_pack(c.answer, a, &body);
		reply.has_body = !err;
		reply.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
		reply.body_type = (char *)(uintptr_t)c.answer->descriptor->short_name;
	}
	if (err) {
		reply.has_body = 0;
		reply.body_type = NULL;
		outcome(&reply, err);
	}
	size_t len = weibao__v1__reply__get_packed_size(&reply);
	uint8_t *buf = wb_arena_alloc(a, len);
	if (!buf)
		return WB_ERR_MEMORY;
	*ret_reply = (struct wb_bytes){buf, weibao__v1__reply__pack(&reply, buf)};
	return WB_OK;
}
