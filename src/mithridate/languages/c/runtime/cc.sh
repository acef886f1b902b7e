#!/bin/sh
# The compiler that a project under analysis sees, under every name it may ask for (cc, gcc-12, clang++, ...).
# It records the call, drops what would hide a violation or break the sanitizers, adds the flavour's flags, and becomes clang.
# POSIX sh and builtins only: configure scripts start it hundreds of times.
#
#   MITHRIDATE_CC, MITHRIDATE_CXX   the real compilers
#   MITHRIDATE_FIRST                flags before the project's own, C only (a dialect that the project may override)
#   MITHRIDATE_CFLAGS               flags after the project's own
#   MITHRIDATE_LDFLAGS              added when an executable is linked; MITHRIDATE_RUNTIME likewise, but not for 32-bit programs
#   MITHRIDATE_FUZZER               added in place of the project's own -fsanitize=fuzzer when an executable is linked
#   MITHRIDATE_LOG                  directory for records: argument count, language, directory, arguments; each ended by a zero byte
set -f
unset IFS
case ${0##*/} in
*ccache | distcc | icecc)
  case ${1-} in '' | -*) exit 0 ;; esac
  exec "$@"
  ;;
*++*)
  language=c++
  compiler=${MITHRIDATE_CXX:-/usr/bin/clang++-19}
  first=
  ;;
*)
  language=cc
  compiler=${MITHRIDATE_CC:-/usr/bin/clang-19}
  first=${MITHRIDATE_FIRST-}
  ;;
esac

if [ -n "${MITHRIDATE_LOG-}" ]; then
  { printf '%s\0' "$#" "$language" "$PWD" "$@" >>"$MITHRIDATE_LOG/$$"; } 2>/dev/null
fi

