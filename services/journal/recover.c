/* After a failed sync: what the kernel's cache shows need not be on the disk. A verified copy in a new file is. */
#include "private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct wb_table *const log_tables[] = {&wb_log_records, &wb_log_meta};

static enum wb_err sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	int rc = fsync(fd);
	(void)close(fd);
	return rc == 0 ? WB_OK : WB_ERR_IO;
}

enum wb_err wb_journal_mark_stopped(const char *dir, const char *why)
{
	char path[PATH_MAX + 16];
	(void)snprintf(path, sizeof path, "%s/%s", dir, WB_JOURNAL_MARKER);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return WB_ERR_IO;
	size_t len = strlen(why);
	bool ok = write(fd, why, len) == (ssize_t)len && fsync(fd) == 0;
	ok = close(fd) == 0 && ok;
	return ok ? sync_dir(dir) : WB_ERR_IO;
}

struct copy {
	struct wb_env *from, *to;
	struct wb_txn *in, *out;
	struct wb_hasher *hasher;
	struct wb_hash chain;
	uint64_t next;
};

static enum wb_err copy_record(void *ctx, uint64_t position, const struct wb_record_view *v, struct wb_bytes record,
        const struct wb_hash *leaf, const struct wb_hash *chain)
{
	struct copy *c = ctx;
	struct wb_key k;
	(void)v;
	(void)leaf;
	(void)chain;
	/* the frame stands around its record in the database's page */
	struct wb_bytes frame = {record.data - WB_FRAME_HEAD_BYTES, record.len + WB_FRAME_HEAD_BYTES};
	wb_journal_position_key(&k, position);
	wb_put_append(c->out, &wb_log_records, &k, frame);
	return wb_txn_error(c->out);
}

static enum wb_err copy_meta(struct copy *c)
{
	struct wb_scan scan;
	struct wb_key k;
	struct wb_bytes key, value;
	wb_scan_prefix(&scan, c->in, &wb_log_meta, NULL);
	while (wb_scan_next(&scan, &key, &value)) {
		wb_key_copy(&k, key);
		wb_put(c->out, &wb_log_meta, &k, value);
	}
	wb_scan_done(&scan);
	return wb_txn_error(c->in) ? wb_txn_error(c->in) : wb_txn_error(c->out);
}

/* The chain's start needs the log's id. */
static enum wb_err begin(struct copy *c)
{
	struct wb_key k;
	struct wb_bytes v;
	struct wb_id id;
	wb_key_init(&k);
	wb_key_str(&k, "log_id");
	if (!wb_get(c->in, &wb_log_meta, &k, &v) || !wb_id_from_bytes(v.data, v.len, &id))
		return WB_ERR_CORRUPT;
	c->chain = wb_chain_start(c->hasher, id);
	c->next = 1;
	return WB_OK;
}

static enum wb_err copy_chunk(struct copy *c)
{
	enum wb_err err = wb_txn_write(c->to, &c->out);
	if (err)
		return err;
	if (c->next == 1)
		err = copy_meta(c);
	if (!err)
		err = wb_journal_walk(
		        c->hasher, c->in, c->next, WB_JOURNAL_FOLD_CHUNK, &c->chain, copy_record, c, &c->next);
	if (err) {
		wb_txn_abort(c->out);
		return err;
	}
	return wb_txn_commit(c->out);
}

static enum wb_err copy_all(struct copy *c, uint64_t *ret_records)
{
	enum wb_err err = wb_hasher_open(&c->hasher);
	if (!err)
		err = wb_txn_read(c->from, &c->in);
	if (!err)
		err = begin(c);
	uint64_t head = c->in ? wb_journal_log_head(c->in) : 0;
	while (!err && c->next <= head)
		err = copy_chunk(c);
	wb_txn_abort(c->in);
	wb_hasher_close(c->hasher);
	if (!err)
		*ret_records = head;
	return err;
}

static enum wb_err swap(const char *dir, const char *log, const char *fresh)
{
	char old[PATH_MAX + 48], marker[PATH_MAX + 16];
	unsigned n = 1;
	do
		(void)snprintf(old, sizeof old, "%s/log.failed-%u", dir, n++);
	while (access(old, F_OK) == 0);
	if (rename(log, old) != 0 || rename(fresh, log) != 0)
		return WB_ERR_IO;
	enum wb_err err = sync_dir(dir);
	(void)snprintf(marker, sizeof marker, "%s/%s", dir, WB_JOURNAL_MARKER);
	if (!err && unlink(marker) != 0 && errno != ENOENT)
		err = WB_ERR_IO;
	return err ? err : sync_dir(dir);
}

enum wb_err wb_journal_recover(const char *dir, uint64_t *ret_records, uint64_t *ret_damaged)
{
	char log[PATH_MAX + 16], fresh[PATH_MAX + 16];
	struct copy c = {0};
	uint64_t records = 0;
	(void)snprintf(log, sizeof log, "%s/log", dir);
	(void)snprintf(fresh, sizeof fresh, "%s/log.new", dir);
	if (access(log, F_OK) != 0)
		return WB_ERR_NOT_FOUND;
	struct wb_env_options o = {.dir = log,
	        .sync = WB_SYNC_DURABLE,
	        .tables = log_tables,
	        .table_count = sizeof log_tables / sizeof log_tables[0]};
	enum wb_err err = wb_env_open(&o, &c.from);
	if (!err && access(fresh, F_OK) == 0)
		err = wb_env_remove(fresh);
	o.dir = fresh;
	if (!err)
		err = wb_env_open(&o, &c.to);
	if (!err)
		err = copy_all(&c, &records);
	if (err == WB_ERR_CORRUPT && ret_damaged)
		*ret_damaged = c.next;
	wb_env_abandon(c.from);
	if (err) {
		wb_env_abandon(c.to);
		return err;
	}
	err = wb_env_close(c.to);
	if (!err)
		err = swap(dir, log, fresh);
	if (!err)
		*ret_records = records;
	return err;
}
