/* Identity in a cell: the first administrator, accounts, sign-in, lock-out, two factors, tokens, grants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ops/simcell/drive.h"
#include "services/identity/identity.h"
#include "services/identity/secrets.h"
#include "tests/harness/toy.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1790000000000000)
static const struct wb_service *const services[] = {&toy_service, &wb_identity_service};

struct world {
	char dir[64], first_code[32];
	struct simcell *cell;
	struct drive d;
	struct wb_id admin;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static void must(struct world *w, json_t *r)
{
	if (!r)
		fail_msg("refused: %s at %s", w->d.code, w->d.path);
}

static void refused(struct world *w, json_t *r, const char *code)
{
	assert_null(r);
	assert_string_equal(w->d.code, code);
}

static void as_anonymous(struct world *w)
{
	drive_as_link(&w->d, "anonymous", (struct wb_id){{0}}, 0);
}

static void as_admin(struct world *w)
{
	drive_as(&w->d, "ADMINISTRATOR", "provider", w->admin, (struct wb_id){{0}});
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	char path[256];
	(void)snprintf(w->dir, sizeof w->dir, "/tmp/weibao-idt-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	const struct simcell_options o = {
	        .dir = w->dir, .services = services, .n_services = 2, .start_us = START, .seed = 11, .fast = true};
	assert_int_equal(simcell_open(&o, &w->cell), WB_OK);
	drive_init(&w->d, w->cell);
	(void)snprintf(path, sizeof path, "%s/identity/private/first-run-code", w->dir);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(w->first_code, sizeof w->first_code, f));
	fclose(f);
	as_anonymous(w);
	must(w, drive_do(&w->d, "identity", "provider", "MakeFirstAdministrator",
	                "{\"code\":\"%s\",\"login\":\"Admin\",\"displayName\":\"管理员\",\"password\":\"correct "
	                "horse\"}",
	                w->first_code));
	w->admin = drive_id(&w->d, "accountId");
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

static json_t *sign_in(struct world *w, const char *tenant, const char *login, const char *password, const char *code)
{
	as_anonymous(w);
	if (code)
		return drive_do(&w->d, "identity", tenant, "SignIn",
		        "{\"login\":\"%s\",\"password\":\"%s\",\"code\":\"%s\"}", login, password, code);
	return drive_do(&w->d, "identity", tenant, "SignIn", "{\"login\":\"%s\",\"password\":\"%s\"}", login, password);
}

static bool signed_in(struct world *w)
{
	return json_is_true(json_object_get(w->d.answer, "signedIn"));
}

static json_t *authenticate(struct world *w, const char *kind, const char *credential)
{
	drive_as(&w->d, "SYSTEM", "cell", (struct wb_id){{0}}, (struct wb_id){{0}});
	json_t *r = drive_do(&w->d, "identity", "provider", "Authenticate", "{\"kind\":\"%s\",\"credential\":\"%s\"}",
	        kind, credential);
	must(w, r);
	return r;
}

static bool valid(struct world *w, const char *kind, const char *credential)
{
	return json_is_true(json_object_get(authenticate(w, kind, credential), "valid"));
}

static void the_code_makes_one_administrator(void **state)
{
	struct world *w = *state;
	as_anonymous(w);
	refused(w,
	        drive_do(&w->d, "identity", "provider", "MakeFirstAdministrator",
	                "{\"code\":\"%s\",\"login\":\"b\",\"displayName\":\"b\",\"password\":\"correct horse\"}",
	                w->first_code),
	        "FIRST_RUN_OVER");
	must(w, sign_in(w, "provider", "ADMIN", "correct horse", NULL)); /* letter case does not matter */
	assert_true(signed_in(w));
}

