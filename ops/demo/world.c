#include "ops/demo/world.h"
#include "ops/demo/texts.h"
#include "services/dispatch/dispatch.h"
#include "services/identity/identity.h"
#include "services/intake/intake.h"
#include "services/reporting/reporting.h"
#include "services/sla-timer/sla-timer.h"
#include "services/survey/survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const struct wb_service *const demo_services[DEMO_SERVICES] = {&wb_identity_service, &wb_intake_service,
        &wb_dispatch_service, &wb_sla_timer_service, &wb_survey_service, &wb_reporting_service};

/* ---- chance, from a seed: the same demo on the same day (SplitMix64, Vigna) ---- */

uint32_t pick(struct world *w, uint32_t n)
{
	uint64_t z = w->chance += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return (uint32_t)((z ^ z >> 31) % n);
}

void make_name(struct world *w, char ret[static 64])
{
	(void)snprintf(ret, 64, "%s%s", surnames[pick(w, COUNT(surnames))], given[pick(w, COUNT(given))]);
}

/* ---- speaking ---- */

void act_as(struct world *w, const struct account *a)
{
	drive_as(&w->d, a->roles, a->home, a->account, a->person);
}

static _Noreturn void die(const char *message, const char *why)
{
	(void)fprintf(stderr, "weibao-demo: %s: %s\n", message, why);
	exit(1);
}

/* The same command once more: the same answer, and nothing new in the log. */
static json_t *again(
        struct world *w, const char *service, const char *tenant, const char *message, const char *body, json_t *first)
{
	json_t *kept = json_deep_copy(first);
	uint64_t position = w->d.position;
	w->d.has_next_id = true;
	w->d.next_id = w->d.command_id;
	json_t *second = drive_retry(&w->d, 20, service, tenant, message, "%s", body);
	if (!second || !json_equal(kept, second))
		die(message, "sent twice, it is answered in another way");
	if (w->d.position != position)
		die(message, "sent twice, it stands in the log twice");
	json_decref(kept);
	return second;
}

static json_t *send(
        struct world *w, const char *service, const char *tenant, const char *message, const char *format, va_list args)
{
	char body[8192];
	int n = vsnprintf(body, sizeof body, format, args);
	w->commands++;
	if (n < 0 || n >= (int)sizeof body)
		die(message, "too long");
	json_t *r = drive_retry(&w->d, 20, service, tenant, message, "%s", body);
	bool command = r && json_object_get(r, "events") && json_object_get(r, "commandId");
	return w->repeat && command ? again(w, service, tenant, message, body, r) : r;
}

json_t *may(struct world *w, const char *service, const char *tenant, const char *message, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	json_t *r = send(w, service, tenant, message, body, args);
	va_end(args);
	return r;
}

json_t *must(struct world *w, const char *service, const char *tenant, const char *message, const char *body, ...)
{
	va_list args;
	va_start(args, body);
	json_t *r = send(w, service, tenant, message, body, args);
	va_end(args);
	if (r || strcmp(w->d.code, "ALREADY_SO") == 0)
		return r;
	(void)fprintf(stderr, "weibao-demo: in %s, at %s:\n", tenant, w->d.path);
	die(message, w->d.code);
}

/* ---- the provider ---- */

static const char *const positions[] = {"高级工程师", "工程师", "工程师", "高级工程师", "工程师", "助理工程师"};
static const char *const duties[] = {
        "组长，硬件与系统", "系统与软件", "网络与打印", "组长，系统与安全", "硬件维修", "软件与培训"};
static const char *const skills[] = {"\"OS\",\"HARDWARE\",\"VIRUS\"", "\"OS\",\"TOOLS\",\"ANTIVIRUS\"",
        "\"NETWORK\",\"HARDWARE\"", "\"OS\",\"VIRUS\",\"ANTIVIRUS\"", "\"HARDWARE\",\"PARTS\"",
        "\"TOOLS\",\"CONSULTING\""};

