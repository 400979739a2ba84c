#include "service/endpoints.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *host;
	int port;
} ports[] = {
        {"journal-append", "journal", 7101},
        {"journal-read", "journal", 7102},
        {"journal-feed", "journal", 7103},
        {"journal", "journal", 7104},
        {"intake", "intake", 7111},
        {"dispatch", "dispatch", 7112},
        {"sla-timer", "sla-timer", 7113},
        {"survey", "survey", 7114},
        {"reporting", "reporting", 7115},
        {"identity", "identity", 7116},
};

enum wb_err wb_endpoint(const char *prefix, const char *name, bool bind, char ret[static WB_ENDPOINT_BYTES])
{
	int n = -1;
	if (strncmp(prefix, "ipc://", 6) == 0) {
		size_t len = strlen(prefix);
		n = snprintf(ret, WB_ENDPOINT_BYTES, "%s%s%s", prefix, prefix[len - 1] == '/' ? "" : "/", name);
	} else if (strcmp(prefix, "tcp://") == 0) {
		for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
			if (strcmp(ports[i].name, name) == 0)
				n = snprintf(ret, WB_ENDPOINT_BYTES, "tcp://%s:%d", bind ? "0.0.0.0" : ports[i].host,
				        ports[i].port);
	}
	if (n < 0)
		return WB_ERR_INVALID;
	return n < WB_ENDPOINT_BYTES ? WB_OK : WB_ERR_LIMIT;
}
