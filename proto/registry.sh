#!/bin/sh
# Writes registry.c: a sorted table of all messages (name, file, descriptor), found by their short name.
# Message names are unique over all files of the package, so a short name says which type it is.
set -eu
echo '#include "proto/registry.h"'
echo '#include <string.h>'
for f in "$@"; do
	printf '#include "weibao/v1/%s.pb-c.h"\n' "$(basename "$f" .proto)"
done
echo 'static const struct wb_message_type types[] = {'
for f in "$@"; do
	file=$(basename "$f" .proto)
	sed -n 's/^message  *\([A-Za-z0-9]*\).*/\1/p' "$f" | while read -r m; do
		printf '%s %s\n' "$m" "$file"
	done
done | LC_ALL=C sort | while read -r m file; do
	c=$(printf '%s' "$m" | sed 's/\([^A-Z]\)\([A-Z]\)/\1_\2/g' | tr 'A-Z' 'a-z')
	printf '\t{"%s", "%s", &weibao__v1__%s__descriptor},\n' "$m" "$file" "$c"
done
cat <<'C'
};
const struct wb_message_type *wb_message_types(size_t *ret_count)
{
	*ret_count = sizeof types / sizeof types[0];
	return types;
}
const struct wb_message_type *wb_message_type_find(const char *name)
{
	size_t lo = 0, hi = sizeof types / sizeof types[0];
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strcmp(types[mid].name, name);
		if (c == 0)
			return &types[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}
C