static void make_engineers(struct world *w)
{
	for (size_t i = 0; i < ENGINEERS; i++) {
		struct account *e = &w->engineers[i];
		make_name(w, e->name);
		act_as(w, &w->principal);
		must(w, "dispatch", "provider", "RegisterEngineer",
		        "{\"name\":\"%s\",\"position\":\"%s\",\"duties\":\"%s\",\"skills\":[%s],"
		        "\"telephone\":\"1380000%04u\"}",
		        e->name, positions[i], duties[i], skills[i], 1000 + (unsigned)i);
		e->person = drive_id(&w->d, "engineerId");
		must(w, "dispatch", "provider", "SaveShifts",
		        "{\"engineerId\":\"%s\",\"zone\":\"Asia/Shanghai\",\"windows\":["
		        "{\"weekday\":1,\"startS\":32400,\"endS\":61200},{\"weekday\":2,\"startS\":32400,\"endS\":"
		        "61200},"
		        "{\"weekday\":3,\"startS\":32400,\"endS\":61200},{\"weekday\":4,\"startS\":32400,\"endS\":"
		        "61200},"
		        "{\"weekday\":5,\"startS\":32400,\"endS\":61200},{\"weekday\":6,\"startS\":32400,\"endS\":"
		        "61200},"
		        "{\"weekday\":7,\"startS\":32400,\"endS\":61200}]}",
		        drive_uuid(e->person));
		must(w, "dispatch", "provider", "AddCertification",
		        "{\"engineerId\":\"%s\",\"name\":\"%s\",\"issuer\":\"信息技术服务协会\",\"number\":\"XJ2024%"
		        "04u\","
		        "\"expiresOn\":\"%s\"}",
		        drive_uuid(e->person), i % 2 ? "桌面运维工程师" : "信息系统运维工程师", 100 + (unsigned)i,
		        i == 5 ? "2026-01-31" : "2028-12-31");
	}
}

static void make_teams(struct world *w)
{
	static const char *const names[CLIENTS] = {"一组", "二组"};
	for (size_t c = 0; c < CLIENTS; c++) {
		struct client *cl = &w->clients[c];
		act_as(w, &w->principal);
		must(w, "dispatch", "provider", "FormTeam", "{\"name\":\"%s\"}", names[c]);
		cl->team = drive_id(&w->d, "teamId");
		cl->first_engineer = 3 * c;
		for (size_t i = 0; i < 3; i++) {
			const struct account *e = &w->engineers[3 * c + i];
			must(w, "dispatch", "provider", "AddTeamMember",
			        "{\"teamId\":\"%s\",\"engineerId\":\"%s\",\"lead\":%s}", drive_uuid(cl->team),
			        drive_uuid(e->person), i == 0 ? "true" : "false");
		}
		w->leads[c].person = w->engineers[3 * c].person;
		(void)snprintf(w->leads[c].name, sizeof w->leads[c].name, "%s", w->engineers[3 * c].name);
	}
}

/* ---- a client unit ---- */

static const char *const office_names[CLIENTS][8] = {
        {"办公室", "财务处", "人事处", "信息中心", "业务一处", "业务二处", "档案室", "值班室"},
        {"综合科", "计划科", "审批大厅", "法规科", "监察科", "宣传科", NULL, NULL}};

static void make_offices(struct world *w, size_t c)
{
	struct client *cl = &w->clients[c];
	act_as(w, &w->leads[c]);
	for (size_t i = 0; i < 8 && office_names[c][i]; i++) {
		must(w, "intake", cl->tenant, "RegisterOffice",
		        "{\"name\":\"%s\",\"address\":\"滨海路%u号%s%u%02u室\",\"placeKey\":\"%s-%s\"}",
		        office_names[c][i], c ? 66u : 8u, i < 5 ? "主楼" : "西楼", 2 + (unsigned)i / 2, 1 + (unsigned)i,
		        cl->code, i < 5 ? "A" : "B");
		cl->offices[cl->n_offices++] = drive_id(&w->d, "officeId");
	}
}

