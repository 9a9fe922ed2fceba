// Tokens in answers over HTTP, as a metadata service and a token exchange give
// them.

#ifndef AISTUDIO_AUTH_SRC_SOURCES_HTTP_TOKEN_H_
#define AISTUDIO_AUTH_SRC_SOURCES_HTTP_TOKEN_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "aistudio/auth/token_source.h"
#include "src/io/http.h"

namespace google::protobuf {
class Value;
}  // namespace google::protobuf

namespace aistudio::auth::internal {

// Reads the token out of an answer of the form
// {"access_token": "t1...", "expires_in": 43200, "token_type": "Bearer"}.
//
// `expires_in` are seconds from `now`, as a number or as digits in a string;
// without it, `expiry` is read, a time of RFC 3339. Without both the token
// counts as good for an hour. More than the 12 hours an IAM token can live are
// taken for 12 hours.
//
// Errors: INTERNAL, "<where>: <what came> (<content type>, <size>); <advice>",
// which quotes nothing of it.
absl::StatusOr<Token> ParseTokenAnswer(const HttpAnswer& answer, absl::Time now,
                                       const std::string& where,
                                       const char* advice);

// "(text/html, 1234 bytes)"
std::string DescribeAnswer(const HttpAnswer& answer);

// The code that a status other than 2xx stands for. 408, 429 and 5xx are
// transient.
absl::StatusCode CodeOfHttpStatus(int status);

// False if `text` is no JSON.
bool ParseJson(const std::string& text, google::protobuf::Value* json);

// The field of an object, or null if `json` is none or has no such field.
const google::protobuf::Value* FindField(const google::protobuf::Value& json,
                                         const char* name);

// Wipes every string in a document at the end of a scope. protobuf's parser
// makes copies of its own, which it frees without wiping them.
class JsonWiper {
 public:
  explicit JsonWiper(google::protobuf::Value* json) : json_(*json) {}
  JsonWiper(const JsonWiper&) = delete;
  JsonWiper& operator=(const JsonWiper&) = delete;
  ~JsonWiper();

 private:
  google::protobuf::Value& json_;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_SOURCES_HTTP_TOKEN_H_
