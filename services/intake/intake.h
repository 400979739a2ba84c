/* Intake: client units and contracts, offices, contacts, devices, tickets, complaints, files. See README.md. */
#ifndef WB_INTAKE_H
#define WB_INTAKE_H
#include "service/service.h"

extern const struct wb_service wb_intake_service;

#define INTAKE_BACKDATE_US (24 * WB_HOUR_US) /* how far back a report or a call may be entered */
#define INTAKE_REOPEN_DAYS 7u                /* until the policy is known */
#define INTAKE_COMPLAINT_DAYS 3u
#define INTAKE_NAME_CHARS 100u
#define INTAKE_LINE_CHARS 200u
#define INTAKE_TEXT_CHARS 4000u
#define INTAKE_TELEPHONES 8u
#define INTAKE_TREE_DEPTH 32u  /* of an office that gets another below it; also of a chain of merged records */
#define INTAKE_TREE_WALK 1024u /* a deep part moved below a deep office still ends */

/* Who may report, follow and complain for the client unit. */
#define INTAKE_CLIENT (WB_ROLE(REPRESENTATIVE) | WB_ROLE(DEPUTY) | WB_ROLE(USER))

/* The decisions and folds of the core, one function a command or event (decide_*.c, evolve_*.c). */
#define INTAKE_DECISIONS(X)                                                                                            \
	X(open_tenant)                                                                                                 \
	X(rename_tenant)                                                                                               \
	X(save_contract)                                                                                               \
	X(add_category)                                                                                                \
	X(retire_category)                                                                                             \
	X(register_office)                                                                                             \
	X(change_office)                                                                                               \
	X(merge_offices)                                                                                               \
	X(close_office)                                                                                                \
	X(register_contact)                                                                                            \
	X(change_contact)                                                                                              \
	X(merge_contacts)                                                                                              \
	X(leave_contact)                                                                                               \
	X(register_device)                                                                                             \
	X(change_device)                                                                                               \
	X(move_device)                                                                                                 \
	X(change_device_user)                                                                                          \
	X(replace_device_serial)                                                                                       \
	X(retire_device)                                                                                               \
	X(reinstate_device)                                                                                            \
	X(merge_devices)                                                                                               \
	X(report_fault)                                                                                                \
	X(report_as_client)                                                                                            \
	X(verify_report)                                                                                               \
	X(correct_category)                                                                                            \
	X(change_urgency)                                                                                              \
	X(correct_device)                                                                                              \
	X(take_handler)                                                                                                \
	X(record_call)                                                                                                 \
	X(solve_by_phone)                                                                                              \
	X(confirm_phone_solution)                                                                                      \
	X(need_visit)                                                                                                  \
	X(add_note)                                                                                                    \
	X(cancel_ticket)                                                                                               \
	X(link_ticket)                                                                                                 \
	X(reopen_ticket)                                                                                               \
	X(close_ticket)                                                                                                \
	X(start_round)                                                                                                 \
	X(make_complaint)                                                                                              \
	X(answer_complaint)                                                                                            \
	X(close_complaint)                                                                                             \
	X(note_complaint_handling)                                                                                     \
	X(open_violation_complaint)
#define X(name)                                                                                                        \
	wb_turns_fn intake_##name##_turns;                                                                             \
	wb_decide_fn intake_##name;
INTAKE_DECISIONS(X)
#undef X

#define INTAKE_QUERIES(X)                                                                                              \
	X(get_tenant)                                                                                                  \
	X(list_tenants)                                                                                                \
	X(get_contract)                                                                                                \
	X(list_categories)                                                                                             \
	X(list_offices)                                                                                                \
	X(get_office)                                                                                                  \
	X(list_contacts)                                                                                               \
	X(get_contact)                                                                                                 \
	X(list_devices)                                                                                                \
	X(get_device)                                                                                                  \
	X(get_device_label)                                                                                            \
	X(get_ticket_state)                                                                                            \
	X(list_duplicates)                                                                                             \
	X(list_complaints)                                                                                             \
	X(get_complaint)                                                                                               \
	X(list_complaint_handling)
