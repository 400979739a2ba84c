#include "seal/personal.h"

#include <sodium.h>
#include <string.h>

/* ---- walking a message by its descriptor ---- */

static bool visit_field(ProtobufCMessage *m, const ProtobufCFieldDescriptor *f,
        bool (*visit)(void *ctx, Weibao__V1__Personal *p), void *ctx)
{
	const char *base = (const char *)m;
	if (f->type != PROTOBUF_C_TYPE_MESSAGE)
		return true;
	if (f->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t n;
		ProtobufCMessage **all;
		memcpy(&n, base + f->quantifier_offset, sizeof n);
		memcpy(&all, base + f->offset, sizeof all);
		for (size_t i = 0; i < n; i++)
			if (!wb_personal_visit(all[i], visit, ctx))
				return false;
		return true;
	}
	if (f->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		uint32_t which;
		memcpy(&which, base + f->quantifier_offset, sizeof which);
		if (which != f->id)
			return true;
	}
	ProtobufCMessage *sub;
	memcpy(&sub, base + f->offset, sizeof sub);
	return !sub || wb_personal_visit(sub, visit, ctx);
}

bool wb_personal_visit(ProtobufCMessage *m, bool (*visit)(void *ctx, Weibao__V1__Personal *p), void *ctx)
{
	if (m->descriptor == &weibao__v1__personal__descriptor)
		return visit(ctx, (Weibao__V1__Personal *)m);
	for (unsigned i = 0; i < m->descriptor->n_fields; i++)
		if (!visit_field(m, &m->descriptor->fields[i], visit, ctx))
			return false;
	return true;
}

static bool not_plain(void *ctx, Weibao__V1__Personal *p)
{
	(void)ctx;
	return p->value_case != WEIBAO__V1__PERSONAL__VALUE_PLAIN;
}

bool wb_personal_has_plain(const ProtobufCMessage *m)
{
	/* the walk gives out pointers to what it visits; this visitor only looks */
	return !wb_personal_visit((ProtobufCMessage *)(uintptr_t)m, not_plain, NULL);
}

/* ---- one field ---- */

#define BOUND_BYTES 128

/* What a box is bound to: tenant, subject, context, each with its length in front. False: something is malformed. */
static bool bind(const Weibao__V1__Personal *p, const char *tenant, uint8_t ret[BOUND_BYTES], size_t *ret_len)
{
	size_t tl = strlen(tenant);
	size_t context = p->has_context_id ? p->context_id.len : 0;
	if (tl > 64 || !p->has_subject_id || p->subject_id.len != WB_ID_BYTES || (context && context != WB_ID_BYTES))
		return false;
	ret[0] = (uint8_t)tl;
	memcpy(ret + 1, tenant, tl);
	memcpy(ret + 1 + tl, p->subject_id.data, WB_ID_BYTES);
	ret[1 + tl + WB_ID_BYTES] = (uint8_t)context;
	if (context)
		memcpy(ret + 2 + tl + WB_ID_BYTES, p->context_id.data, WB_ID_BYTES);
	*ret_len = 2 + tl + WB_ID_BYTES + context;
	return true;
}

static void key_for(const Weibao__V1__Personal *p, const uint8_t *key, uint8_t ret[WB_KEY32_BYTES])
{
	struct wb_id context;
	if (p->has_context_id && wb_id_from_bytes(p->context_id.data, p->context_id.len, &context))
		wb_key_of_context(key, context, ret);
	else
		memcpy(ret, key, WB_KEY32_BYTES);
}

enum wb_err wb_personal_seal(Weibao__V1__Personal *p, const char *tenant, const uint8_t key[static WB_KEY32_BYTES],
        const uint8_t nonce[static WB_BOX_NONCE_BYTES], struct wb_arena *a)
{
	uint8_t bound[BOUND_BYTES], k[WB_KEY32_BYTES];
	size_t bound_len, padded;
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_PLAIN || !p->plain || !bind(p, tenant, bound, &bound_len))
		return WB_ERR_INVALID;
	size_t len = strlen(p->plain), cap = len + WB_BOX_PAD_BYTES;
	uint8_t *box = wb_arena_alloc(a, WB_BOX_NONCE_BYTES + cap + WB_BOX_TAG_BYTES);
	if (!box)
		return WB_ERR_MEMORY;
	uint8_t *text = box + WB_BOX_NONCE_BYTES;
	memcpy(box, nonce, WB_BOX_NONCE_BYTES);
	memcpy(text, p->plain, len);
	if (sodium_pad(&padded, text, len, WB_BOX_PAD_BYTES, cap) != 0)
		return WB_ERR_CRYPTO;
	unsigned long long sealed = 0;
	key_for(p, key, k);
	int failed =
	        crypto_aead_xchacha20poly1305_ietf_encrypt(text, &sealed, text, padded, bound, bound_len, NULL, box, k);
	sodium_memzero(k, sizeof k);
	if (failed)
		return WB_ERR_CRYPTO;
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_BOX;
	p->box = (ProtobufCBinaryData){WB_BOX_NONCE_BYTES + (size_t)sealed, box};
	return WB_OK;
}

