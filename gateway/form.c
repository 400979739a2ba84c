#include "gateway/form.h"
#include "wire/json.h"
#include "wire/time.h"

#include <openssl/sha.h>
#include <qrencode.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_CHARS 16 /* 2026-11-23 09:30 */
#define DAY_CHARS 10
#define NUMBER(n) ((unsigned)(n))

/* A4, black on white, a table with thin lines; boxes that were not ticked stay boxes. */
static const char style[] =
        "@page{size:A4;margin:12mm 12mm 16mm;@bottom-right{content:\"第 \" counter(page) \" 页　共 \" counter(pages) "
        "\" 页\";font-size:8pt}}"
        "body{font:10.5pt/1.5 \"Noto Sans CJK SC\",\"Source Han Sans SC\",\"Microsoft YaHei\",SimSun,sans-serif;"
        "color:#000;background:#fff;max-width:186mm;margin:0 auto}"
        "header{display:flex;align-items:flex-start;gap:6mm}header div{flex:1}h1{font-size:16pt;margin:0 0 1mm}"
        "svg{width:26mm;height:26mm}table{width:100%;border-collapse:collapse;table-layout:fixed;margin:0 0 3mm}"
        "th,td{border:.3mm solid #000;padding:1mm 1.5mm;text-align:left;vertical-align:top;font-weight:normal;"
        "overflow-wrap:anywhere}th{width:25mm;background:#f2f2f2}td{white-space:pre-wrap;min-height:6mm}"
        ".tall{height:18mm}.meta td,.meta th{font-size:8.5pt;width:auto}.small{font-size:8pt;overflow-wrap:anywhere}"
        "caption{text-align:left;font-weight:bold;padding:1mm 0}tr{break-inside:avoid}"
        "@media print{th{-webkit-print-color-adjust:exact;print-color-adjust:exact}}";

/* ---- writing ---- */

struct page {
	struct wb_arena *arena;
	char *text;
	size_t len, cap;
	bool failed;
	int64_t offset_us; /* of the client unit's zone */
};

static void put(struct page *p, const char *s, size_t n)
{
	if (p->failed || !n)
		return;
	if (n > p->cap - p->len) {
		size_t cap = (p->cap + n) * 2 + 4096;
		char *more = wb_arena_alloc(p->arena, cap);
		if (!more) {
			p->failed = true;
			return;
		}
		if (p->len)
			memcpy(more, p->text, p->len);
		p->text = more;
		p->cap = cap;
	}
	memcpy(p->text + p->len, s, n);
	p->len += n;
}

/* Markup of our own. */
static void raw(struct page *p, const char *s)
{
	put(p, s, strlen(s));
}

static void __attribute__((format(printf, 2, 3))) rawf(struct page *p, const char *fmt, ...)
{
	char buffer[256];
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(buffer, sizeof buffer, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof buffer)
		p->failed = true;
	else
		put(p, buffer, (size_t)n);
}

/* What somebody wrote. */
static void text(struct page *p, const char *s)
{
	for (const char *from = s ? s : ""; *from;) {
		size_t n = strcspn(from, "&<>\"'");
		put(p, from, n);
		from += n;
		switch (*from) {
		case '&':
			raw(p, "&amp;");
			break;
		case '<':
			raw(p, "&lt;");
			break;
		case '>':
			raw(p, "&gt;");
			break;
		case '"':
			raw(p, "&quot;");
			break;
		case '\'':
			raw(p, "&#39;");
			break;
		default:
			continue;
		}
		from++;
	}
}

static const char *personal(const Weibao__V1__Personal *p)
{
	if (!p)
		return NULL;
	if (p->value_case == WEIBAO__V1__PERSONAL__VALUE_ERASED)
		return WB_ERASED_TEXT_ZH;
	return p->value_case == WEIBAO__V1__PERSONAL__VALUE_PLAIN ? p->plain : NULL;
}

