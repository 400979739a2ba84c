/* Imports without a cell: what a file's cells may say, and each row against a client unit on a bed. */
#include "services/intake/import.h"
#include "tests/unit/intake_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND(k) WEIBAO__V1__IMPORT_KIND__IMPORT_KIND_##k
#define FAULT(f) WEIBAO__V1__IMPORT_FAULT__IMPORT_FAULT_##f

struct rig {
	struct intake_world *w;
	struct wb_arena arena;
	struct import_sheet *sheet;
	struct import_plan plan;
	struct wb_txn *db;
};

static int setup(void **state)
{
	struct rig *r = calloc(1, sizeof *r);
	void *w;
	assert_int_equal(intake_world_setup(&w), 0);
	r->w = w;
	r->sheet = calloc(1, sizeof *r->sheet);
	wb_arena_init(&r->arena, (size_t)64 << 20);
	*state = r;
	return 0;
}

static int teardown(void **state)
{
	struct rig *r = *state;
	void *w = r->w;
	wb_txn_abort(r->db);
	wb_arena_done(&r->arena);
	free(r->sheet);
	free(r);
	return intake_world_teardown(&w);
}

static void read_text(struct rig *r, Weibao__V1__ImportKind kind, const char *text)
{
	assert_int_equal(
	        import_sheet_read((struct wb_bytes){(const uint8_t *)text, strlen(text)}, kind, &r->arena, r->sheet),
	        WB_OK);
}

static void plan_text(struct rig *r, Weibao__V1__ImportKind kind, const char *text)
{
	wb_txn_abort(r->db);
	assert_int_equal(wb_txn_read(bed_projection(r->w->b)->env, &r->db), WB_OK);
	read_text(r, kind, text);
	r->plan = (struct import_plan){.db = r->db, .tenant = ACME, .import = bed_id("import"), .sheet = r->sheet};
	assert_int_equal(import_plan_make(&r->plan), WB_OK);
}

static void problem_is(const struct rig *r, uint32_t i, uint32_t row, uint32_t column, Weibao__V1__ImportFault fault)
{
	assert_true(i < r->sheet->n_problems);
	assert_int_equal(r->sheet->problems[i].fault, fault);
	assert_int_equal(r->sheet->problems[i].row, row);
	assert_int_equal(r->sheet->problems[i].column, column);
}

static void counts_are(const struct rig *r, uint32_t fresh, uint32_t changed, uint32_t same, uint32_t problems)
{
	assert_int_equal(r->sheet->n_problems, problems);
	assert_int_equal(r->sheet->rows_new, fresh);
	assert_int_equal(r->sheet->rows_changed, changed);
	assert_int_equal(r->sheet->rows_unchanged, same);
}

/* ---- cells ---- */

static void cells_are_cleaned(void **state)
{
	struct rig *r = *state;
	read_text(r, KIND(DEVICES),
	        "\xEF\xBB\xBF 机型 ,序列号,purchased,处室路径,保护级别\n 　M1　,'0012,2026/2/3, 信息中心 ／ 运维科/ "
	        ",SECRET\n,,,,\n");
	assert_int_equal(r->sheet->n_problems, 0);
	assert_int_equal(r->sheet->n_lines, 1); /* a row of empty cells is none */
	const char *const *cells = r->sheet->lines[0].cells;
	assert_string_equal(cells[DEVICE_MODEL], "M1");
	assert_string_equal(cells[DEVICE_SERIAL], "0012");
	assert_string_equal(cells[DEVICE_PURCHASED], "2026-02-03");
	assert_string_equal(cells[DEVICE_OFFICE], "信息中心/运维科");
	assert_string_equal(cells[DEVICE_PROTECTION], "SECRET");
	assert_string_equal(cells[DEVICE_VENDOR], "");
	assert_int_equal(r->sheet->lines[0].row, 2);
}

static void numbers_that_a_spreadsheet_spoilt(void **state)
{
	struct rig *r = *state;
	static const struct {
		const char *serial;
		bool bad;
	} all[] = {{"1.23E+15", true}, {"1E+12", true}, {"9.0e+9", true}, {"1.23E15", false}, {"E+15", false},
	        {"1.23E+", false}, {"1.23E+15X", false}, {"PF1E+5", false}, {"123456789012345", false}};
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "序列号\n%s\n", all[i].serial);
		read_text(r, KIND(DEVICES), text);
		assert_int_equal(r->sheet->n_problems, all[i].bad);
		if (all[i].bad)
			problem_is(r, 0, 2, 1, FAULT(SCIENTIFIC));
	}
	read_text(r, KIND(CONTACTS), "处室路径,姓名,电话\na,b,1.39E+10\n");
	problem_is(r, 0, 2, 3, FAULT(SCIENTIFIC));
}

