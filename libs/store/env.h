/*
 * An environment: one folder with one LMDB database and its typed tables, owned by one process at a time.
 *
 * What it owns: the files data.mdb, lock.mdb, owner (who has it open, under flock) and state (whether it can be trusted
 * after a crash of the machine) of its folder; a pool of read transactions.
 *
 * Invariants: a folder is open at most once in a process (closing one of two handles would drop the locks of the other)
 * and in at most one process (LMDB's reader table does not work across PID namespaces): other programs ask the owner,
 * or read a copy. All tables are opened with the environment and stay open. No environment on a network file system.
 * Do not fork while one is open, unless the child execs at once.
 *
 * Threads: any thread may begin transactions; each is used by one thread at a time; writes are serialised. Open, close
 * and the registry behind them are thread safe. Closing needs all transactions to have ended.
 *
 * Durability: with WB_SYNC_DURABLE a commit that returned WB_OK is on the disk. With WB_SYNC_LAZY it survives the death
 * of the process, not that of the machine: such an environment is thrown away when it is not trusted at open.
 *
 * Source of the idea: knot's knot_lmdb.c; powerdns and lightningstream for what goes wrong in containers.
 */
#ifndef WB_STORE_ENV_H
#define WB_STORE_ENV_H
#include "base/bytes.h"
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WB_ENV_TABLES_MAX 120
#define WB_ENV_READERS_MAX 512
#define WB_ENV_MAP_BYTES_LIMIT (UINT64_C(1) << 42) /* growth stops here: 4 TiB */

struct wb_env;

/*
 * A table's name and its place in its environment's list. Constant data: many environments of one process (a test runs
 * whole cells) may have the same tables.
 */
struct wb_table {
	const char *name; /* unique in the list, not empty */
	unsigned index;   /* tables[index] of the list is this table */
};

enum wb_sync_mode {
	WB_SYNC_DURABLE, /* two ordered flushes a commit */
	WB_SYNC_LAZY,    /* the kernel writes when it likes, or at wb_env_sync */
};

struct wb_env_options {
	const char *dir; /* made (0700) where absent; its parent must exist */
	enum wb_sync_mode sync;
	const struct wb_table *const *tables; /* must outlive the environment */
	size_t table_count;                   /* at most WB_ENV_TABLES_MAX */
	uint64_t map_bytes;                   /* address space to reserve; 0: 64 GiB (1 GiB in sanitizer builds) */
	const char *boot_id;                  /* NULL: the machine's; tests and simulations give their own */
};

/*
 * Opens, and makes what does not exist. The lists being malformed is a bug.
 * Errors: EXISTS: open in this process already; AGAIN: open in another process; MISMATCH: open in a process of another
 * PID namespace or machine; UNSUPPORTED: network file system; CORRUPT: not a sound database, or one that is not trusted
 * (wb_env_boot_trusted): a projection's is removed and rebuilt, a log's is a case for the operator; IO, MEMORY.
 */
enum wb_err wb_env_open(const struct wb_env_options *options, struct wb_env **ret_env) WB_MUST_CHECK;
/*
 * A clean stop: ends pooled readers, syncs, notes that it was clean, closes. All transactions must have ended. The
 * handle is gone whatever is returned; on an error the environment counts as not cleanly stopped. NULL is fine.
 */
enum wb_err wb_env_close(struct wb_env *env) WB_MUST_CHECK;
/* Closes without a sync and without the note, as if the process had died: after an error, and in tests. NULL is fine.
 */
void wb_env_abandon(struct wb_env *env);

/*
 * Whether the content may be believed: there is none yet, or it was always durable, or cleanly stopped, or is a copy by
 * wb_env_copy, or was written in this boot of the machine only. Reads small files beside the database only, since LMDB
 * may crash on a damaged one; wb_env_open asks by itself. As long as nobody removes it, what is not trusted stays so.
 * Uses dir, sync and boot_id of options. Errors: IO.
 */
enum wb_err wb_env_boot_trusted(const struct wb_env_options *options, bool *ret_trusted) WB_MUST_CHECK;
/* Whether the database did not exist before this open. */
bool wb_env_was_new(const struct wb_env *env);

/* Flushes everything committed so far to the disk. */
enum wb_err wb_env_sync(struct wb_env *env) WB_MUST_CHECK;
/*
 * Doubles the map, after a transaction ended with WB_ERR_FULL; then the caller redoes the whole transaction.
 * Errors: AGAIN: a transaction is under way in some thread; LIMIT: WB_ENV_MAP_BYTES_LIMIT is reached; IO: the
 * environment is of no use any more.
 */
enum wb_err wb_env_grow(struct wb_env *env) WB_MUST_CHECK;
/* Frees the slots of readers whose process died (they pin old pages); ret_cleared: how many, may be NULL. At start
 * (done by open) and every 10 to 60 s. */
enum wb_err wb_env_reader_check(struct wb_env *env, unsigned *ret_cleared) WB_MUST_CHECK;

struct wb_env_usage {
	uint64_t map_bytes;       /* reserved address space: the most the database can hold before it grows */
	uint64_t used_bytes;      /* up to the last page ever used, free pages inside included */
	uint64_t disk_free_bytes; /* of the file system, for unprivileged use */
	unsigned readers;         /* slots in use at most, since the first open */
	unsigned transactions;    /* under way in this process now */
};
enum wb_err wb_env_usage(struct wb_env *env, struct wb_env_usage *ret_usage) WB_MUST_CHECK;

/*
 * A consistent copy while running, as an environment of its own in dir, which is made and must not hold one yet; file
 * and folder are synced when it returns WB_OK, and the copy is trusted. A long read transaction: pages freed meanwhile
 * are not reused. On an error dir may hold a partial copy, which is not trusted. Errors: EXISTS, FULL (disk), IO …
 */
enum wb_err wb_env_copy(struct wb_env *env, const char *dir) WB_MUST_CHECK;
/* Removes the files of a closed environment, leaving the (then empty) folder; nothing there is WB_OK. Errors as open.
 */
enum wb_err wb_env_remove(const char *dir) WB_MUST_CHECK;

/* The first error that ended the latest failed transaction, for the operator's log line. */
struct wb_failure {
	enum wb_err err;   /* WB_OK: nothing has failed */
	int code;          /* LMDB's or errno, 0: none */
	const char *table; /* name or NULL; lives as long as the list of tables */
	const char *file;  /* where the call stands */
	int line;
};
struct wb_failure wb_env_failure(struct wb_env *env);

#endif