static void make_contacts(struct world *w, size_t c)
{
	struct client *cl = &w->clients[c];
	for (cl->n_contacts = 0; cl->n_contacts < (c ? 24 : CONTACTS_MAX); cl->n_contacts++) {
		struct contact *p = &cl->contacts[cl->n_contacts];
		make_name(w, p->name);
		p->office = cl->n_contacts % cl->n_offices;
		(void)snprintf(p->telephone, sizeof p->telephone, "8765%04u", 1000 + pick(w, 9000));
		must(w, "intake", cl->tenant, "RegisterContact",
		        "{\"officeId\":\"%s\",\"name\":\"%s\",\"telephones\":[{\"number\":\"%s\",\"extension\":\"%u\"}]"
		        "}",
		        drive_uuid(cl->offices[p->office]), p->name, p->telephone, 800 + (unsigned)cl->n_contacts);
		p->id = drive_id(&w->d, "contactId");
	}
}

static void make_devices(struct world *w, size_t c)
{
	struct client *cl = &w->clients[c];
	for (cl->n_devices = 0; cl->n_devices < (c ? 80 : DEVICES_MAX); cl->n_devices++) {
		struct device *v = &cl->devices[cl->n_devices];
		unsigned n = (unsigned)cl->n_devices;
		v->user = n % cl->n_contacts;
		v->office = cl->contacts[v->user].office;
		v->secret = n % 40 == 39;
		v->excluded = n % 50 == 49;
		must(w, "intake", cl->tenant, "RegisterDevice",
		        "{\"details\":{\"deviceType\":\"%s\",\"model\":\"%s\",\"serial\":\"%s%05u\",\"assetNumber\":\"%"
		        "s-%04u\","
		        "\"os\":\"%s\",\"purchasedOn\":\"20%02u-0%u-15\",\"warrantyUntil\":\"20%02u-0%u-14\","
		        "\"vendor\":\"远山科技\",\"protection\":\"%s\"},\"officeId\":\"%s\",\"userId\":\"%s\"}",
		        n % 9 == 8 ? "打印机" : "台式机", models[pick(w, COUNT(models))], c ? "QY" : "CH", 10000 + n,
		        cl->code, n, systems[pick(w, COUNT(systems))], 21 + n % 5, 1 + n % 9, 24 + n % 5, 1 + n % 9,
		        v->secret ? "SECRET" : "NORMAL", drive_uuid(cl->offices[v->office]),
		        drive_uuid(cl->contacts[v->user].id));
		v->id = drive_id(&w->d, "deviceId");
	}
}

static void make_contract(struct world *w, size_t c)
{
	struct client *cl = &w->clients[c];
	char excluded[512] = "";
	size_t len = 0;
	for (size_t i = 0; i < cl->n_devices; i++)
		if (cl->devices[i].excluded)
			len += (size_t)snprintf(excluded + len, sizeof excluded - len, "%s\"%s\"", len ? "," : "",
			        drive_uuid(cl->devices[i].id));
	act_as(w, &w->principal);
	must(w, "intake", cl->tenant, "SaveContract",
	        "{\"number\":\"WB-2026-%03u\",\"validFrom\":\"2026-01-01\",\"validUntil\":\"2027-12-31\","
	        "\"coversAllOffices\":true,\"excludedDeviceIds\":[%s],\"hotlineNumbers\":[\"400-820-%04u\"],"
	        "\"teamId\":\"%s\",\"chargeLimitFen\":50000}",
	        1 + (unsigned)c, excluded, 8800 + (unsigned)c, drive_uuid(cl->team));
	must(w, "dispatch", cl->tenant, "AssignTeam", "{\"teamId\":\"%s\"}", drive_uuid(cl->team));
	for (size_t i = 0; i < 3; i++)
		must(w, "dispatch", "provider", "InductEngineer",
		        "{\"engineerId\":\"%s\",\"client\":\"%s\",\"inductedOn\":\"2026-01-05\"}",
		        drive_uuid(w->engineers[cl->first_engineer + i].person), cl->tenant);
}

