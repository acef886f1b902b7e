/* Ends with a report of its own making: markup for names, and places outside the project for the reader to quote. */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  char data[64];
  FILE *file = argc > 1 ? fopen(argv[1], "rb") : stdin;
  if (!file || fread(data, 1, sizeof data, file) < 4) return 1;
  fputs(
      "=================================================================\n"
      "==2==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x602000000014 at pc 0x000000400001 bp 0x1 sp 0x2\n"
      "WRITE of size 1 at 0x602000000014 thread T0\n"
      "    #0 0x400001 in <script>alert(1)</script> /src/../../../../../../../../../../etc/passwd:1:1\n"
      "    #1 0x400002 in \033[2J\033]0;owned\007\u202e /src/../../../../../../../../../.." OUTSIDE "/secret.c:1:1\n"
      "    #2 0x400003 in main /src/<img src=x onerror=alert(1)>.c:1:1\n\n"
      "SUMMARY: AddressSanitizer: heap-buffer-overflow <script>alert(1)</script>\n"
      "==2==ABORTING\n",
      stderr);
  fflush(stderr);
  abort();
}
