#include "service/worker.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
	void (*work)(void *job);
	void (*done)(void *job);
	void *arg;
};
struct ring {
	struct job jobs[WB_WORKER_JOBS];
	size_t head, n;
};
struct wb_worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct ring todo, ended;
	size_t under_way;
	bool stop, started;
	int fd;
	struct event *wake;
};

static void put(struct ring *r, struct job j)
{
	r->jobs[(r->head + r->n) % WB_WORKER_JOBS] = j;
	r->n++;
}

static struct job take(struct ring *r)
{
	struct job j = r->jobs[r->head];
	r->head = (r->head + 1) % WB_WORKER_JOBS;
	r->n--;
	return j;
}

static void *run(void *ctx)
{
	struct wb_worker *w = ctx;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->stop && w->todo.n == 0)
			pthread_cond_wait(&w->more, &w->lock);
		if (w->stop)
			break;
		struct job j = take(&w->todo);
		pthread_mutex_unlock(&w->lock);
		j.work(j.arg);
		pthread_mutex_lock(&w->lock);
		put(&w->ended, j);
		uint64_t one = 1;
		ssize_t n = write(w->fd, &one, sizeof one);
		(void)n; /* an eventfd takes it: the loop wakes */
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void on_wake(evutil_socket_t fd, short what, void *ctx)
{
	struct wb_worker *w = ctx;
	uint64_t count;
	(void)what;
	ssize_t n = read(fd, &count, sizeof count);
	(void)n;
	pthread_mutex_lock(&w->lock);
	while (w->ended.n) {
		struct job j = take(&w->ended);
		w->under_way--;
		pthread_mutex_unlock(&w->lock);
		j.done(j.arg);
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
}

enum wb_err wb_worker_open(struct event_base *base, struct wb_worker **ret)
{
	struct wb_worker *w = calloc(1, sizeof *w); /* the process's life */
	if (!w)
		return WB_ERR_MEMORY;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->more, NULL);
	w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	w->wake = w->fd < 0 ? NULL : event_new(base, w->fd, EV_READ | EV_PERSIST, on_wake, w);
	if (!w->wake || event_add(w->wake, NULL) != 0 || pthread_create(&w->thread, NULL, run, w) != 0) {
		wb_worker_close(w);
		return WB_ERR_IO;
	}
	w->started = true;
	*ret = w;
	return WB_OK;
}

void wb_worker_close(struct wb_worker *w)
{
	if (!w)
		return;
	if (w->started) {
		pthread_mutex_lock(&w->lock);
		w->stop = true;
		pthread_cond_signal(&w->more);
		pthread_mutex_unlock(&w->lock);
		pthread_join(w->thread, NULL);
	}
	if (w->wake)
		event_free(w->wake);
	if (w->fd >= 0)
		close(w->fd);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	free(w);
}

enum wb_err wb_worker_run(struct wb_worker *w, void (*work)(void *job), void (*done)(void *job), void *job)
{
	enum wb_err err = WB_ERR_FULL;
	pthread_mutex_lock(&w->lock);
	if (w->under_way < WB_WORKER_JOBS) { /* waiting, at work or ended: each ring has room for all */
		put(&w->todo, (struct job){work, done, job});
		w->under_way++;
		pthread_cond_signal(&w->more);
		err = WB_OK;
	}
	pthread_mutex_unlock(&w->lock);
	return err;
}
