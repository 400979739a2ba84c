#include "bus/setup.h"
#include "bus/curve.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <zmq.h>

#define IO_THREADS_MAX 64

struct wb_bus {
	void *ctx;
};

enum wb_err wb_bus_open(int io_threads, struct wb_bus **ret_bus)
{
	if (io_threads < 1 || io_threads > IO_THREADS_MAX)
		return WB_ERR_INVALID;
	struct wb_bus *bus = calloc(1, sizeof(*bus)); /* process lifetime */
	if (!bus)
		return WB_ERR_MEMORY;
	bus->ctx = zmq_ctx_new();
	if (!bus->ctx) {
		enum wb_err err = wb_setup_error();
		free(bus);
		return err;
	}
	WB_ASSERT(zmq_ctx_set(bus->ctx, ZMQ_IO_THREADS, io_threads) == 0);
	WB_ASSERT(zmq_ctx_set(bus->ctx, ZMQ_MAX_SOCKETS, WB_BUS_SOCKETS_MAX) == 0);
	*ret_bus = bus;
	return WB_OK;
}

void wb_bus_close(struct wb_bus *bus)
{
	if (!bus)
		return;
	while (zmq_ctx_term(bus->ctx) != 0)
		WB_ASSERT(errno == EINTR);
	free(bus);
}

void *wb_bus_context(struct wb_bus *bus)
{
	return bus->ctx;
}

enum wb_err wb_setup_error(void)
{
	switch (errno) {
	case ENOMEM:
		return WB_ERR_MEMORY;
	case EADDRINUSE:
		return WB_ERR_EXISTS;
	case EACCES:
	case EPERM:
		return WB_ERR_DENIED;
	case EINVAL:
	case EPROTONOSUPPORT:
	case ENOCOMPATPROTO:
	case EADDRNOTAVAIL:
	case ENODEV:
		return WB_ERR_INVALID;
	case ENAMETOOLONG:
		return WB_ERR_LIMIT;
	case ETERM:
		return WB_ERR_CLOSED;
	default:
		return WB_ERR_IO;
	}
}

struct wb_socket_options wb_setup_defaults(const struct wb_socket_options *options)
{
	struct wb_socket_options o = *options;
	if (!o.send_hwm)
		o.send_hwm = WB_SOCKET_HWM;
	if (!o.receive_hwm)
		o.receive_hwm = WB_SOCKET_HWM;
	if (!o.linger_ms)
		o.linger_ms = WB_SOCKET_LINGER_MS;
	if (!o.queue_max)
		o.queue_max = WB_SOCKET_HWM;
	if (!o.body_bytes_max)
		o.body_bytes_max = WB_FRAME_BODY_BYTES_MAX;
	if (!o.turn_max)
		o.turn_max = WB_SOCKET_TURN_MAX;
	return o;
}

/* The folder of an ipc address is its lock: whoever can reach the file can speak. */
static enum wb_err guard_folder(const char *path)
{
	char dir[WB_SOCKET_ENDPOINT_BYTES_MAX];
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return WB_ERR_INVALID; /* the working folder and the root are nobody's own */
	size_t len = (size_t)(slash - path);
	memcpy(dir, path, len);
	dir[len] = '\0';
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return wb_setup_error();
	struct stat st;
	if (stat(dir, &st) != 0)
		return wb_setup_error();
	if (!S_ISDIR(st.st_mode))
		return WB_ERR_INVALID;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IRWXG | S_IRWXO)))
		return WB_ERR_DENIED;
	return WB_OK;
}

static bool is_loopback(const char *host_port)
{
	return strncmp(host_port, "127.0.0.1:", 10) == 0 || strncmp(host_port, "[::1]:", 6) == 0;
}

static enum wb_err check_endpoint(const struct wb_socket_options *o)
{
	if (!o->endpoint || strlen(o->endpoint) >= WB_SOCKET_ENDPOINT_BYTES_MAX)
		return o->endpoint ? WB_ERR_LIMIT : WB_ERR_INVALID;
	if (strncmp(o->endpoint, "inproc://", 9) == 0)
		return WB_OK;
	if (strncmp(o->endpoint, "tcp://", 6) == 0)
		return o->curve || is_loopback(o->endpoint + 6) ? WB_OK : WB_ERR_INVALID;
	if (strncmp(o->endpoint, "ipc://", 6) != 0)
		return WB_ERR_INVALID;
	const char *path = o->endpoint + 6;
	if (path[0] == '@' || path[0] == '*' || path[0] == '\0')
		return WB_ERR_INVALID; /* abstract names have no folder to guard them */
	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return WB_ERR_LIMIT;
	return o->bind ? guard_folder(path) : WB_OK;
}

static int set_int(void *zmq, int option, int value)
{
	return zmq_setsockopt(zmq, option, &value, sizeof(value));
}

