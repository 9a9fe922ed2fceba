// docs/troubleshooting.md has every error text of the library, and no other.
//
// A text of the sources is what stands in a string literal: all literals of
// two words and more count, but for advice ("check ...", "pass ..."), which the
// document gives in words of its own, and for the few of kNoErrors. A text of
// the document is what stands in backquotes in a column "message".

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

#ifndef AISTUDIO_AUTH_SOURCE_DIR
#define AISTUDIO_AUTH_SOURCE_DIR "."  // where Bazel runs tests
#endif

namespace aistudio::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Texts = std::vector<std::string>;

// Of the sources, but not shown to anybody as an error.
const std::set<std::string>& NoErrors() {
  static const auto* texts = new std::set<std::string>{
      "Token is disabled",  // what the metadata service says
      "PRIVATE KEY-----",
      "PUBLIC KEY-----",
      "none, or unset it",  // the end of an advice
      "token source",       // a name for those that have none
      // What the error of `yc` replaces by words of its own.
      "the program has no name",
      "there is no such program",
  };
  return *texts;
}

// Of the document, but said by others.
const std::set<std::string>& WordsOfServices() {
  static const auto* texts =
      new std::set<std::string>{"is invalid or expired", "Validation failed",
                                "failed to connect", "DNS resolution failed"};
  return *texts;
}

bool IsAdvice(const std::string& text) {
  static const auto* verbs = new std::set<std::string>{
      "allow",   "ask",  "attach",  "call",  "check", "decode",
      "decrypt", "give", "install", "leave", "make",  "name",
      "pass",    "put",  "raise",   "run",   "see",   "set",
      "slow",    "try",  "use",     "wait",  "write"};
  return verbs->count(text.substr(0, text.find(' '))) > 0 ||
         absl::StartsWith(text, "it is run again");
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// Without what punctuation and white space is around it; those within as one
// blank each.
std::string Trimmed(const std::string& text) {
  std::string result = absl::StrJoin(
      absl::StrSplit(text, absl::ByAnyChar(" \n\t"), absl::SkipEmpty()), " ");
  constexpr char kAround[] = " :;,().'\"";
  result.erase(0, result.find_first_not_of(kAround));
  result.erase(result.find_last_not_of(kAround) + 1);
  return result;
}

// The string literals of C++; those that follow each other as one.
Texts LiteralsOf(const std::string& code) {
  Texts literals;
  bool joins = false;
  for (std::size_t i = 0; i < code.size(); ++i) {
    const char c = code[i];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    if (code.compare(i, 2, "//") == 0 || c == '#') {
      i = std::min(code.find('\n', i), code.size());
    } else if (c == '\'' || c == '"') {
      std::string text;
      for (++i; i < code.size() && code[i] != c; ++i) {
        if (code[i] == '\\') ++i;
        text += code[i];
      }
      if (c == '\'') {
        joins = false;
      } else if (joins) {
        literals.back() += text;
      } else {
        literals.push_back(text);
        joins = true;
      }
    } else {
      joins = false;
    }
  }
  return literals;
}

Texts LiteralsOfTheLibrary() {
  Texts literals;
  for (const char* folder :
       {"base", "core", "io", "sources", "methods", "grpc"}) {
    for (const auto& entry : std::filesystem::directory_iterator(
             std::filesystem::path(AISTUDIO_AUTH_SOURCE_DIR) / "src" /
             folder)) {
      for (std::string& text : LiteralsOf(ReadFile(entry.path()))) {
        literals.push_back(std::move(text));
      }
    }
  }
  return literals;
}

// What stands in backquotes.
Texts SpansOf(const std::string& text) {
  const Texts parts = absl::StrSplit(text, '`');
  Texts spans;
  for (std::size_t i = 1; i < parts.size(); i += 2) {
    spans.push_back(absl::StrJoin(
        absl::StrSplit(parts[i], absl::ByAnyChar(" \n"), absl::SkipEmpty()),
        " "));
  }
  return spans;
}

// The texts in columns of messages.
Texts MessagesOf(const std::string& document) {
  Texts messages;
  std::size_t column = std::string::npos;
  for (const std::string& line : Texts(absl::StrSplit(document, '\n'))) {
    const Texts cells = absl::StrSplit(line, " | ");
    if (line.empty() || line.front() != '|') {
      column = std::string::npos;
    } else if (column == std::string::npos) {
      const auto header =
          std::find_if(cells.begin(), cells.end(), [](const std::string& cell) {
            return absl::StrContains(cell, "message");
          });
      column = static_cast<std::size_t>(header - cells.begin());
    } else if (column < cells.size()) {
      for (std::string& span : SpansOf(cells[column])) {
        messages.push_back(std::move(span));
      }
    }
  }
  return messages;
}

// The parts of a literal that are errors: before the advice, and between what
// separates <where> from <what>.
Texts ErrorsIn(const std::string& literal) {
  Texts errors;
  if (absl::StartsWith(literal, "; ")) return errors;
  const std::string what = literal.substr(0, literal.find("; "));
  for (const absl::string_view part : absl::StrSplit(what, ": ")) {
    std::string text = Trimmed(std::string(part));
    const bool is_pair =
        absl::EndsWith(text, "=") || text.find('=') < text.find(' ');
    if (absl::StrContains(text, " ") && !is_pair && !IsAdvice(text) &&
        NoErrors().count(text) == 0) {
      errors.push_back(std::move(text));
    }
  }
  return errors;
}

Texts NotInDocument(const Texts& literals, const std::string& document) {
  const Texts spans = SpansOf(document);
  Texts missing;
  for (const std::string& literal : literals) {
    for (const std::string& error : ErrorsIn(literal)) {
      const bool found =
          std::any_of(spans.begin(), spans.end(), [&](const std::string& span) {
            return absl::StrContains(span, error);
          });
      if (!found) missing.push_back(error);
    }
  }
  return missing;
}

// What a message has between its placeholders: "…", "<field>", numbers.
Texts FragmentsOf(std::string message) {
  const std::string kEllipsis = "…";
  for (std::size_t at = 0; (at = message.find(kEllipsis)) != std::string::npos;)
    message.replace(at, kEllipsis.size(), "|");
  Texts fragments(1);
  const auto is_word = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c));
  };
  for (std::size_t i = 0; i < message.size(); ++i) {
    const char c = message[i];
    const std::size_t close = c == '<' ? message.find('>', i) : i;
    const bool is_number = absl::ascii_isdigit(static_cast<unsigned char>(c)) &&
                           (i == 0 || !is_word(message[i - 1]));
    if (c == '<' && close != std::string::npos) {
      i = close;
    } else if (is_number) {
      while (i + 1 < message.size() && is_word(message[i + 1])) ++i;
    } else if (c != '|' && c != ';' && c != ':' && c != '"' && c != '(') {
      fragments.back() += c;
      continue;
    }
    fragments.emplace_back();
  }
  Texts result;
  for (const std::string& fragment : fragments) {
    std::string text = Trimmed(fragment);
    if (!text.empty()) result.push_back(std::move(text));
  }
  return result;
}

