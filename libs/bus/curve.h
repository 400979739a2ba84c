/*
 * Who may speak on the bus: CURVE keys, their files, and the ZAP handler that knows each key's service and roles.
 *
 * Deny by default: a bound socket with a wb_curve asks the handler about every peer (ZAP_ENFORCE_DOMAIN: without a
 * handler nobody gets in), and names the role it serves as its ZAP domain; a peer gets in if its public key stands in
 * the table with that role. The service's name then is the User-Id of all its messages (wb_peer's user).
 * Open the handler before the first bind, close it after the last socket.
 *
 * Keys are Z85 text, 40 characters. A key file has mode 0600 and the lines «public KEY» and «secret KEY»; a public
 * one the first of them only. Secrets are wiped from memory where we held them.
 */
#ifndef WB_BUS_CURVE_H
#define WB_BUS_CURVE_H
#include "bus/socket.h"

#define WB_CURVE_KEY_BYTES 41 /* 40 characters and a NUL */
#define WB_CURVE_SERVICE_BYTES 32
#define WB_CURVE_ALLOW_MAX 256 /* rows of a table */

/* What a bound socket is for; the text is its ZAP domain, and its name in an allow file. */
#define WB_BUS_ROLES(X)                                                                                                \
	X(REQUEST, 0, "request") /* commands and queries to a service */                                               \
	X(APPEND, 1, "append")   /* the journal's appends */                                                           \
	X(READ, 2, "read")       /* the journal's reads */                                                             \
	X(FEED, 3, "feed")       /* the journal's feed */                                                              \
	X(KEYS, 4, "keys")       /* the keyring of personal data */

enum wb_bus_role {
#define X(name, bit, text) WB_BUS_ROLE_##name = 1 << bit,
	WB_BUS_ROLES(X)
#undef X
};

/* The text of a role; static. */
const char *wb_bus_role_text(enum wb_bus_role role);

/* ---- keys ---- */

struct wb_curve_pair {
	char public_key[WB_CURVE_KEY_BYTES];
	char secret_key[WB_CURVE_KEY_BYTES];
};

/* A new pair. Errors: ERR_CRYPTO, ERR_UNSUPPORTED (libzmq without CURVE). */
WB_MUST_CHECK enum wb_err wb_curve_generate(struct wb_curve_pair *ret_pair);
/* Wipes a pair. */
void wb_curve_wipe(struct wb_curve_pair *pair);
/* Writes the pair to path (0600) and its public key to path.pub (0644), both new, synced. Errors: ERR_EXISTS, ERR_IO,
 * ERR_LIMIT (path too long). */
WB_MUST_CHECK enum wb_err wb_curve_write(const char *path, const struct wb_curve_pair *pair);
/* Reads a pair. Errors: ERR_NOT_FOUND, ERR_DENIED (readable by others), ERR_INVALID, ERR_MISMATCH (the two keys do not
 * belong together), ERR_IO. */
WB_MUST_CHECK enum wb_err wb_curve_read(const char *path, struct wb_curve_pair *ret_pair);
/* Reads the public key of either kind of file. Errors: ERR_NOT_FOUND, ERR_INVALID, ERR_IO. */
WB_MUST_CHECK enum wb_err wb_curve_read_public(const char *path, char ret_key[static WB_CURVE_KEY_BYTES]);

/* How a socket proves itself; read during open only. */
struct wb_curve {
	struct wb_curve_pair own;
	enum wb_bus_role role;               /* bound sockets: what they are for */
	char server_key[WB_CURVE_KEY_BYTES]; /* connected sockets: the public key that must be at the other end */
};

/* Sets the options on a bare ZeroMQ socket before its bind or connect (wb_socket_open does it itself).
 * Errors: ERR_INVALID (a key is malformed), ERR_UNSUPPORTED. */
WB_MUST_CHECK enum wb_err wb_curve_apply(void *zmq_socket, bool bind, const struct wb_curve *curve);

/* ---- the ZAP handler ---- */

struct wb_zap_row {
	char public_key[WB_CURVE_KEY_BYTES];
	char service[WB_CURVE_SERVICE_BYTES];
	unsigned roles; /* wb_bus_role bits */
};

/* Why a peer was refused. */
enum wb_zap_refusal {
	WB_ZAP_MALFORMED, /* not a ZAP 1.0 request: a bug of libzmq's or ours */
	WB_ZAP_MECHANISM, /* not CURVE */
	WB_ZAP_UNKNOWN_KEY,
	WB_ZAP_WRONG_ROLE /* a known service where it has no business */
};
const char *wb_zap_refusal_text(enum wb_zap_refusal why);

struct wb_zap_options {
	const struct wb_zap_row *rows; /* copied */
	size_t row_count;              /* at most WB_CURVE_ALLOW_MAX */
	/* A peer was refused; called in the handler's own thread. service is "" for an unknown key, address the peer's
	 * IP address or "". Or NULL. */
	void (*on_refusal)(
	        void *ctx, enum wb_zap_refusal why, const char *service, const char *domain, const char *address);
	void *ctx;
};

struct wb_zap;

/* Starts the handler's thread; one a context. Errors: ERR_EXISTS (the context has one), ERR_LIMIT, ERR_INVALID (a key
 * is malformed or stands twice, a service has no name), ERR_MEMORY, ERR_IO. */
WB_MUST_CHECK enum wb_err wb_zap_open(
        struct wb_bus *bus, const struct wb_zap_options *options, struct wb_zap **ret_zap);
/* Stops the thread and frees. NULL is fine. */
void wb_zap_close(struct wb_zap *zap);

/*
 * Reads an allow file: a line a row, «KEY SERVICE ROLE,ROLE…»; empty lines and what begins with «# » do not count.
 * rows has room for WB_CURVE_ALLOW_MAX. Errors: ERR_NOT_FOUND, ERR_INVALID, ERR_LIMIT, ERR_IO.
 */
WB_MUST_CHECK enum wb_err wb_zap_rows_read(const char *path, struct wb_zap_row *ret_rows, size_t *ret_count);
#endif
