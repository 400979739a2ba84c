/* Files in a cell: uploads resumed after a crash, imports from the check to the last row, search, erasure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/drive.h"
#include "services/intake/files.h"

#include <dirent.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000)
static const struct wb_service *const services[] = {&wb_intake_service};
static const struct wb_id zero;

struct world {
	char dir[64];
	struct simcell *cell;
	struct drive d;
	struct wb_id lead, principal, other;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static json_t *must(struct world *w, json_t *r)
{
	if (!r)
		fail_msg("refused: %s at %s", w->d.code, w->d.path);
	return r;
}

static void refused(struct world *w, json_t *r, const char *code)
{
	assert_null(r);
	assert_string_equal(w->d.code, code);
}

static void as_lead(struct world *w)
{
	drive_as(&w->d, "HOTLINE", "provider", w->lead, zero);
}

static void as_principal(struct world *w, struct wb_id account)
{
	drive_as(&w->d, "PRINCIPAL", "provider", account, zero);
}

#define DO(w, message, ...) drive_do(&(w)->d, "intake", "acme", message, __VA_ARGS__)

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-fil-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 1, .start_us = START, .seed = 7, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	w->lead = simcell_new_id(w->cell);
	w->principal = simcell_new_id(w->cell);
	w->other = simcell_new_id(w->cell);
	as_principal(w, w->principal);
	must(w, DO(w, "OpenTenant",
	                "{\"code\":\"ACME\",\"name\":\"某局\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}"));
	as_lead(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;
	drive_done(&w->d);
	simcell_close(w->cell);
	nftw(w->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(w);
	return 0;
}

/* ---- steps ---- */

static json_t *put_part(struct world *w, struct wb_id file, unsigned part, const char *data, size_t len)
{
	size_t room = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	char *text = malloc(room);
	sodium_bin2base64(text, room, (const unsigned char *)data, len, sodium_base64_VARIANT_ORIGINAL);
	json_t *r = DO(w, "PutUploadPart", "{\"attachmentId\":\"%s\",\"part\":%u,\"data\":\"%s\"}", drive_uuid(file),
	        part, text);
	free(text);
	return r;
}

static struct wb_id upload(struct world *w, const char *purpose, const char *text)
{
	must(w, DO(w, "StartUpload", "{\"sizeBytes\":%zu,\"purpose\":\"%s\",\"fileName\":\"名单.csv\"}", strlen(text),
	                purpose));
	struct wb_id file = drive_id(&w->d, "attachmentId");
	must(w, put_part(w, file, 0, text, strlen(text)));
	must(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)));
	return file;
}

static json_int_t check(struct world *w, const char *kind, struct wb_id file, const char *count)
{
	json_t *r = must(w, DO(w, "CheckImport", "{\"kind\":\"%s\",\"attachmentId\":\"%s\"}", kind, drive_uuid(file)));
	return json_integer_value(json_object_get(r, count));
}

static struct wb_id start_import(struct world *w, const char *kind, struct wb_id file)
{
	must(w, DO(w, "StartImport", "{\"kind\":\"%s\",\"attachmentId\":\"%s\"}", kind, drive_uuid(file)));
	return drive_id(&w->d, "importId");
}

static const char *import_status(struct world *w, struct wb_id import)
{
	json_t *r = must(w, DO(w, "GetImport", "{\"importId\":\"%s\"}", drive_uuid(import)));
	return json_string_value(json_object_get(r, "status"));
}

static void import_all(struct world *w, const char *kind, const char *text)
{
	struct wb_id import = start_import(w, kind, upload(w, "import", text));
	simcell_advance(w->cell, WB_MINUTE_US);
	assert_string_equal(import_status(w, import), "ACTIVE");
}

static size_t found(struct world *w, const char *what, const char *list, const char *text)
{
	return json_array_size(json_object_get(must(w, DO(w, what, "{\"text\":\"%s\"}", text)), list));
}

static size_t people(struct world *w, const char *text)
{
	return found(w, "SearchPeople", "people", text);
}

