/* Identity: accounts, roles and grants, sign-in. See README.md. What the rooms share. */
#ifndef WB_IDENTITY_H
#define WB_IDENTITY_H
#include "service/effects.h"
#include "service/service.h"

extern const struct wb_service wb_identity_service;

#define IDENTITY_SESSION_US (12 * WB_HOUR_US)
#define IDENTITY_IDLE_US (30 * WB_MINUTE_US)
#define IDENTITY_RESET_US (7 * WB_DAY_US)
#define IDENTITY_LOCK_AFTER 5u
#define IDENTITY_LOCK_US (15 * WB_MINUTE_US)
#define IDENTITY_RECOVERY_CODES 10u
#define IDENTITY_SESSION_PREFIX "wbs_"
#define IDENTITY_TOKEN_PREFIX "wbt_"

/* Anyone signed in. */
#define IDENTITY_ANYONE                                                                                                \
	(WB_STAFF | WB_ROLE(ENGINEER) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(USER) | WB_ROLE(AUDITOR) | \
	        WB_ROLE(ADMINISTRATOR))

extern const struct wb_command_def identity_commands[];
extern const size_t identity_commands_n;
extern const struct wb_query_def identity_queries[];
extern const size_t identity_queries_n;
extern const struct wb_evolve_def identity_evolve[];
extern const size_t identity_evolve_n;
extern const struct wb_effects identity_effects;
#endif
