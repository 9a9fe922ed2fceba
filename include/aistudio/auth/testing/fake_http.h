// What the fake services that speak HTTP have in common: their faults.

#ifndef AISTUDIO_AUTH_TESTING_FAKE_HTTP_H_
#define AISTUDIO_AUTH_TESTING_FAKE_HTTP_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace aistudio::auth::testing {

namespace internal {
class FakeHttpImpl;
}  // namespace internal

// A service of a FakeCloud that gives tokens over HTTP. Its tokens are good for
// the cloud's AI Studio.
//
// Thread safety: all methods may be called from any thread, before or amid
// requests.
class FakeHttpService {
 public:
  // What a client may get for a good request, and must survive.
  enum class Answer {
    kGood,
    kNoExpiry,         // neither expires_in nor expiry
    kExpiryAsText,     // expires_in as digits in a string
    kExpiryAsTime,     // expiry, a time of RFC 3339, in place of expires_in
    kExpiryNoNumber,   // expires_in is a list
    kExpiryInThePast,  // expires_in is -1
    kExpiryFarFuture,  // expires_in is a hundred years
    kNoToken,          // no access_token
    kEmptyToken,       // an empty one
    kTokenNoText,      // access_token is a number
    kIllegalBytes,     // a line break inside the token
    kOtherTokenType,   // token_type is "MAC"
    kList,             // a JSON list around the good answer
    kNumber,           // a JSON number
    kTruncatedJson,    // ends in the middle of the token
    kEmpty,            // no byte
    kHtml,             // a page, as captive portals and proxies have it
    kText,             // a text
    kNotHttp,          // what a mail server says
    kCutOff,           // the connection breaks amid the answer
    kSlow,             // one byte a second
    kTooLong,          // a megabyte
    kRedirect,         // 302, to where a good answer would be
  };

  // What well-formed requests get from now on. Default: kGood.
  void SetAnswer(Answer answer);

  // Tokens issued from now on live this long. Default: that of the cloud.
  void SetTokenLifetime(absl::Duration lifetime);

  // The next `count` requests get this HTTP status, with a Retry-After header
  // if `retry_after` (whole seconds) is not zero, and `body`.
  void FailNext(int count, int http_status,
                absl::Duration retry_after = absl::ZeroDuration(),
                std::string body = "");

  // So do all requests, until `http_status` is 200 again.
  void FailAlways(int http_status,
                  absl::Duration retry_after = absl::ZeroDuration(),
                  std::string body = "");

  // Connections are accepted and requests get no answer at all until `hang` is
  // false; those that hang are then answered.
  void Hang(bool hang);

  // Requests seen, also those that failed or hang; and those that got no token.
  std::int64_t requests() const;
  std::int64_t failures() const;

  // The token issued last; empty if none was.
  std::string last_token() const;

  // Of the last request, the headers; their names in lower case.
  std::map<std::string, std::string> last_headers() const;

  // Stops listening: connections are refused, as when the service is down.
  void Stop();

  // Listens again, on the same port.
  absl::Status Restart();

 protected:
  explicit FakeHttpService(internal::FakeHttpImpl* impl) : impl_(impl) {}
  ~FakeHttpService() = default;

 private:
  internal::FakeHttpImpl* impl_;
};

}  // namespace aistudio::auth::testing

#endif  // AISTUDIO_AUTH_TESTING_FAKE_HTTP_H_
