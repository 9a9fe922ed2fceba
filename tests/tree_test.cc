// The rules of the source tree: layers, lists of files, public headers, sizes.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#ifndef AISTUDIO_AUTH_SOURCE_DIR
#define AISTUDIO_AUTH_SOURCE_DIR "."  // where Bazel runs tests
#endif

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Texts of files, by their paths from the top of the tree.
using Tree = std::map<std::string, std::string>;

using Complaints = std::vector<std::string>;

constexpr std::size_t kLongestFile = 350;
constexpr char kDoor[] = "include/aistudio/auth/";
constexpr char kTestingDoor[] = "include/aistudio/auth/testing/";

bool StartsWith(const std::string& text, const std::string& prefix) {
  return text.compare(0, prefix.size(), prefix) == 0;
}

bool StartsWithAny(const std::string& text,
                   const std::vector<std::string>& prefixes) {
  return std::any_of(
      prefixes.begin(), prefixes.end(),
      [&](const std::string& prefix) { return StartsWith(text, prefix); });
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

Tree ReadTree(const std::vector<std::string>& folders) {
  const std::filesystem::path top = AISTUDIO_AUTH_SOURCE_DIR;
  Tree tree;
  for (const std::string& folder : folders) {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(top / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cc" || extension == ".proto") {
        tree[entry.path().lexically_relative(top).generic_string()] =
            ReadFile(entry.path());
      }
    }
  }
  return tree;
}

std::vector<std::string> LinesOf(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// Of a text, what stands between the quotes or brackets of its includes. Those
// of this project as paths of the tree.
std::vector<std::string> IncludesOf(const std::string& text) {
  std::vector<std::string> includes;
  for (const std::string& line : LinesOf(text)) {
    std::string rest = line;
    for (const std::string word : {"#", "include"}) {
      rest.erase(0, rest.find_first_not_of(" \t"));
      if (!StartsWith(rest, word)) rest.clear();
      rest.erase(0, word.size());
    }
    rest.erase(0, rest.find_first_not_of(" \t"));
    const std::size_t end = rest.find_first_of(">\"", 1);
    if (rest.empty() || end == std::string::npos) continue;
    const std::string name = rest.substr(1, end - 1);
    const bool is_bare = name.find('/') == std::string::npos;
    includes.push_back(StartsWith(name, "aistudio/auth/") ? "include/" + name
                       : rest[0] == '<' && is_bare        ? "<" + name + ">"
                                                          : name);
  }
  return includes;
}

// What files under `layer` may include of this project.
struct Layer {
  std::string folder;
  std::vector<std::string> allowed;
};

const std::vector<Layer>& Layers() {
  static const auto* layers = new std::vector<Layer>{
      // The first that fits is a file's layer.
      {kTestingDoor, {kDoor}},
      {kDoor, {kDoor}},
      {"src/base/", {"src/base/"}},
      {"src/core/",
       {"src/base/", "src/core/", "include/aistudio/auth/clock.h",
        "include/aistudio/auth/registry.h",
        "include/aistudio/auth/token_source.h"}},
      {"src/io/", {"src/base/", "src/io/", kDoor, "aistudio_auth/"}},
      {"src/sources/",
       {"src/base/", "src/io/", "src/sources/", kDoor, "aistudio_auth/"}},
      {"src/grpc/", {"src/base/", "src/core/", "src/grpc/", kDoor}},
      {"src/methods/",
       {"src/base/", "src/core/", "src/io/", "src/sources/", "src/grpc/",
        "src/methods/", kDoor}},
      {"src/testing/", {"src/testing/", kDoor, "aistudio_auth/"}},
      {"src/cli/", {"src/base/", "src/cli/", kDoor, "aistudio_auth/"}},
  };
  return *layers;
}

bool IsOurs(const std::string& include) {
  return StartsWithAny(include,
                       {"src/", "include/", "tests/", "aistudio_auth/"});
}

Complaints CheckLayers(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, text] : tree) {
    const auto layer = std::find_if(
        Layers().begin(), Layers().end(),
        // Named anew: C++17 lets no lambda capture a structured binding.
        [&file = path](const Layer& known) {
          return StartsWith(file, known.folder);
        });
    if (layer == Layers().end()) {
      complaints.push_back(path + " is in no layer");
      continue;
    }
    const bool may_use_testing =
        StartsWithAny(path, {kTestingDoor, "src/testing/", "src/cli/"});
    for (const std::string& include : IncludesOf(text)) {
      if (!IsOurs(include)) continue;
      if (!StartsWithAny(include, layer->allowed) ||
          (StartsWith(include, kTestingDoor) && !may_use_testing)) {
        complaints.push_back(path + " includes " + include);
      }
    }
  }
  return complaints;
}

