/* Transactions: sticky errors, scans against a model, growth of the map, rows, dump and check. */
#include "store/row.h"
#include "store_rig.h"
#include "weibao/v1/common.pb-c.h"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static uint64_t seed;

static uint64_t next_random(void)
{
	uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static struct wb_txn *begin_write(struct wb_env *env)
{
	struct wb_txn *txn = NULL;
	assert_int_equal(wb_txn_write(env, &txn), WB_OK);
	return txn;
}

static struct wb_txn *begin_read(struct wb_env *env)
{
	struct wb_txn *txn = NULL;
	assert_int_equal(wb_txn_read(env, &txn), WB_OK);
	return txn;
}

static void put_get_del(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	rig_put(env, &alpha, "k", "one");
	rig_put(env, &zeta, "k", "");
	rig_expect(env, &alpha, "k", "one");
	rig_expect(env, &zeta, "k", "");
	rig_expect(env, &zeta, "other", NULL);
	struct wb_key k = rig_key("k");
	struct wb_txn *before = begin_read(env), *txn = begin_write(env);
	assert_true(wb_txn_is_write(txn));
	assert_ptr_equal(wb_txn_env(txn), env);
	assert_true(wb_del(txn, &alpha, &k));
	assert_false(wb_del(txn, &alpha, &k));
	assert_int_equal(wb_txn_error(txn), WB_OK);
	assert_false(wb_has(txn, &alpha, &k));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	assert_true(wb_has(before, &alpha, &k)); /* as it was at its beginning */
	wb_txn_abort(before);
	rig_expect(env, &alpha, "k", NULL);
	txn = begin_write(env);
	assert_true(wb_clear(txn, &zeta));
	assert_int_equal(wb_rows(txn, &zeta), 0);
	wb_txn_abort(txn);
	rig_expect(env, &zeta, "k", ""); /* undone */
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void first_failure_sticks(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	struct wb_key good = rig_key("good"), empty = rig_key(""), large;
	uint8_t fill[WB_KEY_BYTES_MAX + 1] = {0};
	struct wb_bytes value = {(const uint8_t *)"before", 6};
	wb_key_init(&large);
	wb_key_bytes(&large, fill, sizeof fill);
	assert_int_equal(wb_env_failure(env).err, WB_OK);

	struct wb_txn *txn = begin_write(env);
	assert_true(wb_put(txn, &alpha, &good, value));
	int line = __LINE__ + 1;
	assert_false(wb_put(txn, &zeta, &large, value));
	assert_false(wb_put(txn, &alpha, &empty, value)); /* a later failure does not hide the first */
	assert_false(wb_put(txn, &alpha, &good, value));
	assert_false(wb_get(txn, &alpha, &good, &value));
	assert_string_equal((const char *)value.data, "before");
	assert_false(wb_del(txn, &alpha, &good));
	assert_int_equal(wb_count(txn, &alpha, NULL, 9), 0);
	assert_int_equal(wb_rows(txn, &alpha), 0);
	const struct wb_failure *f = wb_txn_failure(txn);
	assert_int_equal(f->err, WB_ERR_LIMIT);
	assert_string_equal(f->table, "zeta");
	assert_string_equal(f->file, __FILE__);
	assert_int_equal(f->line, line);
	assert_int_equal(wb_txn_commit(txn), WB_ERR_LIMIT);
	rig_expect(env, &alpha, "good", NULL); /* nothing of it was written */
	assert_int_equal(wb_env_failure(env).line, line);

	txn = begin_write(env);
	assert_false(wb_get(txn, &alpha, &empty, &value));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_INVALID);
	txn = begin_read(env);
	wb_txn_fail(txn, WB_ERR_CORRUPT, &alpha);
	wb_txn_fail(txn, WB_ERR_IO, &zeta);
	assert_int_equal(wb_txn_commit(txn), WB_ERR_CORRUPT);
	txn = begin_read(env); /* the same, from the pool: without the old failure */
	assert_int_equal(wb_txn_error(txn), WB_OK);
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void append_refuses_what_is_not_last(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	struct wb_txn *txn = begin_write(env);
	struct wb_key k;
	for (uint64_t i = 1; i <= 1000; i++) {
		wb_key_init(&k);
		wb_key_u64(&k, i);
		assert_true(wb_put_append(txn, &alpha, &k, wb_bytes_str("x")));
	}
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	txn = begin_write(env);
	assert_false(wb_put_append(txn, &alpha, &k, wb_bytes_str("again")));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_EXISTS);
	txn = begin_read(env);
	assert_int_equal(wb_rows(txn, &alpha), 1000);
	assert_int_equal(wb_count(txn, &alpha, NULL, 10), 10);
	assert_int_equal(wb_count(txn, &alpha, NULL, 5000), 1000);
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(env), WB_OK);
}

