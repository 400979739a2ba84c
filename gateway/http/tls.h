/*
 * TLS for the server: a context from given files, or a local CA with a server certificate made on first use.
 *
 * TLS 1.2 and later, no renegotiation, no compression, no session tickets, server's choice of ciphers. The local CA is
 * for sites without a certificate of their own: its certificate is handed to users to install, so its key signs server
 * certificates only (a path length of 0) and never leaves the folder. All ECDSA P-256 with SHA-256.
 *
 * Files of the folder, keys with mode 0600: ca.key, ca.crt, server.key, server.crt (PEM).
 */
#ifndef WB_HTTP_TLS_H
#define WB_HTTP_TLS_H
#include "base/bytes.h"
#include "base/err.h"
#include <stddef.h>
#include <stdint.h>

#define WB_HTTP_CA_DAYS 3650
#define WB_HTTP_CERT_DAYS 397      /* the most that browsers accept */
#define WB_HTTP_CERT_RENEW_DAYS 30 /* before its end it is made anew */
#define WB_HTTP_NAMES_MAX 64

struct wb_http_tls;
struct ssl_ctx_st;

/*
 * Reads a certificate chain and its key (PEM). ERR_NOT_FOUND: no such file; ERR_CRYPTO: not a usable pair; ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_http_tls_open(const char *cert_path, const char *key_path, struct wb_http_tls **ret_tls);
/*
 * Uses the folder's CA and server certificate, making what is missing: the folder (0700), the CA, and the server's
 * certificate if there is none, if it ends within WB_HTTP_CERT_RENEW_DAYS of now_us or if it lacks one of the names.
 * names: DNS names or numeric addresses, 1..WB_HTTP_NAMES_MAX. now_us: UTC.
 * Errors: ERR_INVALID (names), ERR_IO, ERR_CRYPTO, ERR_MEMORY.
 */
WB_MUST_CHECK enum wb_err wb_http_tls_local(
        const char *folder, const char *const *names, size_t names_count, int64_t now_us, struct wb_http_tls **ret_tls);
/* NULL is fine. Not before the server that uses it is closed. */
void wb_http_tls_free(struct wb_http_tls *tls);
/* The local CA's certificate as PEM, to be offered for download; empty where certificates were given. */
struct wb_bytes wb_http_tls_ca_pem(const struct wb_http_tls *tls);
/* For the server: OpenSSL's context. */
struct ssl_ctx_st *wb_http_tls_ctx(struct wb_http_tls *tls);
#endif
