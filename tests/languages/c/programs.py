"""Tiny real programs for the tests of this folder, compiled as the PLAIN flavour is."""

import subprocess
from pathlib import Path

CONVERTER = r"""
#include <stdio.h>
#include <string.h>
#include <unistd.h>
int main(int c, char **v) {
  int o, inverse = 0; const char *mode = "x";
  while ((o = getopt(c, v, "ac:s")) != -1) switch (o) {
    case 'a': inverse = 1; break;
    case 's': inverse += 2; break;
    case 'c': mode = optarg; if (strcmp(mode, "lzw") && strcmp(mode, "none")) goto usage; break;
    default: goto usage;
  }
  if (c - optind < 2) {
usage:
    fprintf(stderr, "usage: conv [options] input output\nwhere options are:\n -a          append\n -s          strips\n"
                    " -c lzw[:opts]  use lzw\n -c none     none\n");
    return 1;
  }
  FILE *f = fopen(v[optind], "rb"); char b[4];
  if (!f) { perror(v[optind]); return 1; }
  if (fread(b, 1, 4, f) != 4 || memcmp(b, "MAGI", 4)) { fprintf(stderr, "%s: not magic\n", v[optind]); return 1; }
  FILE *g = fopen(v[optind + 1], "wb");
  if (!g) { perror(v[optind + 1]); return 1; }
  fprintf(g, "%d %s", inverse, mode); fclose(g); return 0;
}
"""

FILTER = '#include <stdio.h>\nint main(void){int c,n=0;while((c=getchar())!=EOF)n+=c;printf("%d\\n",n);return 0;}'

COUNTER = r"""
#include <stdio.h>
int main(int c, char **v) {
  int n = 0;
  if (c > 2 || (c > 1 && v[1][1])) return 1;
  while (getchar() != EOF) n++;
  printf("%d words\n", c);
  return 0;
}
"""

SELF_TEST = r"""
#include <stdio.h>
#include <sys/stat.h>
int main(int c, char **v) { struct stat s; if (c > 1) stat(v[c - 1], &s); puts("all tests passed"); return 0; }
"""

WAITER = "#include <unistd.h>\nint main(void){for(;;)pause();}"

BY_SUFFIX = r"""
#include <stdio.h>
#include <string.h>
int main(int c, char **v) {
  char *e = c > 1 ? strrchr(v[1], '.') : 0;
  if (!e || strcmp(e, ".foo")) { puts("usage: ext file.foo"); return 2; }
  FILE *f = fopen(v[1], "r"); if (!f) return 1;
  printf("%d\n", getc(f)); return 0;
}
"""

MAPPER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
int main(int c, char **v) {
  int d = c > 1 ? open(v[1], O_RDONLY) : -1; if (d < 0) { puts("usage: mapper FILE"); return 2; }
  char *p = mmap(0, 1, PROT_READ, MAP_PRIVATE, d, 0); printf("%d\n", p[0]); return 0;
}
"""

REFUSER = '#include <stdio.h>\nint main(void){puts("usage: refuser FILE");return 2;}'


def compiled(source: str, target: Path) -> Path:
    """Compile one C source to the program `target`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    code = target.with_suffix(".c")
    code.write_text(source)
    flags = ["-g", "-O1", "-w", "-fno-omit-frame-pointer", "-fsanitize=address"]
    subprocess.run(["clang-19", *flags, str(code), "-o", str(target)], check=True, capture_output=True)
    return target
