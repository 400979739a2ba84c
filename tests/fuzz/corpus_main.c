/*
 * Runs a fuzz target over the files of a folder, without libFuzzer: so that every build, gcc's too, goes through the
 * kept inputs as a test. One that is no file of its own, the empty input, always runs.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define INPUT_BYTES_MAX (4 * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The block has exactly the input's size, so that ASan sees one byte too far. */
static int run_file(const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > INPUT_BYTES_MAX) {
		fprintf(stderr, "%s: not a file of at most %d bytes\n", path, INPUT_BYTES_MAX);
		return -1;
	}
	size_t size = (size_t)st.st_size;
	uint8_t *data = malloc(size ? size : 1);
	FILE *file = fopen(path, "rb");
	int result = -1;
	if (data && file && fread(data, 1, size, file) == size) {
		(void)LLVMFuzzerTestOneInput(data, size);
		result = 0;
	} else {
		perror(path);
	}
	if (file)
		fclose(file);
	free(data);
	return result;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: %s CORPUS_DIR\n", argv[0]);
		return 2;
	}
	(void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	DIR *dir = opendir(argv[1]);
	if (!dir) {
		perror(argv[1]);
		return 1;
	}
	int inputs = 0, failed = 0;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		char path[4096];
		if (snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name) >= (int)sizeof(path))
			continue;
		inputs++;
		failed += run_file(path) != 0;
	}
	closedir(dir);
	printf("%d inputs, %d failed\n", inputs, failed);
	return failed || !inputs;
}
