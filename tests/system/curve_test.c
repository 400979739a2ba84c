/*
 * CURVE in a cell: the keys that weibao-ops makes, and programs that start with them. What a program says in its log is
 * waited for, nothing sleeps.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "bus/curve.h"
#include "service/endpoints.h"
#include "weibao/v1/bus.pb-c.h"

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define WAIT_MS 30000
#define PROGRAMS 4

struct program {
	pid_t pid;
	int log; /* the reading end */
	char text[65536];
	size_t len;
};

struct bed {
	char dir[64], keys[80], bus[96];
	struct program programs[PROGRAMS];
	size_t n;
};

static void path_of(const struct bed *b, const char *program, const char *file, char ret[static 160])
{
	assert_true(snprintf(ret, 160, "%s/%s/%s", b->keys, program, file) < 160);
}

static int setup(void **state)
{
	struct bed *b = calloc(1, sizeof *b);
	if (!b)
		return -1;
	(void)snprintf(b->dir, sizeof b->dir, "/tmp/weibao-curve-XXXXXX");
	if (!mkdtemp(b->dir)) {
		free(b);
		return -1;
	}
	(void)snprintf(b->keys, sizeof b->keys, "%s/keys", b->dir);
	(void)snprintf(b->bus, sizeof b->bus, "ipc://%s/run/", b->dir);
	(void)mkdir(b->bus + 6, 0700);
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct bed *b = *state;
	for (size_t i = 0; i < b->n; i++) {
		(void)kill(b->programs[i].pid, SIGKILL);
		(void)waitpid(b->programs[i].pid, NULL, 0);
		(void)close(b->programs[i].log);
	}
	(void)nftw(b->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(b);
	return 0;
}

/* ---- programs ---- */

static int make_keys(struct bed *b)
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		int nothing = open("/dev/null", O_WRONLY);
		(void)dup2(nothing, 1);
		(void)dup2(nothing, 2);
		execl(WB_BIN "/weibao-ops", "weibao-ops", "keys", "--dir", b->keys, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* keys_of: whose folder it is started with; NULL: without. */
static struct program *start(struct bed *b, const char *name, const char *keys_of)
{
	char binary[256], data[128], folder[160];
	int ends[2];
	struct program *p = &b->programs[b->n++];
	assert_true(b->n <= PROGRAMS);
	(void)snprintf(binary, sizeof binary, WB_BIN "/weibao-%s", name);
	(void)snprintf(data, sizeof data, "%s/%s", b->dir, name);
	(void)mkdir(data, 0700);
	path_of(b, keys_of ? keys_of : "", "", folder);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	p->pid = fork();
	if (p->pid == 0) {
		(void)dup2(ends[1], 1);
		(void)dup2(ends[1], 2);
		if (keys_of)
			execl(binary, binary, "--data", data, "--bus", b->bus, "--curve", folder, NULL);
		else
			execl(binary, binary, "--data", data, "--bus", b->bus, NULL);
		_exit(127);
	}
	(void)close(ends[1]);
	p->log = ends[0];
	return p;
}

/* Waits until the program has said so. */
static void said(struct program *p, const char *text)
{
	struct pollfd ready = {.fd = p->log, .events = POLLIN};
	while (!strstr(p->text, text)) {
		if (poll(&ready, 1, WAIT_MS) != 1)
			fail_msg("«%s» was not said: %s", text, p->text);
		ssize_t n = read(p->log, p->text + p->len, sizeof p->text - 1 - p->len);
		if (n <= 0)
			fail_msg("it ended without «%s»: %s", text, p->text);
		p->len += (size_t)n;
		p->text[p->len] = '\0';
	}
}

static int ended(struct program *p)
{
	int status = 0;
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->pid = fork(); /* something for the teardown to end */
	if (p->pid == 0)
		_exit(0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- the keys ---- */

static void read_all(const struct bed *b, const char *program, const char *file, char ret[static 4096])
{
	char path[160];
	path_of(b, program, file, path);
	FILE *f = fopen(path, "re");
	assert_non_null(f);
	size_t n = fread(ret, 1, 4095, f);
	ret[n] = '\0';
	(void)fclose(f);
}

static void keys_are_made_once_and_known_to_those_who_need_them(void **state)
{
	struct bed *b = *state;
	static const char *const all[] = {
	        "journal", "intake", "dispatch", "sla-timer", "survey", "reporting", "identity", "gateway"};
	char first[8][4096], text[4096], other[4096], path[160];
	struct stat st;
	assert_int_equal(make_keys(b), 0);
	for (size_t i = 0; i < 8; i++) {
		read_all(b, all[i], "key", first[i]);
		path_of(b, all[i], "key", path);
		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(first[i], first[j]);
	}
	read_all(b, "gateway", "intake.pub", text);
	read_all(b, "intake", "key.pub", other);
	assert_string_equal(text, other);
	/* nobody gets another's secret, the gateway listens to nobody and does not append */
	path_of(b, "gateway", "allow", path);
	assert_int_not_equal(stat(path, &st), 0);
	read_all(b, "journal", "allow", text);
	assert_non_null(strstr(text, "gateway feed\n"));
	assert_non_null(strstr(text, "survey append,read,feed\n"));
	read_all(b, "intake", "allow", text);
	assert_non_null(strstr(text, "gateway request\n"));
	assert_non_null(strstr(text, "survey request,keys\n"));
	assert_null(strstr(text, "intake"));
	/* again: nothing changes */
	assert_int_equal(make_keys(b), 0);
	for (size_t i = 0; i < 8; i++) {
		read_all(b, all[i], "key", text);
		assert_string_equal(text, first[i]);
	}
	/* one that was taken away is made anew, and the others learn of it */
	path_of(b, "intake", "key", path);
	assert_int_equal(unlink(path), 0);
	path_of(b, "intake", "key.pub", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(make_keys(b), 0);
	read_all(b, "intake", "key", text);
	assert_string_not_equal(text, first[1]);
	read_all(b, "gateway", "intake.pub", text);
	read_all(b, "intake", "key.pub", other);
	assert_string_equal(text, other);
	/* a secret that others can read is not taken for one */
	path_of(b, "survey", "key", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(make_keys(b), 1);
}

/* ---- a cell ---- */

/* Asks intake for keys of persons as the holder of that pair, saying that it is a service; the reply's status. */
static Weibao__V1__ReplyStatus ask_keys(struct bed *b, const char *keys_of)
{
	char path[160], endpoint[WB_ENDPOINT_BYTES];
	uint8_t head[8] = {0}, body[1024], nobody[16] = {0};
	static uint8_t reply[65536];
	int linger = 0, wait = WAIT_MS;
	struct wb_curve curve = {.role = WB_BUS_ROLE_REQUEST};
	Weibao__V1__KeysRequest k = WEIBAO__V1__KEYS_REQUEST__INIT;
	Weibao__V1__Request q = WEIBAO__V1__REQUEST__INIT;
	Weibao__V1__Principal who = WEIBAO__V1__PRINCIPAL__INIT;
	uint8_t inner[256];
	k.tenant = (char *)(uintptr_t) "acme";
	who.account_id = (ProtobufCBinaryData){sizeof nobody, nobody};
	who.home = (char *)(uintptr_t) "cell";
	who.service = (char *)(uintptr_t) "survey";
	q.operation = (char *)(uintptr_t) "KeysRequest";
	q.tenant = (char *)(uintptr_t) "acme";
	q.principal = &who;
	q.body = (ProtobufCBinaryData){protobuf_c_message_pack(&k.base, inner), inner};
	size_t len = protobuf_c_message_pack(&q.base, body);
	path_of(b, keys_of, "key", path);
	assert_int_equal(wb_curve_read(path, &curve.own), WB_OK);
	path_of(b, keys_of, "intake.pub", path);
	assert_int_equal(wb_curve_read_public(path, curve.server_key), WB_OK);
	assert_int_equal(wb_endpoint(b->bus, "intake", false, endpoint), WB_OK);
	void *ctx = zmq_ctx_new(), *s = zmq_socket(ctx, ZMQ_DEALER);
	assert_int_equal(zmq_setsockopt(s, ZMQ_LINGER, &linger, sizeof linger), 0);
	assert_int_equal(zmq_setsockopt(s, ZMQ_RCVTIMEO, &wait, sizeof wait), 0);
	assert_int_equal(wb_curve_apply(s, false, &curve), WB_OK);
	assert_int_equal(zmq_connect(s, endpoint), 0);
	assert_int_equal(zmq_send(s, head, sizeof head, ZMQ_SNDMORE), 8);
	assert_int_equal(zmq_send(s, body, len, 0), (int)len);
	assert_int_equal(zmq_recv(s, head, sizeof head, 0), 8);
	int n = zmq_recv(s, reply, sizeof reply, 0);
	assert_true(n > 0);
	(void)zmq_close(s);
	(void)zmq_ctx_term(ctx);
	Weibao__V1__Reply *r = weibao__v1__reply__unpack(NULL, (size_t)n, reply);
	assert_non_null(r);
	Weibao__V1__ReplyStatus status = r->status;
	weibao__v1__reply__free_unpacked(r, NULL);
	return status;
}

static void programs_with_their_keys_make_a_cell(void **state)
{
	struct bed *b = *state;
	assert_int_equal(make_keys(b), 0);
	(void)start(b, "journal", "journal");
	struct program *intake = start(b, "intake", "intake");
	struct program *identity = start(b, "identity", "identity");
	said(intake, "ready at position"); /* it has read, appended and heard the feed */
	said(identity, "ready at position");
	/* keys of persons are for services: what a peer says of itself does not count, its key does */
	assert_int_equal(ask_keys(b, "survey"), WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_OK);
	assert_int_equal(ask_keys(b, "gateway"), WEIBAO__V1__REPLY_STATUS__REPLY_STATUS_REFUSED);
}

static void a_key_opens_no_other_door(void **state)
{
	struct bed *b = *state;
	assert_int_equal(make_keys(b), 0);
	struct program *journal = start(b, "journal", "journal");
	(void)start(b, "identity", "gateway"); /* a known key, of one who may not append */
	said(journal, "service \\\"gateway\\\", role append");
}

static void an_unknown_key_is_refused(void **state)
{
	struct bed *b = *state;
	char path[160];
	assert_int_equal(make_keys(b), 0);
	struct program *journal = start(b, "journal", "journal");
	said(journal, "ready, incarnation");
	path_of(b, "identity", "key", path);
	assert_int_equal(unlink(path), 0);
	path_of(b, "identity", "key.pub", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(make_keys(b), 0); /* the journal runs on with what it has read */
	(void)start(b, "identity", "identity");
	said(journal, "service \\\"\\\", role");
}

static void without_sound_keys_nothing_starts(void **state)
{
	struct bed *b = *state;
	char path[160];
	assert_int_equal(ended(start(b, "identity", "identity")), 3);
	assert_int_equal(make_keys(b), 0);
	path_of(b, "identity", "journal.pub", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(ended(start(b, "identity", "identity")), 3);
	path_of(b, "journal", "key", path);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(ended(start(b, "journal", "journal")), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(keys_are_made_once_and_known_to_those_who_need_them, setup, teardown),
	        cmocka_unit_test_setup_teardown(programs_with_their_keys_make_a_cell, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_key_opens_no_other_door, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_unknown_key_is_refused, setup, teardown),
	        cmocka_unit_test_setup_teardown(without_sound_keys_nothing_starts, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
