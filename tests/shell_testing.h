// Runs other programs and takes what they print.

#ifndef AISTUDIO_AUTH_TESTS_SHELL_TESTING_H_
#define AISTUDIO_AUTH_TESTS_SHELL_TESTING_H_

#include <stdio.h>
#include <sys/wait.h>

#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace aistudio::auth {

inline constexpr int kNoSuchCommand = 127;

struct ShellResult {
  int exit_code = -1;  // -1: it did not start, or did not end by itself
  std::string out;     // stdout and stderr
};

// The shell's word for `text`, whatever is in it.
inline std::string Quoted(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// Runs a program with `environment` ("NAME=value") added to the test's own.
inline ShellResult RunInShell(const std::vector<std::string>& command,
                              const std::vector<std::string>& environment = {},
                              const std::string& input_file = "/dev/null") {
  std::string line = "exec env";
  for (const std::string& word : environment) line += " " + Quoted(word);
  for (const std::string& word : command) line += " " + Quoted(word);
  line += " 2>&1 <" + Quoted(input_file);
  ShellResult result;
  FILE* const pipe = popen(line.c_str(), "r");
  if (pipe == nullptr) return result;
  std::array<char, 4096> buffer;
  for (std::size_t size = 0;
       (size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) {
    result.out.append(buffer.data(), size);
  }
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace aistudio::auth

#endif  // AISTUDIO_AUTH_TESTS_SHELL_TESTING_H_
