#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The folders that this process has open. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct wb_owner *registry;

/*
 * File systems on which a shared map or a lock is not one thing for all who see the file. Overlay is not among them:
 * the files of an environment are always of its upper layer.
 */
bool wb_owner_fs_refused(unsigned long type)
{
	static const unsigned long refused[] = {
	        0x6969,     /* NFS */
	        0x517b,     /* SMB */
	        0xff534d42, /* CIFS */
	        0xfe534d42, /* SMB2 */
	        0x65735546, /* FUSE, virtiofs too */
	        0x01021997, /* 9p */
	        0x73757245, /* Coda */
	        0x5346414f, /* AFS */
	        0x00c36400, /* Ceph */
	        0x564c,     /* NCP */
	        0x01161970, /* GFS2 */
	        0x7461636f, /* OCFS2 */
	        0x0bd00bd0, /* Lustre */
	        0x786f4256, /* VirtualBox shared folders */
	};
	type &= 0xffffffffUL; /* a signed word on some platforms */
	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
		if (refused[i] == type)
			return true;
	return false;
}

/* A small file's content as text; its length, or -1 with errno. */
static ssize_t read_text(int dir_fd, const char *name, char *ret_text, size_t size)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = read(fd, ret_text, size - 1);
	int saved = errno;
	(void)close(fd);
	errno = saved;
	if (n >= 0)
		ret_text[n] = '\0';
	return n;
}

enum wb_err wb_boot_id(char ret_text[static WB_BOOT_ID_BYTES])
{
	char text[WB_BOOT_ID_BYTES];
	if (read_text(AT_FDCWD, "/proc/sys/kernel/random/boot_id", text, sizeof text) <= 0)
		return WB_ERR_IO;
	text[strcspn(text, " \n")] = '\0';
	memcpy(ret_text, text, sizeof text);
	return text[0] ? WB_OK : WB_ERR_IO;
}

/* Where a process lives, as far as equal process numbers mean equal processes: boot and PID namespace. */
static enum wb_err habitat(char *ret_text, size_t size)
{
	char boot[WB_BOOT_ID_BYTES];
	struct stat st;
	enum wb_err err = wb_boot_id(boot);
	if (err)
		return err;
	if (stat("/proc/self/ns/pid", &st) != 0)
		return WB_ERR_IO;
	(void)snprintf(ret_text, size, "boot %s pid-namespace %ju ", boot, (uintmax_t)st.st_ino);
	return WB_OK;
}

/* Who holds the lock that we did not get: a process like us, or one of another world. */
static enum wb_err held_by(int dir_fd)
{
	char theirs[512], ours[192];
	enum wb_err err = habitat(ours, sizeof ours);
	if (err)
		return err;
	/* Nothing there: it has the lock since this moment and has not written yet. */
	if (read_text(dir_fd, WB_OWNER_FILE, theirs, sizeof theirs) <= 0)
		return WB_ERR_AGAIN;
	return strncmp(theirs, ours, strlen(ours)) == 0 ? WB_ERR_AGAIN : WB_ERR_MISMATCH;
}

static enum wb_err write_owner(int fd)
{
	char host[128] = "", where[192], text[512];
	enum wb_err err = habitat(where, sizeof where);
	if (err)
		return err;
	(void)gethostname(host, sizeof host - 1);
	int n = snprintf(text, sizeof text, "%spid %ld host %s\n", where, (long)getpid(), host);
	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	return WB_OK;
}

/*
 * The lock decides, not the text: the kernel drops the lock when its holder dies, in whatever container that was, so
 * a restart in a new container is not refused by what a killed one left behind.
 */
static enum wb_err lock_owner(int dir_fd, int *ret_fd)
{
	for (;;) {
		struct stat held, named;
		int fd = openat(dir_fd, WB_OWNER_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
		if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
			enum wb_err err = errno == EWOULDBLOCK ? held_by(dir_fd) : WB_ERR_IO;
			(void)close(fd);
			return err;
		}
		if (fstat(fd, &held) != 0) {
			(void)close(fd);
			return WB_ERR_IO;
		}
		/* Between open and flock a wb_env_remove may have taken the name away: that lock guards nothing. */
		if (fstatat(dir_fd, WB_OWNER_FILE, &named, 0) == 0 && named.st_ino == held.st_ino) {
			*ret_fd = fd;
			return WB_OK;
		}
		(void)close(fd);
	}
}

