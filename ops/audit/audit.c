/* weibao-audit: see audit.h. */
#include "ops/audit/audit.h"
#include "services/dispatch/dispatch.h"
#include "services/identity/identity.h"
#include "services/intake/intake.h"
#include "services/reporting/reporting.h"
#include "services/sla-timer/sla-timer.h"
#include "services/survey/survey.h"

#include <stdio.h>
#include <string.h>

static const struct wb_service *service_of(const char *name)
{
	static const struct wb_service *const all[] = {&wb_intake_service, &wb_dispatch_service, &wb_sla_timer_service,
	        &wb_survey_service, &wb_reporting_service, &wb_identity_service};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strcmp(all[i]->name, name) == 0)
			return all[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct audit_options o;
	struct audit_source *s;
	if (!audit_options_read(argc, argv, &o)) {
		audit_usage(argv[0]);
		return AUDIT_USAGE;
	}
	if (o.help) {
		audit_usage(argv[0]);
		return AUDIT_FINE;
	}
	const struct wb_service *service = o.service ? service_of(o.service) : NULL;
	if (o.service && !service) {
		(void)fprintf(stderr, "weibao-audit: there is no service %s\n", o.service);
		return AUDIT_USAGE;
	}
	enum wb_err err = audit_source_open(&o, &s);
	if (err) {
		(void)fprintf(
		        stderr, "weibao-audit: %s cannot be opened: %s\n", o.bus ? o.bus : o.log, wb_err_text(err));
		return AUDIT_UNREACHABLE;
	}
	int status = service                            ? audit_replay(s, &o, service)
	             : strcmp(o.command, "verify") == 0 ? audit_verify(s, &o)
	                                                : audit_show(s, &o);
	audit_source_close(s);
	return status;
}
