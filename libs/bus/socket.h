/*
 * One ZeroMQ socket watched by a libevent loop, and the context that sockets of one process share.
 *
 * ZMQ_FD is edge triggered, and any send or receive may eat the edge: so the socket is emptied on every wake of the
 * fd, looked at again after every send and receive, and once after start. One turn takes in at most turn_max
 * messages, then comes back by a timer of zero length, so that the loop's other sockets get their turn (event_active
 * would not do: libevent runs what became active before it polls any fd again).
 *
 * Owns the ZeroMQ socket, its event and the outgoing queue. Invariants: every option is set before bind or connect;
 * nothing waits without a bound; a message goes out whole or not at all, in the order given.
 * Threads: a socket belongs to the thread of its event_base; the context may be shared by all threads of a process
 * (made after the last fork). Not from a handler of its own: wb_socket_close.
 * It does not reconnect (ZeroMQ does) and does not know what a body means.
 * Idea: flux-core's zwatcher, libzmq's zmq_getsockopt(3) on ZMQ_FD.
 */
#ifndef WB_BUS_SOCKET_H
#define WB_BUS_SOCKET_H
#include "base/bytes.h"
#include "base/err.h"
#include "bus/frame.h"
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wb_curve;

/* ---- the context ---- */

#define WB_BUS_IO_THREADS 1 /* enough for about a gigabyte a second */
#define WB_BUS_SOCKETS_MAX 4096

struct wb_bus;

/*
 * Opens a context with io_threads threads of ZeroMQ's own (1..64). Call it after the process' last fork.
 * Errors: ERR_INVALID, ERR_MEMORY, ERR_IO (descriptors are out).
 */
WB_MUST_CHECK enum wb_err wb_bus_open(int io_threads, struct wb_bus **ret_bus);
/* Ends the context: every socket must have been closed; waits at most for their linger. NULL is fine. */
void wb_bus_close(struct wb_bus *bus);
/* The bare context, for a thread that drives ZeroMQ itself. Owned by bus. */
void *wb_bus_context(struct wb_bus *bus);

/* ---- a socket ---- */

enum wb_socket_kind { WB_SOCKET_ROUTER, WB_SOCKET_DEALER, WB_SOCKET_PUB, WB_SOCKET_SUB, WB_SOCKET_PAIR };

#define WB_SOCKET_FRAMES_MAX 3 /* of one message; what has more is malformed */
#define WB_SOCKET_HWM 1000     /* messages a peer in ZeroMQ's own queue, each way, and in the queue here */
#define WB_SOCKET_LINGER_MS 200
#define WB_SOCKET_TURN_MAX 64
#define WB_SOCKET_HEARTBEAT_MS 2000
#define WB_SOCKET_HEARTBEAT_TIMEOUT_MS 6000
#define WB_SOCKET_HANDSHAKE_MS 5000
#define WB_SOCKET_RECONNECT_MS 50
#define WB_SOCKET_RECONNECT_MAX_MS 2000
#define WB_SOCKET_ENDPOINT_BYTES_MAX 256

struct wb_socket;

/* A message that came in: its frames, and who sent it as ZAP said (NULL without CURVE). Valid during the call. */
struct wb_message {
	struct wb_bytes frames[WB_SOCKET_FRAMES_MAX];
	size_t frame_count;
	const char *user;
};

struct wb_socket_handler {
	/* One well-sized message. May send, and may stop the loop. */
	void (*on_message)(void *ctx, const struct wb_message *message);
	/* A turn has ended that took in at least one message; or NULL. Here work can be done by the batch. */
	void (*on_round)(void *ctx);
	void *ctx;
};

/* A zero means the constant of that name above. */
struct wb_socket_options {
	enum wb_socket_kind kind;
	const char *endpoint;  /* ipc://, tcp:// or inproc:// */
	bool bind;             /* else connect */
	int send_hwm;          /* messages a peer */
	int receive_hwm;       /* messages a peer */
	int linger_ms;         /* how long a close may wait to send; -1: not at all */
	size_t queue_max;      /* messages held here while ZeroMQ takes none; DEALER only, other kinds hold none */
	size_t body_bytes_max; /* of a frame, both ways: WB_FRAME_BODY_BYTES_MAX */
	int turn_max;          /* messages taken in, and queued ones sent, a turn */
	const struct wb_curve *curve; /* NULL: plain, for ipc and inproc only; read during open */
};

struct wb_socket_stats {
	uint64_t received, sent; /* messages */
	uint64_t malformed;      /* came in with too many frames: dropped */
	uint64_t deferred;       /* went through the queue here */
	uint64_t queued;         /* in it now */
	uint64_t rearmed;        /* turns that ended at turn_max */
};

/*
 * Opens a socket and has it watched by base; handler is copied. An ipc endpoint's folder is made with mode 0700
 * where a bind lacks it (one level).
 * Errors: ERR_INVALID (endpoint, or plain tcp beyond the loopback address), ERR_LIMIT (ipc path too long),
 * ERR_DENIED (the ipc folder is open to others, or not ours), ERR_EXISTS (address in use), ERR_MEMORY, ERR_IO.
 */
WB_MUST_CHECK enum wb_err wb_socket_open(struct wb_bus *bus, struct event_base *base,
        const struct wb_socket_options *options, const struct wb_socket_handler *handler,
        struct wb_socket **ret_socket);
/* Closes and frees, with what is queued here. NULL is fine. Not from within the socket's own handler.
 * A bound inproc name is free at once; an ipc file stays, for the next bind to replace. */
void wb_socket_close(struct wb_socket *socket);

/*
 * Sends one message of count frames (1..WB_SOCKET_FRAMES_MAX), copied. tag names it for wb_socket_withdraw. On WB_OK
 * ZeroMQ has it, or it is in the queue here (DEALER without a live peer); delivery is never promised.
 * Errors: ERR_FULL (queue, or for a ROUTER that peer's high-water mark), ERR_CLOSED (ROUTER: no such peer),
 * ERR_LIMIT (a frame is too large), ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_socket_send(
        struct wb_socket *socket, const struct wb_bytes *frames, size_t count, uint64_t tag);
/* Takes a message that is still in the queue here out of it; false if it has left or never was. */
bool wb_socket_withdraw(struct wb_socket *socket, uint64_t tag);

/* The address a bind really has (tcp://127.0.0.1:* gives a port), else the one given. Owned by the socket. */
const char *wb_socket_endpoint(const struct wb_socket *socket);
struct wb_socket_stats wb_socket_stats(const struct wb_socket *socket);
/* The bare ZeroMQ socket: for its monitor and its tests. */
void *wb_socket_zmq(struct wb_socket *socket);
#endif
