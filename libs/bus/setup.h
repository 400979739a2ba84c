/*
 * A ZeroMQ socket with every option stated, bound or connected, but watched by nobody: what wb_socket_open and the
 * feed's publisher stand on, and threads that run zmq_poll themselves.
 */
#ifndef WB_BUS_SETUP_H
#define WB_BUS_SETUP_H
#include "bus/socket.h"

/*
 * Makes the socket that options describe (zeros filled in), binds or connects it, and writes the endpoint's real
 * address. The caller closes it with wb_setup_close in the thread that uses it. Errors: as wb_socket_open.
 */
WB_MUST_CHECK enum wb_err wb_setup_socket(struct wb_bus *bus, const struct wb_socket_options *options, void **ret_zmq,
        char ret_endpoint[static WB_SOCKET_ENDPOINT_BYTES_MAX]);
/* Unbinds what has an inproc name, so that the name is free when this returns, and closes. */
void wb_setup_close(void *zmq, const char *endpoint, bool bound);
/* The same options with each zero replaced by its constant. */
struct wb_socket_options wb_setup_defaults(const struct wb_socket_options *options);
/* Our word for the errno that a ZeroMQ call left. */
enum wb_err wb_setup_error(void);
#endif
