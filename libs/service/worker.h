/*
 * One thread beside the loop for work that blocks (password hashes, files). Jobs run in order; done runs on the loop.
 * Bounded: WB_WORKER_JOBS waiting, then WB_ERR_FULL. Close lets the job under way end and drops the others.
 */
#ifndef WB_SERVICE_WORKER_H
#define WB_SERVICE_WORKER_H
#include "base/err.h"
#include <event2/event.h>

#define WB_WORKER_JOBS 256

struct wb_worker;
WB_MUST_CHECK enum wb_err wb_worker_open(struct event_base *base, struct wb_worker **ret);
void wb_worker_close(struct wb_worker *w); /* NULL is fine */
/* Errors: ERR_FULL. */
WB_MUST_CHECK enum wb_err wb_worker_run(
        struct wb_worker *w, void (*work)(void *job), void (*done)(void *job), void *job);
#endif
