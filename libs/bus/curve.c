#include "bus/curve.h"
#include "bus/setup.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

/* zmq.h 4.3.4 shows it to draft builds only, but every build of the library knows it; an older one refuses the option.
 */
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define KEY_CHARS (WB_CURVE_KEY_BYTES - 1)
#define FILE_BYTES_MAX 256

const char *wb_bus_role_text(enum wb_bus_role role)
{
	switch (role) {
#define X(name, bit, text)                                                                                             \
	case WB_BUS_ROLE_##name:                                                                                       \
		return text;
		WB_BUS_ROLES(X)
#undef X
	}
	wb_assert_failed("a role of the bus", __FILE__, __LINE__);
}

enum wb_err wb_curve_generate(struct wb_curve_pair *ret_pair)
{
	struct wb_curve_pair pair;
	if (zmq_curve_keypair(pair.public_key, pair.secret_key) != 0)
		return errno == ENOTSUP ? WB_ERR_UNSUPPORTED : WB_ERR_CRYPTO;
	*ret_pair = pair;
	wb_curve_wipe(&pair);
	return WB_OK;
}

void wb_curve_wipe(struct wb_curve_pair *pair)
{
	explicit_bzero(pair, sizeof(*pair));
}

/* ---- files ---- */

static enum wb_err file_error(void)
{
	if (errno == ENOENT)
		return WB_ERR_NOT_FOUND;
	if (errno == EEXIST)
		return WB_ERR_EXISTS;
	return errno == EACCES ? WB_ERR_DENIED : WB_ERR_IO;
}

static enum wb_err write_new(const char *path, mode_t mode, const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return file_error();
	bool good = fchmod(fd, mode) == 0; /* whatever the umask says */
	for (size_t done = 0; good && done < len;) {
		ssize_t n = write(fd, text + done, len - done);
		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			good = false;
	}
	good = good && fsync(fd) == 0;
	good = close(fd) == 0 && good;
	if (!good) {
		(void)unlink(path); /* half a key is worse than none; the error is told already */
		return WB_ERR_IO;
	}
	return WB_OK;
}

static enum wb_err sync_folder_of(const char *path)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t len = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
	memcpy(dir, len ? path : ".", len ? len : 1);
	dir[len ? len : 1] = '\0';
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return file_error();
	bool good = fsync(fd) == 0;
	good = close(fd) == 0 && good;
	return good ? WB_OK : WB_ERR_IO;
}

enum wb_err wb_curve_write(const char *path, const struct wb_curve_pair *pair)
{
	char public_path[PATH_MAX];
	int n = snprintf(public_path, sizeof(public_path), "%s.pub", path);
	if (n < 0 || (size_t)n >= sizeof(public_path))
		return WB_ERR_LIMIT;
	char text[FILE_BYTES_MAX];
	int public_len = snprintf(text, sizeof(text), "public %s\n", pair->public_key);
	WB_ASSERT(public_len > 0 && (size_t)public_len < sizeof(text));
	int secret_len =
	        snprintf(text + public_len, sizeof(text) - (size_t)public_len, "secret %s\n", pair->secret_key);
	WB_ASSERT(secret_len > 0 && (size_t)(public_len + secret_len) < sizeof(text));
	enum wb_err err = write_new(path, 0600, text, (size_t)public_len + (size_t)secret_len);
	explicit_bzero(text + public_len, sizeof(text) - (size_t)public_len);
	if (err != WB_OK)
		return err;
	err = write_new(public_path, 0644, text, (size_t)public_len);
	if (err != WB_OK) {
		(void)unlink(path); /* ours, made a moment ago: both or none */
		return err;
	}
	return sync_folder_of(path);
}