// Whether texts can be made of literals, as the sources make them.
class Composer {
 public:
  explicit Composer(const Texts& literals) {
    for (const std::string& literal : literals) {
      all_ += absl::StrCat("\n", Trimmed(literal), "\n");
      for (const absl::string_view part :
           absl::StrSplit(literal, absl::ByAnyChar(":;\""))) {
        Add(Trimmed(std::string(part)));
      }
      Add(Trimmed(literal));
    }
  }

  // Of one literal, or of the end of one, whole ones, and the beginning of one.
  bool CanMake(const std::string& text) const {
    for (std::size_t at = all_.find(text); at != std::string::npos;
         at = all_.find(text, at + 1)) {
      if (IsEdge(at) && IsEdge(at + text.size())) return true;
    }
    return Compose(absl::StrSplit(text, ' '), 0, kMostPieces);
  }

 private:
  static constexpr int kMostPieces = 3;

  void Add(const std::string& text) {
    wholes_.insert(text);
    const Texts words = absl::StrSplit(text, ' ');
    for (std::size_t i = 0; i <= words.size(); ++i) {
      const auto middle = words.begin() + static_cast<std::ptrdiff_t>(i);
      heads_.insert(Trimmed(absl::StrJoin(words.begin(), middle, " ")));
      tails_.insert(Trimmed(absl::StrJoin(middle, words.end(), " ")));
    }
  }

  bool IsEdge(std::size_t at) const {
    const auto is_word = [&](std::size_t i) {
      return absl::ascii_isalnum(static_cast<unsigned char>(all_[i]));
    };
    return !is_word(at - 1) || !is_word(at);
  }

