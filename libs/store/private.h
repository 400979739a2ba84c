/* What the files of libs/store share. Not for others: they see store/env.h, txn.h, key.h and row.h. */
#ifndef WB_STORE_PRIVATE_H
#define WB_STORE_PRIVATE_H
#include "store/txn.h"
#include <limits.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/types.h>

#define WB_DATA_FILE "data.mdb"
#define WB_LOCK_FILE "lock.mdb"
#define WB_OWNER_FILE "owner"
#define WB_STATE_FILE "state"
#define WB_BOOT_ID_BYTES 64 /* text and NUL */

/* The claim of this process on a folder: an entry of the process's registry and a flock on the owner file. */
struct wb_owner {
	int dir_fd;  /* the folder */
	int lock_fd; /* the owner file, locked */
	dev_t dev;   /* of the folder: the registry's key */
	ino_t ino;
	struct wb_owner *next;
	bool registered;
};

struct wb_env {
	MDB_env *mdb;
	struct wb_owner owner;
	const struct wb_table *const *tables;
	size_t table_count;
	MDB_dbi dbi[WB_ENV_TABLES_MAX];      /* handle of tables[i] */
	unsigned by_name[WB_ENV_TABLES_MAX]; /* indexes of tables in the order of their names */
	char dir[PATH_MAX];
	char boot_id[WB_BOOT_ID_BYTES];
	enum wb_sync_mode sync;
	bool was_new;
	pthread_mutex_t lock; /* guards what follows; held across a change of the map's size */
	unsigned active;      /* transactions under way, and copies */
	bool writing;         /* a write transaction is under way, of the thread writer */
	pthread_t writer;
	struct wb_txn *free_readers; /* ended, their LMDB transaction reset */
	struct wb_failure failure;
	uint8_t *scratch; /* a put's copy of its value; the write transaction's */
	size_t scratch_bytes;
};

struct wb_txn {
	struct wb_env *env;
	MDB_txn *mdb;
	bool write;
	uint64_t changes; /* puts and dels so far: a scan of before must seek again */
	struct wb_failure failure;
	MDB_cursor *cursors[WB_TXN_SCANS_MAX]; /* NULL: free */
	struct wb_txn *next;
};

/* The code of ours for one of LMDB's or an errno. */
enum wb_err wb_store_err(int code);
/* Makes it the sticky error unless there is one. table may be NULL. */
void wb_txn_fail_code(
        const char *file, int line, struct wb_txn *txn, enum wb_err err, int code, const struct wb_table *table);
/* The handle of a table; that the table is not of this environment is a bug. */
MDB_dbi wb_txn_dbi(const struct wb_txn *txn, const struct wb_table *table);
/* A buffer of at least size bytes, the write transaction's until its next put; NULL: no memory. */
uint8_t *wb_txn_scratch(struct wb_txn *txn, size_t size);
/* Counts one more, or one less, transaction under way. */
void wb_env_enter(struct wb_env *env);
void wb_env_leave(struct wb_env *env);
/* Frees the pooled readers; none may be under way. */
void wb_env_free_readers(struct wb_env *env);

/* LMDB's assert hook: lets a check on this thread go on with WB_ERR_CORRUPT; else LMDB aborts when it returns. */
void wb_check_lmdb_assert(MDB_env *env, const char *message);

/* Claims the folder (made where absent). Errors as wb_env_open. */
enum wb_err wb_owner_take(const char *dir, struct wb_owner *owner) WB_MUST_CHECK;
void wb_owner_release(struct wb_owner *owner);
/* Whether a file system of this statfs() type cannot hold an environment. */
bool wb_owner_fs_refused(unsigned long type);
/* The machine's boot id into ret_text. */
enum wb_err wb_boot_id(char ret_text[static WB_BOOT_ID_BYTES]) WB_MUST_CHECK;

/* The state file: of which boot the last writer was, and whether it stopped cleanly. NOT_FOUND, IO. */
enum wb_err wb_state_read(int dir_fd, char ret_boot_id[static WB_BOOT_ID_BYTES], bool *ret_clean) WB_MUST_CHECK;
/* Replaces it; synced, folder included, when it returns WB_OK. */
enum wb_err wb_state_write(int dir_fd, const char *boot_id, bool clean) WB_MUST_CHECK;

#endif
