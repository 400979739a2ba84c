/*
 * One group commit: decide each append in order against heads (which each accepted one changes at once, tentatively),
 * commit the log, keep or roll back. And the writer's other ways to time: heartbeats, a confirmed clock.
 */
#include "private.h"

#include <string.h>

#define OUT(name) WEIBAO__V1__APPEND_OUTCOME__APPEND_OUTCOME_##name
typedef Weibao__V1__AppendOutcome outcome;

#define SPACE_LOOK_US (100 * 1000)
#define HEADS_TRIES 3

static struct wb_id id_of(ProtobufCBinaryData b)
{
	struct wb_id id;
	memcpy(id.b, b.data, sizeof id.b);
	return id;
}

static bool is_epoch(const Weibao__V1__Append *a, bool own)
{
	return !own && strcmp(a->tenant, WB_JOURNAL_CELL) == 0;
}

/* The payload must say what the append says, since the fold believes the envelope. */
static bool epoch_sound(const Weibao__V1__Append *a)
{
	ProtobufCBinaryData p = a->events[0]->payload;
	if (p.len > 256)
		return false;
	/* rare (once a start of a service) and flat: protobuf-c's own allocation will do */
	Weibao__V1__EpochStarted *e = weibao__v1__epoch_started__unpack(NULL, p.len, p.data);
	bool sound = e && strcmp(e->service, a->service) == 0 && e->epoch == a->epoch;
	weibao__v1__epoch_started__free_unpacked(e, NULL);
	return sound;
}

/* What was accepted under that command id before, if anything. */
static outcome seen_before(struct wb_journal *j, const Weibao__V1__Append *a, struct wb_journal_result *r)
{
	struct command c;
	if (!wb_heads_command(j, id_of(a->command_id), &c))
		return OUT(UNSPECIFIED);
	if (memcmp(c.digest, a->command_digest.data, WB_DIGEST_BYTES) != 0)
		return OUT(OTHER);
	r->position = c.position;
	r->count = c.count;
	return OUT(DUPLICATE);
}

/* Everything but streams: UNSPECIFIED if it may go on. */
static outcome admit(struct wb_journal *j, const Weibao__V1__Append *a, bool own, struct wb_journal_result *r)
{
	if (!wb_append_valid(a, own))
		return OUT(INVALID);
	bool epoch = is_epoch(a, own);
	if (epoch && !epoch_sound(a))
		return OUT(INVALID);
	/* a service's start that is retried must find its own epoch, not be fenced by it */
	outcome before = epoch ? seen_before(j, a, r) : OUT(UNSPECIFIED);
	if (before)
		return before;
	uint64_t newest = own ? a->epoch : wb_heads_epoch(j, wb_bytes_str(a->service));
	if (epoch ? a->epoch <= newest : a->epoch != newest) {
		r->version = newest;
		return OUT(FENCED);
	}
	if (!epoch)
		before = seen_before(j, a, r);
	if (before)
		return before;
	if (j->clock_suspect)
		return OUT(CLOCK_SUSPECT);
	return j->full ? OUT(FULL) : OUT(UNSPECIFIED);
}

static void conflict(
        struct wb_journal_result *r, const char *tenant, const char *kind, struct wb_id id, uint64_t version)
{
	r->tenant = wb_bytes_str(tenant);
	r->stream_kind = wb_bytes_str(kind);
	r->stream_id = id;
	r->version = version;
}

static bool conditions_hold(struct wb_journal *j, const Weibao__V1__Append *a, struct wb_journal_result *r)
{
	for (size_t i = 0; i < a->n_conditions; i++) {
		const Weibao__V1__AppendCondition *c = a->conditions[i];
		const char *tenant = c->tenant ? c->tenant : a->tenant;
		struct wb_id id = id_of(c->stream_id);
		uint64_t version = wb_heads_version(j, wb_bytes_str(tenant), wb_bytes_str(c->stream_kind), id);
		if (version != c->version) {
			conflict(r, tenant, c->stream_kind, id, version);
			return false;
		}
	}
	return true;
}

/* How many of the append's events before the i-th are of its stream. */
static uint64_t earlier_of_stream(const Weibao__V1__Append *a, size_t i)
{
	const Weibao__V1__AppendEvent *e = a->events[i];
	uint64_t n = 0;
	for (size_t k = 0; k < i; k++)
		if (memcmp(a->events[k]->stream_id.data, e->stream_id.data, WB_ID_BYTES) == 0 &&
		        strcmp(a->events[k]->stream_kind, e->stream_kind) == 0)
			n++;
	return n;
}