#define X(name) wb_answer_fn intake_##name;
INTAKE_QUERIES(X)
#undef X

/* The folds: event type and function. */
#define INTAKE_FOLDS(X)                                                                                                \
	X(TenantOpened, tenant_opened)                                                                                 \
	X(TenantRenamed, tenant_renamed)                                                                               \
	X(ContractSaved, contract_saved)                                                                               \
	X(CategoryAdded, category_added)                                                                               \
	X(CategoryRetired, category_retired)                                                                           \
	X(PolicySaved, policy_saved)                                                                                   \
	X(CalendarSaved, calendar_saved)                                                                               \
	X(EngineerRegistered, engineer_registered)                                                                     \
	X(EngineerLeft, engineer_left)                                                                                 \
	X(OfficeRegistered, office_registered)                                                                         \
	X(OfficeChanged, office_changed)                                                                               \
	X(OfficesMerged, offices_merged)                                                                               \
	X(OfficeClosed, office_closed)                                                                                 \
	X(ContactRegistered, contact_registered)                                                                       \
	X(ContactChanged, contact_changed)                                                                             \
	X(ContactMerged, contact_merged)                                                                               \
	X(ContactLeft, contact_left)                                                                                   \
	X(DeviceRegistered, device_registered)                                                                         \
	X(DeviceChanged, device_changed)                                                                               \
	X(DeviceMoved, device_moved)                                                                                   \
	X(DeviceUserChanged, device_user_changed)                                                                      \
	X(DeviceSerialReplaced, device_serial_replaced)                                                                \
	X(DeviceRetired, device_retired)                                                                               \
	X(DeviceReinstated, device_reinstated)                                                                         \
	X(DeviceMerged, device_merged)                                                                                 \
	X(TicketReported, ticket_reported)                                                                             \
	X(TicketVerified, ticket_verified)                                                                             \
	X(TicketLinked, ticket_linked)                                                                                 \
	X(TicketCategoryCorrected, ticket_category)                                                                    \
	X(TicketUrgencyChanged, ticket_urgency)                                                                        \
	X(TicketDeviceCorrected, ticket_device)                                                                        \
	X(HandlerTaken, handler_taken)                                                                                 \
	X(UserCalled, user_called)                                                                                     \
	X(PhoneSolved, phone_solved)                                                                                   \
	X(PhoneSolutionConfirmed, phone_confirmed)                                                                     \
	X(VisitNeeded, visit_needed)                                                                                   \
	X(TicketCancelled, ticket_cancelled)                                                                           \
	X(TicketClosed, ticket_closed)                                                                                 \
	X(RoundStarted, round_started)                                                                                 \
	X(VisitScheduled, visit_scheduled)                                                                             \
	X(EngineerAssigned, engineer_assigned)                                                                         \
	X(VisitCancelled, visit_cancelled)                                                                             \
	X(VisitEnded, visit_ended)                                                                                     \
	X(VisitDiagnosed, visit_diagnosed)                                                                             \
	X(ServiceCompleted, service_completed)                                                                         \
	X(FurtherVisitDeclined, visit_declined)                                                                        \
	X(ComplaintMade, complaint_made)                                                                               \
	X(ComplaintAnswered, complaint_answered)                                                                       \
	X(ComplaintClosed, complaint_closed)                                                                           \
	X(ComplaintHandlingNoted, complaint_handling)
#define X(type, name) wb_evolve_fn intake_on_##name;
INTAKE_FOLDS(X)
#undef X

/* Imports: events with an import's id are staged; these apply them in order, or forget them. Called by evolve of
 * ImportActivated and ImportDiscarded. */
void intake_apply_staged(struct wb_fold *f, const struct wb_event *ev, struct wb_id import);
void intake_drop_staged(struct wb_fold *f, const char *tenant, struct wb_id import);
#endif
