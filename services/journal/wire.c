/* The frames of bus/frame.h by hand, for threads that poll their own sockets. */
#include "host.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

static int receive_frame(void *socket, zmq_msg_t *m)
{
	int rc;
	do
		rc = zmq_msg_recv(m, socket, ZMQ_DONTWAIT);
	while (rc < 0 && errno == EINTR);
	return rc;
}

enum wb_err wb_journal_receive(void *socket, struct wb_arena *a, struct wb_journal_message *ret)
{
	zmq_msg_t m;
	size_t n = 0;
	bool more = true, bad = false;
	struct wb_journal_message got = {.route_len = 0};
	(void)zmq_msg_init(&m);
	for (; more; n++) {
		if (receive_frame(socket, &m) < 0) {
			(void)zmq_msg_close(&m);
			return WB_ERR_AGAIN;
		}
		size_t len = zmq_msg_size(&m);
		if (n == 0 && len <= sizeof got.route) {
			memcpy(got.route, zmq_msg_data(&m), len);
			got.route_len = len;
		} else if (n == 1 && len == sizeof got.id) {
			memcpy(got.id, zmq_msg_data(&m), len);
		} else if (n == 2) {
			got.body = (struct wb_bytes){wb_arena_copy(a, zmq_msg_data(&m), len), len};
			bad |= !got.body.data;
		} else {
			bad = true;
		}
		more = zmq_msg_more(&m) != 0;
	}
	(void)zmq_msg_close(&m);
	if (bad || n != 3)
		return WB_ERR_INVALID;
	*ret = got;
	return WB_OK;
}

bool wb_journal_answer(void *socket, const struct wb_journal_message *to, struct wb_bytes body)
{
	if (zmq_send(socket, to->route, to->route_len, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return false;
	/* once the first frame is in, the others go with it */
	return zmq_send(socket, to->id, sizeof to->id, ZMQ_SNDMORE) >= 0 &&
	       zmq_send(socket, body.data, body.len, 0) >= 0;
}
