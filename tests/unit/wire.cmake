# libs/wire: a .proto of its own with every kind of field, seen as "unit/wire_test.pb-c.h".
set(wire_gen ${CMAKE_BINARY_DIR}/tests/wire_gen)
file(MAKE_DIRECTORY ${wire_gen})
add_custom_command(
  OUTPUT ${wire_gen}/unit/wire_test.pb-c.c ${wire_gen}/unit/wire_test.pb-c.h
  COMMAND ${PROTOC_C} --proto_path=${CMAKE_SOURCE_DIR}/tests --proto_path=${CMAKE_SOURCE_DIR}/proto
    --c_out=${wire_gen} ${CMAKE_SOURCE_DIR}/tests/unit/wire_test.proto
  DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/wire_test.proto ${CMAKE_SOURCE_DIR}/proto/weibao/v1/common.proto
  COMMENT "protoc-c wire_test")
add_library(wire_test_proto STATIC ${wire_gen}/unit/wire_test.pb-c.c)
target_compile_options(wire_test_proto PRIVATE -w)
target_include_directories(wire_test_proto SYSTEM PUBLIC ${wire_gen})
target_link_libraries(wire_test_proto PUBLIC wb_proto)

foreach(t unpack json params time schema)
  wb_test(wire_${t}_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/wire_${t}_test.c
    DEPS wb_wire wire_test_proto)
endforeach()
