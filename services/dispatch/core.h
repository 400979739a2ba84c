/* The core's commands, queries, fold and to-dos, put together in service.c. */
#ifndef WB_DISPATCH_CORE_H
#define WB_DISPATCH_CORE_H
#include "services/dispatch/dispatch.h"

#define DECIDE(name)                                                                                                   \
	void dp_turns_##name(struct wb_turns *t, const char *tenant, const void *command);                             \
	void dp_decide_##name(struct wb_decision *d, const void *command);
DECIDE(register_engineer)
DECIDE(change_engineer)
DECIDE(add_certification)
DECIDE(remove_certification)
DECIDE(induct_engineer)
DECIDE(save_shifts)
DECIDE(shifts_ready)
DECIDE(add_leave)
DECIDE(cancel_leave)
DECIDE(leave_company)
DECIDE(form_team)
DECIDE(add_team_member)
DECIDE(remove_team_member)
DECIDE(assign_team)
DECIDE(name_secret_engineer)
DECIDE(schedule_visit)
DECIDE(assign_further_engineer)
DECIDE(transfer_visit)
DECIDE(accept_assignment)
DECIDE(decline_assignment)
DECIDE(move_visit)
DECIDE(confirm_visit)
DECIDE(ask_move)
DECIDE(cancel_visit)
DECIDE(depart)
DECIDE(arrive)
DECIDE(diagnose_visit)
DECIDE(record_work)
DECIDE(fill_form)
DECIDE(leave_visit)
#undef DECIDE

