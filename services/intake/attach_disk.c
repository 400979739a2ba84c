#include "services/intake/attach_disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 700

static enum wb_err error_of(int number)
{
	return number == ENOSPC || number == EDQUOT ? WB_ERR_FULL : number == ENOENT ? WB_ERR_NOT_FOUND : WB_ERR_IO;
}

static enum wb_err sync_parent(const char *path)
{
	char parent[PATH_BYTES];
	const char *slash = strrchr(path, '/');
	if (!slash || snprintf(parent, sizeof parent, "%.*s", (int)(slash - path), path) >= (int)sizeof parent)
		return WB_ERR_IO;
	int fd = open(parent[0] ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return WB_ERR_IO;
	int bad = fsync(fd);
	close(fd);
	return bad ? WB_ERR_IO : WB_OK;
}

enum wb_err attach_disk_folder(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return sync_parent(path);
	return errno == EEXIST ? WB_OK : WB_ERR_IO;
}

static enum wb_err write_all(int fd, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_of(errno);
		data += n;
		len -= (size_t)n;
	}
	return fsync(fd) == 0 ? WB_OK : error_of(errno);
}

enum wb_err attach_disk_write(const char *path, const uint8_t *data, size_t len)
{
	char fresh[PATH_BYTES];
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return WB_ERR_IO;
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_of(errno);
	enum wb_err err = write_all(fd, data, len);
	if (close(fd) != 0 && !err)
		err = error_of(errno);
	if (!err && rename(fresh, path) != 0)
		err = error_of(errno);
	if (err) {
		(void)unlink(fresh);
		return err == WB_ERR_NOT_FOUND ? WB_ERR_IO : err;
	}
	return sync_parent(path);
}

static enum wb_err read_all(int fd, uint64_t from, uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? WB_ERR_IO : WB_ERR_CORRUPT;
		to += n;
		from += (uint64_t)n;
		len -= (size_t)n;
	}
	return WB_OK;
}

static enum wb_err read_some(
        const char *path, uint64_t from, size_t len, size_t max, struct wb_arena *a, struct wb_bytes *ret)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return error_of(errno);
	enum wb_err err = fstat(fd, &st) == 0 ? WB_OK : WB_ERR_IO;
	if (!err && len == 0) { /* all of it */
		len = (size_t)st.st_size;
		err = len > max ? WB_ERR_LIMIT : WB_OK;
	}
	uint8_t *to = err ? NULL : wb_arena_alloc(a, len + 1);
	if (!err)
		err = to ? read_all(fd, from, to, len) : WB_ERR_MEMORY;
	close(fd);
	if (!err)
		*ret = (struct wb_bytes){to, len};
	return err;
}

enum wb_err attach_disk_read(const char *path, size_t max, struct wb_arena *a, struct wb_bytes *ret)
{
	return read_some(path, 0, 0, max, a, ret);
}

enum wb_err attach_disk_read_at(const char *path, uint64_t from, size_t len, struct wb_arena *a, struct wb_bytes *ret)
{
	return read_some(path, from, len, len, a, ret);
}

void attach_disk_remove_folder(const char *path)
{
	char name[PATH_BYTES];
	DIR *d = opendir(path);
	if (!d)
		return;
	for (struct dirent *e; (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (snprintf(name, sizeof name, "%s/%s", path, e->d_name) < (int)sizeof name)
			(void)unlink(name);
	}
	closedir(d);
	(void)rmdir(path);
}
