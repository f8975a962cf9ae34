// Arithmetic on many elements of one of the two prime fields of BN254 at once, on all threads.
//
// Elements are four 64-bit words below the prime, least significant first. Functions named _mont take and give Montgomery forms
// to the base 2^256, which are exactly the limbs of field::Element (mont.hpp); the others plain values. Outputs may be inputs.
// Public data only. Kernels that do more with an element than one operation include field/bn254_lanes.hpp (AVX-512) or
// field/bn254_fr.hpp instead.
#pragma once

#include <string_view>

#include "common/status.hpp"
#include "field/bn254/table.hpp"

namespace zg::bn254::batch {

enum class Field { fq, fr };

// The backend of that name, an empty name for the active one; device_unavailable as in keccak256::backend.
Outcome<const Table*> backend(std::string_view name);

// The index of the first element that is not below the prime, or count.
size_t unreduced(const Table& table, Field field, const uint64_t* a, size_t count);

void add(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
void sub(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);

void mul_mont(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
void square_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);
// Zero gives zero. One inversion for 512 elements, three products each.
void inverse_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);

void mul(const Table& table, Field field, const uint64_t* a, const uint64_t* b, uint64_t* out, size_t count);
void square(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);
void inverse(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);

void to_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);
void from_mont(const Table& table, Field field, const uint64_t* a, uint64_t* out, size_t count);

}  // namespace zg::bn254::batch
