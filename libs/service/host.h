/*
 * The host: puts a runtime on ZeroMQ and libevent, with health, metrics, signals and a worker thread for effects.
 *
 *   weibao-<service> --data DIR --bus PREFIX [--curve DIR] [--health ADDRESS] [--log LEVEL]
 *
 * DIR holds the service's projection, caches and private store. PREFIX as in endpoints.h. --curve: every connection is
 * encrypted and both ends proven, with the keys of that folder (curve_dir.h). ADDRESS is unix:PATH or
 * HOST:PORT (default unix:DIR/health.sock): GET /healthz (alive), /readyz (caught up), /metrics (Prometheus),
 * /stuck (to-dos that back off), /digest (position and digest of the projection). With --probe ADDRESS the program asks
 * /readyz there and exits 0 or 1: a container's health check. SIGTERM and SIGINT stop gracefully: no new requests, what
 * is under way ends (bounded), the projection is closed cleanly. Exit status: 0 stopped, 2 usage, 3 cannot open, 4
 * fenced, 5 the log or the projection is damaged.
 */
#ifndef WB_SERVICE_HOST_H
#define WB_SERVICE_HOST_H
#include "service/runtime.h"

struct wb_host_options {
	const struct wb_service *service;
	/* Opens the durable keyring in dir (intake only), or NULL. */
	enum wb_err (*keyring_open)(const char *dir, struct wb_keyring_port *ret_port);
	void (*keyring_close)(struct wb_keyring_port *port);
};
int wb_host_run(int argc, char **argv, const struct wb_host_options *options);
#endif