static void wrong_passwords_lock(void **state)
{
	struct world *w = *state;
	for (int i = 0; i < 5; i++) {
		must(w, sign_in(w, "provider", "admin", "wrong password", NULL));
		assert_false(signed_in(w));
	}
	refused(w, sign_in(w, "provider", "admin", "correct horse", NULL), "ACCOUNT_LOCKED");
	simcell_advance(w->cell, IDENTITY_LOCK_US + WB_SECOND_US);
	must(w, sign_in(w, "provider", "admin", "correct horse", NULL));
	assert_true(signed_in(w));
	refused(w, sign_in(w, "provider", "nobody", "correct horse", NULL), "SIGN_IN_WRONG");
}

static void sessions_end(void **state)
{
	struct world *w = *state;
	char token[256];
	must(w, sign_in(w, "provider", "admin", "correct horse", NULL));
	(void)snprintf(token, sizeof token, "%s", drive_text(&w->d, "token"));
	json_t *who = authenticate(w, "SESSION", token);
	assert_true(json_is_true(json_object_get(who, "valid")));
	w->d.session = (struct wb_id){{0}};
	struct wb_id session = drive_id(&w->d, "sessionId");
	as_admin(w);
	w->d.session = session;
	must(w, drive_do(&w->d, "identity", "provider", "SignOut", "{}"));
	assert_false(valid(w, "SESSION", token));
	/* left alone for half an hour */
	must(w, sign_in(w, "provider", "admin", "correct horse", NULL));
	(void)snprintf(token, sizeof token, "%s", drive_text(&w->d, "token"));
	assert_true(valid(w, "SESSION", token));
	simcell_advance(w->cell, IDENTITY_IDLE_US + WB_MINUTE_US);
	assert_false(valid(w, "SESSION", token));
	/* a forged one */
	token[10] = token[10] == 'A' ? 'B' : 'A';
	assert_false(valid(w, "SESSION", token));
}

static void make_lead(struct world *w, struct wb_id *ret, char code[64])
{
	as_admin(w);
	must(w, drive_do(&w->d, "identity", "provider", "CreateAccount",
	                "{\"login\":\"zhang\",\"displayName\":\"张伟\",\"roles\":[\"HOTLINE\",\"ENGINEER\"]}"));
	*ret = drive_id(&w->d, "accountId");
	(void)snprintf(code, 64, "%s", drive_text(&w->d, "code"));
	assert_true(strlen(code) >= 10);
}

static void a_new_account_sets_its_password(void **state)
{
	struct world *w = *state;
	struct wb_id lead;
	char code[64];
	make_lead(w, &lead, code);
	refused(w, sign_in(w, "provider", "zhang", "anything at all", NULL), "SIGN_IN_WRONG");
	as_anonymous(w);
	refused(w,
	        drive_do(&w->d, "identity", "provider", "SetPasswordByCode",
	                "{\"login\":\"zhang\",\"code\":\"WRONGCODE1\",\"password\":\"battery staple\"}"),
	        "CODE_WRONG");
	refused(w,
	        drive_do(&w->d, "identity", "provider", "SetPasswordByCode",
	                "{\"login\":\"zhang\",\"code\":\"%s\",\"password\":\"short\"}", code),
	        "PASSWORD_WEAK");
	must(w, drive_do(&w->d, "identity", "provider", "SetPasswordByCode",
	                "{\"login\":\"zhang\",\"code\":\"%s\",\"password\":\"battery staple\"}", code));
	refused(w,
	        drive_do(&w->d, "identity", "provider", "SetPasswordByCode",
	                "{\"login\":\"zhang\",\"code\":\"%s\",\"password\":\"battery staple 2\"}", code),
	        "CODE_WRONG");
	must(w, sign_in(w, "provider", "zhang", "battery staple", NULL));
	assert_true(signed_in(w));
	as_admin(w);
	refused(w,
	        drive_do(&w->d, "identity", "provider", "CreateAccount", "{\"login\":\"ZHANG\",\"displayName\":\"x\"}"),
	        "LOGIN_TAKEN");
	/* one's own password */
	drive_as(&w->d, "HOTLINE", "provider", lead, (struct wb_id){{0}});
	refused(w,
	        drive_do(&w->d, "identity", "provider", "ChangePassword",
	                "{\"oldPassword\":\"no\",\"password\":\"a new long one\"}"),
	        "PASSWORD_WRONG");
	must(w, drive_do(&w->d, "identity", "provider", "ChangePassword",
	                "{\"oldPassword\":\"battery staple\",\"password\":\"a new long one\"}"));
	must(w, sign_in(w, "provider", "zhang", "a new long one", NULL));
	assert_true(signed_in(w));
}