static void instant(struct page *p, bool has, int64_t at, size_t chars)
{
	char buffer[WB_TIME_TEXT_BYTES];
	if (!has || wb_time_text(at + p->offset_us, buffer) != WB_OK)
		return;
	buffer[DAY_CHARS] = ' ';
	buffer[chars] = '\0';
	raw(p, buffer);
}

static void label(struct page *p, const char *name)
{
	raw(p, "<th scope=\"row\">");
	raw(p, name);
	raw(p, "</th>");
}

static void field(struct page *p, const char *name, const char *value)
{
	label(p, name);
	raw(p, "<td>");
	text(p, value);
	raw(p, "</td>");
}

static void time_field(struct page *p, const char *name, bool has, int64_t at)
{
	label(p, name);
	raw(p, "<td>");
	instant(p, has, at, MINUTE_CHARS);
	raw(p, "</td>");
}

/* Over the whole width. */
static void wide(struct page *p, const char *name, const char *value, bool tall)
{
	raw(p, "<tr>");
	label(p, name);
	raw(p, tall ? "<td colspan=\"3\" class=\"tall\">" : "<td colspan=\"3\">");
	text(p, value);
	raw(p, "</td></tr>");
}

struct choice {
	int value;
	const char *name;
};

/* All choices with a box each, ticked where on says so. */
static void boxes(struct page *p, const struct choice *choices, size_t n, uint32_t on)
{
	for (size_t i = 0; i < n; i++) {
		raw(p, on & (1u << choices[i].value) ? "☑" : "☐");
		raw(p, choices[i].name);
		if (i + 1 < n)
			raw(p, "　");
	}
}

static void choice_row(struct page *p, const char *name, const struct choice *choices, size_t n, uint32_t on)
{
	raw(p, "<tr>");
	label(p, name);
	raw(p, "<td colspan=\"3\">");
	boxes(p, choices, n, on);
	raw(p, "</td></tr>");
}

#define COUNT(list) (sizeof(list) / sizeof(list)[0])
static const struct choice contents[] = {
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_HARDWARE_FAULT, "硬件故障"},
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_SOFTWARE_FAULT, "软件故障"},
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_HARDWARE_INSTALLATION, "硬件安装"},
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_NETWORK, "网络维护"},
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_NO_FAULT, "无故障"},
        {WEIBAO__V1__SERVICE_CONTENT__SERVICE_CONTENT_OTHER, "其他"},
};
static const struct choice results[] = {
        {WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_FIXED, "现场修复"},
        {WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_TAKEN_BACK, "带回检验"},
        {WEIBAO__V1__VISIT_RESULT__VISIT_RESULT_SECOND_VISIT, "约二次上门时间"},
};
static const struct choice grades[] = {
        {WEIBAO__V1__GRADE__GRADE_VERY_SATISFIED, "很满意"},
        {WEIBAO__V1__GRADE__GRADE_SATISFIED, "满意"},
        {WEIBAO__V1__GRADE__GRADE_AVERAGE, "一般"},
        {WEIBAO__V1__GRADE__GRADE_DISSATISFIED, "不满意"},
};
static const struct choice yes_no[] = {{1, "是"}, {0, "否"}};

/* ---- the code ---- */

/* What a phone reads from the sheet: which form, which revision, and what was shown. */
static void code(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	char content[256], hex[65] = "";
	if (f->shown && f->shown->commitment.len == 32)
		wb_hex(f->shown->commitment.data, 32, hex);
	int n = snprintf(content, sizeof content, "weibao:form:%s:v%u:r%u:%s", f->form_number, NUMBER(f->form_version),
	        f->shown ? NUMBER(f->shown->revision) : NUMBER(f->revision), hex);
	QRcode *q = n > 0 && (size_t)n < sizeof content ? QRcode_encodeString8bit(content, 0, QR_ECLEVEL_M) : NULL;
	if (!q)
		return; /* the number stands beside it */
	rawf(p, "<svg viewBox=\"-4 -4 %d %d\" shape-rendering=\"crispEdges\" role=\"img\" aria-label=\"", q->width + 8,
	        q->width + 8);
	text(p, content);
	raw(p, "\"><path d=\"");
	for (int y = 0; y < q->width; y++)
		for (int x = 0; x < q->width; x++)
			if (q->data[y * q->width + x] & 1)
				rawf(p, "M%d %dh1v1h-1z", x, y);
	raw(p, "\"/></svg>");
	QRcode_free(q);
}

