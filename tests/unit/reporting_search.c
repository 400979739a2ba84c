/* Reporting's full text: the index by itself, and through the queries with their scopes. */
#include "services/reporting/search.h"
#include "tests/unit/reporting_story.h"

#include <stdio.h>
#include <string.h>

struct rig {
	struct search *s;
	struct wb_arena a;
};

static struct rig rig_open(void)
{
	struct rig r = {.s = rp_search_new()};
	assert_non_null(r.s);
	wb_arena_init(&r.a, (size_t)1 << 24);
	return r;
}

static void rig_close(struct rig *r)
{
	rp_search_free(r->s);
	wb_arena_done(&r->a);
}

static void put(struct rig *r, const char *tenant, const char *ticket, int64_t at, const char *text)
{
	assert_true(rp_search_put(r->s, tenant, bed_id(ticket), at, text));
}

static size_t find(struct rig *r, const char *tenant, const char *query, const struct search_hit **ret)
{
	return rp_search_find(r->s, tenant, query, &r->a, ret);
}

static void finds_chinese_by_pairs(void **state)
{
	struct rig r = rig_open();
	const struct search_hit *h;
	(void)state;
	put(&r, "a", "one", 1, "打印机卡纸，无法打印");
	put(&r, "a", "two", 2, "显示器黑屏");
	put(&r, "a", "three", 3, "打字机印台");
	assert_int_equal(find(&r, "a", "打印机", &h), 1);
	assert_true(wb_id_equal(h[0].ticket, bed_id("one")));
	assert_int_equal(find(&r, "a", "屏", &h), 1);
	assert_int_equal(find(&r, "a", "打", &h), 2);
	assert_int_equal(h[0].reported_at, 3);
	/* the pairs are there, the word is not: 打印 and 印台 in two texts */
	assert_int_equal(find(&r, "a", "打印台", &h), 0);
	assert_int_equal(find(&r, "a", "卡纸 无法", &h), 1);
	assert_int_equal(find(&r, "a", "卡纸无法", &h), 0); /* a comma stands between */
	assert_int_equal(find(&r, "a", "卡纸 黑屏", &h), 0);
	rig_close(&r);
}

static void folds_case_and_width(void **state)
{
	struct rig r = rig_open();
	const struct search_hit *h;
	(void)state;
	put(&r, "a", "one", 1, "ThinkPad Ｔ１４ SN-9F3K");
	assert_int_equal(find(&r, "a", "thinkpad t14", &h), 1);
	assert_int_equal(find(&r, "a", "ＴＨＩＮＫ", &h), 1);
	assert_int_equal(find(&r, "a", "9f3", &h), 1);
	assert_int_equal(find(&r, "a", "9f4", &h), 0);
	assert_int_equal(find(&r, "a", "", &h), 0);
	assert_int_equal(find(&r, "a", " ,。", &h), 0);
	rig_close(&r);
}

static void tenants_are_apart_and_texts_replaced(void **state)
{
	struct rig r = rig_open();
	const struct search_hit *h;
	(void)state;
	put(&r, "a", "one", 1, "网络不通");
	put(&r, "b", "two", 2, "网络不通");
	assert_int_equal(find(&r, "a", "网络", &h), 1);
	assert_true(wb_id_equal(h[0].ticket, bed_id("one")));
	assert_int_equal(find(&r, "c", "网络", &h), 0);
	put(&r, "a", "one", 1, "病毒");
	assert_int_equal(find(&r, "a", "网络", &h), 0);
	assert_int_equal(find(&r, "a", "病毒", &h), 1);
	put(&r, "a", "one", 1, "");
	assert_int_equal(find(&r, "a", "病毒", &h), 0);
	rig_close(&r);
}

static void sweeps_without_losing(void **state)
{
	struct rig r = rig_open();
	const struct search_hit *h;
	char text[64];
	(void)state;
	put(&r, "a", "still", 7, "不动的一条");
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(text, sizeof text, "第%d次修改", i);
		put(&r, "a", "busy", 1, text);
	}
	assert_int_equal(find(&r, "a", "不动", &h), 1);
	assert_int_equal(find(&r, "a", "第4999次", &h), 1);
	assert_int_equal(find(&r, "a", "第4998次", &h), 0);
	assert_int_equal(find(&r, "a", "修改", &h), 1);
	rig_close(&r);
}

