/*
 * Driving a cell in one process by JSON, as the gateway would: a command or query by its message's name and its JSON
 * body, as somebody. The demo and the flow tests speak this way; nothing here bypasses a decision.
 *
 *	struct drive d; drive_init(&d, cell);
 *	drive_as(&d, "PRINCIPAL|HOTLINE", account, person);
 *	json_t *r = drive_do(&d, "intake", "acme", "ReportFault", "{\"symptom\": \"…\"}");
 *	drive_id(&d, "ticketId")   // from the events of the last answer
 *
 * One thread. What drive_do returns is the drive's until the next call.
 */
#ifndef WB_SIMCELL_DRIVE_H
#define WB_SIMCELL_DRIVE_H
#include "ops/simcell/simcell.h"
#include "weibao/v1/bus.pb-c.h"
#include <jansson.h>

struct drive {
	struct simcell *cell;
	struct wb_arena arena; /* of one call */
	uint32_t roles;        /* bits */
	struct wb_id account, person, session;
	const char *home;         /* tenant of the account */
	const char *link_purpose; /* ROLE_LINK */
	struct wb_id link_id;
	uint32_t link_round;
	struct wb_id command_id; /* of the last command; set next_id to repeat one */
	bool has_next_id;
	struct wb_id next_id;
	/* the last answer */
	char code[64];  /* refusal, ALREADY_SO, or "" */
	char path[128]; /* of the field concerned, or "" */
	json_t *answer; /* events of a command, or a query's answer; NULL when refused */
	uint64_t position, version;
};

void drive_init(struct drive *d, struct simcell *cell);
void drive_done(struct drive *d);
/* Who acts from now on. roles: "HOTLINE|ENGINEER". */
void drive_as(struct drive *d, const char *roles, const char *home, struct wb_id account, struct wb_id person);
void drive_as_link(struct drive *d, const char *purpose, struct wb_id id, uint32_t round);
/* Sends; waits up to 30 s of virtual time. body is JSON made by printf; a query's too. Returns the answer or NULL
 * (refused: code is set; not answered: code is "NO_ANSWER"; body not valid: code is the JSON reason and path says
 * where). */
json_t *drive_do(struct drive *d, const char *service, const char *tenant, const char *message, const char *body, ...)
        __attribute__((format(printf, 5, 6)));
/* The same, repeating with the same id while the answer is BUSY (a killed service …), up to tries times. */
json_t *drive_retry(struct drive *d, unsigned tries, const char *service, const char *tenant, const char *message,
        const char *body, ...) __attribute__((format(printf, 6, 7)));
/* The data of the first event of that type in the last answer; NULL: none. */
json_t *drive_event(struct drive *d, const char *type);
/* An id, or a text, found by its name in the data of the last answer's events (first that has it). Zero, or "". */
struct wb_id drive_id(struct drive *d, const char *name);
const char *drive_text(struct drive *d, const char *name);
/* UUID text of an id; valid until eight more calls. */
const char *drive_uuid(struct wb_id id);
/* RFC 3339 text of an instant; valid until eight more calls. */
const char *drive_time(int64_t us);
#endif
