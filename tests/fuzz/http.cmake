wb_fuzz(http_strict SOURCES ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_http_strict.c DEPS wb_http)
