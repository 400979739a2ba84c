/* Intake as a value. */
#include "services/intake/files.h"
#include "services/intake/intake.h"
#include "services/intake/tables.h"
#include "weibao/v1/intake_commands.pb-c.h"
#include "weibao/v1/intake_queries.pb-c.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const struct wb_table *const tables[] = {
#define X(name) &intake_##name##_table,
        INTAKE_TABLES(X) INTAKE_FILE_TABLES(X)
#undef X
};

#define STAFF WB_STAFF
#define ENGINEER WB_ROLE(ENGINEER)
#define ADMIN WB_ROLE(ADMINISTRATOR)
#define CHIEF (WB_ROLE(PRINCIPAL) | WB_ROLE(MANAGER))
#define LINK WB_ROLE(LINK)
#define C(message, name, roles, tenant)                                                                                \
	{                                                                                                              \
		&weibao__v1__##message##__descriptor, intake_##name##_turns, intake_##name, roles, WB_TENANT_##tenant  \
	}
static const struct wb_command_def commands[] = {
#define X(name, roles) C(name, name, roles, CLIENT),
        INTAKE_FILE_DECISIONS(X)
#undef X
                C(open_tenant, open_tenant, CHIEF | ADMIN, CLIENT),
        C(rename_tenant, rename_tenant, CHIEF | ADMIN, CLIENT),
        C(save_contract, save_contract, CHIEF, CLIENT),
        C(add_category, add_category, STAFF, CLIENT),
        C(retire_category, retire_category, STAFF, CLIENT),
        C(register_office, register_office, STAFF, CLIENT),
        C(change_office, change_office, STAFF, CLIENT),
        C(merge_offices, merge_offices, STAFF, CLIENT),
        C(close_office, close_office, STAFF, CLIENT),
        C(register_contact, register_contact, STAFF, CLIENT),
        C(change_contact, change_contact, STAFF, CLIENT),
        C(merge_contacts, merge_contacts, STAFF, CLIENT),
        C(leave_contact, leave_contact, STAFF, CLIENT),
        C(register_device, register_device, STAFF, CLIENT),
        C(change_device, change_device, STAFF, CLIENT),
        C(move_device, move_device, STAFF, CLIENT),
        C(change_device_user, change_device_user, STAFF, CLIENT),
        C(replace_device_serial, replace_device_serial, STAFF, CLIENT),
        C(retire_device, retire_device, STAFF, CLIENT),
        C(reinstate_device, reinstate_device, STAFF, CLIENT),
        C(merge_devices, merge_devices, STAFF, CLIENT),
        C(report_fault, report_fault, STAFF, CLIENT),
        C(report_fault_as_client, report_as_client, INTAKE_CLIENT | LINK, CLIENT),
        C(verify_report, verify_report, STAFF, CLIENT),
        C(correct_category, correct_category, STAFF | ENGINEER, CLIENT),
        C(change_urgency, change_urgency, STAFF, CLIENT),
        C(correct_device, correct_device, STAFF | ENGINEER, CLIENT),
        C(take_handler, take_handler, STAFF | ENGINEER, CLIENT),
        C(record_call, record_call, STAFF | ENGINEER, CLIENT),
        C(solve_by_phone, solve_by_phone, STAFF | ENGINEER, CLIENT),
        C(confirm_phone_solution, confirm_phone_solution, STAFF | INTAKE_CLIENT | LINK, CLIENT),
        C(need_visit, need_visit, STAFF | ENGINEER, CLIENT),
        C(add_note, add_note, STAFF | ENGINEER | INTAKE_CLIENT, CLIENT),
        C(cancel_ticket, cancel_ticket, STAFF | INTAKE_CLIENT, CLIENT),
        C(link_ticket, link_ticket, STAFF, CLIENT),
        C(reopen_ticket, reopen_ticket, STAFF | INTAKE_CLIENT, CLIENT),
        C(close_ticket, close_ticket, WB_SYSTEM | WB_ROLE(PRINCIPAL), CLIENT),
        C(start_round, start_round, WB_SYSTEM, CLIENT),
        C(make_complaint, make_complaint, STAFF | INTAKE_CLIENT | LINK, CLIENT),
        C(answer_complaint, answer_complaint, CHIEF, CLIENT),
        C(close_complaint, close_complaint, CHIEF | INTAKE_CLIENT, CLIENT),
        C(note_complaint_handling, note_complaint_handling, CHIEF, PROVIDER),
        C(open_violation_complaint, open_violation_complaint, WB_SYSTEM, CLIENT),
};
#undef C

/* Who reads a client unit's records: those that serve it, its representatives, the auditor. */
#define READERS (STAFF | ENGINEER | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))
#define USERS WB_ROLE(USER)
#define COMPLAINT_READERS (STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(USER) | WB_ROLE(AUDITOR))
#define Q(name, roles, tenant)                                                                                         \
	{                                                                                                              \
		&weibao__v1__##name##__descriptor, intake_##name, roles, WB_TENANT_##tenant                            \
	}
static const struct wb_query_def queries[] = {
#define X(name, roles) Q(name, roles, CLIENT),
        INTAKE_FILE_QUERIES(X)
#undef X
                Q(get_tenant, READERS | USERS | ADMIN, CLIENT),
        Q(list_tenants, STAFF | ENGINEER | ADMIN | WB_ROLE(AUDITOR), PROVIDER),
        Q(get_contract, STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR), CLIENT),
        Q(list_categories, READERS | USERS | LINK, CLIENT),
        Q(list_offices, READERS | USERS, CLIENT),
        Q(get_office, READERS | USERS, CLIENT),
        Q(list_contacts, READERS, CLIENT),
        Q(get_contact, READERS | USERS, CLIENT),
        Q(list_devices, READERS, CLIENT),
        Q(get_device, READERS, CLIENT),
        Q(get_device_label, LINK, CLIENT),
        Q(get_ticket_state, READERS | USERS | LINK, CLIENT),
        Q(list_duplicates, STAFF, CLIENT),
        Q(list_complaints, COMPLAINT_READERS, CLIENT),
        Q(get_complaint, COMPLAINT_READERS, CLIENT),
        Q(list_complaint_handling, CHIEF | WB_ROLE(AUDITOR), PROVIDER),
};
#undef Q

static const struct wb_evolve_def evolve[] = {
#define X(type, name) {#type, intake_on_##name},
        INTAKE_FOLDS(X) INTAKE_FILE_FOLDS(X)
#undef X
};

static const struct wb_todo_def todos[] = {
#define X(name) {#name, intake_act_##name},
        INTAKE_FILE_TODOS(X)
#undef X
};

const struct wb_service wb_intake_service = {
        .name = "intake",
        .fold_version = WB_FOLD_VERSION,
        .tables = tables,
        .n_tables = COUNT(tables),
        .commands = commands,
        .n_commands = COUNT(commands),
        .queries = queries,
        .n_queries = COUNT(queries),
        .evolve = evolve,
        .n_evolve = COUNT(evolve),
        .todos = todos,
        .n_todos = COUNT(todos),
        .cache = &intake_files_cache,
        .effects = &intake_files_effects,
};