/* ---- the parts of the paper ---- */

static void head(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	raw(p, "<!DOCTYPE html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><title>现场服务单 ");
	text(p, f->form_number);
	raw(p, "</title><style>");
	raw(p, style);
	raw(p, "</style></head><body><header><div><h1>现场服务单</h1><div>客户单位：");
	text(p, f->client_name);
	raw(p, "</div><div>报修单号：");
	text(p, f->ticket_number);
	raw(p, "</div></div>");
	code(p, f);
	raw(p, "</header><table class=\"meta\"><tr><th>文件编号</th><td>");
	text(p, f->form_number);
	rawf(p, "</td><th>版本号</th><td>%u</td><th>修改号</th><td>%u</td><th>页次</th><td>第 1 页起</td></tr>",
	        NUMBER(f->form_version), NUMBER(f->revision));
	raw(p, "<tr><th>审核</th><td></td><th>批准</th><td></td><th>发布日期</th><td>");
	instant(p, f->visit != NULL, f->visit ? f->visit->scheduled_at : 0, DAY_CHARS);
	raw(p, "</td><th>附表</th><td>一</td></tr></table>");
}

static const Weibao__V1__VisitEngineer *first_engineer(const Weibao__V1__VisitRow *v)
{
	for (size_t i = 0; v && i < v->n_engineers; i++)
		if (!v->engineers[i]->further)
			return v->engineers[i];
	return NULL;
}

static void dispatch_part(struct page *p, const Weibao__V1__VisitRow *v)
{
	const Weibao__V1__VisitEngineer *first = first_engineer(v);
	raw(p, "<tr>");
	time_field(p, "分配时间", first != NULL, first ? first->assigned_at : 0);
	field(p, "分配人", first ? personal(first->dispatcher_name) : NULL);
	raw(p, "</tr><tr>");
	label(p, "服务工程师");
	raw(p, "<td colspan=\"3\">");
	for (size_t i = 0; v && i < v->n_engineers; i++) {
		if (i)
			raw(p, "、");
		text(p, personal(v->engineers[i]->name));
	}
	raw(p, "</td></tr>");
}

static void report_part(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	const Weibao__V1__TicketReported *r = f->reported;
	raw(p, "<tr>");
	field(p, "处室", r ? r->place->office_name : NULL);
	field(p, "用户名称", r ? personal(r->direct_user_name) : NULL);
	raw(p, "</tr><tr>");
	field(p, "联系人", r ? personal(r->onsite_contact_name) : NULL);
	field(p, "联系电话", r ? personal(r->telephone) : NULL);
	raw(p, "</tr>");
	wide(p, "地址", r ? personal(r->place->address) : NULL, false);
	wide(p, "故障现象", r ? personal(r->symptom) : NULL, true);
	raw(p, "<tr>");
	field(p, "机型", f->model);
	field(p, "序列号", f->serial);
	raw(p, "</tr>");
}

static void time_part(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	const Weibao__V1__VisitRow *v = f->visit;
	bool on_form = v && v->form && v->form->has_completed_at;
	bool done = on_form || (v && v->has_completed_at);
	raw(p, "<tr>");
	time_field(p, "用户报修时间", f->reported != NULL, f->reported ? f->reported->reported_at : 0);
	time_field(p, "承诺上门时间", v != NULL, v ? v->promised_arrival_at : 0);
	raw(p, "</tr><tr>");
	time_field(p, "实际到达时间", v && v->has_arrived_at, v ? v->arrived_at : 0);
	time_field(p, "服务完成时间", done, !done ? 0 : v->has_completed_at ? v->completed_at : v->form->completed_at);
	raw(p, "</tr>");
}

