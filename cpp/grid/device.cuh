// The Grid of body.hpp over the built-ins of a GPU: costs nothing. Included by kernel.cu files only (NVRTC or nvcc).
#pragma once

#include "grid/body.hpp"

namespace zg::grid {

class DeviceGrid {
 public:
  __device__ __forceinline__ unsigned thread() const { return threadIdx.x; }
  __device__ __forceinline__ unsigned width() const { return blockDim.x; }
  __device__ __forceinline__ unsigned block() const { return blockIdx.x; }
  __device__ __forceinline__ unsigned blocks() const { return gridDim.x; }
  __device__ __forceinline__ void sync() { __syncthreads(); }

  // The launch gives the sum of shared_size<T>(count) as dynamic shared memory.
  template <class T>
  __device__ __forceinline__ View<T> shared(size_t count) {
    extern __shared__ __align__(16) unsigned char zg_block_memory[];
    T* at = reinterpret_cast<T*>(zg_block_memory + used_);
    used_ += shared_size<T>(count);
    return {at, count};
  }

 private:
  size_t used_ = 0;
};

}  // namespace zg::grid
