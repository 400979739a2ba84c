/* What the rooms of reporting's fold share. */
#ifndef WB_REPORTING_EVOLVE_H
#define WB_REPORTING_EVOLVE_H
#include "services/reporting/tables.h"

/* Keeps the event itself: the feed of changes, the timeline of its ticket, the export. For many events that is all. */
void rp_fold_note(struct wb_fold *f, const struct wb_event *ev, const void *payload);
void rp_note(struct wb_fold *f, const struct wb_event *ev, const struct wb_id *ticket);

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
bool rp_ticket_open(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t);
/* Writes the row, and only those indexes that changed. */
void rp_ticket_save(struct wb_fold *f, const struct wb_event *ev, struct ticket_edit *t);
void rp_index_put(struct wb_fold *f, const struct wb_event *ev, const Weibao__V1__ReadTicketRow *row, enum dimension by,
        struct wb_bytes value);
/* What stands under a value stands under another one too: two ids that turned out to be one contact or device. */
void rp_index_copy(struct wb_fold *f, const struct wb_event *ev, enum dimension by, ProtobufCBinaryData from,
        ProtobufCBinaryData into);
/* The id that a contact or device was merged into, or its own. */
struct wb_id rp_survivor(struct wb_fold *f, const struct wb_event *ev, enum thing thing, struct wb_id id);
/* From now on that engineer sees the ticket. */
void rp_ticket_engineer(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer);
void rp_ticket_engineer_gone(
        struct wb_fold *f, const struct wb_event *ev, Weibao__V1__ReadTicketRow *row, ProtobufCBinaryData engineer);

void rp_part_put(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id,
        const ProtobufCMessage *row);
/* An index row of a part without content. */
void rp_part_mark(struct wb_fold *f, const struct wb_event *ev, struct wb_id ticket, enum part part, struct wb_id id);
void rp_ref_put(struct wb_fold *f, const struct wb_event *ev, ProtobufCBinaryData ref);
void rp_thing_put(
        struct wb_fold *f, const struct wb_event *ev, enum thing thing, struct wb_id id, const ProtobufCMessage *row);
/* row NULL: nothing but its key is to be said. */
void rp_matter_put(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref, const Weibao__V1__ReadMatterRow *row);
void rp_matter_drop(struct wb_fold *f, const struct wb_event *ev, Weibao__V1__OpenMatter what, int64_t since,
        struct wb_id ticket, struct wb_id ref);

