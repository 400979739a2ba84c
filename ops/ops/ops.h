/* weibao-ops: what an operator does by hand. Each command takes its own arguments and returns the exit status:
 * 0 done, 1 failed (said on stderr), 2 usage. */
#ifndef WB_OPS_H
#define WB_OPS_H

/* keys --dir DIR: the CURVE keys of a cell. See keys.c. */
int ops_keys(int argc, char **argv);
#endif
