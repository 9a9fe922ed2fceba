// Reading a pointer that another thread replaces, without a lock and without a
// write to memory that threads share: hazard pointers (M. Michael, 2004).
//
// A reader announces the pointer it reads in a slot of its own; the writer
// frees an old object only when no slot announces it. Measured beside the
// alternatives: docs/decisions/0003-hazard-pointers.md.

#ifndef AISTUDIO_AUTH_SRC_CORE_HAZARD_H_
#define AISTUDIO_AUTH_SRC_CORE_HAZARD_H_

#include <atomic>

namespace aistudio::auth::internal {

// Where one thread announces what it reads. A cache line each.
struct alignas(64) HazardSlot {
  std::atomic<const void*> pointer{nullptr};
  std::atomic<bool> taken{false};
  HazardSlot* next = nullptr;
};

// Holds this thread's slot for a scope. Guards do not nest.
class HazardGuard {
 public:
  HazardGuard()
      : slot_(this_thread_slot_ != nullptr ? this_thread_slot_ : TakeSlot()) {}
  ~HazardGuard() {
    slot_->pointer.store(nullptr, std::memory_order_release);
    if (slot_ != this_thread_slot_) GiveBack(slot_);
  }
  HazardGuard(const HazardGuard&) = delete;
  HazardGuard& operator=(const HazardGuard&) = delete;

  // The current value of `source`; what it points to lives until this guard
  // ends.
  template <typename T>
  const T* Protect(const std::atomic<const T*>& source) {
    const T* pointer = source.load(std::memory_order_relaxed);
    for (;;) {
      // Sequentially consistent: the announcement must be seen by a writer that
      // replaces the pointer after the second load.
      slot_->pointer.store(pointer, std::memory_order_seq_cst);
      const T* again = source.load(std::memory_order_seq_cst);
      if (again == pointer) return pointer;
      pointer = again;
    }
  }

 private:
  static HazardSlot* TakeSlot();
  static void GiveBack(HazardSlot* slot);
  struct SlotOwner;

  // Not thread_local: that would be read through a function, as it might have a
  // constructor, and gcc's UndefinedBehaviorSanitizer takes that for a null
  // pointer.
  static __thread HazardSlot* this_thread_slot_;
  HazardSlot* const slot_;
};

// Whether some thread reads `pointer` now. Asked by the writer after it
// replaced the pointer; once false, it stays false.
bool IsHazardous(const void* pointer);

}  // namespace aistudio::auth::internal

#endif  // AISTUDIO_AUTH_SRC_CORE_HAZARD_H_
