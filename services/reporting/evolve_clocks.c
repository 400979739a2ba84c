/* Clocks and exceptions, as sla-timer judged them: nothing is judged here. */
#include "services/reporting/evolve.h"

#define PHASE(s) WEIBAO__V1__CLOCK_PHASE__CLOCK_PHASE_##s

static int64_t open_order(const Weibao__V1__ReadClockRow *c)
{
	return c->has_frozen && c->frozen ? (int64_t)c->remaining_us : c->deadline_at;
}

static bool is_frozen(const Weibao__V1__ReadClockRow *c)
{
	return c->has_frozen && c->frozen;
}

static void open_del(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadClockRow *c)
{
	struct wb_key k;
	rp_clock_open_key(&k, ev->tenant, is_frozen(c), open_order(c), ev->stream_id, wb_id_of_field(c->clock_id));
	(void)wb_del(f->db, &rp_clocks_open_table, &k);
}

/* Writes the clock, its place among the open ones and its mark for the counts of a month. */
static void clock_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadClockRow *c)
{
	struct wb_id clock = wb_id_of_field(c->clock_id);
	const uint8_t mark[3] = {(uint8_t)c->kind, (uint8_t)c->phase,
	        (uint8_t)((c->has_pending && c->pending ? MARK_PENDING : 0u) |
	                  (c->has_excepted && c->excepted ? MARK_EXCEPTED : 0u) |
	                  (c->has_overturned && c->overturned ? MARK_OVERTURNED : 0u) |
	                  (is_frozen(c) ? MARK_FROZEN : 0u))};
	struct wb_key k;
	rp_pair_key(&k, ev->tenant, ev->stream_id, clock);
	wb_put_row(f->db, &rp_clocks_table, &k, &c->base);
	rp_clock_started_key(&k, ev->tenant, c->started_at, ev->stream_id, clock);
	wb_put(f->db, &rp_clocks_started_table, &k, ((struct wb_bytes){mark, sizeof mark}));
	if (rp_clock_is_open(c)) {
		rp_clock_open_key(&k, ev->tenant, is_frozen(c), open_order(c), ev->stream_id, clock);
		wb_put(f->db, &rp_clocks_open_table, &k, ((struct wb_bytes){NULL, 0}));
	}
}

/* The next deadline and the number of breaches of the ticket, from its few clocks. */
static void ticket_clocks(struct wb_fold *f, const struct wb_event *ev)
{
	struct ticket_edit t;
	struct wb_bytes key, value;
	struct wb_key prefix;
	struct wb_scan scan;
	if (!rp_ticket_open(f, ev, &t))
		return;
	t.row->has_next_deadline_at = false;
	t.row->breaches = 0;
	rp_id_key(&prefix, ev->tenant, ev->stream_id);
	wb_scan_prefix(&scan, f->db, &rp_clocks_table, &prefix);
	while (wb_scan_next(&scan, &key, &value)) {
		const Weibao__V1__ReadClockRow *c = (const Weibao__V1__ReadClockRow *)wb_unpack_row(
		        f->db, &rp_clocks_table, value, &weibao__v1__read_clock_row__descriptor, f->arena);
		if (!c)
			break;
		t.row->breaches += c->phase == PHASE(BREACHED);
		if (!rp_clock_is_open(c) || is_frozen(c))
			continue;
		if (!t.row->has_next_deadline_at || c->deadline_at < t.row->next_deadline_at)
			t.row->next_deadline_at = c->deadline_at;
		t.row->has_next_deadline_at = true;
	}
	wb_scan_done(&scan);
	rp_ticket_save(f, ev, &t);
}

/* The clock to be changed, out of its place among the open ones. NULL: there is none; the event is noted. */
static Weibao__V1__ReadClockRow *clock_take(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData clock)
{
	Weibao__V1__ReadClockRow *c = rp_clock_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(clock), f->arena);
	if (!c) {
		rp_note(f, ev, &ev->stream_id);
		return NULL;
	}
	if (rp_clock_is_open(c))
		open_del(f, ev, c);
	return c;
}