static void make_client(struct world *w, size_t c)
{
	struct client *cl = &w->clients[c];
	act_as(w, &w->administrator);
	must(w, "intake", cl->tenant, "OpenTenant",
	        "{\"code\":\"%s\",\"name\":\"%s\",\"zone\":\"Asia/Shanghai\",\"language\":\"ZH\"}", cl->code, cl->name);
	make_offices(w, c);
	make_contacts(w, c);
	make_devices(w, c);
	make_contract(w, c);
	cl->user.person = cl->contacts[0].id;
	_Static_assert(sizeof cl->user.name == sizeof cl->contacts[0].name, "one name");
	memcpy(cl->user.name, cl->contacts[0].name, sizeof cl->user.name);
	make_name(w, cl->representative.name);
}

/* ---- accounts ---- */

static void create(struct world *w, struct account *a, const char *roles_json)
{
	char person[64] = "";
	act_as(w, &w->administrator);
	if (!wb_id_is_zero(a->person))
		(void)snprintf(person, sizeof person, ",\"personId\":\"%s\"", drive_uuid(a->person));
	json_t *r = must(w, "identity", a->home, "CreateAccount",
	        "{\"login\":\"%s\",\"displayName\":\"%s\",\"roles\":[%s]%s}", a->login, a->name, roles_json, person);
	char code[64];
	a->account = drive_id(&w->d, "accountId");
	(void)snprintf(code, sizeof code, "%s", json_string_value(json_object_get(r, "code")));
	drive_as_link(&w->d, "anonymous", (struct wb_id){{0}}, 0);
	must(w, "identity", a->home, "SetPasswordByCode", "{\"login\":\"%s\",\"code\":\"%s\",\"password\":\"%s\"}",
	        a->login, code, DEMO_PASSWORD);
}

static void grant(struct world *w, const struct account *a, const char *tenant, const char *roles_json)
{
	act_as(w, &w->administrator);
	must(w, "identity", a->home, "GrantRoles", "{\"accountId\":\"%s\",\"inTenant\":\"%s\",\"roles\":[%s]}",
	        drive_uuid(a->account), tenant, roles_json);
}

static void first_administrator(struct world *w)
{
	char path[512], code[64] = "";
	struct account *a = &w->administrator;
	(void)snprintf(path, sizeof path, "%s/identity/private/first-run-code", w->dir);
	FILE *f = fopen(path, "re");
	if (!f || !fgets(code, sizeof code, f)) {
		(void)fprintf(stderr, "weibao-demo: no first-run code in %s\n", path);
		exit(1);
	}
	(void)fclose(f);
	code[strcspn(code, "\n")] = '\0';
	*a = (struct account){.roles = "ADMINISTRATOR", .home = "provider", .login = "admin", .name = "系统管理员"};
	drive_as_link(&w->d, "anonymous", (struct wb_id){{0}}, 0);
	must(w, "identity", "provider", "MakeFirstAdministrator",
	        "{\"code\":\"%s\",\"login\":\"admin\",\"displayName\":\"%s\",\"password\":\"%s\"}", code, a->name,
	        DEMO_PASSWORD);
	a->account = drive_id(&w->d, "accountId");
}

