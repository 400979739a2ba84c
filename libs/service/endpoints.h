/*
 * Where everyone listens: the endpoints of a cell from one prefix.
 *
 *   ipc://DIR/      one machine: ipc://DIR/<name>; the folder is 0700
 *   tcp://          containers: bind tcp://0.0.0.0:<port>, connect tcp://<host>:<port>, host = the service's name
 *
 * Names: journal-append, journal-read, journal-feed, and each service's own name for its commands and queries.
 */
#ifndef WB_SERVICE_ENDPOINTS_H
#define WB_SERVICE_ENDPOINTS_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

#define WB_ENDPOINT_BYTES 256

/* Writes the endpoint of name. ERR_INVALID: unknown prefix or name; ERR_LIMIT: too long. */
WB_MUST_CHECK enum wb_err wb_endpoint(
        const char *prefix, const char *name, bool bind, char ret[static WB_ENDPOINT_BYTES]);
#endif