/* Puts it back and brings the ticket up to date, which notes the event. */
static void clock_give(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadClockRow *c)
{
	clock_put(f, ev, c);
	ticket_clocks(f, ev);
}

void rp_fold_clock_started(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockStarted *e = payload;
	Weibao__V1__ReadClockRow c = WEIBAO__V1__READ_CLOCK_ROW__INIT;
	if (rp_clock_get(f->db, ev->tenant, ev->stream_id, wb_id_of_field(e->clock_id), f->arena)) {
		rp_note(f, ev, &ev->stream_id); /* a clock starts once */
		return;
	}
	c.clock_id = e->clock_id;
	c.kind = e->kind;
	c.round = e->round;
	c.phase = PHASE(RUNNING);
	c.has_visit_id = e->has_visit_id;
	c.visit_id = e->visit_id;
	c.started_at = e->started_at;
	c.deadline_at = c.original_deadline_at = e->deadline_at;
	c.has_target_us = e->has_target_us;
	c.target_us = e->target_us;
	c.has_service_days = e->has_service_days;
	c.service_days = e->service_days;
	c.policy_version = e->policy_version;
	c.has_calendar_version = e->has_calendar_version;
	c.calendar_version = e->calendar_version;
	clock_give(f, ev, &c);
}

void rp_fold_clock_suspended(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockSuspended *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->has_frozen = c->frozen = true;
	c->has_remaining_us = true;
	c->remaining_us = e->remaining_us;
	c->has_reason = true;
	c->reason = e->reason;
	c->has_frozen_at = true;
	c->frozen_at = e->from_at;
	clock_give(f, ev, c);
}

static void thaw(Weibao__V1__ReadClockRow *c)
{
	c->has_frozen = c->frozen = false;
	c->has_remaining_us = c->has_reason = c->has_frozen_at = false;
}

void rp_fold_clock_resumed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockResumed *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	thaw(c);
	c->deadline_at = e->deadline_at;
	clock_give(f, ev, c);
}

void rp_fold_clock_retargeted(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockRetargeted *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->deadline_at = e->deadline_at;
	c->has_target_us = e->has_target_us;
	c->target_us = e->target_us;
	c->has_service_days = e->has_service_days;
	c->service_days = e->service_days;
	c->policy_version = e->policy_version;
	clock_give(f, ev, c);
}

void rp_fold_clock_warned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockWarned *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->has_warned = c->warned = true;
	clock_give(f, ev, c);
}

static void stopped(Weibao__V1__ReadClockRow *c, int64_t at)
{
	c->has_stopped_at = true;
	c->stopped_at = at;
	thaw(c);
}

void rp_fold_clock_met(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockMet *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->phase = PHASE(MET);
	stopped(c, e->stopped_at);
	c->deadline_at = e->deadline_at;
	c->original_deadline_at = e->original_deadline_at;
	c->has_used_us = e->has_used_us;
	c->used_us = e->used_us;
	c->has_pending = c->pending = false;
	clock_give(f, ev, c);
}

/* Judged late; it goes on being shown until it is stopped. */
void rp_fold_clock_breached(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockBreached *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->phase = PHASE(BREACHED);
	c->deadline_at = e->deadline_at;
	c->original_deadline_at = e->original_deadline_at;
	c->has_pending = c->pending = false;
	clock_give(f, ev, c);
}

void rp_fold_clock_stopped_late(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockStoppedLate *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	stopped(c, e->stopped_at);
	c->has_late_us = true;
	c->late_us = e->late_us;
	clock_give(f, ev, c);
}

/* Stopped, but not judged yet: a verbal exception holds the judgement. */
void rp_fold_clock_stop_held(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockStopHeld *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	stopped(c, e->stopped_at);
	clock_give(f, ev, c);
}

