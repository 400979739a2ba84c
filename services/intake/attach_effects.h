/* Intake's work off the log: what the rooms of its effects share. */
#ifndef WB_INTAKE_ATTACH_EFFECTS_H
#define WB_INTAKE_ATTACH_EFFECTS_H
#include "services/intake/attach_store.h"
#include "services/intake/files.h"

struct import_work;
struct files_state {
	struct attach_store *store;
	struct wb_opener *opener;
	struct import_work *import; /* the one being staged, read and compared; NULL: none */
};

/* The key of a file as it is sealed in its row; false: its person was erased. */
bool files_key(const struct files_state *s, struct wb_arena *a, const char *tenant, const Attachment *row,
        uint8_t ret_key[static ATTACH_KEY_BYTES]);

/* import_effects.c */
void *import_begin_start(void *state, const struct wb_decision *d, const void *command);
void *import_begin_chunk(void *state, const struct wb_decision *d, const void *command);
const ProtobufCMessage *import_end(void *state, void *job, struct wb_arena *arena);
void import_check(struct files_state *s, struct wb_query *q, const Weibao__V1__CheckImport *c);
/* Forgets what was read of an import. */
void import_forget(struct files_state *s);
#endif
