#include "bus/curve.h"
#include "bus/setup.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define STOP_ENDPOINT "inproc://wb-zap-stop"
#define KEY_CHARS (WB_CURVE_KEY_BYTES - 1)
#define RAW_KEY_BYTES 32
#define ZAP_FRAMES 7 /* version, request id, domain, address, routing id, mechanism, the client's public key */
#define TEXT_BYTES 256
#define LINE_BYTES_MAX 256

enum zap_frame { ZAP_VERSION, ZAP_REQUEST_ID, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_ROUTE, ZAP_MECHANISM, ZAP_KEY };

struct row {
	uint8_t key[RAW_KEY_BYTES];
	char service[WB_CURVE_SERVICE_BYTES];
	unsigned roles;
};

/* All but the pipes belongs to the handler's thread once it runs, and is only read. */
struct wb_zap {
	void *socket;    /* REP, the thread's */
	void *stop_ours; /* a message here ends the thread */
	void *stop_theirs;
	pthread_t thread;
	void (*on_refusal)(void *, enum wb_zap_refusal, const char *, const char *, const char *);
	void *ctx;
	size_t row_count;
	struct row rows[];
};

const char *wb_zap_refusal_text(enum wb_zap_refusal why)
{
	switch (why) {
	case WB_ZAP_MALFORMED:
		return "malformed request";
	case WB_ZAP_MECHANISM:
		return "not CURVE";
	case WB_ZAP_UNKNOWN_KEY:
		return "unknown key";
	case WB_ZAP_WRONG_ROLE:
		return "role not allowed";
	}
	wb_assert_failed("a reason of refusal", __FILE__, __LINE__);
}

/* ---- the thread ---- */

static bool frame_is(zmq_msg_t *frame, const char *text)
{
	return zmq_msg_size(frame) == strlen(text) && memcmp(zmq_msg_data(frame), text, strlen(text)) == 0;
}

/* A frame as text, for the callback: cut at the buffer's end. */
static void frame_text(zmq_msg_t *frame, char text[static TEXT_BYTES])
{
	size_t len = zmq_msg_size(frame);
	if (len >= TEXT_BYTES)
		len = TEXT_BYTES - 1;
	memcpy(text, zmq_msg_data(frame), len);
	text[len] = '\0';
}

