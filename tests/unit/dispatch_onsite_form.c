/* The form: shown, signed as shown, on paper looked at; and as the page to print. */
#include "unit/dispatch_onsite_kit.h"

#include "gateway/form.h"
#include "weibao/v1/survey_events.pb-c.h"
#include <string.h>

#define FIXED WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED
#define PAPER WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_PAPER
#define LINK WEIBAO__V1__SIGNATURE_KIND__SIGNATURE_KIND_LINK

static ProtobufCBinaryData show(struct kit *k, const struct site *s)
{
	MSG(ShowForm, c, WEIBAO__V1__SHOW_FORM__INIT);
	SITE_OF(k, c, s);
	c.nonce = site_nonce(k);
	as_engineer(k, 0);
	bed_when(k->b, s->tenant, &c.base);
	if (bed_refusal(k->b))
		return (ProtobufCBinaryData){0, NULL};
	return ((const Weibao__V1__FormShown *)bed_event(k->b, 0))->commitment;
}

static void sign_command(struct kit *k, const struct site *s, ProtobufCBinaryData commitment, Weibao__V1__SignForm *c)
{
	weibao__v1__sign_form__init(c);
	SITE_OF(k, *c, s);
	c->commitment = commitment;
	c->signature = site_given(k);
}

static void the_newest_revision_is_signed_as_shown(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignForm c;
	site_open(k, ACME, "t1", &s);
	show(k, &s);
	THEN_REJECTED_AT(k->b, FORM_MISSING, "visitId");
	site_form(k, &s, FIXED);
	static uint8_t any[32];
	sign_command(k, &s, (ProtobufCBinaryData){32, any}, &c);
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FORM_NOT_SHOWN, "visitId");
	ProtobufCBinaryData first = show(k, &s);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, SHOWN_CHANGED, "commitment");
	site_form(k, &s, FIXED); /* another revision: to be shown anew */
	sign_command(k, &s, first, &c);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, FORM_NOT_SHOWN, "visitId");
	ProtobufCBinaryData second = show(k, &s);
	assert_memory_not_equal(first.data, second.data, 32);
	c.commitment = second;
	c.has_grade = true;
	c.grade = WEIBAO__V1__GRADE__GRADE_DISSATISFIED;
	c.opinions = bed_personal(k->b, "late");
	c.signature->kind = LINK;
	bed_as_link(k->b, "sign", s.ticket, 1);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormSigned");
	const Weibao__V1__FormSigned *e = (const Weibao__V1__FormSigned *)bed_event(k->b, 0);
	assert_int_equal(e->revision, 2);
	assert_int_equal(e->grade, WEIBAO__V1__GRADE__GRADE_DISSATISFIED);
	assert_memory_equal(e->signature->commitment.data, second.data, 32);
	bed_when(k->b, ACME, &c.base);
	THEN_REJECTED_AT(k->b, ALREADY_SIGNED, "visitId");
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
}

/* What stands on the form is bound, also where it is long. */
static void long_texts_can_be_signed(void **state)
{
	struct kit *k = *state;
	struct site s;
	char words[4001];
	MSG(FillForm, c, WEIBAO__V1__FILL_FORM__INIT);
	Weibao__V1__ServiceContent one[] = {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_OTHER};
	memset(words, 'x', sizeof words - 1);
	words[sizeof words - 1] = '\0';
	site_open(k, ACME, "t1", &s);
	SITE_OF(k, c, &s);
	c.contents = one;
	c.n_contents = 1;
	c.result = FIXED;
	c.solution = bed_personal(k->b, words);
	bed_when(k->b, ACME, &c.base);
	took(k);
	show(k, &s);
	THEN_EVENT(k->b, 0, "FormShown");
}

