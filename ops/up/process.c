#include "ops/up/process.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAUSE_MIN_US INT64_C(100000)
#define PAUSE_MAX_US INT64_C(10000000)
#define SETTLED_US INT64_C(60000000)
#define EXIT_USAGE 2
#define EXIT_DAMAGED 5 /* and above: what the log holds must be looked at first (host.h of services and journal) */
#define EXIT_NOT_STARTED 127
#define PATH_BYTES 4096

static int open_log(const char *logs, const char *name)
{
	char path[PATH_BYTES], old[PATH_BYTES + 8];
	struct stat st;
	if (snprintf(path, sizeof path, "%s/%s.log", logs, name) >= (int)sizeof path)
		return -1;
	(void)snprintf(old, sizeof old, "%s.old", path);
	if (stat(path, &st) == 0 && st.st_size > (off_t)UP_LOG_BYTES_MAX && rename(path, old) != 0)
		wb_log(WB_LOG_WARN, NULL, "%s.log cannot be put aside: errno %d", name, errno);
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The child: never returns. Only what is safe after fork. */
static void become(const struct process *p, const char *program, int log, pid_t parent)
{
	const char *argv[UP_ARGUMENTS_MAX + 2] = {program};
	sigset_t none;
	for (size_t i = 0; i < UP_ARGUMENTS_MAX && p->arguments[i]; i++)
		argv[i + 1] = p->arguments[i];
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	int null = open("/dev/null", O_RDONLY);
	if (null < 0 || dup2(null, 0) < 0 || dup2(log, 1) < 0 || dup2(log, 2) < 0)
		_exit(EXIT_NOT_STARTED);
	/* a parent that is gone already would never send it */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent)
		_exit(EXIT_NOT_STARTED);
	(void)execv(program, (char *const *)(uintptr_t)argv);
	_exit(EXIT_NOT_STARTED);
}

static void later(struct process *p, int64_t now_us)
{
	if (p->started_us && now_us - p->started_us > SETTLED_US)
		p->pause_us = 0;
	p->pause_us = p->pause_us ? 2 * p->pause_us : PAUSE_MIN_US;
	if (p->pause_us > PAUSE_MAX_US)
		p->pause_us = PAUSE_MAX_US;
	p->again_us = now_us + p->pause_us;
}

bool process_start(struct process *p, const char *programs, const char *logs, int64_t now_us)
{
	char program[PATH_BYTES];
	pid_t parent = getpid();
	int log = open_log(logs, p->name);
	if (log < 0 || snprintf(program, sizeof program, "%s/weibao-%s", programs, p->name) >= (int)sizeof program) {
		wb_log(WB_LOG_ERROR, NULL, "the log of %s cannot be opened in %s: errno %d", p->name, logs, errno);
		later(p, now_us);
		if (log >= 0)
			(void)close(log);
		return false;
	}
	pid_t pid = fork();
	if (pid == 0)
		become(p, program, log, parent);
	(void)close(log);
	if (pid < 0) {
		wb_log(WB_LOG_ERROR, NULL, "%s cannot be started: errno %d", p->name, errno);
		later(p, now_us);
		return false;
	}
	p->pid = pid;
	p->started_us = now_us;
	return true;
}

void process_ended(struct process *p, int status, int64_t now_us)
{
	p->pid = 0;
	if (WIFEXITED(status)) {
		int code = WEXITSTATUS(status);
		p->given_up = code == EXIT_USAGE || (code >= EXIT_DAMAGED && code <= EXIT_NOT_STARTED);
		wb_log(p->given_up ? WB_LOG_ERROR : WB_LOG_WARN, NULL, "%s ended with status %d%s", p->name, code,
		        p->given_up ? " and is not started again: see its log" : "");
	} else
		wb_log(WB_LOG_WARN, NULL, "%s was ended by signal %d", p->name, WTERMSIG(status));
	later(p, now_us);
}

void process_signal(const struct process *p, int signal_number)
{
	if (p->pid && kill(p->pid, signal_number) != 0)
		wb_log(WB_LOG_WARN, NULL, "%s cannot be signalled: errno %d", p->name, errno);
}
