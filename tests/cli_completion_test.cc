// scripts/completion.bash, in a bash.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "tests/cli_testing.h"

namespace aistudio::auth::cli {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

// A flag of a command's help: "--count" and "N", or "--json" and "".
struct Flag {
  std::string name;
  std::string value;
  bool takes_value = false;
};

bool IsPartOfName(char c) { return c == '_' || (c >= 'a' && c <= 'z'); }

// Flags stand in indented lines; an example may name those of others.
std::vector<Flag> FlagsOf(const Strings& help) {
  std::vector<Flag> flags = {{"--help", "", false}};
  for (const std::string& line : help) {
    if (line == "Example:") break;
    if (line.compare(0, 2, "  ") != 0) continue;
    for (std::size_t at = line.find("--"); at != std::string::npos;
         at = line.find("--", at)) {
      const std::size_t start = at;
      for (at += 2; at < line.size() && IsPartOfName(line[at]); ++at) {
      }
      Flag flag = {line.substr(start, at - start), "", line[at] == '='};
      if (flag.takes_value) {
        flag.value = line.substr(at + 1, line.find_first_of(" )", at) - at - 1);
      }
      flags.push_back(flag);
    }
  }
  return flags;
}

class CliCompletionTest : public CliTest {
 protected:
  // What <Tab> offers after the last of `words`, as bash splits them.
  Strings Complete(const Strings& words) {
    std::string script = "source '" + kSourceTree.string() +
                         "/scripts/completion.bash' || exit 9\n"
                         "COMP_WORDS=(aistudio-auth";
    for (const std::string& word : words) script += " '" + word + "'";
    script +=
        ")\nCOMP_CWORD=" + std::to_string(words.size()) + "\ncd '" +
        folder_.string() + "' || exit 9\n" +
        "$(complete -p aistudio-auth | sed 's/.*-F \\([^ ]*\\).*/\\1/')\n"
        "((${#COMPREPLY[@]} == 0)) || printf '%s\\n' \"${COMPREPLY[@]}\"\n";
    const Result result = RunScript(script);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, IsEmpty());
    return Lines(result.out);
  }

  std::vector<Flag> FlagsOfCommand(const std::string& command) {
    return FlagsOf(Lines(Run({command, "--help"}).out));
  }
};

TEST_F(CliCompletionTest, OffersEveryCommand) {
  EXPECT_THAT(Complete({""}), UnorderedElementsAreArray(Commands()));
  EXPECT_THAT(Complete({"che"}), ElementsAre("check"));
  EXPECT_THAT(Complete({"--metadata", "che"}), ElementsAre("check"));
  EXPECT_THAT(Complete({"nonsense"}), IsEmpty());
}

TEST_F(CliCompletionTest, OffersTheFlagsInTheHelpOfEachCommand) {
  for (const std::string& command : Commands()) {
    std::set<std::string> expected;
    for (const Flag& flag : FlagsOfCommand(command)) {
      expected.insert(flag.name + (flag.takes_value ? "=" : ""));
    }
    EXPECT_GT(expected.size(), 2u) << command;
    EXPECT_THAT(Complete({command, "--"}), UnorderedElementsAreArray(expected))
        << command;
    EXPECT_THAT(Complete({command, ""}), UnorderedElementsAreArray(expected))
        << command;
  }
  EXPECT_THAT(Complete({"call", "--conc"}), ElementsAre("--concurrency="));
  EXPECT_THAT(Complete({"--none", "call", "--conc"}),
              ElementsAre("--concurrency="));
  // Before a command stand the flags of credentials.
  EXPECT_THAT(Complete({"--oauth"}), ElementsAre("--oauth_token_file="));
  EXPECT_THAT(Complete({"check", "--count"}), IsEmpty());
}

TEST_F(CliCompletionTest, EveryFlagInTheHelpIsOneOfTheCommand) {
  for (const std::string& command : Commands()) {
    Strings arguments = {command};
    for (const Flag& flag : FlagsOfCommand(command)) {
      if (flag.name == "--help") continue;
      const std::string& value = flag.value;
      arguments.push_back(flag.name + (!flag.takes_value ? ""
                                       : value == "D" || value == "30s"
                                           ? "=1s"
                                           : "=1"));
    }
    arguments.push_back("--nonsense");
    EXPECT_THAT(Run(arguments).err, HasSubstr("unknown flag --nonsense"))
        << command;
  }
}

TEST_F(CliCompletionTest, TheHelpNamesEveryFlagThatChoosesCredentials) {
  for (const char* command : {"check", "header", "token", "call", "chat"}) {
    Strings names;
    for (const Flag& flag : FlagsOfCommand(command)) names.push_back(flag.name);
    for (const char* flag : {"--api_key_file",
                             "--iam_token_file",
                             "--oauth_token_file",
                             "--service_account_key",
                             "--token_file",
                             "--metadata",
                             "--yc",
                             "--workload_identity",
                             "--none",
                             "--credentials_string_file",
                             "--metadata_address",
                             "--yc_command",
                             "--profile",
                             "--subject_token_file",
                             "--service_account_id",
                             "--token_url",
                             "--impersonate",
                             "--iam_endpoint",
                             "--root_certificates",
                             "--folder_id",
                             "--allowed_hosts",
                             "--min_remaining",
                             "--json",
                             "--timeout"}) {
      EXPECT_THAT(names, Contains(flag)) << command;
    }
  }
}

TEST_F(CliCompletionTest, FilesAreOfferedWhereAFileIsMeant) {
  File("my-key.json", "{}");
  const std::string file = "my-key.json";
  // As readline splits words at =, as it does not, and with a value apart.
  EXPECT_THAT(Complete({"check", "--service_account_key", "=", "my"}),
              ElementsAre(file));
  EXPECT_THAT(Complete({"check", "--service_account_key", "="}),
              Contains(file));
  EXPECT_THAT(Complete({"check", "--service_account_key=my"}),
              ElementsAre("--service_account_key=" + file));
  EXPECT_THAT(Complete({"check", "--service_account_key", "my"}),
              ElementsAre(file));
  EXPECT_THAT(Complete({"call", "--request_file", "=", "my"}),
              ElementsAre(file));
  EXPECT_THAT(Complete({"--root_certificates", "=", "my"}), ElementsAre(file));
  EXPECT_THAT(Complete({"call", "--count", "="}), IsEmpty());
  EXPECT_THAT(Complete({"chat", "--model", "="}), IsEmpty());
  EXPECT_THAT(Complete({"check", "--timeout", "="}), IsEmpty());
  EXPECT_THAT(Complete({"chat", "my"}), IsEmpty());
}

}  // namespace
}  // namespace aistudio::auth::cli
