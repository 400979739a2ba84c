/*
 * Any bytes through the strict check, whole and cut where the first byte says: the verdicts are the same, nothing
 * behind a refusal is taken, and what it accepts has no byte that evhttp would read otherwise.
 */
#include "gateway/http/strict.h"
#include "base/err.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	size_t messages, taken, last_end;
	enum wb_http_refusal refusal;
};

static struct outcome run(const uint8_t *data, size_t size, size_t step)
{
	static const struct wb_http_strict_limits limits = {
	        .head_bytes_max = 1024, .target_bytes_max = 256, .headers_max = 16, .body_bytes_max = 256};
	struct wb_http_strict s;
	struct outcome o = {0};
	wb_http_strict_init(&s, &limits);
	while (o.taken < size) {
		size_t len = size - o.taken < step ? size - o.taken : step, used = 0;
		enum wb_http_verdict verdict = wb_http_strict_feed(&s, data + o.taken, len, &used);
		WB_ASSERT(used <= len);
		o.taken += used;
		if (verdict == WB_HTTP_REFUSED) {
			o.refusal = s.refusal;
			WB_ASSERT(o.refusal > WB_HTTP_REFUSED_NONE && o.refusal < WB_HTTP_REFUSAL_COUNT);
			break;
		}
		WB_ASSERT(used > 0);
		if (verdict == WB_HTTP_MESSAGE) {
			o.messages++;
			o.last_end = o.taken;
		}
	}
	return o;
}

/* The first request's head, if one was accepted: CR only before LF, LF only behind CR, no other control but a tab. */
static void check_head(const uint8_t *data, size_t size)
{
	const uint8_t *end = memmem(data, size, "\r\n\r\n", 4);
	WB_ASSERT(end != NULL);
	for (const uint8_t *at = data; at < end; at++) {
		if (*at == '\r')
			WB_ASSERT(at[1] == '\n');
		else if (*at == '\n')
			WB_ASSERT(at > data && at[-1] == '\r');
		else
			WB_ASSERT(*at == '\t' || (*at >= 0x20 && *at != 0x7f));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	size_t step = (size_t)data[0] % 61 + 1;
	data++;
	size--;
	struct outcome whole = run(data, size, SIZE_MAX), cut = run(data, size, step);
	WB_ASSERT(whole.messages == cut.messages && whole.taken == cut.taken && whole.refusal == cut.refusal &&
	          whole.last_end == cut.last_end);
	if (whole.messages > 0)
		check_head(data, size);
	return 0;
}
