#include "ops/demo/story.h"
#include "ops/demo/texts.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])
#define MINUTE (60 * WB_SECOND_US)
#define STORIES_MAX 1024
#define LOCAL_US (8 * 3600 * WB_SECOND_US) /* the demo is in the mainland */

enum plot {
	BY_PHONE,
	ON_SITE,
	FORMATTED,
	TAKEN_BACK,
	UNSATISFIED,
	NOT_REACHED,
	CANCELLED,
	DUPLICATE,
	CHARGEABLE,
	BY_CLIENT
};
enum step {
	REPORT,
	TAKE,
	CALL,
	SOLVE,
	NEED_VISIT,
	SCHEDULE,
	ACCEPT,
	DEPART,
	ARRIVE,
	DIAGNOSE,
	CONSENT,
	FORMAT,
	WORK,
	FILL,
	SIGN,
	LEAVE,
	RETURN_DEVICE,
	ANALYSE,
	FOLLOW_UP,
	CANCEL,
	END
};
struct story {
	enum plot plot;
	enum step step;
	int64_t at;
	size_t client, contact, device, engineer, fault;
	struct wb_id ticket, visit, statement, custody;
	uint32_t round;
	unsigned visits, calls;
};
struct agenda {
	struct world *w;
	void (*before_step)(void *ctx);
	void *before_step_ctx;
	size_t n;
	struct story all[STORIES_MAX];
};

static const char *id(struct wb_id v)
{
	return drive_uuid(v);
}

static void later(struct world *w, struct story *s, unsigned from_min, unsigned to_min)
{
	s->at += (int64_t)(from_min + pick(w, to_min - from_min + 1)) * MINUTE + pick(w, 60) * WB_SECOND_US;
}

static const struct client *client_of(const struct world *w, const struct story *s)
{
	return &w->clients[s->client];
}

static const struct account *engineer_of(const struct world *w, const struct story *s)
{
	return &w->engineers[s->engineer];
}

static const char *tenant_of(const struct world *w, const struct story *s)
{
	return w->clients[s->client].tenant;
}

static const char *round_json(const struct story *s)
{
	static char text[160];
	(void)snprintf(text, sizeof text, "\"ticketId\":\"%s\",\"round\":%u", id(s->ticket), s->round);
	return text;
}

static const char *visit_json(const struct story *s)
{
	static char text[240];
	(void)snprintf(text, sizeof text, "%s,\"visitId\":\"%s\"", round_json(s), id(s->visit));
	return text;
}

/* With a finger on the engineer's screen. */
static const char *signature_json(const struct contact *p)
{
	static char text[320];
	(void)snprintf(text, sizeof text,
	        "\"signature\":{\"kind\":\"SCREEN\",\"signerId\":\"%s\",\"signerName\":\"%s\",\"relation\":\"self\"}",
	        id(p->id), p->name);
	return text;
}

/* ---- the phone ---- */

static enum step report(struct world *w, struct story *s)
{
	const struct client *cl = client_of(w, s);
	const struct contact *p = &cl->contacts[s->contact];
	const struct device *v = &cl->devices[s->device];
	const struct fault *f = &faults[s->fault];
	bool urgent = pick(w, 8) == 0;
	json_t *r;
	if (s->plot == BY_CLIENT) {
		drive_as(&w->d, "USER", cl->tenant, cl->user.account, cl->user.person);
		r = may(w, "intake", cl->tenant, "ReportFaultAsClient",
		        "{\"category\":\"%s\",\"symptom\":\"%s\",\"telephone\":\"%s\",\"despiteDuplicates\":true}",
		        f->category, f->symptom, p->telephone);
	} else {
		act_as(w, &w->leads[s->client]);
		r = may(w, "intake", cl->tenant, "ReportFault",
		        "{\"officeId\":\"%s\",\"callerId\":\"%s\",\"deviceId\":\"%s\",\"telephone\":\"%s\","
		        "\"category\":\"%s\",\"urgency\":\"%s\",\"symptom\":\"%s\"%s%s}",
		        id(cl->offices[p->office]), id(p->id), id(v->id), p->telephone, f->category,
		        urgent ? "URGENT" : "NORMAL", f->symptom, s->plot == CHARGEABLE ? ",\"chargeable\":true" : "",
		        s->plot == DUPLICATE ? ",\"despiteDuplicates\":true" : "");
	}
	if (!r)
		return END; /* a likely duplicate: this operator leaves it */
	s->ticket = drive_id(&w->d, "ticketId");
	s->round = 1;
	later(w, s, 1, urgent ? 8 : 25);
	if (s->plot == CANCELLED)
		return CANCEL;
	return TAKE;
}