  bool Compose(const Texts& words, std::size_t from, int pieces) const {
    if (pieces == 0) return false;
    for (std::size_t to = from + 1; to <= words.size(); ++to) {
      const auto begin = words.begin();
      const std::string piece =
          Trimmed(absl::StrJoin(begin + static_cast<std::ptrdiff_t>(from),
                                begin + static_cast<std::ptrdiff_t>(to), " "));
      if (to == words.size()) return from > 0 && heads_.count(piece) > 0;
      const bool fits = (from == 0 ? tails_ : wholes_).count(piece) > 0;
      if (fits && Compose(words, to, pieces - 1)) return true;
    }
    return false;
  }

  std::string all_;
  std::set<std::string> wholes_;
  std::set<std::string> heads_;
  std::set<std::string> tails_;
};

Texts NotInSources(const Texts& messages, const Texts& literals) {
  const Composer composer(literals);
  Texts unknown;
  for (const std::string& message : messages) {
    for (const std::string& fragment : FragmentsOf(message)) {
      if (!composer.CanMake(fragment) &&
          WordsOfServices().count(fragment) == 0) {
        unknown.push_back(fragment);
      }
    }
  }
  return unknown;
}

std::string Document() {
  return ReadFile(std::filesystem::path(AISTUDIO_AUTH_SOURCE_DIR) /
                  "docs/troubleshooting.md");
}

TEST(TroubleshootingTest, HasEveryErrorOfTheLibrary) {
  const Texts literals = LiteralsOfTheLibrary();
  EXPECT_THAT(literals, SizeIs(::testing::Gt(500)));
  EXPECT_THAT(NotInDocument(literals, Document()), IsEmpty());
}

TEST(TroubleshootingTest, HasNoErrorThatTheLibraryDoesNotMake) {
  const Texts messages = MessagesOf(Document());
  EXPECT_THAT(messages, SizeIs(::testing::Gt(150)));
  EXPECT_THAT(NotInSources(messages, LiteralsOfTheLibrary()), IsEmpty());
}

TEST(TroubleshootingTest, EveryRowSaysWhatItMeansAndWhatToDo) {
  for (const std::string& line : Texts(absl::StrSplit(Document(), '\n'))) {
    if (line.empty() || line.front() != '|') continue;
    const Texts cells = absl::StrSplit(line.substr(1, line.size() - 2), " | ");
    EXPECT_GE(cells.size(), line[1] == '-' ? 1u : 3u) << line;
    EXPECT_FALSE(Trimmed(cells.back()).empty()) << line;
  }
}

TEST(TroubleshootingSelfTest, LiteralsAreReadAsTheCompilerDoes) {
  EXPECT_THAT(LiteralsOf("#include \"no.h\"\n"
                         "f(\"one \" // \"no\"\n  \"two\", '\"', \"a\\\"b\");"),
              ElementsAre("one two", "a\"b"));
}

TEST(TroubleshootingSelfTest, AMissingErrorIsNoticed) {
  const Texts literals = {"key: is far too long; pass another", ": holds ",
                          "; check the file", "check that all is well"};
  EXPECT_THAT(NotInDocument(literals, "| `key: is far too long; …` |"),
              IsEmpty());
  EXPECT_THAT(NotInDocument(literals, "| `key: is too long; …` |"),
              ElementsAre("is far too long"));
}

TEST(TroubleshootingSelfTest, AnErrorThatNobodyMakesIsNoticed) {
  const Texts literals = {"key: ",          "holds ",          "a line break",
                          " at byte ",      "; pass one line", "base: is ",
                          ", but cannot be"};
  const auto unknown = [&](const std::string& message) {
    return NotInSources(MessagesOf("| message | meaning |\n|---|---|\n| `" +
                                   message + "` | it means … `not this` |\n"),
                        literals);
  };
  EXPECT_THAT(unknown("<key>: holds a line break at byte …; pass one line"),
              IsEmpty());
  EXPECT_THAT(unknown("base: is …, but cannot be"), IsEmpty());
  EXPECT_THAT(unknown("holds a tab at byte 12"),
              ElementsAre("holds a tab at byte"));
  EXPECT_THAT(unknown("holds a line breaks"), SizeIs(1));
  EXPECT_THAT(unknown("base: was …"), ElementsAre("was"));
}

}  // namespace
}  // namespace aistudio::auth
