/*
 * What libs/ledger reads from outside (libFuzzer): records, frames, notes, checkpoints, verifier keys, tile paths.
 * A record that the strict reader accepts and protobuf-c too says the same to both.
 */
#include "ledger/note.h"
#include "ledger/record.h"
#include "ledger/tile.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct wb_bytes a, const char *b)
{
	/* protobuf-c ends a string at its first NUL */
	size_t n = strlen(b);
	WB_ASSERT(a.len >= n && memcmp(a.data, b, n) == 0);
}

static void record(struct wb_bytes bytes)
{
	struct wb_record_view v;
	if (wb_record_scan(bytes, &v) != WB_OK)
		return;
	WB_ASSERT(v.payload.len <= bytes.len && v.command_digest.len == WB_DIGEST_BYTES);
	Weibao__V1__Envelope *e = weibao__v1__envelope__unpack(NULL, bytes.len, bytes.data);
	if (!e)
		return; /* inside the actor, which the scan does not open */
	same(v.tenant, e->tenant);
	same(v.stream_kind, e->stream_kind);
	same(v.event_type, e->event_type);
	same(v.service, e->service);
	WB_ASSERT(v.tenant_position == e->tenant_position && v.stream_version == e->stream_version);
	WB_ASSERT(v.recorded_at == e->recorded_at && v.has_occurred_at == (e->has_occurred_at != 0));
	WB_ASSERT(v.epoch == e->epoch && v.payload.len == e->payload.len);
	WB_ASSERT(memcmp(v.stream_id.b, e->stream_id.data, WB_ID_BYTES) == 0);
	weibao__v1__envelope__free_unpacked(e, NULL);
}

static void texts(struct wb_bytes bytes)
{
	static const uint8_t key[WB_NOTE_PUBLIC_BYTES] = {1};
	uint8_t got_key[WB_NOTE_PUBLIC_BYTES];
	struct wb_arena a;
	struct wb_bytes text;
	struct wb_checkpoint c;
	struct wb_tile_name name;
	char path[WB_TILE_PATH_BYTES];
	const char *vname;
	wb_arena_init(&a, 1 << 20);
	char *s = wb_arena_copy(&a, bytes.data, bytes.len);
	WB_ASSERT(s != NULL);
	(void)!wb_note_verify(key, "x", bytes, &text);
	if (wb_checkpoint_parse(bytes, &a, &c) == WB_OK)
		WB_ASSERT(wb_checkpoint_text(&c, &a, &text) == WB_OK && text.len <= bytes.len);
	(void)!wb_note_vkey_parse(s, &a, &vname, got_key);
	if (wb_tile_path_parse(s, &name)) {
		wb_tile_path(&name, path);
		WB_ASSERT(strcmp(path, s) == 0);
	}
	wb_arena_done(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct wb_bytes bytes = {data, size};
	struct wb_frame f;
	record(bytes);
	if (wb_frame_open(1, bytes, &f) == WB_OK)
		record(f.record);
	if (size <= 65536)
		texts(bytes);
	return 0;
}