static void headings(void **state)
{
	struct rig *r = *state;
	read_text(r, KIND(CONTACTS), "处室路径,姓名,颜色,姓名\na,b,c,d\n");
	assert_int_equal(r->sheet->n_problems, 3);
	problem_is(r, 0, 1, 3, FAULT(COLUMN_UNKNOWN));
	problem_is(r, 1, 1, 4, FAULT(COLUMN_TWICE));
	problem_is(r, 2, 1, 0, FAULT(COLUMN_MISSING));
	assert_string_equal(r->sheet->problems[2].detail, "电话");
	assert_int_equal(r->sheet->n_lines, 0);
	read_text(r, KIND(OFFICES), "");
	problem_is(r, 0, 0, 0, FAULT(FILE_MALFORMED));
	read_text(r, KIND(OFFICES), "处室路径\n\"a\n");
	problem_is(r, 0, 2, 1, FAULT(FILE_MALFORMED));
	assert_string_equal(r->sheet->problems[0].detail, "open-quote");
	/* every template is a file without a fault */
	for (int k = KIND(OFFICES); k <= KIND(DEVICES); k++) {
		struct wb_bytes file;
		assert_int_equal(import_template((Weibao__V1__ImportKind)k, &r->arena, &file), WB_OK);
		assert_int_equal(import_sheet_read(file, (Weibao__V1__ImportKind)k, &r->arena, r->sheet), WB_OK);
		assert_int_equal(r->sheet->n_problems, 0);
		assert_int_equal(r->sheet->n_lines, 0);
	}
}

static void cells_that_are_wrong(void **state)
{
	struct rig *r = *state;
	char *name = long_text(r->w, INTAKE_NAME_CHARS + 1);
	read_text(r, KIND(CONTACTS),
	        wb_arena_fmt(&r->arena, "处室路径,姓名,电话\na,%s,123\na,b,12\na,b,abc123\na,,123\na,b,123,x\n", name));
	assert_int_equal(r->sheet->n_problems, 5);
	problem_is(r, 0, 2, 2, FAULT(CELL_TOO_LONG));
	problem_is(r, 1, 3, 3, FAULT(TELEPHONE_INVALID));
	problem_is(r, 2, 4, 3, FAULT(TELEPHONE_INVALID));
	problem_is(r, 3, 5, 2, FAULT(CELL_REQUIRED));
	problem_is(r, 4, 6, 0, FAULT(TOO_MANY_CELLS));
	read_text(r, KIND(DEVICES), "序列号,保修期至,保护级别\na,2027-13-01,普通\nb,20270101,普通\nc,2028.2.29,绝密\n");
	assert_int_equal(r->sheet->n_problems, 3);
	problem_is(r, 0, 2, 2, FAULT(DATE_INVALID));
	problem_is(r, 1, 3, 2, FAULT(DATE_INVALID));
	problem_is(r, 2, 4, 3, FAULT(PROTECTION_UNKNOWN));
}

static void one_thing_twice(void **state)
{
	struct rig *r = *state;
	read_text(r, KIND(DEVICES), "序列号\nab 1\nAB1\nx\nab1\n");
	assert_int_equal(r->sheet->n_problems, 2);
	problem_is(r, 0, 3, 1, FAULT(DUPLICATE_IN_FILE));
	problem_is(r, 1, 5, 1, FAULT(DUPLICATE_IN_FILE));
	assert_string_equal(r->sheet->problems[1].detail, "2");
	read_text(r, KIND(CONTACTS), "处室路径,姓名,电话\na,b,010-123\na,b,010 123\na,b,999\nc,b,010123\n");
	assert_int_equal(r->sheet->n_problems, 1);
	problem_is(r, 0, 3, 1, FAULT(DUPLICATE_IN_FILE));
	/* no more of them are kept than anybody reads, but all are counted */
	char *text = malloc(4000), *p = text;
	p += snprintf(p, 100, "序列号\n");
	for (int i = 0; i < 500; i++)
		p += snprintf(p, 8, "1E+5\n");
	read_text(r, KIND(DEVICES), text);
	assert_int_equal(r->sheet->n_problems, 500);
	free(text);
}

/* ---- rows against what is known ---- */

static Weibao__V1__PlannedEvent *events_of(struct rig *r, uint32_t line)
{
	assert_true(line < r->sheet->n_lines);
	return import_row_events(&r->plan, &r->sheet->lines[line], &r->arena);
}

static void offices_by_path(void **state)
{
	struct rig *r = *state;
	struct wb_id above = add_office(r->w, "信息中心", NULL);
	(void)add_office(r->w, "运维科", &above);
	/* known; another address; new below a known one; new below a new one; below nothing; after its child */
	plan_text(r, KIND(OFFICES),
	        "处室路径,地址,同址标识\n信息中心/运维科,人民路 1 号,\n信息中心,人民路 2 "
	        "号,A\n信息中心/开发科,,\n新处,,\n新处/一科,,\n没有/一科,,\n后来/一科,,\n后来,,\n");
	counts_are(r, 4, 1, 1, 2);
	problem_is(r, 0, 7, 1, FAULT(PARENT_UNKNOWN));
	problem_is(r, 1, 8, 1, FAULT(PARENT_UNKNOWN));
	const Weibao__V1__PlannedEvent *e = events_of(r, 1);
	assert_non_null(e->office_changed);
	assert_string_equal(e->office_changed->name, "信息中心");
	assert_string_equal(e->office_changed->address->plain, "人民路 2 号");
	assert_string_equal(e->office_changed->place_key, "A");
	e = events_of(r, 4);
	assert_string_equal(e->office->name, "一科");
	assert_string_equal(e->office->natural_key, "新处/一科");
	assert_true(
	        wb_id_equal(wb_id_of_field(e->office->parent_id), wb_id_of_field(events_of(r, 3)->office->office_id)));
	assert_true(wb_id_equal(wb_id_of_field(e->office->import_id), bed_id("import")));
}

