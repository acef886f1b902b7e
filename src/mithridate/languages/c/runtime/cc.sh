#!/bin/sh
# The compiler that a project under analysis sees, under every name it may ask for (cc, gcc-12, clang++, ...).
# It records the call, drops what would hide a violation or break the sanitizers, adds the flavour's flags, and becomes clang.
# POSIX sh and builtins only: configure scripts start it hundreds of times.
#
#   MITHRIDATE_CC, MITHRIDATE_CXX   the real compilers
#   MITHRIDATE_FIRST                flags before the project's own, C only (a dialect that the project may override)
#   MITHRIDATE_CFLAGS               flags after the project's own
#   MITHRIDATE_LDFLAGS              added when an executable is linked; MITHRIDATE_RUNTIME likewise, but not for 32-bit programs
#   MITHRIDATE_FUZZER               added when an executable is linked that asked for -fsanitize=fuzzer
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

# True for an option whose value is the next argument.
takes_value() {
  case $1 in
  -o | -I | -L | -D | -U | -T | -u | -z | -l | -x | -MF | -MT | -MQ | -include | -imacros | -isystem | -iquote | -idirafter | \
    -Xlinker | -Xclang | -Xassembler | -Xpreprocessor | --param | -target | -rpath | -soname | -arch) return 0 ;;
  esac
  return 1
}

# True for an option that must not reach clang.
conflicts() {
  case $1 in
  # It turns leniency into failure, or hides symbols, frames and violations from the sanitizers.
  -Werror* | -pedantic-errors | -Wl,--fatal-warnings | -Wl,--no-undefined | -Wl,-z,defs | -Wl,-zdefs) ;;
  -s | -Wl,-s | -Wl,-S | -Wl,-x | -Wl,--strip-all | -Wl,--strip-debug) ;;
  -static* | --static | -nopie | -Wl,-static | -Wl,-Bstatic) ;;
  -D_FORTIFY_SOURCE* | -Wp,*_FORTIFY_SOURCE*) ;;
  -fsanitize* | -fno-sanitize* | -lasan | -lubsan | -ltsan | -llsan) ;;
  -flto* | -fuse-* | -fwhole-program* | -fplugin* | -specs=* | --specs=* | -stdlib=* | --stdlib=*) ;;
  -p | -pg | -fprofile* | -fcoverage* | -ftest-coverage | --coverage | -lgcov) ;;
  -fopenmp* | -lgomp) ;;
  -gstabs* | -gcoff* | -gxcoff* | -gvms* | -gsplit-dwarf*) ;;
  -march=native | -mtune=native | -mcpu=native) ;;
  # Only gcc knows it, and clang refuses it. The families were found by giving clang every option of `gcc --help`.
  -ftree-* | -fno-tree-* | -fipa-* | -fno-ipa-* | -fira-* | -fno-ira-* | -flra-* | -fno-lra-* | -fsched* | -fno-sched*) ;;
  -fgcse* | -fno-gcse* | -fsel-* | -fno-sel-* | -fselective-* | -fno-selective-* | -floop-* | -fno-loop-* | -fgraphite* | -fno-graphite*) ;;
  -fanalyzer* | -fno-analyzer* | -fvar-tracking* | -fno-var-tracking* | -fdump-* | -fno-dump-* | -fchkp* | -fno-chkp* | -fvtable-* | -fvtv-*) ;;
  -faggressive-* | -fno-aggressive-* | -fallow-store-* | -fno-allow-store-* | -falign-jumps* | -falign-labels* | -fabi-* | -fargument-* | -fno-argument-*) ;;
  -fauto-inc* | -fno-auto-inc* | -fbranch-* | -fno-branch-* | -fcall-* | -fcaller-* | -fno-caller-* | -fcanonical-* | -fno-canonical-*) ;;
  -fcheck-data* | -fcheck-pointer* | -fno-check-pointer* | -fcilkplus | -fcode-hoisting | -fno-code-hoisting | -fcombine-* | -fno-combine-*) ;;
  -fcompare-* | -fno-compare-* | -fconcepts* | -fcond-* | -fconserve-* | -fno-conserve-* | -fcprop-* | -fno-cprop-* | -fcrossjumping | -fno-crossjumping) ;;
  -fcse-* | -fno-cse-* | -fcx-* | -fdce | -fno-dce | -fdse | -fno-dse | -fdefer-* | -fno-defer-* | -fdelayed-* | -fno-delayed-*) ;;
  -fdevirtualize* | -fno-devirtualize* | -fdiagnostics-generate-* | -fdiagnostics-plain-* | -fdiagnostics-urls=* | -f*diagnostics-show-caret) ;;
  -fearly-* | -fno-early-* | -felide-type | -fexpensive-* | -fno-expensive-* | -fext-* | -fno-ext-* | -f*enforce-eh-specs | -ffloat-store) ;;
  -fforward-* | -fno-forward-* | -ffunction-cse | -fno-function-cse | -fguess-* | -fno-guess-* | -fharden-* | -fhoist-* | -fhuge-objects | -fif-* | -fno-if-*) ;;
  -findirect-* | -fno-indirect-* | -finline-limit* | -finline-small-* | -fno-inline-small-* | -finline-functions-called-* | -fisolate-* | -fno-isolate-*) ;;
  -fivopts | -fno-ivopts | -fkeep-* | -fno-keep-* | -flifetime-* | -fno-lifetime-* | -flimit-* | -flive-* | -fno-live-* | -fmax-errors=* | -fmem-*) ;;
  -fmerge-constants | -fmodulo-* | -fno-modulo-* | -fmove-* | -fno-move-* | -fmudflap* | -foptimize-* | -fno-optimize-register-* | -fno-optimize-strlen) ;;
  -fpartial-* | -fno-partial-* | -fpcc-* | -fpeel-* | -fpeephole* | -fno-peephole* | -fpredictive-* | -fno-predictive-* | -fprefetch-*) ;;
  -fprintf-* | -fno-printf-* | -frandom-seed* | -fregmove | -fno-regmove | -frename-* | -freorder-* | -fno-reorder-* | -frepo | -frerun-* | -fno-rerun-*) ;;
  -fsection-* | -fno-section-* | -fshrink-* | -fno-shrink-* | -fsignaling-* | -fsingle-* | -fsplit-* | -fno-split-* | -fssa-* | -fno-ssa-*) ;;
  -fstack-check=* | -fstack-limit* | -fno-stack-limit | -fstack-reuse=* | -fstdarg-* | -fstore-* | -fno-store-* | -fstrength-* | -fno-strength-*) ;;
  -fstrict-volatile-* | -fno-strict-volatile-* | -fthread-jumps | -fno-thread-jumps | -ftoplevel-* | -fno-toplevel-* | -ftracer | -fno-tracer) ;;
  -ftrack-macro-* | -fno-track-* | -ftrampolines | -fno-trampolines | -funconstrained-* | -funroll-all-* | -funsafe-loop-* | -funswitch-* | -fno-unswitch-*) ;;
  -fvariable-* | -fvect-* | -fno-vect-* | -fvpt | -fno-vpt | -fweb | -fno-web | -fwide-exec-* | -fworking-* | -fzee | -fno-zee) ;;
  -falign-loops | -fallow-parameterless-* | -fcallgraph-* | -fdefault-inline | -fdelete-dead-* | -feliminate-dwarf2-* | -femit-* | -finhibit-size-* | -fgnu-tm) ;;
  -funit-at-a-time | -fno-unit-at-a-time | -fleading-* | -fno-leading-* | -fno-cf-protection | -fno-lto-* | -fno-profile-* | -fno-diagnostics-*) ;;
  -fno-instrument-functions | -fno-mudflap* | -fno-random-seed | -fno-repo | -fno-stack-protector-* | -fno-stack-usage) ;;
  -fno-signed-bitfields | -fno-unsigned-bitfields | -fno-trapv | -fno-weak | -fnonnull-* | -fopt-info* | -fstack-protector-explicit | -fstrict-prototype) ;;
  -fgnu-unique | -fno-gnu-unique | -fno-freestanding | -fno-hosted | -fno-inline-atomics | -fsync-libcalls | -fplan9-extensions) ;;
  -m*preferred-stack-* | -mincoming-stack-* | -mindirect-* | -mno-indirect-* | -mfunction-return=* | -mrecord-* | -mno-record-* | -mno-fentry) ;;
  -mbranch-cost=* | -maccumulate-* | -mno-accumulate-* | -minline-* | -mno-inline-* | -malign-data=* | -malign-string* | -mno-align-*) ;;
  -mpush-args | -mno-push-args | -mfused-madd | -mno-fused-madd | -mstringop-* | -mmemcpy-* | -mveclibabi=* | -mpc32 | -mpc64 | -mpc80) ;;
  -mno-ieee-fp | -mno-fancy-math-387 | -mfp-ret-in-387 | -mno-sse2avx | -mabi=* | -m*128bit-long-double | -m96bit-long-double | -msse5 | -mcet-switch) ;;
  *) return 1 ;;
  esac
  return 0
}