/* Reads a whole small file; guarded: only the owner may be able to. */
static enum wb_err read_small(const char *path, bool guarded, char text[static FILE_BYTES_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return file_error();
	enum wb_err err = WB_OK;
	struct stat st;
	if (fstat(fd, &st) != 0)
		err = WB_ERR_IO;
	else if (!S_ISREG(st.st_mode) || st.st_size >= FILE_BYTES_MAX)
		err = WB_ERR_INVALID;
	else if (guarded && (st.st_mode & (S_IRWXG | S_IRWXO)))
		err = WB_ERR_DENIED;
	size_t len = 0;
	while (err == WB_OK && len < FILE_BYTES_MAX - 1) {
		ssize_t n = read(fd, text + len, FILE_BYTES_MAX - 1 - len);
		if (n == 0)
			break;
		if (n > 0)
			len += (size_t)n;
		else if (errno != EINTR)
			err = WB_ERR_IO;
	}
	text[len] = '\0';
	(void)close(fd); /* was only read */
	return err;
}

/* «label KEY\n» at *text; moves it behind. */
static bool read_key_line(const char **text, const char *label, char ret_key[static WB_CURVE_KEY_BYTES])
{
	size_t len = strlen(label);
	uint8_t raw[32];
	if (strncmp(*text, label, len) != 0 || (*text)[len] != ' ')
		return false;
	const char *key = *text + len + 1;
	if (strcspn(key, "\n") != KEY_CHARS || key[KEY_CHARS] != '\n')
		return false;
	char copy[WB_CURVE_KEY_BYTES];
	memcpy(copy, key, KEY_CHARS);
	copy[KEY_CHARS] = '\0';
	bool good = zmq_z85_decode(raw, copy) != NULL;
	if (good)
		memcpy(ret_key, copy, sizeof(copy));
	explicit_bzero(raw, sizeof(raw));
	explicit_bzero(copy, sizeof(copy));
	*text = key + KEY_CHARS + 1;
	return good;
}

enum wb_err wb_curve_read(const char *path, struct wb_curve_pair *ret_pair)
{
	char text[FILE_BYTES_MAX];
	char derived[WB_CURVE_KEY_BYTES];
	struct wb_curve_pair pair;
	const char *at = text;
	enum wb_err err = read_small(path, true, text);
	if (err != WB_OK)
		goto out;
	if (!read_key_line(&at, "public", pair.public_key) || !read_key_line(&at, "secret", pair.secret_key) || *at)
		err = WB_ERR_INVALID;
	else if (zmq_curve_public(derived, pair.secret_key) != 0)
		err = WB_ERR_CRYPTO;
	else if (strcmp(derived, pair.public_key) != 0)
		err = WB_ERR_MISMATCH;
	else
		*ret_pair = pair;
out:
	explicit_bzero(text, sizeof(text));
	wb_curve_wipe(&pair);
	return err;
}

enum wb_err wb_curve_read_public(const char *path, char ret_key[static WB_CURVE_KEY_BYTES])
{
	char text[FILE_BYTES_MAX];
	const char *at = text;
	enum wb_err err = read_small(path, false, text);
	if (err == WB_OK && !read_key_line(&at, "public", ret_key))
		err = WB_ERR_INVALID;
	explicit_bzero(text, sizeof(text));
	return err;
}

/* ---- options ---- */

static int set_text(void *zmq, int option, const char *text)
{
	return zmq_setsockopt(zmq, option, text, strlen(text));
}

enum wb_err wb_curve_apply(void *zmq, bool bind, const struct wb_curve *curve)
{
	int one = 1;
	int failed = 0;
	if (bind) {
		failed |= zmq_setsockopt(zmq, ZMQ_CURVE_SERVER, &one, sizeof(one));
		failed |= set_text(zmq, ZMQ_CURVE_SECRETKEY, curve->own.secret_key);
		failed |= set_text(zmq, ZMQ_ZAP_DOMAIN, wb_bus_role_text(curve->role));
		failed |= zmq_setsockopt(zmq, ZMQ_ZAP_ENFORCE_DOMAIN, &one, sizeof(one));
	} else {
		failed |= set_text(zmq, ZMQ_CURVE_SERVERKEY, curve->server_key);
		failed |= set_text(zmq, ZMQ_CURVE_PUBLICKEY, curve->own.public_key);
		failed |= set_text(zmq, ZMQ_CURVE_SECRETKEY, curve->own.secret_key);
	}
	if (failed)
		return errno == ENOTSUP ? WB_ERR_UNSUPPORTED : WB_ERR_INVALID;
	return WB_OK;
}