static bool versions_hold(struct wb_journal *j, const Weibao__V1__Append *a, struct wb_journal_result *r)
{
	for (size_t i = 0; i < a->n_events; i++) {
		const Weibao__V1__AppendEvent *e = a->events[i];
		struct wb_id id = id_of(e->stream_id);
		uint64_t version = wb_heads_version(j, wb_bytes_str(a->tenant), wb_bytes_str(e->stream_kind), id);
		if (version + earlier_of_stream(a, i) != e->expected_version) {
			conflict(r, a->tenant, e->stream_kind, id, version);
			return false;
		}
	}
	return true;
}

static void fill_envelope(Weibao__V1__Envelope *v, const Weibao__V1__Append *a, int64_t stamp)
{
	weibao__v1__envelope__init(v);
	v->tenant = a->tenant;
	v->recorded_at = stamp;
	v->actor = a->actor;
	v->command_id = a->command_id;
	v->command_digest = a->command_digest;
	v->has_correlation_id = a->has_correlation_id;
	v->correlation_id = a->correlation_id;
	v->has_causation_command_id = a->has_causation_command_id;
	v->causation_command_id = a->causation_command_id;
	v->has_causation_position = a->has_causation_position;
	v->causation_position = a->causation_position;
	v->traceparent = a->traceparent;
	v->service = a->service;
	v->epoch = a->epoch;
}

/* Packs the append's records behind the batch; on anything but OK the batch is as it was. */
static outcome encode(struct wb_journal *j, const Weibao__V1__Append *a, int64_t stamp, uint64_t tenant_size)
{
	Weibao__V1__Envelope v;
	size_t count = j->frame_count, began = j->frames_len;
	fill_envelope(&v, a, stamp);
	for (size_t i = 0; i < a->n_events; i++) {
		const Weibao__V1__AppendEvent *e = a->events[i];
		v.tenant_position = tenant_size + i + 1;
		v.stream_kind = e->stream_kind;
		v.stream_id = e->stream_id;
		v.stream_version = e->expected_version + 1;
		v.event_type = e->event_type;
		v.schema_version = e->schema_version;
		v.has_occurred_at = e->has_occurred_at;
		v.occurred_at = e->occurred_at;
		v.payload = e->payload;
		size_t len = 0;
		uint8_t *room = wb_journal_batch_room(j, WB_FRAME_BYTES_MAX);
		outcome o = room ? OUT(OK) : OUT(FULL);
		if (room && wb_record_encode(&v, room + WB_FRAME_HEAD_BYTES, WB_LEDGER_RECORD_BYTES_MAX, &len))
			o = OUT(TOO_LARGE);
		if (o == OUT(OK) && j->frames_len + len - began > WB_JOURNAL_APPEND_BYTES_MAX)
			o = OUT(TOO_LARGE);
		if (o != OUT(OK)) {
			j->frame_count = count;
			j->frames_len = began;
			return o;
		}
		j->frame_at[j->frame_count++] = j->frames_len;
		j->frames_len += WB_FRAME_HEAD_BYTES + len;
		j->frame_at[j->frame_count] = j->frames_len;
	}
	return OUT(OK);
}

/* Chains the frames of the append and folds it into heads. */
static enum wb_err accept(
        struct wb_journal *j, const Weibao__V1__Append *a, bool own, struct tenant *t, struct wb_journal_result *r)
{
	struct command c = {.position = r->position, .count = r->count};
	size_t frame = j->frame_count - a->n_events;
	for (size_t i = 0; i < a->n_events; i++, frame++) {
		const Weibao__V1__AppendEvent *e = a->events[i];
		uint8_t *at = j->frames + j->frame_at[frame];
		size_t len = j->frame_at[frame + 1] - j->frame_at[frame];
		struct wb_bytes record = {at + WB_FRAME_HEAD_BYTES, len - WB_FRAME_HEAD_BYTES};
		struct wb_hash leaf = wb_chain_leaf(j->hasher, record);
		j->chain = wb_chain_next(j->hasher, &j->chain, r->position + i, &leaf);
		wb_frame_seal(r->position + i, &j->chain, at, len);
		wb_tree_append(j->hasher, &t->tree, &leaf);
		wb_heads_version_put(j, wb_bytes_str(a->tenant), wb_bytes_str(e->stream_kind), id_of(e->stream_id),
		        e->expected_version + 1);
	}
	t->dirty = true;
	memcpy(c.digest, a->command_digest.data, sizeof c.digest);
	wb_heads_command_put(j, id_of(a->command_id), &c);
	return is_epoch(a, own) ? wb_heads_epoch_put(j, wb_bytes_str(a->service), a->epoch) : WB_OK;
}

