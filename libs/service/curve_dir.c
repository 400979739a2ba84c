#include "service/curve_dir.h"
#include "base/log.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct wb_curve_dir {
	char dir[PATH_MAX];
	struct wb_curve curve; /* own keys; the rest of it for one call */
	struct wb_zap *zap;
	struct wb_zap_row rows[WB_CURVE_ALLOW_MAX];
	size_t row_count;
};

static void on_refusal(void *ctx, enum wb_zap_refusal why, const char *service, const char *domain, const char *address)
{
	(void)ctx;
	wb_log(WB_LOG_WARN, NULL, "a peer was refused: %s, service \"%s\", role %s, from %s", wb_zap_refusal_text(why),
	        service, domain, address);
}

static enum wb_err path_of(
        const struct wb_curve_dir *cd, const char *name, const char *suffix, char ret[static PATH_MAX])
{
	int n = snprintf(ret, PATH_MAX, "%s/%s%s", cd->dir, name, suffix);
	return n > 0 && n < PATH_MAX ? WB_OK : WB_ERR_LIMIT;
}

/* Gateways bind nothing: they have no table, and no handler. */
static enum wb_err open_table(struct wb_curve_dir *cd, struct wb_bus *bus)
{
	char path[PATH_MAX];
	enum wb_err err = path_of(cd, "allow", "", path);
	if (!err)
		err = wb_zap_rows_read(path, cd->rows, &cd->row_count);
	if (err == WB_ERR_NOT_FOUND)
		return WB_OK;
	const struct wb_zap_options o = {.rows = cd->rows, .row_count = cd->row_count, .on_refusal = on_refusal};
	return err ? err : wb_zap_open(bus, &o, &cd->zap);
}

enum wb_err wb_curve_dir_open(const char *dir, struct wb_bus *bus, struct wb_curve_dir **ret)
{
	char path[PATH_MAX];
	*ret = NULL;
	if (!dir)
		return WB_OK;
	struct wb_curve_dir *cd = calloc(1, sizeof *cd); /* until wb_curve_dir_close */
	if (!cd)
		return WB_ERR_MEMORY;
	enum wb_err err = snprintf(cd->dir, sizeof cd->dir, "%s", dir) < (int)sizeof cd->dir ? WB_OK : WB_ERR_LIMIT;
	if (!err)
		err = path_of(cd, "key", "", path);
	if (!err)
		err = wb_curve_read(path, &cd->curve.own);
	if (!err)
		err = open_table(cd, bus);
	if (err) {
		wb_log(WB_LOG_ERROR, NULL, "the keys in %s cannot be used: %s", dir, wb_err_text(err));
		wb_curve_dir_close(cd);
		return err;
	}
	*ret = cd;
	return WB_OK;
}

void wb_curve_dir_close(struct wb_curve_dir *cd)
{
	if (!cd)
		return;
	wb_zap_close(cd->zap);
	wb_curve_wipe(&cd->curve.own);
	free(cd);
}

const struct wb_curve *wb_curve_dir_bind(struct wb_curve_dir *cd, enum wb_bus_role role)
{
	if (!cd)
		return NULL;
	cd->curve.role = role;
	return &cd->curve;
}

enum wb_err wb_curve_dir_connect(struct wb_curve_dir *cd, const char *endpoint_name, const struct wb_curve **ret)
{
	char path[PATH_MAX];
	*ret = NULL;
	if (!cd)
		return WB_OK;
	const char *name = strncmp(endpoint_name, "journal-", 8) == 0 ? "journal" : endpoint_name;
	enum wb_err err = path_of(cd, name, ".pub", path);
	if (!err)
		err = wb_curve_read_public(path, cd->curve.server_key);
	if (err) {
		wb_log(WB_LOG_ERROR, NULL, "no key of %s in %s: %s", name, cd->dir, wb_err_text(err));
		return err;
	}
	*ret = &cd->curve;
	return WB_OK;
}

bool wb_curve_dir_may(const struct wb_curve_dir *cd, const char *service, enum wb_bus_role role)
{
	for (size_t i = 0; cd && i < cd->row_count; i++)
		if (strcmp(cd->rows[i].service, service) == 0)
			return (cd->rows[i].roles & (unsigned)role) != 0;
	return !cd;
}
