#include "src/base/secret.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <new>
#include <utility>

#include "openssl/crypto.h"

namespace aistudio::auth::internal {
namespace {

std::size_t MappedSize(std::size_t size) {
  static const std::size_t page =
      static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  return (size + page - 1) / page * page;
}

}  // namespace

void Wipe(std::string& text) {
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

Secret::Secret(std::string_view text) : size_(text.size()) {
  if (size_ == 0) return;
  void* pages = mmap(nullptr, MappedSize(size_), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
#ifdef MADV_DONTDUMP
  madvise(pages, MappedSize(size_), MADV_DONTDUMP);
#endif
  data_ = static_cast<char*>(pages);
  std::memcpy(data_, text.data(), size_);
}

Secret Secret::Take(std::string& text) {
  Secret secret(text);
  Wipe(text);
  return secret;
}

Secret::Secret(Secret&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Secret::~Secret() {
  if (data_ == nullptr) return;
  OPENSSL_cleanse(data_, size_);
  munmap(data_, MappedSize(size_));
}

}  // namespace aistudio::auth::internal
