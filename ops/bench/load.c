/*
 * HTTP load: CONNECTIONS kept alive, each with one request under way, for SECONDS.
 *
 *	weibao-bench-load PORT CONNECTIONS SECONDS FILE [IDS]
 *
 * FILE is a whole request, byte for byte; each {key} in it is replaced by a UUIDv7 of its own (the same length always),
 * {n} by a running number of 8 digits, {pick} by the next line of IDS (36 characters each). A connection that the
 * server ends with an answer is opened anew.
 *
 * Prints one JSON object: answers, those not 2xx, answers a second, p50 and p99 in microseconds. One thread, epoll; no
 * library between it and the socket, so that it is not what is measured.
 */
#include "base/bytes.h"
#include "base/id.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define SAMPLES (1u << 21)
#define ANSWER_MAX 65536
#define PICK_BYTES 37u /* with its end of line */
#define PICKS_MAX 65536u

struct connection {
	int fd;
	uint64_t sent_us;
	size_t got;
	char answer[ANSWER_MAX];
};
static char template_text[65536];
static size_t template_len;
static uint64_t counter, errors, answers;
static uint32_t *samples;
static char first_error[512];
static uint16_t server_port;
static int poll_fd;
static char *picks; /* ids of 36 characters, a line each */
static size_t pick_count;

static uint64_t now_us(clockid_t clock)
{
	struct timespec t;
	(void)clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void send_next(struct connection *c)
{
	static char text[sizeof template_text + 1024];
	size_t n = 0;
	uint8_t random[16];
	char id[WB_ID_TEXT_BYTES];
	counter++;
	for (size_t i = 0; i < template_len;) {
		if (strncmp(template_text + i, "{key}", 5) == 0) {
			if (getrandom(random, sizeof random, 0) != sizeof random)
				exit(1);
			wb_id_text(wb_id_v7((int64_t)now_us(CLOCK_REALTIME), random), id);
			memcpy(text + n, id, 36);
			n += 36;
			i += 5;
		} else if (strncmp(template_text + i, "{n}", 3) == 0) {
			n += (size_t)snprintf(text + n, 16, "%08llu", (unsigned long long)counter % 100000000);
			i += 3;
		} else if (pick_count && strncmp(template_text + i, "{pick}", 6) == 0) {
			memcpy(text + n, picks + counter % pick_count * PICK_BYTES, 36);
			n += 36;
			i += 6;
		} else
			text[n++] = template_text[i++];
	}
	c->got = 0;
	c->sent_us = now_us(CLOCK_MONOTONIC);
	if (send(c->fd, text, n, MSG_NOSIGNAL) != (ssize_t)n) {
		(void)fprintf(stderr, "weibao-bench-load: short send, errno %d\n", errno);
		exit(1);
	}
}

/* The whole answer is there: its head, and as many bytes as its Content-Length says. */
static bool complete(const struct connection *c)
{
	const char *end = memmem(c->answer, c->got, "\r\n\r\n", 4);
	const char *length = end ? strcasestr(c->answer, "\r\nContent-Length:") : NULL;
	if (!end || !length || length > end)
		return false;
	return c->got >= (size_t)(end + 4 - c->answer) + strtoul(length + 17, NULL, 10);
}

static void open_connection(struct connection *c)
{
	struct sockaddr_in to = {
	        .sin_family = AF_INET, .sin_port = htons(server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int one = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	        epoll_ctl(poll_fd, EPOLL_CTL_ADD, c->fd, &e) != 0) {
		(void)fprintf(stderr, "weibao-bench-load: cannot connect, errno %d\n", errno);
		exit(1);
	}
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void receive(struct connection *c)
{
	ssize_t n = recv(c->fd, c->answer + c->got, sizeof c->answer - 1 - c->got, 0);
	if (n <= 0) {
		(void)fprintf(stderr, "weibao-bench-load: the server closed a connection\n");
		exit(1);
	}
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (!complete(c))
		return;
	samples[answers++ % SAMPLES] = (uint32_t)(now_us(CLOCK_MONOTONIC) - c->sent_us);
	if (strncmp(c->answer, "HTTP/1.1 2", 10) != 0) {
		if (!errors++)
			(void)snprintf(first_error, sizeof first_error, "%.500s", c->answer);
	}
	/* a connection serves so many requests and no more */
	const char *last = strcasestr(c->answer, "\r\nConnection: close\r\n");
	if (last && last < strstr(c->answer, "\r\n\r\n")) {
		(void)close(c->fd);
		open_connection(c);
	}
	send_next(c);
}

static int by_value(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static bool read_picks(const char *path)
{
	FILE *f = fopen(path, "re");
	picks = f ? calloc(PICKS_MAX, PICK_BYTES) : NULL;
	pick_count = picks ? fread(picks, PICK_BYTES, PICKS_MAX, f) : 0;
	if (f)
		(void)fclose(f);
	return pick_count > 0;
}

int main(int argc, char **argv)
{
	static struct connection all[CONNECTIONS_MAX];
	struct epoll_event events[256];
	FILE *f = argc == 5 || argc == 6 ? fopen(argv[4], "re") : NULL;
	if (!f) {
		(void)fprintf(stderr, "usage: %s PORT CONNECTIONS SECONDS FILE [IDS]\n", argv[0]);
		return 2;
	}
	server_port = (uint16_t)strtoul(argv[1], NULL, 10);
	size_t connections = strtoul(argv[2], NULL, 10);
	uint64_t seconds = strtoul(argv[3], NULL, 10);
	template_len = fread(template_text, 1, sizeof template_text - 1, f);
	(void)fclose(f);
	if (argc == 6 && !read_picks(argv[5]))
		return 1;
	samples = calloc(SAMPLES, sizeof *samples);
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (!samples || poll_fd < 0 || connections == 0 || connections > CONNECTIONS_MAX)
		return 1;
	for (size_t i = 0; i < connections; i++)
		open_connection(&all[i]);
	uint64_t began = now_us(CLOCK_MONOTONIC), end = began + seconds * 1000000u;
	for (size_t i = 0; i < connections; i++)
		send_next(&all[i]);
	while (now_us(CLOCK_MONOTONIC) < end) {
		int n = epoll_wait(poll_fd, events, 256, 100);
		for (int i = 0; i < n; i++)
			receive(events[i].data.ptr);
	}
	uint64_t took = now_us(CLOCK_MONOTONIC) - began;
	size_t n = answers < SAMPLES ? answers : SAMPLES;
	qsort(samples, n, sizeof *samples, by_value);
	(void)printf("{\"answers\":%llu,\"errors\":%llu,\"per_second\":%.1f,\"p50_us\":%u,\"p99_us\":%u}\n",
	        (unsigned long long)answers, (unsigned long long)errors, (double)answers * 1e6 / (double)took,
	        n ? samples[n / 2] : 0, n ? samples[n * 99 / 100] : 0);
	if (errors)
		(void)fprintf(stderr, "%s\n", first_error);
	return errors ? 1 : 0;
}
