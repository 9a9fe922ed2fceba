#include "benchmarks/cloud_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>

#include "aistudio/auth/credentials.h"
#include "aistudio/auth/testing/fake_cloud.h"

namespace aistudio::auth::benchmarks {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "benchmark: %s\n", what.c_str());
  std::_Exit(1);
}

void WriteAll(int fd, const std::string& text) {
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t wrote = write(fd, text.data() + at, text.size() - at);
    if (wrote <= 0) std::_Exit(1);
    at += static_cast<std::size_t>(wrote);
  }
}

[[noreturn]] void Serve(int out, int life_line) {
  auto cloud = testing::FakeCloud::Start();
  if (!cloud.ok()) Die(cloud.status().ToString());
  const auto credentials = ServiceAccountKeyCredentials(
      (*cloud)->service_account_key_json(), (*cloud)->iam_options());
  if (!credentials.ok() ||
      !credentials->WaitUntilReady(absl::Seconds(30)).ok()) {
    Die("the fake cloud gives no token");
  }
  WriteAll(out, (*cloud)->ai_studio_endpoint() + "\n" +
                    (*cloud)->iam().last_token() + "\n" +
                    (*cloud)->root_certificates());
  close(out);
  char byte = 0;
  while (read(life_line, &byte, 1) > 0) {
  }
  std::_Exit(0);
}

}  // namespace

CloudProcess::CloudProcess() {
  std::array<int, 2> answer{};
  std::array<int, 2> life{};
  if (pipe(answer.data()) != 0 || pipe(life.data()) != 0) Die("no pipe");
  process_ = fork();
  if (process_ < 0) Die("cannot fork");
  if (process_ == 0) {
    close(answer[0]);
    close(life[1]);
    Serve(answer[1], life[0]);
  }
  close(answer[1]);
  close(life[0]);
  life_line_ = life[1];
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0;
       (size = read(answer[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  close(answer[0]);
  const std::size_t first = text.find('\n');
  const std::size_t second = text.find('\n', first + 1);
  if (second == std::string::npos) Die("the fake cloud did not start");
  target_ = text.substr(0, first);
  token_ = text.substr(first + 1, second - first - 1);
  root_certificates_ = text.substr(second + 1);
}

CloudProcess::~CloudProcess() {
  close(life_line_);
  waitpid(process_, nullptr, 0);
}

}  // namespace aistudio::auth::benchmarks