/* A value that points into the table that it is put to, at a page that the put rewrites. */
static void value_from_the_same_transaction(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	rig_put(env, &alpha, "m", "some bytes that stand in the middle of the page");
	struct wb_txn *txn = begin_write(env);
	struct wb_key from = rig_key("m"), to;
	struct wb_bytes value;
	for (uint32_t i = 0; i < 200; i++) {
		wb_key_init(&to);
		wb_key_u32(&to, 199 - i); /* before all others: shifts them */
		assert_true(wb_get(txn, &alpha, &from, &value));
		assert_true(wb_put(txn, &alpha, &to, value));
		from = to;
	}
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	txn = begin_read(env);
	struct wb_scan scan;
	wb_scan_prefix(&scan, txn, &alpha, NULL);
	unsigned n = 0;
	for (; wb_scan_next(&scan, NULL, &value); n++)
		assert_true(wb_bytes_equal(value, wb_bytes_str("some bytes that stand in the middle of the page")));
	assert_int_equal(n, 201);
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(env), WB_OK);
}

/* The model: all keys of one to three letters of an awkward alphabet in order, and which of them are there. */
#define LETTERS 4
#define KEYS (4 + 16 + 64)
struct model {
	struct wb_key keys[KEYS];
	bool there[KEYS];
};

