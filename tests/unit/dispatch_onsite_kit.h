/* What happens on site, as commands of their people. */
#ifndef WB_TESTS_DISPATCH_ONSITE_KIT_H
#define WB_TESTS_DISPATCH_ONSITE_KIT_H
#include "unit/dispatch_kit.h"

#include "services/dispatch/onsite.h"

/* A ticket with an engineer on site: in ret->ticket and k->visit. */
struct site {
	const char *tenant;
	struct wb_id ticket, visit, statement, consent;
	uint32_t round;
	ProtobufCBinaryData commitment; /* of what was shown last */
};
void site_open(struct kit *k, const char *tenant, const char *name, struct site *ret);
/* The engineer shows; statement and commitment are kept where it was taken. */
void site_show(struct kit *k, struct site *s, const char *disk, Weibao__V1__StatementKind kind);
/* The user signs on the engineer's screen; the consent is kept. */
void site_sign(struct kit *k, struct site *s);
void site_format(struct kit *k, struct site *s, const char *disk);
void site_form(struct kit *k, struct site *s, Weibao__V1__VisitResult result);
/* Shows and signs the form on the screen. */
void site_sign_form(struct kit *k, struct site *s);
/* A signature on the engineer's screen by the direct user. */
Weibao__V1__SignatureInput *site_given(struct kit *k);
/* A fresh nonce: in a bed no effect makes one. */
Weibao__V1__Personal *site_nonce(struct kit *k);
struct wb_id site_take(struct kit *k, struct site *s, const char *what);
void site_return(struct kit *k, struct site *s, struct wb_id custody);

#define SITE_OF(k, c, s)                                                                                               \
	do {                                                                                                           \
		(c).ticket_id = FIELD(k, (s)->ticket);                                                                 \
		(c).round = (s)->round;                                                                                \
		(c).visit_id = FIELD(k, (s)->visit);                                                                   \
	} while (0)
#endif