static void grants_are_checked(void **state)
{
	struct world *w = *state;
	struct wb_id lead;
	char code[64];
	make_lead(w, &lead, code);
	as_admin(w);
	refused(w,
	        drive_do(&w->d, "identity", "provider", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"provider\",\"roles\":[\"ADMINISTRATOR\",\"AUDITOR\"]}",
	                drive_uuid(lead)),
	        "ADMINISTRATOR_NOT_AUDITOR");
	refused(w,
	        drive_do(&w->d, "identity", "provider", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"acme\",\"roles\":[\"REPRESENTATIVE\"]}",
	                drive_uuid(lead)),
	        "ROLE_NOT_HERE");
	refused(w,
	        drive_do(&w->d, "identity", "provider", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"provider\",\"roles\":[]}", drive_uuid(w->admin)),
	        "LAST_ADMINISTRATOR");
	refused(w,
	        drive_do(&w->d, "identity", "acme", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"acme\",\"roles\":[\"USER\"]}", drive_uuid(lead)),
	        "NOT_FOUND");
	must(w, drive_do(&w->d, "identity", "provider", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"acme\",\"roles\":[\"AUDITOR\"]}", drive_uuid(lead)));
	/* auditor in one place: never administrator in another */
	refused(w,
	        drive_do(&w->d, "identity", "provider", "GrantRoles",
	                "{\"accountId\":\"%s\",\"inTenant\":\"provider\",\"roles\":[\"ADMINISTRATOR\"]}",
	                drive_uuid(lead)),
	        "ADMINISTRATOR_NOT_AUDITOR");
	drive_as(&w->d, "HOTLINE", "provider", lead, (struct wb_id){{0}});
	refused(w, drive_do(&w->d, "identity", "provider", "CreateAccount", "{\"login\":\"x\",\"displayName\":\"x\"}"),
	        "FORBIDDEN");
}

static void two_factors(void **state)
{
	struct world *w = *state;
	char seed[64], recovery[64];
	as_admin(w);
	must(w, drive_do(&w->d, "identity", "provider", "PrepareTotp", "{}"));
	(void)snprintf(seed, sizeof seed, "%s", drive_text(&w->d, "seed"));
	assert_int_equal(strlen(seed), 32);
	refused(w, drive_do(&w->d, "identity", "provider", "ConfirmTotp", "{\"code\":\"000000\"}"), "CODE_WRONG");
	/* the authenticator's side, from the seed as shown */
	uint8_t raw[WB_TOTP_SEED_BYTES] = {0};
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	for (size_t i = 0; i < 32; i++)
		for (size_t b = 0; b < 5; b++)
			if ((size_t)(strchr(digits, seed[i]) - digits) & (16u >> b))
				raw[(5 * i + b) / 8] |= (uint8_t)(128u >> ((5 * i + b) % 8));
	char code[8] = "";
	wb_totp_code((struct wb_bytes){raw, sizeof raw}, wb_totp_step(simcell_now(w->cell)), code);
	must(w, drive_do(&w->d, "identity", "provider", "ConfirmTotp", "{\"code\":\"%s\"}", code));
	json_t *codes = json_object_get(w->d.answer, "codes");
	assert_int_equal(json_array_size(codes), IDENTITY_RECOVERY_CODES);
	(void)snprintf(recovery, sizeof recovery, "%s", json_string_value(json_array_get(codes, 3)));
	refused(w, sign_in(w, "provider", "admin", "correct horse", NULL), "SECOND_FACTOR_REQUIRED");
	must(w, sign_in(w, "provider", "admin", "correct horse", "123"));
	assert_false(signed_in(w));
	must(w, sign_in(w, "provider", "admin", "correct horse", code));
	assert_true(signed_in(w));
	must(w, sign_in(w, "provider", "admin", "correct horse", recovery));
	assert_true(signed_in(w));
	must(w, sign_in(w, "provider", "admin", "correct horse", recovery)); /* each but once */
	assert_false(signed_in(w));
}