static void a_rejected_paper_form_is_signed_anew(void **state)
{
	struct kit *k = *state;
	struct site s;
	Weibao__V1__SignForm c;
	MSG(CheckPaperSignature, check, WEIBAO__V1__CHECK_PAPER_SIGNATURE__INIT);
	site_open(k, ACME, "t1", &s);
	site_form(k, &s, FIXED);
	sign_command(k, &s, show(k, &s), &c);
	c.signature->kind = PAPER;
	c.signature->witness_name = bed_personal(k->b, "Zhou");
	c.signature->original_at = "folder 3";
	as_engineer(k, 0);
	bed_when(k->b, ACME, &c.base);
	THEN_EVENT(k->b, 0, "FormSigned");
	check.ticket_id = FIELD(k, s.ticket);
	check.visit_id = FIELD(k, s.visit);
	check.reason = "another sheet";
	bed_as(k->b, WB_ROLE(HOTLINE) | WB_ROLE(ENGINEER), k->engineers[0]);
	bed_when(k->b, ACME, &check.base);
	THEN_REJECTED(k->b, CHECKED_BY_VISITOR);
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	THEN_EVENT(k->b, 0, "PaperSignatureChecked");
	kit_leave(k, ACME, s.ticket, s.visit);
	THEN_REJECTED(k->b, FORM_NOT_SIGNED);
	site_sign_form(k, &s);
	THEN_EVENT(k->b, 0, "FormSigned");
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
	as_lead(k);
	bed_when(k->b, ACME, &check.base);
	THEN_REJECTED(k->b, NOT_ON_PAPER);
}

/* ---- the page ---- */

static const char *page_of(struct kit *k, const struct site *s, bool blank)
{
	MSG(GetServiceForm, q, WEIBAO__V1__GET_SERVICE_FORM__INIT);
	q.ticket_id = FIELD(k, s->ticket);
	q.visit_id = FIELD(k, s->visit);
	q.has_blank = blank;
	q.blank = blank;
	as_lead(k);
	const ProtobufCMessage *a = bed_query(k->b, s->tenant, &q.base);
	assert_non_null(a);
	struct wb_bytes page = form_page(bed_arena(k->b), (const Weibao__V1__ServiceFormAnswer *)(const void *)a);
	assert_true(page.len > 0);
	return wb_arena_copy(bed_arena(k->b), page.data, page.len);
}

#define HAS(page, words) assert_non_null(strstr(page, words))
#define HAS_NOT(page, words) assert_null(strstr(page, words))

