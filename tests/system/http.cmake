wb_test(http_server_test TIER system SOURCES ${CMAKE_SOURCE_DIR}/tests/system/http_server_test.c DEPS wb_http)
