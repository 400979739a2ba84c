/*
 * JSON text to a value. jansson parses; this file bounds the depth first, and finds the path of what jansson refuses
 * (it gives the byte offset) by walking the brackets, strings and commas in front of it.
 */
#include "wire/field.h"

#include <string.h>

const struct wb_json_limits wb_json_outside = {
        .bytes_max = WB_JSON_BYTES_MAX,
        .depth_max = WB_JSON_DEPTH_MAX,
        .text_chars_max = WB_TEXT_CHARS_MAX,
};

struct level {
	bool in_array, after_colon;
	size_t index;    /* of an array's element */
	const char *key; /* as it stands in the text; NULL: none read yet */
	size_t key_len;
};

struct walk {
	struct level levels[WB_JSON_DEPTH_MAX];
	size_t depth;
};

/* The offset behind the string that begins (its quote) at i, or end. */
static size_t string_end(const char *t, size_t i, size_t end)
{
	for (i++; i < end; i++) {
		if (t[i] == '\\')
			i++;
		else if (t[i] == '"')
			return i + 1;
	}
	return end;
}

static void next_member(struct level *l)
{
	l->index++;
	l->after_colon = false;
	l->key = NULL;
}

/* Walks to end; stops before the bracket that would be the (depth_max + 1)th level, and returns where it stopped. */
static size_t walk_to(struct walk *w, const char *t, size_t end, size_t depth_max)
{
	for (size_t i = 0; i < end; i++) {
		struct level *l = w->depth ? &w->levels[w->depth - 1] : NULL;
		if (t[i] == '"') {
			size_t behind = string_end(t, i, end);
			if (l && !l->in_array && !l->after_colon) {
				l->key = t + i + 1;
				l->key_len = behind - i - (behind - i > 1 && t[behind - 1] == '"' ? 2 : 1);
			}
			i = behind - 1;
		} else if (t[i] == '{' || t[i] == '[') {
			if (w->depth == depth_max)
				return i;
			w->levels[w->depth++] = (struct level){.in_array = t[i] == '['};
		} else if (l && (t[i] == '}' || t[i] == ']')) {
			w->depth--;
		} else if (l && t[i] == ',') {
			next_member(l);
		} else if (l && t[i] == ':') {
			l->after_colon = true;
		}
	}
	return end;
}

static void path_of(const struct walk *w, struct wb_path *path)
{
	char key[WB_JSON_PATH_BYTES];
	for (size_t i = 0; i < w->depth; i++) {
		const struct level *l = &w->levels[i];
		if (l->in_array) {
			(void)wb_path_index(path, l->index);
		} else if (l->key && l->key_len < sizeof key && wb_utf8_valid(l->key, l->key_len)) {
			memcpy(key, l->key, l->key_len);
			key[l->key_len] = '\0';
			(void)wb_path_name(path, key);
		}
	}
}

static void line_and_column(const char *t, size_t at, int *ret_line, int *ret_column)
{
	int line = 1, column = 1;
	for (size_t i = 0; i < at; i++) {
		if (t[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)t[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	*ret_line = line;
	*ret_column = column;
}

static enum wb_err refuse_at(
        struct wb_json_problem *p, enum wb_json_reason reason, struct wb_bytes text, size_t at, const struct walk *w)
{
	struct wb_path path = {0};
	path_of(w, &path);
	enum wb_err err = wb_json_refuse(p, reason, &path);
	line_and_column((const char *)text.data, at, &p->line, &p->column);
	return err;
}

static enum wb_json_reason reason_of(const json_error_t *error)
{
	/* jansson's list, not ours, and it may grow: all else is malformed. */
	switch ((int)json_error_code(error)) {
	case json_error_invalid_utf8:
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return WB_JSON_BAD_TEXT;
	case json_error_duplicate_key:
		return WB_JSON_DUPLICATE;
	case json_error_numeric_overflow:
		return WB_JSON_OUT_OF_RANGE;
	case json_error_stack_overflow:
		return WB_JSON_TOO_DEEP;
	}
	return WB_JSON_MALFORMED;
}

enum wb_err wb_json_parse(struct wb_bytes text, const struct wb_json_limits *limits, json_t **ret_json,
        struct wb_json_problem *ret_problem)
{
	const char *t = (const char *)text.data;
	size_t depth_max = limits->depth_max < WB_JSON_DEPTH_MAX ? limits->depth_max : WB_JSON_DEPTH_MAX;
	struct walk w = {.depth = 0};
	struct wb_path whole = {0};
	json_error_t error;

	*ret_problem = (struct wb_json_problem){0};
	if (text.len > limits->bytes_max)
		return wb_json_refuse(ret_problem, WB_JSON_TOO_LARGE, &whole);
	size_t at = walk_to(&w, t, text.len, depth_max);
	if (at < text.len)
		return refuse_at(ret_problem, WB_JSON_TOO_DEEP, text, at, &w);
	json_t *json = json_loadb(text.len ? t : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (json) {
		*ret_json = json;
		return WB_OK;
	}
	if (json_error_code(&error) == json_error_out_of_memory)
		return WB_ERR_MEMORY;
	at = error.position > 0 ? (size_t)error.position : 0;
	at = at < text.len ? at : text.len;
	w.depth = 0;
	(void)walk_to(&w, t, at, depth_max);
	return refuse_at(ret_problem, reason_of(&error), text, at, &w);
}
