// Whether a sanitizer is compiled in, for gcc and clang.

#ifndef AISTUDIO_AUTH_TESTS_SANITIZER_TESTING_H_
#define AISTUDIO_AUTH_TESTS_SANITIZER_TESTING_H_

#define AISTUDIO_AUTH_SANITIZED 0
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#undef AISTUDIO_AUTH_SANITIZED
#define AISTUDIO_AUTH_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#undef AISTUDIO_AUTH_SANITIZED
#define AISTUDIO_AUTH_SANITIZED 1
#endif
#endif

#endif  // AISTUDIO_AUTH_TESTS_SANITIZER_TESTING_H_
