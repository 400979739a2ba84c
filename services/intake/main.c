#include "service/host.h"
#include "service/keyring_port.h"
#include "services/intake/intake.h"

int main(int argc, char **argv)
{
	const struct wb_host_options options = {
	        .service = &wb_intake_service,
	        .keyring_open = wb_keyring_port_open,
	        .keyring_close = wb_keyring_port_close,
	};
	return wb_host_run(argc, argv, &options);
}