static int by_bytes(const void *a, const void *b)
{
	const struct wb_key *x = a, *y = b;
	int order = memcmp(x->b, y->b, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

static void model_init(struct model *m)
{
	static const uint8_t letters[LETTERS] = {0x00, 0x01, 'a', 0xff};
	size_t n = 0;
	for (size_t len = 1, count = LETTERS; len <= 3; len++, count *= LETTERS)
		for (size_t i = 0; i < count; i++) {
			wb_key_init(&m->keys[n]);
			for (size_t rest = i, at = 0; at < len; at++, rest /= LETTERS)
				wb_key_u8(&m->keys[n], letters[rest % LETTERS]);
			n++;
		}
	assert_int_equal(n, KEYS);
	qsort(m->keys, KEYS, sizeof m->keys[0], by_bytes);
	memset(m->there, 0, sizeof m->there);
}

static void change_randomly(struct wb_txn *txn, struct model *m)
{
	size_t i = next_random() % KEYS;
	if (next_random() % 2) {
		/* Long values, so that pages split and merge under the cursor. */
		static const uint8_t value[700];
		assert_true(wb_put(txn, &alpha, &m->keys[i], (struct wb_bytes){value, next_random() % sizeof value}));
		m->there[i] = true;
	} else {
		assert_int_equal(wb_del(txn, &alpha, &m->keys[i]), m->there[i]);
		m->there[i] = false;
	}
}

static bool has_prefix(const struct wb_key *k, const struct wb_key *prefix)
{
	return k->len >= prefix->len && memcmp(k->b, prefix->b, prefix->len) == 0;
}

/* The index that a scan must give next: the nearest one there beyond the last (KEYS: none yet); KEYS: the end. */
static size_t model_next(
        const struct model *m, const struct wb_key *prefix, const struct wb_key *bound, bool backward, size_t last)
{
	for (size_t n = 0; n < KEYS; n++) {
		size_t i = backward ? KEYS - 1 - n : n;
		if (!m->there[i] || !has_prefix(&m->keys[i], prefix))
			continue;
		if (last < KEYS ? (backward ? i >= last : i <= last)
		                : bound && (backward ? by_bytes(&m->keys[i], bound) >= 0
		                                     : by_bytes(&m->keys[i], bound) < 0))
			continue;
		return i;
	}
	return KEYS;
}

static void scan_once(struct wb_txn *txn, struct model *m, unsigned changes)
{
	struct wb_key prefix, bound = m->keys[next_random() % KEYS];
	bool bounded = next_random() % 2, backward = next_random() % 2;
	struct wb_scan scan;
	struct wb_bytes key;
	size_t last = KEYS, i;
	wb_key_init(&prefix);
	if (next_random() % 3)
		prefix = m->keys[next_random() % KEYS];
	if (backward && bounded)
		wb_scan_before(&scan, txn, &alpha, &prefix, &bound);
	else if (backward)
		wb_scan_back(&scan, txn, &alpha, &prefix);
	else if (bounded)
		wb_scan_from(&scan, txn, &alpha, &prefix, &bound);
	else
		wb_scan_prefix(&scan, txn, &alpha, &prefix);
	while ((i = model_next(m, &prefix, bounded ? &bound : NULL, backward, last)) < KEYS) {
		assert_true(wb_scan_next(&scan, &key, NULL));
		assert_true(wb_bytes_equal(key, wb_key_view(&m->keys[i])));
		last = i;
		if (next_random() % 40 == 0)
			break; /* left early */
		if (changes && next_random() % 4 == 0 && wb_del(txn, &alpha, &m->keys[i]))
			m->there[i] = false; /* the very row */
		for (unsigned n = changes ? (unsigned)(next_random() % changes) : 0; n > 0; n--)
			change_randomly(txn, m);
	}
	if (i == KEYS) {
		assert_false(wb_scan_next(&scan, &key, NULL));
		assert_false(wb_scan_next(&scan, &key, NULL)); /* and it stays at its end */
	}
	wb_scan_done(&scan);
	wb_scan_done(&scan);
}

static void scans_agree_with_the_model(void **state)
{
	static struct model m;
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	model_init(&m);
	seed = 7;
	for (int round = 0; round < 400; round++) {
		struct wb_txn *txn = begin_write(env);
		for (uint64_t n = next_random() % 60; n > 0; n--)
			change_randomly(txn, &m);
		for (int i = 0; i < 20; i++)
			scan_once(txn, &m, 3);
		assert_int_equal(wb_txn_check(txn), WB_OK);
		assert_int_equal(wb_txn_commit(txn), WB_OK);
		txn = begin_read(env);
		for (int i = 0; i < 10; i++)
			scan_once(txn, &m, 0);
		assert_int_equal(wb_txn_commit(txn), WB_OK);
	}
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void cursors_are_bounded_and_end_with_the_transaction(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	rig_put(env, &alpha, "a", "1");
	rig_put(env, &alpha, "b", "2");
	struct wb_scan scans[WB_TXN_SCANS_MAX + 1];
	struct wb_txn *txn = begin_write(env);
	for (size_t i = 0; i < WB_TXN_SCANS_MAX; i++) {
		wb_scan_prefix(&scans[i], txn, &alpha, NULL);
		assert_true(wb_scan_next(&scans[i], NULL, NULL));
	}
	wb_scan_prefix(&scans[WB_TXN_SCANS_MAX], txn, &alpha, NULL);
	assert_false(wb_scan_next(&scans[WB_TXN_SCANS_MAX], NULL, NULL));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_LIMIT);
	txn = begin_read(env); /* left open: the leak checker watches */
	wb_scan_prefix(&scans[0], txn, &alpha, NULL);
	assert_true(wb_scan_next(&scans[0], NULL, NULL));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
}

/* Puts count rows of 1 KiB in one transaction; what its commit said. */
static enum wb_err fill(struct wb_env *env, uint32_t count)
{
	static const uint8_t value[1024] = {1};
	struct wb_txn *txn = begin_write(env);
	struct wb_key k;
	for (uint32_t i = 0; i < count; i++) {
		wb_key_init(&k);
		wb_key_u32(&k, i);
		(void)wb_put(txn, &alpha, &k, (struct wb_bytes){value, sizeof value});
	}
	return wb_txn_commit(txn);
}

static void a_full_map_grows(void **state)
{
	struct wb_env_options options = rig_options(*state, WB_SYNC_DURABLE);
	struct wb_env *env = NULL;
	struct wb_env_usage usage;
	options.map_bytes = 256 * 1024;
	assert_int_equal(wb_env_open(&options, &env), WB_OK);
	rig_put(env, &zeta, "kept", "yes");
	rig_expect(env, &zeta, "kept", "yes"); /* puts a reader into the pool */
	unsigned growths = 0;
	enum wb_err err;
	while ((err = fill(env, 2000)) == WB_ERR_FULL) {
		struct wb_txn *reader = begin_read(env);
		assert_int_equal(wb_env_failure(env).err, WB_ERR_FULL);
		assert_int_equal(wb_rows(reader, &alpha), 0); /* all or nothing */
		assert_int_equal(wb_env_grow(env), WB_ERR_AGAIN);
		wb_txn_abort(reader);
		assert_int_equal(wb_env_grow(env), WB_OK);
		rig_expect(env, &zeta, "kept", "yes");
		growths++;
	}
	assert_int_equal(err, WB_OK);
	assert_true(growths >= 3);
	assert_int_equal(wb_env_usage(env, &usage), WB_OK);
	assert_int_equal(usage.map_bytes, (256 * 1024) << growths);
	assert_true(usage.used_bytes > 2000 * 1024 && usage.used_bytes <= usage.map_bytes);
	assert_true(usage.disk_free_bytes > 0);
	assert_int_equal(usage.transactions, 0);
	assert_int_equal(wb_env_close(env), WB_OK);
	env = NULL;
	assert_int_equal(wb_env_open(&options, &env), WB_OK); /* with the small map: it must hold what is there */
	struct wb_txn *txn = begin_read(env);
	assert_int_equal(wb_txn_check(txn), WB_OK);
	assert_int_equal(wb_rows(txn, &alpha), 2000);
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void rows_come_back(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	struct wb_arena arena;
	struct wb_key k = rig_key("row");
	Weibao__V1__Personal in = WEIBAO__V1__PERSONAL__INIT;
	in.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	in.plain = (char *)(uintptr_t) "王工";
	wb_arena_init(&arena, 4096);
	struct wb_txn *txn = begin_write(env);
	assert_true(wb_put_row(txn, &alpha, &k, &in.base));
	assert_int_equal(wb_txn_commit(txn), WB_OK);

	txn = begin_read(env);
	struct wb_key none = rig_key("none");
	assert_null(wb_get_row(txn, &alpha, &none, &weibao__v1__personal__descriptor, &arena));
	assert_int_equal(wb_txn_error(txn), WB_OK);
	Weibao__V1__Personal *out =
	        (Weibao__V1__Personal *)wb_get_row(txn, &alpha, &k, &weibao__v1__personal__descriptor, &arena);
	assert_non_null(out);
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	assert_string_equal(out->plain, "王工"); /* outlives the transaction */
	wb_arena_done(&arena);
	assert_int_equal(wb_env_close(env), WB_OK);
}

static void rows_that_do_not_unpack(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	struct wb_arena arena;
	struct wb_key k = rig_key("row");
	rig_put(env, &alpha, "row", "\x0a\x7fno such length");
	wb_arena_init(&arena, 4096);
	struct wb_txn *txn = begin_read(env);
	assert_null(wb_get_row(txn, &alpha, &k, &weibao__v1__personal__descriptor, &arena));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_CORRUPT);
	wb_arena_done(&arena);

	char *large = calloc(1, WB_ROW_BYTES_MAX + 1);
	assert_non_null(large);
	memset(large, 'x', 8000);
	Weibao__V1__Personal in = WEIBAO__V1__PERSONAL__INIT;
	in.value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	in.plain = large;
	txn = begin_write(env);
	assert_true(wb_put_row(txn, &alpha, &k, &in.base));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	wb_arena_init(&arena, 4096);
	txn = begin_read(env);
	assert_null(wb_get_row(txn, &alpha, &k, &weibao__v1__personal__descriptor, &arena));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_MEMORY);
	wb_arena_done(&arena);
	memset(large, 'x', WB_ROW_BYTES_MAX);
	txn = begin_write(env);
	assert_false(wb_put_row(txn, &alpha, &k, &in.base));
	assert_int_equal(wb_txn_commit(txn), WB_ERR_LIMIT);
	free(large);
	assert_int_equal(wb_env_close(env), WB_OK);
}

struct watcher {
	struct wb_env *env;
	unsigned wrong, seen; /* pairs of rows that differed; transactions that found them */
};

/* Both tables hold the same number in every state that was ever committed. */
static void *watch(void *ctx)
{
	struct watcher *w = ctx;
	struct wb_key k = rig_key("n");
	while (w->seen < 300) {
		struct wb_txn *txn = NULL;
		struct wb_bytes a, z;
		if (wb_txn_read(w->env, &txn) != WB_OK) {
			w->wrong++;
			break;
		}
		bool both = wb_get(txn, &alpha, &k, &a) && wb_get(txn, &zeta, &k, &z);
		w->wrong += !both || !wb_bytes_equal(a, z);
		w->seen++;
		wb_txn_abort(txn);
	}
	return NULL;
}

static void threads_read_while_one_writes_and_grows(void **state)
{
	struct wb_env_options options = rig_options(*state, WB_SYNC_LAZY);
	struct wb_env *env = NULL;
	struct watcher watchers[3];
	pthread_t threads[3];
	struct wb_key k = rig_key("n");
	options.map_bytes = 256 * 1024;
	assert_int_equal(wb_env_open(&options, &env), WB_OK);
	rig_put(env, &alpha, "n", "none");
	rig_put(env, &zeta, "n", "none");
	for (size_t i = 0; i < 3; i++) {
		watchers[i] = (struct watcher){.env = env};
		assert_int_equal(pthread_create(&threads[i], NULL, watch, &watchers[i]), 0);
	}
	unsigned growths = 0;
	for (uint64_t n = 0; n < 500; n++) {
		struct wb_txn *txn = begin_write(env);
		struct wb_bytes value = {(const uint8_t *)&n, sizeof n};
		assert_true(wb_put(txn, &alpha, &k, value) && wb_put(txn, &zeta, &k, value));
		assert_int_equal(wb_txn_commit(txn), WB_OK);
		enum wb_err err = growths < 8 ? wb_env_grow(env) : WB_ERR_AGAIN;
		assert_true(err == WB_OK || err == WB_ERR_AGAIN);
		growths += err == WB_OK;
	}
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(watchers[i].wrong, 0);
		assert_int_equal(watchers[i].seen, 300);
	}
	assert_int_equal(wb_env_close(env), WB_OK);
}

