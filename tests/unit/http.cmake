wb_test(http_strict_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/http_strict_test.c DEPS wb_http)
