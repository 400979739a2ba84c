foreach(t flow deadlines suspend exceptions calendars)
  wb_test(sla_${t} TIER unit
    SOURCES ${CMAKE_SOURCE_DIR}/tests/unit/sla_${t}.c ${CMAKE_SOURCE_DIR}/tests/unit/sla_kit.c
    DEPS wb_bed wb_svc_sla_timer)
endforeach()
