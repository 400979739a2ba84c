wb_test(sla_timers TIER property TIMEOUT 300
  SOURCES ${CMAKE_SOURCE_DIR}/tests/property/sla_timers.c ${CMAKE_SOURCE_DIR}/tests/unit/sla_kit.c
  DEPS wb_bed wb_svc_sla_timer)
