#include "gateway/http/tls.h"
#include "base/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define NAME_BYTES_MAX 253
/* Clocks of phones may be a little behind. */
#define BACKDATE_S 3600

struct wb_http_tls {
	SSL_CTX *ctx;
	char *ca_pem; /* or NULL */
};

/* A certificate and its key; both owned. */
struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

static void pair_done(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
	p->cert = NULL;
	p->key = NULL;
}

/* ---- the context ---- */

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
	                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_SINGLE_ECDH_USE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	        SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static enum wb_err tls_new(const char *cert_path, const char *key_path, struct wb_http_tls **ret_tls)
{
	struct wb_http_tls *tls = calloc(1, sizeof(*tls));
	enum wb_err err = WB_ERR_CRYPTO;
	if (!tls)
		return WB_ERR_MEMORY;
	tls->ctx = context_new();
	if (tls->ctx && SSL_CTX_use_certificate_chain_file(tls->ctx, cert_path) == 1 &&
	        SSL_CTX_use_PrivateKey_file(tls->ctx, key_path, SSL_FILETYPE_PEM) == 1 &&
	        SSL_CTX_check_private_key(tls->ctx) == 1)
		err = WB_OK;
	ERR_clear_error();
	if (err)
		wb_http_tls_free(tls);
	else
		*ret_tls = tls;
	return err;
}

enum wb_err wb_http_tls_open(const char *cert_path, const char *key_path, struct wb_http_tls **ret_tls)
{
	if (access(cert_path, F_OK) != 0 || access(key_path, F_OK) != 0)
		return WB_ERR_NOT_FOUND;
	return tls_new(cert_path, key_path, ret_tls);
}

void wb_http_tls_free(struct wb_http_tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->ctx);
	free(tls->ca_pem);
	free(tls);
}

struct wb_bytes wb_http_tls_ca_pem(const struct wb_http_tls *tls)
{
	return wb_bytes_str(tls->ca_pem);
}

struct ssl_ctx_st *wb_http_tls_ctx(struct wb_http_tls *tls)
{
	return tls->ctx;
}

/* ---- files ---- */

static bool path_of(char out[static PATH_BYTES], const char *folder, const char *name)
{
	int len = snprintf(out, PATH_BYTES, "%s/%s", folder, name);
	return len > 0 && len < PATH_BYTES;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0;
}

/* Whole or not at all: a temporary file of mode 0600, synced, then renamed. */
static enum wb_err write_file(const char *folder, const char *name, BIO *pem)
{
	char path[PATH_BYTES], temporary[PATH_BYTES];
	char *data;
	long len = BIO_get_mem_data(pem, &data);
	if (len <= 0 || !path_of(path, folder, name) || !path_of(temporary, folder, ".new"))
		return WB_ERR_IO;
	(void)unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return WB_ERR_IO;
	bool ok = write_all(fd, data, (size_t)len);
	ok = close(fd) == 0 && ok;
	ok = ok && rename(temporary, path) == 0;
	return ok ? WB_OK : WB_ERR_IO;
}

static enum wb_err write_cert(const char *folder, const char *name, X509 *cert)
{
	BIO *pem = BIO_new(BIO_s_mem());
	enum wb_err err = pem && PEM_write_bio_X509(pem, cert) == 1 ? write_file(folder, name, pem) : WB_ERR_CRYPTO;
	BIO_free(pem);
	return err;
}

/* The key first: a certificate without its key would be taken for whole. */
static enum wb_err write_pair(const char *folder, const char *key_name, const char *cert_name, const struct pair *p)
{
	BIO *pem = BIO_new(BIO_s_secmem());
	enum wb_err err = WB_ERR_CRYPTO;
	if (pem && PEM_write_bio_PrivateKey(pem, p->key, NULL, NULL, 0, NULL, NULL) == 1)
		err = write_file(folder, key_name, pem);
	BIO_free(pem);
	return err ? err : write_cert(folder, cert_name, p->cert);
}

static BIO *open_pem(const char *folder, const char *name)
{
	char path[PATH_BYTES];
	return path_of(path, folder, name) ? BIO_new_file(path, "r") : NULL;
}