static void staff(struct world *w)
{
	static const char *const logins[ENGINEERS] = {"zhang", "liu", "zhao", "sun", "zhou", "he"};
	create(w, &w->principal, "\"PRINCIPAL\"");
	create(w, &w->manager, "\"MANAGER\"");
	create(w, &w->auditor, "\"AUDITOR\"");
	for (size_t i = 0; i < ENGINEERS; i++) {
		struct account *e = &w->engineers[i];
		e->home = "provider";
		e->roles = "ENGINEER";
		(void)snprintf(e->login, sizeof e->login, "%s", logins[i]);
		if (i % 3) /* the first of each team is its lead, with one account for both */
			create(w, e, "\"ENGINEER\"");
	}
	for (size_t c = 0; c < CLIENTS; c++) {
		create(w, &w->leads[c], "\"HOTLINE\",\"ENGINEER\"");
		w->engineers[3 * c].account = w->leads[c].account;
	}
	for (size_t c = 0; c < CLIENTS; c++) {
		const char *tenant = w->clients[c].tenant;
		grant(w, &w->principal, tenant, "\"PRINCIPAL\"");
		grant(w, &w->manager, tenant, "\"MANAGER\"");
		grant(w, &w->auditor, tenant, "\"AUDITOR\"");
		grant(w, &w->leads[c], tenant, "\"HOTLINE\",\"ENGINEER\"");
		for (size_t i = 1; i < 3; i++)
			grant(w, &w->engineers[3 * c + i], tenant, "\"ENGINEER\"");
	}
}

static void client_people(struct world *w)
{
	for (size_t c = 0; c < CLIENTS; c++) {
		struct client *cl = &w->clients[c];
		create(w, &cl->representative, "\"REPRESENTATIVE\"");
		create(w, &cl->user, "\"USER\"");
	}
}

static void say_in(FILE *f, const char *login, const char *what)
{
	(void)fprintf(f, "  %-10s %s\n", login, what);
}

void world_sign_in(const struct world *w)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/sign-in.txt", w->dir);
	FILE *f = fopen(path, "we");
	if (!f) {
		(void)fprintf(stderr, "weibao-demo: %s cannot be written\n", path);
		exit(1);
	}
	(void)fprintf(f, "Sign in with the password %s (demo data, all people invented) as\n", DEMO_PASSWORD);
	say_in(f, "li", "team lead (hotline) of the client unit binhai");
	say_in(f, "qian", "team lead (hotline) of the client unit gongxin");
	say_in(f, "wang", "principal, both client units");
	say_in(f, "meng", "service-centre manager");
	say_in(f, "liu, zhao", "engineers of binhai; zhou, he: of gongxin");
	say_in(f, "rep", "client representative of binhai; rep2: of gongxin");
	say_in(f, "user", "client user of binhai; user2: of gongxin");
	say_in(f, "audit", "auditor");
	say_in(f, "admin", "administrator");
	(void)fclose(f);
}

static struct account person(const char *login, const char *name, const char *home, const char *roles)
{
	struct account a = {.home = home, .roles = roles};
	(void)snprintf(a.login, sizeof a.login, "%s", login);
	(void)snprintf(a.name, sizeof a.name, "%s", name);
	return a;
}

void world_make(struct world *w)
{
	w->clients[0] = (struct client){.tenant = "binhai", .code = "BHZW", .name = "滨海区政务服务中心"};
	w->clients[1] = (struct client){.tenant = "gongxin", .code = "GX", .name = "海城市工业和信息化局"};
	w->principal = person("wang", "王建平", "provider", "PRINCIPAL");
	w->manager = person("meng", "孟晓岚", "provider", "MANAGER");
	w->auditor = person("audit", "审计员", "provider", "AUDITOR");
	w->leads[0] = person("li", "", "provider", "HOTLINE|ENGINEER");
	w->leads[1] = person("qian", "", "provider", "HOTLINE|ENGINEER");
	for (size_t c = 0; c < CLIENTS; c++) {
		const char *home = w->clients[c].tenant;
		w->clients[c].representative = person(c ? "rep2" : "rep", "", home, "REPRESENTATIVE");
		w->clients[c].user = person(c ? "user2" : "user", "", home, "USER");
	}
	first_administrator(w);
	make_engineers(w);
	make_teams(w);
	staff(w);
	for (size_t c = 0; c < CLIENTS; c++)
		make_client(w, c);
	client_people(w);
}
