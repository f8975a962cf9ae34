// What the bindings of the engine share with those of the model.
#pragma once

#include <memory>

#include "batching/step/api.hpp"

namespace zg::py {

// Python's StepRunner: shared between the object there and the engine that drives it.
using Runner = std::shared_ptr<batching::StepRunner>;

}  // namespace zg::py
