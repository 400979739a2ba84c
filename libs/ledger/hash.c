#include "ledger/hash.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct wb_hasher {
	EVP_MD *md;
	EVP_MD_CTX *ctx;
};

enum wb_err wb_hasher_open(struct wb_hasher **ret_hasher)
{
	struct wb_hasher *h = calloc(1, sizeof *h);
	if (!h)
		return WB_ERR_MEMORY;
	h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
	h->ctx = EVP_MD_CTX_new();
	if (!h->md || !h->ctx || EVP_DigestInit_ex2(h->ctx, h->md, NULL) != 1) {
		wb_hasher_close(h);
		return WB_ERR_CRYPTO;
	}
	*ret_hasher = h;
	return WB_OK;
}

void wb_hasher_close(struct wb_hasher *h)
{
	if (!h)
		return;
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	free(h);
}

struct wb_hash wb_hasher_sum(struct wb_hasher *h, const struct wb_bytes *parts, size_t n)
{
	struct wb_hash out;
	unsigned len = 0;
	WB_ASSERT(EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1);
	for (size_t i = 0; i < n; i++)
		if (parts[i].len)
			WB_ASSERT(EVP_DigestUpdate(h->ctx, parts[i].data, parts[i].len) == 1);
	WB_ASSERT(EVP_DigestFinal_ex(h->ctx, out.b, &len) == 1 && len == sizeof out.b);
	return out;
}

bool wb_hash_equal(const struct wb_hash *a, const struct wb_hash *b)
{
	return memcmp(a->b, b->b, sizeof a->b) == 0;
}