static size_t files_in(const struct world *w, const char *folder)
{
	char path[160];
	size_t n = 0;
	(void)snprintf(path, sizeof path, "%s/intake/private/%s", w->dir, folder);
	DIR *d = opendir(path);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

#define OFFICES "处室路径,地址,同址标识\n信息中心,人民路1号,A\n信息中心/运维科,人民路1号3楼,A\n财务处,,B\n"
#define PEOPLE_HEAD "处室路径,姓名,电话,分机,邮箱\n"
#define PEOPLE_ROWS                                                                                                    \
	"信息中心,张伟,010-88881234,12,zw@example.cn\n信息中心/"                                             \
	"运维科,王芳,13900001111,,\n财务处,张伟,010-88885678,,\n"

/* ---- uploads ---- */

static void an_upload_survives_a_crash(void **state)
{
	struct world *w = *state;
	size_t len = 512 * 1024 + 100;
	char *text = malloc(len + 1);
	for (size_t i = 0; i < len; i++)
		text[i] = "ab,cd\n"[i % 6];
	text[len] = '\0';
	must(w, DO(w, "StartUpload", "{\"sizeBytes\":%zu,\"purpose\":\"import\"}", len));
	struct wb_id file = drive_id(&w->d, "attachmentId");
	must(w, put_part(w, file, 1, text + 512 * 1024, 100));
	refused(w, put_part(w, file, 2, text, 100), "UPLOAD_PART_WRONG");
	refused(w, put_part(w, file, 0, text, 100), "UPLOAD_PART_WRONG");
	refused(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "UPLOAD_INCOMPLETE");
	assert_int_equal(simcell_kill(w->cell, "intake"), WB_OK);
	simcell_settle(w->cell);
	json_t *r = must(w, DO(w, "GetUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)));
	json_t *missing = json_object_get(r, "missingParts");
	assert_int_equal(json_array_size(missing), 1);
	assert_int_equal(json_integer_value(json_array_get(missing, 0)), 0);
	must(w, put_part(w, file, 0, text, 512 * 1024));
	must(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)));
	r = must(w, DO(w, "GetAttachment", "{\"attachmentId\":\"%s\",\"part\":1}", drive_uuid(file)));
	assert_string_equal(json_string_value(json_object_get(r, "mediaType")), "text/csv");
	assert_int_equal(json_integer_value(json_object_get(r, "parts")), 2);
	char part[200];
	size_t n;
	const char *data = json_string_value(json_object_get(r, "data"));
	assert_int_equal(sodium_base642bin((unsigned char *)part, sizeof part, data, strlen(data), NULL, &n, NULL,
	                         sodium_base64_VARIANT_ORIGINAL),
	        0);
	assert_int_equal(n, 100);
	assert_memory_equal(part, text + 512 * 1024, n);
	assert_int_equal(files_in(w, "uploads"), 0);
	assert_int_equal(files_in(w, "files"), 1);
	free(text);
}

static void only_who_began_goes_on(void **state)
{
	struct world *w = *state;
	must(w, DO(w, "StartUpload", "{\"sizeBytes\":3,\"purpose\":\"photo\"}"));
	struct wb_id file = drive_id(&w->d, "attachmentId");
	as_principal(w, w->principal);
	refused(w, put_part(w, file, 0, "abc", 3), "NOT_FOUND");
	refused(w, DO(w, "GetUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "NOT_FOUND");
	refused(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "NOT_FOUND");
	as_lead(w);
	must(w, put_part(w, file, 0, "abc", 3));
	refused(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "MEDIA_TYPE_REFUSED");
	assert_int_equal(files_in(w, "files"), 0);
	/* left alone for two weeks it goes */
	simcell_advance(w->cell, INTAKE_UPLOAD_US + WB_MINUTE_US);
	refused(w, DO(w, "GetUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "NOT_FOUND");
	assert_int_equal(files_in(w, "uploads"), 0);
}

/* ---- imports ---- */

static void offices_people_and_devices(void **state)
{
	struct world *w = *state;
	struct wb_id file = upload(w, "import", OFFICES);
	assert_int_equal(check(w, "OFFICES", file, "rowsNew"), 3);
	assert_int_equal(check(w, "OFFICES", file, "problemsTotal"), 0);
	struct wb_id import = start_import(w, "OFFICES", file);
	simcell_advance(w->cell, WB_MINUTE_US);
	assert_string_equal(import_status(w, import), "ACTIVE");
	assert_int_equal(json_array_size(json_object_get(must(w, DO(w, "ListOffices", "{}")), "offices")), 3);
	/* its file is gone with it */
	assert_int_equal(files_in(w, "files"), 0);
	refused(w, DO(w, "GetAttachment", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "ATTACHMENT_GONE");

	import_all(w, "CONTACTS", PEOPLE_HEAD PEOPLE_ROWS);
	assert_int_equal(people(w, "张伟"), 2);
	/* the same again is nothing new; one line more is one, an extension a change */
	file = upload(w, "import", PEOPLE_HEAD PEOPLE_ROWS);
	assert_int_equal(check(w, "CONTACTS", file, "rowsUnchanged"), 3);
	refused(w, DO(w, "StartImport", "{\"kind\":\"CONTACTS\",\"attachmentId\":\"%s\"}", drive_uuid(file)),
	        "IMPORT_CHANGES_NOTHING");
	file = upload(w, "import",
	        PEOPLE_HEAD
	        "信息中心,张伟,01088881234,15,\n财务处,李娜,010-88885678,,\n信息中心/运维科,王芳,139 0000 1111,,\n");
	assert_int_equal(check(w, "CONTACTS", file, "rowsNew"), 1);
	assert_int_equal(check(w, "CONTACTS", file, "rowsChanged"), 1);
	assert_int_equal(check(w, "CONTACTS", file, "rowsUnchanged"), 1);
	(void)start_import(w, "CONTACTS", file);
	simcell_advance(w->cell, WB_MINUTE_US);
	json_t *all = json_object_get(must(w, DO(w, "SearchPeople", "{\"text\":\"88881234\"}")), "people");
	assert_int_equal(json_array_size(all), 1);
	json_t *one = json_array_get(all, 0), *phones = json_object_get(one, "telephones");
	assert_string_equal(json_string_value(json_object_get(one, "email")), "zw@example.cn");
	assert_int_equal(json_array_size(phones), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(phones, 0), "extension")), "15");

	import_all(w, "DEVICES",
	        "序列号,设备类型,机型,保修期至,保护级别,处室路径,使用人,使用人电话\n"
	        "PF-1A2B,台式机,M920,2027/1/2,涉密,财务处,张伟,\nSN0002,打印机,,,,信息中心/运维科,王芳,13900001111\n");
	assert_int_equal(found(w, "SearchDevices", "devices", "1a2b"), 1);
	all = json_object_get(must(w, DO(w, "SearchDevices", "{\"text\":\"sn 0002\"}")), "devices");
	assert_int_equal(json_array_size(all), 1);
	assert_string_equal(json_string_value(json_object_get(json_array_get(all, 0), "officeName")), "运维科");
	file = upload(w, "import", "序列号,机型,处室路径\npf-1a2b,M920,信息中心\nSN0002,,\n");
	assert_int_equal(check(w, "DEVICES", file, "rowsChanged"), 1);
	assert_int_equal(check(w, "DEVICES", file, "rowsUnchanged"), 1);
}

/* 180 devices, four chunks, over a transport that loses messages: so intake is killed while they are being staged. */
static struct wb_id import_and_kill(struct world *w, unsigned first, bool lose_file)
{
	size_t room = 400 * 40, n = 0;
	char *text = malloc(room), path[160];
	n += (size_t)snprintf(text + n, room - n, "序列号,机型\n");
	for (unsigned i = 0; i < 180; i++)
		n += (size_t)snprintf(text + n, room - n, "SER%05u,M%u\n", first + i, i % 7);
	struct wb_id file = upload(w, "import", text);
	free(text);
	simcell_faults(w->cell, (struct simcell_faults){.calls_lost = 600});
	must(w, drive_retry(&w->d, 50, "intake", "acme", "StartImport",
	                "{\"kind\":\"DEVICES\",\"attachmentId\":\"%s\"}", drive_uuid(file)));
	struct wb_id import = drive_id(&w->d, "importId");
	simcell_faults(w->cell, (struct simcell_faults){0});
	(void)snprintf(path, sizeof path, "%s/intake/private/files", w->dir);
	if (lose_file)
		nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	assert_int_equal(simcell_kill(w->cell, "intake"), WB_OK); /* what it had read is forgotten */
	simcell_settle(w->cell);
	simcell_advance(w->cell, WB_MINUTE_US);
	return import;
}

static size_t devices(struct world *w)
{
	return json_array_size(json_object_get(must(w, DO(w, "ListDevices", "{\"limit\":200}")), "devices"));
}

static void many_rows_come_into_force_at_once(void **state)
{
	struct world *w = *state;
	struct wb_id import = import_and_kill(w, 0, false);
	assert_string_equal(import_status(w, import), "ACTIVE");
	assert_int_equal(devices(w), 180);
	assert_int_equal(found(w, "SearchDevices", "devices", "ser0017"), 10);
}

static void an_import_without_its_file_is_given_up(void **state)
{
	struct world *w = *state;
	size_t before = 0;
	for (unsigned i = 0; i < 20; i++) { /* until the file was lost in time */
		struct wb_id import = import_and_kill(w, i * 1000, true);
		if (strcmp(import_status(w, import), "DISCARDED") == 0) {
			assert_int_equal(devices(w), before);
			return;
		}
		assert_string_equal(import_status(w, import), "ACTIVE");
		before = before + 180 < 200 ? before + 180 : 200;
	}
	fail_msg("no import was under way when its file was lost");
}

static void what_is_wrong_is_said(void **state)
{
	struct world *w = *state;
	import_all(w, "OFFICES", OFFICES);
	struct wb_id file = upload(w, "import",
	        "序列号,机型,购买日期,处室路径,使用人\n1.23E+15,a,,,\nSN1,,2026-02-30,,\n,b,,,\nSN2,,,没有的处室,\nSN3,"
	        ",,,某人\nSN4,,,,\nsn4,,,,\n");
	json_t *r = must(w, DO(w, "CheckImport", "{\"kind\":\"DEVICES\",\"attachmentId\":\"%s\"}", drive_uuid(file)));
	json_t *all = json_object_get(r, "problems");
	static const struct {
		unsigned row, column;
		const char *fault;
	} expected[] = {{2, 1, "SCIENTIFIC"}, {3, 3, "DATE_INVALID"}, {4, 1, "CELL_REQUIRED"},
	        {8, 1, "DUPLICATE_IN_FILE"}, {5, 4, "OFFICE_UNKNOWN"}, {6, 5, "USER_UNKNOWN"}};
	assert_int_equal(json_array_size(all), 6);
	for (size_t i = 0; i < 6; i++) {
		json_t *p = json_array_get(all, i);
		assert_int_equal(json_integer_value(json_object_get(p, "row")), expected[i].row);
		assert_int_equal(json_integer_value(json_object_get(p, "column")), expected[i].column);
		assert_string_equal(json_string_value(json_object_get(p, "fault")), expected[i].fault);
	}
	refused(w, DO(w, "StartImport", "{\"kind\":\"DEVICES\",\"attachmentId\":\"%s\"}", drive_uuid(file)),
	        "IMPORT_HAS_PROBLEMS");
	file = upload(w, "import", "机型,颜色\nM1,red\n");
	assert_int_equal(check(w, "DEVICES", file, "problemsTotal"), 2);
	file = upload(w, "other", "abc\n");
	refused(w, DO(w, "CheckImport", "{\"kind\":\"DEVICES\",\"attachmentId\":\"%s\"}", drive_uuid(file)),
	        "IMPORT_FILE_WRONG");
}

/* ---- erasure ---- */

static struct wb_id person(struct world *w, const char *text)
{
	json_t *all = json_object_get(must(w, DO(w, "SearchPeople", "{\"text\":\"%s\"}", text)), "people");
	struct wb_id id = zero;
	assert_int_equal(json_array_size(all), 1);
	const char *uuid = json_string_value(json_object_get(json_array_get(all, 0), "contactId"));
	assert_true(wb_id_parse(uuid, strlen(uuid), &id));
	return id;
}

static bool is_erased(struct world *w, struct wb_id id)
{
	json_t *r = must(w, DO(w, "GetContact", "{\"contactId\":\"%s\"}", drive_uuid(id)));
	const char *name = json_string_value(json_object_get(r, "name"));
	char *text = json_dumps(r, 0);
	bool gone = !strstr(text, "王芳") && !strstr(text, "13900001111") && !strstr(text, "张伟");
	free(text);
	return gone && (!name || strcmp(name, "王芳") != 0);
}

static void an_erased_person_is_nowhere(void **state)
{
	struct world *w = *state;
	import_all(w, "OFFICES", OFFICES);
	import_all(w, "CONTACTS", PEOPLE_HEAD PEOPLE_ROWS);
	struct wb_id wang = person(w, "王芳"), zhang = person(w, "张伟 财务");
	must(w, DO(w, "MergeContacts", "{\"contactId\":\"%s\",\"intoId\":\"%s\"}", drive_uuid(zhang),
	                drive_uuid(wang)));
	as_principal(w, w->principal);
	must(w, DO(w, "StartUpload", "{\"sizeBytes\":6,\"purpose\":\"other\",\"subjectId\":\"%s\"}", drive_uuid(wang)));
	struct wb_id file = drive_id(&w->d, "attachmentId");
	must(w, put_part(w, file, 0, "hello\n", 6));
	must(w, DO(w, "FinishUpload", "{\"attachmentId\":\"%s\"}", drive_uuid(file)));
	must(w, DO(w, "GetAttachment", "{\"attachmentId\":\"%s\"}", drive_uuid(file)));
	refused(w, DO(w, "ApproveErasure", "{\"subjectId\":\"%s\"}", drive_uuid(wang)), "NOT_FOUND");
	must(w, DO(w, "RequestErasure", "{\"subjectId\":\"%s\",\"reason\":\"本人要求\"}", drive_uuid(wang)));
	refused(w, DO(w, "RequestErasure", "{\"subjectId\":\"%s\",\"reason\":\"本人要求\"}", drive_uuid(wang)),
	        "ERASURE_REQUESTED");
	refused(w, DO(w, "ApproveErasure", "{\"subjectId\":\"%s\"}", drive_uuid(wang)), "ERASURE_SAME_ACCOUNT");
	as_principal(w, w->other);
	must(w, DO(w, "ApproveErasure", "{\"subjectId\":\"%s\"}", drive_uuid(wang)));
	simcell_settle(w->cell);
	for (int i = 0; i < 2; i++) {
		as_lead(w);
		assert_true(is_erased(w, wang));
		assert_true(is_erased(w, zhang)); /* the same person under another id */
		assert_int_equal(people(w, "王芳"), 0);
		assert_int_equal(people(w, "13900001111"), 0);
		assert_int_equal(people(w, "张伟"), 1);
		refused(w, DO(w, "GetAttachment", "{\"attachmentId\":\"%s\"}", drive_uuid(file)), "ATTACHMENT_GONE");
		assert_int_equal(files_in(w, "files"), 0);
		/* and so it stays after a new start with a projection made anew */
		assert_int_equal(simcell_rebuild(w->cell, "intake"), WB_OK);
		simcell_settle(w->cell);
	}
	as_principal(w, w->other);
	refused(w, DO(w, "RequestErasure", "{\"subjectId\":\"%s\",\"reason\":\"x\"}", drive_uuid(wang)),
	        "PERSON_IS_ERASED");
}

/* ---- search ---- */

static void searching(void **state)
{
	struct world *w = *state;
	import_all(w, "OFFICES", OFFICES);
	import_all(w, "CONTACTS", PEOPLE_HEAD PEOPLE_ROWS);
	assert_int_equal(people(w, "张伟"), 2);
	assert_int_equal(people(w, "张伟 信息"), 1);
	assert_int_equal(people(w, "运维科"), 1);
	assert_int_equal(people(w, "8888"), 2);
	assert_int_equal(people(w, "１３９"), 1);
	assert_int_equal(people(w, "8888 王芳"), 0);
	refused(w, DO(w, "SearchPeople", "{\"text\":\" 张 \"}"), "SEARCH_TOO_SHORT");
	json_t *r = must(w, DO(w, "SearchPeople", "{\"text\":\"8888\",\"limit\":1}"));
	assert_true(json_is_true(json_object_get(r, "more")));
	/* another client unit's people are not there */
	as_principal(w, w->principal);
	must(w, drive_do(&w->d, "intake", "other", "OpenTenant",
	                "{\"code\":\"OTH\",\"name\":\"b\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}"));
	r = must(w, drive_do(&w->d, "intake", "other", "SearchPeople", "{\"text\":\"张伟\"}"));
	assert_int_equal(json_array_size(json_object_get(r, "people")), 0);
	/* a new name at once; an office's too */
	as_lead(w);
	struct wb_id wang = person(w, "王芳");
	r = must(w, DO(w, "GetContact", "{\"contactId\":\"%s\"}", drive_uuid(wang)));
	char office[64];
	(void)snprintf(office, sizeof office, "%s", json_string_value(json_object_get(r, "officeId")));
	must(w, DO(w, "ChangeContact", "{\"contactId\":\"%s\",\"officeId\":\"%s\",\"name\":\"王方\",\"telephones\":[]}",
	                drive_uuid(wang), office));
	assert_int_equal(people(w, "王芳"), 0);
	assert_int_equal(people(w, "王方"), 1);
	must(w, DO(w, "ChangeOffice", "{\"officeId\":\"%s\",\"name\":\"网络科\"}", office));
	assert_int_equal(people(w, "运维科"), 0);
	assert_int_equal(people(w, "网络科"), 1);
	must(w, DO(w, "LeaveContact", "{\"contactId\":\"%s\"}", drive_uuid(wang)));
	assert_int_equal(people(w, "王方"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(an_upload_survives_a_crash, setup, teardown),
	        cmocka_unit_test_setup_teardown(only_who_began_goes_on, setup, teardown),
	        cmocka_unit_test_setup_teardown(offices_people_and_devices, setup, teardown),
	        cmocka_unit_test_setup_teardown(many_rows_come_into_force_at_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_import_without_its_file_is_given_up, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_is_wrong_is_said, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_erased_person_is_nowhere, setup, teardown),
	        cmocka_unit_test_setup_teardown(searching, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
