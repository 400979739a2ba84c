/*
 * Errors: the world failed (disk full, peer gone, bad bytes). One list of codes with their texts.
 *
 * A business «no» is not an error but a refusal (service/refusal.h); a broken promise of our own is WB_ASSERT.
 * Every fallible function returns enum wb_err and must be checked; outputs (ret_…) are written only on WB_OK.
 */
#ifndef WB_BASE_ERR_H
#define WB_BASE_ERR_H

#define WB_ERRORS(X)                                                                                                   \
	X(OK, "no error")                                                                                              \
	X(ERR_MEMORY, "memory or arena limit reached")                                                                 \
	X(ERR_IO, "input or output failed")                                                                            \
	X(ERR_FULL, "no room: disk, map or queue is full")                                                             \
	X(ERR_CORRUPT, "stored data is damaged")                                                                       \
	X(ERR_NOT_FOUND, "not found")                                                                                  \
	X(ERR_EXISTS, "exists already")                                                                                \
	X(ERR_INVALID, "malformed input")                                                                              \
	X(ERR_LIMIT, "a named limit was exceeded")                                                                     \
	X(ERR_TIMEOUT, "timed out")                                                                                    \
	X(ERR_AGAIN, "not now, try again")                                                                             \
	X(ERR_CLOSED, "peer or resource is closed")                                                                    \
	X(ERR_DENIED, "not permitted")                                                                                 \
	X(ERR_MISMATCH, "belongs to another log, version or owner")                                                    \
	X(ERR_FENCED, "a newer instance has taken over")                                                               \
	X(ERR_CRYPTO, "a cryptographic operation failed")                                                              \
	X(ERR_CLOCK, "the clock is suspect")                                                                           \
	X(ERR_UNSUPPORTED, "not supported by this build or file system")

enum wb_err {
#define X(name, text) WB_##name,
	WB_ERRORS(X)
#undef X
};

#define WB_MUST_CHECK __attribute__((warn_unused_result))

/* The text of a code, for operators; static, never NULL. */
const char *wb_err_text(enum wb_err err);
/* The name of a code, e.g. "ERR_FULL"; static, never NULL. */
const char *wb_err_name(enum wb_err err);

/* A bug is a bug in release builds too: always on, prints file and line, aborts. Never on bytes from outside. */
#define WB_ASSERT(cond) ((cond) ? (void)0 : wb_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void wb_assert_failed(const char *what, const char *file, int line);

#endif
