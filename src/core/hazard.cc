#include "src/core/hazard.h"

namespace aistudio::auth::internal {
namespace {

// Slots are never freed, only reused: their number is that of the threads that
// ever read at the same time.
std::atomic<HazardSlot*> all_slots{nullptr};

// Set when this thread has begun to end and can no longer own a slot. A call
// made even later (from a destructor of static storage) borrows one for its
// duration.
thread_local bool thread_ends = false;

HazardSlot* FindOrMakeSlot() {
  for (HazardSlot* slot = all_slots.load(std::memory_order_acquire);
       slot != nullptr; slot = slot->next) {
    bool taken = false;
    if (slot->taken.compare_exchange_strong(taken, true)) return slot;
  }
  auto* slot = new HazardSlot;
  slot->taken.store(true);
  slot->next = all_slots.load();
  while (!all_slots.compare_exchange_weak(slot->next, slot)) {
  }
  return slot;
}

}  // namespace

__thread HazardSlot* HazardGuard::this_thread_slot_ = nullptr;

struct HazardGuard::SlotOwner {
  ~SlotOwner() {
    GiveBack(this_thread_slot_);
    this_thread_slot_ = nullptr;
    thread_ends = true;
  }
};

HazardSlot* HazardGuard::TakeSlot() {
  HazardSlot* slot = FindOrMakeSlot();
  if (!thread_ends) {
    static thread_local SlotOwner owner;
    this_thread_slot_ = slot;
  }
  return slot;
}

void HazardGuard::GiveBack(HazardSlot* slot) {
  slot->taken.store(false, std::memory_order_release);
}

bool IsHazardous(const void* pointer) {
  for (const HazardSlot* slot = all_slots.load(std::memory_order_seq_cst);
       slot != nullptr; slot = slot->next) {
    if (slot->pointer.load(std::memory_order_seq_cst) == pointer) return true;
  }
  return false;
}

}  // namespace aistudio::auth::internal
