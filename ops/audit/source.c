/* Where the records come from: the journal's read endpoint, or the log table of a copied folder. */
#include "ops/audit/audit.h"
#include "ledger/hash.h"
#include "ledger/record.h"
#include "service/endpoints.h"
#include "store/env.h"
#include "store/txn.h"
#include "weibao/v1/bus.pb-c.h"
#include "wire/unpack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

#define ANSWER_TIMEOUT_MS 5000
#define TRIES 6

struct audit_source {
	/* a running cell */
	void *context, *reads, *asks;
	uint64_t next_id;
	/* a copy */
	struct wb_env *env;
	struct wb_id log_id;
	uint32_t incarnation;
};

/* As services/journal keeps them: the format of the log on disk. */
static const struct wb_table records_table = {"records", 0}, meta_table = {"meta", 1};
static const struct wb_table *const log_tables[] = {&records_table, &meta_table};

/* ---- a running cell ---- */

static enum wb_err connect_to(struct audit_source *s, const char *prefix, const char *name, void **ret)
{
	char endpoint[WB_ENDPOINT_BYTES];
	int zero = 0, timeout = ANSWER_TIMEOUT_MS;
	int64_t max = 8 << 20;
	enum wb_err err = wb_endpoint(prefix, name, false, endpoint);
	if (err)
		return err;
	void *socket = zmq_socket(s->context, ZMQ_DEALER);
	if (!socket)
		return WB_ERR_IO;
	*ret = socket;
	if (zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof zero) != 0 ||
	        zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof timeout) != 0 ||
	        zmq_setsockopt(socket, ZMQ_SNDTIMEO, &timeout, sizeof timeout) != 0 ||
	        zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &max, sizeof max) != 0 || zmq_connect(socket, endpoint) != 0)
		return WB_ERR_IO;
	return WB_OK;
}

/* Sends and waits for the answer of that request; late answers of earlier ones are passed over. */
static enum wb_err exchange(
        struct audit_source *s, void *socket, struct wb_bytes request, struct wb_arena *a, struct wb_bytes *ret)
{
	uint8_t id[8], got[8];
	zmq_msg_t m;
	wb_be64_put(id, ++s->next_id);
	if (zmq_send(socket, id, sizeof id, ZMQ_SNDMORE) < 0 || zmq_send(socket, request.data, request.len, 0) < 0)
		return WB_ERR_TIMEOUT;
	for (;;) {
		if (zmq_recv(socket, got, sizeof got, 0) != (int)sizeof got)
			return WB_ERR_TIMEOUT;
		(void)zmq_msg_init(&m);
		if (zmq_msg_recv(&m, socket, 0) < 0)
			return WB_ERR_IO;
		bool mine = memcmp(id, got, sizeof id) == 0;
		if (mine)
			*ret = (struct wb_bytes){
			        wb_arena_copy(a, zmq_msg_data(&m), zmq_msg_size(&m)), zmq_msg_size(&m)};
		(void)zmq_msg_close(&m);
		if (mine)
			return ret->data ? WB_OK : WB_ERR_MEMORY;
	}
}

static enum wb_err read_bus(
        struct audit_source *s, uint64_t from, uint32_t limit, struct wb_arena *a, struct audit_page *ret)
{
	static const struct wb_unpack_limits limits = {
	        .bytes_max = 8u << 20, .depth_max = 4, .fields_max = WB_INTERNAL_FIELDS_MAX, .mode = WB_UNPACK_LENIENT};
	Weibao__V1__ReadRequest q = WEIBAO__V1__READ_REQUEST__INIT;
	struct wb_bytes packed, answer = {NULL, 0};
	ProtobufCMessage *m;
	q.request_id = s->next_id + 1;
	q.from = from;
	q.limit = limit;
	enum wb_err err = wb_pack(&q.base, a, &packed);
	if (!err)
		err = exchange(s, s->reads, packed, a, &answer);
	if (!err)
		err = wb_unpack(&weibao__v1__read_result__descriptor, answer, a, &limits, &m);
	if (err)
		return err;
	const Weibao__V1__ReadResult *r = (const Weibao__V1__ReadResult *)m;
	ret->records = WB_ARENA_ARRAY(a, struct audit_record, r->n_records + 1);
	if (!ret->records || !wb_id_from_bytes(r->log_id.data, r->log_id.len, &ret->log_id))
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < r->n_records; i++)
		ret->records[ret->count++] = (struct audit_record){
		        r->records[i]->position, {r->records[i]->record.data, r->records[i]->record.len}};
	ret->head = r->head;
	ret->incarnation = r->incarnation;
	ret->damaged_position = r->has_damaged_position ? r->damaged_position : 0;
	ret->has_chain = r->has_chain_hash && r->chain_hash.len == sizeof ret->chain;
	if (ret->has_chain)
		memcpy(ret->chain, r->chain_hash.data, sizeof ret->chain);
	return WB_OK;
}

