/* The store of attachments: parts in any order, sealed files, other keys, damage, what is forgotten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "services/intake/attach_store.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct world {
	char dir[64];
	struct attach_store *s;
	struct wb_arena arena;
	uint8_t *data;
};
#define SIZE (2 * ATTACH_PART_BYTES + 1000)

static struct wb_id id(const char *name)
{
	return wb_id_of("test", name, strlen(name));
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-att-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->s = attach_store_open(w->dir);
	assert_non_null(w->s);
	wb_arena_init(&w->arena, (size_t)64 << 20);
	w->data = malloc(SIZE);
	for (size_t i = 0; i < SIZE; i++)
		w->data[i] = (uint8_t)("0123456789,abcde\n"[i % 17]);
	memcpy(w->data, "serial,model\n", 13);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	attach_store_close(w->s);
	wb_arena_done(&w->arena);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w->data);
	free(w);
	return 0;
}

static void put(struct world *w, uint32_t part)
{
	const struct wb_bytes b = {w->data + (size_t)part * ATTACH_PART_BYTES, attach_part_size(SIZE, part)};
	assert_int_equal(attach_put_part(w->s, "acme", id("a"), part, b), WB_OK);
}

static struct attach_sealed sealed(struct world *w)
{
	struct attach_sealed r;
	put(w, 2);
	put(w, 0);
	put(w, 1);
	assert_int_equal(attach_seal(w->s, "acme", id("a"), SIZE, "import", &r), WB_OK);
	assert_true(r.complete && r.media_known);
	return r;
}

static size_t files_in(const struct world *w, const char *folder)
{
	char path[128];
	size_t n = 0;
	(void)snprintf(path, sizeof path, "%s/%s", w->dir, folder);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void parts_of_a_size(void **state)
{
	(void)state;
	assert_int_equal(attach_parts(0), 0);
	assert_int_equal(attach_parts(1), 1);
	assert_int_equal(attach_parts(ATTACH_PART_BYTES), 1);
	assert_int_equal(attach_parts(ATTACH_PART_BYTES + 1), 2);
	assert_int_equal(attach_part_size(ATTACH_PART_BYTES + 1, 0), ATTACH_PART_BYTES);
	assert_int_equal(attach_part_size(ATTACH_PART_BYTES + 1, 1), 1);
	assert_int_equal(attach_part_size(ATTACH_PART_BYTES + 1, 2), 0);
}

static void parts_come_in_any_order(void **state)
{
	struct world *w = *state;
	struct attach_sealed r;
	struct wb_bytes all, part;
	put(w, 2);
	put(w, 0);
	assert_true(attach_has_part(w->s, "acme", id("a"), 2));
	assert_false(attach_has_part(w->s, "acme", id("a"), 1));
	assert_false(attach_has_part(w->s, "other", id("a"), 2));
	assert_int_equal(attach_seal(w->s, "acme", id("a"), SIZE, "import", &r), WB_OK);
	assert_false(r.complete);
	/* resumed after the process began anew */
	attach_store_close(w->s);
	w->s = attach_store_open(w->dir);
	assert_non_null(w->s);
	put(w, 1);
	put(w, 1);
	assert_int_equal(attach_seal(w->s, "acme", id("a"), SIZE, "import", &r), WB_OK);
	assert_true(r.complete && r.media_known);
	assert_string_equal(r.type, "text/csv");
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, SIZE, &w->arena, &all), WB_OK);
	assert_int_equal(all.len, SIZE);
	assert_memory_equal(all.data, w->data, SIZE);
	assert_int_equal(attach_read(w->s, r.sha256, r.key, SIZE, 2, &w->arena, &part), WB_OK);
	assert_int_equal(part.len, 1000);
	assert_memory_equal(part.data, w->data + 2 * (size_t)ATTACH_PART_BYTES, part.len);
	assert_int_equal(attach_read(w->s, r.sha256, r.key, SIZE, 3, &w->arena, &part), WB_ERR_NOT_FOUND);
}