/* The row that lets the peer in, or NULL and why not; *ret_service names a known one either way. */
static const struct row *judge(const struct wb_zap *zap, zmq_msg_t *frames, size_t count, enum wb_zap_refusal *ret_why,
        const char **ret_service)
{
	*ret_service = "";
	*ret_why = WB_ZAP_MALFORMED;
	if (count <= ZAP_MECHANISM || !frame_is(&frames[ZAP_VERSION], "1.0"))
		return NULL;
	*ret_why = WB_ZAP_MECHANISM;
	if (!frame_is(&frames[ZAP_MECHANISM], "CURVE"))
		return NULL;
	*ret_why = WB_ZAP_MALFORMED;
	if (count != ZAP_FRAMES || zmq_msg_size(&frames[ZAP_KEY]) != RAW_KEY_BYTES)
		return NULL;
	*ret_why = WB_ZAP_UNKNOWN_KEY;
	for (size_t i = 0; i < zap->row_count; i++) {
		const struct row *row = &zap->rows[i];
		if (memcmp(row->key, zmq_msg_data(&frames[ZAP_KEY]), RAW_KEY_BYTES) != 0)
			continue;
		*ret_service = row->service;
		*ret_why = WB_ZAP_WRONG_ROLE;
#define X(name, bit, text)                                                                                             \
	if ((row->roles & WB_BUS_ROLE_##name) && frame_is(&frames[ZAP_DOMAIN], text))                                  \
		return row;
		WB_BUS_ROLES(X)
#undef X
		return NULL;
	}
	return NULL;
}

/* Inproc to a peer of our own that waits for it: fails only when the context ends. */
static bool send_text(struct wb_zap *zap, const void *data, size_t len, int flags)
{
	while (zmq_send(zap->socket, data, len, flags) < 0) {
		if (errno != EINTR)
			return false;
	}
	return true;
}

static void answer(struct wb_zap *zap, zmq_msg_t *frames, size_t count)
{
	enum wb_zap_refusal why;
	const char *service;
	const struct row *row = judge(zap, frames, count, &why, &service);
	if (!row && zap->on_refusal) {
		char domain[TEXT_BYTES] = "", address[TEXT_BYTES] = "";
		if (count > ZAP_ADDRESS) {
			frame_text(&frames[ZAP_DOMAIN], domain);
			frame_text(&frames[ZAP_ADDRESS], address);
		}
		zap->on_refusal(zap->ctx, why, service, domain, address);
	}
	const char *status = row ? "200" : "400";
	const char *text = row ? "OK" : "refused"; /* the peer is not told why */
	const char *user = row ? row->service : "";
	bool has_id = count > ZAP_REQUEST_ID;
	bool sent = send_text(zap, "1.0", 3, ZMQ_SNDMORE) &&
	            send_text(zap, has_id ? zmq_msg_data(&frames[ZAP_REQUEST_ID]) : "",
	                    has_id ? zmq_msg_size(&frames[ZAP_REQUEST_ID]) : 0, ZMQ_SNDMORE) &&
	            send_text(zap, status, 3, ZMQ_SNDMORE) && send_text(zap, text, strlen(text), ZMQ_SNDMORE) &&
	            send_text(zap, user, strlen(user), ZMQ_SNDMORE) && send_text(zap, "", 0, 0);
	(void)sent; /* not sent: the context ends, and with it the peer's handshake */
}

/* Takes one request in and answers it; false when the context ends. */
static bool serve_one(struct wb_zap *zap)
{
	zmq_msg_t frames[ZAP_FRAMES];
	zmq_msg_t extra;
	size_t count = 0; /* all that came, beyond ZAP_FRAMES too */
	bool more = true;
	bool alive = true;
	WB_ASSERT(zmq_msg_init(&extra) == 0);
	while (alive && more) {
		zmq_msg_t *frame = &extra;
		if (count < ZAP_FRAMES) {
			frame = &frames[count];
			WB_ASSERT(zmq_msg_init(frame) == 0);
		}
		count++;
		int rc;
		do
			rc = zmq_msg_recv(frame, zap->socket, 0);
		while (rc < 0 && errno == EINTR);
		alive = rc >= 0;
		more = alive && zmq_msg_more(frame);
	}
	if (alive)
		answer(zap, frames, count);
	for (size_t i = 0; i < count && i < ZAP_FRAMES; i++)
		WB_ASSERT(zmq_msg_close(&frames[i]) == 0);
	WB_ASSERT(zmq_msg_close(&extra) == 0);
	return alive;
}

static void *run(void *arg)
{
	struct wb_zap *zap = arg;
	for (;;) {
		zmq_pollitem_t items[] = {{zap->socket, 0, ZMQ_POLLIN, 0}, {zap->stop_theirs, 0, ZMQ_POLLIN, 0}};
		if (zmq_poll(items, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return NULL;
		}
		if (items[1].revents)
			return NULL;
		if (items[0].revents && !serve_one(zap))
			return NULL;
	}
}

/* ---- life ---- */

static bool decode_key(const char *text, uint8_t ret_key[static RAW_KEY_BYTES])
{
	return strnlen(text, WB_CURVE_KEY_BYTES) == KEY_CHARS && zmq_z85_decode(ret_key, text) != NULL;
}

static enum wb_err take_rows(struct wb_zap *zap, const struct wb_zap_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct row *row = &zap->rows[i];
		size_t len = strnlen(rows[i].service, WB_CURVE_SERVICE_BYTES);
		if (len == 0 || len == WB_CURVE_SERVICE_BYTES || !decode_key(rows[i].public_key, row->key))
			return WB_ERR_INVALID;
		for (size_t j = 0; j < i; j++) {
			if (memcmp(zap->rows[j].key, row->key, RAW_KEY_BYTES) == 0)
				return WB_ERR_INVALID;
		}
		memcpy(row->service, rows[i].service, len + 1);
		row->roles = rows[i].roles;
		zap->row_count++;
	}
	return WB_OK;
}

static enum wb_err open_one(struct wb_bus *bus, int type, bool bind, const char *endpoint, void **ret_socket)
{
	int zero = 0, hwm = WB_SOCKET_HWM;
	void *socket = zmq_socket(wb_bus_context(bus), type);
	if (!socket)
		return wb_setup_error();
	if (zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero)) != 0 ||
	        zmq_setsockopt(socket, ZMQ_SNDHWM, &hwm, sizeof(hwm)) != 0 ||
	        zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof(hwm)) != 0 ||
	        (bind ? zmq_bind : zmq_connect)(socket, endpoint) != 0) {
		enum wb_err err = wb_setup_error();
		WB_ASSERT(zmq_close(socket) == 0);
		return err;
	}
	*ret_socket = socket;
	return WB_OK;
}