enum wb_err audit_source_ask(struct audit_source *s, const char *tenant, const char *operation, struct wb_bytes body,
        struct wb_arena *a, struct wb_bytes *ret_answer)
{
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	Weibao__V1__Role role = WEIBAO__V1__ROLE__ROLE_AUDITOR;
	uint8_t nobody[WB_ID_BYTES] = {0};
	struct wb_bytes packed, answer = {NULL, 0};
	ProtobufCMessage *m;
	if (!s->asks)
		return WB_ERR_NOT_FOUND;
	who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	who.home = (char *)(uintptr_t) "provider";
	who.roles = &role;
	who.n_roles = 1;
	q.request_id = s->next_id + 1;
	q.operation = (char *)(uintptr_t)operation;
	q.tenant = (char *)(uintptr_t)tenant;
	q.principal = &who;
	q.body = (ProtobufCBinaryData){body.len, (uint8_t *)(uintptr_t)body.data};
	enum wb_err err = wb_pack(&q.base, a, &packed);
	if (!err)
		err = exchange(s, s->asks, packed, a, &answer);
	if (!err)
		err = wb_unpack(&weibao__v1__reply__descriptor, answer, a, &wb_unpack_internal, &m);
	if (err)
		return err;
	const Weibao__V1__Reply *r = (const Weibao__V1__Reply *)m;
	if (r->status != WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK)
		return WB_ERR_NOT_FOUND;
	*ret_answer = (struct wb_bytes){r->body.data, r->body.len};
	return WB_OK;
}

/* ---- a copy ---- */

static enum wb_err open_copy(struct audit_source *s, const char *dir)
{
	char path[4096];
	if (snprintf(path, sizeof path, "%s/log", dir) >= (int)sizeof path || access(path, R_OK) != 0)
		return WB_ERR_NOT_FOUND;
	const struct wb_env_options o = {.dir = path,
	        .sync = WB_SYNC_DURABLE,
	        .tables = log_tables,
	        .table_count = 2,
	        .map_bytes = UINT64_C(64) << 30};
	return wb_env_open(&o, &s->env);
}

static bool meta_get(struct wb_txn *txn, const char *name, size_t len, struct wb_bytes *ret)
{
	struct wb_key k;
	wb_key_init(&k);
	wb_key_str(&k, name);
	return wb_get(txn, &meta_table, &k, ret) && ret->len == len;
}

/* The log's own id and incarnation, as its meta table has them. */
static bool read_meta(struct audit_source *s, struct wb_txn *txn)
{
	struct wb_bytes id, incarnation;
	if (!meta_get(txn, "log_id", WB_ID_BYTES, &id) || !meta_get(txn, "incarnation", 8, &incarnation))
		return false;
	memcpy(s->log_id.b, id.data, WB_ID_BYTES);
	s->incarnation = (uint32_t)wb_be64_get(incarnation.data);
	return true;
}

static enum wb_err read_copy(
        struct audit_source *s, uint64_t from, uint32_t limit, struct wb_arena *a, struct audit_page *ret)
{
	struct wb_bytes key, value;
	struct wb_key start;
	struct wb_scan scan;
	struct wb_txn *txn;
	enum wb_err err = wb_txn_read(s->env, &txn);
	if (err)
		return err;
	ret->records = WB_ARENA_ARRAY(a, struct audit_record, limit);
	if (!read_meta(s, txn) || !ret->records) {
		wb_txn_abort(txn);
		return WB_ERR_CORRUPT;
	}
	ret->log_id = s->log_id;
	ret->incarnation = s->incarnation;
	wb_scan_back(&scan, txn, &records_table, NULL);
	if (wb_scan_next(&scan, &key, NULL) && key.len == 8)
		ret->head = wb_be64_get(key.data);
	wb_scan_done(&scan);
	wb_key_init(&start);
	wb_key_u64(&start, from);
	wb_scan_from(&scan, txn, &records_table, NULL, &start);
	while (ret->count < limit && wb_scan_next(&scan, &key, &value)) {
		struct wb_frame f;
		uint64_t position = key.len == 8 ? wb_be64_get(key.data) : 0;
		if (position != from + ret->count || wb_frame_open(position, value, &f) != WB_OK) {
			ret->damaged_position = from + ret->count;
			break;
		}
		ret->records[ret->count++] =
		        (struct audit_record){position, {wb_arena_copy(a, f.record.data, f.record.len), f.record.len}};
		memcpy(ret->chain, f.chain.b, sizeof ret->chain);
		ret->has_chain = true;
	}
	wb_scan_done(&scan);
	err = wb_txn_error(txn);
	wb_txn_abort(txn);
	return err;
}

/* ---- both ---- */

enum wb_err audit_source_open(const struct audit_options *o, struct audit_source **ret)
{
	struct audit_source *s = calloc(1, sizeof *s); /* the program's life */
	if (!s)
		return WB_ERR_MEMORY;
	enum wb_err err = WB_OK;
	if (o->log) {
		err = open_copy(s, o->log);
	} else {
		s->context = zmq_ctx_new();
		err = s->context ? connect_to(s, o->bus, "journal-read", &s->reads) : WB_ERR_MEMORY;
		if (!err)
			err = connect_to(s, o->bus, "journal", &s->asks);
	}
	if (err) {
		audit_source_close(s);
		return err;
	}
	*ret = s;
	return WB_OK;
}

void audit_source_close(struct audit_source *s)
{
	if (!s)
		return;
	if (s->reads)
		(void)zmq_close(s->reads);
	if (s->asks)
		(void)zmq_close(s->asks);
	if (s->context)
		(void)zmq_ctx_term(s->context);
	enum wb_err err = wb_env_close(s->env);
	(void)err; /* nothing was written */
	free(s);
}

enum wb_err audit_source_read(
        struct audit_source *s, uint64_t from, uint32_t limit, struct wb_arena *a, struct audit_page *ret)
{
	enum wb_err err = WB_ERR_TIMEOUT;
	for (int i = 0; i < TRIES && err == WB_ERR_TIMEOUT; i++) {
		memset(ret, 0, sizeof *ret);
		err = s->env ? read_copy(s, from, limit, a, ret) : read_bus(s, from, limit, a, ret);
	}
	return err;
}
