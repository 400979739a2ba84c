/*
 * A toy service for tests of the runtime: notes on tickets. Commands are event messages used as commands:
 *   TicketNoteAdded   → the same event, its text sealed for the ticket's id as subject; puts the to-do "verify"
 *   TicketVerified    → the same event (made by the to-do); drops it; refused STATE_CHANGED (final) without a note
 *   TenantRenamed     → the same event; ALREADY_SO if it has that name
 *   TicketClosed      → refused by the toy always (ROUND_PAST, final); the to-do "doomed" (on TenantRenamed "doom")
 * asks Queries: ContactLeft (its id is the ticket's) → TicketNoteAdded (the note as it stands).
 */
#ifndef WB_TESTS_TOY_H
#define WB_TESTS_TOY_H
#include "service/service.h"
extern const struct wb_service toy_service;      /* named "intake": it has the keyring */
extern const struct wb_service toy_peer_service; /* named "dispatch": the same, asks for its keys */
#endif
