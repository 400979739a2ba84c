# Fuzz targets of libs/wire: -DWB_FUZZ=ON with clang, best with -DWB_SANITIZE_ADDRESS=ON. Run: fuzz_json corpus/.
option(WB_FUZZ "libFuzzer targets (clang)" OFF)
if(WB_FUZZ)
  if(NOT CMAKE_C_COMPILER_ID MATCHES Clang)
    message(FATAL_ERROR "WB_FUZZ needs clang")
  endif()
  # The code under test tells the fuzzer what it reached.
  foreach(t wb_wire wb_base)
    target_compile_options(${t} PRIVATE -fsanitize=fuzzer-no-link)
  endforeach()
  foreach(t json unpack)
    wb_program(fuzz_${t} SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${t}.c DEPS wb_wire)
    target_compile_options(fuzz_${t} PRIVATE -fsanitize=fuzzer)
    target_link_options(fuzz_${t} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${t} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  endforeach()
endif()
# The same targets over generated and damaged messages, in every build.
foreach(t json unpack)
  wb_test(wire_fuzz_${t}_test TIER fuzz
    SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/wire_replay_test.c ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${t}.c DEPS wb_wire)
endforeach()
