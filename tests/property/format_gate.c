/*
 * The rule that must be impossible to break: no DiskFormatted without an earlier consent of the user for exactly that
 * disk on the same visit, unused, not withdrawn, not rejected, on an unchanged device, before the visit's end.
 *
 * Tens of thousands of commands in random order and with every kind of mistake: twice, by the wrong people, for other
 * visits and disks, offline with times in and out of order. What came of them is walked through afterwards by a check
 * that knows nothing of the service: it reads the events alone. That the check can fail is shown first.
 */
#include "unit/dispatch_onsite_kit.h"

#include <stdlib.h>
#include <string.h>

/* Worlds; WEIBAO_RUNS asks for another number of them. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEEDS 20
#else
#define SEEDS 120
#endif
#define STEPS 700
#define POOL 24
#define SITES 6
#define LOG_MAX (STEPS * 4 + 400)

#define SCREEN WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_SCREEN
#define LINK WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_LINK
#define PAPER WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_PAPER

/* ---- what happened, as a reader of the log sees it ---- */

struct entry {
	const char *tenant;
	struct wb_id stream;
	const ProtobufCMessage *event;
};
struct record {
	struct entry e[LOG_MAX];
	size_t n;
};

static bool is(const struct entry *e, const ProtobufCMessageDescriptor *type)
{
	return e->event->descriptor == type;
}

#define IS(e, name) is((e), &weibao__v1__##name##__descriptor)
#define AS(e, type) ((const Weibao__V1__##type *)(const void *)(e)->event)

static bool same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == WB_ID_BYTES && b.len == WB_ID_BYTES && memcmp(a.data, b.data, WB_ID_BYTES) == 0;
}

static bool together(const struct entry *a, const struct entry *b)
{
	return strcmp(a->tenant, b->tenant) == 0 && wb_id_equal(a->stream, b->stream);
}

/* The event of that type before i, in its stream, that found says yes to; -1: none. */
#define FIND_BEFORE(r, i, name, type, var, condition)                                                                  \
	for (size_t at_ = (i); at_-- > 0;) {                                                                           \
		const struct entry *one_ = &(r)->e[at_];                                                               \
		if (!IS(one_, name) || !together(one_, &(r)->e[i]))                                                    \
			continue;                                                                                      \
		const Weibao__V1__##type *var = AS(one_, type);                                                        \
		if (condition) {                                                                                       \
			found = (int)at_;                                                                              \
			break;                                                                                         \
		}                                                                                                      \
	}

static int arrival_before(const struct record *r, size_t i, ProtobufCBinaryData visit, int64_t *ret_at)
{
	int found = -1;
	FIND_BEFORE(r, i, engineer_arrived, EngineerArrived, x, same(x->visit_id, visit))
	if (found >= 0)
		*ret_at = AS(&r->e[found], EngineerArrived)->arrived_at;
	return found;
}

static bool ended_before(const struct record *r, size_t i, ProtobufCBinaryData visit)
{
	int found = -1;
	FIND_BEFORE(r, i, visit_ended, VisitEnded, x, same(x->visit_id, visit))
	if (found < 0)
		FIND_BEFORE(r, i, visit_cancelled, VisitCancelled, x, same(x->visit_id, visit))
	return found >= 0;
}

static bool is_engineer(const struct kit *k, const Weibao__V1__Signature *s)
{
	for (size_t i = 0; s->has_signer_id && i < 3; i++)
		if (wb_id_equal(wb_id_of_field(s->signer_id), k->engineers[i]))
			return true;
	return s->has_signer_id && wb_id_equal(wb_id_of_field(s->signer_id), k->outsider);
}

