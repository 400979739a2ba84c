#include "service/host.h"
#include "services/survey/survey.h"

int main(int argc, char **argv)
{
	const struct wb_host_options options = {.service = &wb_survey_service};
	return wb_host_run(argc, argv, &options);
}
