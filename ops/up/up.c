/*
 * weibao-up: a small supervisor for a cell on one machine, without containers.
 *
 *   weibao-up --data DIR --listen ADDRESS:PORT [--tls ADDRESS:PORT] [--empty]
 *
 * Starts every process of the cell on ipc endpoints, each with a folder of its own in DIR and its log in DIR/log,
 * starts one that died again (process.h), and ends all of them on SIGTERM or SIGINT: the gateway first, the journal
 * last, so that what is under way can still be answered. DIR/kind says demo or real and never changes.
 * --empty refuses a demo folder. Exit status: 0 stopped, 2 usage, 3 cannot start.
 */
#include "ops/up/process.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_STEP_US INT64_C(8000000) /* for the gateway, the services, the journal: each */
#define TICK_NS 50000000L
/* sockaddr_un has 108 bytes; the longest name is /journal-append */
#define IPC_DIR_BYTES_MAX 90

enum { JOURNAL, IDENTITY, INTAKE, DISPATCH, SLA_TIMER, SURVEY, REPORTING, GATEWAY, PROCESSES };
static const char *const names[PROCESSES] = {
        "journal", "identity", "intake", "dispatch", "sla-timer", "survey", "reporting", "gateway"};

struct up {
	const char *data, *listen, *tls;
	bool empty, demo, help;
	char programs[PATH_MAX], logs[PATH_MAX], ipc[PATH_MAX], prefix[PATH_MAX + 8];
	char folders[PROCESSES][PATH_MAX], health[PROCESSES][PATH_MAX + 8];
	bool ipc_is_ours; /* a folder of this run alone, removed at the end */
	struct process all[PROCESSES];
};

static int64_t now_us(void)
{
	struct wb_clock c = wb_clock_system();
	return c.boot_us(c.ctx);
}

static bool path(char ret[static PATH_MAX], const char *dir, const char *name)
{
	return snprintf(ret, PATH_MAX, "%s/%s", dir, name) < PATH_MAX;
}

static bool folder(const char *dir)
{
	if (mkdir(dir, 0700) == 0 || errno == EEXIST)
		return true;
	wb_log(WB_LOG_ERROR, NULL, "%s cannot be made: errno %d", dir, errno);
	return false;
}

/* demo or real; false: no data folder of ours, or not the kind asked for. */
static bool read_kind(struct up *u)
{
	char file[PATH_MAX], kind[16] = "";
	FILE *f = path(file, u->data, "kind") ? fopen(file, "re") : NULL;
	if (f && !fgets(kind, sizeof kind, f))
		kind[0] = '\0';
	if (f)
		(void)fclose(f);
	kind[strcspn(kind, "\n")] = '\0';
	u->demo = strcmp(kind, "demo") == 0;
	if (!u->demo && strcmp(kind, "real") != 0) {
		wb_log(WB_LOG_ERROR, NULL, "%s is not a data folder: its file kind must say demo or real", u->data);
		return false;
	}
	if (u->demo && u->empty) {
		wb_log(WB_LOG_ERROR, NULL, "%s is a demo folder and stays one", u->data);
		return false;
	}
	return true;
}

/* Where the sockets are: in the data folder, or where its path is too long for a socket, in a folder for this run. */
static bool make_ipc(struct up *u)
{
	char run[PATH_MAX];
	if (!path(run, u->data, "run") || !folder(run) || !path(u->ipc, run, "bus"))
		return false;
	if (strlen(u->ipc) > IPC_DIR_BYTES_MAX) {
		const char *tmp = getenv("XDG_RUNTIME_DIR");
		if (snprintf(u->ipc, sizeof u->ipc, "%s/weibao-XXXXXX", tmp && strlen(tmp) < 60 ? tmp : "/tmp") < 0 ||
		        !mkdtemp(u->ipc))
			return false;
		u->ipc_is_ours = true;
	} else if (!folder(u->ipc))
		return false;
	return snprintf(u->prefix, sizeof u->prefix, "ipc://%s/", u->ipc) < (int)sizeof u->prefix;
}

/* One supervisor a data folder: two would start two of everything. The lock goes with the process. */
static bool lock(const struct up *u)
{
	char file[PATH_MAX];
	FILE *f = path(file, u->data, "run/lock") ? fopen(file, "ae") : NULL;
	if (f && flock(fileno(f), LOCK_EX | LOCK_NB) == 0)
		return true; /* kept open until the end */
	wb_log(WB_LOG_ERROR, NULL, "another weibao-up runs on %s", u->data);
	if (f)
		(void)fclose(f);
	return false;
}

