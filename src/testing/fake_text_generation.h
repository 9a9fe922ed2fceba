// TextGenerationService of FakeAiStudio.

#ifndef AISTUDIO_AUTH_SRC_TESTING_FAKE_TEXT_GENERATION_H_
#define AISTUDIO_AUTH_SRC_TESTING_FAKE_TEXT_GENERATION_H_

#include <memory>

#include "src/testing/generic_server.h"

namespace aistudio::auth::testing::internal {

inline constexpr char kCompletionMethod[] =
    "/yandex.cloud.ai.foundation_models.v1.TextGenerationService/Completion";

// Answers `call`, one of that method.
std::unique_ptr<CallHandler> MakeTextGenerationHandler(ServerCall* call);

}  // namespace aistudio::auth::testing::internal

#endif  // AISTUDIO_AUTH_SRC_TESTING_FAKE_TEXT_GENERATION_H_