static void free_zap(struct wb_zap *zap)
{
	if (zap->stop_ours)
		wb_setup_close(zap->stop_ours, STOP_ENDPOINT, false);
	if (zap->stop_theirs)
		wb_setup_close(zap->stop_theirs, STOP_ENDPOINT, true);
	if (zap->socket)
		wb_setup_close(zap->socket, ZAP_ENDPOINT, true);
	free(zap);
}

enum wb_err wb_zap_open(struct wb_bus *bus, const struct wb_zap_options *options, struct wb_zap **ret_zap)
{
	if (options->row_count > WB_CURVE_ALLOW_MAX)
		return WB_ERR_LIMIT;
	/* the handler's own life */
	struct wb_zap *zap = calloc(1, sizeof(*zap) + options->row_count * sizeof(zap->rows[0]));
	if (!zap)
		return WB_ERR_MEMORY;
	zap->on_refusal = options->on_refusal;
	zap->ctx = options->ctx;
	enum wb_err err = take_rows(zap, options->rows, options->row_count);
	if (err == WB_OK) /* first: its name is what makes the handler one a context */
		err = open_one(bus, ZMQ_REP, true, ZAP_ENDPOINT, &zap->socket);
	if (err == WB_OK)
		err = open_one(bus, ZMQ_PAIR, true, STOP_ENDPOINT, &zap->stop_theirs);
	if (err == WB_OK)
		err = open_one(bus, ZMQ_PAIR, false, STOP_ENDPOINT, &zap->stop_ours);
	/* thread creation is the barrier over which the two sockets change hands */
	if (err == WB_OK && pthread_create(&zap->thread, NULL, run, zap) != 0)
		err = WB_ERR_IO;
	if (err != WB_OK) {
		free_zap(zap);
		return err;
	}
	*ret_zap = zap;
	return WB_OK;
}

void wb_zap_close(struct wb_zap *zap)
{
	if (!zap)
		return;
	while (zmq_send(zap->stop_ours, "", 0, 0) < 0)
		WB_ASSERT(errno == EINTR);
	WB_ASSERT(pthread_join(zap->thread, NULL) == 0);
	free_zap(zap);
}

/* ---- the allow file ---- */

static bool read_roles(char *text, unsigned *ret_roles)
{
	unsigned roles = 0;
	for (char *rest = text; rest;) {
		const char *word = strsep(&rest, ",");
		unsigned role = 0;
#define X(name, bit, text_)                                                                                            \
	if (strcmp(word, text_) == 0)                                                                                  \
		role = WB_BUS_ROLE_##name;
		WB_BUS_ROLES(X)
#undef X
		if (!role)
			return false;
		roles |= role;
	}
	*ret_roles = roles;
	return true;
}

static bool read_row(char *line, struct wb_zap_row *ret_row)
{
	struct wb_zap_row row = {.roles = 0};
	uint8_t raw[RAW_KEY_BYTES];
	char *rest = line;
	const char *key = strsep(&rest, " ");
	const char *service = strsep(&rest, " ");
	if (!service || !rest || !decode_key(key, raw) || !read_roles(rest, &row.roles))
		return false;
	size_t len = strlen(service);
	if (len == 0 || len >= sizeof(row.service))
		return false;
	memcpy(row.public_key, key, WB_CURVE_KEY_BYTES);
	memcpy(row.service, service, len + 1);
	*ret_row = row;
	return true;
}

enum wb_err wb_zap_rows_read(const char *path, struct wb_zap_row *ret_rows, size_t *ret_count)
{
	FILE *file = fopen(path, "re");
	if (!file)
		return errno == ENOENT ? WB_ERR_NOT_FOUND : WB_ERR_IO;
	enum wb_err err = WB_OK;
	size_t count = 0;
	char line[LINE_BYTES_MAX];
	while (err == WB_OK && fgets(line, sizeof(line), file)) {
		size_t len = strcspn(line, "\n");
		if (line[len] != '\n' && !feof(file))
			err = WB_ERR_INVALID; /* longer than any row */
		line[len] = '\0';
		if (err != WB_OK || len == 0 || strncmp(line, "# ", 2) == 0) /* a key may begin with # */
			continue;
		if (count == WB_CURVE_ALLOW_MAX)
			err = WB_ERR_LIMIT;
		else if (!read_row(line, &ret_rows[count]))
			err = WB_ERR_INVALID;
		else
			count++;
	}
	if (err == WB_OK && ferror(file))
		err = WB_ERR_IO;
	(void)fclose(file); /* was only read */
	if (err == WB_OK)
		*ret_count = count;
	return err;
}