enum wb_err wb_personal_open(
        Weibao__V1__Personal *p, const char *tenant, const uint8_t key[static WB_KEY32_BYTES], struct wb_arena *a)
{
	uint8_t bound[BOUND_BYTES], k[WB_KEY32_BYTES];
	size_t bound_len, len;
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_BOX || !bind(p, tenant, bound, &bound_len) ||
	        p->box.len < WB_BOX_NONCE_BYTES + WB_BOX_PAD_BYTES + WB_BOX_TAG_BYTES)
		return WB_ERR_INVALID;
	char *text = wb_arena_alloc(a, p->box.len + 1);
	if (!text)
		return WB_ERR_MEMORY;
	unsigned long long opened = 0;
	key_for(p, key, k);
	int failed = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, &opened, NULL,
	        p->box.data + WB_BOX_NONCE_BYTES, p->box.len - WB_BOX_NONCE_BYTES, bound, bound_len, p->box.data, k);
	sodium_memzero(k, sizeof k);
	if (failed || sodium_unpad(&len, (unsigned char *)text, (size_t)opened, WB_BOX_PAD_BYTES) != 0)
		return WB_ERR_CRYPTO;
	text[len] = '\0';
	p->value_case = WEIBAO__V1__PERSONAL__VALUE_PLAIN;
	p->plain = text;
	return WB_OK;
}

/* ---- whole messages ---- */

struct pass {
	const char *tenant;
	struct wb_keys *keys;
	struct wb_random random;
	struct wb_arena *arena;
	struct wb_missing_keys *missing;
	bool lacking;
	enum wb_err err;
};

static enum wb_err note_missing(struct wb_missing_keys *m, struct wb_id subject, struct wb_arena *a)
{
	for (size_t i = 0; i < m->n; i++)
		if (wb_id_equal(m->subjects[i], subject))
			return WB_OK;
	if (m->n == m->capacity) {
		size_t capacity = m->capacity ? 2 * m->capacity : 8;
		struct wb_id *subjects = WB_ARENA_ARRAY(a, struct wb_id, capacity);
		if (!subjects)
			return WB_ERR_MEMORY;
		if (m->n)
			memcpy(subjects, m->subjects, m->n * sizeof *subjects);
		m->subjects = subjects;
		m->capacity = capacity;
	}
	m->subjects[m->n++] = subject;
	return WB_OK;
}

/* The state of whose key it is; ERR_INVALID without a subject. What is unknown is noted as missing. */
static enum wb_err key_of(struct pass *s, const Weibao__V1__Personal *p, enum wb_key_state *ret_state, uint8_t *ret_key)
{
	struct wb_id subject;
	if (!p->has_subject_id || !wb_id_from_bytes(p->subject_id.data, p->subject_id.len, &subject) ||
	        wb_id_is_zero(subject))
		return WB_ERR_INVALID;
	*ret_state = wb_keys_get(s->keys, s->tenant, subject, ret_key);
	if (*ret_state != WB_KEY_UNKNOWN)
		return WB_OK;
	s->lacking = true;
	return note_missing(s->missing, subject, s->arena);
}

static bool seal_one(void *ctx, Weibao__V1__Personal *p)
{
	struct pass *s = ctx;
	uint8_t key[WB_KEY32_BYTES], nonce[WB_BOX_NONCE_BYTES];
	enum wb_key_state state;
	if (p->from_tenant) {
		s->err = WB_ERR_INVALID;
		return false;
	}
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_PLAIN)
		return true;
	s->err = key_of(s, p, &state, key);
	if (s->err || state == WB_KEY_UNKNOWN)
		return s->err == WB_OK;
	if (state == WB_KEY_ERASED)
		s->random.fill(s->random.ctx, key, sizeof key);
	s->random.fill(s->random.ctx, nonce, sizeof nonce);
	s->err = wb_personal_seal(p, s->tenant, key, nonce, s->arena);
	sodium_memzero(key, sizeof key);
	return s->err == WB_OK;
}

static bool open_one(void *ctx, Weibao__V1__Personal *p)
{
	struct pass *s = ctx;
	uint8_t key[WB_KEY32_BYTES];
	enum wb_key_state state;
	if (p->value_case != WEIBAO__V1__PERSONAL__VALUE_BOX)
		return true;
	s->err = key_of(s, p, &state, key);
	if (s->err || state == WB_KEY_UNKNOWN)
		return s->err == WB_OK;
	if (state == WB_KEY_ERASED) {
		p->value_case = WEIBAO__V1__PERSONAL__VALUE_ERASED;
		p->erased = true;
		return true;
	}
	s->err = wb_personal_open(p, s->tenant, key, s->arena);
	sodium_memzero(key, sizeof key);
	return s->err == WB_OK;
}

enum wb_err wb_personal_seal_all(ProtobufCMessage *m, const char *tenant, struct wb_keys *keys, struct wb_random random,
        struct wb_arena *a, struct wb_missing_keys *missing)
{
	struct pass s = {.tenant = tenant, .keys = keys, .random = random, .arena = a, .missing = missing};
	wb_personal_visit(m, seal_one, &s);
	return s.err ? s.err : s.lacking ? WB_ERR_AGAIN : WB_OK;
}

enum wb_err wb_personal_open_all(ProtobufCMessage *m, const char *tenant, struct wb_keys *keys, struct wb_arena *a,
        struct wb_missing_keys *missing)
{
	struct pass s = {.tenant = tenant, .keys = keys, .arena = a, .missing = missing};
	wb_personal_visit(m, open_one, &s);
	return s.err ? s.err : s.lacking ? WB_ERR_AGAIN : WB_OK;
}