/* Why the format at i should not be; NULL: it is in order. */
static const char *broken_at(const struct kit *k, const struct record *r, size_t i)
{
	const Weibao__V1__DiskFormatted *f = AS(&r->e[i], DiskFormatted);
	int found = -1;
	FIND_BEFORE(r, i, format_consent_signed, FormatConsentSigned, x, same(x->consent_id, f->consent_id))
	if (found < 0)
		return "no consent before it";
	size_t c_at = (size_t)found;
	const Weibao__V1__FormatConsentSigned *c = AS(&r->e[c_at], FormatConsentSigned);
	found = -1;
	FIND_BEFORE(r, c_at, format_statement_shown, FormatStatementShown, x, same(x->statement_id, c->statement_id))
	if (found < 0)
		return "no statement before the consent";
	size_t s_at = (size_t)found;
	const Weibao__V1__FormatStatementShown *s = AS(&r->e[s_at], FormatStatementShown);
	if (!same(c->visit_id, f->visit_id) || !same(s->visit_id, f->visit_id))
		return "another visit";
	if (strcmp(c->disk, f->disk) != 0 || strcmp(s->disk, f->disk) != 0)
		return "another disk";
	if (c->signature->commitment.len != 32 || s->commitment.len != 32 ||
	        memcmp(c->signature->commitment.data, s->commitment.data, 32) != 0)
		return "something else was signed";
	if (is_engineer(k, c->signature))
		return "an engineer signed";
	if (s->shown_at > c->signed_at || c->signed_at > f->formatted_at)
		return "not in the order of what happened";
	found = -1;
	FIND_BEFORE(r, i, disk_formatted, DiskFormatted, x, same(x->consent_id, f->consent_id))
	if (found >= 0)
		return "the consent was used";
	FIND_BEFORE(r, i, format_consent_withdrawn, FormatConsentWithdrawn, x, same(x->consent_id, f->consent_id))
	if (found >= 0)
		return "the consent was withdrawn";
	FIND_BEFORE(r, i, paper_signature_checked, PaperSignatureChecked, x,
	        x->has_consent_id && same(x->consent_id, f->consent_id))
	if (found >= 0 && !AS(&r->e[found], PaperSignatureChecked)->accepted)
		return "the paper signature was rejected";
	found = -1;
	FIND_BEFORE(r, i, ticket_device_corrected, TicketDeviceCorrected, x, at_ > s_at && x->device_id.len)
	if (found >= 0 && !same(AS(&r->e[found], TicketDeviceCorrected)->device_id, s->device_id))
		return "the device was corrected since";
	int64_t arrived = 0;
	if (arrival_before(r, i, f->visit_id, &arrived) < 0 || f->formatted_at < arrived || s->shown_at < arrived)
		return "nobody was there";
	return ended_before(r, i, f->visit_id) ? "the visit has ended" : NULL;
}

static size_t walk(const struct kit *k, const struct record *r, bool fatal)
{
	size_t broken = 0;
	for (size_t i = 0; i < r->n; i++) {
		const char *why = IS(&r->e[i], disk_formatted) ? broken_at(k, r, i) : NULL;
		if (why && fatal)
			fail_msg("event %zu: %s", i, why);
		broken += why != NULL;
	}
	return broken;
}

/* ---- a world of random people ---- */

struct world {
	struct kit *k;
	struct record *r;
	uint64_t random;
	struct site sites[SITES];
	struct {
		struct site *site;
		struct wb_id statement, consent;
		ProtobufCBinaryData commitment;
	} shown[POOL];
	size_t n_shown;
	struct wb_id custody;
	struct site *custody_site;
	uint32_t n_sent;
	size_t *seen; /* how often each of interesting[] came */
};

/* What must have come about in the end: a world where nothing ever goes through, or wrong, would prove nothing. */
static const char *const interesting[] = {"DiskFormatted", "DiskFormatted offline", "DiskFormatted on a later visit",
        "DiskFormatted in the workshop", "DiskFormattedWithoutConsent", "FactHeld", "FormatStatementShown",
        "FormatConsentSigned", "FormatConsentSigned offline", "FormatConsentSigned by link",
        "FormatConsentSigned on paper", "FormatConsentWithdrawn", "PaperSignatureChecked", "CustodyReturned",
        "VisitEnded", "VisitCancelled", "BACKUP_NOT_SIGNED", "CONSENT_USED", "CONSENT_VOID", "ALREADY_SIGNED",
        "SHOWN_CHANGED", "SIGNER_IS_ENGINEER", "SIGNER_UNKNOWN", "SIGNATURE_KIND_WRONG", "PAPER_INCOMPLETE",
        "NOT_ON_PAPER", "VISIT_OVER", "VISIT_NOT_ON_SITE", "TIME_OUT_OF_RANGE", "NOT_FOUND", "FORBIDDEN"};