static void arguments(struct up *u, int i)
{
	struct process *p = &u->all[i];
	size_t n = 0;
	p->name = names[i];
	p->arguments[n++] = "--data";
	p->arguments[n++] = u->folders[i];
	p->arguments[n++] = "--bus";
	p->arguments[n++] = u->prefix;
	if (i == GATEWAY) {
		p->arguments[n++] = "--listen";
		p->arguments[n++] = u->listen;
		if (u->tls) {
			p->arguments[n++] = "--tls";
			p->arguments[n++] = u->tls;
		}
		if (u->demo)
			p->arguments[n++] = "--demo";
		return;
	}
	p->arguments[n++] = "--health";
	p->arguments[n++] = u->health[i];
}

static bool prepare(struct up *u)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n <= 0)
		return false;
	self[n] = '\0';
	(void)snprintf(u->programs, sizeof u->programs, "%s", dirname(self));
	if (!read_kind(u) || !path(u->logs, u->data, "log") || !folder(u->logs) || !make_ipc(u) || !lock(u))
		return false;
	for (int i = 0; i < PROCESSES; i++) {
		if (!path(u->folders[i], u->data, names[i]) || !folder(u->folders[i]))
			return false;
		if (snprintf(u->health[i], sizeof u->health[i], "unix:%s/%s.health", u->ipc, names[i]) >=
		        (int)sizeof u->health[i])
			return false;
		arguments(u, i);
	}
	return true;
}

static void reap(struct up *u)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
		for (int i = 0; i < PROCESSES; i++)
			if (u->all[i].pid == pid)
				process_ended(&u->all[i], status, now_us());
}

static void start_due(struct up *u)
{
	int64_t now = now_us();
	for (int i = 0; i < PROCESSES; i++) {
		struct process *p = &u->all[i];
		if (!p->pid && !p->given_up && p->again_us <= now && process_start(p, u->programs, u->logs, now))
			wb_log(WB_LOG_INFO, NULL, "%s started as %d", p->name, (int)p->pid);
	}
}

/* Waits for a signal or a tick; true: to stop. */
static bool wait_signal(const sigset_t *set)
{
	const struct timespec tick = {.tv_nsec = TICK_NS};
	int s = sigtimedwait(set, NULL, &tick);
	return s == SIGTERM || s == SIGINT;
}

static bool any_runs(const struct up *u, int first, int last)
{
	for (int i = first; i <= last; i++)
		if (u->all[i].pid)
			return true;
	return false;
}

static void stop_range(struct up *u, const sigset_t *set, int first, int last)
{
	for (int i = first; i <= last; i++)
		process_signal(&u->all[i], SIGTERM);
	for (int64_t until = now_us() + STOP_STEP_US; any_runs(u, first, last) && now_us() < until; reap(u))
		(void)wait_signal(set);
	for (int i = first; i <= last; i++)
		process_signal(&u->all[i], SIGKILL);
	while (any_runs(u, first, last)) {
		(void)wait_signal(set);
		reap(u);
	}
}

static int run(struct up *u)
{
	sigset_t set;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	do {
		reap(u);
		start_due(u);
	} while (!wait_signal(&set));
	wb_log(WB_LOG_INFO, NULL, "stopping");
	stop_range(u, &set, GATEWAY, GATEWAY);
	stop_range(u, &set, IDENTITY, REPORTING);
	stop_range(u, &set, JOURNAL, JOURNAL);
	wb_log(WB_LOG_INFO, NULL, "stopped");
	return 0;
}

static bool parse(int argc, char **argv, struct up *u)
{
	static const struct option longs[] = {{"data", 1, NULL, 'd'}, {"listen", 1, NULL, 'l'}, {"tls", 1, NULL, 't'},
	        {"empty", 0, NULL, 'e'}, {"help", 0, NULL, 'h'}, {NULL, 0, NULL, 0}};
	for (int c; (c = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (c == 'd')
			u->data = optarg;
		else if (c == 'l')
			u->listen = optarg;
		else if (c == 't')
			u->tls = optarg;
		else if (c == 'e')
			u->empty = true;
		else if (c == 'h')
			u->help = true;
		else
			return false;
	}
	return u->help || (u->data && u->listen && optind == argc);
}

int main(int argc, char **argv)
{
	static struct up u;
	char real[PATH_MAX];
	wb_log_init("up", WB_LOG_INFO);
	bool sound = parse(argc, argv, &u);
	if (!sound || u.help) {
		(void)fprintf(sound ? stdout : stderr,
		        "usage: %s --data DIR --listen ADDRESS:PORT [--tls ADDRESS:PORT] [--empty]\n", argv[0]);
		return sound ? 0 : 2;
	}
	if (!realpath(u.data, real)) {
		wb_log(WB_LOG_ERROR, NULL, "%s is not there", u.data);
		return 3;
	}
	u.data = real;
	int status = prepare(&u) ? run(&u) : 3;
	if (u.ipc_is_ours)
		(void)rmdir(u.ipc); /* sockets that are left keep it; nothing else is in it */
	return status;
}