static const Weibao__V1__SearchTicketsAnswer *ask(struct bed *b, const char *text)
{
	Weibao__V1__SearchTickets q = WEIBAO__V1__SEARCH_TICKETS__INIT;
	q.text = (char *)(uintptr_t)text;
	return (const Weibao__V1__SearchTicketsAnswer *)bed_query(b, ACME, &q.base);
}

static void tickets_by_their_texts(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	(void)state;
	given_ticket_of(b, ACME, "t1", "A-1", "王芳", &(struct ticket_story){.symptom = "打印机卡纸"});
	given_ticket_of(b, "other", "x1", "X-1", "王芳", &(struct ticket_story){.symptom = "打印机卡纸"});
	assert_null(ask(b, "打印机")); /* as a replay: there is no cache */
	assert_string_equal(bed_refusal(b), "UNAVAILABLE");
	bed_cache(b);
	bed_pass(b, WB_MINUTE_US);
	given_ticket_of(b, ACME, "t2", "A-2", "李明", &(struct ticket_story){.symptom = "打印机不开机"});
	const Weibao__V1__SearchTicketsAnswer *r = ask(b, "打印机");
	assert_int_equal(r->n_tickets, 2);
	assert_string_equal(r->tickets[0]->number, "A-2");
	assert_string_equal(r->tickets[1]->number, "A-1");
	assert_int_equal(ask(b, "王芳")->n_tickets, 1);
	assert_int_equal(ask(b, "a-2")->n_tickets, 1);
	given_phone_solved(b, "t2", "eve", "重新插上电源线");
	assert_int_equal(ask(b, "电源")->n_tickets, 1);
	/* what is found is filtered for who asks */
	bed_as(b, WB_ROLE(USER), bed_id("李明"));
	r = ask(b, "打印机");
	assert_int_equal(r->n_tickets, 1);
	assert_string_equal(r->tickets[0]->number, "A-2");
	bed_close(b);
}

static void pages_and_filters(void **state)
{
	struct bed *b = bed_open(&wb_reporting_service);
	Weibao__V1__ListTickets q = WEIBAO__V1__LIST_TICKETS__INIT;
	const Weibao__V1__ListTicketsAnswer *r;
	char number[16], name[16];
	size_t seen = 0;
	(void)state;
	bed_cache(b);
	for (int i = 0; i < 7; i++) {
		(void)snprintf(name, sizeof name, "t%d", i);
		(void)snprintf(number, sizeof number, "A-%d", i);
		/* two at a time: the order within one instant must hold over pages */
		if (i % 2)
			bed_pass(b, WB_MINUTE_US);
		given_ticket_of(
		        b, ACME, name, number, "ann", &(struct ticket_story){.symptom = "蓝屏", .urgent = i % 2 == 0});
	}
	q.text = (char *)(uintptr_t) "蓝屏";
	q.has_limit = true;
	q.limit = 2;
	do {
		r = (const Weibao__V1__ListTicketsAnswer *)bed_query(b, ACME, &q.base);
		assert_non_null(r);
		seen += r->n_tickets;
		q.cursor = r->next_cursor;
	} while (q.cursor && seen < 100);
	assert_int_equal(seen, 7);
	q.has_limit = false;
	q.has_urgency = true;
	q.urgency = WEIBAO__V1__URGENCY__URGENCY_URGENT;
	r = (const Weibao__V1__ListTicketsAnswer *)bed_query(b, ACME, &q.base);
	assert_int_equal(r->n_tickets, 4);
	bed_close(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(finds_chinese_by_pairs),
	        cmocka_unit_test(folds_case_and_width),
	        cmocka_unit_test(tenants_are_apart_and_texts_replaced),
	        cmocka_unit_test(sweeps_without_losing),
	        cmocka_unit_test(tickets_by_their_texts),
	        cmocka_unit_test(pages_and_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
