#include "services/reporting/search.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096u
#define COMPACT_MIN 1024u /* dead texts before they are swept out */

/* A text as it is compared: lower case, full width made half, whatever is no letter or digit a blank. */
struct doc {
	struct wb_id ticket;
	int64_t reported_at;
	uint32_t *text; /* code points, n of them; NULL: replaced or taken out */
	size_t n;
};
/* The texts that contain a pair of characters (second 0: the character alone), ascending. */
struct posting {
	struct posting *next;
	uint32_t first, second;
	uint32_t *docs;
	size_t n, cap;
};
struct slot { /* where a ticket's live text is */
	struct slot *next;
	struct wb_id ticket;
	uint32_t doc;
};
struct shelf { /* of one tenant */
	struct shelf *next;
	char *tenant;
	struct doc *docs;
	size_t n_docs, cap_docs, dead;
	struct posting *postings[BUCKETS];
	struct slot *slots[BUCKETS];
};
struct search {
	struct shelf *shelves;
};

/* All of it lives as long as the process keeps the cache: the heap's, not an arena's. */

struct search *rp_search_new(void)
{
	return calloc(1, sizeof(struct search));
}

static void postings_free(struct shelf *h)
{
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct posting *p = h->postings[i], *next; p; p = next) {
			next = p->next;
			free(p->docs);
			free(p);
		}
		h->postings[i] = NULL;
	}
}

static void shelf_free(struct shelf *h)
{
	postings_free(h);
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct slot *s = h->slots[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
	}
	for (size_t i = 0; i < h->n_docs; i++)
		free(h->docs[i].text);
	free(h->docs);
	free(h->tenant);
	free(h);
}

void rp_search_free(struct search *s)
{
	if (!s)
		return;
	for (struct shelf *h = s->shelves, *next; h; h = next) {
		next = h->next;
		shelf_free(h);
	}
	free(s);
}

/* ---- text ---- */

/* The next code point; the text is valid UTF-8, but whatever comes is gone through a byte at a time. */
static uint32_t code_point(const unsigned char **p)
{
	const unsigned char *s = *p;
	unsigned more = *s < 0xc0 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
	uint32_t c = *s < 0xc0 ? *s : *s & (0x3fu >> more);
	s++;
	for (; more && (*s & 0xc0) == 0x80; more--)
		c = (c << 6) | (*s++ & 0x3fu);
	*p = s;
	return c;
}

static uint32_t fold_letter(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e) /* full width */
		c -= 0xfee0;
	if (c >= 'A' && c <= 'Z')
		return c + ('a' - 'A');
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
		return c;
	if (c < 0x80 || (c >= 0x2000 && c <= 0x206f) || (c >= 0x3000 && c <= 0x303f) || (c >= 0xff00 && c <= 0xffef))
		return ' ';
	return c;
}

/* Characters as they are compared; blanks in a row are one, none at the ends. */
static size_t fold_text(const char *text, uint32_t *ret, size_t max)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t n = 0;
	while (*p && n < max) {
		uint32_t c = fold_letter(code_point(&p));
		if (c == ' ' && (n == 0 || ret[n - 1] == ' '))
			continue;
		ret[n++] = c;
	}
	return n > 0 && ret[n - 1] == ' ' ? n - 1 : n;
}

/* ---- the index ---- */

static size_t bucket_of(uint32_t first, uint32_t second)
{
	uint64_t h = ((uint64_t)first << 32 | second) * UINT64_C(0x9e3779b97f4a7c15);
	return (size_t)(h >> 40) % BUCKETS;
}

static struct posting *posting_find(const struct shelf *h, uint32_t first, uint32_t second)
{
	struct posting *p = h->postings[bucket_of(first, second)];
	while (p && (p->first != first || p->second != second))
		p = p->next;
	return p;
}

static bool posting_add(struct shelf *h, uint32_t first, uint32_t second, uint32_t doc)
{
	struct posting *p = posting_find(h, first, second);
	if (!p) {
		size_t at = bucket_of(first, second);
		p = calloc(1, sizeof *p);
		if (!p)
			return false;
		p->first = first;
		p->second = second;
		p->next = h->postings[at];
		h->postings[at] = p;
	}
	if (p->n > 0 && p->docs[p->n - 1] == doc)
		return true;
	if (p->n == p->cap) {
		size_t cap = p->cap ? p->cap + p->cap / 2 + 1 : 2;
		uint32_t *docs = realloc(p->docs, cap * sizeof *docs);
		if (!docs)
			return false;
		p->docs = docs;
		p->cap = cap;
	}
	p->docs[p->n++] = doc;
	return true;
}

static bool doc_index(struct shelf *h, uint32_t at)
{
	const struct doc *d = &h->docs[at];
	for (size_t i = 0; i < d->n; i++) {
		if (d->text[i] == ' ')
			continue;
		if (!posting_add(h, d->text[i], 0, at))
			return false;
		if (i + 1 < d->n && d->text[i + 1] != ' ' && !posting_add(h, d->text[i], d->text[i + 1], at))
			return false;
	}
	return true;
}

static struct slot **slot_find(struct shelf *h, struct wb_id ticket)
{
	struct slot **s = &h->slots[wb_be32_get(ticket.b + WB_ID_BYTES - 4) % BUCKETS];
	while (*s && !wb_id_equal((*s)->ticket, ticket))
		s = &(*s)->next;
	return s;
}

