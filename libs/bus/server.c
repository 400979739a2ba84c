#include "bus/server.h"
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024 /* a power of two; chains stay short far beyond the peers of a cell */

/* A peer with requests in flight; gone with the last of them. */
struct load {
	struct load *next;
	size_t inflight;
	uint8_t route_bytes;
	uint8_t route[WB_FRAME_ROUTE_BYTES_MAX];
};

struct wb_server {
	struct wb_socket *socket;
	struct wb_server_handler handler;
	size_t inflight_max, peer_inflight_max;
	struct wb_server_stats stats;
	struct load *buckets[BUCKETS];
};

static struct load **find_load(struct wb_server *server, const struct wb_peer *peer)
{
	uint32_t hash = 2166136261u; /* FNV-1a: routing ids are ZeroMQ's random ones, nobody can aim at a bucket */
	for (size_t i = 0; i < peer->route_bytes; i++)
		hash = (hash ^ peer->route[i]) * 16777619u;
	struct load **at = &server->buckets[hash & (BUCKETS - 1)];
	while (*at &&
	        ((*at)->route_bytes != peer->route_bytes || memcmp((*at)->route, peer->route, peer->route_bytes) != 0))
		at = &(*at)->next;
	return at;
}

/* Counts a request in; false beyond a limit. */
static bool take(struct wb_server *server, const struct wb_peer *peer)
{
	if (server->stats.inflight >= server->inflight_max)
		return false;
	struct load **at = find_load(server, peer);
	if (!*at) {
		struct load *load = calloc(1, sizeof(*load)); /* while the peer has requests: inflight_max at most */
		if (!load)
			return false;
		load->route_bytes = peer->route_bytes;
		memcpy(load->route, peer->route, peer->route_bytes);
		*at = load;
		server->stats.peers++;
	}
	if ((*at)->inflight >= server->peer_inflight_max)
		return false;
	(*at)->inflight++;
	server->stats.inflight++;
	return true;
}

static void give_back(struct wb_server *server, const struct wb_peer *peer)
{
	if (!peer->counted)
		return;
	struct load **at = find_load(server, peer);
	WB_ASSERT(*at && (*at)->inflight > 0 && server->stats.inflight > 0); /* else a second reply to one request */
	server->stats.inflight--;
	if (--(*at)->inflight > 0)
		return;
	struct load *load = *at;
	*at = load->next;
	free(load);
	server->stats.peers--;
}

static bool read_peer(const struct wb_message *m, struct wb_peer *ret_peer)
{
	if (m->frame_count != 3 || m->frames[1].len != WB_FRAME_ID_BYTES)
		return false;
	if (m->frames[0].len == 0 || m->frames[0].len > WB_FRAME_ROUTE_BYTES_MAX)
		return false;
	struct wb_peer peer = {.request_id = wb_be64_get(m->frames[1].data)};
	peer.route_bytes = (uint8_t)m->frames[0].len;
	memcpy(peer.route, m->frames[0].data, m->frames[0].len);
	if (m->user) {
		size_t len = strlen(m->user);
		if (len >= sizeof(peer.user))
			return false;
		memcpy(peer.user, m->user, len);
	}
	*ret_peer = peer;
	return true;
}

static void on_message(void *ctx, const struct wb_message *m)
{
	struct wb_server *server = ctx;
	struct wb_peer peer;
	if (!read_peer(m, &peer)) {
		server->stats.malformed++;
		return;
	}
	peer.counted = take(server, &peer);
	if (peer.counted) {
		server->stats.requests++;
		server->handler.on_request(server->handler.ctx, &peer, m->frames[2]);
		return;
	}
	server->stats.busy++;
	if (server->handler.on_busy)
		server->handler.on_busy(server->handler.ctx, &peer, m->frames[2]);
}

static void on_round(void *ctx)
{
	struct wb_server *server = ctx;
	if (server->handler.on_round)
		server->handler.on_round(server->handler.ctx);
}

enum wb_err wb_server_open(struct wb_bus *bus, struct event_base *base, const struct wb_server_options *options,
        const struct wb_server_handler *handler, struct wb_server **ret_server)
{
	struct wb_server *server = calloc(1, sizeof(*server)); /* the server's own life */
	if (!server)
		return WB_ERR_MEMORY;
	server->handler = *handler;
	server->inflight_max = options->inflight_max ? options->inflight_max : WB_SERVER_INFLIGHT_MAX;
	server->peer_inflight_max =
	        options->peer_inflight_max ? options->peer_inflight_max : WB_SERVER_PEER_INFLIGHT_MAX;
	size_t hwm = options->hwm > 0 ? (size_t)options->hwm : 2 * server->peer_inflight_max;
	struct wb_socket_options so = {.kind = WB_SOCKET_ROUTER,
	        .endpoint = options->endpoint,
	        .bind = true,
	        .send_hwm = (int)hwm,
	        .receive_hwm = (int)hwm,
	        .body_bytes_max = options->body_bytes_max,
	        .turn_max = options->turn_max,
	        .curve = options->curve};
	struct wb_socket_handler sh = {.on_message = on_message, .on_round = on_round, .ctx = server};
	enum wb_err err = wb_socket_open(bus, base, &so, &sh, &server->socket);
	if (err != WB_OK) {
		free(server);
		return err;
	}
	*ret_server = server;
	return WB_OK;
}

void wb_server_close(struct wb_server *server)
{
	if (!server)
		return;
	wb_socket_close(server->socket);
	for (size_t i = 0; i < BUCKETS; i++) {
		while (server->buckets[i]) {
			struct load *load = server->buckets[i];
			server->buckets[i] = load->next;
			free(load);
		}
	}
	free(server);
}

enum wb_err wb_server_reply(struct wb_server *server, const struct wb_peer *peer, struct wb_bytes message)
{
	uint8_t id[WB_FRAME_ID_BYTES];
	wb_be64_put(id, peer->request_id);
	const struct wb_bytes frames[] = {{peer->route, peer->route_bytes}, {id, sizeof(id)}, message};
	enum wb_err err = wb_socket_send(server->socket, frames, 3, peer->request_id);
	if (err == WB_ERR_LIMIT || err == WB_ERR_MEMORY)
		return err;
	if (err == WB_OK)
		server->stats.replies++;
	else if (err == WB_ERR_CLOSED)
		server->stats.peer_gone++;
	else
		server->stats.peer_full++;
	give_back(server, peer);
	return WB_OK;
}

void wb_server_forget(struct wb_server *server, const struct wb_peer *peer)
{
	server->stats.forgotten++;
	give_back(server, peer);
}

const char *wb_server_endpoint(const struct wb_server *server)
{
	return wb_socket_endpoint(server->socket);
}

struct wb_server_stats wb_server_stats(const struct wb_server *server)
{
	struct wb_server_stats stats = server->stats;
	stats.malformed += wb_socket_stats(server->socket).malformed;
	return stats;
}
