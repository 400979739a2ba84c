/*
 * One process of the cell under the supervisor: started, seen to end, started again.
 *
 * A process that ends is started again after a pause that doubles from 100 ms to 10 s, and is short again once it has
 * run for a minute. One that says that it must not be started again (its log or projection is damaged, or its options
 * are wrong) stays down and is named in the log: see docs/operations.md. No process outlives the supervisor: the
 * kernel ends it (PR_SET_PDEATHSIG).
 */
#ifndef WB_UP_PROCESS_H
#define WB_UP_PROCESS_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define UP_ARGUMENTS_MAX 16
#define UP_LOG_BYTES_MAX (32u << 20) /* of one process's log file; the one before is kept as .old */

struct process {
	const char *name;                        /* "journal": the program is weibao-journal beside this one */
	const char *arguments[UP_ARGUMENTS_MAX]; /* after the program's name, NULL at the end */
	pid_t pid;                               /* 0: it does not run */
	bool given_up;
	int64_t started_us; /* boot clock */
	int64_t again_us;   /* not started before that */
	int64_t pause_us;
};

/* Starts it: standard output and error go to LOGS/<name>.log. False if that failed; it is then tried again later. */
bool process_start(struct process *p, const char *programs, const char *logs, int64_t now_us);
/* Takes note that it ended with this wait status. */
void process_ended(struct process *p, int status, int64_t now_us);
/* Sends a signal, if it runs. */
void process_signal(const struct process *p, int signal_number);
#endif
