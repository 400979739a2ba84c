/*
 * A service is a value: const tables of what it decides, folds, owes and answers, run by the runtime (runtime.h).
 *
 * The four kinds of functions and what they may do (the laws of docs/architecture.md):
 *   decide   reads the projection, emits events or refuses; pure: no clock, no I/O, no randomness (law 5)
 *   evolve   folds one event into the projection; never refuses, never re-decides (law 1)
 *   act      turns a due to-do row into a command (law 8)
 *   answer   reads the projection and answers a query
 * All run on the service's one thread. Memory they need comes from the arena they are given.
 */
#ifndef WB_SERVICE_SERVICE_H
#define WB_SERVICE_SERVICE_H
#include "base/arena.h"
#include "base/id.h"
#include "proto/refusals.h"
#include "store/row.h"
#include "store/txn.h"
#include "weibao/v1/bus.pb-c.h"
#include <protobuf-c/protobuf-c.h>

struct wb_projection;

/* ---- events and folding ---- */

/* One event of the log as evolve sees it. Valid during the call. */
struct wb_event {
	uint64_t position;        /* global, 1 … */
	uint64_t tenant_position; /* in its tenant, 1 … */
	const char *tenant;
	const char *stream_kind;
	struct wb_id stream_id;
	uint64_t version;    /* of the stream, this event included */
	const char *type;    /* short name of the payload's message */
	int64_t recorded_at; /* microseconds UTC, journal's clock, never goes back */
	int64_t occurred_at; /* offline facts: when it happened; else recorded_at */
	const Weibao__V1__Envelope *envelope;
	const ProtobufCMessage *payload;
};

/* What evolve writes to. Errors are sticky in txn: evolve returns nothing. */
struct wb_fold {
	struct wb_txn *db;      /* write transaction of the projection */
	struct wb_arena *arena; /* reset after each event */
	const struct wb_event *event;
	struct wb_projection *projection;
};
typedef void wb_evolve_fn(struct wb_fold *f, const struct wb_event *ev, const void *payload);
struct wb_evolve_def {
	const char *event_type; /* short name; any service's event may be folded */
	wb_evolve_fn *evolve;
};

/* ---- to-dos: rows that say what is owed, put and dropped by evolve only ---- */

/* A row: (kind, tenant, ref, n) names it; putting the same name again replaces it. */
struct wb_todo {
	const char *kind; /* of this service's todo table */
	const char *tenant;
	struct wb_id ref;        /* what it is about: a ticket, a clock … */
	uint32_t n;              /* round, generation …; 0 if not needed */
	int64_t due_at;          /* microseconds UTC; acted on once journal time has passed it (>= due_at) */
	uint64_t cause_position; /* global position of the event that put it */
	uint64_t cause_tenant_position;
	int64_t cause_recorded_at;
	struct wb_bytes body; /* packed row of the service's own, or empty */
};
/* Puts or replaces a row. body may be NULL. Called by evolve. */
void wb_todo_put(struct wb_fold *f, const char *kind, const char *tenant, struct wb_id ref, uint32_t n, int64_t due_at,
        const ProtobufCMessage *body);
/* Drops a row; nothing happens if there is none. Called by evolve. */
void wb_todo_drop(struct wb_fold *f, const char *kind, const char *tenant, struct wb_id ref, uint32_t n);

/* What an act function fills in: one command, to the service itself (service NULL) or to another. */
struct wb_errand {
	struct wb_txn *db; /* read */
	struct wb_arena *arena;
	int64_t now_us;                  /* journal time */
	const char *service;             /* set by wb_errand_send: the owner, or NULL: this service */
	const char *tenant;              /* tenant of the command; preset to the row's */
	const ProtobufCMessage *command; /* NULL after act: nothing to do yet, asked again later */
};
typedef void wb_act_fn(struct wb_errand *e, const struct wb_todo *row);
/* Names the command. Its id is derived from the row, so that a crash and a retry make one command. */
void wb_errand_send(struct wb_errand *e, const char *service, const ProtobufCMessage *command);
struct wb_todo_def {
	const char *kind;
	wb_act_fn *act;
};

/* ---- commands ---- */