static void tokens_and_links(void **state)
{
	struct world *w = *state;
	char token[256], link[512], code[64];
	as_admin(w);
	must(w, drive_do(&w->d, "identity", "provider", "IssueToken", "{\"name\":\"script\"}"));
	(void)snprintf(token, sizeof token, "%s", drive_text(&w->d, "token"));
	struct wb_id id = drive_id(&w->d, "tokenId");
	assert_true(valid(w, "TOKEN", token));
	as_admin(w);
	must(w, drive_do(&w->d, "identity", "provider", "RevokeToken", "{\"tokenId\":\"%s\"}", drive_uuid(id)));
	assert_false(valid(w, "TOKEN", token));
	drive_as(&w->d, "HOTLINE", "provider", w->admin, (struct wb_id){{0}});
	must(w, drive_do(&w->d, "identity", "acme", "MakeLink",
	                "{\"purpose\":\"rate\",\"id\":\"%s\",\"round\":2,\"days\":1}", drive_uuid(id)));
	(void)snprintf(link, sizeof link, "%s", drive_text(&w->d, "token"));
	(void)snprintf(code, sizeof code, "%s", drive_text(&w->d, "code"));
	json_t *who = authenticate(w, "LINK", link);
	assert_true(json_is_true(json_object_get(who, "valid")));
	assert_string_equal(json_string_value(json_object_get(who, "linkPurpose")), "rate");
	assert_int_equal(json_integer_value(json_object_get(who, "linkRound")), 2);
	as_anonymous(w);
	must(w, drive_do(&w->d, "identity", "provider", "ResolveCode", "{\"code\":\"%s\"}", code));
	assert_string_equal(drive_text(&w->d, "token"), link);
	refused(w, drive_do(&w->d, "identity", "provider", "ResolveCode", "{\"code\":\"NOPE2345\"}"), "LINK_INVALID");
	drive_as(&w->d, "HOTLINE", "provider", w->admin, (struct wb_id){{0}});
	refused(w,
	        drive_do(&w->d, "identity", "acme", "MakeLink", "{\"purpose\":\"exception\",\"id\":\"%s\"}",
	                drive_uuid(id)),
	        "FORBIDDEN");
	simcell_advance(w->cell, 25 * WB_HOUR_US);
	assert_false(valid(w, "LINK", link));
}

/* No password, code or name stands in the log or the projection as it was typed. */
static void nothing_is_readable(void **state)
{
	struct world *w = *state;
	char command[256];
	struct wb_id lead;
	char code[64];
	make_lead(w, &lead, code);
	(void)snprintf(command, sizeof command, "grep -rlaF -e '张伟' -e 'correct horse' -e '%s' %s", code, w->dir);
	FILE *f = popen(command, "r");
	assert_non_null(f);
	char line[256] = "";
	(void)!fgets(line, sizeof line, f);
	pclose(f);
	assert_string_equal(line, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(the_code_makes_one_administrator, setup, teardown),
	        cmocka_unit_test_setup_teardown(wrong_passwords_lock, setup, teardown),
	        cmocka_unit_test_setup_teardown(sessions_end, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_new_account_sets_its_password, setup, teardown),
	        cmocka_unit_test_setup_teardown(grants_are_checked, setup, teardown),
	        cmocka_unit_test_setup_teardown(two_factors, setup, teardown),
	        cmocka_unit_test_setup_teardown(tokens_and_links, setup, teardown),
	        cmocka_unit_test_setup_teardown(nothing_is_readable, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
