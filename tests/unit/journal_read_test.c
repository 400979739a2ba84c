/* Reading, damage, folds made anew, trees, checkpoints, incarnations, recovery. */
#include "journal_kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

static void fill(struct kit *k, uint64_t tickets, uint64_t events)
{
	(void)kit_epoch(k, "intake", 1, 0);
	for (uint64_t v = 0; v < events; v++)
		for (uint64_t t = 0; t < tickets; t++)
			assert_int_equal(kit_tenant_ticket(k, t % 2 ? "acme" : "beta", t, v).outcome, OUT(OK));
}

static struct wb_journal_page read_page(
        struct kit *k, const char *tenant, const char *kind, uint64_t id, uint64_t from, uint32_t limit)
{
	struct wb_journal_query q = {
	        .from = from, .limit = limit, .tenant = tenant, .stream_kind = kind, .stream_id = kit_id(id)};
	struct wb_journal_page p;
	assert_int_equal(wb_journal_read(k->r, &q, &k->arena, &p), WB_OK);
	return p;
}

static void check_reads(struct kit *k)
{
	struct wb_journal_page p = read_page(k, NULL, NULL, 0, 1, 1000);
	struct wb_record_view v;
	assert_int_equal(p.count, 42);
	assert_int_equal(p.head, 42);
	assert_memory_equal(p.chain_hash, k->j->chain.b, 32);
	for (size_t i = 0; i < p.count; i++)
		assert_int_equal(p.records[i].position, i + 1);
	p = read_page(k, NULL, NULL, 0, 40, 2);
	assert_int_equal(p.count, 2);
	assert_int_equal(p.records[0].position, 40);
	assert_int_equal(read_page(k, NULL, NULL, 0, 43, 5).count, 0);
	assert_int_equal(read_page(k, NULL, NULL, 0, 4300, 5).count, 0);
	p = read_page(k, "acme", NULL, 0, 3, 1000);
	assert_int_equal(p.count, 18);
	for (size_t i = 0; i < p.count; i++) {
		assert_int_equal(wb_record_scan(p.records[i].record, &v), WB_OK);
		assert_int_equal(v.tenant_position, i + 3);
	}
	p = read_page(k, "beta", "ticket", 2, 4, 1000);
	assert_int_equal(p.count, 7);
	for (size_t i = 0; i < p.count; i++) {
		assert_int_equal(wb_record_scan(p.records[i].record, &v), WB_OK);
		assert_int_equal(v.stream_version, i + 4);
		assert_true(wb_id_equal(v.stream_id, kit_id(2)));
	}
	assert_int_equal(read_page(k, "acme", "ticket", 2, 1, 1000).count, 0); /* another tenant's */
	assert_int_equal(read_page(k, "nobody", NULL, 0, 1, 1000).count, 0);
}

static void reads_are_exact_however_far_index_is(void **state)
{
	struct kit *k = *state;
	fill(k, 4, 10);
	check_reads(k);
	assert_int_equal(wb_journal_index_step(k->j, 17, NULL), WB_OK);
	check_reads(k);
	kit_index(k);
	check_reads(k);
}

static void positions_by_time(void **state)
{
	struct kit *k = *state;
	uint64_t position = 9;
	fill(k, 4, 100);
	kit_index(k);
	for (uint64_t want = 1; want <= 402; want += 7) {
		struct wb_record_view v;
		struct wb_journal_page p = read_page(k, NULL, NULL, 0, want, 1);
		assert_int_equal(wb_record_scan(p.records[0].record, &v), WB_OK);
		assert_int_equal(wb_journal_position_at(k->r, v.recorded_at, &position), WB_OK);
		assert_int_equal(position, want);
		assert_int_equal(wb_journal_position_at(k->r, v.recorded_at - 1, &position), WB_OK);
		assert_int_equal(position, want - 1);
	}
	assert_int_equal(wb_journal_position_at(k->r, INT64_MAX - 1, &position), WB_OK);
	assert_int_equal(position, 402);
}

/* Writes garbage (with a right CRC or not) over a record. */
static void damage(struct kit *k, uint64_t position, bool forge)
{
	struct wb_txn *txn;
	struct wb_key key;
	struct wb_bytes value;
	static uint8_t frame[WB_FRAME_BYTES_MAX];
	assert_int_equal(wb_txn_write(k->j->log, &txn), WB_OK);
	wb_journal_position_key(&key, position);
	assert_true(wb_get(txn, &wb_log_records, &key, &value));
	memcpy(frame, value.data, value.len);
	frame[value.len - 1] ^= 1; /* in the payload */
	if (forge) {
		struct wb_hash chain;
		memcpy(chain.b, frame + 4, sizeof chain.b);
		wb_frame_seal(position, &chain, frame, value.len);
	}
	wb_put(txn, &wb_log_records, &key, ((struct wb_bytes){frame, value.len}));
	assert_int_equal(wb_txn_commit(txn), WB_OK);
}