/* The turns a command takes before it is decided: all at once, in order of arrival, held until its events are folded.
 * The first exclusive one names the command's thing: ETag and If-Match are its stream's version. */
struct wb_turns;
void wb_turn_write(struct wb_turns *t, const char *stream_kind, struct wb_id id);
void wb_turn_read(struct wb_turns *t, const char *stream_kind, struct wb_id id);
/* In another tenant than the command's (an engineer of "provider" for a booking). */
void wb_turn_write_in(struct wb_turns *t, const char *tenant, const char *stream_kind, struct wb_id id);
/* What must not exist yet: a login, a serial number … */
void wb_turn_write_name(struct wb_turns *t, const char *what, struct wb_bytes name);
typedef void wb_turns_fn(struct wb_turns *t, const char *tenant, const void *command);

struct wb_decision_out;
/* What a decision sees and says. */
struct wb_decision {
	struct wb_txn *db;      /* read transaction of the projection */
	struct wb_arena *arena; /* lives until the command is answered */
	const char *tenant;
	const Weibao__V1__Principal *who;
	struct wb_id command_id;
	int64_t now_us; /* journal time when it is decided */
	struct wb_projection *projection;
	struct wb_decision_out *out;
};
typedef void wb_decide_fn(struct wb_decision *d, const void *command);

/* Emits an event of this service's stream; expected version is what the projection has (plus what this decision
 * emitted before). The payload must live in the arena. Personal fields hold plain text and subject_id (or from_…). */
void wb_emit(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id, const ProtobufCMessage *event);
/* The same for an offline fact that happened at occurred_at. */
void wb_emit_occurred(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id,
        const ProtobufCMessage *event, int64_t occurred_at);
/* The append holds only if that stream still has the version that this projection folded. For other services' streams.
 */