#define INTERESTING_N (sizeof interesting / sizeof interesting[0])

static void saw(struct world *w, const char *what)
{
	for (size_t i = 0; i < INTERESTING_N; i++)
		if (strcmp(interesting[i], what) == 0)
			w->seen[i]++;
}

static uint32_t below(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)((w->random >> 20) % n);
}

static void note(struct world *w, const char *tenant, struct wb_id stream, const ProtobufCMessage *event)
{
	assert_true(w->r->n < LOG_MAX);
	w->r->e[w->r->n++] = (struct entry){tenant, stream, event};
}

static void saw_consent(struct world *w, const Weibao__V1__FormatConsentSigned *e)
{
	if (e->signed_at < bed_now(w->k->b))
		saw(w, "FormatConsentSigned offline");
	if (e->signature->kind != SCREEN)
		saw(w, e->signature->kind == LINK ? "FormatConsentSigned by link" : "FormatConsentSigned on paper");
}

static void saw_format(struct world *w, const struct site *s, const Weibao__V1__DiskFormatted *e)
{
	const Visit *v = kit_visit(w->k, s->tenant, s->ticket, wb_id_of_field(e->visit_id));
	if (e->formatted_at < bed_now(w->k->b))
		saw(w, "DiskFormatted offline");
	if (v->visit_number > 1)
		saw(w, "DiskFormatted on a later visit");
	if (v->state == WEIBAO__V1__VISIT_STATE__VISIT_STATE_LEFT)
		saw(w, "DiskFormatted in the workshop");
}

/* What came of the last command goes into the record. */
static void take_note(struct world *w, const struct site *s)
{
	struct bed *b = w->k->b;
	if (bed_refusal(b)) {
		saw(w, bed_refusal(b));
		return;
	}
	for (size_t i = 0; i < bed_events(b); i++) {
		const ProtobufCMessage *e = bed_event(b, i);
		note(w, s->tenant, s->ticket, e);
		saw(w, e->descriptor->short_name);
		const struct entry *last = &w->r->e[w->r->n - 1];
		if (IS(last, disk_formatted))
			saw_format(w, s, AS(last, DiskFormatted));
		else if (IS(last, format_consent_signed))
			saw_consent(w, AS(last, FormatConsentSigned));
	}
}

static struct site *any_site(struct world *w)
{
	return &w->sites[below(w, SITES)];
}

static char *any_disk(struct world *w)
{
	static const char *const disks[] = {"disk C", "disk C ", "disk D"};
	return (char *)(uintptr_t)disks[below(w, 8) < 6 ? 0 : 1 + below(w, 2)];
}

/* Mostly who should; else anybody. */
static void somebody(struct world *w, const struct site *s)
{
	static const char *const people[] = {"user", "caller", "onsite", "stranger"};
	struct bed *b = w->k->b;
	uint32_t n = below(w, 20);
	if (n < 13)
		bed_as(b, WB_ROLE(ENGINEER), w->k->engineers[0]);
	else if (n == 13)
		bed_as(b, WB_ROLE(ENGINEER), w->k->engineers[1 + below(w, 2)]);
	else if (n < 16)
		bed_as(b, WB_ROLE(USER), bed_id(people[below(w, 4)]));
	else if (n < 18)
		bed_as_link(b, below(w, 4) ? "sign" : "visit", below(w, 2) ? s->ticket : s->visit, 1);
	else if (n == 18)
		bed_as(b, WB_ROLE(HOTLINE) | (below(w, 2) ? WB_ROLE(ENGINEER) : 0), bed_id("lead"));
	else
		bed_as(b, WB_ROLE(REPRESENTATIVE), bed_id("representative"));
}

/* Sometimes offline: now and then in order, now and then long ago or ahead. */
static protobuf_c_boolean maybe_offline(struct world *w, int64_t *ret_at)
{
	static const int64_t ago[] = {0, WB_MINUTE_US, 20 * WB_MINUTE_US, 3 * WB_HOUR_US, 26 * WB_HOUR_US, -WB_HOUR_US};
	if (below(w, 3))
		return false;
	*ret_at = bed_now(w->k->b) - ago[below(w, 10) < 8 ? below(w, 4) : 4 + below(w, 2)] - below(w, 1000);
	return true;
}

