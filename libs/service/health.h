/* Health and metrics of a service over a small HTTP server of its own (not the product's gateway): see host.h. */
#ifndef WB_SERVICE_HEALTH_H
#define WB_SERVICE_HEALTH_H
#include "service/runtime.h"
#include <event2/event.h>

struct wb_health;
/* address: unix:PATH or HOST:PORT. name and rt must outlive it. */
WB_MUST_CHECK enum wb_err wb_health_open(
        struct event_base *base, const char *address, const char *name, struct wb_runtime *rt, struct wb_health **ret);
void wb_health_close(struct wb_health *h); /* NULL is fine */
/* Asks /readyz at address; true if the answer is 200. Blocking, at most 4 s for each step. */
bool wb_health_probe(const char *address);
#endif
