/*
 * The durable keyring (seal/keyring.h) as the runtime's port: for intake's main program and a cell in one process.
 * ctx of the port is the struct wb_keyring. One thread, the runtime's.
 */
#ifndef WB_SERVICE_KEYRING_PORT_H
#define WB_SERVICE_KEYRING_PORT_H
#include "service/runtime.h"

/* Opens or makes the keyring in dir; errors as wb_keyring_open. */
WB_MUST_CHECK enum wb_err wb_keyring_port_open(const char *dir, struct wb_keyring_port *ret_port);
/* Closes it; a port that is zero is left alone. */
void wb_keyring_port_close(struct wb_keyring_port *port);
#endif
