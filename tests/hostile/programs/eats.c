/* Takes memory until it is stopped. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  size_t size = file ? fread(data, 1, sizeof data, file) : 0;
  for (;;) {
    char *more = malloc(64 << 20);
    if (more) memset(more, (int)size, 64 << 20);
  }
}