# What kind of call is it, and is there anything to drop?
mode=executable inputs= narrow= fuzzer= drop= value=
for argument; do
  if [ -n "$value" ]; then
    value=
    continue
  fi
  case $argument in
  -c | -S | -E | -M | -MM | -fsyntax-only | --preprocess) mode=compile ;;
  -shared | --shared | -Wl,-shared) [ $mode = compile ] || mode=shared ;;
  -r | -Wl,-r | -Wl,-i) [ $mode = compile ] || mode=relocatable ;;
  -m32 | -m16) narrow=yes ;;
  -o | -I | -L | -D | -U | -T | -u | -z | -l | -x | -MF | -MT | -MQ | -include | -imacros | -isystem | -iquote | -idirafter | -Xlinker | -Xclang | -Xassembler | -Xpreprocessor | --param | -target | -rpath)
    value=yes
    ;;
  -fsanitize=*)
    drop=yes
    case ,${argument#*=}, in *,fuzzer,*) fuzzer=yes ;; esac
    ;;
  -Werror* | -pedantic-errors | -s | -static* | --static | -p | -pg | -nopie | -D_FORTIFY_SOURCE* | -Wp,-D_FORTIFY_SOURCE* | -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE* | \
    -fno-sanitize* | -fsanitize* | -flto* | -fuse-* | -fplugin* | -fprofile* | -fcoverage* | -ftest-coverage | --coverage | -fopenmp* | \
    -ftree-* | -fno-tree-* | -fipa-* | -fno-ipa-* | -fira-* | -fno-ira-* | -fsched* | -fno-sched* | -fgcse* | -fno-gcse* | -fsel-* | -fno-sel-* | \
    -fanalyzer* | -fno-analyzer* | -floop-* | -fno-loop-* | -fgraphite* | -fno-graphite* | -fvar-tracking* | -fno-var-tracking* | -fdump-* | -falign-jumps* | -falign-labels* | \
    -fconserve-* | -fno-conserve-* | -fabi-* | -fargument-* | -fno-argument-* | -fmudflap* | -fcilkplus | -fcheck-* | -fno-check-* | -fchkp* | -fvect-* | -fno-vect-* | \
    -fno-aggressive-* | -faggressive-* | -fallow-store-* | -fno-allow-store-* | -fno-strict-volatile-* | -fstrict-volatile-* | -fno-partial-* | -fpartial-* | -fsplit-* | -fno-split-* | \
    -freorder-* | -fno-reorder-* | -fno-code-hoisting | -fcode-hoisting | -fstack-check=* | -fstack-limit* | -fno-stack-limit | -fstack-reuse=* | -fstack-usage | -fno-printf-return-value | \
    -fno-thread-jumps | -fthread-jumps | -fpeel-* | -fno-peephole* | -fpeephole* | -fprefetch-* | -frename-* | -fno-rename-* | -fsignaling-* | -fsingle-* | -ffloat-store | -fexpensive-* | \
    -fcaller-saves | -fno-caller-saves | -fcse-* | -fno-cse-* | -fcrossjumping | -fno-crossjumping | -fcx-* | -fdelayed-* | -fif-conversion* | -fno-if-conversion* | \
    -fmerge-constants | -fmodulo-* | -fno-modulo-* | -frandom-seed* | -fregmove | -fno-regmove | -fno-section-anchors | -fsection-anchors | -fstrength-reduce | -ftracer | -fno-trampolines | \
    -funswitch-* | -funsafe-loop-* | -funroll-all-loops | -fwhole-program* | -fweb | -fno-web | -finline-limit* | -finline-small-* | -fno-inline-small-* | -fkeep-* | -fno-keep-* | \
    -fno-toplevel-* | -ftoplevel-* | -fno-dse | -fno-dce | -fno-ivopts | -fivopts | -fno-store-merging | -fno-devirtualize* | -fconcepts* | -flive-* | -fno-default-inline | -fhuge-objects | \
    -fext-numeric-literals | -fno-implement-inlines | -frepo | -fno-enforce-eh-specs | -fisolate-* | -fno-isolate-* | -fhoist-* | -fharden-* | -fcompare-debug* | -fcanonical-* | \
    -ftrack-macro-* | -fdiagnostics-plain-* | -fdiagnostics-urls=* | -fno-diagnostics-show-caret | -fdiagnostics-show-caret | -fmax-errors=* | -fno-guess-* | -fbranch-* | -fno-branch-* | -fno-function-cse | -fno-optimize-strlen | \
    -march=native | -mtune=native | -mcpu=native | -mpreferred-stack-* | -mincoming-stack-* | -mindirect-branch* | -mfunction-return=* | -mno-indirect-* | -mrecord-* | -mno-fentry | -mbranch-cost=* | \
    -maccumulate-* | -mno-accumulate-* | -minline-* | -mno-inline-* | -mno-align-* | -malign-data=* | -mno-push-args | -mpush-args | -mno-sse2avx | -mno-fused-madd | -mfused-madd | -mstringop-* | -mveclibabi=* | -mpc32 | -mpc64 | -mpc80 | -mno-ieee-fp | -mabi=* | \
    -gstabs* | -gcoff* | -gxcoff* | -gvms* | -gsplit-dwarf* | -specs=* | --specs=* | -stdlib=* | -lasan | -lubsan | -ltsan | -llsan | -lgcov | -lgomp | \
    -Wl,-s | -Wl,-S | -Wl,-x | -Wl,--strip-all | -Wl,--strip-debug | -Wl,-static | -Wl,-Bstatic | -Wl,--no-undefined | -Wl,-z,defs | -Wl,-zdefs | -Wl,--fatal-warnings)
    drop=yes
    ;;
  -) inputs=yes ;;
  -*) ;;
  *) inputs=yes ;;
  esac
done

# A question about the compiler itself (--version, -print-search-dirs, ...).
[ -n "$inputs" ] || exec "$compiler" "$@"

if [ -n "$drop" ]; then
  value=
  for argument; do
    shift
    if [ -n "$value" ]; then
      value=
      set -- "$@" "$argument"
      continue
    fi
    case $argument in
    -o | -I | -L | -D | -U | -T | -u | -z | -l | -x | -MF | -MT | -MQ | -include | -imacros | -isystem | -iquote | -idirafter | -Xlinker | -Xclang | -Xassembler | -Xpreprocessor | --param | -target | -rpath) value=yes ;;
@DROPPED@
    esac
    set -- "$@" "$argument"
  done
fi