/* Nothing is left to a default: most of ZeroMQ's are «for ever» and «without limit». */
static enum wb_err set_options(void *zmq, const struct wb_socket_options *o)
{
	int64_t body_max = (int64_t)o->body_bytes_max;
	int failed = 0;
	failed |= set_int(zmq, ZMQ_LINGER, o->linger_ms < 0 ? 0 : o->linger_ms);
	failed |= set_int(zmq, ZMQ_SNDHWM, o->send_hwm);
	failed |= set_int(zmq, ZMQ_RCVHWM, o->receive_hwm);
	failed |= set_int(zmq, ZMQ_SNDTIMEO, 0);
	failed |= set_int(zmq, ZMQ_RCVTIMEO, 0);
	failed |= zmq_setsockopt(zmq, ZMQ_MAXMSGSIZE, &body_max, sizeof(body_max));
	failed |= set_int(zmq, ZMQ_HANDSHAKE_IVL, WB_SOCKET_HANDSHAKE_MS);
	failed |= set_int(zmq, ZMQ_HEARTBEAT_IVL, WB_SOCKET_HEARTBEAT_MS);
	failed |= set_int(zmq, ZMQ_HEARTBEAT_TIMEOUT, WB_SOCKET_HEARTBEAT_TIMEOUT_MS);
	failed |= set_int(zmq, ZMQ_HEARTBEAT_TTL, WB_SOCKET_HEARTBEAT_TIMEOUT_MS);
	failed |= set_int(zmq, ZMQ_RECONNECT_IVL, WB_SOCKET_RECONNECT_MS);
	failed |= set_int(zmq, ZMQ_RECONNECT_IVL_MAX, WB_SOCKET_RECONNECT_MAX_MS);
	switch (o->kind) {
	case WB_SOCKET_ROUTER:
		failed |= set_int(zmq, ZMQ_ROUTER_MANDATORY, 1);
		failed |= set_int(zmq, ZMQ_ROUTER_HANDOVER, 0);
		break;
	case WB_SOCKET_DEALER:
		failed |= set_int(zmq, ZMQ_IMMEDIATE, 1);
		break;
	case WB_SOCKET_SUB:
		failed |= zmq_setsockopt(zmq, ZMQ_SUBSCRIBE, WB_FRAME_TOPIC, WB_FRAME_TOPIC_BYTES);
		break;
	case WB_SOCKET_PUB:
	case WB_SOCKET_PAIR:
		break;
	}
	if (failed)
		return wb_setup_error();
	return o->curve ? wb_curve_apply(zmq, o->bind, o->curve) : WB_OK;
}

static int zmq_type(enum wb_socket_kind kind)
{
	switch (kind) {
	case WB_SOCKET_ROUTER:
		return ZMQ_ROUTER;
	case WB_SOCKET_DEALER:
		return ZMQ_DEALER;
	case WB_SOCKET_PUB:
		return ZMQ_PUB;
	case WB_SOCKET_SUB:
		return ZMQ_SUB;
	case WB_SOCKET_PAIR:
		return ZMQ_PAIR;
	}
	wb_assert_failed("a kind of socket", __FILE__, __LINE__);
}

enum wb_err wb_setup_socket(struct wb_bus *bus, const struct wb_socket_options *options, void **ret_zmq,
        char ret_endpoint[static WB_SOCKET_ENDPOINT_BYTES_MAX])
{
	struct wb_socket_options o = wb_setup_defaults(options);
	enum wb_err err = check_endpoint(&o);
	if (err != WB_OK)
		return err;
	void *zmq = zmq_socket(bus->ctx, zmq_type(o.kind));
	if (!zmq)
		return wb_setup_error();
	err = set_options(zmq, &o);
	if (err != WB_OK)
		goto out;
	if ((o.bind ? zmq_bind : zmq_connect)(zmq, o.endpoint) != 0) {
		err = wb_setup_error();
		goto out;
	}
	char endpoint[WB_SOCKET_ENDPOINT_BYTES_MAX];
	size_t len = sizeof(endpoint);
	if (zmq_getsockopt(zmq, ZMQ_LAST_ENDPOINT, endpoint, &len) != 0) {
		err = wb_setup_error();
		goto out;
	}
	memcpy(ret_endpoint, endpoint, len);
	*ret_zmq = zmq;
	zmq = NULL;
out:
	if (zmq)
		WB_ASSERT(zmq_close(zmq) == 0);
	return err;
}

void wb_setup_close(void *zmq, const char *endpoint, bool bound)
{
	/* zmq_close frees a name some time later, in ZeroMQ's thread; it fails only when the context is ending */
	if (bound && strncmp(endpoint, "inproc://", 9) == 0)
		(void)zmq_unbind(zmq, endpoint);
	WB_ASSERT(zmq_close(zmq) == 0);
}
