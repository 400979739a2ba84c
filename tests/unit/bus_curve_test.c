/* Who gets in: keys and their files, the allow table, and every way of being refused. */
#include "bus_fixture.h"
#include "bus/curve.h"
#include <pthread.h>
#include <sys/stat.h>

#define LONG_MS 60000

/* What the handler's thread refused. */
struct refusals {
	pthread_mutex_t lock;
	unsigned count;
	enum wb_zap_refusal why;
	char service[32], domain[32];
};

struct cell {
	struct fixture f;
	struct refusals refusals;
	struct wb_curve server, client;
	struct wb_zap_row rows[2];
	struct wb_zap *zap;
	struct echo echo;
};

static void note_refusal(
        void *ctx, enum wb_zap_refusal why, const char *service, const char *domain, const char *address)
{
	struct refusals *r = ctx;
	(void)address;
	pthread_mutex_lock(&r->lock);
	r->count++;
	r->why = why;
	(void)snprintf(r->service, sizeof(r->service), "%s", service);
	(void)snprintf(r->domain, sizeof(r->domain), "%s", domain);
	pthread_mutex_unlock(&r->lock);
}

/* A server for appends that lets intake in, and reporting only to read. */
static void cell_open(struct cell *cell, bool with_handler)
{
	memset(cell, 0, sizeof(*cell));
	fixture_open(&cell->f);
	assert_int_equal(pthread_mutex_init(&cell->refusals.lock, NULL), 0);
	assert_int_equal(wb_curve_generate(&cell->server.own), WB_OK);
	assert_int_equal(wb_curve_generate(&cell->client.own), WB_OK);
	cell->server.role = WB_BUS_ROLE_APPEND;
	memcpy(cell->client.server_key, cell->server.own.public_key, WB_CURVE_KEY_BYTES);
	struct wb_curve_pair other;
	assert_int_equal(wb_curve_generate(&other), WB_OK);
	cell->rows[0] = (struct wb_zap_row){.service = "reporting", .roles = WB_BUS_ROLE_READ | WB_BUS_ROLE_FEED};
	memcpy(cell->rows[0].public_key, other.public_key, WB_CURVE_KEY_BYTES);
	cell->rows[1] = (struct wb_zap_row){.service = "intake", .roles = WB_BUS_ROLE_APPEND | WB_BUS_ROLE_READ};
	memcpy(cell->rows[1].public_key, cell->client.own.public_key, WB_CURVE_KEY_BYTES);
	if (with_handler) {
		struct wb_zap_options zo = {cell->rows, 2, note_refusal, &cell->refusals};
		assert_int_equal(wb_zap_open(cell->f.bus, &zo, &cell->zap), WB_OK);
	}
	struct wb_server_options so = {.endpoint = "tcp://127.0.0.1:*", .curve = &cell->server};
	echo_open(&cell->f, &cell->echo, &so);
}

static void cell_close(struct cell *cell)
{
	wb_server_close(cell->echo.server);
	wb_zap_close(cell->zap);
	fixture_close(&cell->f);
	assert_int_equal(pthread_mutex_destroy(&cell->refusals.lock), 0);
}

/* One request under the given keys: how it ends within timeout_ms. */
static enum wb_err ask_as(struct cell *cell, const struct wb_curve *curve, int timeout_ms)
{
	struct outcome o = {0};
	struct wb_client *c;
	struct wb_client_options co = {.endpoint = wb_server_endpoint(cell->echo.server), .curve = curve};
	assert_int_equal(wb_client_open(cell->f.bus, cell->f.base, &co, &c), WB_OK);
	assert_int_equal(wb_client_send(c, 1, wb_bytes_str("hello"), timeout_ms, outcome_cb, &o), WB_OK);
	run_until(&cell->f, &o.ended, 1);
	wb_client_close(c);
	return o.errs[0];
}

/* Connects a bare DEALER and returns the first thing its monitor says about the handshake. */
static uint16_t handshake(struct cell *cell, const struct wb_curve *curve)
{
	void *ctx = wb_bus_context(cell->f.bus);
	int zero = 0, patience_ms = PATIENCE_S * 1000;
	void *raw = zmq_socket(ctx, ZMQ_DEALER);
	void *monitor = zmq_socket(ctx, ZMQ_PAIR);
	assert_true(raw && monitor);
	assert_int_equal(zmq_setsockopt(raw, ZMQ_LINGER, &zero, sizeof(zero)), 0);
	if (curve)
		assert_int_equal(wb_curve_apply(raw, false, curve), WB_OK);
	int events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
	             ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
	             ZMQ_EVENT_DISCONNECTED;
	assert_int_equal(zmq_socket_monitor(raw, "inproc://test-monitor", events), 0);
	assert_int_equal(zmq_setsockopt(monitor, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms)), 0);
	assert_int_equal(zmq_connect(monitor, "inproc://test-monitor"), 0);
	assert_int_equal(zmq_connect(raw, wb_server_endpoint(cell->echo.server)), 0);
	uint8_t frame[6];
	uint16_t event;
	assert_int_equal(zmq_recv(monitor, frame, sizeof(frame), 0), 6);
	memcpy(&event, frame, sizeof(event));
	assert_int_equal(zmq_socket_monitor(raw, NULL, 0), 0);
	assert_int_equal(zmq_close(raw), 0);
	assert_int_equal(zmq_close(monitor), 0);
	run_ready(&cell->f);
	return event;
}