/* Everything about one append. Errors: of heads. */
static enum wb_err decide(
        struct wb_journal *j, const Weibao__V1__Append *a, bool own, int64_t stamp, struct wb_journal_result *r)
{
	r->outcome = admit(j, a, own, r);
	if (r->outcome)
		return WB_OK;
	if (!conditions_hold(j, a, r) || !versions_hold(j, a, r)) {
		r->outcome = OUT(CONFLICT);
		return WB_OK;
	}
	struct tenant *t = wb_heads_tenant(j, wb_bytes_str(a->tenant));
	if (!t)
		return wb_txn_error(j->heads_txn) ? wb_txn_error(j->heads_txn) : WB_ERR_MEMORY;
	uint64_t position = j->head + j->frame_count + 1;
	r->outcome = encode(j, a, stamp, t->tree.size);
	if (r->outcome != OUT(OK))
		return WB_OK;
	r->position = position;
	r->count = (uint32_t)a->n_events;
	r->recorded_at = stamp;
	return accept(j, a, own, t, r);
}

static enum wb_err decide_all(struct wb_journal *j, const Weibao__V1__Append *const *appends, size_t n, bool own,
        int64_t stamp, struct wb_journal_result *results)
{
	wb_journal_batch_reset(j);
	enum wb_err err = wb_heads_begin(j);
	for (size_t i = 0; i < n; i++)
		results[i] = (struct wb_journal_result){0};
	for (size_t i = 0; !err && i < n && j->frames_len < WB_JOURNAL_COMMIT_BYTES_MAX; i++)
		err = decide(j, appends[i], own, stamp, &results[i]);
	/* a lookup that failed looked like «not there»: nothing of the batch counts then */
	return err ? err : wb_txn_error(j->heads_txn);
}

static void look_at_space(struct wb_journal *j)
{
	struct wb_env_usage u;
	int64_t now = j->options.clock.boot_us(j->options.clock.ctx);
	if (j->full_looked_us && now - j->full_looked_us < SPACE_LOOK_US)
		return;
	j->full_looked_us = now ? now : 1;
	if (wb_env_usage(j->log, &u) == WB_OK)
		j->full = u.disk_free_bytes < j->options.reserve_bytes;
}

/* Decides until heads gives no error: its map may have to grow, or it may have to be folded anew. */
static enum wb_err decide_surely(struct wb_journal *j, const Weibao__V1__Append *const *appends, size_t n, bool own,
        int64_t stamp, struct wb_journal_result *results)
{
	struct wb_hash chain = j->chain;
	enum wb_err err = WB_OK;
	for (int tries = 0; tries < HEADS_TRIES; tries++) {
		err = decide_all(j, appends, n, own, stamp, results);
		if (err != WB_ERR_FULL && err != WB_ERR_CORRUPT)
			return err;
		j->chain = chain;
		bool grow = err == WB_ERR_FULL;
		wb_txn_abort(j->heads_txn);
		j->heads_txn = NULL;
		if (grow && wb_heads_grow(j))
			return WB_ERR_IO;
		if (wb_heads_rollback(j, NULL))
			return WB_ERR_CORRUPT;
	}
	return err;
}

/* The log could not take the batch: nothing of it happened. */
static enum wb_err take_back(struct wb_journal *j, size_t n, struct wb_journal_result *results)
{
	for (size_t i = 0; i < n; i++)
		if (results[i].position > j->head)
			results[i] = (struct wb_journal_result){.outcome = OUT(FULL)};
	wb_journal_batch_reset(j);
	return wb_heads_rollback(j, NULL);
}

static enum wb_err append(struct wb_journal *j, const Weibao__V1__Append *const *appends, size_t n, bool own,
        struct wb_journal_result *results, struct wb_journal_feed *ret_feed)
{
	WB_ASSERT(n <= WB_JOURNAL_APPENDS_MAX);
	if (j->dead)
		return WB_ERR_CLOSED;
	struct wb_hash chain = j->chain;
	wb_journal_clock_look(j);
	look_at_space(j);
	int64_t stamp = wb_journal_stamp(j);
	enum wb_err err = decide_surely(j, appends, n, own, stamp, results);
	uint64_t first = j->head + 1;
	if (!err && j->frame_count) {
		err = wb_journal_commit(j, stamp);
		if (err == WB_ERR_FULL) {
			j->chain = chain;
			err = take_back(j, n, results);
		} else if (!err) {
			atomic_store_explicit(&j->announced_us, stamp, memory_order_release);
			j->heads_at.position = j->head;
			j->heads_at.chain = j->chain;
			j->heads_pending += j->frame_count;
			if (j->heads_pending >= WB_JOURNAL_FOLD_CHUNK)
				err = wb_heads_flush(j);
		}
	}
	if (err) {
		j->dead = true;
		return err;
	}
	for (size_t i = 0; i < n; i++)
		j->outcomes[results[i].outcome]++;
	wb_journal_feed_fill(j, first, ret_feed);
	return WB_OK;
}

enum wb_err wb_journal_append(struct wb_journal *j, const Weibao__V1__Append *const *appends, size_t n,
        struct wb_journal_result *results, struct wb_journal_feed *ret_feed)
{
	return append(j, appends, n, false, results, ret_feed);
}