/* Each command goes once, or twice: a finger that taps again, or (with the same id) a phone that did not hear the
 * answer. The runtime answers those itself; without it, too, the gate holds. What is shown twice under one id is one
 * statement, which only the runtime can know. */
static void send(struct world *w, const struct site *s, const ProtobufCMessage *command)
{
	bool same_id = command->descriptor != &weibao__v1__show_format_statement__descriptor && below(w, 2);
	struct wb_id id = wb_id_derive(bed_id("sent"), "command", ++w->n_sent);
	for (uint32_t i = below(w, 6) ? 1 : 2; i > 0; i--) {
		if (same_id)
			bed_command_id(w->k->b, id);
		bed_when(w->k->b, below(w, 60) ? s->tenant : BRAVO, command);
		take_note(w, s);
	}
}

static void step_visit(struct world *w)
{
	struct site *s = any_site(w);
	struct kit *k = w->k;
	MSG(Arrive, c, WEIBAO__V1__ARRIVE__INIT);
	const Visit *v = kit_visit(k, s->tenant, s->ticket, s->visit);
	const Ticket *t = kit_ticket_row(k, s->tenant, s->ticket);
	s->round = v ? v->round : 1;
	if (dp_ticket_over(t)) {
		MSG(RoundStarted, e, WEIBAO__V1__ROUND_STARTED__INIT);
		e.ticket_id = FIELD(k, s->ticket);
		e.round = t->round + 1;
		e.cause = WEIBAO__V1__ROUND_CAUSE__ROUND_CAUSE_UNSATISFIED;
		e.started_at = bed_now(k->b);
		bed_given(k->b, s->tenant, "ticket", s->ticket, &e.base);
	}
	if (!v || (!dp_visit_is_open(v) && below(w, 2))) {
		kit_schedule(k, s->tenant, s->ticket, k->engineers[0], bed_now(k->b) + WB_MINUTE_US);
		take_note(w, s);
		if (!bed_refusal(k->b))
			s->visit = k->visit;
		return;
	}
	if (below(w, 12) == 0) {
		kit_cancel(k, s->tenant, s->ticket, s->visit);
		take_note(w, s);
		return;
	}
	SITE_OF(k, c, s);
	c.has_occurred_at = maybe_offline(w, &c.occurred_at);
	as_engineer(k, 0);
	send(w, s, &c.base);
}

