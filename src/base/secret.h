// A string that must not be seen.

#ifndef AISTUDIO_AUTH_SRC_BASE_SECRET_H_
#define AISTUDIO_AUTH_SRC_BASE_SECRET_H_

#include <cstddef>
#include <string>
#include <string_view>

namespace aistudio::auth::internal {

// Overwrites the bytes of `text` (also those beyond its size) and empties it.
void Wipe(std::string& text);

// Holds a secret in pages of its own that stay out of core files, and wipes
// them when freed. It has no operator<< and no conversion to string: `Expose`
// is the one way out, so one search finds each reader.
//
// Thread safety: as std::string.
class Secret {
 public:
  Secret() = default;

  // Copies `text`. The caller wipes its own copy: see Take.
  explicit Secret(std::string_view text);

  // Copies `text` and wipes it.
  static Secret Take(std::string& text);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // Valid as long as this object is neither changed nor destroyed.
  std::string_view Expose() const { return {data_, size_}; }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_BASE_SECRET_H_