void wb_condition(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id);
void wb_condition_in(struct wb_decision *d, const char *tenant, const char *stream_kind, struct wb_id stream_id);
/* Refuses; path is the JSON path of the field concerned or NULL. The first refusal counts. */
void wb_refuse(struct wb_decision *d, enum wb_refusal r, const char *path);
/* An argument for the message of the refusal just given. Never personal data. */
void wb_refuse_arg(struct wb_decision *d, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Whether the decision was refused so far. */
bool wb_refused(const struct wb_decision *d);
/* Nothing to do: it is so already (answer ALREADY_SO, no event). */
void wb_already(struct wb_decision *d);
/* A new id, derived from the command's id: the same on every retry. label separates kinds, a counter repeats. */
struct wb_id wb_new_id(struct wb_decision *d, const char *label);
/* Version of a stream as this projection folded it, plus what this decision emitted; 0: it does not exist. */
uint64_t wb_stream_version(struct wb_decision *d, const char *stream_kind, struct wb_id stream_id);
/* Whether the principal has that role in the command's tenant. */
bool wb_has_role(const Weibao__V1__Principal *who, Weibao__V1__Role role);
/* A Personal with plain text under subject (context may be zero: none). NULL text gives NULL. */
Weibao__V1__Personal *wb_personal(struct wb_arena *a, struct wb_id subject, struct wb_id context, const char *text);
/* The text of a Personal that came in a command (plain arm), or NULL. */
const char *wb_personal_text(const Weibao__V1__Personal *p);
/* A sealed Personal of a row, to be sealed anew for (subject, context) in the command's tenant. box_tenant is where
 * it is sealed now. A Personal that stays as it is (same tenant, subject, context) is emitted as it is, without this.
 */
Weibao__V1__Personal *wb_personal_carry(struct wb_arena *a, const char *box_tenant, const Weibao__V1__Personal *box,
        struct wb_id subject, struct wb_id context);
/* An id from a protobuf bytes field; zero id unless it has 16 bytes. */
struct wb_id wb_id_of_field(ProtobufCBinaryData field);
/* A bytes field from an id; memory from the arena. */
ProtobufCBinaryData wb_field_of_id(struct wb_arena *a, struct wb_id id);
/* Checks an id field: refuses NOT_FOUND / FIELD_INVALID with path unless it has 16 bytes and is not zero. */
bool wb_require_id(struct wb_decision *d, ProtobufCBinaryData field, const char *path, struct wb_id *ret_id);
/* The next number of a counter (ticket numbers …): the runtime keeps it ahead of the projection, behind the turns'
 * back; gaps are allowed, repeats are not. floor is the highest number that the projection knows. */
uint32_t wb_counter_next(struct wb_decision *d, const char *name, uint32_t floor);

/* Bits of roles for tables: WB_ROLE(HOTLINE) | WB_ROLE(PRINCIPAL). */
#define WB_ROLE(r) (1u << WEIBAO__V1__ROLE__ROLE_##r)
#define WB_STAFF (WB_ROLE(HOTLINE) | WB_ROLE(PRINCIPAL) | WB_ROLE(MANAGER))
#define WB_SYSTEM WB_ROLE(SYSTEM)

enum wb_tenant_rule {
	WB_TENANT_CLIENT,   /* a client unit's tenant only */
	WB_TENANT_PROVIDER, /* "provider" only */
	WB_TENANT_ANY       /* either; never "cell" */
};
struct wb_command_def {
	const ProtobufCMessageDescriptor *message; /* its short name is the operation */
	wb_turns_fn *turns;
	wb_decide_fn *decide;
	uint32_t roles; /* who may; finer rules are decide's */
	enum wb_tenant_rule tenant;
};

/* ---- queries ---- */

struct wb_query_out;
struct wb_query {
	struct wb_txn *db; /* read transaction of the projection */
	struct wb_arena *arena;
	const char *tenant;
	const Weibao__V1__Principal *who;
	int64_t now_us; /* journal time; as-of views: the instant asked for */
	void *cache;    /* the service's cache (wb_cache_def), or NULL: a replay has none */
	struct wb_projection *projection;
	struct wb_query_out *out;
};
typedef void wb_answer_fn(struct wb_query *q, const void *request);
/* The answer; Personal boxes in it are opened by the runtime. Must live in the arena. */
void wb_answer(struct wb_query *q, const ProtobufCMessage *answer);
/* ETag of the answer: the version of that stream. */
void wb_answer_version(struct wb_query *q, const char *stream_kind, struct wb_id id);
void wb_query_refuse(struct wb_query *q, enum wb_refusal r, const char *path);
struct wb_query_def {
	const ProtobufCMessageDescriptor *message;
	wb_answer_fn *answer;
	uint32_t roles;
	enum wb_tenant_rule tenant;
};

/* ---- caches of opened personal data (law 13): memory or a private environment, never a projection ---- */

/* Opens a sealed Personal: plain text (arena), or NULL when erased or the key is not to be had. */
struct wb_opener;
const char *wb_open_personal(
        struct wb_opener *o, struct wb_arena *a, const char *tenant, const Weibao__V1__Personal *p);
struct wb_cache_def {
	/* Makes the cache from the projection as it stands (called once keys are there). dir is a private folder for
	 * it. */
	void *(*open)(struct wb_txn *db, struct wb_opener *o, const char *dir);
	/* After the fold of an event was committed; it may be one that open has seen in the projection already. */
	void (*event)(void *cache, struct wb_txn *db, struct wb_opener *o, const struct wb_event *ev);
	void (*close)(void *cache);
};

/* ---- the value ---- */

/* The first index of a service's own tables (struct wb_table); those before are the runtime's. */
#define WB_SERVICE_TABLES_BASE 7
struct wb_effects;

struct wb_service {
	const char *name;                     /* "intake" */
	const char *fold_version;             /* hash over tables and evolve, set by the build */
	const struct wb_table *const *tables; /* of the projection, index WB_SERVICE_TABLES_BASE … */
	size_t n_tables;
	const struct wb_command_def *commands;
	size_t n_commands;
	const struct wb_query_def *queries;
	size_t n_queries;
	const struct wb_evolve_def *evolve;
	size_t n_evolve;
	const struct wb_todo_def *todos;
	size_t n_todos;
	const struct wb_cache_def *cache; /* or NULL */
	const struct wb_effects *effects; /* or NULL: work off the log (effects.h), identity's secrets */
};
#endif