static void step_show(struct world *w)
{
	struct site *s = any_site(w);
	MSG(ShowFormatStatement, c, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	SITE_OF(w->k, c, s);
	c.disk = any_disk(w);
	c.kind = WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_NOTHING_TO_KEEP;
	c.nonce = site_nonce(w->k);
	c.has_occurred_at = maybe_offline(w, &c.occurred_at);
	somebody(w, s);
	send(w, s, &c.base);
	if (bed_refusal(w->k->b) || !bed_events(w->k->b))
		return;
	const struct entry last = {s->tenant, s->ticket, bed_event(w->k->b, 0)};
	if (!IS(&last, format_statement_shown))
		return;
	size_t at = w->n_shown < POOL ? w->n_shown++ : below(w, POOL);
	w->shown[at].site = s;
	w->shown[at].statement = wb_id_of_field(AS(&last, FormatStatementShown)->statement_id);
	w->shown[at].commitment = AS(&last, FormatStatementShown)->commitment;
	w->shown[at].consent = bed_id("none yet");
}

static Weibao__V1__SignatureInput *any_signature(struct world *w)
{
	static const char *const signers[] = {"user", "caller", "onsite", "stranger"};
	Weibao__V1__SignatureInput *g = site_given(w->k);
	uint32_t n = below(w, 10);
	g->kind = n < 6 ? SCREEN : n < 8 ? LINK : PAPER;
	if (g->kind == PAPER && below(w, 5)) {
		g->witness_name = bed_personal(w->k->b, "Zhou");
		g->original_at = "folder";
	}
	g->has_signer_id = below(w, 3) > 0;
	g->signer_id = FIELD(
	        w->k, below(w, 8) ? bed_id(signers[below(w, 8) < 6 ? 0 : below(w, 4)]) : w->k->engineers[below(w, 3)]);
	g->relation = g->has_signer_id ? "self" : "colleague";
	return g;
}

static void step_sign(struct world *w)
{
	if (!w->n_shown)
		return;
	size_t at = below(w, (uint32_t)w->n_shown), other = below(w, (uint32_t)w->n_shown);
	struct site *s = below(w, 8) ? w->shown[at].site : any_site(w);
	MSG(SignFormatConsent, c, WEIBAO__V1__SIGN_FORMAT_CONSENT__INIT);
	SITE_OF(w->k, c, s);
	c.has_statement_id = below(w, 4) > 0;
	c.statement_id = FIELD(w->k, w->shown[at].statement);
	c.commitment = w->shown[below(w, 8) ? at : other].commitment;
	c.signature = any_signature(w);
	c.has_occurred_at = maybe_offline(w, &c.occurred_at);
	somebody(w, s);
	send(w, s, &c.base);
	if (bed_refusal(w->k->b) || !bed_events(w->k->b))
		return;
	const struct entry last = {s->tenant, s->ticket, bed_event(w->k->b, 0)};
	for (size_t i = 0; IS(&last, format_consent_signed) && i < w->n_shown; i++)
		if (wb_id_equal(wb_id_of_field(AS(&last, FormatConsentSigned)->statement_id), w->shown[i].statement))
			w->shown[i].consent = wb_id_of_field(AS(&last, FormatConsentSigned)->consent_id);
}

static void step_format(struct world *w)
{
	size_t at = w->n_shown ? below(w, (uint32_t)w->n_shown) : 0;
	struct site *s = w->n_shown && below(w, 6) ? w->shown[at].site : any_site(w);
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(w->k, c, s);
	c.disk = any_disk(w);
	c.has_consent_id = w->n_shown && below(w, 2);
	c.consent_id = FIELD(w->k, w->shown[at].consent);
	c.has_occurred_at = maybe_offline(w, &c.occurred_at);
	somebody(w, s);
	send(w, s, &c.base);
}

/* Said to have been formatted against the rule: a complaint, and no consent for anything. */
static void step_violation(struct world *w)
{
	struct site *s = any_site(w);
	MSG(RecordFormatWithoutConsent, c, WEIBAO__V1__RECORD_FORMAT_WITHOUT_CONSENT__INIT);
	SITE_OF(w->k, c, s);
	c.disk = any_disk(w);
	c.why = "by mistake";
	c.has_formatted_at = maybe_offline(w, &c.formatted_at);
	somebody(w, s);
	send(w, s, &c.base);
}

static void step_take_back(struct world *w)
{
	size_t at = w->n_shown ? below(w, (uint32_t)w->n_shown) : 0;
	struct site *s = w->n_shown ? w->shown[at].site : any_site(w);
	MSG(WithdrawFormatConsent, c, WEIBAO__V1__WITHDRAW_FORMAT_CONSENT__INIT);
	MSG(CheckPaperSignature, check, WEIBAO__V1__CHECK_PAPER_SIGNATURE__INIT);
	if (below(w, 2)) {
		SITE_OF(w->k, c, s);
		c.consent_id = FIELD(w->k, w->shown[at].consent);
		c.reason = "another file";
		somebody(w, s);
		send(w, s, &c.base);
		return;
	}
	check.ticket_id = FIELD(w->k, s->ticket);
	check.visit_id = FIELD(w->k, s->visit);
	check.has_consent_id = true;
	check.consent_id = FIELD(w->k, w->shown[at].consent);
	check.accepted = below(w, 3) == 0;
	check.reason = "not signed";
	as_lead(w->k);
	send(w, s, &check.base);
}

static void step_device(struct world *w)
{
	static const char *const devices[] = {"device", "device 2"};
	struct site *s = any_site(w);
	Weibao__V1__TicketDeviceCorrected *e = WB_ARENA_NEW(bed_arena(w->k->b), Weibao__V1__TicketDeviceCorrected);
	weibao__v1__ticket_device_corrected__init(e);
	e->ticket_id = FIELD(w->k, s->ticket);
	e->device_id = FIELD(w->k, bed_id(devices[below(w, 2)]));
	bed_given(w->k->b, s->tenant, "ticket", s->ticket, &e->base);
	note(w, s->tenant, s->ticket, &e->base);
}

/* The form, signed, and off: fixed, or with the computer under the arm, which comes back some day. */
static void step_leave(struct world *w)
{
	struct site *s = any_site(w);
	struct kit *k = w->k;
	const Visit *v = kit_visit(k, s->tenant, s->ticket, s->visit);
	if (w->custody_site && below(w, 2)) {
		site_return(k, w->custody_site, w->custody);
		take_note(w, w->custody_site);
		if (!bed_refusal(k->b))
			w->custody_site = NULL;
		return;
	}
	if (!v || v->state != WEIBAO__V1__VISIT_STATE__VISIT_STATE_ON_SITE)
		return;
	bool back = !w->custody_site && below(w, 2);
	if (back) {
		w->custody = site_take(k, s, "computer");
		take_note(w, s);
		w->custody_site = bed_refusal(k->b) ? NULL : s;
	}
	site_form(k, s,
	        w->custody_site == s ? WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK
	                             : WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED);
	take_note(w, s);
	if (bed_refusal(k->b))
		return;
	site_sign_form(k, s);
	take_note(w, s);
	kit_leave(k, s->tenant, s->ticket, s->visit);
	take_note(w, s);
}

static void step(struct world *w)
{
	uint32_t n = below(w, 31);
	if (n == 30)
		step_violation(w);
	else if (n < 4)
		step_visit(w);
	else if (n < 11)
		step_show(w);
	else if (n < 18)
		step_sign(w);
	else if (n < 26)
		step_format(w);
	else if (n < 28)
		step_take_back(w);
	else if (n == 28)
		step_device(w);
	else
		step_leave(w);
	bed_pass(w->k->b, (int64_t)below(w, 8) * WB_MINUTE_US);
}

static void world_open(struct world *w, struct kit *k, struct record *r, size_t *seen, uint64_t seed)
{
	static const char *const names[SITES] = {"t1", "t2", "t3", "t4", "t5", "t6"};
	memset(w, 0, sizeof *w);
	w->k = k;
	w->r = r;
	w->seen = seen;
	r->n = 0;
	w->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = 0; i < SITES; i++) {
		w->sites[i].tenant = ACME;
		w->sites[i].round = 1;
		w->sites[i].ticket = kit_ticket(k, ACME, names[i], "site A");
	}
}