/* Both, and fitting each other; else empty. */
static bool read_pair(const char *folder, const char *key_name, const char *cert_name, struct pair *ret)
{
	struct pair p = {0};
	BIO *key = open_pem(folder, key_name), *cert = open_pem(folder, cert_name);
	if (key)
		p.key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	if (cert)
		p.cert = PEM_read_bio_X509(cert, NULL, NULL, NULL);
	BIO_free(key);
	BIO_free(cert);
	bool ok = p.key && p.cert && X509_check_private_key(p.cert, p.key) == 1;
	if (ok)
		*ret = p;
	else
		pair_done(&p);
	ERR_clear_error();
	return ok;
}

/* ---- certificates ---- */

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool random_serial(X509 *cert)
{
	unsigned char bytes[16];
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert));
	BN_free(number);
	return ok;
}

static bool common_name(X509 *cert, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(cert);
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

/* A fresh key, and a certificate with all but names, extensions and signature. */
static bool pair_begin(struct pair *p, const char *name, int days, int64_t now_us)
{
	time_t now_s = (time_t)(now_us / WB_SECOND_US);
	p->key = EVP_EC_gen("P-256");
	p->cert = X509_new();
	return p->key && p->cert && X509_set_version(p->cert, X509_VERSION_3) == 1 && random_serial(p->cert) &&
	       X509_time_adj_ex(X509_getm_notBefore(p->cert), 0, -BACKDATE_S, &now_s) &&
	       X509_time_adj_ex(X509_getm_notAfter(p->cert), days, -BACKDATE_S, &now_s) &&
	       X509_set_pubkey(p->cert, p->key) == 1 && common_name(p->cert, name);
}

static enum wb_err ca_make(int64_t now_us, struct pair *ret)
{
	struct pair p = {0};
	char name[64];
	unsigned char tag[4];
	bool ok = RAND_bytes(tag, sizeof(tag)) == 1;
	/* Distinct, so that users with two installations can tell their authorities apart. */
	snprintf(name, sizeof(name), "weibao local CA %02x%02x%02x%02x", tag[0], tag[1], tag[2], tag[3]);
	ok = ok && pair_begin(&p, name, WB_HTTP_CA_DAYS, now_us) &&
	     X509_set_issuer_name(p.cert, X509_get_subject_name(p.cert)) == 1 &&
	     extend(p.cert, p.cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
	     extend(p.cert, p.cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	     extend(p.cert, p.cert, NID_subject_key_identifier, "hash") && X509_sign(p.cert, p.key, EVP_sha256()) > 0;
	if (ok)
		*ret = p;
	else
		pair_done(&p);
	return ok ? WB_OK : WB_ERR_CRYPTO;
}

static bool is_address(const char *name)
{
	unsigned char bytes[16];
	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

/* Nothing that could mean something in OpenSSL's text form of the names. */
static bool name_valid(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.*_";
	size_t len = strlen(name);
	return is_address(name) || (len > 0 && len <= NAME_BYTES_MAX && strspn(name, allowed) == len);
}

static enum wb_err server_make(
        const struct pair *ca, const char *const *names, size_t count, int64_t now_us, struct pair *ret)
{
	struct pair p = {0};
	char *list = NULL;
	size_t list_len = 0;
	FILE *out = open_memstream(&list, &list_len);
	if (!out)
		return WB_ERR_MEMORY;
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s%s:%s", i ? "," : "", is_address(names[i]) ? "IP" : "DNS", names[i]);
	bool ok = fclose(out) == 0 && pair_begin(&p, "weibao", WB_HTTP_CERT_DAYS, now_us) &&
	          X509_set_issuer_name(p.cert, X509_get_subject_name(ca->cert)) == 1 &&
	          extend(p.cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	          extend(p.cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
	          extend(p.cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
	          extend(p.cert, ca->cert, NID_subject_key_identifier, "hash") &&
	          extend(p.cert, ca->cert, NID_authority_key_identifier, "keyid:always") &&
	          extend(p.cert, ca->cert, NID_subject_alt_name, list) && X509_sign(p.cert, ca->key, EVP_sha256()) > 0;
	free(list);
	if (ok)
		*ret = p;
	else
		pair_done(&p);
	return ok ? WB_OK : WB_ERR_CRYPTO;
}

/* Signed by this CA, long enough, for all names. */
static bool still_good(
        const struct pair *p, const struct pair *ca, const char *const *names, size_t count, int64_t now_us)
{
	time_t renew_s = (time_t)((now_us + WB_HTTP_CERT_RENEW_DAYS * WB_DAY_US) / WB_SECOND_US);
	time_t now_s = (time_t)(now_us / WB_SECOND_US);
	bool good = X509_verify(p->cert, X509_get0_pubkey(ca->cert)) == 1 &&
	            X509_cmp_time(X509_get0_notAfter(p->cert), &renew_s) > 0 &&
	            X509_cmp_time(X509_get0_notBefore(p->cert), &now_s) < 0;
	for (size_t i = 0; good && i < count; i++) {
		good = is_address(names[i]) ? X509_check_ip_asc(p->cert, names[i], 0) == 1
		                            : X509_check_host(p->cert, names[i], 0, 0, NULL) == 1;
	}
	ERR_clear_error();
	return good;
}

static char *cert_pem(X509 *cert)
{
	BIO *pem = BIO_new(BIO_s_mem());
	char *data, *copy = NULL;
	if (pem && PEM_write_bio_X509(pem, cert) == 1) {
		long len = BIO_get_mem_data(pem, &data);
		copy = len > 0 ? strndup(data, (size_t)len) : NULL;
	}
	BIO_free(pem);
	return copy;
}

static enum wb_err ca_get(const char *folder, int64_t now_us, struct pair *ret)
{
	char key[PATH_BYTES];
	if (read_pair(folder, "ca.key", "ca.crt", ret))
		return WB_OK;
	/* A key that cannot be read is an operator's matter: a new CA would silently leave all installed ones behind.
	 */
	if (!path_of(key, folder, "ca.key"))
		return WB_ERR_IO;
	if (access(key, F_OK) == 0) {
		char cert[PATH_BYTES];
		if (!path_of(cert, folder, "ca.crt") || access(cert, F_OK) == 0)
			return WB_ERR_CRYPTO;
	}
	struct pair p = {0};
	enum wb_err err = ca_make(now_us, &p);
	if (!err)
		err = write_pair(folder, "ca.key", "ca.crt", &p);
	if (err)
		pair_done(&p);
	else
		*ret = p;
	return err;
}

static enum wb_err server_get(
        const char *folder, const struct pair *ca, const char *const *names, size_t count, int64_t now_us)
{
	struct pair p = {0};
	if (read_pair(folder, "server.key", "server.crt", &p) && still_good(&p, ca, names, count, now_us)) {
		pair_done(&p);
		return WB_OK;
	}
	pair_done(&p);
	enum wb_err err = server_make(ca, names, count, now_us, &p);
	if (!err)
		err = write_pair(folder, "server.key", "server.crt", &p);
	pair_done(&p);
	return err;
}

enum wb_err wb_http_tls_local(
        const char *folder, const char *const *names, size_t names_count, int64_t now_us, struct wb_http_tls **ret_tls)
{
	struct pair ca = {0};
	struct wb_http_tls *tls = NULL;
	char cert[PATH_BYTES], key[PATH_BYTES];
	bool valid = names_count > 0 && names_count <= WB_HTTP_NAMES_MAX && path_of(cert, folder, "server.crt") &&
	             path_of(key, folder, "server.key");
	for (size_t i = 0; valid && i < names_count; i++)
		valid = name_valid(names[i]);
	if (!valid)
		return WB_ERR_INVALID;
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return WB_ERR_IO;
	enum wb_err err = ca_get(folder, now_us, &ca);
	if (!err)
		err = server_get(folder, &ca, names, names_count, now_us);
	if (!err)
		err = tls_new(cert, key, &tls);
	if (!err) {
		tls->ca_pem = cert_pem(ca.cert);
		err = tls->ca_pem ? WB_OK : WB_ERR_MEMORY;
	}
	pair_done(&ca);
	if (err)
		wb_http_tls_free(tls);
	else
		*ret_tls = tls;
	return err;
}