enum wb_err wb_journal_own_events(struct wb_journal *j, const char *kind, const char *type,
        const struct wb_bytes *payloads, size_t n, struct wb_journal_feed *ret_feed)
{
	Weibao__V1__AppendEvent events[WB_JOURNAL_OWN_EVENTS_MAX], *list[WB_JOURNAL_OWN_EVENTS_MAX];
	uint8_t zero[WB_DIGEST_BYTES] = {0};
	Weibao__V1__Append a = WEIBAO__V1__APPEND__INIT;
	Weibao__V1__Actor actor = WEIBAO__V1__ACTOR__INIT;
	struct wb_journal_result r;
	const Weibao__V1__Append *one = &a;
	WB_ASSERT(n > 0 && n <= WB_JOURNAL_OWN_EVENTS_MAX);
	/* the id is new because the position is */
	struct wb_id command = wb_id_derive(j->log_id, type, (uint32_t)(j->head + 1));
	enum wb_err err = wb_heads_begin(j);
	if (err)
		return err;
	uint64_t version = wb_heads_version(j, wb_bytes_str(WB_JOURNAL_CELL), wb_bytes_str(kind), (struct wb_id){{0}});
	for (size_t i = 0; i < n; i++) {
		weibao__v1__append_event__init(&events[i]);
		events[i].stream_kind = (char *)(uintptr_t)kind;
		events[i].stream_id = (ProtobufCBinaryData){WB_ID_BYTES, zero};
		events[i].expected_version = version + i;
		events[i].event_type = (char *)(uintptr_t)type;
		events[i].schema_version = 1;
		events[i].payload = (ProtobufCBinaryData){payloads[i].len, (uint8_t *)(uintptr_t)payloads[i].data};
		list[i] = &events[i];
	}
	actor.account_id = (ProtobufCBinaryData){WB_ID_BYTES, zero};
	actor.service = (char *)(uintptr_t)WB_JOURNAL_SERVICE;
	a.service = (char *)(uintptr_t)WB_JOURNAL_SERVICE;
	a.tenant = (char *)(uintptr_t)WB_JOURNAL_CELL;
	a.command_id = (ProtobufCBinaryData){WB_ID_BYTES, command.b};
	a.command_digest = (ProtobufCBinaryData){WB_DIGEST_BYTES, zero};
	a.actor = &actor;
	a.n_events = n;
	a.events = list;
	err = append(j, &one, 1, true, &r, ret_feed);
	if (err)
		return err;
	if (r.outcome == OUT(FULL))
		return WB_ERR_FULL;
	return r.outcome == OUT(OK) ? WB_OK : WB_ERR_CLOCK;
}

enum wb_err wb_journal_rest(struct wb_journal *j)
{
	return j->dead ? WB_OK : wb_heads_flush(j);
}

enum wb_err wb_journal_heartbeat(struct wb_journal *j, struct wb_journal_feed *ret_feed)
{
	if (j->dead)
		return WB_ERR_CLOSED;
	wb_journal_clock_look(j);
	wb_journal_batch_reset(j);
	enum wb_err err = j->heads_pending ? wb_heads_flush(j) : WB_OK;
	int64_t now = j->options.clock.wall_us(j->options.clock.ctx);
	if (!err && !j->clock_suspect && now > j->announced_us) {
		/* never announce what a restart could fall behind: the lease first */
		if (now > j->lease_us)
			err = wb_journal_commit(j, now);
		if (!err)
			atomic_store_explicit(&j->announced_us, now, memory_order_release);
		else if (err == WB_ERR_FULL)
			err = WB_OK;
	}
	if (err) {
		j->dead = true;
		return err;
	}
	if (j->clock_suspect)
		return WB_ERR_CLOCK;
	wb_journal_feed_fill(j, j->head + 1, ret_feed);
	return WB_OK;
}

enum wb_err wb_journal_confirm_clock(struct wb_journal *j, struct wb_journal_feed *ret_feed)
{
	uint8_t buf[32];
	if (j->dead)
		return WB_ERR_CLOSED;
	wb_journal_clock_look(j);
	if (!j->clock_suspect)
		return WB_ERR_AGAIN;
	wb_journal_clock_believe(j);
	Weibao__V1__ClockConfirmed e = WEIBAO__V1__CLOCK_CONFIRMED__INIT;
	e.confirmed_at = j->options.clock.wall_us(j->options.clock.ctx);
	struct wb_bytes payload = {buf, weibao__v1__clock_confirmed__pack(&e, buf)};
	enum wb_err err = wb_journal_own_events(j, WB_JOURNAL_KIND_CLOCK, "ClockConfirmed", &payload, 1, ret_feed);
	if (err)
		j->clock_suspect = true;
	return err;
}
