# Strictest warnings, and warnings are errors on our own code.
add_library(zg_warnings INTERFACE)
target_compile_options(zg_warnings INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor>)
if(ZEROG_WERROR)
  target_compile_options(zg_warnings INTERFACE -Werror)
endif()
