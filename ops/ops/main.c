#include "ops/ops/ops.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name, *arguments, *what;
	int (*run)(int argc, char **argv);
} commands[] = {
        {"keys", "--dir DIR", "makes the CURVE keys of a cell that are missing, a folder for each program", ops_keys},
};

int main(int argc, char **argv)
{
	wb_log_init("ops", WB_LOG_INFO);
	for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof commands[0]; i++)
		if (strcmp(commands[i].name, argv[1]) == 0)
			return commands[i].run(argc - 1, argv + 1);
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
		(void)fprintf(stderr, "weibao-ops %s %s\n    %s\n", commands[i].name, commands[i].arguments,
		        commands[i].what);
	return 2;
}