static void a_known_service_with_the_role_gets_in_under_its_name(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, true);
	assert_int_equal(ask_as(&cell, &cell.client, LONG_MS), WB_OK);
	assert_string_equal(cell.echo.user, "intake");
	assert_int_equal(handshake(&cell, &cell.client), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(cell.refusals.count, 0);
	cell_close(&cell);
}

static void an_unknown_key_is_refused(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, true);
	struct wb_curve stranger = cell.client;
	assert_int_equal(wb_curve_generate(&stranger.own), WB_OK);
	assert_int_not_equal(handshake(&cell, &stranger), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(ask_as(&cell, &stranger, 100), WB_ERR_TIMEOUT);
	assert_int_equal(cell.echo.seen, 0);
	pthread_mutex_lock(&cell.refusals.lock);
	assert_true(cell.refusals.count >= 1);
	assert_int_equal(cell.refusals.why, WB_ZAP_UNKNOWN_KEY);
	assert_string_equal(cell.refusals.service, "");
	assert_string_equal(cell.refusals.domain, "append");
	pthread_mutex_unlock(&cell.refusals.lock);
	cell_close(&cell);
}

static void a_known_service_is_refused_where_it_has_no_role(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, true);
	wb_server_close(cell.echo.server);
	cell.server.role = WB_BUS_ROLE_KEYS;
	echo_open(&cell.f, &cell.echo,
	        &(struct wb_server_options){.endpoint = "tcp://127.0.0.1:*", .curve = &cell.server});
	assert_int_not_equal(handshake(&cell, &cell.client), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(ask_as(&cell, &cell.client, 100), WB_ERR_TIMEOUT);
	assert_int_equal(cell.echo.seen, 0);
	pthread_mutex_lock(&cell.refusals.lock);
	assert_int_equal(cell.refusals.why, WB_ZAP_WRONG_ROLE);
	assert_string_equal(cell.refusals.service, "intake");
	assert_string_equal(cell.refusals.domain, "keys");
	pthread_mutex_unlock(&cell.refusals.lock);
	cell_close(&cell);
}

static void a_plain_client_is_refused(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, true);
	assert_int_not_equal(handshake(&cell, NULL), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(ask_as(&cell, NULL, 100), WB_ERR_TIMEOUT);
	assert_int_equal(cell.echo.seen, 0);
	cell_close(&cell);
}

static void a_client_does_not_talk_to_another_server(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, true);
	struct wb_curve misled = cell.client;
	memcpy(misled.server_key, cell.rows[0].public_key, WB_CURVE_KEY_BYTES);
	assert_int_equal(ask_as(&cell, &misled, 100), WB_ERR_TIMEOUT);
	assert_int_equal(cell.echo.seen, 0);
	cell_close(&cell);
}

static void without_a_handler_nobody_gets_in(void **state)
{
	(void)state;
	struct cell cell;
	cell_open(&cell, false);
	assert_int_not_equal(handshake(&cell, &cell.client), ZMQ_EVENT_HANDSHAKE_SUCCEEDED);
	assert_int_equal(ask_as(&cell, &cell.client, 100), WB_ERR_TIMEOUT);
	assert_int_equal(cell.echo.seen, 0);
	cell_close(&cell);
}

static void a_context_has_one_handler_with_a_sound_table(void **state)
{
	(void)state;
	struct cell cell;
	struct wb_zap *second;
	cell_open(&cell, true);
	struct wb_zap_options zo = {cell.rows, 2, NULL, NULL};
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &second), WB_ERR_EXISTS);
	wb_zap_close(cell.zap);
	cell.zap = NULL;
	zo.row_count = WB_CURVE_ALLOW_MAX + 1;
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &second), WB_ERR_LIMIT);
	zo.row_count = 2;
	struct wb_zap_row good = cell.rows[1];
	cell.rows[1] = cell.rows[0];
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &second), WB_ERR_INVALID);
	cell.rows[1] = good;
	cell.rows[1].service[0] = '\0';
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &second), WB_ERR_INVALID);
	cell.rows[1] = good;
	cell.rows[1].public_key[39] = '\0';
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &second), WB_ERR_INVALID);
	cell.rows[1] = good;
	assert_int_equal(wb_zap_open(cell.f.bus, &zo, &cell.zap), WB_OK); /* after the first has gone */
	assert_int_equal(ask_as(&cell, &cell.client, LONG_MS), WB_OK);
	cell_close(&cell);
}

