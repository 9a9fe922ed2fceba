// Marks what the shared library exports; everything else in it is hidden.

#ifndef AISTUDIO_AUTH_EXPORT_H_
#define AISTUDIO_AUTH_EXPORT_H_

#if defined(__GNUC__) || defined(__clang__)
#define AISTUDIO_AUTH_EXPORT __attribute__((visibility("default")))
#else
#define AISTUDIO_AUTH_EXPORT
#endif

#endif  // AISTUDIO_AUTH_EXPORT_H_