struct dump {
	char text[256];
	unsigned stop_after;
};

static bool visit(void *ctx, const char *table, struct wb_bytes key, struct wb_bytes value)
{
	struct dump *d = ctx;
	size_t n = strlen(d->text);
	(void)snprintf(d->text + n, sizeof d->text - n, "%s/%.*s=%.*s ", table, (int)key.len, (const char *)key.data,
	        (int)value.len, (const char *)value.data);
	return --d->stop_after > 0;
}

static void dump_is_ordered_by_name_and_key(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_LAZY);
	rig_put(env, &zeta, "b", "1");
	rig_put(env, &alpha, "y", "2");
	rig_put(env, &alpha, "x", "3");
	rig_put(env, &zeta, "a", "4");
	struct dump d = {.stop_after = 99};
	struct wb_txn *txn = begin_read(env);
	assert_true(wb_txn_dump(txn, visit, &d));
	assert_string_equal(d.text, "alpha/x=3 alpha/y=2 zeta/a=4 zeta/b=1 ");
	d = (struct dump){.stop_after = 3};
	assert_false(wb_txn_dump(txn, visit, &d));
	assert_string_equal(d.text, "alpha/x=3 alpha/y=2 zeta/a=4 ");
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(env), WB_OK);
}

/* Overwrites what it finds of pattern in the closed database file; with NULL: its whole page, by zeros. */
static unsigned damage(const char *dir, const char *pattern, const char *with)
{
	char path[128];
	struct stat st;
	unsigned hits = 0;
	size_t n = strlen(pattern);
	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	int fd = open(path, O_RDWR);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	size_t size = (size_t)st.st_size;
	char *content = malloc(size);
	assert_non_null(content);
	assert_int_equal(pread(fd, content, size, 0), st.st_size);
	for (size_t i = 0; i + n <= size; i++)
		if (memcmp(content + i, pattern, n) == 0) {
			static const char zeros[4096];
			off_t at = with ? (off_t)i : (off_t)(i / sizeof zeros * sizeof zeros);
			size_t bytes = with ? n : sizeof zeros;
			assert_int_equal(pwrite(fd, with ? with : zeros, bytes, at), (ssize_t)bytes);
			hits++;
		}
	free(content);
	(void)close(fd);
	return hits;
}