static enum step take(struct world *w, struct story *s)
{
	const struct account *e = engineer_of(w, s);
	act_as(w, &w->leads[s->client]);
	must(w, "intake", tenant_of(w, s), "TakeHandler", "{%s,\"engineerId\":\"%s\"}", round_json(s), id(e->person));
	later(w, s, 1, 20);
	return CALL;
}

static enum step call(struct world *w, struct story *s)
{
	bool reached = s->calls > 0 || pick(w, 10) > 0;
	act_as(w, engineer_of(w, s));
	must(w, "intake", tenant_of(w, s), "RecordCall", "{%s,\"reached\":%s}", round_json(s),
	        reached ? "true" : "false");
	s->calls++;
	later(w, s, 3, 12);
	if (!reached)
		return CALL;
	return s->plot == BY_PHONE || s->plot == NOT_REACHED ? SOLVE : NEED_VISIT;
}

static enum step solve(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "intake", tenant_of(w, s), "SolveByPhone", "{%s,\"steps\":\"%s\"}", round_json(s),
	        faults[s->fault].phone_steps);
	later(w, s, 60 * 20, 60 * 26);
	return FOLLOW_UP;
}

static enum step need_visit(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "intake", tenant_of(w, s), "NeedVisit", "{%s,\"reason\":\"电话无法解决，需要上门\"}", round_json(s));
	later(w, s, 2, 20);
	return SCHEDULE;
}

static enum step cancel(struct world *w, struct story *s)
{
	act_as(w, &w->leads[s->client]);
	must(w, "intake", tenant_of(w, s), "CancelTicket", "{%s,\"reason\":\"用户来电说已自行解决\"}", round_json(s));
	return END;
}

/* ---- the visit ---- */

/* The first who is suggested and bookable; false: nobody at that time. */
static bool choose_engineer(struct world *w, struct story *s, int64_t arrival)
{
	size_t i;
	json_t *one, *list;
	act_as(w, &w->leads[s->client]);
	json_t *r = must(w, "dispatch", tenant_of(w, s), "SuggestEngineers",
	        "{\"ticketId\":\"%s\",\"arrivalAt\":\"%s\"}", id(s->ticket), drive_time(arrival));
	list = json_object_get(r, "engineers");
	json_array_foreach(list, i, one)
	{
		const char *text = json_string_value(json_object_get(one, "engineerId"));
		if (!json_is_true(json_object_get(one, "bookable")) || !text)
			continue;
		for (size_t e = 0; e < ENGINEERS; e++) {
			if (strcmp(id(w->engineers[e].person), text) == 0) {
				s->engineer = e;
				return true;
			}
		}
	}
	return false;
}

/* Within the day's window: not before 9:15, not after 16:00 local. */
static int64_t open_time(int64_t at)
{
	int64_t day = 24 * 3600 * WB_SECOND_US, local = at + LOCAL_US, of_day = local % day, start = local - of_day;
	if (of_day < 9 * 3600 * WB_SECOND_US + 15 * MINUTE)
		return start + 9 * 3600 * WB_SECOND_US + 15 * MINUTE - LOCAL_US;
	if (of_day > 16 * 3600 * WB_SECOND_US)
		return start + day + 9 * 3600 * WB_SECOND_US + 15 * MINUTE - LOCAL_US;
	return at;
}