static const char *path_of_office(struct rig *r)
{
	const Office *row = office_get(r->db, ACME, r->w->office, &r->arena);
	assert_non_null(row);
	return row->name;
}

static void contacts_by_office_name_and_telephone(void **state)
{
	struct rig *r = *state;
	(void)add_contact(r->w, "李雷", r->w->office); /* 021-5555, extension 12 */
	plan_text(r, KIND(OFFICES), "处室路径\n");
	const char *office = path_of_office(r);
	plan_text(r, KIND(CONTACTS),
	        wb_arena_fmt(&r->arena,
	                "处室路径,姓名,电话,分机,电话2,邮箱\n%s,李雷,0215555,12,,\n%s,李雷,021-5556,,,\n没有,李雷,021-"
	                "5555,,,\n",
	                office, office));
	counts_are(r, 1, 0, 1, 1);
	problem_is(r, 0, 4, 1, FAULT(OFFICE_UNKNOWN));
	plan_text(r, KIND(CONTACTS),
	        wb_arena_fmt(&r->arena, "处室路径,姓名,电话,分机,电话2,邮箱\n%s,李雷,0215555,,13900001111,l@x.cn\n",
	                office));
	counts_are(r, 0, 1, 0, 0);
	const Weibao__V1__ContactChanged *e = events_of(r, 0)->contact_changed;
	assert_non_null(e);
	assert_string_equal(e->name->plain, "李雷");
	assert_int_equal(e->n_telephones, 2);
	assert_string_equal(e->telephones[0]->number->plain, "021-5555");
	assert_string_equal(e->telephones[0]->extension->plain, "12"); /* an empty cell takes nothing away */
	assert_string_equal(e->telephones[1]->number->plain, "13900001111");
	assert_string_equal(e->email->plain, "l@x.cn");
}

static void devices_by_serial(void **state)
{
	struct rig *r = *state;
	struct wb_id one = add_contact(r->w, "韩梅", r->w->office), elsewhere = add_office(r->w, "别处", NULL),
	             two = add_contact(r->w, "韩梅", elsewhere);
	(void)add_contact(r->w, "林涛", r->w->office);
	(void)add_contact(r->w, "林涛", r->w->office);
	(void)add_device(r->w, "QQ-77", &elsewhere, &two);
	plan_text(r, KIND(OFFICES), "处室路径\n");
	const char *office = path_of_office(r);
	plan_text(r, KIND(DEVICES),
	        wb_arena_fmt(&r->arena,
	                "序列号,机型,处室路径,使用人\nqq-77,M720,别处,韩梅\nQQ-78,M1,%s,韩梅\nQQ-79,M1,,韩梅\nQQ-80,M1,"
	                "%s,林涛\nQQ-81,M1,%s,无名\n",
	                office, office, office));
	counts_are(r, 1, 0, 1, 3);
	problem_is(r, 0, 4, 4, FAULT(USER_AMBIGUOUS));
	problem_is(r, 1, 5, 4, FAULT(USER_AMBIGUOUS));
	problem_is(r, 2, 6, 4, FAULT(USER_UNKNOWN));
	assert_true(wb_id_equal(wb_id_of_field(events_of(r, 1)->device->user_id), one));
	plan_text(r, KIND(DEVICES),
	        wb_arena_fmt(
	                &r->arena, "序列号,机型,处室路径,使用人,保修期至\nQQ-77,M900,%s,韩梅,2027-01-02\n", office));
	counts_are(r, 0, 1, 0, 0);
	const Weibao__V1__PlannedEvent *e = events_of(r, 0);
	assert_non_null(e->device_changed);
	assert_string_equal(e->device_changed->details->model, "M900");
	assert_string_equal(e->device_changed->details->serial, "QQ-77");
	assert_non_null(e->device_moved);
	assert_true(wb_id_equal(wb_id_of_field(e->device_moved->office_id), r->w->office));
	assert_non_null(e->device_user);
	assert_true(wb_id_equal(wb_id_of_field(e->device_user->user_id), one));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(cells_are_cleaned),
	        T(numbers_that_a_spreadsheet_spoilt),
	        T(headings),
	        T(cells_that_are_wrong),
	        T(one_thing_twice),
	        T(offices_by_path),
	        T(contacts_by_office_name_and_telephone),
	        T(devices_by_serial),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