static void check_finds_damage(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	char key[16];
	for (int i = 0; i < 20; i++) {
		(void)snprintf(key, sizeof key, "key%05d", i);
		rig_put(env, &alpha, key, "value");
	}
	struct wb_txn *txn = begin_read(env);
	assert_int_equal(wb_txn_check(txn), WB_OK);
	wb_txn_abort(txn);
	assert_int_equal(wb_env_close(env), WB_OK);
	assert_true(damage(*state, "key00007", "yek00007") > 0);
	env = rig_open(*state, WB_SYNC_DURABLE);
	txn = begin_read(env);
	assert_int_equal(wb_txn_check(txn), WB_ERR_CORRUPT);
	assert_string_equal(wb_txn_failure(txn)->table, "alpha");
	assert_int_equal(wb_txn_commit(txn), WB_ERR_CORRUPT);
	wb_env_abandon(env);
}

/* LMDB itself would abort at such a page. */
static void check_finds_a_lost_page(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	struct wb_txn *txn = begin_write(env);
	for (unsigned i = 0; i < 2000; i++) {
		char text[16];
		(void)snprintf(text, sizeof text, "key%05u", i);
		struct wb_key k = rig_key(text);
		assert_true(wb_put_append(txn, &alpha, &k, wb_bytes_str("a value of some length")));
	}
	assert_int_equal(wb_txn_commit(txn), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
	assert_int_equal(damage(*state, "key01007", NULL), 1);
	env = rig_open(*state, WB_SYNC_DURABLE);
	txn = begin_read(env);
	assert_int_equal(wb_txn_check(txn), WB_ERR_CORRUPT);
	assert_string_equal(wb_txn_failure(txn)->table, "alpha");
	wb_txn_abort(txn);
	rig_expect(env, &zeta, "untouched", NULL); /* the environment itself is still usable */
	wb_env_abandon(env);
}

/* A file that lost its end gives an error, not a SIGBUS. */
static void check_finds_a_cut_file(void **state)
{
	struct wb_env *env = rig_open(*state, WB_SYNC_DURABLE);
	char path[128];
	struct stat st;
	assert_int_equal(fill(env, 500), WB_OK);
	assert_int_equal(wb_env_close(env), WB_OK);
	(void)snprintf(path, sizeof path, "%s/data.mdb", (const char *)*state);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(truncate(path, st.st_size / 2), 0);
	struct wb_env_options options = rig_options(*state, WB_SYNC_DURABLE);
	env = NULL;
	enum wb_err err = wb_env_open(&options, &env);
	if (!err) {
		struct wb_txn *txn = begin_read(env);
		err = wb_txn_check(txn);
		wb_txn_abort(txn);
	}
	assert_int_equal(err, WB_ERR_CORRUPT);
	wb_env_abandon(env);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(put_get_del),
	        TEST(first_failure_sticks),
	        TEST(append_refuses_what_is_not_last),
	        TEST(value_from_the_same_transaction),
	        TEST(scans_agree_with_the_model),
	        TEST(cursors_are_bounded_and_end_with_the_transaction),
	        TEST(a_full_map_grows),
	        TEST(threads_read_while_one_writes_and_grows),
	        TEST(rows_come_back),
	        TEST(rows_that_do_not_unpack),
	        TEST(dump_is_ordered_by_name_and_key),
	        TEST(check_finds_damage),
	        TEST(check_finds_a_lost_page),
	        TEST(check_finds_a_cut_file),
	};
	return cmocka_run_group_tests_name("store_txn", tests, NULL, NULL);
}
