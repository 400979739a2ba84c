#include "gateway/http/internal.h"

/* Enough for the longest head's parts, decoded: they are no longer than the head, plus the tables. */
#define ARENA_BYTES(head) (8 * (head) + 64u * 1024)

/* The answer has been written: evhttp goes on to the next request, or closes. */
static void on_complete(struct evhttp_request *request, void *arg)
{
	(void)request;
	http_conn_next(arg);
}

/*
 * While a request is answered evhttp must not read (it would abort the process), but we want to know when the peer
 * goes: so reading stays on, without evhttp's read callback. The gate bounds what piles up.
 */
static void watch_for_close(struct http_conn *conn)
{
	bufferevent_data_cb write_cb;
	bufferevent_event_cb event_cb;
	void *arg;
	bufferevent_getcb(conn->bev, NULL, &write_cb, &event_cb, &arg);
	bufferevent_setcb(conn->bev, NULL, write_cb, event_cb, arg);
	(void)bufferevent_enable(conn->bev, EV_READ);
}

static void hand_over(struct http_conn *conn, const struct wb_http_request *r)
{
	const struct wb_http_options *options = &conn->loop->server->options;
	options->on_request(options->ctx, conn->loop, r);
}

void http_handle(struct evhttp_request *request, void *arg)
{
	struct http_port *port = arg;
	struct wb_http_loop *loop = port->loop;
	struct wb_http_server *server = loop->server;
	struct http_conn *conn = http_conn_of_request(loop, request);
	if (!conn) {
		/* No memory for its gate: nothing of it was checked, so nothing of it is served. */
		(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection", "close");
		evhttp_send_reply(request, 503, "Service Unavailable", NULL);
		return;
	}
	conn->request = request;
	conn->begun++;
	http_conn_no_deadline(conn, PHASE_BUSY);
	evhttp_request_set_on_complete_cb(request, on_complete, conn);
	watch_for_close(conn);
	if (conn->refusal != WB_HTTP_REFUSED_NONE && conn->begun == conn->passed) {
		http_refuse(conn, conn->refusal);
		return;
	}
	struct wb_arena arena;
	struct wb_http_request r = {.peer = conn->peer, .is_tls = port->is_tls};
	wb_arena_init(&arena, ARENA_BYTES(server->limits.strict.head_bytes_max));
	if (http_request_parse(&r, request, &arena)) {
		r.id = (atomic_fetch_add(&server->sequence, 1) + 1) << HTTP_FD_BITS | (uint64_t)conn->fd;
		conn->request_id = r.id;
		conn->is_head = r.method == WB_HTTP_HEAD;
		hand_over(conn, &r);
	} else {
		http_refuse(conn, WB_HTTP_REFUSED_TARGET);
	}
	wb_arena_done(&arena);
}