static enum step schedule(struct world *w, struct story *s)
{
	int64_t arrival = open_time(s->at + (int64_t)(30 + pick(w, 60)) * MINUTE);
	for (int tries = 0; tries < 12; tries++, arrival = open_time(arrival + 35 * MINUTE)) {
		if (!choose_engineer(w, s, arrival))
			continue;
		act_as(w, &w->leads[s->client]);
		if (!may(w, "dispatch", tenant_of(w, s), "ScheduleVisit",
		            "{%s,\"engineerId\":\"%s\",\"promisedArrivalAt\":\"%s\",\"agreedBy\":\"PHONE\"}",
		            round_json(s), id(engineer_of(w, s)->person), drive_time(arrival)))
			continue;
		s->visit = drive_id(&w->d, "visitId");
		s->visits++;
		later(w, s, 1, 10);
		/* the rest of the way is told from the promise */
		if (s->at < arrival - 25 * MINUTE)
			s->at = arrival - 25 * MINUTE;
		return ACCEPT;
	}
	return END;
}

static enum step accept(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "AcceptAssignment", "{%s}", visit_json(s));
	later(w, s, 1, 6);
	return DEPART;
}

static enum step depart(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "Depart", "{%s}", visit_json(s));
	later(w, s, 6, pick(w, 9) == 0 ? 40 : 16);
	return ARRIVE;
}

static enum step arrive(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "Arrive", "{%s}", visit_json(s));
	later(w, s, 3, 10);
	return DIAGNOSE;
}

static const char *content_of(const struct story *s)
{
	static const char *const names[] = {"SOFTWARE_FAULT", "HARDWARE_FAULT", "NETWORK", "OTHER"};
	return names[faults[s->fault].content];
}

static enum step diagnose(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "DiagnoseVisit", "{%s,\"contents\":[\"%s\"],\"finding\":\"%s\"}",
	        visit_json(s), content_of(s), faults[s->fault].finding);
	later(w, s, 5, 15);
	return s->plot == FORMATTED ? CONSENT : WORK;
}

/* Shown, signed on the engineer's screen, and only then formatted. */
static enum step consent(struct world *w, struct story *s)
{
	const struct contact *p = &client_of(w, s)->contacts[s->contact];
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "ShowFormatStatement",
	        "{%s,\"disk\":\"系统盘\",\"kind\":\"BACKED_UP\",\"storageDevice\":\"用户移动硬盘\"}", visit_json(s));
	s->statement = drive_id(&w->d, "statementId");
	const char *commitment = drive_text(&w->d, "commitment");
	must(w, "dispatch", tenant_of(w, s), "SignFormatConsent",
	        "{%s,\"statementId\":\"%s\",\"commitment\":\"%s\",%s}", visit_json(s), id(s->statement), commitment,
	        signature_json(p));
	later(w, s, 2, 6);
	return FORMAT;
}

static enum step format(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "RecordFormat", "{%s,\"disk\":\"系统盘\"}", visit_json(s));
	later(w, s, 20, 40);
	return WORK;
}

static enum step work(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "RecordWork", "{%s,\"steps\":\"%s\"}", visit_json(s),
	        faults[s->fault].work);
	later(w, s, 3, 10);
	return FILL;
}

static bool takes_back(const struct story *s)
{
	return s->plot == TAKEN_BACK && s->visits == 1;
}

static enum step fill(struct world *w, struct story *s)
{
	const struct contact *p = &client_of(w, s)->contacts[s->contact];
	act_as(w, engineer_of(w, s));
	if (takes_back(s)) {
		must(w, "dispatch", tenant_of(w, s), "TakeCustody",
		        "{%s,\"what\":\"主机一台\",\"diskIncluded\":false,%s}", visit_json(s), signature_json(p));
		s->custody = drive_id(&w->d, "custodyId");
	}
	must(w, "dispatch", tenant_of(w, s), "FillForm",
	        "{%s,\"contents\":[\"%s\"],\"inWarranty\":%s,\"chargeable\":false,\"solution\":\"%s\",\"result\":\"%"
	        "s\"}",
	        visit_json(s), content_of(s), pick(w, 2) ? "true" : "false", faults[s->fault].solution,
	        takes_back(s) ? "TAKEN_BACK" : "FIXED");
	later(w, s, 2, 5);
	return SIGN;
}