static void check_damage(struct kit *k)
{
	uint64_t damaged = 0;
	struct wb_journal_page p = read_page(k, NULL, NULL, 0, 1, 1000);
	assert_int_equal(p.damaged_position, 20);
	assert_int_equal(p.count, 19);
	p = read_page(k, NULL, NULL, 0, 20, 1000);
	assert_int_equal(p.damaged_position, 20);
	assert_int_equal(p.count, 0);
	struct wb_journal_query q = {.from = 1, .limit = 100, .tenant = "beta"};
	assert_int_equal(wb_journal_read(k->r, &q, &k->arena, &p), WB_OK);
	struct wb_journal_query q2 = {.from = 1, .limit = 100, .tenant = "acme"};
	struct wb_journal_page p2;
	assert_int_equal(wb_journal_read(k->r, &q2, &k->arena, &p2), WB_OK);
	assert_true(p.damaged_position == 20 || p2.damaged_position == 20);
	for (int i = 0; i < 10 && !damaged; i++)
		assert_int_equal(wb_journal_scrub_step(k->r, 7, &damaged), WB_OK);
	assert_int_equal(damaged, 20);
}

static void a_damaged_record_is_named_and_never_served(void **state)
{
	struct kit *k = *state;
	fill(k, 4, 10);
	kit_index(k);
	damage(k, 20, false);
	check_damage(k);
	kit_close(k);
	uint64_t damaged = 0;
	assert_int_equal(wb_journal_open(&k->options, &damaged, &k->j), WB_ERR_CORRUPT);
	assert_int_equal(damaged, 20);
}

static void a_forged_record_is_named_too(void **state)
{
	struct kit *k = *state;
	fill(k, 4, 10);
	kit_index(k);
	damage(k, 20, true);
	check_damage(k);
}

static void a_sound_log_scrubs_round_and_round(void **state)
{
	struct kit *k = *state;
	uint64_t damaged = 9;
	fill(k, 2, 5);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(wb_journal_scrub_step(k->r, 5, &damaged), WB_OK);
		assert_int_equal(damaged, 0);
	}
}

static void remove_env(struct kit *k, const char *name)
{
	char dir[256];
	(void)snprintf(dir, sizeof dir, "%s/%s", k->dir, name);
	assert_int_equal(wb_env_remove(dir), WB_OK);
}

static void folds_made_anew_are_the_same(void **state)
{
	struct kit *k = *state;
	fill(k, 4, 200);
	Weibao__V1__Append *a = kit_append(k, "intake", 1, "acme");
	for (uint64_t i = 0; i < 20; i++)
		kit_event(k, a, "ticket", 100 + i % 3, i / 3, 50);
	assert_int_equal(kit_send(k, a).outcome, OUT(OK));
	struct wb_hash before = kit_fold_hash(k);
	kit_close(k);
	remove_env(k, "heads");
	remove_env(k, "index");
	kit_open(k);
	struct wb_hash after = kit_fold_hash(k);
	assert_memory_equal(before.b, after.b, 32);
	assert_int_equal(kit_send(k, a).outcome, OUT(DUPLICATE));
}

static void a_crash_loses_no_answer(void **state)
{
	struct kit *k = *state;
	fill(k, 2, 20);
	for (uint64_t v = 20; v < 60; v++) {
		assert_int_equal(kit_tenant_ticket(k, "acme", 1, v).outcome, OUT(OK));
		if (v % 3 == 0) {
			kit_crash(k);
			kit_open(k);
		}
		if (v % 7 == 0)
			kit_index(k);
	}
	struct wb_hash before = kit_fold_hash(k);
	kit_crash(k);
	remove_env(k, "heads");
	remove_env(k, "index");
	kit_open(k);
	struct wb_hash after = kit_fold_hash(k);
	assert_memory_equal(before.b, after.b, 32);
}