static enum wb_err register_owner(struct wb_owner *owner)
{
	enum wb_err err = WB_OK;
	(void)pthread_mutex_lock(&registry_lock);
	for (struct wb_owner *o = registry; o; o = o->next)
		if (o->dev == owner->dev && o->ino == owner->ino)
			err = WB_ERR_EXISTS;
	if (!err) {
		owner->next = registry;
		registry = owner;
		owner->registered = true;
	}
	(void)pthread_mutex_unlock(&registry_lock);
	return err;
}

static void unregister_owner(struct wb_owner *owner)
{
	(void)pthread_mutex_lock(&registry_lock);
	for (struct wb_owner **p = &registry; *p; p = &(*p)->next)
		if (*p == owner) {
			*p = owner->next;
			break;
		}
	(void)pthread_mutex_unlock(&registry_lock);
	owner->registered = false;
}

enum wb_err wb_owner_take(const char *dir, struct wb_owner *owner)
{
	struct stat st;
	struct statfs fs;
	enum wb_err err = WB_ERR_IO;
	*owner = (struct wb_owner){.dir_fd = -1, .lock_fd = -1};
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	owner->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (owner->dir_fd < 0 || fstat(owner->dir_fd, &st) != 0 || fstatfs(owner->dir_fd, &fs) != 0)
		goto out;
	owner->dev = st.st_dev;
	owner->ino = st.st_ino;
	err = WB_ERR_UNSUPPORTED;
	if (wb_owner_fs_refused((unsigned long)fs.f_type))
		goto out;
	err = register_owner(owner);
	if (!err)
		err = lock_owner(owner->dir_fd, &owner->lock_fd);
	if (!err)
		err = write_owner(owner->lock_fd);
out:
	if (err)
		wb_owner_release(owner);
	return err;
}

void wb_owner_release(struct wb_owner *owner)
{
	if (owner->lock_fd >= 0)
		(void)close(owner->lock_fd);
	if (owner->dir_fd >= 0)
		(void)close(owner->dir_fd);
	owner->lock_fd = owner->dir_fd = -1;
	if (owner->registered)
		unregister_owner(owner);
}

enum wb_err wb_state_read(int dir_fd, char ret_boot_id[static WB_BOOT_ID_BYTES], bool *ret_clean)
{
	char text[2 * WB_BOOT_ID_BYTES];
	if (read_text(dir_fd, WB_STATE_FILE, text, sizeof text) < 0)
		return errno == ENOENT ? WB_ERR_NOT_FOUND : WB_ERR_IO;
	/* What is not understood names no boot and is not clean: not trusted. */
	size_t n = strcspn(text, " ");
	if (n >= WB_BOOT_ID_BYTES || !text[n])
		n = 0;
	*ret_clean = n && strcmp(text + n, " clean\n") == 0;
	memcpy(ret_boot_id, text, n);
	ret_boot_id[n] = '\0';
	return WB_OK;
}

enum wb_err wb_state_write(int dir_fd, const char *boot_id, bool clean)
{
	char text[2 * WB_BOOT_ID_BYTES];
	static const char temporary[] = WB_STATE_FILE ".new";
	int n = snprintf(text, sizeof text, "%s %s\n", boot_id, clean ? "clean" : "open");
	int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	enum wb_err err = WB_OK;
	if (write(fd, text, (size_t)n) != n || fsync(fd) != 0)
		err = errno == ENOSPC ? WB_ERR_FULL : WB_ERR_IO;
	if (close(fd) != 0 && !err)
		err = WB_ERR_IO;
	if (!err && (renameat(dir_fd, temporary, dir_fd, WB_STATE_FILE) != 0 || fsync(dir_fd) != 0))
		err = WB_ERR_IO;
	return err;
}