static enum step sign(struct world *w, struct story *s)
{
	static const char *const grades[] = {"VERY_SATISFIED", "SATISFIED", "SATISFIED", "VERY_SATISFIED", "AVERAGE"};
	const struct contact *p = &client_of(w, s)->contacts[s->contact];
	bool angry = s->plot == UNSATISFIED && s->round == 1;
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "ShowForm", "{%s}", visit_json(s));
	const char *commitment = drive_text(&w->d, "commitment");
	must(w, "dispatch", tenant_of(w, s), "SignForm",
	        "{%s,\"commitment\":\"%s\",%s,\"grade\":\"%s\",\"opinions\":\"%s\"}", visit_json(s), commitment,
	        signature_json(p), angry ? "DISSATISFIED" : grades[pick(w, COUNT(grades))],
	        angry ? complaints[pick(w, COUNT(complaints))] : opinions[pick(w, COUNT(opinions))]);
	later(w, s, 1, 3);
	return LEAVE;
}

static enum step leave(struct world *w, struct story *s)
{
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "LeaveVisit", "{%s}", visit_json(s));
	if (takes_back(s)) {
		later(w, s, 60 * 20, 60 * 23);
		return RETURN_DEVICE;
	}
	if (s->plot == UNSATISFIED && s->round == 1) {
		later(w, s, 60, 180);
		return ANALYSE;
	}
	later(w, s, 60 * 18, 60 * 26);
	return FOLLOW_UP;
}

static enum step return_device(struct world *w, struct story *s)
{
	const struct contact *p = &client_of(w, s)->contacts[s->contact];
	act_as(w, engineer_of(w, s));
	must(w, "dispatch", tenant_of(w, s), "ReturnCustody", "{%s,\"custodyId\":\"%s\",%s}", visit_json(s),
	        id(s->custody), signature_json(p));
	later(w, s, 60 * 18, 60 * 26);
	return FOLLOW_UP;
}

/* ---- after the visit ---- */

static enum step analyse(struct world *w, struct story *s)
{
	act_as(w, &w->leads[s->client]);
	must(w, "survey", tenant_of(w, s), "AnalyseCause",
	        "{%s,\"cause\":\"首次上门未发现根本原因\",\"remedy\":\"更换备件后再次上门\"}", round_json(s));
	s->round++;
	later(w, s, 5, 15);
	return SCHEDULE;
}

static enum step follow_up(struct world *w, struct story *s)
{
	static const char *const grades[] = {"VERY_SATISFIED", "SATISFIED", "SATISFIED"};
	int64_t when = open_time(s->at);
	if (when > s->at + MINUTE) {
		s->at = when;
		return FOLLOW_UP;
	}
	act_as(w, &w->manager); /* never by who made the visit */
	if (s->plot == NOT_REACHED) {
		must(w, "survey", tenant_of(w, s), "RecordFollowUpAttempt", "{%s,\"note\":\"无人接听\"}",
		        round_json(s));
		if (drive_event(&w->d, "FollowUpNotReached"))
			return END;
		later(w, s, 60 * 11, 60 * 13);
		return FOLLOW_UP;
	}
	must(w, "survey", tenant_of(w, s), "RecordFollowUp",
	        "{%s,\"quality\":\"%s\",\"conformity\":\"SATISFIED\",\"progress\":\"%s\",\"attitude\":\"VERY_"
	        "SATISFIED\","
	        "\"record\":\"%s\"}",
	        round_json(s), grades[pick(w, COUNT(grades))], grades[pick(w, COUNT(grades))],
	        opinions[pick(w, COUNT(opinions))]);
	return END;
}

