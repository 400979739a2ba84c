# libs/seal: a .proto of its own with Personal in every place, seen as "unit/seal_test.pb-c.h".
set(seal_gen ${CMAKE_BINARY_DIR}/tests/seal_gen)
file(MAKE_DIRECTORY ${seal_gen})
add_custom_command(
  OUTPUT ${seal_gen}/unit/seal_test.pb-c.c ${seal_gen}/unit/seal_test.pb-c.h
  COMMAND ${PROTOC_C} --proto_path=${CMAKE_SOURCE_DIR}/tests --proto_path=${CMAKE_SOURCE_DIR}/proto
    --c_out=${seal_gen} ${CMAKE_SOURCE_DIR}/tests/unit/seal_test.proto
  DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/seal_test.proto ${CMAKE_SOURCE_DIR}/proto/weibao/v1/common.proto
  COMMENT "protoc-c seal_test")
add_library(seal_test_proto STATIC ${seal_gen}/unit/seal_test.pb-c.c)
target_compile_options(seal_test_proto PRIVATE -w)
target_include_directories(seal_test_proto SYSTEM PUBLIC ${seal_gen})
target_link_libraries(seal_test_proto PUBLIC wb_proto)

foreach(t keys digest link password)
  wb_test(seal_${t}_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/seal_${t}_test.c DEPS wb_seal)
endforeach()
wb_test(seal_personal_test TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/seal_personal_test.c
  DEPS wb_seal seal_test_proto)
wb_test(seal_keyring_test TIER unit DEPS wb_keyring
  SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/seal_keyring_test.c ${CMAKE_SOURCE_DIR}/tests/unit/store_rig.c)