static void no_order_of_commands_breaks_the_gate(void **state)
{
	struct record *r = calloc(1, sizeof *r);
	const char *runs = getenv("WEIBAO_RUNS");
	uint64_t seeds = runs ? strtoull(runs, NULL, 10) : SEEDS;
	size_t seen[INTERESTING_N] = {0};
	(void)state;
	for (uint64_t seed = 1; seed <= seeds; seed++) {
		struct world w;
		void *kit;
		assert_int_equal(kit_open(&kit), 0);
		world_open(&w, kit, r, seen, seed);
		for (int i = 0; i < STEPS; i++)
			step(&w);
		assert_int_equal(walk(w.k, r, true), 0);
		assert_int_equal(kit_close(&kit), 0);
	}
	for (size_t i = 0; i < INTERESTING_N; i++) {
		print_message("%8zu %s\n", seen[i], interesting[i]);
		if (!seen[i] && seeds >= SEEDS)
			fail_msg("never: %s", interesting[i]);
	}
	assert_true(seen[0] >= 5 * seeds); /* the gate opens too */
	free(r);
}

/* ---- the check itself ---- */

/* A sound chain of records, from which each test takes something away. */
struct chain {
	struct record r;
	Weibao__V1__EngineerArrived arrived;
	Weibao__V1__FormatStatementShown shown;
	Weibao__V1__FormatConsentSigned consent;
	Weibao__V1__Signature signature;
	Weibao__V1__DiskFormatted formatted;
	Weibao__V1__VisitEnded ended;
	Weibao__V1__FormatConsentWithdrawn withdrawn;
	Weibao__V1__PaperSignatureChecked checked;
	Weibao__V1__TicketDeviceCorrected corrected;
};

