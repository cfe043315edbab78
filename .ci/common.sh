# Sourced by the scripts beside it: headers with the time, and results kept for the closing summary.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SUMMARY=$ROOT/build/test-summary.txt  # one line or block per suite, in the order in which they ran
FAILED=0                              # set to 1 by the first suite that fails

cd "$ROOT"
mkdir -p build

# section <text>: a header with the time of day and the minutes since the outermost script began.
section() {
  export NSQ_CI_BEGAN=${NSQ_CI_BEGAN:-$(date +%s)}
  local seconds=$(($(date +%s) - NSQ_CI_BEGAN))
  printf '\n=== %s · +%d:%02d · %s ===\n' "$(date +%H:%M:%S)" $((seconds / 60)) $((seconds % 60)) "$*"
}

# begin_summary, end_summary: around the suites of a script that can be called alone or by .ci/run, which
# then owns the summary.
begin_summary() { [ -n "${NSQ_CI_OWNS_SUMMARY:-}" ] || : >"$SUMMARY"; }
end_summary() {
  [ -z "${NSQ_CI_OWNS_SUMMARY:-}" ] || return 0
  section summary
  cat "$SUMMARY"
}

# run_ctest <build folder> <title> [ctest arguments]: runs it and keeps its closing lines under the title.
run_ctest() {
  local folder=$1 title=$2 log=$1/ctest-output.txt
  shift 2
  ctest --test-dir "$folder" -j2 --output-on-failure --no-tests=error "$@" </dev/null 2>&1 | tee "$log" || FAILED=1
  {
    echo "$title"
    sed -nE '/^[0-9]+% tests passed|^No tests were found|^Total Test time|^The following tests|^\t *[0-9]+ - /p' "$log"
  } >>"$SUMMARY"
}
