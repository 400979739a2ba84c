/*
 * Refusals: every business «no» of the product, in one list a service (proto/refusals/<service>.def).
 *
 * A refusal is data (law 11): a stable code, an HTTP status, whether it is final (no later state of the world can
 * lift it, so that a to-do ends instead of trying again), and a message in both languages that says what to do.
 * {name} in a message is replaced by the refusal's argument of that name; arguments are never personal data.
 * The gateway renders the messages, services only name the code.
 */
#ifndef WB_PROTO_REFUSALS_H
#define WB_PROTO_REFUSALS_H
#include <stdbool.h>
#include <stddef.h>

enum wb_refusal {
#define R(code, status, final, zh, en) WB_##code,
#include "proto/refusals/all.def"
#undef R
	WB_REFUSAL_COUNT
};

struct wb_refusal_text {
	const char *code; /* "TICKET_NOT_OPEN" */
	int status;       /* HTTP */
	bool final;
	const char *zh, *en;
};

/* The text of a refusal; never NULL for a member of the enum. */
const struct wb_refusal_text *wb_refusal_text(enum wb_refusal r);
/* By its code; NULL if there is none. */
const struct wb_refusal_text *wb_refusal_find(const char *code);
#endif