static enum step act(struct world *w, struct story *s)
{
	static enum step (*const steps[END])(struct world * w, struct story * s) = {[REPORT] = report,
	        [TAKE] = take,
	        [CALL] = call,
	        [SOLVE] = solve,
	        [NEED_VISIT] = need_visit,
	        [SCHEDULE] = schedule,
	        [ACCEPT] = accept,
	        [DEPART] = depart,
	        [ARRIVE] = arrive,
	        [DIAGNOSE] = diagnose,
	        [CONSENT] = consent,
	        [FORMAT] = format,
	        [WORK] = work,
	        [FILL] = fill,
	        [SIGN] = sign,
	        [LEAVE] = leave,
	        [RETURN_DEVICE] = return_device,
	        [ANALYSE] = analyse,
	        [FOLLOW_UP] = follow_up,
	        [CANCEL] = cancel};
	return steps[s->step](w, s);
}

/* ---- the agenda ---- */

static const enum plot plots[] = {BY_PHONE, BY_PHONE, BY_PHONE, ON_SITE, ON_SITE, ON_SITE, ON_SITE, FORMATTED,
        FORMATTED, TAKEN_BACK, UNSATISFIED, NOT_REACHED, CANCELLED, CHARGEABLE, BY_CLIENT};

static void plan(struct agenda *a, int64_t at)
{
	struct world *w = a->w;
	struct story *s = &a->all[a->n];
	if (a->n == STORIES_MAX)
		return;
	a->n++;
	*s = (struct story){.plot = plots[pick(w, COUNT(plots))], .at = at, .client = pick(w, 3) == 0};
	const struct client *cl = client_of(w, s);
	do {
		s->device = pick(w, (uint32_t)cl->n_devices);
	} while (cl->devices[s->device].secret || cl->devices[s->device].excluded != (s->plot == CHARGEABLE));
	s->contact = s->plot == BY_CLIENT ? 0 : cl->devices[s->device].user;
	do {
		s->fault = pick(w, COUNT(faults));
	} while ((s->plot == FORMATTED && s->fault > 1) || (s->plot == TAKEN_BACK && faults[s->fault].content != 1));
	s->engineer = cl->first_engineer + 1 + pick(w, 2);
}

struct agenda *agenda_new(struct world *w, int64_t from_us, int64_t until_us)
{
	const int64_t day = 24 * 3600 * WB_SECOND_US;
	struct agenda *a = calloc(1, sizeof *a); /* the program's life */
	if (!a)
		return NULL;
	a->w = w;
	for (int64_t d = from_us - (from_us + LOCAL_US) % day; d < until_us; d += day)
		for (uint32_t n = 2 + pick(w, 4); n > 0; n--) {
			int64_t at = d + 9 * 3600 * WB_SECOND_US + (int64_t)pick(w, 7 * 3600) * WB_SECOND_US;
			if (at > from_us && at < until_us)
				plan(a, at);
		}
	return a;
}

void agenda_play(struct agenda *a, int64_t until_us)
{
	for (;;) {
		struct story *next = NULL;
		for (size_t i = 0; i < a->n; i++)
			if (a->all[i].step != END && (!next || a->all[i].at < next->at))
				next = &a->all[i];
		if (!next || next->at >= until_us)
			break;
		int64_t now = simcell_now(a->w->cell);
		if (next->at > now)
			simcell_advance(a->w->cell, next->at - now);
		if (a->before_step)
			a->before_step(a->before_step_ctx);
		next->step = act(a->w, next);
	}
	if (until_us > simcell_now(a->w->cell))
		simcell_advance(a->w->cell, until_us - simcell_now(a->w->cell));
}

void agenda_before_step(struct agenda *a, void (*fn)(void *ctx), void *ctx)
{
	a->before_step = fn;
	a->before_step_ctx = ctx;
}

size_t agenda_stories(const struct agenda *a)
{
	return a->n;
}

void agenda_free(struct agenda *a)
{
	free(a);
}
