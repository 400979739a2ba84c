/* The runtime from inside: what its rooms share. runtime.c owns the state, command.c the way of a command, query.c the
 * answers, runner.c the to-dos, keys.c the keys and what is sealed and opened. Not for services. */
#ifndef WB_SERVICE_INTERNAL_H
#define WB_SERVICE_INTERNAL_H
#include "seal/keys.h"
#include "service/decision.h"
#include "service/projection.h"
#include "service/runtime.h"
#include "service/turns.h"

#define COMMAND_ARENA_BYTES ((size_t)8 * 1024 * 1024)
#define QUERY_ARENA_BYTES ((size_t)32 * 1024 * 1024)
#define ID_BUCKETS 4096u
#define CONFLICTS_MAX 8u

/* A doubly linked ring; the list's own node has no owner. */
struct node {
	struct node *prev, *next;
};
void node_init(struct node *n);
void node_add(struct node *list, struct node *n); /* at the end */
void node_add_front(struct node *list, struct node *n);
void node_del(struct node *n);
bool node_empty(const struct node *list);

/* Keys that are lacking for something that waits. */
struct need {
	const char *tenant; /* arena of who waits */
	struct wb_id subject;
	bool create; /* make it if there is none: something is to be sealed */
};
struct needs {
	struct need *rows; /* of the arena */
	size_t n, cap;
};
void needs_add(struct needs *needs, struct wb_arena *a, const char *tenant, struct wb_id subject, bool create);

enum command_state {
	COMMAND_AFTER,    /* the projection is behind what the sender had seen */
	COMMAND_EFFECT,   /* its effect is at work */
	COMMAND_TURNS,    /* waits for its turns */
	COMMAND_KEYS,     /* decided; keys are being fetched */
	COMMAND_APPEND,   /* in the batch or with the journal */
	COMMAND_FOLD,     /* accepted; its events are on their way */
	COMMAND_CONFLICT, /* a newer version is on its way; then decided again */
	COMMAND_REPEAT,   /* accepted before: its events are being read */
	COMMAND_ANSWER,   /* folded; keys to open the answer are being fetched */
};

struct command {
	struct node in_all, in_id; /* all live ones; those of one id bucket */
	struct wb_runtime *rt;
	enum command_state state;
	struct wb_arena arena;
	bool has_caller;
	struct wb_caller caller;
	struct errand *errand; /* a to-do of ours, or NULL */
	const Weibao__V1__Request *request;
	const struct wb_command_def *def; /* NULL: the runtime's own ToDoEnded */
	const ProtobufCMessage *message;
	struct wb_id id;
	bool has_digest;
	uint8_t digest[32];
	int64_t deadline_boot_us; /* of the present wait */
	bool granted_early;       /* while the turns were being taken */
	struct wb_turns turns;
	struct wb_turn_set *held; /* place in the book */
	struct wb_decision_out out;
	uint32_t n_events;
	struct wb_bytes append; /* packed Append, kept for a retry */
	uint64_t append_id;
	bool append_known; /* the journal said OK */
	uint32_t conflicts;
	struct {
		const char *tenant, *kind;
		struct wb_id id;
		uint64_t version;
	} conflict;
	uint64_t position; /* of the first event */
	uint64_t read_id;
	Weibao__V1__AnswerEvent **events;
	size_t n_answer_events;
	uint64_t last_event_position;
	struct needs needs;
	const struct wb_effect_def *effect;
	void *job;
	bool effect_done;
};

struct wb_opener {
	struct wb_runtime *rt;
};

struct waiting_query {
	struct node in_all;
	struct wb_arena arena;
	struct wb_caller caller;
	const Weibao__V1__Request *request;
	const struct wb_query_def *def;
	const ProtobufCMessage *message;
	ProtobufCMessage *answer; /* made; waits for keys */
	bool has_version;
	uint64_t version;
	int64_t deadline_boot_us;
	struct needs needs;
};

struct wb_query_out {
	const ProtobufCMessage *answer;
	bool refused;
	enum wb_refusal refusal;
	const char *path;
	bool has_version;
	uint64_t version;
};

/* A to-do under way or backing off, by its row's name and cause. */
struct errand {
	struct errand *next; /* in its bucket */
	char kind[64], tenant[64];
	struct wb_id ref;
	uint32_t n;
	uint64_t cause_position;
	bool running, ending;
	uint32_t tries;
	int64_t retry_boot_us;
	uint64_t call_id;
	bool seen; /* in the sweep for rows that are gone */
	char code[64];
};

struct feed_piece {
	struct node in_queue;
	size_t len;
	uint8_t data[];
};

struct cache_piece {
	struct node in_queue;
	uint64_t position;
	size_t len;
	uint8_t data[];
};

struct pending_call {
	struct pending_call *next;
	uint64_t id;
	struct errand *errand; /* else keys */
};

struct wb_runtime {
	const struct wb_service *service;
	struct wb_ports ports;
	struct wb_projection projection;
	enum wb_runtime_state state;
	char why[160];
	char *data_dir;
	bool draining;

	const struct wb_command_def **commands; /* sorted by name; the runtime's own ToDoEnded among them */
	size_t n_command_defs;
	const struct wb_query_def **queries;

	uint64_t head;        /* of the journal, as last heard */
	int64_t time_us;      /* journal time: everything stamped before it is folded */
	int64_t feed_boot_us; /* when the feed was last heard */
	uint64_t feed_complete_to;
	int64_t feed_time_us;
	bool connected; /* log id was compared */
	bool reading;
	uint64_t read_id;
	int64_t read_boot_us;
	struct node feed_queue; /* kept while reading */
	size_t feed_queue_bytes;

	uint64_t epoch;
	bool epoch_sent;
	uint64_t epoch_append_id;
	int64_t epoch_boot_us;