static void chain_add(struct chain *c, const ProtobufCMessage *e)
{
	c->r.e[c->r.n++] = (struct entry){ACME, bed_id("ticket"), e};
}

static struct chain *chain_of(struct kit *k)
{
	static uint8_t commitment[32] = {7};
	struct chain *c = calloc(1, sizeof *c);
	ProtobufCBinaryData visit = FIELD(k, bed_id("visit")), id = FIELD(k, bed_id("consent"));
	weibao__v1__engineer_arrived__init(&c->arrived);
	weibao__v1__format_statement_shown__init(&c->shown);
	weibao__v1__format_consent_signed__init(&c->consent);
	weibao__v1__signature__init(&c->signature);
	weibao__v1__disk_formatted__init(&c->formatted);
	weibao__v1__visit_ended__init(&c->ended);
	weibao__v1__format_consent_withdrawn__init(&c->withdrawn);
	weibao__v1__paper_signature_checked__init(&c->checked);
	weibao__v1__ticket_device_corrected__init(&c->corrected);
	c->arrived.visit_id = c->shown.visit_id = c->consent.visit_id = c->formatted.visit_id = visit;
	c->ended.visit_id = visit;
	c->arrived.arrived_at = 1;
	c->shown.statement_id = c->consent.statement_id = FIELD(k, bed_id("statement"));
	c->shown.disk = c->consent.disk = c->formatted.disk = "disk C";
	c->shown.commitment = c->signature.commitment = (ProtobufCBinaryData){32, commitment};
	c->shown.device_id = FIELD(k, bed_id("device"));
	c->corrected.device_id = FIELD(k, bed_id("device 2"));
	c->shown.shown_at = 2;
	c->consent.consent_id = c->formatted.consent_id = c->withdrawn.consent_id = c->checked.consent_id = id;
	c->checked.has_consent_id = true;
	c->consent.signature = &c->signature;
	c->consent.signed_at = 3;
	c->formatted.formatted_at = 4;
	chain_add(c, &c->arrived.base);
	chain_add(c, &c->shown.base);
	chain_add(c, &c->consent.base);
	return c;
}

/* Adds the format and says whether the walk finds it broken. */
static bool found_broken(struct kit *k, struct chain *c)
{
	chain_add(c, &c->formatted.base);
	bool broken = walk(k, &c->r, false) > 0;
	free(c);
	return broken;
}

static void the_check_finds_what_is_wrong(void **state)
{
	struct kit *k = *state;
	struct chain *c = chain_of(k);
	assert_false(found_broken(k, c));
#define BROKEN(change)                                                                                                 \
	do {                                                                                                           \
		c = chain_of(k);                                                                                       \
		change;                                                                                                \
		assert_true(found_broken(k, c));                                                                       \
	} while (0)
	BROKEN(c->r.n = 2);                                      /* not signed */
	BROKEN(c->r.e[1] = c->r.e[0]);                           /* not shown */
	BROKEN(c->r.e[0] = c->r.e[1]);                           /* nobody there */
	BROKEN(c->consent.visit_id = FIELD(k, bed_id("other"))); /* another visit */
	BROKEN(c->formatted.disk = "disk D");                    /* another disk */
	BROKEN(c->r.e[2].tenant = BRAVO);                        /* another client unit */
	BROKEN(c->signature.commitment.len = 31);                /* something else signed */
	BROKEN((c->signature.has_signer_id = true, c->signature.signer_id = FIELD(k, k->engineers[1])));
	BROKEN(c->shown.shown_at = 5); /* order of what happened */
	BROKEN(c->formatted.formatted_at = 2);
	BROKEN(chain_add(c, &c->formatted.base)); /* used twice */
	BROKEN(chain_add(c, &c->withdrawn.base));
	BROKEN(chain_add(c, &c->checked.base)); /* rejected */
	BROKEN(chain_add(c, &c->corrected.base));
	BROKEN(chain_add(c, &c->ended.base));
#undef BROKEN
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(the_check_finds_what_is_wrong, kit_open, kit_close),
	        cmocka_unit_test(no_order_of_commands_breaks_the_gate),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
