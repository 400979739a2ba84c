#include "unit/dispatch_onsite_kit.h"

#include <stdio.h>
#include <string.h>

void site_open(struct kit *k, const char *tenant, const char *name, struct site *ret)
{
	memset(ret, 0, sizeof *ret);
	ret->tenant = tenant;
	ret->round = 1;
	ret->ticket = kit_ticket(k, tenant, name, "site A");
	kit_schedule(k, tenant, ret->ticket, k->engineers[0], bed_now(k->b) + WB_HOUR_US);
	took(k);
	ret->visit = k->visit;
	bed_pass(k->b, WB_HOUR_US);
	kit_arrive(k, tenant, ret->ticket, ret->visit);
	took(k);
}

Weibao__V1__Personal *site_nonce(struct kit *k)
{
	static unsigned n;
	char hex[65];
	(void)snprintf(hex, sizeof hex, "%064x", ++n);
	return bed_personal(k->b, hex);
}

void site_show(struct kit *k, struct site *s, const char *disk, Weibao__V1__StatementKind kind)
{
	MSG(ShowFormatStatement, c, WEIBAO__V1__SHOW_FORMAT_STATEMENT__INIT);
	SITE_OF(k, c, s);
	c.disk = (char *)(uintptr_t)disk;
	c.kind = kind;
	if (kind == WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_BACKED_UP)
		c.storage_device = bed_personal(k->b, "USB disk");
	if (kind == WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_UNREADABLE)
		c.tried = bed_personal(k->b, "another cable");
	c.nonce = site_nonce(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	if (bed_refusal(k->b))
		return;
	const Weibao__V1__FormatStatementShown *e = (const Weibao__V1__FormatStatementShown *)bed_event(k->b, 0);
	s->statement = wb_id_of_field(e->statement_id);
	s->commitment = e->commitment;
}

void site_sign(struct kit *k, struct site *s)
{
	MSG(SignFormatConsent, c, WEIBAO__V1__SIGN_FORMAT_CONSENT__INIT);
	SITE_OF(k, c, s);
	c.statement_id = FIELD(k, s->statement);
	c.commitment = s->commitment;
	c.signature = site_given(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	if (!bed_refusal(k->b))
		s->consent = wb_id_of_field(((const Weibao__V1__FormatConsentSigned *)bed_event(k->b, 0))->consent_id);
}

void site_format(struct kit *k, struct site *s, const char *disk)
{
	MSG(RecordFormat, c, WEIBAO__V1__RECORD_FORMAT__INIT);
	SITE_OF(k, c, s);
	c.disk = (char *)(uintptr_t)disk;
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
}

void site_form(struct kit *k, struct site *s, Weibao__V1__VisitResult result)
{
	kit_form(k, s->tenant, s->ticket, s->visit, result);
}

void site_sign_form(struct kit *k, struct site *s)
{
	MSG(ShowForm, show, WEIBAO__V1__SHOW_FORM__INIT);
	MSG(SignForm, c, WEIBAO__V1__SIGN_FORM__INIT);
	SITE_OF(k, show, s);
	show.nonce = site_nonce(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &show.base);
	THEN_EVENT(k->b, 0, "FormShown");
	SITE_OF(k, c, s);
	c.commitment = ((const Weibao__V1__FormShown *)bed_event(k->b, 0))->commitment;
	c.signature = site_given(k);
	c.has_grade = true;
	c.grade = WEIBAO__V1__GRADE__GRADE_SATISFIED;
	c.opinions = bed_personal(k->b, "quick");
	bed_when(k->b, s->tenant, &c.base);
}

Weibao__V1__SignatureInput *site_given(struct kit *k)
{
	Weibao__V1__SignatureInput *g = WB_ARENA_NEW(bed_arena(k->b), Weibao__V1__SignatureInput);
	weibao__v1__signature_input__init(g);
	g->kind = WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_SCREEN;
	g->signer_name = bed_personal(k->b, "Sun");
	g->has_signer_id = true;
	g->signer_id = FIELD(k, bed_id("user"));
	g->relation = "self";
	return g;
}

struct wb_id site_take(struct kit *k, struct site *s, const char *what)
{
	MSG(TakeCustody, c, WEIBAO__V1__TAKE_CUSTODY__INIT);
	SITE_OF(k, c, s);
	c.what = (char *)(uintptr_t)what;
	c.signature = site_given(k);
	c.nonce = site_nonce(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	if (bed_refusal(k->b))
		return (struct wb_id){{0}};
	return wb_id_of_field(((const Weibao__V1__CustodyTaken *)bed_event(k->b, 0))->custody_id);
}

void site_return(struct kit *k, struct site *s, struct wb_id custody)
{
	MSG(ReturnCustody, c, WEIBAO__V1__RETURN_CUSTODY__INIT);
	SITE_OF(k, c, s);
	c.custody_id = FIELD(k, custody);
	c.signature = site_given(k);
	c.nonce = site_nonce(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
}
