/* Calls the main() of a program that proves, or that AFL++ starts, on a stack that nobody has used (fresh.h). */
#include "fresh.h"

extern int __real_main(int, char **, char **);

int __wrap_main(int argc, char **argv, char **environment) {
    clear_stack(LEFT_BY_START_UP);
    return __real_main(argc, argv, environment);
}
