if(TARGET weibao-intake AND TARGET weibao-identity)
  wb_test(curve_test TIER system SOURCES ${CMAKE_SOURCE_DIR}/tests/system/curve_test.c
    DEPS wb_host wb_bus wb_proto PkgConfig::ZMQ)
  target_compile_definitions(curve_test PRIVATE WB_BIN="${CMAKE_BINARY_DIR}/bin")
  add_dependencies(curve_test weibao-journal weibao-intake weibao-identity weibao-ops)
endif()