# What kind of call is it, and is there anything to drop?
mode=executable inputs='' narrow='' fuzzer='' drop='' value='' unset=''
for argument; do
  if [ -n "$value" ]; then
    value=
    continue
  fi
  case $argument in
  - | [!-]*) inputs=yes ;;
  -c | -S | -E | -M | -MM | -fsyntax-only) mode=compile ;;
  -shared | --shared | -Wl,-shared | -r | -Wl,-r | -Wl,-i) [ $mode = compile ] || mode=library ;;
  -m32) narrow=yes ;;
  # What is read before it is set comes from memory then, mostly zero, and not from what suits the optimiser that our flags turn on.
  -O0) unset='-ftrivial-auto-var-init=zero -ftrivial-auto-var-init-max-size=64' ;;
  -O*) unset='' ;;
  -fsanitize=*)
    drop=yes
    case ,${argument#*=}, in *,fuzzer,*) fuzzer=yes ;; esac
    ;;
  *)
    if takes_value "$argument"; then
      value=yes
    elif [ -z "$drop" ] && conflicts "$argument"; then
      drop=yes
    fi
    ;;
  esac
done

# A question about the compiler itself (--version, -print-search-dirs, ...).
[ -n "$inputs" ] || exec "$compiler" "$@"

if [ -n "$drop" ]; then
  for argument; do
    shift
    if [ -n "$value" ]; then
      value=
    elif takes_value "$argument"; then
      value=yes
    elif conflicts "$argument"; then
      continue
    fi
    set -- "$@" "$argument"
  done
fi

# The lists below are split at spaces on purpose.
# shellcheck disable=SC2086
case $mode in
compile) exec "$compiler" $first "$@" $unset ${MITHRIDATE_CFLAGS-} ;;
library) exec "$compiler" $first "$@" $unset ${MITHRIDATE_CFLAGS-} -Wl,-z,undefs ;;
esac
[ -n "$fuzzer" ] || MITHRIDATE_FUZZER=
[ -z "$narrow" ] || MITHRIDATE_RUNTIME=
# shellcheck disable=SC2086
exec "$compiler" $first "$@" $unset ${MITHRIDATE_CFLAGS-} ${MITHRIDATE_FUZZER-} ${MITHRIDATE_RUNTIME-} ${MITHRIDATE_LDFLAGS-}