	uint64_t next_id;
	struct node commands_all;
	size_t n_commands;
	struct node by_id[ID_BUCKETS];
	struct wb_turn_book *turns;
	struct wb_counters *counters;
	struct command **batch; /* to be appended at the end of the round */
	size_t n_batch;
	struct wb_txn *read_txn; /* of this round, or NULL */
	bool folding;

	struct node queries_all;
	size_t n_queries;

	struct wb_keys *keys;
	bool keys_loaded; /* all of them, where a cache needs them */
	bool keys_all_asked;
	char keys_after_tenant[64];
	struct wb_id keys_after_subject;
	uint64_t keys_call_id;
	bool keys_calling, keys_wanted;
	int64_t keys_boot_us;

	struct errand *errands[ID_BUCKETS];
	size_t n_running, n_backing_off;
	struct wb_key due_cursor;
	int64_t due_boot_us;
	struct pending_call *calls;

	void *cache;
	bool cache_open;
	struct node cache_queue;
	void *effects;
	struct wb_opener opener; /* the effects' */

	struct wb_runtime_stats stats;
};

/* runtime.c */
int64_t rt_boot_us(const struct wb_runtime *rt);
uint64_t rt_next_id(struct wb_runtime *rt);
/* The read transaction of this round; NULL only when the environment fails (the runtime has failed then). */
struct wb_txn *rt_txn(struct wb_runtime *rt);
void rt_txn_end(struct wb_runtime *rt);
void rt_fail(struct wb_runtime *rt, enum wb_runtime_state state, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
void rt_reply(struct wb_runtime *rt, const struct wb_caller *to, Weibao__V1__Reply *reply);

/* command.c */
bool rt_is_command(const struct wb_runtime *rt, const char *operation);
void command_take(struct wb_runtime *rt, const struct wb_caller *from, struct errand *errand, struct wb_bytes request);
void command_on_event(struct wb_runtime *rt, const struct wb_event *ev);
void command_after_fold(struct wb_runtime *rt);
void command_on_result(struct wb_runtime *rt, const Weibao__V1__AppendResult *r);
bool command_on_read(struct wb_runtime *rt, const Weibao__V1__ReadResult *r);
void command_on_keys(struct wb_runtime *rt);
void command_expire(struct wb_runtime *rt);
void command_flush(struct wb_runtime *rt);
void command_free_all(struct wb_runtime *rt);

/* answer.c */
void command_refuse(struct command *c, enum wb_refusal r, const char *path);
void command_busy(struct command *c, enum wb_refusal why);
/* Answers from the events gathered, once its Personal fields can be opened, and frees the command. */
void command_answer(struct command *c);
void command_already(struct command *c);
void command_free(struct command *c);
bool command_add_event(struct command *c, const struct wb_event *ev);
void rt_reply_refusal(struct wb_runtime *rt, const struct wb_caller *to, const Weibao__V1__Request *request,
        const char *code, const char *path, const struct wb_decision_out *out, struct wb_arena *a);
void rt_reply_busy(
        struct wb_runtime *rt, const struct wb_caller *to, uint64_t request_id, const char *code, struct wb_arena *a);
/* Whether the principal may, in that tenant, do what asks for these roles under that rule; else the refusal. */
bool rt_allowed(const Weibao__V1__Request *q, uint32_t roles, enum wb_tenant_rule rule, enum wb_refusal *ret_refusal);

/* query.c */
void query_take(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request);
/* BUSY to who sent it, whatever it was. */
void query_busy(struct wb_runtime *rt, const struct wb_caller *from, struct wb_bytes request);
void query_after_fold(struct wb_runtime *rt);
void query_on_keys(struct wb_runtime *rt);
void query_expire(struct wb_runtime *rt);
void query_free_all(struct wb_runtime *rt);

/* runner.c */
void runner_step(struct wb_runtime *rt);
void runner_done(struct wb_runtime *rt, struct errand *e, Weibao__V1__ReplyStatus status, const char *code, bool final);
void runner_call_result(struct wb_runtime *rt, struct errand *e, enum wb_err err, struct wb_bytes reply);
void runner_free_all(struct wb_runtime *rt);

/* keys.c */
enum wb_err keys_seal(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs);
/* Opens every Personal of the message in place; what lacks a key is listed. */
enum wb_err keys_open(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs);
enum wb_err keys_open_one(
        struct wb_runtime *rt, const char *tenant, Weibao__V1__Personal *p, struct wb_arena *a, struct needs *needs);
/* Lists what opening the message would lack. */
void keys_lacking(
        struct wb_runtime *rt, const char *tenant, ProtobufCMessage *m, struct wb_arena *a, struct needs *needs);
/* The digest key of a tenant; false: listed in needs. */
bool keys_digest_key(
        struct wb_runtime *rt, const char *tenant, struct wb_arena *a, struct needs *needs, uint8_t ret_key[32]);
/* Whether all are settled (known or erased) by now. */
bool keys_settled(struct wb_runtime *rt, const struct needs *needs);
void keys_fetch(struct wb_runtime *rt); /* asks for what commands, queries and the cache lack */
void keys_call_result(struct wb_runtime *rt, enum wb_err err, struct wb_bytes reply);
void keys_serve(struct wb_runtime *rt, const struct wb_caller *from, const Weibao__V1__Request *request);
void keys_on_event(struct wb_runtime *rt, const struct wb_event *ev);
void keys_reconcile(struct wb_runtime *rt);

/* cache.c */
void cache_on_records(struct wb_runtime *rt, const struct wb_record *records, size_t n);
void cache_step(struct wb_runtime *rt);
void cache_lacking(struct wb_runtime *rt, struct wb_arena *a, struct needs *needs);
void cache_close(struct wb_runtime *rt);
#endif
