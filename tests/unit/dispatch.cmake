foreach(t flow booking states provider query)
  if(EXISTS ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_${t}.c)
    wb_test(dispatch_${t} TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_${t}.c
      ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_kit.c DEPS wb_bed wb_svc_dispatch)
    target_include_directories(dispatch_${t} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  endif()
endforeach()
