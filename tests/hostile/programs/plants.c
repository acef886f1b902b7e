/* Puts links, pipes, holes and bottomless directories wherever it can write, before the hunt reads from there. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const places[] = {"/corpus", "/candidates", "/work", "/work/out", "/work/out/afl", "/notes", "/results", "/tmp", "."};

static void replace_all(const char *place) {
  char path[4096];
  DIR *open = opendir(place);
  for (struct dirent *entry; open && (entry = readdir(open));) {
    if (entry->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "%s/%s", place, entry->d_name);
    unlink(path);
    symlink(OUTSIDE "/planted", path);
  }
  if (open) closedir(open);
}

static void plant(const char *place) {
  if (chdir(place) != 0) return;
  symlink("/etc/passwd", "crash-0123456789");
  symlink(OUTSIDE "/secret.c", "heap-buffer-overflow-0-1-2");
  symlink(OUTSIDE "/secret.c", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  symlink(OUTSIDE, "queue");
  symlink(OUTSIDE, "in");
  symlink("loop", "loop");
  mkfifo("species", 0600);
  mkfifo("fuzzer_stats", 0600);
  mkfifo("smaller", 0600);
  mkfifo("00000.status", 0600);
  mkfifo("abort-1-2-3", 0600);
  int hole = open("hole", O_CREAT | O_WRONLY, 0600);
  if (hole >= 0 && ftruncate(hole, 60 << 20) == 0) close(hole);
  for (int number = 0; number < 20; number++) {
    char name[300];
    snprintf(name, sizeof name, "new\nline-%d-\033[2J-\xff-$(touch owned)", number);
    int file = open(name, O_CREAT | O_WRONLY, 0);
    if (file >= 0) close(file);
  }
  for (int level = 0; level < 1200 && mkdir("d", 0700) == 0 && chdir("d") == 0; level++) continue;
}

__attribute__((constructor)) static void before_main(void) {
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    replace_all(places[i]);
    plant(places[i]);
  }
  chdir("/");
}

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  size_t size = file ? fread(data, 1, sizeof data, file) : 0;
  if (size && data[0] % 16 == 1) before_main();
  return size > 3 && data[0] == 'a' && data[1] == 'b';
}