static void a_full_map_grows_and_loses_nothing(void **state)
{
	struct kit *k = *state;
	kit_close(k);
	remove_env(k, "log");
	remove_env(k, "heads");
	remove_env(k, "index");
	k->options.log_map_bytes = k->options.heads_map_bytes = k->options.index_map_bytes = 128 << 10;
	kit_open(k);
	fill(k, 40, 40);
	kit_index(k);
	struct wb_journal_stats s;
	wb_journal_stats(k->j, &s);
	assert_true(s.log_map_bytes > 128 << 10);
	assert_true(s.index_map_bytes > 128 << 10);
	assert_int_equal(read_page(k, NULL, NULL, 0, 1, 2000).count, 1602);
	struct wb_hash before = kit_fold_hash(k);
	kit_close(k);
	remove_env(k, "heads");
	remove_env(k, "index");
	kit_open(k);
	struct wb_hash after = kit_fold_hash(k);
	assert_memory_equal(before.b, after.b, 32);
}

/* ---- trees ---- */

static struct wb_hash root_of(struct kit *k, const char *tenant, size_t size)
{
	struct wb_tree t;
	wb_tree_init(&t);
	for (uint64_t from = 1; t.size < size;) {
		struct wb_journal_page p = read_page(k, tenant, NULL, 0, from, 2000);
		assert_true(p.count > 0);
		for (size_t i = 0; i < p.count && t.size < size; i++) {
			struct wb_hash leaf = wb_chain_leaf(k->r->hasher, p.records[i].record);
			wb_tree_append(k->r->hasher, &t, &leaf);
		}
		from += p.count;
		wb_arena_reset(&k->arena);
	}
	return wb_tree_root(k->r->hasher, &t);
}

static void check_proofs(struct kit *k, uint64_t m, uint64_t n)
{
	struct wb_bytes h;
	struct wb_hash old_root = root_of(k, "acme", m), new_root = root_of(k, "acme", n);
	assert_int_equal(wb_journal_proof_consistency(k->r, "acme", m, n, &k->arena, &h), WB_OK);
	assert_true(wb_tree_verify_consistency(
	        k->r->hasher, m, n, (const struct wb_hash *)(const void *)h.data, h.len / 32, &old_root, &new_root));
	struct wb_journal_page p = read_page(k, "acme", NULL, 0, m, 1);
	struct wb_hash leaf = wb_chain_leaf(k->r->hasher, p.records[0].record);
	assert_int_equal(wb_journal_proof_inclusion(k->r, "acme", m - 1, n, &k->arena, &h), WB_OK);
	assert_true(wb_tree_verify_inclusion(
	        k->r->hasher, &leaf, m - 1, n, (const struct wb_hash *)(const void *)h.data, h.len / 32, &new_root));
}

static void proofs_out_of_tiles_verify(void **state)
{
	struct kit *k = *state;
	struct wb_bytes h, again;
	fill(k, 2, 700);
	kit_index(k);
	static const uint64_t sizes[][2] = {
	        {1, 1}, {1, 700}, {256, 512}, {255, 257}, {300, 699}, {512, 700}, {699, 700}, {513, 520}};
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
		check_proofs(k, sizes[i][0], sizes[i][1]);
	assert_int_equal(wb_journal_tile(k->r, "acme", 0, 1, 256, &k->arena, &h), WB_OK);
	assert_int_equal(h.len, 256 * 32);
	assert_int_equal(wb_journal_tile(k->r, "acme", 0, 2, 188, &k->arena, &h), WB_OK);
	assert_int_equal(wb_journal_tile(k->r, "acme", 0, 2, 100, &k->arena, &again), WB_OK);
	assert_memory_equal(h.data, again.data, 3200);
	assert_int_equal(wb_journal_tile(k->r, "acme", 0, 2, 189, &k->arena, &h), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_journal_tile(k->r, "acme", 1, 0, 2, &k->arena, &h), WB_OK);
	assert_int_equal(wb_journal_tile(k->r, "acme", 1, 0, 3, &k->arena, &h), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_journal_tile(k->r, "acme", 9, 0, 1, &k->arena, &h), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_journal_proof_inclusion(k->r, "acme", 0, 701, &k->arena, &h), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_journal_tile(k->r, "nobody", 0, 0, 1, &k->arena, &h), WB_ERR_NOT_FOUND);
}