/* ---- files ---- */

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void key_files_are_private_and_checked(void **state)
{
	(void)state;
	struct fixture f;
	struct wb_curve_pair pair, other, read;
	struct stat st;
	char path[96], public_path[100], key[WB_CURVE_KEY_BYTES], text[256];
	fixture_open(&f);
	(void)snprintf(path, sizeof(path), "%s/key", f.dir);
	(void)snprintf(public_path, sizeof(public_path), "%s.pub", path);
	assert_int_equal(wb_curve_read(path, &read), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_curve_generate(&pair), WB_OK);
	assert_int_equal(wb_curve_generate(&other), WB_OK);
	assert_string_not_equal(pair.secret_key, other.secret_key);
	assert_int_equal(wb_curve_write(path, &pair), WB_OK);
	assert_int_equal(wb_curve_write(path, &other), WB_ERR_EXISTS);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(wb_curve_read(path, &read), WB_OK);
	assert_string_equal(read.public_key, pair.public_key);
	assert_string_equal(read.secret_key, pair.secret_key);
	assert_int_equal(wb_curve_read_public(public_path, key), WB_OK);
	assert_string_equal(key, pair.public_key);
	assert_int_equal(wb_curve_read_public(path, key), WB_OK);
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(wb_curve_read(path, &read), WB_ERR_DENIED);

	(void)snprintf(text, sizeof(text), "public %s\nsecret %s\n", pair.public_key, other.secret_key);
	write_file(path, text, 0600);
	assert_int_equal(wb_curve_read(path, &read), WB_ERR_MISMATCH);
	const char *bad[] = {"", "public\n", "public 123\nsecret 456\n", "secret x\n"};
	for (size_t i = 0; i < 4; i++) {
		write_file(path, bad[i], 0600);
		assert_int_equal(wb_curve_read(path, &read), WB_ERR_INVALID);
		assert_int_equal(wb_curve_read_public(path, key), WB_ERR_INVALID);
	}
	(void)snprintf(text, sizeof(text), "public %s\nsecret %s\nmore\n", pair.public_key, pair.secret_key);
	write_file(path, text, 0600);
	assert_int_equal(wb_curve_read(path, &read), WB_ERR_INVALID);
	assert_string_equal(read.secret_key, pair.secret_key); /* untouched by what failed */
	assert_int_equal(unlink(path) | unlink(public_path), 0);
	fixture_close(&f);
}

static void an_allow_file_is_read_strictly(void **state)
{
	(void)state;
	static struct wb_zap_row rows[WB_CURVE_ALLOW_MAX];
	struct fixture f;
	struct wb_curve_pair pair;
	size_t count = 77;
	char path[96], text[512];
	fixture_open(&f);
	(void)snprintf(path, sizeof(path), "%s/allow", f.dir);
	assert_int_equal(wb_zap_rows_read(path, rows, &count), WB_ERR_NOT_FOUND);
	assert_int_equal(wb_curve_generate(&pair), WB_OK);
	(void)snprintf(text, sizeof(text), "# who may what\n\n%s intake append,read,feed\n%s gateway request",
	        pair.public_key, pair.secret_key);
	write_file(path, text, 0600);
	assert_int_equal(wb_zap_rows_read(path, rows, &count), WB_OK);
	assert_int_equal(count, 2);
	assert_string_equal(rows[0].public_key, pair.public_key);
	assert_string_equal(rows[0].service, "intake");
	assert_int_equal(rows[0].roles, WB_BUS_ROLE_APPEND | WB_BUS_ROLE_READ | WB_BUS_ROLE_FEED);
	assert_string_equal(rows[1].service, "gateway");
	assert_int_equal(rows[1].roles, WB_BUS_ROLE_REQUEST);
	count = 77;
	const char *bad[] = {"%s intake\n", "%s intake all\n", "%s intake read,\n", "%s  read\n", "x%s intake read\n",
	        "%s intake read more\n", "%s a-service-name-that-is-far-too-long read\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *tail = strstr(bad[i], "%s") + 2;
		(void)snprintf(text, sizeof(text), "%.*s%s%s", (int)(tail - 2 - bad[i]), bad[i], pair.public_key, tail);
		write_file(path, text, 0600);
		assert_int_equal(wb_zap_rows_read(path, rows, &count), WB_ERR_INVALID);
	}
	assert_int_equal(count, 77);
	assert_int_equal(unlink(path), 0);
	fixture_close(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_known_service_with_the_role_gets_in_under_its_name),
	        cmocka_unit_test(an_unknown_key_is_refused),
	        cmocka_unit_test(a_known_service_is_refused_where_it_has_no_role),
	        cmocka_unit_test(a_plain_client_is_refused),
	        cmocka_unit_test(a_client_does_not_talk_to_another_server),
	        cmocka_unit_test(without_a_handler_nobody_gets_in),
	        cmocka_unit_test(a_context_has_one_handler_with_a_sound_table),
	        cmocka_unit_test(key_files_are_private_and_checked),
	        cmocka_unit_test(an_allow_file_is_read_strictly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