/* One function an event; names as the events have them. */
#define REPORTING_FOLDS(X)                                                                                             \
	X(TenantOpened, rp_fold_tenant_opened)                                                                         \
	X(TenantRenamed, rp_fold_tenant_renamed)                                                                       \
	X(ContractSaved, rp_fold_note)                                                                                 \
	X(CategoryAdded, rp_fold_note)                                                                                 \
	X(CategoryRetired, rp_fold_note)                                                                               \
	X(OfficeRegistered, rp_fold_office_registered)                                                                 \
	X(OfficeChanged, rp_fold_office_changed)                                                                       \
	X(OfficesMerged, rp_fold_offices_merged)                                                                       \
	X(OfficeClosed, rp_fold_office_closed)                                                                         \
	X(ContactRegistered, rp_fold_contact_registered)                                                               \
	X(ContactChanged, rp_fold_contact_changed)                                                                     \
	X(ContactMerged, rp_fold_contact_merged)                                                                       \
	X(ContactLeft, rp_fold_contact_left)                                                                           \
	X(DeviceRegistered, rp_fold_device_registered)                                                                 \
	X(DeviceChanged, rp_fold_device_changed)                                                                       \
	X(DeviceMoved, rp_fold_device_moved)                                                                           \
	X(DeviceUserChanged, rp_fold_device_user)                                                                      \
	X(DeviceSerialReplaced, rp_fold_device_serial)                                                                 \
	X(DeviceRetired, rp_fold_device_retired)                                                                       \
	X(DeviceReinstated, rp_fold_device_reinstated)                                                                 \
	X(DeviceMerged, rp_fold_device_merged)                                                                         \
	X(ImportStarted, rp_fold_note)                                                                                 \
	X(ImportChunkStaged, rp_fold_note)                                                                             \
	X(ImportActivated, rp_fold_note)                                                                               \
	X(ImportDiscarded, rp_fold_note)                                                                               \
	X(TicketReported, rp_fold_ticket_reported)                                                                     \
	X(TicketVerified, rp_fold_ticket_verified)                                                                     \
	X(TicketLinked, rp_fold_ticket_linked)                                                                         \
	X(TicketCategoryCorrected, rp_fold_ticket_category)                                                            \
	X(TicketUrgencyChanged, rp_fold_ticket_urgency)                                                                \
	X(TicketDeviceCorrected, rp_fold_ticket_device)                                                                \
	X(HandlerTaken, rp_fold_handler_taken)                                                                         \
	X(UserCalled, rp_fold_user_called)                                                                             \
	X(PhoneSolved, rp_fold_phone_solved)                                                                           \
	X(PhoneSolutionConfirmed, rp_fold_note)                                                                        \
	X(VisitNeeded, rp_fold_visit_needed)                                                                           \
	X(TicketNoteAdded, rp_fold_ticket_note)                                                                        \
	X(TicketCancelled, rp_fold_ticket_cancelled)                                                                   \
	X(TicketClosed, rp_fold_ticket_closed)                                                                         \
	X(RoundStarted, rp_fold_round_started)                                                                         \
	X(ComplaintMade, rp_fold_complaint_made)                                                                       \
	X(ComplaintAnswered, rp_fold_complaint_answered)                                                               \
	X(ComplaintClosed, rp_fold_complaint_closed)                                                                   \
	X(ComplaintHandlingNoted, rp_fold_note)                                                                        \
	X(UploadStarted, rp_fold_note)                                                                                 \
	X(UploadDropped, rp_fold_note)                                                                                 \
	X(AttachmentAdded, rp_fold_attachment_added)                                                                   \
	X(ErasureRequested, rp_fold_note)                                                                              \
	X(ErasureDeclined, rp_fold_note)                                                                               \
	X(PersonErased, rp_fold_note)                                                                                  \
	X(EngineerRegistered, rp_fold_note)                                                                            \
	X(EngineerChanged, rp_fold_note)                                                                               \
	X(CertificationAdded, rp_fold_note)                                                                            \
	X(CertificationRemoved, rp_fold_note)                                                                          \
	X(EngineerInducted, rp_fold_note)                                                                              \
	X(ShiftsSaved, rp_fold_note)                                                                                   \
	X(LeaveAdded, rp_fold_note)                                                                                    \
	X(LeaveCancelled, rp_fold_note)                                                                                \
	X(EngineerLeft, rp_fold_note)                                                                                  \
	X(TeamFormed, rp_fold_note)                                                                                    \
	X(TeamMemberAdded, rp_fold_member_added)                                                                       \
	X(TeamMemberRemoved, rp_fold_member_removed)                                                                   \
	X(TeamAssigned, rp_fold_team_assigned)                                                                         \
	X(SecretEngineerNamed, rp_fold_note)                                                                           \
	X(VisitScheduled, rp_fold_visit_scheduled)                                                                     \
	X(EngineerAssigned, rp_fold_engineer_assigned)                                                                 \
	X(AssignmentAccepted, rp_fold_assignment_accepted)                                                             \
	X(AssignmentDeclined, rp_fold_assignment_declined)                                                             \
	X(AssignmentReleased, rp_fold_assignment_released)                                                             \
	X(VisitMoved, rp_fold_visit_moved)                                                                             \
	X(VisitConfirmedByUser, rp_fold_visit_confirmed)                                                               \
	X(VisitMoveAsked, rp_fold_visit_move_asked)                                                                    \
	X(VisitCancelled, rp_fold_visit_cancelled)                                                                     \
	X(EngineerDeparted, rp_fold_engineer_departed)                                                                 \
	X(EngineerArrived, rp_fold_engineer_arrived)                                                                   \
	X(VisitDiagnosed, rp_fold_visit_diagnosed)                                                                     \
	X(WorkRecorded, rp_fold_work_recorded)                                                                         \
	X(FormatStatementShown, rp_fold_statement_shown)                                                               \
	X(FormatConsentSigned, rp_fold_consent_signed)                                                                 \
	X(FormatConsentWithdrawn, rp_fold_consent_withdrawn)                                                           \
	X(DiskFormatted, rp_fold_disk_formatted)                                                                       \
	X(DiskFormattedWithoutConsent, rp_fold_format_violation)                                                       \
	X(HardwareDecisionAsked, rp_fold_decision_asked)                                                               \
	X(HardwareDecided, rp_fold_decided)                                                                            \
	X(RepairOpened, rp_fold_repair_opened)                                                                         \
	X(RepairPartRequested, rp_fold_repair_requested)                                                               \
	X(RepairPartReceived, rp_fold_repair_received)                                                                 \
	X(RepairClosed, rp_fold_repair_closed)                                                                         \
	X(CustodyTaken, rp_fold_custody_taken)                                                                         \
	X(CustodyMoved, rp_fold_custody_moved)                                                                         \
	X(CustodyReturned, rp_fold_custody_returned)                                                                   \
	X(LoanLeft, rp_fold_loan_left)                                                                                 \
	X(LoanReturned, rp_fold_loan_returned)                                                                         \
	X(AmountProposed, rp_fold_amount_proposed)                                                                     \
	X(AmountAccepted, rp_fold_amount_accepted)                                                                     \
	X(AmountDeclined, rp_fold_amount_declined)                                                                     \
	X(ChargeInvoiced, rp_fold_charge_invoiced)                                                                     \
	X(ChargePaid, rp_fold_charge_paid)                                                                             \
	X(ChargeWaived, rp_fold_charge_waived)                                                                         \
	X(FormFilled, rp_fold_form_filled)                                                                             \
	X(FormShown, rp_fold_note)                                                                                     \
	X(FormSigned, rp_fold_form_signed)                                                                             \
	X(PaperSignatureChecked, rp_fold_note)                                                                         \
	X(VisitLeft, rp_fold_visit_left)                                                                               \
	X(VisitEnded, rp_fold_visit_ended)                                                                             \
	X(ServiceCompleted, rp_fold_service_completed)                                                                 \
	X(FactHeld, rp_fold_fact_held)                                                                                 \
	X(FactSettled, rp_fold_fact_settled)                                                                           \
	X(OfflineSequence, rp_fold_aside)                                                                              \
	X(PolicySaved, rp_fold_note)                                                                                   \
	X(CalendarSaved, rp_fold_calendar_saved)                                                                       \
	X(ClockStarted, rp_fold_clock_started)                                                                         \
	X(ClockSuspended, rp_fold_clock_suspended)                                                                     \
	X(ClockResumed, rp_fold_clock_resumed)                                                                         \
	X(ClockRetargeted, rp_fold_clock_retargeted)                                                                   \
	X(ClockWarned, rp_fold_clock_warned)                                                                           \
	X(ClockMet, rp_fold_clock_met)                                                                                 \
	X(ClockBreached, rp_fold_clock_breached)                                                                       \
	X(ClockStoppedLate, rp_fold_clock_stopped_late)                                                                \
	X(ClockVoided, rp_fold_clock_voided)                                                                           \
	X(ClockEscalated, rp_fold_clock_escalated)                                                                     \
	X(ExceptionProposed, rp_fold_exception_proposed)                                                               \
	X(ExceptionAgreed, rp_fold_exception_agreed)                                                                   \
	X(ExceptionDeclined, rp_fold_exception_declined)                                                               \
	X(ExceptionLapsed, rp_fold_exception_lapsed)                                                                   \
	X(JudgementOverturned, rp_fold_judgement_overturned)                                                           \
	X(ClockStopHeld, rp_fold_clock_stop_held)                                                                      \
	X(ClocksAdvanced, rp_fold_aside)                                                                               \
	X(SurveyAsked, rp_fold_note)                                                                                   \
	X(RatingGiven, rp_fold_rating_given)                                                                           \
	X(CauseAnalysed, rp_fold_cause_analysed)                                                                       \
	X(FurtherVisitDeclined, rp_fold_further_declined)                                                              \
	X(FollowUpAttempted, rp_fold_follow_up_attempted)                                                              \
	X(FollowUpRecorded, rp_fold_follow_up_recorded)                                                                \
	X(FollowUpNotReached, rp_fold_follow_up_not_reached)                                                           \
	X(ToDoEnded, rp_fold_todo_ended)
#define X(event, fn) wb_evolve_fn fn;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wredundant-decls"
REPORTING_FOLDS(X)
#pragma GCC diagnostic pop
#undef X
#endif
