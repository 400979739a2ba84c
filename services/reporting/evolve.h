/* What the rooms of reporting's fold share. */
#ifndef WB_REPORTING_EVOLVE_H
#define WB_REPORTING_EVOLVE_H
#include "services/reporting/tables.h"

/* Keeps the event itself: the feed of changes, the timeline of its ticket, the export. For many events that is all. */
void fold_note(struct wb_fold *f, const struct wb_event *ev, const void *payload);
void note(struct wb_fold *f, const struct wb_event *ev, const struct wb_id *ticket);

/* A ticket while it is changed: what its secondary indexes said before. */
struct ticket_edit {
	Weibao__V1__ReadTicketRow *row; /* NULL: there is no such ticket */
	struct wb_id id;
	Weibao__V1__TicketStage stage;
	Weibao__V1__Urgency urgency;
	uint32_t breaches;
	bool had_due;
	int64_t due;
	struct wb_id device;
	const char *category;
};
/* Notes the event and opens the ticket of its stream; false: there is none, nothing more is to be done. */
bool ticket_open(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t);
/* Writes the row, and only those indexes that changed. */
void ticket_save(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t);
void index_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row, enum dimension by,
        struct wb_bytes value);
/* From now on that engineer sees the ticket. */
void ticket_engineer(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer);
void ticket_engineer_gone(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer);

void part_put(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id,
        const ProtobufCMessage *row);
/* An index row of a part without content. */
void part_mark(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id);
void ref_put(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ref);
void thing_put(
        struct wb_fold *f, const struct wb_event *ev, enum thing thing, struct wb_id id, const ProtobufCMessage *row);
/* row NULL: nothing but its key is to be said. */
void matter_put(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref, const Weibao__V1__ReadMatterRow *row);
void matter_drop(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref);