static void the_page_is_the_paper(void **state)
{
	struct kit *k = *state;
	struct site s;
	MSG(TenantOpened, unit, WEIBAO__V1__TENANT_OPENED__INIT);
	MSG(FollowUpRecorded, up, WEIBAO__V1__FOLLOW_UP_RECORDED__INIT);
	unit.code = "ACME";
	unit.name = "某局 <A&B>";
	unit.zone = "Asia/Shanghai";
	unit.language = WEIBAO__V1__LANGUAGE__LANGUAGE_ZH;
	bed_given(k->b, ACME, "tenant", (struct wb_id){{0}}, &unit.base);
	site_open(k, ACME, "t1", &s);
	const char *page = page_of(k, &s, false); /* before anything was filled in: as far as it is known */
	HAS(page, "现场服务单");
	HAS(page, "ACME-20231114-0001-V1");
	HAS(page, "某局 &lt;A&amp;B&gt;");
	HAS_NOT(page, "<A&B>");
	HAS(page, "does not start");
	HAS(page, "<svg ");
	HAS_NOT(page, "☑");
	HAS_NOT(page, "SHA-256");
	site_show(k, &s, "disk \"C\"", WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_BACKED_UP);
	site_sign(k, &s);
	site_form(k, &s, FIXED);
	site_sign_form(k, &s);
	kit_leave(k, ACME, s.ticket, s.visit);
	took(k);
	up.ticket_id = FIELD(k, s.ticket);
	up.round = 1;
	up.quality = up.conformity = up.progress = WEIBAO__V1__GRADE__GRADE_SATISFIED;
	up.attitude = WEIBAO__V1__GRADE__GRADE_AVERAGE;
	up.caller_id = FIELD(k, bed_id("manager"));
	up.caller_name = bed_personal(k->b, "Feng");
	up.called_at = bed_now(k->b);
	bed_given(k->b, ACME, "survey", s.ticket, &up.base);
	page = page_of(k, &s, false);
	static const char *const labels[] = {"分配时间", "分配人", "服务工程师", "处室", "用户名称", "联系人", "地址",
	        "联系电话", "故障现象", "机型", "序列号", "用户报修时间", "承诺上门时间", "实际到达时间",
	        "服务完成时间", "服务内容", "是否保修", "收费情况", "维修结果", "解决方案", "满意度", "意见和建议",
	        "用户签字", "回访记录", "质量", "规范", "进度", "态度", "回访人", "回访时间", "文件编号", "版本号",
	        "修改号", "页次", "审核", "批准", "发布日期"};
	for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
		HAS(page, labels[i]);
	HAS(page, "☑软件故障");
	HAS(page, "☐硬件故障");
	HAS(page, "☑现场修复");
	HAS(page, "☑满意");
	HAS(page, "☐不满意");
	HAS(page, "driver installed");
	HAS(page, "disk &quot;C&quot;");
	HAS(page, "USB disk");
	HAS(page, "quick");
	HAS(page, "Feng");
	HAS(page, "SHA-256");
	HAS(page, "2023-11-15 07:13");          /* the arrival, as clocks in the unit's zone showed it */
	for (int kind = 1; kind <= 3; kind++) { /* the page shows the sentences that are signed */
		Weibao__V1__StatementKind one = (Weibao__V1__StatementKind)kind;
		site_open(k, ACME, kind == 1 ? "k1" : kind == 2 ? "k2" : "k3", &s);
		site_show(k, &s, "disk C", one);
		HAS(page_of(k, &s, false), dp_statement_text(one));
	}
}

static void a_blank_page_says_nothing(void **state)
{
	struct kit *k = *state;
	struct site s;
	site_open(k, ACME, "t1", &s);
	site_form(k, &s, FIXED);
	const char *page = page_of(k, &s, true);
	HAS(page, "ACME-20231114-0001-V1");
	HAS(page, "已将数据备份到指定存储设备上，可以格式化硬盘");
	HAS(page, "☐现场修复");
	HAS_NOT(page, "☑");
	HAS_NOT(page, "does not start");
	HAS_NOT(page, "driver installed");
}

static void an_erased_name_is_no_name(void **state)
{
	struct kit *k = *state;
	Weibao__V1__Personal gone = WEIBAO__V1__PERSONAL__INIT;
	MSG(ServiceFormAnswer, f, WEIBAO__V1__SERVICE_FORM_ANSWER__INIT);
	MSG(TicketReported, r, WEIBAO__V1__TICKET_REPORTED__INIT);
	MSG(TicketPlace, place, WEIBAO__V1__TICKET_PLACE__INIT);
	gone.value_case = WEIBAO__V1__PERSONAL__VALUE_ERASED;
	gone.erased = true;
	place.office_name = "Office <script>alert(1)</script>";
	r.place = &place;
	r.direct_user_name = &gone;
	f.form_number = "F-'1'";
	f.reported = &r;
	struct wb_bytes page = form_page(bed_arena(k->b), &f);
	const char *words = wb_arena_copy(bed_arena(k->b), page.data, page.len);
	HAS(words, "已删除");
	HAS(words, "F-&#39;1&#39;");
	HAS_NOT(words, "<script");
	const char *policy = form_policy(bed_arena(k->b));
	HAS(policy, "default-src 'none'; style-src 'sha256-");
}

#define T(name) cmocka_unit_test_setup_teardown(name, kit_open, kit_close)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(the_newest_revision_is_signed_as_shown),
	        T(long_texts_can_be_signed),
	        T(a_rejected_paper_form_is_signed_anew),
	        T(the_page_is_the_paper),
	        T(a_blank_page_says_nothing),
	        T(an_erased_name_is_no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
