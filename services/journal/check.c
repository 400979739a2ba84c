/* Whether an append is sound in itself: names, lengths, counts. What is not is a bug of its sender: INVALID. */
#include "private.h"

#include <string.h>

static bool name_char(char c, bool tenant)
{
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')
		return true;
	return !tenant && ((c >= 'A' && c <= 'Z') || c == '_');
}

static bool name_ok(const char *s, bool tenant)
{
	size_t n = 0;
	if (!s)
		return false;
	for (; s[n]; n++)
		if (n >= WB_JOURNAL_NAME_BYTES_MAX || !name_char(s[n], tenant))
			return false;
	return n > 0;
}

static bool id_ok(ProtobufCBinaryData b)
{
	return b.data && b.len == WB_ID_BYTES;
}

static bool actor_ok(const Weibao__V1__Actor *a)
{
	if (!a || !id_ok(a->account_id))
		return false;
	if ((a->home && !name_ok(a->home, true)) || (a->service && !name_ok(a->service, false)))
		return false;
	return (!a->has_person_id || id_ok(a->person_id)) && (!a->has_device_id || id_ok(a->device_id));
}

/* W3C: 00-<32 hex>-<16 hex>-<2 hex>, later versions may be longer. */
static bool traceparent_ok(const char *s)
{
	size_t n = strnlen(s, 129);
	if (n < 55 || n > 128)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!name_char(s[i], true))
			return false;
	return true;
}

static bool events_ok(const Weibao__V1__Append *a)
{
	if (a->n_events == 0 || a->n_events > WB_JOURNAL_EVENTS_MAX)
		return false;
	for (size_t i = 0; i < a->n_events; i++) {
		const Weibao__V1__AppendEvent *e = a->events[i];
		if (!e || !name_ok(e->stream_kind, false) || !name_ok(e->event_type, false) || !id_ok(e->stream_id))
			return false;
		if (e->schema_version == 0 || e->expected_version > INT64_MAX)
			return false;
	}
	return true;
}

static bool conditions_ok(const Weibao__V1__Append *a)
{
	if (a->n_conditions > WB_JOURNAL_CONDITIONS_MAX)
		return false;
	for (size_t i = 0; i < a->n_conditions; i++) {
		const Weibao__V1__AppendCondition *c = a->conditions[i];
		if (!c || !name_ok(c->stream_kind, false) || !id_ok(c->stream_id))
			return false;
		if (c->tenant && !name_ok(c->tenant, true))
			return false;
	}
	return true;
}

/* The only record that a service puts into the cell's tenant: its epoch. */
static bool cell_ok(const Weibao__V1__Append *a)
{
	if (a->n_events != 1 || strcmp(a->events[0]->stream_kind, WB_JOURNAL_KIND_EPOCH) != 0 ||
	        strcmp(a->events[0]->event_type, "EpochStarted") != 0)
		return false;
	struct wb_id id = wb_id_of("service", a->service, strlen(a->service));
	return memcmp(id.b, a->events[0]->stream_id.data, sizeof id.b) == 0;
}

bool wb_append_valid(const Weibao__V1__Append *a, bool own)
{
	struct wb_id command;
	if (!name_ok(a->service, false) || !name_ok(a->tenant, true) || !actor_ok(a->actor))
		return false;
	if (!a->command_id.data || !wb_id_from_bytes(a->command_id.data, a->command_id.len, &command) ||
	        wb_id_is_zero(command))
		return false;
	if (!a->command_digest.data || a->command_digest.len != WB_DIGEST_BYTES)
		return false;
	if ((a->has_correlation_id && !id_ok(a->correlation_id)) ||
	        (a->has_causation_command_id && !id_ok(a->causation_command_id)))
		return false;
	if ((a->traceparent && !traceparent_ok(a->traceparent)) || !events_ok(a) || !conditions_ok(a))
		return false;
	if (own)
		return true;
	return strcmp(a->service, WB_JOURNAL_SERVICE) != 0 && a->epoch > 0 &&
	       (strcmp(a->tenant, WB_JOURNAL_CELL) != 0 || cell_ok(a));
}
