/*
 * A program's folder of CURVE keys, as `weibao-ops keys` makes it (--curve DIR): who it is, whom it knows, who may
 * speak to it.
 *
 *   key, key.pub   the own pair
 *   NAME.pub       the public key that must be at the other end of a connection to NAME
 *   allow          whom the own sockets let in: a line «KEY SERVICE ROLE,ROLE…» (bus/curve.h)
 *
 * Without a folder everything is plain: for sockets in a private folder on one machine. Deny by default with one: a
 * peer without a key of the table, or with none of the socket's role, gets no word through. Threads: one at a time.
 */
#ifndef WB_SERVICE_CURVE_DIR_H
#define WB_SERVICE_CURVE_DIR_H
#include "bus/curve.h"

struct wb_curve_dir;

/* Reads the folder and, if it has an allow file, starts the context's ZAP handler: before the first bind. dir NULL:
 * *ret is NULL, and the calls below give plain sockets. Says in the log what is wrong. Errors: as wb_curve_read,
 * wb_zap_rows_read, wb_zap_open; ERR_LIMIT. */
WB_MUST_CHECK enum wb_err wb_curve_dir_open(const char *dir, struct wb_bus *bus, struct wb_curve_dir **ret);
/* After the last socket. Wipes the keys. NULL is fine. */
void wb_curve_dir_close(struct wb_curve_dir *cd);

/* What a socket bound for a role is opened with; NULL: plain. Points into cd, valid until the next call. */
const struct wb_curve *wb_curve_dir_bind(struct wb_curve_dir *cd, enum wb_bus_role role);
/* The same for a connection to a program (the name of an endpoint of the journal stands for the journal). *ret is NULL
 * for plain. Errors: as wb_curve_read_public. */
WB_MUST_CHECK enum wb_err wb_curve_dir_connect(
        struct wb_curve_dir *cd, const char *endpoint_name, const struct wb_curve **ret);
/* Whether a peer's service stands in the table with that role; true when plain. */
bool wb_curve_dir_may(const struct wb_curve_dir *cd, const char *service, enum wb_bus_role role);
#endif
