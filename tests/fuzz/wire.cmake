# Fuzz targets of libs/wire (./dev fuzz).
foreach(t json unpack)
  wb_fuzz(wire_${t} SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${t}.c DEPS wb_wire)
endforeach()
# The same targets over generated and damaged messages, in every build.
foreach(t json unpack)
  wb_test(wire_fuzz_${t}_test TIER fuzz
    SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/wire_replay_test.c ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_${t}.c DEPS wb_wire)
endforeach()
