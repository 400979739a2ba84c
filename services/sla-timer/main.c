#include "service/host.h"
#include "services/sla-timer/sla-timer.h"

int main(int argc, char **argv)
{
	const struct wb_host_options options = {.service = &wb_sla_timer_service};
	return wb_host_run(argc, argv, &options);
}
