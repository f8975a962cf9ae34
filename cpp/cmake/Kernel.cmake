# zg_part(FOLDER [FLAGS …]): adds every .cpp of a folder of cpp/ to the core, ISA files with their own flags, all of them
# with FLAGS.
#
# A folder's fixed cast is recognised by name: avx2.cpp and avx512.cpp (also *_avx2.cpp, *_avx512.cpp) get their ISA flags
# and see nothing else; emu.cpp joins only with ZEROG_EMU. tests/native/test_<name>.cpp files are added by
# zg_native_tests().
set(ZG_AVX2_FLAGS -mavx2 -mbmi -mbmi2 -madx)
set(ZG_AVX512_FLAGS -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512ifma -mavx512vbmi -mgfni -mvaes -mbmi -mbmi2 -madx)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 takes the "undefined" pass-through operand inside its own AVX-512 intrinsics for a mistake of ours.
  list(APPEND ZG_AVX512_FLAGS -Wno-uninitialized -Wno-maybe-uninitialized)
endif()

function(zg_part folder)
  cmake_parse_arguments(PARSE_ARGV 1 part "" "" "FLAGS")
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/cpp/${folder}/*.cpp)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME)
    if(name STREQUAL "emu.cpp")
      if(NOT ZEROG_EMU)
        continue()
      endif()
    elseif(name MATCHES "(^|_)avx2\\.cpp$")
      if(NOT ZEROG_X86)
        continue()
      endif()
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${ZG_AVX2_FLAGS};${part_FLAGS}")
    elseif(name MATCHES "(^|_)avx512\\.cpp$")
      if(NOT ZEROG_X86)
        continue()
      endif()
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${ZG_AVX512_FLAGS};${part_FLAGS}")
    else()
      set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "${part_FLAGS}")
    endif()
    target_sources(zerog_core PRIVATE ${source})
  endforeach()
endfunction()

# One executable a test file, linked with the core; `ctest` runs them.
function(zg_native_tests)
  file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/native/test_*.cpp)
  foreach(test IN LISTS tests)
    get_filename_component(name ${test} NAME_WE)
    add_executable(${name} ${test})
    target_link_libraries(${name} PRIVATE zerog_core zg_warnings zg_sanitize)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests/native)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600)
  endforeach()
endfunction()
