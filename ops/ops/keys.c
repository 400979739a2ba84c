/*
 * weibao-ops keys --dir DIR: a folder for each program of a cell, DIR/<program>, each to be given to that one alone.
 *
 *   key, key.pub   its pair; made where missing, never changed
 *   NAME.pub       the public keys of those it connects to
 *   allow          whom it lets in, and to what (programs that listen)
 *
 * The last two follow from all pairs and from the table below; they are brought up to date, so that a pair that was
 * taken away and made anew is known to the others after the next run (and their restart). Who may do what:
 *
 *   append, read, feed   of the journal: the services; the feed also the gateway
 *   request              of a service: the gateway and the other services
 *   keys                 of intake (the keyring of persons): the other services, never the gateway
 */
#include "bus/curve.h"
#include "ops/ops/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX 4096

enum kind { JOURNAL, SERVICE, GATEWAY };

static const struct {
	const char *name;
	enum kind kind;
} programs[] = {
        {"journal", JOURNAL},
        {"intake", SERVICE},
        {"dispatch", SERVICE},
        {"sla-timer", SERVICE},
        {"survey", SERVICE},
        {"reporting", SERVICE},
        {"identity", SERVICE},
        {"gateway", GATEWAY},
};
#define PROGRAMS (sizeof programs / sizeof programs[0])

/* What program `who` may do at program `at`; 0: it does not connect there. */
static unsigned roles_of(size_t who, size_t at)
{
	if (who == at || programs[at].kind == GATEWAY || programs[who].kind == JOURNAL)
		return 0;
	if (programs[at].kind == JOURNAL)
		return programs[who].kind == GATEWAY ? WB_BUS_ROLE_FEED
		                                     : WB_BUS_ROLE_APPEND | WB_BUS_ROLE_READ | WB_BUS_ROLE_FEED;
	bool keyring = strcmp(programs[at].name, "intake") == 0 && programs[who].kind == SERVICE;
	return WB_BUS_ROLE_REQUEST | (keyring ? WB_BUS_ROLE_KEYS : 0u);
}

static int failed(const char *path, const char *why)
{
	(void)fprintf(stderr, "weibao-ops keys: %s: %s\n", path, why);
	return 1;
}

static bool path_of(
        const char *dir, const char *program, const char *name, const char *suffix, char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s%s%s%s", dir, program, *name ? "/" : "", name, suffix);
	return n > 0 && n < PATH_MAX;
}

/* ---- pairs ---- */

static int make_pair(const char *path, char ret_public[static WB_CURVE_KEY_BYTES])
{
	struct wb_curve_pair pair;
	enum wb_err err = wb_curve_generate(&pair);
	if (!err)
		err = wb_curve_write(path, &pair);
	memcpy(ret_public, pair.public_key, WB_CURVE_KEY_BYTES);
	wb_curve_wipe(&pair);
	if (err)
		return failed(path, wb_err_text(err));
	(void)printf("made %s\n", path);
	return 0;
}

/* The program's folder and pair, made where missing; a pair that is there must be sound. */
static int pair_of(const char *dir, size_t i, char ret_public[static WB_CURVE_KEY_BYTES])
{
	char folder[PATH_MAX], path[PATH_MAX];
	struct wb_curve_pair pair;
	if (!path_of(dir, programs[i].name, "", "", folder) || !path_of(dir, programs[i].name, "key", "", path))
		return failed(dir, wb_err_text(WB_ERR_LIMIT));
	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return failed(folder, strerror(errno));
	enum wb_err err = wb_curve_read(path, &pair);
	if (err == WB_ERR_NOT_FOUND)
		return make_pair(path, ret_public);
	if (err)
		return failed(path, wb_err_text(err));
	memcpy(ret_public, pair.public_key, WB_CURVE_KEY_BYTES);
	wb_curve_wipe(&pair);
	return 0;
}

/* ---- what follows from them ---- */

static bool is_so_already(const char *path, const char *text)
{
	char now[FILE_MAX];
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	size_t n = fread(now, 1, sizeof now, f);
	(void)fclose(f);
	return n == strlen(text) && memcmp(now, text, n) == 0;
}

/* Replaces the file as a whole, or leaves it. */
static int put_file(const char *path, const char *text)
{
	char fresh[PATH_MAX];
	size_t len = strlen(text);
	if (is_so_already(path, text))
		return 0;
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return failed(path, wb_err_text(WB_ERR_LIMIT));
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return failed(fresh, strerror(errno));
	bool well = write(fd, text, len) == (ssize_t)len && fsync(fd) == 0;
	well = close(fd) == 0 && well && rename(fresh, path) == 0;
	return well ? 0 : failed(path, strerror(errno));
}

static int put_peers(const char *dir, size_t i, char keys[static PROGRAMS][WB_CURVE_KEY_BYTES])
{
	char path[PATH_MAX], text[128];
	int status = 0;
	for (size_t at = 0; at < PROGRAMS && !status; at++) {
		if (!roles_of(i, at))
			continue;
		(void)snprintf(text, sizeof text, "public %.*s\n", WB_CURVE_KEY_BYTES - 1, keys[at]);
		status = path_of(dir, programs[i].name, programs[at].name, ".pub", path)
		                 ? put_file(path, text)
		                 : failed(dir, wb_err_text(WB_ERR_LIMIT));
	}
	return status;
}

static int put_allow(const char *dir, size_t i, char keys[static PROGRAMS][WB_CURVE_KEY_BYTES])
{
	static const enum wb_bus_role all[] = {
	        WB_BUS_ROLE_REQUEST, WB_BUS_ROLE_APPEND, WB_BUS_ROLE_READ, WB_BUS_ROLE_FEED, WB_BUS_ROLE_KEYS};
	char path[PATH_MAX], text[FILE_MAX];
	size_t len = 0;
	for (size_t who = 0; who < PROGRAMS; who++) {
		unsigned roles = roles_of(who, i);
		if (!roles)
			continue;
		len += (size_t)snprintf(text + len, sizeof text - len, "%s %s ", keys[who], programs[who].name);
		const char *comma = "";
		for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
			if (!(roles & (unsigned)all[k]))
				continue;
			len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", comma, wb_bus_role_text(all[k]));
			comma = ",";
		}
		len += (size_t)snprintf(text + len, sizeof text - len, "\n");
	}
	if (!path_of(dir, programs[i].name, "allow", "", path))
		return failed(dir, wb_err_text(WB_ERR_LIMIT));
	return put_file(path, text);
}

int ops_keys(int argc, char **argv)
{
	static const struct option longs[] = {{"dir", 1, NULL, 'd'}, {NULL, 0, NULL, 0}};
	static char keys[PROGRAMS][WB_CURVE_KEY_BYTES];
	const char *dir = NULL;
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c != 'd')
			return 2;
		dir = optarg;
	}
	if (!dir || optind != argc) {
		(void)fprintf(stderr, "usage: weibao-ops keys --dir DIR\n");
		return 2;
	}
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return failed(dir, strerror(errno));
	int status = 0;
	for (size_t i = 0; i < PROGRAMS && !status; i++)
		status = pair_of(dir, i, keys[i]);
	for (size_t i = 0; i < PROGRAMS && !status; i++) {
		status = put_peers(dir, i, keys);
		if (!status && programs[i].kind != GATEWAY)
			status = put_allow(dir, i, keys);
	}
	return status;
}
