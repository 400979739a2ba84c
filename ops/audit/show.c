/* tail and show: events as JSON, one a line. */
#include "ops/audit/audit.h"
#include "proto/registry.h"
#include "weibao/v1/envelope.pb-c.h"
#include "wire/json.h"
#include "wire/time.h"
#include "wire/unpack.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE 500u
#define ARENA_BYTES ((size_t)256 << 20)
#define TAIL_DEFAULT 20u
#define FOLLOW_NS 200000000L

static const Weibao__V1__Envelope *envelope_of(const struct audit_record *r, struct wb_arena *a)
{
	ProtobufCMessage *m;
	enum wb_err err = wb_unpack(&weibao__v1__envelope__descriptor, r->bytes, a, &wb_unpack_record, &m);
	return err ? NULL : (const Weibao__V1__Envelope *)m;
}

bool audit_matches(const struct audit_options *o, const struct audit_record *r, struct wb_arena *a)
{
	const Weibao__V1__Envelope *e = envelope_of(r, a);
	struct wb_id stream, actor;
	if (!e)
		return true; /* what cannot be read is shown as such */
	if (o->position && r->position != o->position)
		return false;
	if ((o->tenant && strcmp(o->tenant, e->tenant) != 0) ||
	        (o->stream_kind && strcmp(o->stream_kind, e->stream_kind) != 0) ||
	        (o->type && strcmp(o->type, e->event_type) != 0))
		return false;
	if (o->has_stream_id &&
	        (!wb_id_from_bytes(e->stream_id.data, e->stream_id.len, &stream) || !wb_id_equal(stream, o->stream_id)))
		return false;
	if (o->has_actor && (!wb_id_from_bytes(e->actor->account_id.data, e->actor->account_id.len, &actor) ||
	                            !wb_id_equal(actor, o->actor)))
		return false;
	return e->recorded_at >= o->from_us && e->recorded_at <= o->until_us;
}

/* The payload; sealed personal data shows as {"sealed": true}. A type that this program does not know: its bytes. */
static json_t *payload_json(const Weibao__V1__Envelope *e, struct wb_arena *a)
{
	static const struct wb_json_output out = {.language = WEIBAO__V1__LANGUAGE__LANGUAGE_EN, .show_sealed = true};
	const struct wb_message_type *t = wb_message_type_find(e->event_type);
	struct wb_bytes bytes = {e->payload.data, e->payload.len};
	ProtobufCMessage *m;
	json_t *j = NULL;
	if (t && wb_unpack(t->descriptor, bytes, a, &wb_unpack_record, &m) == WB_OK &&
	        wb_message_to_json(m, &out, &j) == WB_OK)
		return j;
	char *hex = wb_arena_alloc(a, 2 * bytes.len + 1);
	if (hex)
		wb_hex(bytes.data, bytes.len, hex);
	return json_pack("{s:s?}", "bytes", hex);
}

char *audit_event_json(const struct audit_record *r, struct wb_arena *a)
{
	static const struct wb_json_output out = {.language = WEIBAO__V1__LANGUAGE__LANGUAGE_EN, .show_sealed = true};
	const Weibao__V1__Envelope *e = envelope_of(r, a);
	json_t *j = NULL;
	if (!e) {
		j = json_pack("{s:I, s:s}", "position", (json_int_t)r->position, "error", "not a sound record");
	} else if (wb_message_to_json(&e->base, &out, &j) == WB_OK) {
		(void)json_object_set_new(j, "position", json_integer((json_int_t)r->position));
		(void)json_object_del(j, "payload");
		(void)json_object_set_new(j, "data", payload_json(e, a));
	}
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL, *kept = wb_arena_str(a, text);
	free(text);
	json_decref(j);
	return kept;
}

static bool put(const struct audit_record *r, struct wb_arena *a)
{
	char *line = audit_event_json(r, a);
	return line && printf("%s\n", line) > 0;
}

/* From a position on: those that match, at most limit; *position is left behind the last one looked at. */
static int walk(struct audit_source *s, const struct audit_options *o, uint64_t *position, uint64_t limit)
{
	struct wb_arena a;
	struct audit_page page;
	uint64_t shown = 0;
	int status = AUDIT_FINE;
	wb_arena_init(&a, ARENA_BYTES);
	do {
		wb_arena_reset(&a);
		if (audit_source_read(s, *position, PAGE, &a, &page) != WB_OK) {
			(void)fprintf(stderr, "weibao-audit: no answer from the journal\n");
			status = AUDIT_UNREACHABLE;
			break;
		}
		for (size_t i = 0; i < page.count && shown < limit; i++, ++*position)
			if (audit_matches(o, &page.records[i], &a))
				shown += put(&page.records[i], &a);
		if (page.damaged_position) {
			(void)fprintf(stderr, "weibao-audit: position %llu is damaged\n",
			        (unsigned long long)page.damaged_position);
			status = AUDIT_DIFFERS;
			break;
		}
	} while (page.count && shown < limit);
	wb_arena_done(&a);
	(void)fflush(stdout);
	return status;
}

static int follow(struct audit_source *s, const struct audit_options *o, uint64_t position)
{
	const struct timespec pause = {.tv_nsec = FOLLOW_NS};
	int status;
	while ((status = walk(s, o, &position, UINT64_MAX)) == AUDIT_FINE && !ferror(stdout))
		(void)nanosleep(&pause, NULL);
	return status;
}

int audit_show(struct audit_source *s, const struct audit_options *o)
{
	bool tail = strcmp(o->command, "tail") == 0;
	uint64_t position = o->position ? o->position : 1, limit = o->limit ? o->limit : UINT64_MAX;
	if (tail) {
		struct wb_arena a;
		struct audit_page page;
		uint64_t n = o->limit ? o->limit : TAIL_DEFAULT;
		wb_arena_init(&a, ARENA_BYTES);
		enum wb_err err = audit_source_read(s, 1, 1, &a, &page);
		wb_arena_done(&a);
		if (err) {
			(void)fprintf(stderr, "weibao-audit: no answer from the journal\n");
			return AUDIT_UNREACHABLE;
		}
		position = page.head > n ? page.head - n + 1 : 1;
		limit = UINT64_MAX;
	} else if (o->position) {
		limit = 1;
	}
	int status = walk(s, o, &position, limit);
	return tail && o->follow && status == AUDIT_FINE ? follow(s, o, position) : status;
}
