#include "service/keyring_port.h"
#include "seal/keyring.h"

static Weibao__V1__KeyState state_of(enum wb_key_state s)
{
	switch (s) {
	case WB_KEY_KNOWN:
		return WEIBAO__V1__KEY_STATE__KEY_STATE_KNOWN;
	case WB_KEY_ERASED:
		return WEIBAO__V1__KEY_STATE__KEY_STATE_ERASED;
	case WB_KEY_UNKNOWN:
		break;
	}
	return WEIBAO__V1__KEY_STATE__KEY_STATE_UNKNOWN;
}

static enum wb_err ring_get(void *ctx, const char *tenant, struct wb_id subject, bool create,
        Weibao__V1__KeyState *ret_state, uint8_t ret_key[32])
{
	enum wb_key_state s;
	enum wb_err err = wb_keyring_get(ctx, tenant, subject, create, &s, ret_key);
	if (!err)
		*ret_state = state_of(s);
	return err;
}

static enum wb_err ring_erase(void *ctx, const char *tenant, struct wb_id subject)
{
	return wb_keyring_erase(ctx, tenant, subject);
}

struct each {
	bool (*visit)(
	        void *vctx, const char *tenant, struct wb_id subject, Weibao__V1__KeyState state, const uint8_t *key);
	void *vctx;
};

static bool ring_one(void *ctx, const char *tenant, struct wb_id subject, enum wb_key_state state, const uint8_t *key)
{
	struct each *e = ctx;
	return e->visit(e->vctx, tenant, subject, state_of(state), key);
}

static enum wb_err ring_all(void *ctx,
        bool (*visit)(
                void *vctx, const char *tenant, struct wb_id subject, Weibao__V1__KeyState state, const uint8_t *key),
        void *vctx)
{
	struct each e = {visit, vctx};
	return wb_keyring_each(ctx, ring_one, &e);
}

enum wb_err wb_keyring_port_open(const char *dir, struct wb_keyring_port *ret_port)
{
	struct wb_keyring *ring;
	enum wb_err err = wb_keyring_open(dir, &ring);
	if (!err)
		*ret_port = (struct wb_keyring_port){ring_get, ring_erase, ring_all, ring};
	return err;
}

void wb_keyring_port_close(struct wb_keyring_port *port)
{
	wb_keyring_close(port->ctx);
	port->ctx = NULL;
}