void rp_fold_clock_voided(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockVoided *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->phase = PHASE(VOIDED);
	thaw(c);
	c->void_cause = e->cause;
	c->has_pending = c->pending = false;
	clock_give(f, ev, c);
}

void rp_fold_clock_escalated(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ClockEscalated *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->escalations = c->has_escalations ? c->escalations + 1 : 1;
	c->has_escalations = true;
	clock_give(f, ev, c);
}

/* Late evidence: what was judged breached was met. Counted apart for ever. */
void rp_fold_judgement_overturned(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__JudgementOverturned *e = payload;
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->phase = PHASE(MET);
	stopped(c, e->occurred_at);
	c->has_overturned = c->overturned = true;
	c->has_late_us = false;
	clock_give(f, ev, c);
}

/* ---- exceptions ---- */

void rp_fold_exception_proposed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ExceptionProposed *e = payload;
	Weibao__V1__ReadExceptionRow row = WEIBAO__V1__READ_EXCEPTION_ROW__INIT;
	row.exception_id = e->exception_id;
	row.clock_id = e->clock_id;
	row.round = e->round;
	row.proposed_at = ev->recorded_at;
	row.new_deadline_at = e->new_deadline_at;
	row.original_deadline_at = e->original_deadline_at;
	row.reason = e->reason;
	row.verbal = e->verbal;
	row.has_pending_until = e->has_pending_until;
	row.pending_until = e->pending_until;
	rp_part_put(f, ev, ev->stream_id, PART_EXCEPTION, wb_id_of_field(e->exception_id), &row.base);
	rp_ref_put(f, ev, e->exception_id);
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	if (e->verbal)
		c->has_pending = c->pending = true;
	clock_give(f, ev, c);
}

static Weibao__V1__ReadExceptionRow *exception_of(
        struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData exception)
{
	return (Weibao__V1__ReadExceptionRow *)rp_part_get(f->db, ev->tenant, ev->stream_id, PART_EXCEPTION,
	        wb_id_of_field(exception), &weibao__v1__read_exception_row__descriptor, f->arena);
}

void rp_fold_exception_agreed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ExceptionAgreed *e = payload;
	Weibao__V1__ReadExceptionRow *row = exception_of(f, ev, e->exception_id);
	if (row) {
		row->has_agreed_at = row->has_agreed_by_id = true;
		row->agreed_at = ev->recorded_at;
		row->agreed_by_id = e->agreed_by_id;
		rp_part_put(f, ev, ev->stream_id, PART_EXCEPTION, wb_id_of_field(e->exception_id), &row->base);
	}
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, e->clock_id);
	if (!c)
		return;
	c->deadline_at = e->deadline_at;
	c->has_excepted = c->excepted = true;
	c->has_pending = c->pending = false;
	clock_give(f, ev, c);
}

static void exception_over(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData exception,
        ProtobufCBinaryData clock, const char *how)
{
	Weibao__V1__ReadExceptionRow *row = exception_of(f, ev, exception);
	if (row) {
		row->has_ended_at = true;
		row->ended_at = ev->recorded_at;
		row->ended_how = (char *)(uintptr_t)how;
		rp_part_put(f, ev, ev->stream_id, PART_EXCEPTION, wb_id_of_field(exception), &row->base);
	}
	Weibao__V1__ReadClockRow *c = clock_take(f, ev, clock);
	if (!c)
		return;
	c->has_pending = c->pending = false;
	clock_give(f, ev, c);
}

void rp_fold_exception_declined(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ExceptionDeclined *e = payload;
	exception_over(f, ev, e->exception_id, e->clock_id, "DECLINED");
}

void rp_fold_exception_lapsed(struct wb_fold *f, const struct wb_event *ev, const void *payload)
{
	const Weibao__V1__ExceptionLapsed *e = payload;
	exception_over(f, ev, e->exception_id, e->clock_id, "LAPSED");
}
