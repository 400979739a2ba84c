# How every room is built: one set of warnings, one way to name libraries, programs and tests.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(PROTOBUFC REQUIRED IMPORTED_TARGET libprotobuf-c)
pkg_check_modules(EVENT REQUIRED IMPORTED_TARGET libevent libevent_openssl libevent_pthreads)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(CRYPTO REQUIRED IMPORTED_TARGET libcrypto libssl)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(ICAL REQUIRED IMPORTED_TARGET libical)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(QRENCODE REQUIRED IMPORTED_TARGET libqrencode)
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
find_library(MAGIC_LIBRARY magic REQUIRED)

set(WB_WARNINGS -Wall -Wextra -Wpedantic -Werror -Wconversion -Wshadow -Wswitch-enum -Wvla
    -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers)
set(WB_COMMON -D_GNU_SOURCE -fno-strict-aliasing -fstack-protector-strong -g)
set(WB_LINK "")
if(WB_SANITIZE_ADDRESS)
  list(APPEND WB_COMMON -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  list(APPEND WB_LINK -fsanitize=address,undefined)
endif()
if(WB_SANITIZE_THREAD)
  list(APPEND WB_COMMON -fsanitize=thread -fno-omit-frame-pointer)
  list(APPEND WB_LINK -fsanitize=thread)
endif()
if(WB_FUZZ)
  list(APPEND WB_COMMON -fsanitize=fuzzer-no-link)
  add_custom_target(fuzzers)
endif()
find_program(WB_CCACHE ccache)
if(WB_CCACHE)
  set(CMAKE_C_COMPILER_LAUNCHER ${WB_CCACHE})
endif()

# wb_library(name SOURCES a.c b.c DEPS wb_base PkgConfig::LMDB): a static library, seen as "room/header.h".
function(wb_library name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_library(${name} STATIC ${A_SOURCES})
  target_compile_options(${name} PRIVATE ${WB_WARNINGS} PUBLIC ${WB_COMMON})
  target_link_options(${name} PUBLIC ${WB_LINK})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR}/libs PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${A_DEPS})
endfunction()

# wb_program(weibao-x SOURCES main.c DEPS ...): a binary in build/<preset>/bin.
function(wb_program name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${A_SOURCES})
  target_compile_options(${name} PRIVATE ${WB_WARNINGS} ${WB_COMMON})
  target_link_options(${name} PRIVATE ${WB_LINK})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/libs ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PRIVATE ${A_DEPS})
endfunction()

# wb_test(name TIER unit SOURCES t.c DEPS ...): a cmocka program, run by ctest with its tier as a label.
function(wb_test name)
  cmake_parse_arguments(A "" "TIER;TIMEOUT" "SOURCES;DEPS" ${ARGN})
  if(NOT A_TIMEOUT)
    set(A_TIMEOUT 120)
  endif()
  wb_program(${name} SOURCES ${A_SOURCES} DEPS ${A_DEPS} PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${A_TIER}.${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${A_TIER}.${name} PROPERTIES LABELS ${A_TIER} TIMEOUT ${A_TIMEOUT})
endfunction()

# wb_fuzz(json SOURCES json.c DEPS ...): LLVMFuzzerTestOneInput of the sources, under libFuzzer with WB_FUZZ (./dev fuzz:
# build/fuzz/fuzz/json); in every other build a test of the tier fuzz that runs it over tests/fuzz/corpus/json, if that
# folder of kept inputs is there.
function(wb_fuzz name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  if(WB_FUZZ)
    wb_program(fuzz_${name} SOURCES ${A_SOURCES} DEPS ${A_DEPS})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(fuzz_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    add_dependencies(fuzzers fuzz_${name})
    return()
  endif()
  if(NOT EXISTS ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    return()
  endif()
  wb_program(fuzz_${name} SOURCES ${A_SOURCES} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus_main.c DEPS ${A_DEPS})
  set_target_properties(fuzz_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()

# wb_service(intake SOURCES decide.c evolve.c …): the library wb_svc_<name> (all but main.c) and the program
# weibao-<name> (main.c). WB_FOLD_VERSION is a hash over what a projection depends on: the service's tables and evolve,
# the rows, the events and the runtime's own fold; another version folds from zero.
function(wb_service name)
  cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
  string(REPLACE "-" "_" id ${name})
  file(GLOB fold CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_SOURCE_DIR}/evolve*.c ${CMAKE_CURRENT_SOURCE_DIR}/tables*.[ch] ${CMAKE_SOURCE_DIR}/proto/weibao/v1/*_events.proto
    ${CMAKE_SOURCE_DIR}/proto/weibao/v1/*_rows.proto ${CMAKE_SOURCE_DIR}/libs/service/projection.c
    ${CMAKE_SOURCE_DIR}/libs/service/todo.c)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${fold})
  set(sum "")
  foreach(f ${fold})
    file(SHA256 ${f} h)
    string(APPEND sum ${h})
  endforeach()
  string(SHA256 sum "${sum}")
  wb_library(wb_svc_${id} SOURCES ${A_SOURCES} DEPS wb_service ${A_DEPS})
  set_source_files_properties(service.c PROPERTIES COMPILE_DEFINITIONS "WB_FOLD_VERSION=\"${sum}\"")
  wb_program(weibao-${name} SOURCES main.c DEPS wb_svc_${id} wb_host)
  # The same with its value as the only symbol, so that a program can hold all services at once: wb_value_<name>.
  set(whole ${CMAKE_CURRENT_BINARY_DIR}/value.o)
  add_custom_command(OUTPUT ${whole}
    COMMAND ${CMAKE_LINKER} -r -o ${whole} --whole-archive $<TARGET_FILE:wb_svc_${id}> --no-whole-archive
    COMMAND ${CMAKE_OBJCOPY} --keep-global-symbol=wb_${id}_service ${whole}
    DEPENDS wb_svc_${id})
  set_source_files_properties(${whole} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
  add_library(wb_value_${id} STATIC ${whole})
  set_target_properties(wb_value_${id} PROPERTIES LINKER_LANGUAGE C)
  target_link_libraries(wb_value_${id} PUBLIC wb_service ${A_DEPS})
endfunction()
