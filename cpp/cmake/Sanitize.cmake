# ZEROG_SANITIZE: "" (off), "address" (with undefined behaviour) or "thread"; for the core and the native tests.
# -O1 with line tables: instrumented code at -O2 takes the compiler several times as long and finds nothing more.
add_library(zg_sanitize INTERFACE)
if(ZEROG_SANITIZE STREQUAL "address")
  target_compile_options(zg_sanitize INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  target_link_options(zg_sanitize INTERFACE -fsanitize=address,undefined)
elseif(ZEROG_SANITIZE STREQUAL "thread")
  target_compile_options(zg_sanitize INTERFACE -fsanitize=thread -fno-omit-frame-pointer -O1 -g1)
  target_link_options(zg_sanitize INTERFACE -fsanitize=thread)
elseif(NOT ZEROG_SANITIZE STREQUAL "")
  message(FATAL_ERROR "ZEROG_SANITIZE is '${ZEROG_SANITIZE}', expected empty, address or thread")
endif()