static void a_checkpoint_names_the_root_and_stays(void **state)
{
	struct kit *k = *state;
	struct wb_bytes note, again, text;
	struct wb_checkpoint c;
	const char *vkey, *name;
	uint8_t key[32];
	fill(k, 2, 30);
	assert_int_equal(wb_journal_checkpoint(k->j, "nobody", &k->arena, &note), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_journal_checkpoint(k->j, "acme", &k->arena, &note), WB_OK);
	assert_int_equal(wb_journal_checkpoint_key(k->j, "acme", &k->arena, &vkey), WB_OK);
	assert_int_equal(wb_note_vkey_parse(vkey, &k->arena, &name, key), WB_OK);
	assert_int_equal(wb_note_verify(key, name, note, &text), WB_OK);
	assert_int_equal(wb_checkpoint_parse(text, &k->arena, &c), WB_OK);
	assert_int_equal(c.size, 30);
	char *kept = wb_arena_copy(&k->arena, note.data, note.len);
	assert_int_equal(wb_journal_checkpoint(k->j, "acme", &k->arena, &again), WB_OK);
	assert_true(wb_bytes_equal(again, wb_bytes_str(kept)));
	/* another root for a size once signed is never signed */
	struct tenant *t = wb_heads_tenant(k->j, wb_bytes_str("acme"));
	t->tree.peaks[1].b[0] ^= 1;
	assert_int_equal(wb_journal_checkpoint(k->j, "acme", &k->arena, &again), WB_ERR_CORRUPT);
	t->tree.peaks[1].b[0] ^= 1;
	struct wb_hash root = root_of(k, "acme", 30);
	assert_memory_equal(c.root.b, root.b, 32);
	struct stat st;
	char path[256];
	(void)snprintf(path, sizeof path, "%s/secrets/checkpoint.key", k->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_new_incarnation_carries_what_was_signed(void **state)
{
	struct kit *k = *state;
	struct wb_bytes note;
	struct wb_journal_stats s;
	struct wb_record_view v;
	fill(k, 2, 5);
	assert_int_equal(wb_journal_checkpoint(k->j, "acme", &k->arena, &note), WB_OK);
	kit_close(k);
	k->options.new_incarnation = true;
	k->options.reason = "restored";
	kit_open(k);
	k->options.new_incarnation = false;
	wb_journal_stats(k->j, &s);
	assert_int_equal(s.incarnation, 2);
	assert_int_equal(s.head, 13);
	struct wb_journal_page p = read_page(k, NULL, NULL, 0, 13, 1);
	assert_int_equal(wb_record_scan(p.records[0].record, &v), WB_OK);
	Weibao__V1__IncarnationStarted *e =
	        weibao__v1__incarnation_started__unpack(NULL, v.payload.len, v.payload.data);
	assert_non_null(e);
	assert_int_equal(e->incarnation, 2);
	assert_string_equal(e->reason, "restored");
	assert_int_equal(e->n_last_checkpoints, 1);
	assert_true(wb_bytes_equal(wb_bytes_str(e->last_checkpoints[0]), note));
	weibao__v1__incarnation_started__free_unpacked(e, NULL);
	kit_close(k);
	kit_open(k);
	wb_journal_stats(k->j, &s);
	assert_int_equal(s.incarnation, 2);
	assert_int_equal(s.head, 13);
}

static void a_marker_forbids_the_start_until_recovered(void **state)
{
	struct kit *k = *state;
	struct wb_journal *j;
	uint64_t records = 0, damaged = 0;
	fill(k, 2, 50);
	struct wb_hash before = kit_fold_hash(k);
	kit_close(k);
	assert_int_equal(wb_journal_mark_stopped(k->dir, "test\n"), WB_OK);
	assert_int_equal(wb_journal_open(&k->options, NULL, &j), WB_ERR_DENIED);
	assert_int_equal(wb_journal_recover(k->dir, &records, &damaged), WB_OK);
	assert_int_equal(records, 102);
	kit_open(k);
	struct wb_hash after = kit_fold_hash(k);
	assert_memory_equal(before.b, after.b, 32);
	char old[256];
	(void)snprintf(old, sizeof old, "%s/log.failed-1/data.mdb", k->dir);
	assert_int_equal(access(old, F_OK), 0);
	damage(k, 20, false);
	kit_close(k);
	assert_int_equal(wb_journal_recover(k->dir, &records, &damaged), WB_ERR_CORRUPT);
	assert_int_equal(damaged, 20);
}

#define T(f) cmocka_unit_test_setup_teardown(f, kit_setup, kit_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(reads_are_exact_however_far_index_is),
	        T(positions_by_time),
	        T(a_damaged_record_is_named_and_never_served),
	        T(a_forged_record_is_named_too),
	        T(a_sound_log_scrubs_round_and_round),
	        T(folds_made_anew_are_the_same),
	        T(a_crash_loses_no_answer),
	        T(a_full_map_grows_and_loses_nothing),
	        T(proofs_out_of_tiles_verify),
	        T(a_checkpoint_names_the_root_and_stays),
	        T(a_new_incarnation_carries_what_was_signed),
	        T(a_marker_forbids_the_start_until_recovered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
