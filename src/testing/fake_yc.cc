#include "src/testing/fake_yc.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace aistudio::auth::testing {
namespace internal {
namespace {

constexpr char kSubject[] = "yc";

// Whatever runs on ends with the folder.
constexpr char kScript[] = R"sh(#!/bin/sh
folder=${0%/*}
wait_forever() { while [ -d "$folder" ]; do sleep 0.2; done; }
printf '%s\n' "$$$(printf '\t%s' "$@")" >> "$folder/runs"
. "$folder/behavior"
printf '%s' "$before_token"
printf '%s' "$error_text" >&2
case $fault in
  1) wait_forever ;;
  2) trap '' TERM; wait_forever ;;
  3) kill -STOP $$ ;;
  4) while :; do echo "no token, and no end of it, on and on and on"; done ;;
  5) head -c 1048576 /dev/zero | tr '\0' e >&2 ;;
  6) wait_forever & echo $! >> "$folder/children" ;;
  7) kill -KILL $$ ;;
esac
[ "$print_token" = 0 ] || cat "$folder/token"
printf '%s' "$after_token"
exit "$exit_code"
)sh";

std::string Quoted(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::filesystem::path MakeFolder() {
  const std::filesystem::path top = std::filesystem::temp_directory_path();
  // No random name: in errors it would be taken for a secret.
  for (int i = 0; i < 10000; ++i) {
    std::filesystem::path folder =
        top / absl::StrCat("aistudio_auth_yc_", getpid(), "_", i);
    if (mkdir(folder.c_str(), 0700) == 0) return folder;
    if (errno != EEXIST) break;
  }
  std::fprintf(stderr, "FakeYc: no folder can be made in %s\n", top.c_str());
  std::abort();
}

}  // namespace

FakeYcImpl::FakeYcImpl(std::shared_ptr<Clock> clock, TokenStore* tokens)
    : clock_(std::move(clock)), tokens_(tokens) {}

FakeYcImpl::~FakeYcImpl() {
  if (folder_.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void FakeYcImpl::WriteLocked(const std::string& name,
                             const std::string& text) const {
  // A run that starts now finds the old file or the new one, whole.
  const std::filesystem::path fresh = folder_ / "fresh";
  std::ofstream(fresh, std::ios::binary) << text;
  std::filesystem::permissions(fresh, std::filesystem::perms::owner_all);
  std::filesystem::rename(fresh, folder_ / name);
}

void FakeYcImpl::PrepareLocked() {
  if (!folder_.empty()) return;
  folder_ = MakeFolder();
  WriteLocked("yc", kScript);
  WriteLocked("behavior", "exit_code=0");
  NewTokenLocked(absl::Hours(12));
}

std::string FakeYcImpl::command() {
  std::lock_guard<std::mutex> lock(mutex_);
  PrepareLocked();
  return (folder_ / "yc").string();
}

void FakeYcImpl::SetBehavior(const FakeYc::Behavior& behavior) {
  std::lock_guard<std::mutex> lock(mutex_);
  PrepareLocked();
  WriteLocked("behavior",
              absl::StrCat("fault=", static_cast<int>(behavior.fault),
                           "\nprint_token=", behavior.print_token ? 1 : 0,
                           "\nbefore_token=", Quoted(behavior.before_token),
                           "\nafter_token=", Quoted(behavior.after_token),
                           "\nerror_text=", Quoted(behavior.error_text),
                           "\nexit_code=", behavior.exit_code, "\n"));
}

void FakeYcImpl::NewTokenLocked(absl::Duration lifetime) {
  token_ = tokens_->Issue(kSubject, clock_->Now() + lifetime).text;
  WriteLocked("token", absl::StrCat(token_, "\n"));
}

void FakeYcImpl::NewToken(absl::Duration lifetime) {
  std::lock_guard<std::mutex> lock(mutex_);
  PrepareLocked();
  NewTokenLocked(lifetime);
}

std::string FakeYcImpl::token() {
  std::lock_guard<std::mutex> lock(mutex_);
  PrepareLocked();
  return token_;
}

std::vector<std::string> FakeYcImpl::LinesLocked(
    const std::string& name) const {
  std::ifstream file(folder_ / name);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<FakeYc::Run> FakeYcImpl::runs() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<FakeYc::Run> runs;
  for (const std::string& line : LinesLocked("runs")) {
    FakeYc::Run run;
    run.arguments = absl::StrSplit(line, '\t');
    static_cast<void>(absl::SimpleAtoi(run.arguments[0], &run.process_id));
    run.arguments.erase(run.arguments.begin());
    runs.push_back(std::move(run));
  }
  return runs;
}

std::vector<int> FakeYcImpl::children() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<int> children;
  for (const std::string& line : LinesLocked("children")) {
    int child = 0;
    if (absl::SimpleAtoi(line, &child)) children.push_back(child);
  }
  return children;
}

}  // namespace internal

std::string FakeYc::command() const { return impl_->command(); }

CliOptions FakeYc::options() const {
  CliOptions options;
  options.command = command();
  return options;
}

void FakeYc::SetBehavior(const Behavior& behavior) {
  impl_->SetBehavior(behavior);
}

void FakeYc::NewToken(absl::Duration lifetime) { impl_->NewToken(lifetime); }

std::string FakeYc::token() const { return impl_->token(); }

std::vector<FakeYc::Run> FakeYc::runs() const { return impl_->runs(); }

std::vector<int> FakeYc::children() const { return impl_->children(); }

}  // namespace aistudio::auth::testing