static void nothing_is_readable_on_the_disk(void **state)
{
	struct world *w = *state;
	struct attach_sealed r = sealed(w);
	char path[256], name[65];
	struct stat st;
	wb_hex(r.sha256, sizeof r.sha256, name);
	(void)snprintf(path, sizeof path, "%s/files/%s", w->dir, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	char *text = malloc(SIZE + 100);
	size_t n = fread(text, 1, SIZE + 100, f);
	fclose(f);
	assert_int_equal(n, 8 + SIZE + 3 * 16);
	assert_null(memmem(text, n, "0123456789", 10));
	free(text);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void another_key_or_damage_opens_nothing(void **state)
{
	struct world *w = *state;
	struct attach_sealed r = sealed(w);
	struct wb_bytes all;
	char path[256], name[65];
	r.key[0] ^= 1;
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, SIZE, &w->arena, &all), WB_ERR_CRYPTO);
	r.key[0] ^= 1;
	/* a file that was cut, and is said to be shorter */
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, ATTACH_PART_BYTES, &w->arena, &all), WB_ERR_CRYPTO);
	wb_hex(r.sha256, sizeof r.sha256, name);
	(void)snprintf(path, sizeof path, "%s/files/%s", w->dir, name);
	FILE *f = fopen(path, "r+b");
	assert_non_null(f);
	fseek(f, 100, SEEK_SET);
	fputc('#', f);
	fclose(f);
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, SIZE, &w->arena, &all), WB_ERR_CRYPTO);
	assert_int_equal(truncate(path, 1000), 0);
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, SIZE, &w->arena, &all), WB_ERR_CORRUPT);
	attach_remove(w->s, r.sha256);
	assert_int_equal(attach_read_all(w->s, r.sha256, r.key, SIZE, &w->arena, &all), WB_ERR_NOT_FOUND);
}

static void kinds(void **state)
{
	struct world *w = *state;
	struct attach_sealed r;
	static const uint8_t program[] = "\x7f"
	                                 "ELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\x01\0\0\0\0\0\0\0\0\0\0\0";
	static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";
	assert_int_equal(
	        attach_put_part(w->s, "acme", id("b"), 0, (struct wb_bytes){program, sizeof program - 1}), WB_OK);
	assert_int_equal(attach_seal(w->s, "acme", id("b"), sizeof program - 1, "photo", &r), WB_OK);
	assert_true(r.complete);
	assert_false(r.media_known);
	assert_int_equal(attach_put_part(w->s, "acme", id("c"), 0, (struct wb_bytes){png, sizeof png - 1}), WB_OK);
	assert_int_equal(attach_seal(w->s, "acme", id("c"), sizeof png - 1, "photo", &r), WB_OK);
	assert_true(r.media_known);
	assert_string_equal(r.type, "image/png");
	/* a picture is no table */
	assert_int_equal(attach_seal(w->s, "acme", id("c"), sizeof png - 1, "import", &r), WB_OK);
	assert_false(r.media_known);
	assert_false(attach_purpose_known("anything"));
}

static void what_is_forgotten(void **state)
{
	struct world *w = *state;
	struct attach_sealed first = sealed(w), second;
	struct wb_bytes all;
	struct wb_id old;
	char tenant[65];
	/* a second attempt takes the first one's place */
	assert_int_equal(attach_seal(w->s, "acme", id("a"), SIZE, "import", &second), WB_OK);
	assert_int_equal(files_in(w, "files"), 1);
	assert_int_equal(attach_read_all(w->s, first.sha256, first.key, SIZE, &w->arena, &all), WB_ERR_NOT_FOUND);
	assert_false(attach_oldest(w->s, 0, tenant, &old));
	assert_true(attach_oldest(w->s, INT64_MAX, tenant, &old));
	assert_string_equal(tenant, "acme");
	assert_true(wb_id_equal(old, id("a")));
	/* added: the file stays, the parts go */
	attach_forget(w->s, "acme", id("a"), second.sha256);
	assert_int_equal(files_in(w, "uploads"), 0);
	assert_int_equal(attach_read_all(w->s, second.sha256, second.key, SIZE, &w->arena, &all), WB_OK);
	/* dropped: both go */
	struct attach_sealed third = sealed(w);
	attach_forget(w->s, "acme", id("a"), NULL);
	assert_int_equal(files_in(w, "uploads"), 0);
	assert_int_equal(files_in(w, "files"), 1);
	assert_int_equal(attach_read_all(w->s, third.sha256, third.key, SIZE, &w->arena, &all), WB_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parts_of_a_size),
	        cmocka_unit_test_setup_teardown(parts_come_in_any_order, setup, teardown),
	        cmocka_unit_test_setup_teardown(nothing_is_readable_on_the_disk, setup, teardown),
	        cmocka_unit_test_setup_teardown(another_key_or_damage_opens_nothing, setup, teardown),
	        cmocka_unit_test_setup_teardown(kinds, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_is_forgotten, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