// Everything that `path` includes, directly or not; `path` is part of it.
std::set<std::string> Closure(const Tree& tree, const std::string& path) {
  std::set<std::string> seen;
  std::vector<std::string> open = {path};
  while (!open.empty()) {
    const std::string next = open.back();
    open.pop_back();
    const auto file = tree.find(next);
    if (!seen.insert(next).second || file == tree.end()) continue;
    for (const std::string& include : IncludesOf(file->second)) {
      open.push_back(include);
    }
  }
  return seen;
}

// Base and core know no gRPC, by whatever way.
Complaints CheckPurity(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, text] : tree) {
    if (!StartsWithAny(path, {"src/base/", "src/core/"})) continue;
    for (const std::string& include : Closure(tree, path)) {
      if (StartsWithAny(include, {"grpc", "google/", "aistudio_auth/",
                                  "include/aistudio/auth/options.h",
                                  "include/aistudio/auth/credentials.h"})) {
        complaints.push_back(path + " reaches " + include);
      }
    }
  }
  return complaints;
}

Complaints CheckPublicHeaders(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, text] : tree) {
    if (!StartsWith(path, kDoor)) continue;
    for (const std::string& include : IncludesOf(text)) {
      const bool is_standard =
          include[0] == '<' && include.find('.') == std::string::npos;
      if (!is_standard &&
          !StartsWithAny(include, {kDoor, "grpcpp/", "grpc/", "absl/status/",
                                   "absl/time/"})) {
        complaints.push_back(path + " includes " + include);
      }
    }
  }
  return complaints;
}

Complaints CheckSizes(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, text] : tree) {
    const auto lines = std::count(text.begin(), text.end(), '\n');
    if (lines > static_cast<std::ptrdiff_t>(kLongestFile)) {
      complaints.push_back(path + " has " + std::to_string(lines) + " lines");
    }
  }
  return complaints;
}

// `bzl` is the text of bazel/sources.bzl; CMake reads it in the same way.
Complaints CheckLists(const std::string& bzl, const Tree& tree) {
  std::set<std::string> listed;
  Complaints complaints;
  for (const std::string& line : LinesOf(bzl)) {
    const std::size_t begin = line.find_first_not_of(' ') + 1;
    const std::size_t end = line.find("\",");
    if (begin <= 1 || line[begin - 1] != '"' || end == std::string::npos) {
      continue;
    }
    const std::string path = line.substr(begin, end - begin);
    if (!listed.insert(path).second) {
      complaints.push_back(path + " is listed twice");
    }
    if (tree.count(path) == 0) complaints.push_back(path + " does not exist");
  }
  for (const auto& [path, text] : tree) {
    if (listed.count(path) == 0) complaints.push_back(path + " is not listed");
  }
  return complaints;
}

TEST(SourceTreeTest, IncludesPointDownwards) {
  const Tree tree = ReadTree({"include", "src"});
  EXPECT_THAT(tree, SizeIs(::testing::Gt(50)));
  EXPECT_THAT(CheckLayers(tree), IsEmpty());
}

TEST(SourceTreeTest, BaseAndCoreDoNotKnowGrpc) {
  EXPECT_THAT(CheckPurity(ReadTree({"include", "src"})), IsEmpty());
}

TEST(SourceTreeTest, PublicHeadersIncludeGrpcAbseilsStatusAndTimeOnly) {
  EXPECT_THAT(CheckPublicHeaders(ReadTree({"include"})), IsEmpty());
}

TEST(SourceTreeTest, FilesOfTheLibraryAreShort) {
  EXPECT_THAT(CheckSizes(ReadTree({"include", "src"})), IsEmpty());
}

TEST(SourceTreeTest, EveryFileIsOnOneList) {
  const std::filesystem::path top = AISTUDIO_AUTH_SOURCE_DIR;
  EXPECT_THAT(CheckLists(ReadFile(top / "bazel/sources.bzl"),
                         ReadTree({"include", "src", "protos", "tests",
                                   "examples", "benchmarks"})),
              IsEmpty());
}

// The facts list 24 defects of the AI Studio Python SDK's authentication; each
// has a test that shows that they are not ours.
TEST(SourceTreeTest, EveryDefectOfThePythonSdkHasItsTest) {
  std::string tests;
  for (const auto& [path, text] : ReadTree({"tests"})) {
    if (path != "tests/tree_test.cc") tests += text;
  }
  for (int i = 1; i <= 24; ++i) {
    const std::string name = "// Python SDK defect D" + std::to_string(i) + ":";
    EXPECT_THAT(tests, ::testing::HasSubstr(name));
  }
}

TEST(SourceTreeTest, BothBuildsHaveOneVersion) {
  const std::filesystem::path top = AISTUDIO_AUTH_SOURCE_DIR;
  const std::string bzl = ReadFile(top / "bazel/version.bzl");
  const std::size_t begin = bzl.find("VERSION = \"") + 11;
  const std::string version = bzl.substr(begin, bzl.find('"', begin) - begin);
  EXPECT_THAT(version, SizeIs(::testing::Ge(5)));
  EXPECT_THAT(ReadFile(top / "CMakeLists.txt"),
              HasSubstr("project(aistudio_auth VERSION " + version + " "));
  EXPECT_THAT(ReadFile(top / "MODULE.bazel"),
              HasSubstr("version = \"" + version + "\",\n    bazel_"));
}

