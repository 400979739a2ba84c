/* replay: a service's own evolve over the log, into a scratch folder; its dump, and whether the running one is equal.
 */
#include "ops/audit/audit.h"
#include "service/projection.h"
#include "weibao/v1/envelope.pb-c.h"
#include "wire/unpack.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAGE 1000u
#define ARENA_BYTES ((size_t)256 << 20)
#define MAP_BYTES ((size_t)16 << 30)

/* What the running service says of itself: «position digest», or false. */
static bool ask_live(const char *address, uint64_t *ret_position, char ret_hex[static 65])
{
	static const char request[] = "GET /digest HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	const char *path = strncmp(address, "unix:", 5) == 0 ? address + 5 : address;
	char answer[2048];
	size_t len = 0;
	int fd = strlen(path) < sizeof to.sun_path ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return false;
	memcpy(to.sun_path, path, strlen(path) + 1);
	bool sent = connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
	            send(fd, request, sizeof request - 1, MSG_NOSIGNAL) == (ssize_t)sizeof request - 1;
	for (ssize_t n;
	        sent && len < sizeof answer - 1 && (n = recv(fd, answer + len, sizeof answer - 1 - len, 0)) > 0;)
		len += (size_t)n;
	(void)close(fd);
	answer[len] = '\0';
	const char *body = strstr(answer, "\r\n\r\n");
	char *end = NULL;
	*ret_position = body ? strtoull(body + 4, &end, 10) : 0;
	if (*ret_position == 0 || *end != ' ' || strspn(end + 1, "0123456789abcdef") != 64)
		return false;
	memcpy(ret_hex, end + 1, 64);
	ret_hex[64] = '\0';
	return true;
}

static int64_t recorded_at(const struct audit_record *r, struct wb_arena *a)
{
	ProtobufCMessage *m;
	if (wb_unpack(&weibao__v1__envelope__descriptor, r->bytes, a, &wb_unpack_record, &m) != WB_OK)
		return INT64_MIN; /* the fold will say what is wrong */
	return ((const Weibao__V1__Envelope *)m)->recorded_at;
}

static int fold(struct audit_source *s, const struct audit_options *o, struct wb_projection *p, uint64_t until)
{
	struct wb_arena a;
	struct audit_page page;
	enum wb_err err = WB_OK;
	bool over = false;
	wb_arena_init(&a, ARENA_BYTES);
	do {
		struct wb_record records[PAGE];
		size_t n = 0;
		wb_arena_reset(&a);
		err = audit_source_read(s, p->position + 1, PAGE, &a, &page);
		if (!err && !p->has_log)
			err = wb_projection_reset(p, page.log_id, page.incarnation);
		for (; !err && n < page.count && !over; n += !over) {
			over = (until && page.records[n].position > until) ||
			       (o->until_us != INT64_MAX && recorded_at(&page.records[n], &a) > o->until_us);
			records[n] = (struct wb_record){page.records[n].position, page.records[n].bytes};
		}
		if (!err && n)
			err = wb_projection_fold(p, records, n);
		if (isatty(2))
			(void)fprintf(stderr, "\r%llu of %llu ", (unsigned long long)p->position,
			        (unsigned long long)page.head);
	} while (!err && page.count && !over);
	wb_arena_done(&a);
	if (!err && page.damaged_position) {
		(void)fprintf(
		        stderr, "weibao-audit: position %llu is damaged\n", (unsigned long long)page.damaged_position);
		return AUDIT_DIFFERS;
	}
	if (!err)
		return AUDIT_FINE;
	(void)fprintf(
	        stderr, "weibao-audit: after position %llu: %s\n", (unsigned long long)p->position, wb_err_text(err));
	return err == WB_ERR_TIMEOUT || err == WB_ERR_IO ? AUDIT_UNREACHABLE : AUDIT_DIFFERS;
}

static void put_line(void *ctx, const char *text)
{
	(void)fprintf(ctx, "%s\n", text);
}

static int dump(struct wb_projection *p, const char *path)
{
	bool out = strcmp(path, "-") == 0;
	FILE *f = out ? stdout : fopen(path, "we");
	if (!f) {
		(void)fprintf(stderr, "weibao-audit: %s cannot be written\n", path);
		return AUDIT_UNREACHABLE;
	}
	enum wb_err err = wb_projection_dump(p, put_line, f);
	bool well = (out ? fflush(f) : fclose(f)) == 0;
	return !err && well ? AUDIT_FINE : AUDIT_UNREACHABLE;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	(void)flag;
	(void)f;
	return remove(path);
}

static int replay_into(
        struct audit_source *s, const struct audit_options *o, const struct wb_service *service, const char *dir)
{
	const struct wb_projection_options po = {.dir = dir, .map_bytes = MAP_BYTES, .scratch = true};
	uint64_t live_position = 0, until = o->position;
	char live[65] = "", hex[65];
	uint8_t digest[32];
	struct wb_projection p;
	if (o->compare && !ask_live(o->compare, &live_position, live)) {
		(void)fprintf(stderr, "weibao-audit: %s does not answer\n", o->compare);
		return AUDIT_UNREACHABLE;
	}
	if (o->compare)
		until = live_position;
	if (wb_projection_open(&p, service, &po) != WB_OK)
		return AUDIT_UNREACHABLE;
	int status = fold(s, o, &p, until);
	if (!status && wb_projection_digest(&p, digest) != WB_OK)
		status = AUDIT_UNREACHABLE;
	if (!status) {
		wb_hex(digest, sizeof digest, hex);
		(void)fprintf(o->dump && strcmp(o->dump, "-") == 0 ? stderr : stdout, "%s at position %llu: %s%s\n",
		        service->name, (unsigned long long)p.position, hex,
		        !o->compare              ? ""
		        : strcmp(hex, live) == 0 ? ", as the running one"
		                                 : ", and the running one differs");
	}
	if (!status && o->dump)
		status = dump(&p, o->dump);
	if (!status && o->compare && strcmp(hex, live) != 0)
		status = AUDIT_DIFFERS;
	wb_projection_close(&p);
	return status;
}

int audit_replay(struct audit_source *s, const struct audit_options *o, const struct wb_service *service)
{
	const char *tmp = getenv("TMPDIR");
	char dir[4096];
	if (snprintf(dir, sizeof dir, "%s/weibao-replay-XXXXXX", tmp ? tmp : "/tmp") >= (int)sizeof dir ||
	        !mkdtemp(dir)) {
		(void)fprintf(stderr, "weibao-audit: no folder to replay into\n");
		return AUDIT_UNREACHABLE;
	}
	int status = replay_into(s, o, service, dir);
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	return status;
}