static void work_part(struct page *p, const Weibao__V1__VisitRow *v)
{
	const Weibao__V1__FormFilled *w = v ? v->form : NULL;
	uint32_t on = 0;
	for (size_t i = 0; w && i < w->n_contents; i++)
		on |= 1u << w->contents[i];
	choice_row(p, "服务内容", contents, COUNT(contents), on);
	raw(p, "<tr>");
	label(p, "是否保修");
	raw(p, "<td>");
	boxes(p, yes_no, COUNT(yes_no), !w ? 0 : w->in_warranty ? 2 : 1);
	raw(p, "</td>");
	label(p, "收费情况");
	raw(p, "<td>");
	boxes(p, yes_no, COUNT(yes_no), !w ? 0 : w->chargeable ? 2 : 1);
	raw(p, "　金额：");
	if (w && w->has_amount_fen)
		rawf(p, "%u.%02u", NUMBER(w->amount_fen / 100), NUMBER(w->amount_fen % 100));
	raw(p, " 元</td></tr><tr>");
	label(p, "维修结果");
	raw(p, "<td colspan=\"3\">");
	boxes(p, results, COUNT(results), w ? 1u << w->result : 0);
	raw(p, "：");
	instant(p, w && w->has_second_visit_at, w ? w->second_visit_at : 0, MINUTE_CHARS);
	raw(p, "</td></tr>");
	wide(p, "解决方案", w ? personal(w->solution) : NULL, true);
}

static const char *statement_words(Weibao__V1__StatementKind kind)
{
	switch (kind) {
	case WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_BACKED_UP:
	case WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_UNSPECIFIED:
	case _WEIBAO__V1__STATEMENT_KIND_IS_INT_SIZE:
		break;
	case WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_NOTHING_TO_KEEP:
		return "硬盘上没有需要保留的数据，可以格式化硬盘。";
	case WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_UNREADABLE:
		return "硬盘数据无法读取，接受数据丢失，可以格式化硬盘。";
	}
	return "已将数据备份到指定存储设备上，可以格式化硬盘。";
}

static void named(struct page *p, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	raw(p, "　");
	raw(p, name);
	raw(p, "：");
	text(p, value);
}

static void signature_line(struct page *p, const Weibao__V1__Signature *s, bool has_at, int64_t at)
{
	static const char *const kinds[] = {"", "屏幕签字", "链接签字", "纸质签字"};
	bool known = s && s->kind >= 1 && s->kind <= 3;
	raw(p, "用户签字：");
	if (s) {
		text(p, personal(s->signer_name));
		if (strcmp(s->relation, "self") != 0)
			named(p, "与用户关系", s->relation);
		named(p, "见证人", personal(s->witness_name));
		named(p, "原件存放", s->original_at);
	}
	if (known)
		rawf(p, "（%s）", kinds[s->kind]);
	raw(p, "　日期：");
	instant(p, has_at, at, MINUTE_CHARS);
}

static void statement(struct page *p, const Weibao__V1__StatementRow *s)
{
	raw(p, "<tr>");
	label(p, "格式化确认");
	raw(p, "<td colspan=\"3\">");
	raw(p, statement_words(s ? s->shown->kind : WEIBAO__V1__STATEMENT_KIND__STATEMENT_KIND_BACKED_UP));
	raw(p, "\n硬盘：");
	text(p, s ? s->shown->disk : NULL);
	raw(p, "　存储设备：");
	text(p, s ? personal(s->shown->storage_device) : NULL);
	if (s)
		named(p, "已尝试", personal(s->shown->tried));
	raw(p, "\n");
	signature_line(p, s && s->consent ? s->consent->signature : NULL, s && s->consent,
	        s && s->consent ? s->consent->signed_at : 0);
	if (s && s->withdrawn)
		raw(p, "　（用户已撤回）");
	if (s && s->rejected)
		raw(p, "　（纸质签字未认可）");
	if (s && s->has_used_at) {
		raw(p, "　格式化时间：");
		instant(p, true, s->used_at, MINUTE_CHARS);
	}
	raw(p, "</td></tr>");
}