/* Sweeps out replaced texts: the live ones move up and are indexed anew. */
static bool compact(struct shelf *h)
{
	size_t kept = 0;
	postings_free(h);
	for (size_t i = 0; i < h->n_docs; i++) {
		if (!h->docs[i].text)
			continue;
		h->docs[kept] = h->docs[i];
		(*slot_find(h, h->docs[kept].ticket))->doc = (uint32_t)kept;
		kept++;
	}
	h->n_docs = kept;
	h->dead = 0;
	for (size_t i = 0; i < kept; i++)
		if (!doc_index(h, (uint32_t)i))
			return false;
	return true;
}

static struct shelf *shelf_of(const struct search *s, const char *tenant)
{
	struct shelf *h = s->shelves;
	while (h && strcmp(h->tenant, tenant) != 0)
		h = h->next;
	return h;
}

static struct shelf *shelf_make(struct search *s, const char *tenant)
{
	struct shelf *h = shelf_of(s, tenant);
	if (h)
		return h;
	h = calloc(1, sizeof *h);
	if (h)
		h->tenant = strdup(tenant);
	if (!h || !h->tenant) {
		free(h);
		return NULL;
	}
	h->next = s->shelves;
	s->shelves = h;
	return h;
}

static void forget(struct shelf *h, struct wb_id ticket)
{
	struct slot **at = slot_find(h, ticket), *s = *at;
	if (!s)
		return;
	struct doc *d = &h->docs[s->doc];
	memset(d->text, 0, d->n * sizeof *d->text);
	free(d->text);
	d->text = NULL;
	h->dead++;
	*at = s->next;
	free(s);
}

static bool doc_add(struct shelf *h, struct wb_id ticket, int64_t reported_at, const uint32_t *text, size_t n)
{
	if (h->n_docs == h->cap_docs) {
		size_t cap = h->cap_docs ? 2 * h->cap_docs : 64;
		struct doc *docs = realloc(h->docs, cap * sizeof *docs);
		if (!docs)
			return false;
		h->docs = docs;
		h->cap_docs = cap;
	}
	struct slot *s = calloc(1, sizeof *s), **at = slot_find(h, ticket);
	uint32_t *own = calloc(n, sizeof *own);
	if (!s || !own) {
		free(s);
		free(own);
		return false;
	}
	memcpy(own, text, n * sizeof *own);
	s->ticket = ticket;
	s->doc = (uint32_t)h->n_docs;
	*at = s;
	struct doc *d = &h->docs[h->n_docs++];
	d->ticket = ticket;
	d->reported_at = reported_at;
	d->text = own;
	d->n = n;
	return doc_index(h, s->doc);
}

bool rp_search_put(struct search *s, const char *tenant, struct wb_id ticket, int64_t reported_at, const char *text)
{
	struct shelf *h = shelf_make(s, tenant);
	uint32_t *folded = h ? calloc(SEARCH_TEXT_MAX, sizeof *folded) : NULL;
	if (!folded)
		return false;
	size_t n = fold_text(text, folded, SEARCH_TEXT_MAX);
	forget(h, ticket);
	bool done = n == 0 || doc_add(h, ticket, reported_at, folded, n);
	memset(folded, 0, SEARCH_TEXT_MAX * sizeof *folded);
	free(folded);
	return done && (h->dead < COMPACT_MIN || h->dead < h->n_docs / 2 || compact(h));
}

/* ---- finding ---- */

static bool contains(const struct doc *d, const uint32_t *term, size_t n)
{
	for (size_t i = 0; i + n <= d->n; i++)
		if (memcmp(d->text + i, term, n * sizeof *term) == 0)
			return true;
	return false;
}

static bool contains_all(const struct doc *d, const uint32_t *query, size_t n)
{
	size_t from = 0;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && query[i] != ' ')
			continue;
		if (!contains(d, query + from, i - from))
			return false;
		from = i + 1;
	}
	return true;
}

/* The pair of the query that fewest texts contain; NULL: one that none contains. */
static const struct posting *rarest(const struct shelf *h, const uint32_t *query, size_t n)
{
	const struct posting *best = NULL;
	for (size_t i = 0; i < n; i++) {
		if (query[i] == ' ')
			continue;
		bool last = i + 1 == n || query[i + 1] == ' ';
		if (last && i > 0 && query[i - 1] != ' ')
			continue; /* the pair before has it */
		const struct posting *p = posting_find(h, query[i], last ? 0 : query[i + 1]);
		if (!p)
			return NULL;
		if (!best || p->n < best->n)
			best = p;
	}
	return best;
}

static int newest_first(const void *pa, const void *pb)
{
	const struct search_hit *a = pa, *b = pb;
	if (a->reported_at != b->reported_at)
		return a->reported_at < b->reported_at ? 1 : -1;
	return memcmp(b->ticket.b, a->ticket.b, WB_ID_BYTES);
}

size_t rp_search_find(const struct search *s, const char *tenant, const char *query, struct wb_arena *a,
        const struct search_hit **ret)
{
	uint32_t folded[SEARCH_QUERY_MAX];
	const struct shelf *h = shelf_of(s, tenant);
	size_t n = fold_text(query, folded, SEARCH_QUERY_MAX), found = 0;
	const struct posting *p = h && n > 0 ? rarest(h, folded, n) : NULL;
	struct search_hit *hits =
	        p ? WB_ARENA_ARRAY(a, struct search_hit, p->n < SEARCH_HITS_MAX ? p->n : SEARCH_HITS_MAX) : NULL;
	*ret = hits;
	/* the newest texts first: past the limit the oldest are left out */
	for (size_t i = hits ? p->n : 0; i > 0 && found < SEARCH_HITS_MAX; i--) {
		const struct doc *d = &h->docs[p->docs[i - 1]];
		if (d->text && contains_all(d, folded, n))
			hits[found++] = (struct search_hit){d->reported_at, d->ticket};
	}
	if (found > 1)
		qsort(hits, found, sizeof *hits, newest_first);
	return found;
}