/* One function an event; names as the events have them. */
#define REPORTING_FOLDS(X)                                                                                             \
	X(TenantOpened, fold_tenant_opened)                                                                            \
	X(TenantRenamed, fold_tenant_renamed)                                                                          \
	X(ContractSaved, fold_note)                                                                                    \
	X(CategoryAdded, fold_note)                                                                                    \
	X(CategoryRetired, fold_note)                                                                                  \
	X(OfficeRegistered, fold_office_registered)                                                                    \
	X(OfficeChanged, fold_office_changed)                                                                          \
	X(OfficesMerged, fold_offices_merged)                                                                          \
	X(OfficeClosed, fold_office_closed)                                                                            \
	X(ContactRegistered, fold_contact_registered)                                                                  \
	X(ContactChanged, fold_contact_changed)                                                                        \
	X(ContactMerged, fold_contact_merged)                                                                          \
	X(ContactLeft, fold_contact_left)                                                                              \
	X(DeviceRegistered, fold_device_registered)                                                                    \
	X(DeviceChanged, fold_device_changed)                                                                          \
	X(DeviceMoved, fold_device_moved)                                                                              \
	X(DeviceUserChanged, fold_device_user)                                                                         \
	X(DeviceSerialReplaced, fold_device_serial)                                                                    \
	X(DeviceRetired, fold_device_retired)                                                                          \
	X(DeviceReinstated, fold_device_reinstated)                                                                    \
	X(DeviceMerged, fold_device_merged)                                                                            \
	X(ImportStarted, fold_note)                                                                                    \
	X(ImportChunkStaged, fold_note)                                                                                \
	X(ImportActivated, fold_note)                                                                                  \
	X(ImportDiscarded, fold_note)                                                                                  \
	X(TicketReported, fold_ticket_reported)                                                                        \
	X(TicketVerified, fold_ticket_verified)                                                                        \
	X(TicketLinked, fold_ticket_linked)                                                                            \
	X(TicketCategoryCorrected, fold_ticket_category)                                                               \
	X(TicketUrgencyChanged, fold_ticket_urgency)                                                                   \
	X(TicketDeviceCorrected, fold_ticket_device)                                                                   \
	X(HandlerTaken, fold_handler_taken)                                                                            \
	X(UserCalled, fold_user_called)                                                                                \
	X(PhoneSolved, fold_phone_solved)                                                                              \
	X(PhoneSolutionConfirmed, fold_note)                                                                           \
	X(VisitNeeded, fold_visit_needed)                                                                              \
	X(TicketNoteAdded, fold_ticket_note)                                                                           \
	X(TicketCancelled, fold_ticket_cancelled)                                                                      \
	X(TicketClosed, fold_ticket_closed)                                                                            \
	X(RoundStarted, fold_round_started)                                                                            \
	X(ComplaintMade, fold_complaint_made)                                                                          \
	X(ComplaintAnswered, fold_complaint_answered)                                                                  \
	X(ComplaintClosed, fold_complaint_closed)                                                                      \
	X(ComplaintHandlingNoted, fold_note)                                                                           \
	X(UploadStarted, fold_note)                                                                                    \
	X(UploadDropped, fold_note)                                                                                    \
	X(AttachmentAdded, fold_attachment_added)                                                                      \
	X(ErasureRequested, fold_note)                                                                                 \
	X(ErasureDeclined, fold_note)                                                                                  \
	X(PersonErased, fold_note)                                                                                     \
	X(EngineerRegistered, fold_note)                                                                               \
	X(EngineerChanged, fold_note)                                                                                  \
	X(CertificationAdded, fold_note)                                                                               \
	X(CertificationRemoved, fold_note)                                                                             \
	X(EngineerInducted, fold_note)                                                                                 \
	X(ShiftsSaved, fold_note)                                                                                      \
	X(LeaveAdded, fold_note)                                                                                       \
	X(LeaveCancelled, fold_note)                                                                                   \
	X(EngineerLeft, fold_note)                                                                                     \
	X(TeamFormed, fold_note)                                                                                       \
	X(TeamMemberAdded, fold_member_added)                                                                          \
	X(TeamMemberRemoved, fold_member_removed)                                                                      \
	X(TeamAssigned, fold_team_assigned)                                                                            \
	X(SecretEngineerNamed, fold_note)                                                                              \
	X(VisitScheduled, fold_visit_scheduled)                                                                        \
	X(EngineerAssigned, fold_engineer_assigned)                                                                    \
	X(AssignmentAccepted, fold_assignment_accepted)                                                                \
	X(AssignmentDeclined, fold_assignment_declined)                                                                \
	X(AssignmentReleased, fold_assignment_released)                                                                \
	X(VisitMoved, fold_visit_moved)                                                                                \
	X(VisitConfirmedByUser, fold_visit_confirmed)                                                                  \
	X(VisitMoveAsked, fold_visit_move_asked)                                                                       \
	X(VisitCancelled, fold_visit_cancelled)                                                                        \
	X(EngineerDeparted, fold_engineer_departed)                                                                    \
	X(EngineerArrived, fold_engineer_arrived)                                                                      \
	X(VisitDiagnosed, fold_visit_diagnosed)                                                                        \
	X(WorkRecorded, fold_work_recorded)                                                                            \
	X(FormatStatementShown, fold_statement_shown)                                                                  \
	X(FormatConsentSigned, fold_consent_signed)                                                                    \
	X(FormatConsentWithdrawn, fold_consent_withdrawn)                                                              \
	X(DiskFormatted, fold_disk_formatted)                                                                          \
	X(DiskFormattedWithoutConsent, fold_format_violation)                                                          \
	X(HardwareDecisionAsked, fold_decision_asked)                                                                  \
	X(HardwareDecided, fold_decided)                                                                               \
	X(RepairOpened, fold_repair_opened)                                                                            \
	X(RepairPartRequested, fold_repair_requested)                                                                  \
	X(RepairPartReceived, fold_repair_received)                                                                    \
	X(RepairClosed, fold_repair_closed)                                                                            \
	X(CustodyTaken, fold_custody_taken)                                                                            \
	X(CustodyMoved, fold_custody_moved)                                                                            \
	X(CustodyReturned, fold_custody_returned)                                                                      \
	X(LoanLeft, fold_loan_left)                                                                                    \
	X(LoanReturned, fold_loan_returned)                                                                            \
	X(AmountProposed, fold_amount_proposed)                                                                        \
	X(AmountAccepted, fold_amount_accepted)                                                                        \
	X(AmountDeclined, fold_amount_declined)                                                                        \
	X(ChargeInvoiced, fold_charge_invoiced)                                                                        \
	X(ChargePaid, fold_charge_paid)                                                                                \
	X(ChargeWaived, fold_charge_waived)                                                                            \
	X(FormFilled, fold_form_filled)                                                                                \
	X(FormShown, fold_note)                                                                                        \
	X(FormSigned, fold_form_signed)                                                                                \
	X(PaperSignatureChecked, fold_note)                                                                            \
	X(VisitLeft, fold_visit_left)                                                                                  \
	X(VisitEnded, fold_visit_ended)                                                                                \
	X(ServiceCompleted, fold_service_completed)                                                                    \
	X(FactHeld, fold_fact_held)                                                                                    \
	X(FactSettled, fold_fact_settled)                                                                              \
	X(OfflineSequence, fold_aside)                                                                                 \
	X(PolicySaved, fold_note)                                                                                      \
	X(CalendarSaved, fold_calendar_saved)                                                                          \
	X(ClockStarted, fold_clock_started)                                                                            \
	X(ClockSuspended, fold_clock_suspended)                                                                        \
	X(ClockResumed, fold_clock_resumed)                                                                            \
	X(ClockRetargeted, fold_clock_retargeted)                                                                      \
	X(ClockWarned, fold_clock_warned)                                                                              \
	X(ClockMet, fold_clock_met)                                                                                    \
	X(ClockBreached, fold_clock_breached)                                                                          \
	X(ClockStoppedLate, fold_clock_stopped_late)                                                                   \
	X(ClockVoided, fold_clock_voided)                                                                              \
	X(ClockEscalated, fold_clock_escalated)                                                                        \
	X(ExceptionProposed, fold_exception_proposed)                                                                  \
	X(ExceptionAgreed, fold_exception_agreed)                                                                      \
	X(ExceptionDeclined, fold_exception_declined)                                                                  \
	X(ExceptionLapsed, fold_exception_lapsed)                                                                      \
	X(JudgementOverturned, fold_judgement_overturned)                                                              \
	X(ClockStopHeld, fold_clock_stop_held)                                                                         \
	X(ClocksAdvanced, fold_aside)                                                                                  \
	X(SurveyAsked, fold_note)                                                                                      \
	X(RatingGiven, fold_rating_given)                                                                              \
	X(CauseAnalysed, fold_cause_analysed)                                                                          \
	X(FurtherVisitDeclined, fold_further_declined)                                                                 \
	X(FollowUpAttempted, fold_follow_up_attempted)                                                                 \
	X(FollowUpRecorded, fold_follow_up_recorded)                                                                   \
	X(FollowUpNotReached, fold_follow_up_not_reached)                                                              \
	X(ToDoEnded, fold_todo_ended)
#define X(event, fn) wb_evolve_fn fn;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
REPORTING_FOLDS(X)
#pragma GCC diagnostic pop
#undef X
#endif