static void statements(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	for (size_t i = 0; i < f->n_statements; i++)
		statement(p, f->statements[i]);
	if (!f->n_statements)
		statement(p, NULL);
}

static void opinion_part(struct page *p, const Weibao__V1__ServiceFormAnswer *f)
{
	const Weibao__V1__FormSigned *s = f->visit ? f->visit->signed_ : NULL;
	bool old = s && s->revision != f->visit->form_revision;
	choice_row(p, "满意度", grades, COUNT(grades), s && s->has_grade ? 1u << s->grade : 0);
	wide(p, "意见和建议", s ? personal(s->opinions) : NULL, true);
	raw(p, "<tr>");
	label(p, "用户签字");
	raw(p, "<td colspan=\"3\" class=\"tall\">");
	signature_line(p, s ? s->signature : NULL, s != NULL, s ? s->signed_at : 0);
	if (old)
		rawf(p, "\n（此签字针对修改号 %u，最新修订尚未签字）", NUMBER(s->revision));
	if (f->shown && f->shown->paper_rejected)
		raw(p, "\n（纸质签字未认可）");
	raw(p, "</td></tr>");
}

static void grade_row(struct page *p, const char *name, bool has, int grade)
{
	raw(p, "<tr>");
	label(p, name);
	raw(p, "<td colspan=\"3\">");
	boxes(p, grades, COUNT(grades), has ? 1u << grade : 0);
	raw(p, "</td></tr>");
}

static void follow_up_part(struct page *p, const Weibao__V1__FollowUpRecorded *u)
{
	raw(p, "<table><caption>回访记录（安装、调试及服务）</caption>");
	grade_row(p, "质量", u != NULL, u ? (int)u->quality : 0);
	grade_row(p, "规范", u != NULL, u ? (int)u->conformity : 0);
	grade_row(p, "进度", u != NULL, u ? (int)u->progress : 0);
	grade_row(p, "态度", u != NULL, u ? (int)u->attitude : 0);
	raw(p, "<tr>");
	field(p, "回访人", u ? personal(u->caller_name) : NULL);
	time_field(p, "回访时间", u != NULL, u ? u->called_at : 0);
	raw(p, "</tr>");
	wide(p, "回访内容", u ? personal(u->record) : NULL, false);
	raw(p, "</table>");
}

/* ---- the page ---- */

struct wb_bytes form_page(struct wb_arena *a, const Weibao__V1__ServiceFormAnswer *f)
{
	struct page p = {.arena = a, .offset_us = f->has_offset_s ? f->offset_s * INT64_C(1000000) : 0};
	char hex[65];
	head(&p, f);
	raw(&p, "<table>");
	dispatch_part(&p, f->visit);
	report_part(&p, f);
	time_part(&p, f);
	work_part(&p, f->visit);
	statements(&p, f);
	opinion_part(&p, f);
	raw(&p, "</table>");
	follow_up_part(&p, f->follow_up);
	if (f->shown && f->shown->commitment.len == 32) {
		wb_hex(f->shown->commitment.data, 32, hex);
		rawf(&p, "<p class=\"small\">内容承诺值（修改号 %u，SHA-256）：%s</p>", NUMBER(f->shown->revision),
		        hex);
	}
	raw(&p, "</body></html>");
	return p.failed ? (struct wb_bytes){NULL, 0} : (struct wb_bytes){(const uint8_t *)p.text, p.len};
}

const char *form_policy(struct wb_arena *a)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];
	char base64[sodium_base64_ENCODED_LEN(SHA256_DIGEST_LENGTH, sodium_base64_VARIANT_ORIGINAL)];
	SHA256((const uint8_t *)style, sizeof style - 1, digest);
	sodium_bin2base64(base64, sizeof base64, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
	return wb_arena_fmt(a,
	        "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; "
	        "frame-ancestors 'self'",
	        base64);
}
