/* Writes without end on both streams, and says how it wants to be called in terminal escapes and markup. */
#include <stdio.h>
#include <string.h>

static const char usage[] = "usage: prints \033[2J\033]0;owned\007\033[31m [--\033[1mbold <file>] <script>alert(1)</script> \xff\xfe \u202e\n";

int main(int argc, char **argv) {
  char data[64];
  if (argc < 2 || argv[1][0] == '-') {
    fputs(usage, stderr);
    return 1;
  }
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 1;
  fread(data, 1, sizeof data, file);
  for (;;) {
    fputs(usage, stdout);
    fputs(usage, stderr);
  }
}
