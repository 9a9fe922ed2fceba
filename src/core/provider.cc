#include "src/core/provider.h"

#include "aistudio/auth/clock.h"

namespace aistudio::auth::internal {

std::shared_ptr<void> Provider::Intern(
    const std::string& key,
    const std::function<std::shared_ptr<void>()>& make) const {
  std::lock_guard<std::mutex> lock(interned_mutex_);
  std::weak_ptr<void>& known = interned_[key];
  std::shared_ptr<void> object = known.lock();
  if (object == nullptr) {
    object = make();
    known = object;
    // Forget the dead ones, now that the map has grown.
    for (auto it = interned_.begin(); it != interned_.end();) {
      it = it->second.expired() ? interned_.erase(it) : std::next(it);
    }
  }
  return object;
}

absl::Status WaitUntilReady(const Provider& provider,
                            absl::Duration min_remaining,
                            absl::Duration timeout) {
  // Shared with the callback, which may still be on its way out of Wake when
  // this thread has long returned.
  struct Answer {
    Waker waker;
    absl::Status status;
  };
  auto answer = std::make_shared<Answer>();
  provider.WhenReady(min_remaining, timeout, [answer](absl::Status status) {
    answer->status = std::move(status);
    answer->waker.Wake();
  });
  answer->waker.Wait();
  return std::move(answer->status);
}

}  // namespace aistudio::auth::internal