#define DP_COMMAND(name, roles, tenant)                                                                                \
	{&weibao__v1__##name##__descriptor, dp_turns_##name, dp_decide_##name, roles, WB_TENANT_##tenant},
/* An offline fact: held where it no longer fits (decide_held.c). */
#define DP_FACT(name, roles, tenant)                                                                                   \
	{&weibao__v1__##name##__descriptor, dp_turns_##name, dp_fact_##name, roles, WB_TENANT_##tenant},
#define DP_MANAGERS (WB_ROLE(PRINCIPAL) | WB_ROLE(MANAGER))
#define DP_VISIT_USER (WB_STAFF | WB_ROLE(USER) | WB_ROLE(LINK) | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY))
#define DISPATCH_CORE_COMMANDS                                                                                         \
	DP_COMMAND(register_engineer, DP_MANAGERS, PROVIDER)                                                           \
	DP_COMMAND(change_engineer, DP_MANAGERS, PROVIDER)                                                             \
	DP_COMMAND(add_certification, DP_MANAGERS, PROVIDER)                                                           \
	DP_COMMAND(remove_certification, DP_MANAGERS, PROVIDER)                                                        \
	DP_COMMAND(induct_engineer, DP_MANAGERS, PROVIDER)                                                             \
	DP_COMMAND(save_shifts, WB_STAFF, PROVIDER)                                                                    \
	DP_COMMAND(shifts_ready, WB_SYSTEM, PROVIDER)                                                                  \
	DP_COMMAND(add_leave, WB_STAFF, PROVIDER)                                                                      \
	DP_COMMAND(cancel_leave, WB_STAFF, PROVIDER)                                                                   \
	DP_COMMAND(leave_company, DP_MANAGERS, PROVIDER)                                                               \
	DP_COMMAND(form_team, DP_MANAGERS, PROVIDER)                                                                   \
	DP_COMMAND(add_team_member, DP_MANAGERS, PROVIDER)                                                             \
	DP_COMMAND(remove_team_member, DP_MANAGERS, PROVIDER)                                                          \
	DP_COMMAND(assign_team, DP_MANAGERS, CLIENT)                                                                   \
	DP_COMMAND(name_secret_engineer, WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY), CLIENT)                            \
	DP_COMMAND(schedule_visit, WB_STAFF, CLIENT)                                                                   \
	DP_COMMAND(assign_further_engineer, WB_STAFF, CLIENT)                                                          \
	DP_COMMAND(transfer_visit, WB_STAFF, CLIENT)                                                                   \
	DP_COMMAND(accept_assignment, WB_ROLE(ENGINEER), CLIENT)                                                       \
	DP_COMMAND(decline_assignment, WB_ROLE(ENGINEER), CLIENT)                                                      \
	DP_COMMAND(move_visit, WB_STAFF, CLIENT)                                                                       \
	DP_COMMAND(confirm_visit, DP_VISIT_USER, CLIENT)                                                               \
	DP_COMMAND(ask_move, DP_VISIT_USER, CLIENT)                                                                    \
	DP_COMMAND(cancel_visit, WB_STAFF | WB_SYSTEM, CLIENT)                                                         \
	DP_FACT(depart, WB_ROLE(ENGINEER), CLIENT)                                                                     \
	DP_FACT(arrive, WB_ROLE(ENGINEER), CLIENT)                                                                     \
	DP_FACT(diagnose_visit, WB_ROLE(ENGINEER), CLIENT)                                                             \
	DP_FACT(record_work, WB_ROLE(ENGINEER), CLIENT)                                                                \
	DP_FACT(fill_form, WB_ROLE(ENGINEER), CLIENT)                                                                  \
	DP_FACT(leave_visit, WB_ROLE(ENGINEER), CLIENT)

#define ANSWER(name) void dp_answer_##name(struct wb_query *q, const void *request);
ANSWER(list_engineers)
ANSWER(get_engineer)
ANSWER(list_teams)
ANSWER(list_client_engineers)
ANSWER(suggest_engineers)
ANSWER(engineer_day)
ANSWER(my_visits)
ANSWER(get_visit)
ANSWER(list_ticket_visits)
ANSWER(list_open_visits)
#undef ANSWER
/* Whether the caller may read this visit: staff of the client unit and its representative all; an engineer their own
 * and those of a team that they are in; a user their own tickets'; a link its own. visit may be NULL. */
bool dp_visit_readable(struct wb_query *q, const Ticket *t, const Visit *v);
#define DP_QUERY(name, roles, tenant) {&weibao__v1__##name##__descriptor, dp_answer_##name, roles, WB_TENANT_##tenant},
#define DP_PROVIDER_READERS (WB_STAFF | WB_ROLE(AUDITOR))
#define DP_TENANT_READERS (WB_STAFF | WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(AUDITOR))
#define DISPATCH_CORE_QUERIES                                                                                          \
	DP_QUERY(list_engineers, DP_PROVIDER_READERS, PROVIDER)                                                        \
	DP_QUERY(get_engineer, DP_PROVIDER_READERS | WB_ROLE(ENGINEER), PROVIDER)                                      \
	DP_QUERY(list_teams, DP_PROVIDER_READERS | WB_ROLE(ENGINEER), PROVIDER)                                        \
	DP_QUERY(list_client_engineers, DP_TENANT_READERS | WB_ROLE(ENGINEER) | WB_ROLE(USER), CLIENT)                 \
	DP_QUERY(suggest_engineers, WB_STAFF, CLIENT)                                                                  \
	DP_QUERY(engineer_day, WB_STAFF | WB_ROLE(ENGINEER), ANY)                                                      \
	DP_QUERY(my_visits, WB_ROLE(ENGINEER) | DP_MANAGERS, PROVIDER)                                                 \
	DP_QUERY(get_visit, DP_TENANT_READERS | WB_ROLE(ENGINEER) | WB_ROLE(USER) | WB_ROLE(LINK), CLIENT)             \
	DP_QUERY(list_ticket_visits, DP_TENANT_READERS | WB_ROLE(ENGINEER) | WB_ROLE(USER), CLIENT)                    \
	DP_QUERY(list_open_visits, DP_TENANT_READERS | WB_ROLE(ENGINEER), CLIENT)

#define FOLD(name) void dp_fold_##name(struct wb_fold *f, const struct wb_event *ev, const void *payload);
#define DISPATCH_CORE_EVENTS(X)                                                                                        \
	X(EngineerRegistered, engineer_registered)                                                                     \
	X(EngineerChanged, engineer_changed)                                                                           \
	X(CertificationAdded, certification_added)                                                                     \
	X(CertificationRemoved, certification_removed)                                                                 \
	X(EngineerInducted, engineer_inducted)                                                                         \
	X(ShiftsSaved, shifts_saved)                                                                                   \
	X(LeaveAdded, leave_added)                                                                                     \
	X(LeaveCancelled, leave_cancelled)                                                                             \
	X(EngineerLeft, engineer_left)                                                                                 \
	X(TeamFormed, team_formed)                                                                                     \
	X(TeamMemberAdded, team_member_added)                                                                          \
	X(TeamMemberRemoved, team_member_removed)                                                                      \
	X(TeamAssigned, team_assigned)                                                                                 \
	X(SecretEngineerNamed, secret_engineer_named)                                                                  \
	X(CategoryAdded, category_added)                                                                               \
	X(TicketReported, ticket_reported)                                                                             \
	X(TicketLinked, ticket_linked)                                                                                 \
	X(TicketCategoryCorrected, ticket_category)                                                                    \
	X(TicketUrgencyChanged, ticket_urgency)                                                                        \
	X(TicketDeviceCorrected, ticket_device)                                                                        \
	X(HandlerTaken, handler_taken)                                                                                 \
	X(VisitNeeded, visit_needed)                                                                                   \
	X(PhoneSolved, phone_solved)                                                                                   \
	X(TicketCancelled, ticket_cancelled)                                                                           \
	X(TicketClosed, ticket_closed)                                                                                 \
	X(RoundStarted, round_started)                                                                                 \
	X(VisitScheduled, visit_scheduled)                                                                             \
	X(EngineerAssigned, engineer_assigned)                                                                         \
	X(AssignmentAccepted, assignment_accepted)                                                                     \
	X(AssignmentDeclined, assignment_declined)                                                                     \
	X(AssignmentReleased, assignment_released)                                                                     \
	X(VisitMoved, visit_moved)                                                                                     \
	X(VisitConfirmedByUser, visit_confirmed)                                                                       \
	X(VisitMoveAsked, visit_move_asked)                                                                            \
	X(VisitCancelled, visit_cancelled)                                                                             \
	X(EngineerDeparted, engineer_departed)                                                                         \
	X(EngineerArrived, engineer_arrived)                                                                           \
	X(VisitDiagnosed, visit_diagnosed)                                                                             \
	X(WorkRecorded, work_recorded)                                                                                 \
	X(FormFilled, form_filled)                                                                                     \
	X(FormSigned, form_signed)                                                                                     \
	X(VisitLeft, visit_left)                                                                                       \
	X(VisitEnded, visit_ended)                                                                                     \
	X(ServiceCompleted, service_completed)
#define DP_FOLD_DECLARE(type, name) FOLD(name)
DISPATCH_CORE_EVENTS(DP_FOLD_DECLARE)
#define DP_FOLD_ENTRY(type, name) {#type, dp_fold_##name},
#define DISPATCH_CORE_EVOLVE DISPATCH_CORE_EVENTS(DP_FOLD_ENTRY)

/* What our own events mean for the ticket's row (evolve_ticket.c). */
void dp_ticket_scheduled(struct wb_fold *f, const struct wb_event *ev, uint32_t visit_number);
void dp_ticket_waits(struct wb_fold *f, const struct wb_event *ev);
void dp_ticket_completed(struct wb_fold *f, const struct wb_event *ev, uint32_t round);

void dp_act_cancel_visit(struct wb_errand *e, const struct wb_todo *todo);
#define DISPATCH_CORE_TODOS {DISPATCH_TODO_CANCEL, dp_act_cancel_visit},

extern const struct wb_effects dp_effects;
#endif