TEST(SourceTreeSelfTest, IncludesOfAllFormsAreSeen) {
  EXPECT_THAT(IncludesOf("#include <map>\n"
                         "  # include \"src/base/text.h\"  // why\n"
                         "#include <absl/time/time.h>\n"
                         "#include \"aistudio/auth/clock.h\"\n"
                         "// #include \"not/this.h\"\n"
                         "#if __has_include(\"nor/this.h\")\n"),
              ElementsAre("<map>", "src/base/text.h", "absl/time/time.h",
                          "include/aistudio/auth/clock.h"));
}

TEST(SourceTreeSelfTest, UpwardIncludesAreNoticed) {
  const std::pair<const char*, const char*> kWrong[] = {
      {"src/base/text.h", "src/core/provider.h"},
      {"src/base/text.h", "aistudio/auth/clock.h"},
      {"src/core/provider.h", "src/grpc/attachment.h"},
      {"src/core/provider.h", "src/sources/iam_exchange.h"},
      {"src/core/provider.h", "aistudio/auth/options.h"},
      {"src/io/iam_stub.h", "src/core/provider.h"},
      {"src/sources/file.h", "src/methods/refreshing.h"},
      {"src/sources/file.h", "src/core/provider.h"},
      {"src/grpc/attachment.h", "src/methods/refreshing.h"},
      {"src/grpc/attachment.h", "src/io/iam_stub.h"},
      {"src/grpc/attachment.h", "aistudio/auth/testing/fake_cloud.h"},
      {"src/methods/refreshing.h", "src/testing/crypto.h"},
      {"src/testing/crypto.h", "src/methods/refreshing.h"},
      {"src/cli/main.cc", "src/core/provider.h"},
      {"src/cli/main.cc", "tests/auth_testing.h"},
      {"include/aistudio/auth/clock.h", "src/base/text.h"},
      {"include/aistudio/auth/clock.h", "aistudio/auth/testing/scoped_env.h"},
      {"include/aistudio/auth/options.h", "aistudio_auth/iam.pb.h"},
  };
  for (const auto& [path, include] : kWrong) {
    const Tree tree = {{path, std::string("#include \"") + include + "\"\n"}};
    EXPECT_THAT(CheckLayers(tree), SizeIs(1)) << path << " " << include;
  }
  EXPECT_THAT(CheckLayers({{"src/new/file.h", ""}}), SizeIs(1));
  EXPECT_THAT(CheckLayers({{"src/methods/a.cc",
                            "#include \"src/io/iam_stub.h\"\n"
                            "#include \"absl/strings/str_cat.h\"\n"}}),
              IsEmpty());
}

TEST(SourceTreeSelfTest, GrpcIsNoticedBehindOtherHeaders) {
  const Tree tree = {
      {"src/core/provider.h", "#include \"aistudio/auth/registry.h\"\n"},
      {"include/aistudio/auth/registry.h", "#include \"src/grpc/a.h\"\n"},
      {"src/grpc/a.h", "#include <grpcpp/grpcpp.h>\n"},
  };
  EXPECT_THAT(CheckPurity(tree),
              ElementsAre("src/core/provider.h reaches grpcpp/grpcpp.h"));
}

TEST(SourceTreeSelfTest, ForeignIncludesOfPublicHeadersAreNoticed) {
  for (const std::string include :
       {"\"absl/strings/string_view.h\"", "<google/protobuf/message.h>",
        "\"openssl/evp.h\"", "<unistd.h>", "\"src/base/secret.h\""}) {
    const Tree tree = {
        {"include/aistudio/auth/clock.h", "#include " + include + "\n"}};
    EXPECT_THAT(CheckPublicHeaders(tree), SizeIs(1)) << include;
  }
}

TEST(SourceTreeSelfTest, LongFilesAreNoticed) {
  EXPECT_THAT(CheckSizes({{"src/a.cc", std::string(350, '\n')}}), IsEmpty());
  EXPECT_THAT(CheckSizes({{"src/a.cc", std::string(351, '\n')}}), SizeIs(1));
}

TEST(SourceTreeSelfTest, FaultsOfTheListsAreNoticed) {
  const Tree tree = {{"src/a.cc", ""}, {"src/b.cc", ""}};
  EXPECT_THAT(
      CheckLists("A = [\n    \"src/a.cc\",\n    \"src/b.cc\",\n]\n", tree),
      IsEmpty());
  EXPECT_THAT(CheckLists("A = [\n    \"src/a.cc\",\n    \"src/a.cc\",\n"
                         "    \"src/c.cc\",\n]\n",
                         tree),
              ElementsAre("src/a.cc is listed twice", "src/c.cc does not exist",
                          "src/b.cc is not listed"));
}

}  // namespace
