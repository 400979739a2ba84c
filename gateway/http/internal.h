/*
 * Inside of the server shell: a server has loops, a loop has connections, a connection has at most one request that
 * waits for its answer.
 *
 * How evhttp is fed: a callback on the input buffer of each connection's bufferevent (gate.c) takes every byte out as
 * it arrives, shows it to the strict check, and gives evhttp whole requests only. A refusal becomes a harmless request
 * of our own in the place of the refused one: so its answer comes in order, and evhttp never waits in the middle of
 * one.
 *
 * What is relied on in libevent 2.1.12's http.c: bufferevent_setcb's argument of a server connection is its
 * evhttp_connection (the only way to it before the first request); reading in state WRITING aborts the process, so the
 * read callback is off while a request is answered; a request whose connection failed before its answer is ours to
 * free.
 */
#ifndef WB_HTTP_INTERNAL_H
#define WB_HTTP_INTERNAL_H
#include "gateway/http/server.h"
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#define HTTP_FD_BITS 20 /* a request id is sequence << 20 | fd */

enum conn_phase {
	PHASE_BEGIN,     /* made in evhttp's accept; its address is not known yet */
	PHASE_HANDSHAKE, /* TLS, until the timer or the first byte */
	PHASE_IDLE,
	PHASE_READING, /* part of a request has come */
	PHASE_BUSY,    /* a handler has it; no deadline of ours */
	PHASE_STREAM,  /* timer: armed while full */
	PHASE_WRITING,
	PHASE_LINGER, /* refused and answered, waiting for the peer to have read that */
};

/* An address for counting: v4 as mapped, v6 by its first 64 bits. */
struct ip_key {
	uint8_t b[16];
};
struct ip_entry;
struct ip_table {
	pthread_mutex_t lock;
	struct ip_entry **buckets;
};

enum http_stat {
	STAT_ACCEPTED,
	STAT_OVER_TOTAL,
	STAT_OVER_IP,
	STAT_HANDSHAKE,
	STAT_IDLE,
	STAT_WRITE,
	STAT_STALLED,
	STAT_GONE,
	STAT_COUNT
};

struct http_conn {
	struct wb_http_loop *loop;
	struct http_conn *next, **prev;
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct ssl_st *ssl; /* bev's, or NULL */
	struct evbuffer_cb_entry *gate;
	struct evbuffer *stage; /* the request under way, already checked */
	struct event *timer;
	struct wb_http_strict strict;
	enum conn_phase phase;
	enum wb_http_refusal refusal;
	size_t passed, begun; /* requests given to evhttp, and begun by it; a refusal is the last passed */
	bool gating;          /* the gate itself changes the input buffer */
	bool deaf;            /* throws all further input away */
	bool stream, full, sent;
	int fd;
	uint64_t request_id; /* waits for its answer, or is a stream; 0: none */
	struct evhttp_request *request;
	bool is_head;
	struct ip_key ip;
	char peer[INET6_ADDRSTRLEN];
};

struct http_port {
	struct wb_http_loop *loop;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	bool is_tls;
};

struct wb_http_loop {
	struct wb_http_server *server;
	size_t index;
	pthread_t thread;
	struct event_base *base;
	struct http_port ports[2]; /* plain, TLS; http NULL: none */
	struct event *stop, *grace, *heartbeat, *resume;
	struct evbuffer *scratch, *front; /* empty outside of the gate */
	struct http_conn *conns;
	struct http_conn **by_fd;
	size_t by_fd_count;
	bool stopping, running;
	enum wb_err start_err;
	_Atomic uint64_t stats[STAT_COUNT], answers[6], refused[WB_HTTP_REFUSAL_COUNT], streams;
};

struct wb_http_server {
	struct wb_http_options options; /* strings are copies */
	struct wb_http_limits limits;
	struct wb_http_loop *loops;
	size_t loops_count;
	int listeners[2]; /* plain, TLS; -1: none */
	uint16_t ports[2];
	atomic_int grace_ms; /* set by who closes, read by the loops */
	atomic_size_t connections;
	_Atomic uint64_t sequence;
	struct ip_table ips;
	pthread_mutex_t lock; /* of started */
	pthread_cond_t wake;
	size_t started;
};

/* gate.c */
/* evhttp's question for a bufferevent; arg: struct http_port. */
struct bufferevent *http_conn_new(struct event_base *base, void *arg);
struct http_conn *http_conn_of_request(struct wb_http_loop *loop, struct evhttp_request *request);
void http_conn_deadline(struct http_conn *conn, enum conn_phase phase, int ms);
void http_conn_no_deadline(struct http_conn *conn, enum conn_phase phase);
/* The answer has left: on to the next request. */
void http_conn_next(struct http_conn *conn);
/* Frees it, through evhttp. */
void http_conn_close(struct http_conn *conn);
/* Begins the end: no further input. Closes it at once if nothing is under way. */
void http_conn_stop(struct http_conn *conn);

/* handle.c: evhttp's callback for every request; arg: struct http_port. */
void http_handle(struct evhttp_request *request, void *arg);

/* parse.c: false if the target has too many parts; the arena is the caller's. */
bool http_request_parse(struct wb_http_request *r, struct evhttp_request *from, struct wb_arena *arena);

/* reply.c */
void http_refuse(struct http_conn *conn, enum wb_http_refusal refusal);
void http_stream_heartbeat(struct http_conn *conn);

/* ip.c */
bool http_ip_init(struct ip_table *t);
void http_ip_done(struct ip_table *t);
/* The key and text of a peer's address; false unless it is IPv4 or IPv6. */
bool http_ip_of(const struct sockaddr_storage *from, struct ip_key *ret_key, char ret_text[static INET6_ADDRSTRLEN]);
/* Counts one more unless there are max; false then, or when memory is out. */
bool http_ip_take(struct ip_table *t, const struct ip_key *key, size_t max);
void http_ip_give(struct ip_table *t, const struct ip_key *key);

static inline void http_count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}
#endif
