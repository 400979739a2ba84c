foreach(t gate form hardware charge held)
  if(EXISTS ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_onsite_${t}.c)
    wb_test(dispatch_onsite_${t} TIER unit SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_onsite_${t}.c
      ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_onsite_kit.c ${CMAKE_SOURCE_DIR}/tests/unit/dispatch_kit.c
      DEPS wb_bed wb_svc_dispatch wb_gateway)
    target_include_directories(dispatch_onsite_${t} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  endif()
endforeach()
