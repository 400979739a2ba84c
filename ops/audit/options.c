/* The command line. */
#include "ops/audit/audit.h"
#include "wire/time.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void audit_usage(const char *program)
{
	(void)fprintf(stderr,
	        "usage: %s COMMAND (--bus PREFIX | --log DIR) [OPTION…]\n"
	        "  tail [-n N] [--follow]          the last events\n"
	        "  show [--position P] [--tenant T] [--stream KIND[/UUID]] [--type T] [--actor UUID]\n"
	        "       [--from TIME] [--until TIME] [--limit N]\n"
	        "  verify [--json]                 chain, versions, trees, checkpoints\n"
	        "  replay SERVICE [--to POSITION | --until TIME] [--dump FILE] [--compare HEALTH-SOCKET]\n"
	        "PREFIX as the services' --bus (ipc://DIR/run/bus/); DIR: a copy of a journal's folder. TIME: RFC "
	        "3339.\n"
	        "exit status: 0 fine, 1 differs or damaged, 2 usage, 3 not to be reached\n",
	        program);
}

static bool wrong(const char *option, const char *value)
{
	(void)fprintf(stderr, "weibao-audit: %s: %s\n", option, value);
	return false;
}

static bool read_number(const char *option, const char *text, uint64_t *ret)
{
	char *end;
	*ret = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0' ? true : wrong(option, "not a number");
}

static bool read_time(const char *option, const char *text, int64_t *ret)
{
	return wb_time_parse(text, strlen(text), ret) == WB_OK ? true
	                                                       : wrong(option, "not a time (2026-11-23T08:00:00Z)");
}

static bool read_id(const char *option, const char *text, struct wb_id *ret)
{
	return wb_id_parse(text, strlen(text), ret) ? true : wrong(option, "not a UUID");
}

/* KIND or KIND/UUID; the kind is left in place. */
static bool read_stream(char *text, struct audit_options *o)
{
	char *slash = strchr(text, '/');
	if (slash) {
		*slash = '\0';
		o->has_stream_id = true;
		if (!read_id("--stream", slash + 1, &o->stream_id))
			return false;
	}
	o->stream_kind = text;
	return true;
}

static bool take(struct audit_options *o, int option, char *value)
{
	switch (option) {
	case 'b':
		o->bus = value;
		return true;
	case 'l':
		o->log = value;
		return true;
	case 'p':
		return read_number("--position", value, &o->position);
	case 't':
		o->tenant = value;
		return true;
	case 's':
		return read_stream(value, o);
	case 'y':
		o->type = value;
		return true;
	case 'a':
		o->has_actor = true;
		return read_id("--actor", value, &o->actor);
	case 'F':
		return read_time("--from", value, &o->from_us);
	case 'U':
		return read_time("--until", value, &o->until_us);
	case 'n':
		return read_number("--limit", value, &o->limit);
	case 'f':
		o->follow = true;
		return true;
	case 'j':
		o->json = true;
		return true;
	case 'd':
		o->dump = value;
		return true;
	case 'c':
		o->compare = value;
		return true;
	case 'h':
		o->help = true;
		return true;
	default: /* getopt has said what is wrong */
		return false;
	}
}

static bool complete(struct audit_options *o, int argc, char **argv)
{
	static const char *const commands[] = {"tail", "show", "verify", "replay"};
	bool known = false;
	for (size_t i = 0; o->command && i < sizeof commands / sizeof commands[0]; i++)
		known = known || strcmp(o->command, commands[i]) == 0;
	if (!known)
		return wrong(o->command ? o->command : "command", "give tail, show, verify or replay");
	bool replay = strcmp(o->command, "replay") == 0;
	if (replay && optind < argc)
		o->service = argv[optind++];
	if (replay && !o->service)
		return wrong("replay", "name the service");
	if (optind < argc)
		return wrong(argv[optind], "not expected here");
	if (!o->bus == !o->log)
		return wrong("source", "give --bus or --log");
	if (o->log && (o->follow || o->compare))
		return wrong("--log", "a copy of a log neither follows nor runs");
	return true;
}

bool audit_options_read(int argc, char **argv, struct audit_options *o)
{
	static const struct option longs[] = {{"bus", 1, NULL, 'b'}, {"log", 1, NULL, 'l'}, {"position", 1, NULL, 'p'},
	        {"to", 1, NULL, 'p'}, {"tenant", 1, NULL, 't'}, {"stream", 1, NULL, 's'}, {"type", 1, NULL, 'y'},
	        {"actor", 1, NULL, 'a'}, {"from", 1, NULL, 'F'}, {"until", 1, NULL, 'U'}, {"limit", 1, NULL, 'n'},
	        {"follow", 0, NULL, 'f'}, {"json", 0, NULL, 'j'}, {"dump", 1, NULL, 'd'}, {"compare", 1, NULL, 'c'},
	        {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	*o = (struct audit_options){.from_us = INT64_MIN, .until_us = INT64_MAX};
	if (argc > 1 && argv[1][0] != '-') {
		o->command = argv[1];
		optind = 2;
	} else {
		optind = 1;
	}
	for (int c; (c = getopt_long(argc, argv, "n:fh", longs, NULL)) != -1;)
		if (!take(o, c, optarg))
			return false;
	return o->help || complete(o, argc, argv);
}
