/*
 * A record: the bytes of one packed Envelope, encoded once and never again; and the frame in which the log keeps it.
 *
 *	frame = be32 CRC-32C over (be64 position, chain hash, record) | chain hash at this position (32) | record
 *
 * The chain: h(0) = SHA-256("weibao log\n" | log id), h(n) = SHA-256(h(n-1) | be64 n | leaf(n)), where leaf(n) =
 * SHA-256(0x00 | record) is at the same time the record's leaf in its tenant's RFC 6962 tree: one pass over the record
 * serves both. The CRC finds what a disk did, the chain what a hand did.
 *
 * wb_record_scan is a bounded reader of its own, not protobuf-c: no allocation, flat, strict (a required field missing,
 * a field given twice, a wrong length or a group are damage: two readers must never see two events in one record).
 * Unknown fields of later versions are skipped.
 */
#ifndef WB_LEDGER_RECORD_H
#define WB_LEDGER_RECORD_H
#include "base/bytes.h"
#include "base/err.h"
#include "base/id.h"
#include "ledger/hash.h"
#include "weibao/v1/envelope.pb-c.h"

#define WB_LEDGER_RECORD_BYTES_MAX 60000
#define WB_FRAME_HEAD_BYTES (4 + WB_HASH_BYTES)
#define WB_FRAME_BYTES_MAX (WB_FRAME_HEAD_BYTES + WB_LEDGER_RECORD_BYTES_MAX)
#define WB_DIGEST_BYTES 32

/* The fields of an Envelope as views into its bytes. */
struct wb_record_view {
	struct wb_bytes tenant;
	uint64_t tenant_position;
	struct wb_bytes stream_kind;
	struct wb_id stream_id;
	uint64_t stream_version;
	struct wb_bytes event_type;
	uint32_t schema_version;
	int64_t recorded_at;
	bool has_occurred_at;
	int64_t occurred_at;
	struct wb_bytes actor; /* packed Actor */
	struct wb_id command_id;
	struct wb_bytes command_digest; /* WB_DIGEST_BYTES */
	struct wb_bytes service;
	uint64_t epoch;
	struct wb_bytes payload;
};

/* Packs the envelope into buf (cap bytes). WB_ERR_LIMIT: longer than cap or WB_LEDGER_RECORD_BYTES_MAX. */
WB_MUST_CHECK enum wb_err wb_record_encode(const Weibao__V1__Envelope *e, uint8_t *buf, size_t cap, size_t *ret_len);
/* Reads the fields of a record; WB_ERR_CORRUPT: not a sound Envelope. Views live as long as the bytes. */
WB_MUST_CHECK enum wb_err wb_record_scan(struct wb_bytes record, struct wb_record_view *ret_view);

struct wb_frame {
	struct wb_hash chain;
	struct wb_bytes record; /* view into the frame */
};

/* Fills in the head of the frame in whose buffer the record already stands behind it: frame_len = head + record. */
void wb_frame_seal(uint64_t position, const struct wb_hash *chain, uint8_t *frame, size_t frame_len);
/* Takes a frame apart and checks its CRC (not the chain); WB_ERR_CORRUPT. */
WB_MUST_CHECK enum wb_err wb_frame_open(uint64_t position, struct wb_bytes frame, struct wb_frame *ret_frame);

/* h(0). */
struct wb_hash wb_chain_start(struct wb_hasher *h, struct wb_id log_id);
/* The leaf hash of a record. */
struct wb_hash wb_chain_leaf(struct wb_hasher *h, struct wb_bytes record);
/* h(position) from h(position - 1) and the leaf hash. */
struct wb_hash wb_chain_next(
        struct wb_hasher *h, const struct wb_hash *before, uint64_t position, const struct wb_hash *leaf);
#endif
