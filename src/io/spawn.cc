#include "src/io/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

extern char** environ;

namespace aistudio::auth::internal {
namespace {

class SetUp {
 public:
  SetUp(int output, int errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null",
                                     O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    // The application's sockets are none of the program's business.
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
#endif
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP |
                                               POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    // The library's threads block all signals, and an application may ignore
    // some: a program that inherits that cannot be ended, or misbehaves.
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    sigdelset(&signals, SIGKILL);
    sigdelset(&signals, SIGSTOP);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SetUp() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SetUp(const SetUp&) = delete;
  SetUp& operator=(const SetUp&) = delete;

  // Returns an errno.
  int Spawn(const std::vector<std::string>& argv, pid_t& process) const {
    std::vector<char*> arguments;
    for (const std::string& argument : argv) {
      arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    return posix_spawnp(&process, arguments[0], &actions_, &attributes_,
                        arguments.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

absl::Status ToStatus(int error) {
  switch (error) {
    case 0:
      return absl::OkStatus();
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError("there is no such program");
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError("the program may not be run");
    case ENOEXEC:
      return absl::InvalidArgumentError("the file is no program");
    default:
      return absl::ResourceExhaustedError(absl::StrCat(
          "the program cannot be started: ", std::strerror(error)));
  }
}

}  // namespace

absl::Status Spawn(const std::vector<std::string>& argv, int output, int errors,
                   pid_t& process) {
  return ToStatus(SetUp(output, errors).Spawn(argv, process));
}

}  // namespace aistudio::auth::internal
